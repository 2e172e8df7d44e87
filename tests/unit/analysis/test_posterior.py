"""The posterior file: what is written is read again, and a draw becomes a scenario."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sim.analysis.posterior import ENDING, Posterior, read_posterior, write_posterior
from sim.analysis.priors import CHOICE, choices_of, chosen, declared, free_priors
from sim.errors import SimError
from sim.scenario.reader import load
from tests.unit.analysis.posteriors import TINY_POSTERIOR, tiny_posterior
from tests.unit.market.tiny import TINY, tiny

DAM = TINY.parent / "volcano-dam.toml"


def test_what_is_written_is_read_again_and_the_bytes_follow_from_the_contents(
    tmp_path: Path,
) -> None:
    paths = [tmp_path / "one.posterior.parquet", tmp_path / "two.posterior.parquet"]
    for path in paths:
        write_posterior(path, tiny_posterior())
    assert paths[0].read_bytes() == paths[1].read_bytes()
    found = read_posterior(paths[0])
    pd.testing.assert_frame_equal(found.draws, tiny_posterior().draws, check_names=False)
    np.testing.assert_array_equal(found.weights, tiny_posterior().weights)
    assert found.provenance == tiny_posterior().provenance


def test_the_posterior_kept_for_tests_is_the_one_made_here() -> None:
    kept = read_posterior(TINY_POSTERIOR)
    pd.testing.assert_frame_equal(kept.draws, tiny_posterior().draws, check_names=False)
    assert kept.provenance["cut"] == "2024-12-31"


def test_another_posterior_in_the_place_is_put_aside(tmp_path: Path) -> None:
    path = tmp_path / "a.posterior.parquet"
    write_posterior(path, tiny_posterior())
    write_posterior(path, tiny_posterior(3))
    assert len(read_posterior(path).draws) == 3
    assert len(read_posterior(tmp_path / "a.posterior.parquet.old-1").draws) == 20


def test_a_draw_enters_the_scenario_by_the_rules_of_its_priors() -> None:
    posterior = tiny_posterior()
    row = posterior.draws.iloc[3]
    world = tiny().replace(posterior.changes(tiny(), 3))
    alphas = [segment.price_sensitivity.mean for segment in world.segments.values()]
    alpha = row["price_sensitivity"]
    assert np.mean(alphas) == pytest.approx(alpha)
    assert world.demand.switching_cost.api == pytest.approx(row["switching_cost_api"] * alpha)
    assert world.supply.learning.exponent == pytest.approx(-math.log2(row["progress_ratio"]))
    assert world.levers["open_source"].cost == pytest.approx(5.0 * row["lever_costs"])


def test_a_number_of_the_fit_is_a_prior_over_its_range_and_replaces_one_of_the_table() -> None:
    fits = [
        {"name": "a", "paths": ["demand.review.api"], "low": 0.2, "high": 0.6},
        {
            "name": "b",
            "paths": ["kinds.assistant.volume"],
            "scale": True,
            "low": 0.25,
            "high": 4.0,
        },
    ]
    scenario = tiny().replace({"fit": fits})
    free = {prior.name: prior for prior in free_priors(scenario)}
    assert list(free)[:2] == ["a", "b"]
    assert "review_api" not in free
    assert free["a"].law.quantile(0.25) == pytest.approx(0.3)
    assert free["b"].law.quantile(0.5) == pytest.approx(1.0)
    draws = pd.DataFrame({"a": [0.35], "b": [2.0]})
    posterior = replace(tiny_posterior(), draws=draws, weights=np.ones(1))
    world = scenario.replace(posterior.changes(scenario, 0))
    assert world.demand.review.api == 0.35
    assert world.kinds["assistant"].volume == 2.0 * tiny().kinds["assistant"].volume


@pytest.mark.slow
def test_choices_change_what_a_vendor_does_after_the_record() -> None:
    dam = load(DAM)
    names = [choice.name for choice in choices_of(dam)]
    assert names == ["challenger_pricing", "incumbent_pricing"]
    assert not choices_of(tiny())
    draws = pd.DataFrame({"choice:challenger_pricing": [0, 1, 2]})
    posterior = replace(tiny_posterior(), draws=draws, weights=np.full(3, 1.0 / 3.0))
    assert posterior.changes(dam, 0) == {}
    for index, strategy in ((1, "match"), (2, "cost_following")):
        world = dam.replace(posterior.changes(dam, index))
        before = [event for event in dam.events if event not in world.events]
        after = [event for event in world.events if event not in dam.events]
        assert [(e.vendor, e.pricing["strategy"]) for e in before] == [
            ("volcano_engine", "undercut")
        ]
        assert [(e.vendor, e.pricing["strategy"]) for e in after] == [("volcano_engine", strategy)]
    for choice in choices_of(dam):
        for position in range(len(choice.alternatives)):
            dam.replace(chosen(dam, {choice.name: position}))
    with pytest.raises(SimError, match="no choice challenger_pricing, alternative 3"):
        chosen(dam, {"challenger_pricing": 3})


def test_the_position_of_an_alternative_follows_its_weight() -> None:
    choice = declared().choice[0]
    levels = (np.arange(1000) + 0.5) / 1000
    counts = np.bincount([choice.position(p) for p in levels], minlength=3)
    np.testing.assert_array_equal(counts, [400, 300, 300])
    assert choice.position(1.0) == 2


def test_systematic_resampling_keeps_each_weight_within_one_draw() -> None:
    posterior = tiny_posterior()
    for seed in range(20):
        found = posterior.resampled(200, seed)
        counts = np.bincount(found, minlength=20)
        assert (np.abs(counts - 200.0 * posterior.weights) < 1.0 + 1e-9).all()
    np.testing.assert_array_equal(posterior.resampled(50, 3), posterior.resampled(50, 3))
    assert (posterior.resampled(50, 3) != posterior.resampled(50, 4)).any()


def broken(**changes: object) -> Posterior:
    return replace(tiny_posterior(), **changes)  # type: ignore[arg-type]


def test_what_is_no_posterior_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.posterior.parquet"
    with pytest.raises(SimError, match="sum to 1"):
        write_posterior(path, broken(weights=np.full(20, 0.1)))
    with pytest.raises(SimError, match="lacks scenario_hash"):
        write_posterior(path, broken(provenance={"scenario": "tiny"}))
    with pytest.raises(SimError, match="not finite"):
        write_posterior(path, broken(draws=tiny_posterior().draws * np.nan))
    assert not path.exists()
    with pytest.raises(SimError, match="cannot read"):
        read_posterior(path)
    path.write_bytes(b"no parquet")
    with pytest.raises(SimError, match="is no posterior"):
        read_posterior(path)
    tiny_posterior().draws.to_parquet(path)
    with pytest.raises(SimError, match="is no posterior"):
        read_posterior(path)
    with pytest.raises(SimError, match="no free number 'unknown'"):
        broken(draws=pd.DataFrame({"unknown": np.ones(20)})).changes(tiny(), 0)


def test_the_posterior_that_is_shipped_belongs_to_the_scenario_beside_it() -> None:
    dam = load(DAM)
    shipped = read_posterior(DAM.with_suffix(ENDING))
    facts = shipped.provenance
    assert (facts["scenario"], facts["cut"]) == ("volcano-dam", "2025-06")
    assert len(shipped.draws) <= 500
    assert {f"{CHOICE}{choice.name}" for choice in choices_of(dam)} <= set(shipped.draws.columns)
    free = {prior.name for prior in free_priors(dam)}
    assert {str(n) for n in shipped.draws.columns if not str(n).startswith(CHOICE)} == free
    assert {row["name"] for row in facts["numbers"]} == free
    assert all(row["sd"] >= 0.0 for row in facts["discrepancy"])
    for index in (0, len(shipped.draws) - 1):
        dam.replace(shipped.changes(dam, index))
