"""Plain tables to a typed scenario, with every problem of names, types and ranges."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from copy import deepcopy
from datetime import date
from typing import Any, Literal, NamedTuple, get_args, get_origin

from annotated_types import MaxLen
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from sim.errors import MOST_LINES, Nearest, Problem
from sim.events.base import Event, event_kinds
from sim.levers.base import lever_kinds
from sim.parts import facts_of
from sim.scenario.paths import (
    TABLES,
    Key,
    bare,
    dotted,
    field_at,
    held_at,
    item_of,
    model_of,
    shown,
    spot_at,
)
from sim.scenario.schema.scenario import Scenario
from sim.scenario.schema.vendors import strategy_tables
from sim.strategies.registry import strategies


def problem_at(path: str, value: object, rule: str, hint: str | Nearest = "") -> Problem:
    """A problem at a dotted path; the reader adds the file."""
    return Problem("", path, value if isinstance(value, str) else shown(value), rule, hint)


def must_exist(path: str, name: object, known: Collection[str], what: str) -> Iterator[Problem]:
    """A problem unless the name is known."""
    if not isinstance(name, str) or name not in known:
        yield problem_at(path, shown(name), f"no such {what}", Nearest(name, known))


NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")
NAMED_TABLES = ("segments", "regions", "kinds", "families", "vendors", "levers")
RESERVED = {
    "vendors": ("own_machines", "postponed"),
    "kinds": ("all",),
    "segments": ("all",),
    "regions": ("all",),
    "families": ("all",),
}
MISSING = ("NA", "NULL", "NaN", "None", "nan", "null")
_PHRASES = {
    "extra_forbidden": "unknown key",
    "missing": "is required",
    "model_type": "must be a table",
    "model_attributes_type": "must be a table",
    "dict_type": "must be a table",
    "tuple_type": "must be a list",
    "finite_number": "must be a finite number",
}
LEAST, LARGEST = 1e-12, 1e15
_SHOULD = re.compile(r"^\w+ should ")
Located = tuple[tuple[Key, ...], Problem]


class Typed(NamedTuple):
    """The scenario if nothing is wrong, what is wrong, and what stands without the wrong values.

    `rest` is the scenario in which wrong values fell back to their defaults or are made up, see
    `mended`; `kept` are the places in the file of the events that it still holds.
    """

    scenario: Scenario | None
    problems: list[Problem]
    rest: Scenario | None
    kept: list[int]


def _hint(field: FieldInfo | None) -> str:
    if field is None:
        return ""
    unit = facts_of(field).get("unit", "-")
    parts = [field.description, "" if unit == "-" else f"unit: {unit}"]
    return "; ".join(part for part in parts if part)


def in_plain_words(message: str) -> str:
    """A message of the validator as a rule: what the value must be."""
    return _SHOULD.sub("must ", message).removeprefix("Value error, ")


def _located(error: ErrorDetails, prefix: tuple[Key, ...], data: Any) -> Located:
    keys = (*prefix, *error["loc"])
    rule = _PHRASES.get(error["type"])
    if rule is None:
        rule = in_plain_words(error["msg"])
    value = "(absent)" if error["type"] == "missing" else shown(error["input"])
    hint: str | Nearest
    if error["type"] == "extra_forbidden":
        fields = spot_at(data, keys[:-1]).fields()
        hint = Nearest(keys[-1], fields or ())
    else:
        hint = _hint(field_at(data, keys))
    return keys, Problem("", dotted(keys), value, rule, hint)


def _tried(
    model: type[BaseModel], table: Any, prefix: tuple[Key, ...], data: Any
) -> tuple[Any, list[Located]]:
    """The model made of the table, or where it fails."""
    try:
        return model.model_validate(table), []
    except ValidationError as error:
        return None, [_located(item, prefix, data) for item in error.errors(include_url=False)]
    except (OverflowError, RecursionError, TypeError) as error:
        path = dotted(prefix) or "(file)"
        return None, [(prefix, Problem("", path, shown(table), f"cannot be read: {error}"))]


def _unknown(
    name: Any, known: Mapping[str, Any], what: str, keys: tuple[Key, ...]
) -> list[Located]:
    """That nothing of this kind has the name, if so."""
    if isinstance(name, str) and name in known:
        return []
    value = "(absent)" if name is None else shown(name)
    hint = Nearest(name, known)
    return [(keys, Problem("", dotted(keys), value, f"no such {what}", hint))]


def _event(item: Any, index: int, data: Any) -> tuple[Event | None, list[Located]]:
    keys: tuple[Key, ...] = ("events", index)
    if isinstance(item, Event):
        return item, []
    if not isinstance(item, Mapping):
        return None, [(keys, Problem("", dotted(keys), shown(item), "must be a table"))]
    kinds, what = event_kinds(), item.get("what")
    wrong = _unknown(what, kinds, "kind of event", (*keys, "what"))
    return (None, wrong) if wrong else _tried(kinds[str(what)], dict(item), keys, data)


def _events(data: dict[str, Any]) -> tuple[list[Event], list[int], list[Located]]:
    items = data.get("events", ())
    if not isinstance(items, list | tuple):
        problem = Problem("", "events", shown(items), "must be a list", "write [[events]]")
        return [], [], [(("events",), problem)]
    tried = [_event(item, index, data) for index, item in enumerate(items)]
    kept = [index for index, (event, _) in enumerate(tried) if event is not None]
    made = [event for event, _ in tried if event is not None]
    return made, kept, [located for _, wrong in tried for located in wrong]


def _levers(data: dict[str, Any]) -> tuple[Any, list[Located]]:
    """The levers, typed where they name a kind; a wrong one is left as a lever without a patch."""
    levers, kinds = data.get("levers"), lever_kinds()
    if not isinstance(levers, Mapping):
        return levers, []
    made: dict[Any, Any] = dict(levers)
    located: list[Located] = []
    for name, item in levers.items():
        if not isinstance(item, Mapping) or "kind" not in item:
            continue
        keys: tuple[Key, ...] = ("levers", name)
        lever, kind = None, item["kind"]
        wrong = _unknown(kind, kinds, "kind of lever", (*keys, "kind"))
        if not wrong:
            lever, wrong = _tried(kinds[kind], dict(item), keys, data)
        located += wrong
        made[name] = lever or {"vendor": item.get("vendor"), "off": {}}
    return made, located


def _strategies(data: dict[str, Any]) -> list[Located]:
    """Wrong names and parameters of strategies."""
    located: list[Located] = []
    vendors = data.get("vendors")
    for name, vendor in vendors.items() if isinstance(vendors, Mapping) else ():
        if not isinstance(vendor, Mapping):
            continue
        for kind, chosen, parameters, above, keys in _named_strategies(vendor, ("vendors", name)):
            known = strategies(kind)
            wrong = _unknown(chosen, known, f"{kind} strategy", (*above, "strategy"))
            if not wrong and isinstance(parameters, Mapping):
                wrong = _tried(known[chosen].Parameters, dict(parameters), keys, data)[1]
            located += wrong
    return located


def _named_strategies(
    vendor: Mapping[str, Any], keys: tuple[Key, ...]
) -> Iterator[tuple[str, Any, Any, tuple[Key, ...], tuple[Key, ...]]]:
    """Kind, name and parameters of each strategy, the keys of its table and of its parameters."""
    for field, (kind, usual) in strategy_tables().items():
        table = vendor.get(field, {"strategy": usual})
        if isinstance(table, Mapping):
            rest = {key: value for key, value in table.items() if key != "strategy"}
            yield kind, table.get("strategy"), rest, (*keys, field), (*keys, field)
    table, above = vendor.get("openness", {}), (*keys, "openness")
    if isinstance(table, Mapping):
        chosen, rest = table.get("strategy", "closed"), table.get("parameters", {})
        yield "openness", chosen, rest, above, (*above, "parameters")


def _names(data: dict[str, Any]) -> list[Located]:
    """Names of tables that cannot be part of a dotted path, or that mean something else."""
    located: list[Located] = []
    for table in NAMED_TABLES:
        held = data.get(table)
        for name in held if isinstance(held, Mapping) else ():
            rule = ""
            if not isinstance(name, str) or not NAME.fullmatch(name):
                rule = "a name is a letter, then letters, digits, _ and -, at most 64"
            elif name in RESERVED.get(table, ()):
                rule = "this name is reserved"
            elif name in MISSING:
                rule = "is what readers of tables take for a missing value"
            if rule:
                located.append(
                    ((table, name), Problem("", f"{table}.{shown(name)[1:-1]}", shown(name), rule))
                )
    return located


MOST_ROUNDS = 6  # of mending: a made-up table may lack values of its own
LEFT_OUT = object()


def mended(model: type[BaseModel], data: Mapping[str, Any]) -> Any:
    """The model of the tables without what is wrong in them; None if that cannot be.

    A wrong value falls back to its default; one that is required is made up, and a table that
    cannot be read is left out. What is said of made-up values means nothing.
    """
    rest = deepcopy(dict(data))
    for _ in range(MOST_ROUNDS):
        try:
            return model.model_validate(rest)
        except ValidationError as error:
            for item in error.errors(include_url=False):
                _mend(model, rest, item["loc"], item["type"] == "missing")
        except (OverflowError, RecursionError, TypeError):
            return None
    return None


def _mend(model: type[BaseModel], rest: dict[str, Any], loc: tuple[Key, ...], absent: bool) -> None:
    there = next(
        n for n in range(len(loc), -1, -1) if held_at(rest, loc[:n], LEFT_OUT) is not LEFT_OUT
    )
    keys = loc[: there + 1] if absent and there == len(loc) - 1 else loc[:there]
    while keys and not isinstance(held_at(rest, keys[:-1], None), dict):
        keys = keys[:-1]  # an entry of a list takes the list with it
    if not keys:
        return
    table, field = held_at(rest, keys[:-1], None), _field_of(model, keys)
    found = table.pop(keys[-1], LEFT_OUT)
    if field is not None and field.is_required():
        table[keys[-1]] = _made_up(field)
        if len(keys) > 1 and found == table[keys[-1]]:  # made up before, and refused all the same
            _mend(model, rest, keys[:-1], absent=False)


def _field_of(model: type[BaseModel], keys: tuple[Key, ...]) -> FieldInfo | None:
    annotation: Any = model
    field = None
    for key in keys:
        part = model_of(annotation)
        field = part.model_fields.get(str(key)) if part is not None else None
        if part is not None and field is None:
            return None
        annotation = (
            field.annotation
            if field is not None
            else item_of(annotation, dict) or item_of(annotation, tuple)
        )
    return field


def _made_up(field: FieldInfo) -> Any:
    """Some value that the field allows."""
    kind, limits = bare(field.annotation), field.metadata
    low = next((limit.ge for limit in limits if getattr(limit, "ge", None) is not None), None)
    above = next((limit.gt for limit in limits if getattr(limit, "gt", None) is not None), None)
    high = next((limit.le for limit in limits if getattr(limit, "le", None) is not None), None)
    if kind in (int, float):
        value = max(1, low or 1) if above is None else above + 1
        return kind(value if high is None else min(value, high))
    if kind is date:
        return date(2024, 1, 1)
    if get_origin(kind) is Literal:
        return get_args(kind)[0]
    return {str: "x", bool: False}.get(kind, {})


def _rest(data: dict[str, Any], located: list[Located]) -> Scenario | None:
    rest = deepcopy(data)
    for keys, problem in located:
        if not keys or keys[0] == "events" or problem.value == "(absent)":
            continue
        if keys[0] in ("hosts", "sources", "fit"):
            keys = keys[:1]
        *above, wrong = keys[:-1] if keys[-1] == "strategy" and len(keys) > 1 else keys
        table = held_at(rest, above, None)
        if isinstance(table, dict):
            table.pop(wrong, None)
    scenario: Scenario | None = mended(Scenario, rest)
    return scenario


def _too_many(data: Mapping[str, Any]) -> list[Problem]:
    """Tables of more entries than are looked at one by one."""
    problems = []
    for name, field in Scenario.model_fields.items():
        most = next((rule.max_length for rule in field.metadata if isinstance(rule, MaxLen)), None)
        held = data.get(name)
        if most is not None and isinstance(held, Mapping | list | tuple) and len(held) > most:
            problems.append(problem_at(name, f"{len(held)} {name}", f"must be at most {most}"))
    return problems


def _sizes(node: Any, keys: tuple[Key, ...] = ()) -> Iterator[Located]:
    """Numbers so near to 0, or so far from it, that no amount of a market is of that size."""
    for key, value in node.items() if isinstance(node, Mapping) else enumerate(node):
        if isinstance(value, float):
            if abs(value) > LARGEST or 0.0 < abs(value) < LEAST:
                rule = f"must be 0 or lie between {LEAST:g} and {LARGEST:g} in size"
                yield (*keys, key), problem_at(dotted((*keys, key)), value, rule)
        elif not isinstance(value, str) and isinstance(value, TABLES):
            yield from _sizes(value, (*keys, key))


def typed(data: Mapping[str, Any]) -> Typed:
    """Try to make a scenario of plain tables.

    Notes
    -----
    Events and strategy parameters are tried one by one, so that a wrong one hides no other.
    """
    if many := _too_many(data):
        return Typed(None, many, None, [])
    plain = {key: value for key, value in data.items() if key != "events"}
    events, kept, located = _events(dict(data))
    located = _names(plain) + located + _strategies(plain)
    plain["events"] = events
    if "levers" in plain:
        plain["levers"], wrong = _levers(plain)
        located += wrong
    scenario, wrong = _tried(Scenario, plain, (), data)
    located += wrong
    located += _sizes(data)
    seen: dict[tuple[Key, ...], Problem] = {}
    for keys, problem in located:
        seen.setdefault(keys, problem)
    problems = list(seen.values())
    if not problems:
        return Typed(scenario, [], scenario, kept)
    if len(problems) > MOST_LINES:  # more than are told: none is looked for behind them
        return Typed(None, problems, None, kept)
    return Typed(None, problems, scenario or _rest(plain, located), kept)
