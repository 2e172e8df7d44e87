"""The reference, the JSON schema, the sources and the starting file follow the models."""

from __future__ import annotations

import json
import math
import tomllib
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from sim.errors import ScenarioError
from sim.events.base import event_kinds
from sim.scenario.checks.sense import validated
from sim.scenario.describe import (
    markdown,
    parameters,
    provenance,
    provenance_markdown,
    unsourced,
)
from sim.scenario.patches import toml_value
from sim.scenario.paths import covers, dotted, leaves, plain_tables
from sim.scenario.reader import load
from sim.scenario.schema.demand import DemandTable
from sim.scenario.schema.families import Family
from sim.scenario.schema.population import Kind, PopulationTable
from sim.scenario.schema.scenario import Containment, Mechanisms, Scenario
from sim.scenario.schema.supply import SupplyTable
from sim.scenario.schema.vendors import Vendor
from sim.scenario.shape import json_schema
from sim.scenario.starter import starter_text, write_starter
from sim.strategies.registry import strategies

FREE = ("roots", "strengths", "freed", "off")


def find(path: str, when: str = "") -> Any:
    found = [row for row in parameters() if row.path == path and row.when == when]
    assert len(found) == 1, (path, when, found)
    return found[0]


def test_parameter_states_its_facts() -> None:
    row = find("segments.<name>.price_sensitivity.mean")
    assert (row.low, row.high, row.above, row.default) == (1e-6, 1000.0, False, 1.0)
    assert row.range == "1e-06 to 1000"
    row = find("kinds.<name>.volume")
    assert row.required
    assert row.unit == "1/month"
    assert find("families.<name>.weights").kind == "closed or open or as_owner"
    assert find("vendors.<name>.capacity.initial").default is None
    assert find("demand.review.api").source == "pilot study"


def test_strategies_and_events_are_in_the_reference() -> None:
    row = find("vendors.<name>.pricing.target_share", 'strategy = "penetration"')
    assert (row.low, row.high) == (0.0, 1.0)
    assert find("vendors.<name>.openness.parameters.delay_months", 'strategy = "delayed_open"')
    assert find("events.<n>.month").required
    assert find("events.<n>.price_yuan_per_million_tokens", 'what = "price_cut"')


def test_every_value_of_a_scenario_is_in_the_reference(market: Scenario) -> None:
    patterns = [row.path.replace("<name>", "*").replace("<n>", "*") for row in parameters()]
    for keys, value in leaves(plain_tables(market)):
        if value is None or any(name in keys for name in FREE):
            continue
        path = dotted(keys)
        assert any(
            covers(pattern, path) and pattern.count(".") == path.count(".") for pattern in patterns
        ), path


def test_every_default_lies_in_its_range() -> None:
    for row in parameters():
        if isinstance(row.default, float | int) and not isinstance(row.default, bool):
            assert row.low is None or row.default >= row.low, row.path
            assert row.high is None or row.default <= row.high, row.path


def test_every_number_has_unit_range_and_sentence() -> None:
    for row in parameters():
        assert row.doc, row.path
        if row.kind in ("number", "whole number"):
            assert row.unit, row.path
            assert row.low is not None, row.path
            assert row.high is not None or row.path.endswith("context_limit_tokens"), row.path


def test_markdown_has_a_row_for_each_parameter() -> None:
    page = markdown()
    rows = [line for line in page.splitlines() if line.startswith("| `")]
    assert len(rows) == len(parameters())
    assert all(line.count(" | ") == 6 for line in rows)
    for name in strategies("pricing"):
        if strategies("pricing")[name].Parameters.model_fields:
            assert f'### strategy = "{name}"' in page


def test_json_schema_follows_the_models() -> None:
    schema = json_schema()
    assert json.loads(json.dumps(schema)) == schema
    assert set(schema["properties"]) == {*Scenario.model_fields, "extends"}
    assert schema["additionalProperties"] is False
    kinds = schema["properties"]["events"]["items"]["discriminator"]["mapping"]
    assert set(kinds) == set(event_kinds())
    for name, ref in kinds.items():
        definition = schema["$defs"][ref.rsplit("/", 1)[1]]
        assert definition["properties"]["what"] == {"const": name}
        assert "month" in definition["required"]
    pricing = schema["$defs"]["Vendor"]["properties"]["pricing"]["anyOf"]
    named = {choice["properties"]["strategy"]["const"]: choice for choice in pricing}
    assert set(named) == set(strategies("pricing"))
    assert named["penetration"]["properties"]["target_share"]["maximum"] == 1.0
    openness = schema["$defs"]["Openness"]["anyOf"]
    assert {c["properties"]["strategy"]["const"] for c in openness} == set(strategies("openness"))


def test_json_schema_references_exist() -> None:
    schema = json_schema()

    def refs(node: Any) -> list[str]:
        if isinstance(node, dict):
            own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
            return own + [ref for value in node.values() for ref in refs(value)]
        return [ref for item in node for ref in refs(item)] if isinstance(node, list) else []

    found = refs(schema)
    assert found
    assert {ref.rsplit("/", 1)[1] for ref in found} <= set(schema["$defs"])


def test_json_schema_lets_a_child_leave_out_what_its_base_has() -> None:
    schema = json_schema()
    assert {"required": ["extends"]} in schema["anyOf"]
    assert "required" not in schema["$defs"]["Kind"]
    assert set(schema["$defs"]["Host"]["required"]) == {"vendor", "family", "start"}


def test_provenance_takes_the_most_specific_source(market: Scenario) -> None:
    origins = {origin.path: origin for origin in provenance(market)}
    assert origins["segments.industry.share"].source == "F0024"
    assert origins["segments.state.share"][3:] == ("assumed", "guess")
    assert origins["vendors.new_cloud.pricing.target_share"][3:] == ("literature", "START")
    assert origins["vendors.old_cloud.roots.state"].unit == "util"
    assert origins["events.0.price_yuan_per_million_tokens"][3:] == ("data", "F0005")
    assert origins["families.new_closed.price"].source == ""


def test_provenance_leaves_out_defaults_and_texts(tables: dict[str, Any]) -> None:
    tables["population"] = {"clients": 20_000, "represents": 5_000}
    paths = [origin.path for origin in provenance(validated(tables))]
    assert "population.clients" not in paths
    assert "population.represents" in paths
    assert "vendors.new_cloud.pricing.strategy" not in paths
    assert not any("off" in path.split(".") for path in paths)
    assert len(paths) == len(set(paths))


def test_unsourced_are_the_estimates_without_a_source(market: Scenario) -> None:
    bare = unsourced(market)
    assert "families.new_closed.price" in bare
    assert "events.1.price_yuan_per_million_tokens" in bare
    assert "levers.depth.cost" in bare
    assert "segments.state.share" not in bare
    assert "calendar.months" not in bare  # a choice, not an estimate
    assert "| `families.new_closed.price` | 8 | yuan/M tokens |" in provenance_markdown(market)


def test_starter_is_a_valid_annotated_market(tmp_path: Path) -> None:
    path = write_starter("demo", tmp_path)
    scenario = load(path)
    assert scenario.name == "demo"
    assert len(scenario.vendors) == 2
    assert scenario.contest is not None
    assert {kind.unit for kind in scenario.kinds.values()} == {"tokens", "accelerator_hours"}


def parses(line: str) -> bool:
    try:
        return bool(tomllib.loads(line))
    except tomllib.TOMLDecodeError:
        return False


def uncommented(text: str) -> str:
    bare = [line.removeprefix("# ") for line in text.splitlines()]
    return "\n".join(line for line in bare if parses(line) or line.startswith("["))


def test_defaults_shown_by_the_starter_are_the_defaults() -> None:
    text = starter_text("demo")
    shown = tomllib.loads(uncommented(text))
    plain = tomllib.loads(text)
    assert shown != plain
    pricing = shown["vendors"]["new_cloud"]["pricing"]
    stated = strategies("pricing")[pricing["strategy"]].Parameters()
    assert pricing == {"strategy": pricing["strategy"], **stated.model_dump()}
    plain["vendors"]["new_cloud"]["pricing"] = pricing
    assert validated(shown) == validated(plain)


def test_starter_shows_every_parameter_of_its_tables() -> None:
    text = starter_text("demo")
    for part in (
        DemandTable,
        SupplyTable,
        Mechanisms,
        Containment,
        PopulationTable,
        Kind,
        Vendor,
        Family,
    ):
        for name in part.model_fields:
            assert f"{name} =" in text or f".{name}]" in text, (part, name)


def test_starter_never_overwrites(tmp_path: Path) -> None:
    path = write_starter("demo.toml", tmp_path)
    path.write_text("mine")
    with pytest.raises(ScenarioError, match="stays as it is"):
        write_starter("demo", tmp_path)
    assert path.read_text() == "mine"


@pytest.mark.parametrize(
    "value", [True, 0, -3, 0.1, 1e-12, 1e30, 'a"b\n\\ 中', [1, 2], {"a b": {"c": 1.5}}, {}, []]
)
def test_toml_value_reads_back(value: Any) -> None:
    read = tomllib.loads(f"x = {toml_value(value)}")["x"]
    assert read == value
    assert type(read) is type(value)


def test_defaults_are_finite() -> None:
    for row in parameters():
        assert not isinstance(row.default, float) or math.isfinite(row.default)
        assert not isinstance(row.default, BaseModel), row.path
