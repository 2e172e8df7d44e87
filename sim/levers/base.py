"""What every lever is, and how the file's `kind` finds its class."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from pydantic import model_validator

from sim.errors import nearest_hint
from sim.parts import Part, input_par, par, share_par
from sim.registry import Registry

_KINDS: Registry[type[LeverKind]] = Registry("kind of lever", "sim.levers", "sim.levers")


class Lever(Part):
    """A move of one vendor. ON is the scenario as it stands; OFF applies the patch."""

    vendor: str = input_par(..., "whose move")
    title: str = input_par("", "a sentence")
    off: dict[str, Any] = input_par(..., "dotted path -> value without the move")
    meaning: str = input_par("", "what the vendor does instead when it is off, and why")
    fails_by: str = input_par(
        "", "how the move can hurt its owner, with the source; none = it cannot here"
    )
    variants: dict[str, dict[str, Any]] = input_par(
        {}, "other meanings of off: name -> dotted path -> value without the move"
    )
    off_variant: str = input_par("", "the variant that is off's meaning; empty = `off`")
    intensity: float = share_par(
        1.0,
        "how much of the move is made: 1 as the scenario says, 0 as if the lever were off",
        flag="input",
    )
    cost: float = par(
        0.0,
        "what the whole move costs, charged to cash; in part at a lower intensity",
        "M yuan/month",
        0.0,
        1e6,
    )
    frees: float = par(
        0.0,
        "spending of its own strategies that stops with it: freed under rule (b) beside the cost",
        "M yuan/month",
        0.0,
        1e6,
    )

    @model_validator(mode="after")
    def _known_variant(self) -> Self:
        if self.off_variant and self.off_variant not in self.variants:
            hint = nearest_hint(self.off_variant, list(self.variants))
            raise ValueError(f"off_variant: no such variant: {self.off_variant!r} ({hint})")
        return self

    @property
    def chosen(self) -> dict[str, Any]:
        """Dotted path -> value of the meaning of off that holds."""
        return self.variants[self.off_variant] if self.off_variant else self.off

    def patch(self, tables: Mapping[str, Any]) -> dict[str, Any]:
        """Dotted path -> value without the move, for the plain tables of a scenario."""
        return self.chosen


class LeverKind(Lever):
    """A lever that works out its patch from the scenario.

    A subclass sets `name` (the `kind` of the file) and implements `patch`; its fields are further
    parameters, and it may give `cost` another default.
    """

    name: ClassVar[str] = ""

    kind: str = input_par(..., "kind of lever; absent = `off` says all")
    off: dict[str, Any] = input_par({}, "further dotted path -> value without the move")

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if cls.name:
            _KINDS.add(cls.name, cls, cls)

    def patch(self, tables: Mapping[str, Any]) -> dict[str, Any]:
        """Dotted path -> value without the move, for the plain tables of a scenario."""
        raise TypeError(f"lever kind {self.kind!r} does not say what OFF means")


def lever_kinds() -> Mapping[str, type[LeverKind]]:
    """All kinds of levers by name."""
    return _KINDS.all()


def parse_lever(item: Any) -> Any:
    """The typed lever of a table that names a kind; anything else stays as it is.

    Raises
    ------
    ValueError
        No kind of lever has the name, or the table is refused.
    """
    if isinstance(item, dict) and "kind" in item:
        return _KINDS.get(str(item["kind"])).model_validate(item)
    return item
