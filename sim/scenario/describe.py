"""The parameters of a scenario as the models state them: the reference, made from the code."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any, Literal, NamedTuple, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from sim.events.base import Event, event_kinds
from sim.scenario.paths import bare, item_of, model_of
from sim.scenario.provenance import provenance, provenance_markdown, unsourced
from sim.scenario.schema.scenario import Scenario
from sim.scenario.schema.vendors import Openness, Vendor, strategy_tables
from sim.scenario.shape import json_schema
from sim.scenario.toml_text import toml_value
from sim.strategies.registry import KINDS, strategies

__all__ = [
    "Parameter",
    "json_schema",
    "markdown",
    "parameters",
    "provenance",
    "provenance_markdown",
    "unsourced",
]
NAME = "<name>"
NUMBER = "<n>"
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
    extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
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


def _of_events(path: str) -> Iterator[Parameter]:
    yield from parameters(Event, f"{path}.")
    for name, cls in event_kinds().items():
        own = {key: field for key, field in cls.model_fields.items() if key not in _COMMON}
        for key, field in own.items():
            yield parameter(f"{path}.{key}", field, f'what = "{name}"')


_COMMON = frozenset(Event.model_fields)


def _below(
    model: type[BaseModel], name: str, field: FieldInfo, path: str, when: str
) -> Iterator[Parameter]:
    """The parameters of one field: itself, or those of the tables in it."""
    if model is Vendor and name in strategy_tables():
        kind, usual = strategy_tables()[name]
        strategy = FieldInfo(annotation=str, default=usual, description=f"{kind} strategy")
        yield parameter(f"{path}.strategy", strategy)
        yield from _of_strategies(kind, path)
    elif model is Openness and name == "parameters":
        yield from _of_strategies("openness", path)
    elif model is Scenario and name == "events":
        yield from _of_events(f"{path}.{NUMBER}")
    else:
        for part, suffix in (
            (model_of(field.annotation), ""),
            (model_of(item_of(field.annotation, dict)), f".{NAME}"),
            (model_of(item_of(field.annotation, tuple)), f".{NUMBER}"),
        ):
            if part is not None:
                yield from parameters(part, f"{path}{suffix}.", when)
                return
        yield parameter(path, field, when)


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
    """One line on the strategy or event that the rows belong to."""
    _, name, _ = when.split('"')
    if when.startswith("what"):
        return inspect.getdoc(event_kinds()[name]) or ""
    known = [
        cls
        for kind in KINDS
        for key, cls in strategies(kind).items()
        if when == f'{_prefix(kind)}strategy = "{key}"'
    ]
    return (inspect.getdoc(known[0]) or "").split("\n")[0]


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
