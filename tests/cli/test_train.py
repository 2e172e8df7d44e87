"""The verb train, and scenarios that play what it wrote."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from sim.cli import main
from sim.errors import ScenarioError
from sim.market.model import MarketModel
from sim.scenario.patches import scenario_hash, to_toml
from sim.scenario.reader import load
from sim.strategies.pricing.q_learning import LEAST_STEPS, Policy, checksum_of

THEORY = Path(__file__).parents[2] / "scenarios" / "theory"
LEARNED = """
extends = "calvano.toml"
name = "learned"
[vendors.firm_one]
pricing = { strategy = "q_learning", policy = "POLICY" }
"""


def call(*arguments: object) -> int:
    with pytest.raises(SystemExit) as stopped:
        main([str(argument) for argument in arguments])
    assert isinstance(stopped.value.code, int)
    return stopped.value.code


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of scenarios with a policy below it."""
    place = tmp_path_factory.mktemp("learned") / "scenarios"
    (place / "policies").mkdir(parents=True)
    for name in ("bertrand.toml", "calvano.toml"):
        shutil.copy(THEORY / name, place)
    options = ("--vendor", "firm_one", "--steps", LEAST_STEPS, "--seed", 4)
    out = place / "policies" / "one.json"
    assert call("train", place / "calvano.toml", *options, "--out", out) == 0
    return place


def scenario_with(folder: Path, policy: str) -> Path:
    path = folder / "learned.toml"
    path.write_text(LEARNED.replace("POLICY", policy), encoding="utf-8")
    return path


def refused(folder: Path, policy: str) -> str:
    """The one line that says why a policy is refused."""
    with pytest.raises(ScenarioError) as told:
        load(scenario_with(folder, policy))
    assert len(told.value.problems) == 1
    return str(told.value)


def test_the_file_holds_what_it_must(folder: Path) -> None:
    content = json.loads((folder / "policies" / "one.json").read_text(encoding="utf-8"))
    policy = Policy.model_validate(content)
    assert policy.checksum == checksum_of(content)
    assert policy.scenario == scenario_hash(load(folder / "calvano.toml"))
    assert (policy.steps, policy.seed) == (LEAST_STEPS, 4)
    assert 0.0 <= policy.profit_gain <= 1.0


def test_a_scenario_plays_it_and_its_hash_covers_it(folder: Path) -> None:
    scenario = load(scenario_with(folder, "policies/one.json"))
    assert len(MarketModel(scenario, 1).run().curves["profit"]) == 60
    content = json.loads((folder / "policies" / "one.json").read_text(encoding="utf-8"))
    assert scenario.vendors["firm_one"].pricing["policy"] == content
    other = content | {"seed": 5}
    other["checksum"] = checksum_of(other)
    (folder / "policies" / "other.json").write_text(json.dumps(other), encoding="utf-8")
    changed = load(scenario_with(folder, "policies/other.json"))
    assert scenario_hash(changed) != scenario_hash(scenario)


def test_the_resolved_scenario_needs_no_file(folder: Path, tmp_path: Path) -> None:
    scenario = load(scenario_with(folder, "policies/one.json"))
    alone = tmp_path / "alone.toml"
    alone.write_text(to_toml(scenario), encoding="utf-8")
    assert load(alone) == scenario


def test_an_override_and_an_event_may_name_it(folder: Path) -> None:
    pricing = {"strategy": "q_learning", "policy": "policies/one.json"}
    event = {"month": "2024-03", "what": "strategy", "vendor": "firm_one", "pricing": pricing}
    scenario = load(
        folder / "calvano.toml", {"vendors.firm_one.pricing": pricing, "events": [event]}
    )
    assert scenario.vendors["firm_one"].pricing["policy"]["vendor"] == "firm_one"
    assert scenario.events[0].pricing["policy"]["vendor"] == "firm_one"  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("policy", "rule"),
    [
        ("missing.json", "no such file"),
        ("../outside.json", "leads out of scenarios/"),
        ("policies/link.json", "leads out of scenarios/"),
        ("/etc/passwd", "must be relative"),
        ("policies", "no such file"),
        ("calvano.toml", "is no JSON"),
        ("policies/list.json", "must hold a JSON object"),
        ("policies/short.json", "greater than or equal to 1000000"),
        ("policies/changed.json", "changed after training"),
        ("policies/itself.json", "must be another vendor"),
        ("policies/nobody.json", "no such vendor"),
    ],
)
def test_what_is_no_sound_policy_is_refused(folder: Path, policy: str, rule: str) -> None:
    good = json.loads((folder / "policies" / "one.json").read_text(encoding="utf-8"))
    outside = folder.parent / "outside.json"
    outside.write_text(json.dumps(good), encoding="utf-8")
    link = folder / "policies" / "link.json"
    if not link.is_symlink():
        link.symlink_to(outside)
    texts = {"list": "[]", "changed": json.dumps(good | {"profit_gain": 0.99})}
    sound = {"short": {"steps": 10}, "itself": {"rival": "firm_one"}, "nobody": {"rival": "none"}}
    for name, change in sound.items():
        content = good | change
        texts[name] = json.dumps(content | {"checksum": checksum_of(content)})
    for name, text in texts.items():
        (folder / "policies" / f"{name}.json").write_text(text, encoding="utf-8")
    assert rule in refused(folder, policy)


def test_nothing_is_overwritten(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = folder / "policies" / "one.json"
    before = out.read_bytes()
    assert call("train", folder / "calvano.toml", "--vendor", "firm_one", "--out", out) == 2
    assert "nothing is overwritten" in capsys.readouterr().err
    assert out.read_bytes() == before


def test_expected_errors_are_one_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = folder / "never.json"
    assert call("train", folder / "calvano.toml", "--vendor", "firm_on", "--out", out) == 2
    assert "nearest: firm_one" in capsys.readouterr().err
    few = ("--steps", 999_999)
    assert call("train", folder / "calvano.toml", "--vendor", "firm_one", "--out", out, *few) == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 1
    assert not out.exists()


def test_json_tells_the_facts(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = folder / "told.json"
    options = ("--vendor", "firm_two", "--out", out, "--steps", LEAST_STEPS, "--json")
    assert call("train", folder / "calvano.toml", *options) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["policy"] == str(out)
    assert told["rival"] == "firm_one"
    assert told["profit_gain"] == json.loads(out.read_text(encoding="utf-8"))["profit_gain"]
