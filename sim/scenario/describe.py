"""The parameters of a scenario as the models state them, and where their numbers come from."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from sim.events.base import Event, event_kinds
from sim.levers.base import Lever, LeverKind, lever_kinds
from sim.parts import facts_of
from sim.scenario.patches import toml_value
from sim.scenario.paths import bare, covers, is_number, item_of, table_in
from sim.scenario.schema.scenario import Scenario, Source
from sim.scenario.schema.vendors import Openness, Vendor, strategy_tables
from sim.strategies.registry import KINDS, strategies


class Origin(NamedTuple):
    """A number that the file states, and where it comes from."""

    path: str
    value: float
    unit: str
    flag: str
    source: str


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


Stated = tuple[str, float, FieldInfo, str]


def _stated(part: BaseModel, prefix: str, source: str) -> Iterator[Stated]:
    """Numbers that are required or differ from their default, and the source of their event."""
    for name, field in type(part).model_fields.items():
        if isinstance(part, Lever) and name == "off":
            continue
        value, path = _strategy(part, name) or getattr(part, name), f"{prefix}{name}"
        held = [(path, value)]
        if isinstance(value, Mapping | tuple):
            items = value.items() if isinstance(value, Mapping) else enumerate(value)
            held = [(f"{path}.{key}", item) for key, item in items]
        elif is_number(value) and not field.is_required():
            held = held if value != field.get_default(call_default_factory=True) else []
        for place, item in held:
            if isinstance(item, BaseModel):
                own = item.source if isinstance(item, Event) else source
                yield from _stated(item, f"{place}.", own)
            elif is_number(item):
                yield place, item, field, source


def _origin(scenario: Scenario, stated: Stated) -> Origin:
    path, value, field, own_source = stated
    extra = facts_of(field)
    flag, source = "data" if own_source else str(extra.get("flag", "input")), own_source
    covering = [entry for entry in reversed(scenario.sources) if covers(entry.path, path)]
    if covering:
        best = max(covering, key=_exactness)
        flag, source = best.flag, best.source
    return Origin(path, value, str(extra.get("unit", "-")), flag, source)


def _exactness(entry: Source) -> tuple[int, int]:
    """The longer of two patterns is the more specific, then the one with fewer stars."""
    parts = entry.path.split(".")
    return len(parts), sum(part != "*" for part in parts)


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


NAME = "<name>"
NUMBER = "<n>"
PLACES = {"one": "", "named": f".{NAME}", "listed": f".{NUMBER}"}
_TYPES = {
    "float": "number",
    "int": "whole number",
    "str": "text",
    "bool": "true or false",
    "date": "month",
}


class Parameter(NamedTuple):
    """One value that a scenario file may hold.

    `default` is None where there is none: the value is absent unless stated, or `required`.
    `above` means that `low` itself is refused. `when` says for which strategy or event it is.
    """

    path: str
    unit: str
    low: float | None
    high: float | None
    default: Any
    source: str
    flag: str
    doc: str
    kind: str
    required: bool
    above: bool
    when: str

    @property
    def range(self) -> str:
        """The range in words."""
        if self.low is None and self.high is None:
            return ""
        low = "" if self.low is None else f"above {self.low:g}" if self.above else f"{self.low:g}"
        high = "" if self.high is None else f"{self.high:g}"
        if low and high:
            return f"{low} to {high}"
        return f"at most {high}" if high else low if self.above else f"from {low}"


def _kind(annotation: Any) -> str:
    kind = bare(annotation)
    if get_origin(kind) is Literal:
        return " or ".join(str(choice) for choice in get_args(kind))
    item = item_of(kind, dict)
    if item is not None:
        return "table" if item is Any else f"table of {_kind(item)}s"
    item = item_of(kind, tuple)
    if item is not None:
        return f"list of {_kind(item)}"
    return _TYPES.get(getattr(kind, "__name__", ""), "value")


def parameter(path: str, field: FieldInfo, when: str = "") -> Parameter:
    """The facts of one field."""
    extra = facts_of(field)
    bounds = {
        name: getattr(item, name)
        for item in field.metadata
        for name in ("ge", "gt", "le")
        if hasattr(item, name)
    }
    return Parameter(
        path=path,
        unit=str(extra.get("unit", "-")),
        low=bounds.get("gt", bounds.get("ge")),
        high=bounds.get("le"),
        default=None if field.is_required() else field.get_default(call_default_factory=True),
        source=str(extra.get("source", "")),
        flag=str(extra.get("flag", "input")),
        doc=field.description or "",
        kind=_kind(field.annotation),
        required=field.is_required(),
        above="gt" in bounds,
        when=when,
    )


def _of_strategies(kind: str, path: str) -> Iterator[Parameter]:
    for name, cls in strategies(kind).items():
        yield from parameters(cls.Parameters, f"{path}.", f'{_prefix(kind)}strategy = "{name}"')


def _prefix(kind: str) -> str:
    """Kinds of strategies beyond the first two are named, as their strategies may share names."""
    return "" if kind in ("pricing", "openness") else f"{kind}."


def _of_kinds(
    common: type[BaseModel], kinds: Mapping[str, type[BaseModel]], word: str, path: str
) -> Iterator[Parameter]:
    """The parameters of each kind of event or lever beyond the common ones."""
    for name, cls in kinds.items():
        for key, field in cls.model_fields.items():
            if key not in common.model_fields:
                yield parameter(f"{path}.{key}", field, f'{word} = "{name}"')


def _below(
    model: type[BaseModel], name: str, field: FieldInfo, path: str, when: str
) -> Iterator[Parameter]:
    """The parameters of one field: itself, or those of the tables in it."""
    if model is Vendor and name in strategy_tables():
        kind, usual = strategy_tables()[name]
        strategy = FieldInfo(annotation=str, default=usual, description=f"{kind} strategy")
        yield parameter(f"{path}.strategy", strategy)
        yield from _of_strategies(kind, path)
        return
    if model is Openness and name == "parameters":
        yield from _of_strategies("openness", path)
        return
    part, how = table_in(field.annotation)
    if part is None:
        yield parameter(path, field, when)
    else:
        place = f"{path}{PLACES[how]}"
        yield from parameters(part, f"{place}.", when)
        if part is Event:
            yield from _of_kinds(Event, event_kinds(), "what", place)
        elif part is Lever:
            yield from _of_kinds(LeverKind, lever_kinds(), "kind", place)


def parameters(
    model: type[BaseModel] = Scenario, prefix: str = "", when: str = ""
) -> list[Parameter]:
    """All parameters below a model, in the order of the file.

    `<name>` stands for a name of the user's, `<n>` for the place in a list.
    """
    return [
        found
        for name, field in model.model_fields.items()
        for found in _below(model, name, field, f"{prefix}{name}", when)
    ]


def default_text(given: Parameter) -> str:
    """The default as the file would write it."""
    if given.required:
        return "required"
    if given.default is None:
        return "absent"
    return toml_value(given.default)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;") or "-"


def _table(rows: list[Parameter]) -> list[str]:
    lines = [
        "| parameter | meaning | unit | kind and range | default | source | flag |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        kind = ", ".join(part for part in (row.kind, row.range) if part)
        cells = (row.doc, row.unit, kind, f"`{default_text(row)}`", row.source, row.flag)
        lines.append(f"| `{row.path}` | " + " | ".join(_cell(cell) for cell in cells) + " |")
    return lines


def _facts(when: str) -> str:
    """The docstring of the event or lever that the rows belong to; a strategy's first line."""
    classes: dict[str, type] = {f'what = "{name}"': cls for name, cls in event_kinds().items()}
    classes |= {f'kind = "{name}"': cls for name, cls in lever_kinds().items()}
    if when in classes:
        return inspect.getdoc(classes[when]) or ""
    for kind in reversed(KINDS):
        classes |= {f'{_prefix(kind)}strategy = "{n}"': c for n, c in strategies(kind).items()}
    return (inspect.getdoc(classes[when]) or "").split("\n")[0]


def markdown() -> str:
    """The parameter reference as a page."""
    lines = [
        "# Parameters of a scenario",
        "",
        "Made by `sim describe` from the models. `<name>` stands for a name of yours, `<n>` for "
        "the place in a list. Flag: fitted, literature, assumed, data, or input (your choice).",
    ]
    grouped: dict[tuple[str, str], list[Parameter]] = {}
    for row in parameters():
        top = row.path.split(".")[0] if "." in row.path else "top of the file"
        grouped.setdefault((top, row.when), []).append(row)
    seen = ""
    for (top, when), rows in sorted(grouped.items(), key=lambda item: _order(item[0])):
        if top != seen:
            seen = top
            lines += ["", f"## {top}", ""]
        if when:
            lines += ["", f"### {when}", "", _facts(when), ""]
        lines += _table(rows)
    return "\n".join(lines) + "\n"


def _order(group: tuple[str, str]) -> tuple[int, str]:
    tables = ["top of the file", *Scenario.model_fields]
    return tables.index(group[0]), group[1]
