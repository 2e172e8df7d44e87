"""Dotted paths through a scenario's tables, checked against the models."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from sim.errors import LONGEST_LIST_OF_NAMES
from sim.events.base import Event, event_kinds
from sim.levers.base import Lever, lever_kinds
from sim.scenario.schema.scenario import Scenario
from sim.scenario.schema.vendors import Openness, Vendor, strategy_tables
from sim.strategies.registry import strategies

Key = str | int
LONGEST_VALUE = 60
WILD = frozenset("*?[")


def _visible(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def shown(value: object) -> str:
    """A value as the file would write it, cut to one short line."""
    if isinstance(value, bool):
        text = str(value).lower()
    elif isinstance(value, int) and value.bit_length() > 256:
        text = "an integer of more than 77 digits"
    elif isinstance(value, str):
        cut = value[: LONGEST_VALUE + 1]
        text = f'"{_visible(cut)}"'
    elif isinstance(value, Mapping):
        text = (
            "{" + ", ".join(_visible(str(key)) for key in list(value)[:LONGEST_LIST_OF_NAMES]) + "}"
        )
    elif isinstance(value, list | tuple):
        text = f"a list of {len(value)}"
    else:
        text = str(value)
    return text if len(text) <= LONGEST_VALUE else text[: LONGEST_VALUE - 4] + " ..."


def dotted(keys: tuple[Key, ...]) -> str:
    """The keys joined by dots."""
    return ".".join(_visible(str(key)) for key in keys)


def keys_of(path: str) -> tuple[Key, ...]:
    """The keys of a dotted path; a number is the place in a list."""
    return tuple(int(part) if part.isdecimal() else part for part in path.split("."))


def covers(pattern: str, path: str) -> bool:
    """Whether a dotted pattern (* = any one name) is the path or a table above it."""
    wanted, found = pattern.split("."), path.split(".")
    return len(wanted) <= len(found) and all(
        fnmatchcase(name, mask) for mask, name in zip(wanted, found, strict=False)
    )


def reaches(data: Any, pattern: str) -> bool:
    """Whether the tables hold something at a dotted pattern (* = any one name)."""
    node, masks = data, pattern.split(".")
    for depth, mask in enumerate(masks):
        if isinstance(node, list | tuple):
            node = {str(index): item for index, item in enumerate(node)}
        if not isinstance(node, dict | Mapping):
            return False
        if mask not in node:
            return _reaches_beside(node, mask, ".".join(masks[depth + 1 :]))
        node = node[mask]
    return True


def _reaches_beside(node: Mapping[str, Any], mask: str, rest: str) -> bool:
    if WILD.isdisjoint(mask):
        return False
    return any(
        not rest or reaches(item, rest) for name, item in node.items() if fnmatchcase(name, mask)
    )


def bare(annotation: Any) -> Any:
    """The type without `Annotated` and without `None`."""
    try:
        return _bare(annotation)
    except TypeError:  # some annotations have no hash
        return _bare.__wrapped__(annotation)


@lru_cache(1024)
def _bare(annotation: Any) -> Any:
    while True:
        if get_origin(annotation) is Annotated:
            annotation = get_args(annotation)[0]
        elif get_origin(annotation) in (Union, UnionType):
            members = [arg for arg in get_args(annotation) if arg is not NoneType]
            if len(members) != 1:
                return annotation
            annotation = members[0]
        else:
            return annotation


def model_of(annotation: Any) -> type[BaseModel] | None:
    """The model behind an annotation, if it is one."""
    kind = bare(annotation)
    return kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None


def item_of(annotation: Any, container: type) -> Any:
    """The item type of a `dict[str, X]` or `tuple[X, ...]`; None for anything else."""
    kind = bare(annotation)
    if get_origin(kind) is not container:
        return None
    args = get_args(kind)
    return bare(args[1] if container is dict else args[0])


@dataclass(frozen=True)
class Spot:
    """A place in the tables: what the models say is there, and what the data hold."""

    annotation: Any
    data: Any
    strategy: tuple[str, str] | None = None
    flat: bool = False  # the name of the strategy stands among its parameters

    def fields(self) -> Mapping[str, FieldInfo] | None:
        """The named fields of a table; None where any name may stand."""
        if self.strategy is not None:
            kind, name = self.strategy
            known = strategies(kind).get(name)
            fields = dict(known.Parameters.model_fields) if known else None
            if fields is not None and self.flat:
                fields["strategy"] = FieldInfo(annotation=str, description="name of the strategy")
            return fields
        model = model_of(self.annotation)
        if model is Event and isinstance(self.data, Mapping):
            what = self.data.get("what")
            model = event_kinds().get(what, Event) if isinstance(what, str) else Event
        elif model is Lever and isinstance(self.data, Mapping) and "kind" in self.data:
            model = lever_kinds().get(str(self.data["kind"]), Lever)
        return model.model_fields if model is not None else None

    def names_tables(self) -> bool:
        """Whether this is a table of tables that have names of their own."""
        return model_of(item_of(self.annotation, dict)) is not None

    def is_table(self) -> bool:
        """Whether names may stand below this place."""
        tables = model_of(self.annotation) or item_of(self.annotation, dict)
        return tables is not None or self.strategy is not None

    def is_list(self) -> bool:
        """Whether this is a list of tables."""
        return model_of(item_of(self.annotation, tuple)) is not None

    def child(self, key: Key) -> Spot:
        """The place under one key."""
        data: Any = None
        if (isinstance(self.data, Mapping) and key in self.data) or (
            isinstance(self.data, list | tuple) and isinstance(key, int) and key < len(self.data)
        ):
            data = self.data[key]  # type: ignore[index]
        fields = self.fields()
        if fields is not None and key in fields:
            strategy, flat = self._strategy(str(key), data)
            return Spot(fields[str(key)].annotation, data, strategy, flat)
        item = item_of(self.annotation, dict) or item_of(self.annotation, tuple)
        return Spot(item if item is not None else Any, data)

    def _strategy(self, key: str, data: Any) -> tuple[tuple[str, str] | None, bool]:
        """Kind and name of the strategy whose parameters lie under the key, and whether flat."""
        model = model_of(self.annotation)
        table = data if isinstance(data, Mapping) else {}
        if model is Vendor and key in strategy_tables():
            kind, usual = strategy_tables()[key]
            return (kind, str(table.get("strategy", usual))), True
        if model is Openness and key == "parameters" and isinstance(self.data, Mapping):
            return ("openness", str(self.data.get("strategy", "closed"))), False
        return None, False


def spot_at(data: Any, keys: tuple[Key, ...]) -> Spot:
    """The place that the keys lead to from the top of a scenario."""
    spot = Spot(Scenario, data)
    for key in keys:
        spot = spot.child(key)
    return spot


def field_at(data: Any, keys: tuple[Key, ...]) -> FieldInfo | None:
    """What the models say about the value at the keys; None where any name may stand."""
    if not keys:
        return None
    fields = spot_at(data, keys[:-1]).fields()
    return fields.get(str(keys[-1])) if fields else None


def leaves(data: Any, keys: tuple[Key, ...] = ()) -> Iterator[tuple[tuple[Key, ...], Any]]:
    """Every value that is no table and no list of tables, with its keys."""
    if isinstance(data, Mapping):
        for key, value in data.items():
            yield from leaves(value, (*keys, key))
    elif isinstance(data, list | tuple) and any(isinstance(item, Mapping) for item in data):
        for index, value in enumerate(data):
            yield from leaves(value, (*keys, index))
    else:
        yield keys, data
