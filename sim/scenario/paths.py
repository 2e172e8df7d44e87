"""Dotted paths through a scenario's tables, checked against the models; values written there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from sim.errors import LONGEST_LIST_OF_NAMES, Problem, nearest_hint
from sim.events.base import Event, event_kinds
from sim.levers.base import Lever, lever_kinds
from sim.scenario.schema.scenario import Scenario
from sim.scenario.schema.vendors import Openness, Vendor, strategy_tables
from sim.strategies.registry import strategies

Key = str | int
LONGEST_VALUE = 60
LONGEST_KEY = 100
LONGEST_PLACE = 9
"""Digits of the place in a list; a longer number is no place."""
WILD = frozenset("*?[")
"""Letters with which a name in a pattern stands for others."""
LISTS = list, tuple
TABLES = dict, list, tuple, Mapping
SCALARS = str, int, float


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
    """The keys joined by dots, very long ones cut."""
    return _visible(".".join([_short(str(key)) for key in keys]))


def _short(key: str) -> str:
    return key if len(key) <= LONGEST_KEY else f"{key[:LONGEST_VALUE]} ..."


def keys_of(path: str) -> tuple[Key, ...]:
    """The keys of a dotted path; a number is the place in a list."""
    return tuple(
        int(part) if part.isdecimal() and len(part) <= LONGEST_PLACE else part
        for part in path.split(".")
    )


def covers(pattern: str, path: str) -> bool:
    """Whether a dotted pattern (* = any one name) is the path or a table above it."""
    wanted, found = pattern.split("."), path.split(".")
    return len(wanted) <= len(found) and all(
        fnmatchcase(name, mask) for mask, name in zip(wanted, found, strict=False)
    )


def reaches(data: Any, pattern: str) -> bool:
    """Whether the tables hold something at a dotted pattern (* = any one name)."""
    mask, _, rest = pattern.partition(".")
    items: Iterable[Any]
    if isinstance(data, Mapping):
        if mask in data:
            return not rest or reaches(data[mask], rest)
        if WILD.isdisjoint(mask):
            return False
        items = [data[name] for name in data if fnmatchcase(name, mask)]
    elif not isinstance(data, LISTS):
        return False
    elif mask.isdecimal():
        (place,) = keys_of(mask)
        items = data[place : place + 1] if isinstance(place, int) else ()
    else:
        items = data if fnmatchcase("0", mask) else ()
    return any(not rest or reaches(item, rest) for item in items)


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


def table_in(annotation: Any) -> tuple[type[BaseModel] | None, str]:
    """The model of the tables that an annotation holds, and how: `one`, `named` or `listed`."""
    named, listed = item_of(annotation, dict), item_of(annotation, tuple)
    for how, kind in (("one", annotation), ("named", named), ("listed", listed)):
        if (model := model_of(kind)) is not None:
            return model, how
    return None, ""


STRATEGY = FieldInfo(annotation=str, description="name of the strategy")


@dataclass(frozen=True)
class Spot:
    """A place in the tables: what the models say is there, and what the data hold."""

    annotation: Any
    data: Any
    flat: bool = False  # the name of a strategy stands among its parameters

    def fields(self) -> Mapping[str, FieldInfo] | None:
        """The named fields of a table; None where any name may stand."""
        model = model_of(self.annotation)
        table = self.data if isinstance(self.data, Mapping) else {}
        if model is Event and isinstance(table.get("what"), str):
            model = event_kinds().get(table["what"], Event)
        elif model is Lever and "kind" in table:
            model = lever_kinds().get(str(table["kind"]), Lever)
        if model is None:
            return None
        return {**model.model_fields, "strategy": STRATEGY} if self.flat else model.model_fields

    def child(self, key: Key) -> Spot:
        """The place under one key."""
        data = held_at(self.data, (key,), None)
        fields = self.fields()
        if fields is None or key not in fields:
            item = item_of(self.annotation, dict) or item_of(self.annotation, tuple)
            return Spot(Any if item is None else item, data)
        flat = key in strategy_tables() and model_of(self.annotation) is Vendor
        model = self._parameters(str(key), data)
        return Spot(model or fields[str(key)].annotation, data, flat)

    def _parameters(self, name: str, data: Any) -> type[BaseModel] | None:
        """The model of the parameters under a field, where it holds those of a known strategy."""
        model = model_of(self.annotation)
        if model is Vendor and name in strategy_tables():
            kind, usual = strategy_tables()[name]
            chosen = data.get("strategy", usual) if isinstance(data, Mapping) else usual
        elif model is Openness and name == "parameters" and isinstance(self.data, Mapping):
            kind, chosen = "openness", self.data.get("strategy", "closed")
        else:
            return None
        known = strategies(kind).get(str(chosen))
        return known.Parameters if known else None


def held_at(data: Any, keys: Iterable[Key], absent: Any) -> Any:
    """The value that plain tables hold at the keys, else `absent`."""
    for key in keys:
        try:
            data = data[key]
        except (KeyError, IndexError, TypeError):
            return absent
    return data


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


def is_number(value: object) -> bool:
    """Whether a value is a number and no truth value."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def leaves(data: Any, keys: tuple[Key, ...] = ()) -> Iterator[tuple[tuple[Key, ...], Any]]:
    """Every value that is no table and no list of tables, with its keys."""
    if isinstance(data, SCALARS):
        yield keys, data
    elif isinstance(data, Mapping):
        for key, value in data.items():
            yield from leaves(value, (*keys, key))
    elif isinstance(data, LISTS) and any(isinstance(item, Mapping) for item in data):
        for index, value in enumerate(data):
            yield from leaves(value, (*keys, index))
    else:
        yield keys, data


def plain_tables(scenario: Scenario) -> dict[str, Any]:
    """The scenario as dictionaries and lists that `typed` reads back to an equal one."""
    data = scenario.model_dump(mode="python")
    for key in ("hosts", "events", "sources", "fit"):
        data[key] = list(data[key])
    return data


def by_strategy_first(changes: Iterable[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """Names of strategies before their parameters: a new name drops the old parameters."""
    return sorted(changes, key=lambda change: not change[0].endswith(".strategy"))


def off_patches(scenario: Scenario) -> dict[str, dict[str, Any]]:
    """What each lever writes where it is off: dotted path -> value."""
    tables = plain_tables(scenario) if scenario.levers else {}
    return {name: lever.patch(tables) for name, lever in scenario.levers.items()}


def without(scenario: Scenario, names: Iterable[str]) -> tuple[dict[str, Any], list[Problem]]:
    """Plain tables in which the named levers are off, and the off-patches that cannot be.

    The off-patches are written, events of the levers do not occur, nobody hosts (or lists a
    price for) a closed family of somebody else, and the levers go with what they cost. A fit
    goes when a path of it does, a source when nothing is left that it covers.
    """
    data, off = plain_tables(scenario), set(names)
    if not off:
        return data, []
    patches = {name: lever.patch(data) for name, lever in scenario.levers.items() if name in off}
    problems = []
    for name, patch in sorted(patches.items()):
        for path, value in by_strategy_first(deepcopy(patch).items()):
            problem = set_path(data, path, value)
            if problem is not None:
                problems.append(Problem("", f"levers.{name}.off", path, problem.rule, problem.hint))
    data["events"] = [
        event for event in data["events"] if event["lever"] not in off and _served(data, event)
    ]
    data["hosts"] = [host for host in data["hosts"] if _served(data, host)]
    data["fit"] = [fit for fit in data["fit"] if all(reaches(data, p) for p in fit["paths"])]
    data["episode"] = {}  # it shows the whole scenario
    data["levers"] = {name: lever for name, lever in data["levers"].items() if name not in off}
    data["sources"] = [item for item in data["sources"] if reaches(data, item["path"])]
    return data, problems


def _served(data: dict[str, Any], entry: dict[str, Any]) -> bool:
    """False where a platform other than the owner would serve a closed family."""
    family = data["families"].get(entry.get("family"))
    if not isinstance(family, dict) or family.get("weights") != "closed":
        return True
    return entry.get("vendor") in (None, "", family.get("owner"))


def _refusal(spot: Spot, keys: tuple[Key, ...], value: Any, last: bool) -> tuple[str, str] | None:
    """Rule and hint if the last of the keys cannot be followed from the spot."""
    key, rule, fields = keys[-1], "no such path", spot.fields()
    if fields is not None:
        return None if key in fields else (rule, nearest_hint(key, list(fields)))
    held = spot.data if isinstance(spot.data, Mapping) else {}
    how = table_in(spot.annotation)[1]
    if how == "listed":
        length = len(spot.data) if isinstance(spot.data, list | tuple) else 0
        if isinstance(key, int) and key < length:
            return None
        hint = f"entries: 0 to {length - 1}" if length else "the list is empty"
        return "no such entry of the list", hint
    if how == "named" and key not in held and not (last and isinstance(value, Mapping)):
        return rule, nearest_hint(key, [str(name) for name in held])
    if item_of(spot.annotation, dict) is not None or isinstance(spot.data, Mapping):
        return None
    return rule, f"{dotted(keys[:-1])} is a value, not a table"


def set_path(data: dict[str, Any], path: str, value: Any) -> Problem | None:
    """Write a value at a dotted path of plain tables; a table that is left out is begun.

    A new name of a strategy drops the parameters of the old one.

    Returns
    -------
    Problem | None
        Why it cannot be: the path is not in the models or names nothing of this scenario.
    """
    keys = keys_of(path)
    spot = Spot(Scenario, data)
    node: Any = data
    for depth, key in enumerate(keys, 1):
        last = depth == len(keys)
        refused = _refusal(spot, keys[:depth], value, last)
        if refused is None and isinstance(node, list) and not _is_place(key, node):
            refused = "no such path", f"{dotted(keys[: depth - 1])} is a list"
        if refused is not None:
            return Problem("", path, shown(value), *refused)
        if last:
            break
        if isinstance(node, dict) and node.get(str(key)) is None:
            node[str(key)] = {}
        node = node[str(key) if isinstance(node, dict) else key]
        below = spot.child(key)
        spot = Spot(below.annotation, node, below.flat)
        if not isinstance(node, dict | list):
            hint = f"{dotted(keys[:depth])} is a value, not a table"
            return Problem("", path, shown(value), "no such path", hint)
    if keys[-1] == "strategy" and node.get("strategy") != value:
        node.clear()
    node[str(keys[-1]) if isinstance(node, dict) else keys[-1]] = value
    return None


def _is_place(key: Key, items: list[Any]) -> bool:
    return isinstance(key, int) and key < len(items)


def changed(data: dict[str, Any], changes: Iterable[tuple[str, Any]]) -> list[Problem]:
    """Write values at dotted paths, those of strategies first; the problems of what cannot be."""
    tried = [set_path(data, path, value) for path, value in by_strategy_first(changes)]
    return [problem for problem in tried if problem is not None]
