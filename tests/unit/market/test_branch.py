from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sim.errors import SimError
from sim.market.model import MarketModel
from sim.market.simulation import branch
from sim.runs.ensemble import run_ensemble, run_study
from sim.runs.settings import RunSettings
from sim.runs.worlds import World
from sim.scenario.checks.sense import validated
from sim.scenario.paths import plain_tables
from sim.scenario.reader import load
from sim.scenario.schema.scenario import Scenario
from tests.unit.runs.helpers import stored_bytes

TINY = Path(__file__).parents[3] / "scenarios" / "tiny.toml"
AT = date(2024, 8, 1)
PRICE = "events.0.price_yuan_per_million_tokens"


@pytest.fixture(scope="module")
def base() -> Scenario:
    """The tiny market with its price cut after the month at which it branches."""
    changes = {"population.clients": 150, "events.0.month": "2024-10"}
    return load(TINY, changes)


def test_a_branch_equals_a_run_from_the_start(base: Scenario) -> None:
    other = base.replace({PRICE: 0.5})
    trunk = MarketModel(base, rng=4)
    for _ in range(7):
        trunk.step()
    before = {name: curve.copy() for name, curve in trunk.curves.items()}
    cheaper = branch(trunk, other).run().curves
    for name, curve in MarketModel(other, rng=4).run().curves.items():
        assert np.array_equal(cheaper[name], curve, equal_nan=True), name
    assert all(np.array_equal(trunk.curves[n], before[n], equal_nan=True) for n in before)
    again = branch(trunk, base).run().curves
    straight = MarketModel(base, rng=4).run().curves
    assert all(np.array_equal(again[n], straight[n], equal_nan=True) for n in straight)
    assert not np.array_equal(again["list_price"], cheaper["list_price"], equal_nan=True)


def with_new_offer(scenario: Scenario) -> Scenario:
    tables = plain_tables(scenario)
    host = {"vendor": "volcano", "family": "dam_open", "start": date(2025, 1, 1)}
    return validated(tables | {"hosts": [host]})


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda s: s.replace({"events.0.month": "2024-05"}), "events before that month"),
        (lambda s: s.replace({"vendors.dam.appeal.api": 0.1}), r"\[vendors\] from the start"),
        (with_new_offer, r"\[hosts\] from the start"),
    ],
)
def test_another_past_is_refused(base: Scenario, change: Any, told: str) -> None:
    worlds = (World("on", "", base), World("other", "", change(base)))
    with pytest.raises(SimError, match=told):
        run_ensemble(base, worlds=worlds, branch_at=AT)


@pytest.mark.parametrize("at", [date(2024, 1, 1), date(2026, 1, 1)])
def test_a_month_outside_the_calendar_is_refused(base: Scenario, at: date) -> None:
    with pytest.raises(SimError, match="inside the 18 months"):
        run_ensemble(base, worlds=(World("on", "", base),), branch_at=at)


def test_worlds_that_branch_have_the_same_bytes(base: Scenario, tmp_path: Path) -> None:
    worlds = (World("on", "", base), World("cheaper", "", base.replace({PRICE: 0.5})))
    options: dict[str, Any] = {"worlds": worlds, "replicates": 2}
    straight = run_ensemble(base, RunSettings(tmp_path / "straight", 1), **options)
    branched = run_ensemble(base, RunSettings(tmp_path / "branched", 1), branch_at=AT, **options)
    assert len(branched.failed) == 0
    assert stored_bytes(branched.path) == stored_bytes(straight.path)


STUDY = f"""
scenario = "{TINY}"
design = {{ kind = "grid", levels = 3 }}
replicates = 2
[set]
"population.clients" = 150
"events.0.month" = "2024-10"
[levers]
"{PRICE}" = {{ low = 0.5, high = 3.0 }}
"""


def test_points_that_branch_have_the_same_numbers(tmp_path: Path) -> None:
    file = tmp_path / "cut.toml"
    file.write_text(STUDY)
    straight = run_study(file, RunSettings(out=tmp_path / "straight", workers=1))
    branched = run_study(file, RunSettings(out=tmp_path / "branched", workers=1), branch_at=AT)
    assert straight.runs.equals(branched.runs)
    assert straight.curves.equals(branched.curves)
    assert len(set(straight.runs["mean_price"])) == 6


def test_points_of_another_past_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "cut.toml"
    file.write_text(STUDY.replace('"events.0.month" = "2024-10"\n', ""))
    with pytest.raises(SimError, match="events before that month"):
        run_study(file, RunSettings(out=tmp_path, workers=1), branch_at=AT)
    assert [path.name for path in tmp_path.iterdir()] == ["cut.toml"]


@pytest.mark.parametrize("file", sorted(TINY.parent.glob("*.toml")), ids=lambda path: path.stem)
def test_a_branch_of_every_shipped_scenario_goes_on_as_its_trunk(file: Path) -> None:
    scenario = load(file, {"population.clients": 60})
    trunk = MarketModel(scenario, rng=2)
    for _ in range(5):
        trunk.step()
    branched = branch(trunk, scenario)
    for model in (branched, trunk):
        for _ in range(5):
            model.step()
    for name, curve in trunk.curves.items():
        assert np.array_equal(branched.curves[name], curve, equal_nan=True), name
