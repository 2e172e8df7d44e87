"""Attribution on a small market: what it runs, what it adds up, what it refuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sim.analysis.attribution.attribute import ATTRIBUTION, PARTS, attribute, document
from sim.analysis.attribution.base import Attribution, Choices, Estimate
from sim.analysis.attribution.counterfactuals import FrozenRivals, _exact
from sim.errors import SimError
from sim.plot.registry import plots
from sim.runs.settings import RunSettings
from sim.scenario.schema.scenario import Scenario
from tests.unit.market.tiny import changed

SMALL = {"population.clients": 120}


def found(
    tmp_path: Path, name: str, scenario: Scenario | None = None, **choices: Any
) -> tuple[Any, Attribution]:
    market = scenario or changed(SMALL)
    (pair,) = attribute(
        market, [name], Choices(**choices), replicates=3, settings=RunSettings(tmp_path, 1)
    )
    return pair


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where tests find what others have run."""
    return tmp_path_factory.mktemp("stored")


def by_label(finding: Attribution) -> dict[str, Estimate]:
    return {row.label: row for row in finding.rows}


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(PARTS))
def test_every_part_states_what_a_conclusion_needs(name: str, tmp_path: Path) -> None:
    result, finding = found(tmp_path, name, changed(SMALL, months=4), draws=2)
    stored = json.loads((result.path / ATTRIBUTION).read_text())
    assert stored["scenario_hash"] == result.scenario_hash
    assert stored["root_seed"] == result.seed
    assert len(finding.rows) > 0
    assert all(row["n"] > 1 and row["interval_type"] for row in stored["rows"])
    _, axes = plots()["attribution"].draw(result)
    assert len(axes.patches) >= min(6, len(finding.rows))


@pytest.mark.slow
def test_shares_add_up_to_the_whole_effect(stored: Path) -> None:
    _, shapley = found(stored, "shapley")
    _, rules = found(stored, "rules")
    rows = by_label(shapley)
    total = rows["all together"].mean
    assert sum(row.mean for row in shapley.rows if row.facts["kind"] == "share") == pytest.approx(
        total, abs=1e-12
    )
    assert total == pytest.approx(by_label(rules)["money kept, hosting as it is"].mean)


def test_orders_drawn_agree_with_all_coalitions_of_two(
    stored: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, exact = found(stored, "shapley")
    monkeypatch.setattr("sim.analysis.attribution.shapley.MOST_EXACT", 1)
    _, drawn = found(tmp_path, "shapley", permutations=4)
    both, other = by_label(exact), by_label(drawn)
    for name in ("full_stack", "open_source"):
        assert other[name].mean == pytest.approx(both[name].mean)
        assert other[name].facts["sampling_error"] == pytest.approx(0.0, abs=1e-12)


@pytest.mark.slow
def test_dose_ends_at_the_whole_effect(stored: Path) -> None:
    _, dose = found(stored, "dose")
    _, rules = found(stored, "rules")
    whole = by_label(rules)["money kept, hosting as it is"].mean
    assert by_label(dose)["all at 1"].mean == pytest.approx(whole)


def test_the_placebo_has_no_effect_at_all(tmp_path: Path) -> None:
    _, finding = found(tmp_path, "benchmarks")
    placebo = by_label(finding)["placebo: a lever that does nothing"]
    assert (placebo.mean, placebo.low, placebo.high) == (0.0, 0.0, 0.0)
    assert finding.notes[0] == "the placebo's effect is exactly 0"


def test_the_same_scenario_run_again_differs_in_nothing_but_other_seeds_do(tmp_path: Path) -> None:
    market = changed(SMALL)
    ((result, finding),) = attribute(
        market, ["benchmarks"], replicates=5, settings=RunSettings(tmp_path, 1)
    )
    again = by_label(finding)["A/A: the same scenario run again"]
    assert (again.mean, again.low, again.high, again.n) == (0.0, 0.0, 0.0, 5)
    assert finding.notes[1] == "A/A is exactly 0"
    hashes = {point["name"]: point["scenario_hash"] for point in result.manifest["points"]}
    assert hashes["again"] != hashes["on"]  # it was run, not taken over
    other = by_label(finding)["chance: the same scenario, other seeds"]
    share = result.runs.query("point == 'on'").sort_values("replicate")
    values = 100.0 * share["challenger_platform_token_share"].to_numpy()
    assert other.mean == pytest.approx(values[2:].mean() - values[:2].mean())
    assert other.low < other.mean < other.high
    assert other.n == 5


def test_an_effect_of_the_placebo_would_be_said() -> None:
    assert _exact(Estimate("x", 0.1, None, None, 2, "t"), "none", "SOME") == "SOME"
    assert _exact(Estimate("x", 0.0, -1.0, 1.0, 2, "t"), "none", "SOME") == "SOME"
    assert _exact(Estimate("x", 0.0, 0.0, 0.0, 2, "t"), "none", "SOME") == "none"


def test_what_is_fitted_is_not_drawn(tmp_path: Path) -> None:
    fit = {"name": "sharing", "paths": ["demand.community_weight"], "low": 0.0, "high": 1.0}
    market = changed({**SMALL, "fit": [fit]})
    result, finding = found(tmp_path, "unidentified", market, draws=4)
    drawn, fitted = finding.notes[1:]
    assert "community_weight" not in drawn
    assert "switching_cost_api" in drawn
    assert fitted == "fitted, so not drawn: community_weight"
    worlds = PARTS["unidentified"].worlds(market, Choices(draws=4))
    weights = {world.scenario.demand.community_weight for world in worlds}
    costs = [world.scenario.demand.switching_cost.api for world in worlds]
    assert weights == {market.demand.community_weight}
    assert costs[::2] == costs[1::2]
    assert len(set(costs)) == 4
    runs = result.runs.pivot(
        index="replicate", columns="point", values="challenger_platform_token_share"
    )
    taus = [100.0 * (runs[f"draw{k:03d}-off"] - runs[f"draw{k:03d}"]).mean() for k in range(4)]
    rows = by_label(finding)
    assert rows["mean over the draws"].mean == pytest.approx(np.mean(taus))
    assert rows["median draw"].mean == pytest.approx(np.median(taus))
    assert rows["mean over the draws"].low < np.mean(taus) < rows["mean over the draws"].high
    assert {row.n for row in finding.rows} == {4}
    assert f"below 0 in {sum(tau < 0.0 for tau in taus)}" in finding.notes[0]


def test_frozen_rivals_repeat_their_prices_in_the_world_without_levers() -> None:
    on = changed({**SMALL, "vendors.volcano.pricing": {"strategy": "match"}})
    off = on.replace({"vendors.dam.pricing": {"strategy": "list"}, "vendors.dam.appeal.api": -3.0})
    maker = FrozenRivals(on)
    first, other = maker(on, rng=3).run(), maker(off, rng=3).run()
    free = FrozenRivals(off)(off, rng=3).run()
    volcano = first.axes["vendor"].index("volcano")
    dam = first.axes["vendor"].index("dam")
    prices = [model.curves["price_index"][:, volcano] for model in (first, other, free)]
    assert np.allclose(prices[0], prices[1], rtol=0.05)
    shares = [model.curves["platform_token_share"][-1, dam] for model in (first, other)]
    assert shares[1] < shares[0]


def test_what_cannot_be_attributed_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SimError, match="nearest: shapley"):
        found(tmp_path, "shaply")
    alone = changed({"contest": None, "levers": {}})
    with pytest.raises(SimError, match=r"needs a \[contest\]"):
        found(tmp_path, "rules", alone)
    with pytest.raises(SimError, match="no lever to take away"):
        found(tmp_path, "rules", changed({**SMALL, "levers": {}}))


def test_no_conclusion_without_an_interval(tmp_path: Path) -> None:
    result, finding = found(tmp_path, "frozen")
    bare = Attribution("frozen", "t", (Estimate("x", 1.0, None, None, 0, ""),))
    assert document(result, finding)["replicates"] == 3
    with pytest.raises(SimError, match="no conclusion without"):
        document(result, bare)
