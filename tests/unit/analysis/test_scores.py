"""Scores of forecasts against closed forms."""

from __future__ import annotations

import math
from datetime import date

import numpy as np
import pytest
from scipy.special import ndtri
from scipy.stats import norm

from sim.analysis.forecasts.scores import (
    MODEL,
    Outcome,
    Scale,
    Scoreboard,
    pit_histogram,
    score_of,
    score_table,
)
from sim.errors import SimError

LEVELS = (np.arange(20_000) + 0.5) / 20_000
NORMALS = ndtri((np.arange(2000) + 0.5) / 2000)
CUT = date(2024, 12, 31)


@pytest.mark.parametrize("recorded", [-3.0, -1.0, 0.0, 0.4, 2.5])
@pytest.mark.parametrize(("mean", "sd"), [(0.0, 1.0), (1.5, 0.3)])
def test_scores_of_a_normal_sample_are_the_closed_forms(
    recorded: float, mean: float, sd: float
) -> None:
    found = score_of(recorded, mean + sd * ndtri(LEVELS))
    z, reach = (recorded - mean) / sd, sd * norm.ppf(0.95)
    crps = sd * (z * (2 * norm.cdf(z) - 1) + 2 * norm.pdf(z) - 1 / math.sqrt(math.pi))
    outside = max(abs(recorded - mean) - reach, 0.0)
    assert found.crps == pytest.approx(crps, abs=2e-4)
    assert found.interval == pytest.approx(2 * reach + 20 * outside, rel=2e-3)
    assert found.pit == pytest.approx(norm.cdf(z), abs=1e-4)
    assert found.inside == (outside == 0.0)


def test_a_sure_forecast_scores_its_distance() -> None:
    assert score_of(3.0, np.full(10, 3.0)) == (True, 0.0, 0.0, 0.5)
    found = score_of(3.0, np.full(10, 5.0))
    assert found == pytest.approx((False, 40.0, 2.0, 0.0))


def test_figures_from_the_forecast_give_nominal_coverage_and_a_flat_histogram() -> None:
    rng = np.random.default_rng(5)
    sample = ndtri(LEVELS[::10])
    scores = [score_of(recorded, sample) for recorded in rng.standard_normal(2000)]
    assert np.mean([s.inside for s in scores]) == pytest.approx(0.9, abs=0.02)
    assert np.mean([s.crps for s in scores]) == pytest.approx(1 / math.sqrt(math.pi), abs=0.02)
    counts = np.array(pit_histogram([s.pit for s in scores]))
    assert counts.sum() == 2000
    assert ((counts - 200) ** 2 / 200).sum() < 30.0  # chi-square, 9 degrees: p = 0.0004


def test_a_forecast_too_sure_covers_too_little_and_its_histogram_has_two_humps() -> None:
    figures = np.random.default_rng(5).standard_normal(1000)
    scores = [score_of(recorded, 0.3 * ndtri(LEVELS[::10])) for recorded in figures]
    assert np.mean([s.inside for s in scores]) == pytest.approx(0.378, abs=0.05)
    counts = pit_histogram([s.pit for s in scores])
    assert min(counts[0], counts[-1]) > 3 * max(counts[3:7])


def test_missing_draws_do_not_count_and_none_at_all_is_an_error() -> None:
    assert score_of(1.0, [np.nan, 0.0, 2.0]) == score_of(1.0, [0.0, 2.0])
    with pytest.raises(SimError, match="no finite number"):
        score_of(1.0, [np.nan])


def test_the_pit_of_the_ends_falls_into_the_first_and_last_bin() -> None:
    assert pit_histogram([0.0, 1.0, 0.999, 0.05]) == [2, 0, 0, 0, 0, 0, 0, 0, 0, 2]


def _outcome(
    identity: str, recorded: float, samples: dict[str, float], months: int = 6, family: str = "a"
) -> Outcome:
    spread = {name: centre + 0.1 * NORMALS for name, centre in samples.items()}
    scale = Scale(False, 1.0)
    return Outcome(identity, "m", "v", family, "%", CUT, months, recorded, scale, spread)


def _board(*outcomes: Outcome) -> Scoreboard:
    return Scoreboard(CUT, None, score_table(outcomes))


def test_the_winner_is_named_whoever_it_is() -> None:
    near, far = {MODEL: 1.0, "drift": 3.0}, {MODEL: 3.0, "drift": 1.0}
    assert "1 figures after 2024-12-31: the model wins" in _board(_outcome("a", 1.0, near)).winner()
    lost = _board(_outcome("a", 1.0, far)).winner()
    assert "a simple forecaster wins (drift); mean interval score drift 0.3" in lost
    alone = _board(_outcome("a", 1.0, {MODEL: 1.0}), _outcome("b", 1.0, near, months=0))
    assert "nobody wins" in alone.winner()


def test_only_figures_that_all_predict_decide() -> None:
    board = _board(
        _outcome("a", 1.0, {MODEL: 1.0, "drift": 2.0}),
        _outcome("b", 1.0, {MODEL: 9.0}),
        _outcome("c", 1.0, {MODEL: 2.0, "drift": 1.0}),
    )
    assert set(board.common["id"]) == {"a", "c"}
    assert board.beaten() == {"drift": (1, 2)}
    assert board.winners() == {"a": "model = drift"}
    by = board.by("family", "horizon").set_index("forecaster")
    assert by.loc[MODEL, "figures"] == 3
    assert by.loc[MODEL, "coverage"] == pytest.approx(1 / 3)


@pytest.mark.parametrize(
    ("months", "name"),
    [
        (-3, "until the cut"),
        (0, "until the cut"),
        (6, "1-6 months"),
        (7, "7-12 months"),
        (30, "over 24 months"),
    ],
)
def test_horizons_count_from_the_cut(months: int, name: str) -> None:
    board = _board(_outcome("a", 1.0, {MODEL: 1.0}, months))
    assert list(board.table["horizon"]) == [name]
    assert len(board.ahead) == (months > 0)


def test_scores_compare_in_logarithms_or_parts_of_a_known_level() -> None:
    parts = Scale(False, 50.0)([25.0, 50.0])
    assert list(parts) == [0.5, 1.0]
    assert list(Scale(True, 50.0)([1.0, math.e])) == pytest.approx([0.0, 1.0])


def test_a_model_that_knew_the_outcome_does_not_win() -> None:
    near = score_table([_outcome("a", 1.0, {MODEL: 1.0, "drift": 3.0})])
    text = Scoreboard(CUT, date(2025, 6, 30), near).winner()
    assert "no contest, for the model was fitted to figures until 2025-06-30" in text
    assert "no contest" not in Scoreboard(CUT, CUT, near).winner()
