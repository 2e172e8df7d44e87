"""The JSON schema of a scenario file, for editors and for checking."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from sim.events.base import Event, event_kinds
from sim.levers.base import Lever, lever_kinds
from sim.scenario.schema.families import Host
from sim.scenario.schema.scenario import Fit, Scenario, Source
from sim.scenario.schema.vendors import Openness, Vendor, strategy_tables
from sim.strategies.registry import KINDS, strategies

MONTH = {"type": "string", "pattern": r"^\d{4}-\d{1,2}(-\d{1,2})?$"}
DIALECT = "https://json-schema.org/draft/2020-12/schema"


def _made() -> tuple[dict[type[BaseModel], str], dict[str, Any]]:
    """The definition name of each model, and all definitions."""
    models: list[type[BaseModel]] = [Scenario, Vendor, Openness, Host, Source, Fit, Event]
    models += [*event_kinds().values(), Lever, *lever_kinds().values()]
    for kind in KINDS:
        models += [cls.Parameters for cls in strategies(kind).values()]
    unique = list(dict.fromkeys(models))
    refs, schema = models_json_schema([(model, "validation") for model in unique])
    names = {model: str(refs[(model, "validation")]["$ref"]).rsplit("/", 1)[-1] for model in unique}
    return names, schema["$defs"]


def _months(node: Any) -> Any:
    """Months may be written without a day."""
    if isinstance(node, dict):
        if node.get("format") == "date" and node.get("type") == "string":
            rest = {key: value for key, value in node.items() if key not in ("format", "type")}
            return {**rest, **MONTH}
        return {key: _months(value) for key, value in node.items()}
    return [_months(item) for item in node] if isinstance(node, list) else node


def _events(names: dict[type[BaseModel], str], defs: dict[str, Any]) -> dict[str, Any]:
    for name, cls in event_kinds().items():
        defs[names[cls]]["properties"]["what"] = {"const": name}
    kinds = {name: f"#/$defs/{names[cls]}" for name, cls in event_kinds().items()}
    return {
        "type": "object",
        "oneOf": [{"$ref": ref} for ref in kinds.values()],
        "discriminator": {"propertyName": "what", "mapping": kinds},
    }


def _levers(names: dict[type[BaseModel], str], defs: dict[str, Any]) -> dict[str, Any]:
    for name, cls in lever_kinds().items():
        defs[names[cls]]["properties"]["kind"] = {"const": name}
    classes: list[type[BaseModel]] = [Lever, *lever_kinds().values()]
    return {"anyOf": [{"$ref": f"#/$defs/{names[cls]}"} for cls in classes]}


def _choice(name: str, properties: dict[str, Any]) -> dict[str, Any]:
    """A table that names this strategy."""
    properties = {"strategy": {"const": name}, **properties}
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _flat(kind: str, names: dict[type[BaseModel], str], defs: dict[str, Any]) -> dict[str, Any]:
    own = {name: defs[names[cls.Parameters]] for name, cls in strategies(kind).items()}
    choices = [_choice(name, schema.get("properties", {})) for name, schema in own.items()]
    return {"description": f"{kind} strategy by name and its parameters", "anyOf": choices}


def _openness(names: dict[type[BaseModel], str], whole: dict[str, Any]) -> dict[str, Any]:
    refs = {n: f"#/$defs/{names[cls.Parameters]}" for n, cls in strategies("openness").items()}
    return {
        **{key: whole[key] for key in ("description", "title") if key in whole},
        "anyOf": [_choice(name, {"parameters": {"$ref": ref}}) for name, ref in refs.items()],
    }


def json_schema() -> dict[str, Any]:
    """The JSON schema (2020-12) of a scenario file; each value carries unit, source and flag.

    Events differ by `what`, strategies by their name. With `extends`, values that a table
    requires may stand in the file below, so only entries of lists and whole files without
    `extends` must be complete.
    """
    names, defs = _made()
    complete: list[type[BaseModel]] = [Host, Source, Fit, Event, *event_kinds().values()]
    whole = [names[cls] for cls in complete]
    for name, definition in defs.items():
        if name not in whole and name != names[Scenario]:
            definition.pop("required", None)
    for field, (kind, _) in strategy_tables().items():
        defs[names[Vendor]]["properties"][field] = _flat(kind, names, defs)
    defs[names[Openness]] = _openness(names, defs[names[Openness]])
    root = defs.pop(names[Scenario])
    root["properties"]["events"]["items"] = _events(names, defs)
    root["properties"]["levers"]["additionalProperties"] = _levers(names, defs)
    root["properties"]["extends"] = {
        "type": "string",
        "description": "scenario file below this one, relative to it",
    }
    required = root.pop("required", [])
    root["anyOf"] = [{"required": ["extends"]}, {"required": required}]
    schema: dict[str, Any] = _months({"$schema": DIALECT, **root, "$defs": defs})
    return schema
