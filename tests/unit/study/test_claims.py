from __future__ import annotations

import numpy as np
import pytest

from sim.analysis.statistics import wilson_interval
from sim.analysis.verdict.claims import share_interval
from sim.analysis.verdict.grounds import claims_grounds, refuse_bare
from sim.errors import SimError
from sim.plot.registry import plots
from sim.runs.result import Result


def test_independent_replicates_of_one_point_are_wilson() -> None:
    holds = np.array([[1.0, 1.0, 0.0, 1.0, 0.0, 1.0, 1.0, 1.0, 0.0, 1.0] * 4])
    share, effective, interval = share_interval(holds, sampled=False)
    assert share == 0.7
    assert effective == 40.0
    expected = wilson_interval(28, 40)
    assert interval == pytest.approx((expected.lower, expected.upper))


def test_copies_of_a_point_add_nothing() -> None:
    row = np.tile([1.0, 1.0, 1.0, 0.0], 10)
    once = share_interval(row[None], sampled=False)
    copied = share_interval(np.tile(row, (50, 1)), sampled=False)
    assert copied[1] == pytest.approx(once[1])
    assert copied[2] == pytest.approx(once[2])


def test_copies_of_a_replicate_add_nothing_in_a_sampled_design() -> None:
    column = np.tile([1.0, 1.0, 1.0, 0.0], 10)[:, None]
    few = share_interval(np.tile(column, (1, 2)), sampled=True)
    many = share_interval(np.tile(column, (1, 30)), sampled=True)
    assert many[1] == pytest.approx(few[1])
    assert few[1] == pytest.approx(39.0)


@pytest.mark.parametrize(("sampled", "worth"), [(True, 5.0), (False, 5.0)])
def test_where_all_agree_only_runs_that_share_nothing_count(sampled: bool, worth: float) -> None:
    assert share_interval(np.ones((200, 5)), sampled)[1] == worth
    assert share_interval(np.ones((3, 5)), sampled)[1] == (3.0 if sampled else 5.0)


def test_the_interval_covers_the_share_of_a_two_way_population() -> None:
    """Points and replicates both drawn: the interval holds the true share as often as it says."""
    rng = np.random.default_rng(5)
    covered = 0
    for _ in range(400):
        point, replicate = rng.normal(size=(40, 1)), rng.normal(size=(1, 40))
        holds = (point + replicate + rng.normal(size=(40, 40)) > 0.0).astype(float)
        low, high = share_interval(holds, sampled=True)[2]
        covered += low <= 0.5 <= high
    assert 0.90 <= covered / 400 <= 0.98
    naive = wilson_interval(800, 1600)
    assert naive.upper - naive.lower < 0.06


def test_the_picture_shows_every_claim_against_what_was_wanted(whole_sweep: Result) -> None:
    told = whole_sweep.claims
    table = plots()["claims"].numbers(whole_sweep)
    (claim,) = told["claims"].values()
    assert list(table["share"]) == [claim["share_of_runs"]]
    assert [table["low"][0], table["high"][0]] == claim["interval"]
    assert list(table["wanted"]) == [0.9]
    fig, axes = plots()["claims"].draw(whole_sweep)
    assert axes.get_yticklabels()[0].get_text().startswith("The new cloud stays")
    caption = " ".join(fig.get_supxlabel().split())
    assert f"7 points, n = 35 runs, root seed {whole_sweep.seed}" in caption
    assert f"{claim['runs']} runs a claim at least" in caption
    assert whole_sweep.scenario_hash[:8] in caption
    marks = {group.get_label() for group in axes.collections}
    assert claim["verdict"] in marks


def test_claims_without_their_grounds_are_not_told(whole_sweep: Result) -> None:
    told = whole_sweep.claims
    refuse_bare(claims_grounds(told))
    assert claims_grounds(told)["seeds"] == [0, 1, 2, 3, 4]
    for lost in ({"interval": ""}, {"scenario_hash": ""}, {"replicates": 0}, {"claims": {}}):
        with pytest.raises(SimError, match="no conclusion without"):
            refuse_bare(claims_grounds({**told, **lost}))
