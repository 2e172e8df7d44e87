"""Strategies by kind and name; others add theirs by the entry-point group `sim.strategies`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from pydantic import BaseModel

from sim.errors import nearest_hint
from sim.parts import Part
from sim.registry import Registry

KINDS = (
    "accounts",
    "agents",
    "allocation",
    "capacity",
    "marketing",
    "openness",
    "pricing",
    "research",
)
_REGISTRIES: dict[str, Registry[type[Strategy]]] = {
    kind: Registry(f"{kind} strategy", "sim.strategies", "sim.strategies") for kind in KINDS
}


class NoParameters(Part):
    """A strategy without parameters."""


class NamedTables(Protocol):
    """A scenario, as far as strategies name parts of it."""

    @property
    def vendors(self) -> Mapping[str, Any]: ...
    @property
    def segments(self) -> Mapping[str, Any]: ...
    @property
    def regions(self) -> Mapping[str, Any]: ...


class Strategy:
    """A rule of behaviour: `kind` (folder), `name` (in files), its facts and its parameters."""

    kind: str = ""
    name: str = ""
    source: str = ""
    observes: tuple[str, ...] = ()
    deterministic: bool = True
    Parameters: type[Part] = NoParameters
    files: tuple[str, ...] = ()  # parameters that a scenario file may state as a file's name

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if not cls.name:
            return
        if cls.kind not in _REGISTRIES:
            raise ValueError(f"{cls.__name__}: kind {cls.kind!r} is none of {', '.join(KINDS)}")
        _REGISTRIES[cls.kind].add(cls.name, cls, cls)

    def __init__(self, parameters: BaseModel | None = None) -> None:
        self.parameters: Any = parameters if parameters is not None else self.Parameters()
        self.reset()

    def reset(self) -> None:
        """Forget everything learned in a run."""

    def problems(self, scenario: NamedTables, vendor: str) -> list[str]:
        """What makes no sense in this scenario, in words; asked before the first month."""
        return []


def rival_problems(name: str, rival: str, scenario: NamedTables, vendor: str) -> list[str]:
    """Why the vendor cannot watch a rival that it names as parameter `name`."""
    if rival == vendor:
        return [f"{name}: must be another vendor"]
    if rival not in scenario.vendors:
        hint = nearest_hint(rival, list(scenario.vendors))
        return [f"{name}: no such vendor: {rival!r} ({hint})"]
    return []


def strategies(kind: str) -> Mapping[str, type[Strategy]]:
    """All strategies of a kind by name."""
    return _REGISTRIES[kind].all()


class StrategySpec:
    """A strategy's class and checked parameters, from which it is made as often as wanted.

    Raises
    ------
    ValueError
        No strategy has that name (the message lists the nearest), or a parameter is refused.
    """

    def __init__(self, kind: str, name: str, parameters: dict[str, Any]) -> None:
        self._class = _REGISTRIES[kind].get(name)
        self._parameters = self._class.Parameters.model_validate(parameters)

    def strategy(self) -> Strategy:
        """A new strategy, which has learned nothing yet."""
        return self._class(self._parameters)


def make(kind: str, name: str, parameters: dict[str, Any]) -> Strategy:
    """The strategy of that name with those parameters; errors of `StrategySpec`."""
    return StrategySpec(kind, name, parameters).strategy()
