"""Where the numbers of a scenario come from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from sim.events.base import Event
from sim.scenario.paths import covers
from sim.scenario.schema.levers import Lever
from sim.scenario.schema.scenario import Scenario
from sim.scenario.schema.vendors import Openness, Vendor, strategy_tables
from sim.strategies.registry import strategies


class Origin(NamedTuple):
    """A number that the file states, and where it comes from."""

    path: str
    value: float
    unit: str
    flag: str
    source: str


class _Stated(NamedTuple):
    path: str
    value: float
    field: FieldInfo | None
    own_source: str


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _strategy(part: BaseModel, name: str) -> BaseModel | None:
    """The typed parameters of a vendor's strategy, if the field holds one."""
    tables = strategy_tables()
    if isinstance(part, Vendor) and name in tables:
        kind, table = tables[name][0], getattr(part, name)
        chosen = str(table.get("strategy"))
        given = {key: value for key, value in table.items() if key != "strategy"}
    elif isinstance(part, Openness) and name == "parameters":
        kind, chosen, given = "openness", part.strategy, part.parameters
    else:
        return None
    return strategies(kind)[chosen].Parameters.model_validate(given)


def _stated(part: BaseModel, prefix: str, own_source: str) -> Iterator[_Stated]:
    """Numbers that are required or differ from their default."""
    for name, field in type(part).model_fields.items():
        value, path = _strategy(part, name) or getattr(part, name), f"{prefix}{name}"
        if isinstance(part, Lever) and name == "off":
            continue
        elif isinstance(value, BaseModel):
            yield from _stated(value, f"{path}.", own_source)
        elif isinstance(value, Mapping | tuple):
            yield from _inside(value, field, path, own_source)
        elif _is_number(value) and (
            field.is_required() or value != field.get_default(call_default_factory=True)
        ):
            yield _Stated(path, value, field, own_source)


def _inside(value: Any, field: FieldInfo, path: str, own_source: str) -> Iterator[_Stated]:
    items = value.items() if isinstance(value, Mapping) else enumerate(value)
    for key, item in items:
        if isinstance(item, BaseModel):
            source = item.source if isinstance(item, Event) else own_source
            yield from _stated(item, f"{path}.{key}.", source)
        elif _is_number(item):
            yield _Stated(f"{path}.{key}", item, field, own_source)


def _best(scenario: Scenario, path: str) -> tuple[str, str] | None:
    """Flag and source of the most specific pattern: the longest, then the one with fewer stars."""
    found: tuple[tuple[int, int], str, str] | None = None
    for entry in scenario.sources:
        if covers(entry.path, path):
            parts = entry.path.split(".")
            rank = (len(parts), sum(part != "*" for part in parts))
            if found is None or rank >= found[0]:
                found = (rank, entry.flag, entry.source)
    return found[1:] if found is not None else None


def _origin(scenario: Scenario, stated: _Stated) -> Origin:
    raw = stated.field.json_schema_extra if stated.field is not None else None
    extra: dict[str, Any] = raw if isinstance(raw, dict) else {}
    flag, source = str(extra.get("flag", "input")), stated.own_source
    if source:
        flag = "data"
    best = _best(scenario, stated.path)
    if best is not None:
        flag, source = best
    return Origin(stated.path, stated.value, str(extra.get("unit", "-")), flag, source)


def provenance(scenario: Scenario) -> list[Origin]:
    """Every number of the scenario that is required or differs from its default.

    Flag and source come from the most specific pattern of `sources`, else from the event's own
    `source`, else the source is empty. Off-patches of levers are definitions, not estimates, and
    are left out.
    """
    return [_origin(scenario, stated) for stated in _stated(scenario, "", "")]


def unsourced(scenario: Scenario) -> list[str]:
    """Paths of stated numbers without a source; choices of the user (flag input) need none."""
    return [
        origin.path
        for origin in provenance(scenario)
        if not origin.source and (origin.flag != "input" or origin.path.startswith("events."))
    ]


def provenance_markdown(scenario: Scenario) -> str:
    """The stated numbers with their sources as a page."""
    lines = [
        f"# Numbers of {scenario.name}",
        "",
        "| path | value | unit | flag | source |",
        "|---|---|---|---|---|",
    ]
    for origin in provenance(scenario):
        source = origin.source.replace("|", "\\|") or "-"
        lines.append(
            f"| `{origin.path}` | {origin.value:g} | {origin.unit} | {origin.flag} | {source} |"
        )
    return "\n".join(lines) + "\n"
