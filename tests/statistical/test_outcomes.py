"""Containment can fail: every class is reached, roles mirror, identical vendors are equal."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sim.analysis.verdict.outcomes import OutcomeClass, classify
from sim.market.model import MarketModel
from sim.scenario.patches import replace, without_levers
from sim.scenario.reader import load
from sim.scenario.schema.scenario import Scenario

SCENARIOS = Path(__file__).parents[2] / "scenarios"
HOME = {"vendors.dam.home_share": 0.55, "vendors.volcano.home_share": 0.05}
STEADY = {
    "calendar.months": 30,
    "population.clients": 1_500,
    "vendors.dam.pricing": {"strategy": "cost_plus", "markup": 0.5},
    "vendors.volcano.pricing": {"strategy": "cost_plus", "markup": 0.5},
}
SETTINGS: dict[OutcomeClass, dict[str, Any]] = {
    # an open community that the challenger cannot host, and a home base in accelerator rent
    OutcomeClass.CONTAINMENT: STEADY
    | HOME
    | {
        "vendors.volcano.appeal.api": 2.4,
        "demand.community_weight": 0.3,
        "families.dam_open.community.developers": 20_000.0,
    },
    OutcomeClass.BREAKOUT: HOME | {"vendors.volcano.appeal.api": 4.0},
    OutcomeClass.DISPLACEMENT: {
        "vendors.volcano.appeal.api": 3.0,
        "vendors.volcano.appeal.rent": 4.0,
    },
    OutcomeClass.INCUMBENT_ROLLBACK: {"vendors.dam.appeal.api": 3.0},
    OutcomeClass.THIRD_PARTY_LEAD: {"vendors.third.appeal.api": 3.5},
}


@cache
def tiny() -> Scenario:
    return load(SCENARIOS / "tiny.toml")


def run_class(scenario: Scenario, seed: int) -> OutcomeClass:
    """Class of one paired replicate; tau from the world without the incumbent's moves."""
    assert scenario.contest is not None
    incumbent_name = scenario.contest.incumbent
    moves = [n for n, lever in scenario.levers.items() if lever.vendor == incumbent_name]
    on = MarketModel(scenario, seed).run()
    off = MarketModel(without_levers(scenario, moves), seed).run()
    names = list(on.axes["vendor"])
    incumbent = names.index(scenario.contest.incumbent)
    challenger = names.index(scenario.contest.challenger)
    window = scenario.containment.window_months
    gap = off.curves["platform_token_share"] - on.curves["platform_token_share"]
    (found,) = classify(
        on.curves["platform_token_share"][None],
        on.curves["full_stack_revenue_share"][None],
        incumbent,
        challenger,
        gap[None, -window:, challenger].mean(axis=1),
        scenario.containment,
    )
    return found


@pytest.mark.parametrize("wanted", list(SETTINGS))
def test_the_class_is_reached_in_most_runs(wanted: OutcomeClass) -> None:
    scenario = replace(tiny(), SETTINGS[wanted])
    found = [run_class(scenario, seed) for seed in range(5)]
    assert found.count(wanted) >= 3, found


def test_a_contained_challenger_breaks_out_without_the_moves() -> None:
    scenario = replace(tiny(), SETTINGS[OutcomeClass.CONTAINMENT])
    assert run_class(without_levers(scenario, ["open_source"]), 1) is OutcomeClass.BREAKOUT


def test_exchanged_roles_mirror_the_class_and_move_no_number() -> None:
    scenario = replace(tiny(), SETTINGS[OutcomeClass.INCUMBENT_ROLLBACK])
    swapped = replace(scenario, {"contest.incumbent": "volcano", "contest.challenger": "dam"})
    one, other = MarketModel(scenario, 3).run(), MarketModel(swapped, 3).run()
    for name, curve in one.curves.items():
        np.testing.assert_array_equal(curve, other.curves[name])
    assert run_class(scenario, 3) is OutcomeClass.INCUMBENT_ROLLBACK
    assert run_class(swapped, 3) in (OutcomeClass.BREAKOUT, OutcomeClass.DISPLACEMENT)


def _mirror(scenario: Scenario) -> Scenario:
    """dam and volcano exchange everything but their names: tables, families, hosts, moves."""
    swap = {"dam": "volcano", "volcano": "dam"}
    data = scenario.model_dump(mode="json")
    data["vendors"] = {name: data["vendors"][swap.get(name, name)] for name in data["vendors"]}
    for part in (*data["families"].values(), *data["events"], *data["levers"].values()):
        for key in ("owner", "vendor"):
            if key in part:
                part[key] = swap.get(part[key], part[key])
    for lever in data["levers"].values():
        lever["off"] = {
            ".".join(swap.get(name, name) for name in path.split(".")): value
            for path, value in lever["off"].items()
        }
    data["contest"] = {"incumbent": "volcano", "challenger": "dam"}
    return Scenario.model_validate_json(json.dumps(data))


def test_exchanged_rivals_mirror_shares_within_sampling_error() -> None:
    plain, mirrored = tiny(), _mirror(tiny())
    seeds = range(12)
    window = plain.containment.window_months

    def means(scenario: Scenario) -> np.ndarray[Any, np.dtype[np.float64]]:
        runs = [MarketModel(scenario, seed).run().curves for seed in seeds]
        return np.array([c["platform_token_share"][-window:].mean(axis=0) for c in runs])

    one, other = means(plain), means(mirrored)[:, [1, 0, 2]]
    error = np.sqrt(one.var(axis=0, ddof=1) / len(one) + other.var(axis=0, ddof=1) / len(other))
    assert (np.abs(one.mean(axis=0) - other.mean(axis=0)) < 4 * error).all()
    assert np.abs(one.mean(axis=0)[0] - one.mean(axis=0)[1]) > 4 * error[:2].max()  # they do differ
    leading = (OutcomeClass.BREAKOUT, OutcomeClass.STAND_OFF, OutcomeClass.CONTAINMENT)
    ahead = [
        np.mean([run_class(scenario, seed) in leading for seed in seeds])
        for scenario in (plain, mirrored)
    ]
    assert min(ahead) > 0.5
    assert abs(ahead[0] - ahead[1]) < 4 * np.sqrt(0.5 / len(seeds))


def test_identical_vendors_are_equal_within_sampling_error_and_never_contain() -> None:
    scenario = load(SCENARIOS / "null.toml")
    runs = [MarketModel(scenario, seed).run() for seed in range(30)]
    for measure in ("platform_token_share", "family_token_share", "full_stack_revenue_share"):
        means = np.array([run.curves[measure][-12:].mean(axis=0) for run in runs])
        error = means.std(axis=0, ddof=1) / np.sqrt(len(means))
        assert (np.abs(means.mean(axis=0) - 1 / 3) < 4 * error).all(), measure
    assert OutcomeClass.CONTAINMENT not in {run_class(scenario, seed) for seed in range(10)}
