"""Scores against closed forms, forecasters on exact series, forecasts end to end."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit, ndtri
from scipy.stats import norm

from sim.analysis.calibration.matching import match
from sim.analysis.calibration.record import Record
from sim.analysis.forecasts.forecast import (
    Errors,
    Known,
    forecast_table,
    future_targets,
    last_day,
    periods,
    predictive,
    rising_prices,
)
from sim.analysis.forecasts.outcomes import cut_of, score_figures, scoreboard
from sim.analysis.forecasts.running import blind, lengthened
from sim.analysis.forecasts.scores import (
    MODEL,
    Outcome,
    Scale,
    Scoreboard,
    pit_histogram,
    score_of,
    score_table,
)
from sim.analysis.forecasts.simple import (
    DAMPING,
    FORECASTERS,
    LIMIT_ASSUMED,
    UNKNOWN_SD,
    Series,
    damped_trend,
    drift,
    last_value,
    logistic_trend,
    pooled_variance,
    series_of,
)
from sim.errors import SimError
from sim.plot.forecast import finding, recorded_points
from sim.scenario.reader import load
from sim.scenario.schema.scenario import Scenario

LEVELS = (np.arange(20_000) + 0.5) / 20_000
NORMALS = ndtri((np.arange(2000) + 0.5) / 2000)
CUT = date(2024, 12, 31)
SCENARIO = Path(__file__).parents[3] / "scenarios" / "volcano-dam.toml"


# Scores


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


# Forecasters


def _exact(values: list[float], **facts: object) -> Series:
    return series_of([6.0 * k for k in range(len(values))], values, **facts)


@pytest.mark.parametrize("name", list(FORECASTERS))
@pytest.mark.parametrize("count", [3, 4, 7])
def test_a_constant_stays_and_nobody_doubts_it(name: str, count: int) -> None:
    series = _exact([40.0] * count, limit=100.0)
    sample = FORECASTERS[name](series, series.times[-1] + 12.0, NORMALS)
    assert sample == pytest.approx(np.full(2000, 40.0), abs=1e-3)


@pytest.mark.parametrize("count", [3, 7])
@pytest.mark.parametrize("logarithmic", [False, True])
def test_drift_goes_on_along_a_straight_line(count: int, logarithmic: bool) -> None:
    line = np.array([2.0 + 0.3 * k for k in range(count + 2)])
    figures = np.exp(line) if logarithmic else line
    series = _exact(list(figures[:count]), logarithmic=logarithmic)
    sample = drift(series, 6.0 * (count + 1), NORMALS)
    assert sample == pytest.approx(np.full(2000, figures[-1]), rel=1e-6)


def test_the_last_value_spreads_with_the_root_of_time() -> None:
    series = series_of([0.0, 1.0, 2.0, 3.0], [1.0, 2.0, 1.0, 2.0])
    near, far = (last_value(series, time, NORMALS) for time in (4.0, 7.0))
    assert np.mean(near) == pytest.approx(2.0)
    assert (np.std(near), np.std(far)) == pytest.approx((1.0, 2.0), rel=1e-2)


def test_drift_knows_its_slope_the_less_the_further_it_looks() -> None:
    series = series_of([0.0, 1.0, 2.0], [0.0, 3.0, 4.0])
    sample = drift(series, 4.0, NORMALS)
    # b = 2, s^2 = (1 + 1) / 1, h = 2, span 2: 2 x 2 x (1 + 1)
    assert np.mean(sample) == pytest.approx(8.0)
    assert np.var(sample) == pytest.approx(8.0, rel=1e-2)


def _logistic(limit: float, months: int, count: int) -> list[float]:
    return [float(limit * expit(-2.0 + 0.4 * months * k)) for k in range(count)]


def test_the_logistic_trend_finds_an_exact_logistic_curve() -> None:
    times = list(range(9))
    figures = _logistic(700.0, 1, 13)
    fitted = series_of(times, figures[:9], logarithmic=True)
    assert logistic_trend(fitted, 12.0, NORMALS) == pytest.approx(
        np.full(2000, figures[12]), rel=1e-3
    )
    known = series_of(times[:3], _logistic(100.0, 1, 3), limit=100.0)
    assert logistic_trend(known, 12.0, NORMALS) == pytest.approx(
        np.full(2000, _logistic(100.0, 1, 13)[12]), rel=1e-6
    )


def test_the_logistic_trend_stays_below_its_limit() -> None:
    series = series_of([0.0, 6.0, 12.0], [50.0, 70.0, 88.0], limit=100.0)
    sample = logistic_trend(series, 60.0, NORMALS)
    assert 88.0 < np.median(sample) <= sample.max() <= 100.0
    two = series_of([0.0, 6.0], [10.0, 90.0], logarithmic=True)
    assert logistic_trend(two, 500.0, NORMALS).max() <= 90.0 * LIMIT_ASSUMED * (1 + 1e-9)


def test_what_may_be_negative_has_no_logistic_trend() -> None:
    series = series_of([0.0, 1.0, 2.0], [3.0, 2.0, 2.0], bounded=False)
    assert np.array_equal(logistic_trend(series, 5.0, NORMALS), drift(series, 5.0, NORMALS))


def test_the_damped_trend_of_few_figures_bends() -> None:
    series = series_of([0.0, 1.0], [1.0, 2.0], family_variance=0.0)
    assert damped_trend(series, 2.0, NORMALS)[0] == pytest.approx(2.0 + DAMPING)
    assert damped_trend(series, 3.0, NORMALS)[0] == pytest.approx(2.0 + DAMPING + DAMPING**2)
    end = 2.0 + DAMPING / (1.0 - DAMPING)
    assert damped_trend(series, 1000.0, NORMALS)[0] == pytest.approx(end)


def test_the_damped_trend_of_many_figures_is_fitted_and_bends_too() -> None:
    figures = [1.0, 2.5, 3.1, 4.5, 4.4, 5.2, 5.9, 5.7, 6.6, 6.9]
    series = series_of(range(10), figures)
    medians = [np.median(damped_trend(series, 9.0 + h, NORMALS)) for h in (1, 2, 4, 4.5, 8)]
    assert medians == sorted(medians)
    assert medians[0] > 6.0
    assert medians[-1] < 12.0
    spreads = [np.std(damped_trend(series, 9.0 + h, NORMALS)) for h in (1.0, 8.0)]
    assert 0.05 < spreads[0] <= spreads[1]


@pytest.mark.parametrize("name", list(FORECASTERS))
def test_one_figure_is_the_last_value_with_the_variance_of_the_family(name: str) -> None:
    one = series_of([3.0], [5.0], family_variance=0.25)
    assert np.std(FORECASTERS[name](one, 7.0, NORMALS)) == pytest.approx(1.0, rel=1e-2)
    unknown = series_of([3.0], [5.0], logarithmic=True)
    sample = FORECASTERS[name](unknown, 7.0, NORMALS)
    assert np.median(sample) == pytest.approx(5.0, rel=1e-3)
    assert np.std(np.log(sample)) == pytest.approx(2.0 * UNKNOWN_SD, rel=1e-2)


@pytest.mark.parametrize(("name", "slope"), [("last value", 0.0), ("drift", 0.5)])
@pytest.mark.parametrize("ahead", [1, 6])
def test_bands_cover_random_walks_as_often_as_they_say(name: str, slope: float, ahead: int) -> None:
    rng = np.random.default_rng(11)
    walks = np.cumsum(slope + rng.standard_normal((400, 40)), axis=1)
    inside = []
    for walk in walks:
        sample = FORECASTERS[name](series_of(range(30), walk[:30]), 29 + ahead, NORMALS)
        inside.append(score_of(walk[29 + ahead], sample).inside)
    assert np.mean(inside) == pytest.approx(0.9, abs=0.045)  # three standard errors


def test_the_pooled_variance_is_a_change_in_a_month() -> None:
    several = [series_of([0.0, 4.0], [1.0, 3.0]), series_of([0.0, 1.0], [1.0, 4.0])]
    assert pooled_variance(several) == pytest.approx((4.0 + 9.0) / (4.0 + 1.0))
    assert pooled_variance([series_of([0.0], [1.0])]) is None


@given(st.permutations(range(5)))
def test_the_order_of_figures_does_not_count(order: list[int]) -> None:
    times, values = [0.0, 3.0, 3.0, 7.0, 9.0], [1.0, 2.0, 4.0, 2.0, 5.0]
    series = series_of([times[k] for k in order], [values[k] for k in order])
    assert list(series.times) == [0.0, 3.0, 7.0, 9.0]
    assert list(series.values) == [1.0, 3.0, 2.0, 5.0]


# Forecasts

VENDORS = ("alibaba_cloud", "volcano_engine", "baidu_ai_cloud")
SHARE = "share_public_cloud_llm_tokens_external_IDC"
TOTAL = "external_llm_tokens_IDC"
MARKET = "China public cloud (external)"


def _scenario(months: int = 18) -> Scenario:
    return Scenario.model_validate(
        {
            "name": "history",
            "calendar": {"start": "2024-01", "months": months},
            "segments": {"internet": {"share": 1.0}},
            "kinds": {"chat": {"presence": 1.0, "volume": 1.0}},
            "vendors": {name: {"capacity": {"initial": 1.0}} for name in VENDORS},
            "families": {f"of_{name}": {"owner": name} for name in VENDORS},
            "calibration": {"targets": ["V24", "T24"]},
        }
    )


def _curves(months: int, replicates: int = 11) -> xr.Dataset:
    """Tokens 10 T, 50 T, 40 T a month, the first vendor's from 5 to 15 T over replicates."""
    tokens = np.array([10.0, 50.0, 40.0]) + np.linspace(-5, 5, replicates)[:, None, None] * [
        1,
        0,
        0,
    ]
    tokens = np.broadcast_to(tokens, (1, replicates, months, 3)).copy() * 1e6
    dims = ("point", "replicate", "month", "vendor")
    prices = np.linspace(1.0, 2.0, months) * np.where(np.arange(replicates) < 3, 1, -1)[:, None]
    return xr.Dataset(
        {
            "platform_tokens_domestic": (dims, tokens, {"unit": "M tokens"}),
            "mean_price": (dims[:3], 5.0 + prices[None]),
        },
        coords={
            "point": ["on"],
            "replicate": np.arange(replicates),
            "month": pd.date_range("2024-01-01", periods=months, freq="MS"),
            "vendor": list(VENDORS),
        },
    )


def _rows() -> list[Record]:
    year, half = (date(2024, 1, 1), CUT), (date(2025, 1, 1), date(2025, 6, 30))
    return [
        Record("V24", *year, "Volcano Engine", SHARE, 46.0, "%"),
        Record("T24", *year, MARKET, TOTAL, 1200.0, "trillion tokens"),
        Record("V25", *half, "Volcano Engine", SHARE, 49.0, "%"),
        Record("V25b", *half, "Volcano Engine", SHARE, 49.0, "%"),
        Record("B25", *half, "Baidu AI Cloud", SHARE, 40.0, "%"),
        Record("T25", *half, MARKET, TOTAL, 610.0, "trillion tokens"),
    ]


def test_periods_are_whole_and_inside() -> None:
    start, end = date(2025, 7, 1), date(2026, 12, 31)
    assert list(periods(start, end, 12)) == [(date(2026, 1, 1), end)]
    assert len(list(periods(start, end, 6))) == 3
    assert len(list(periods(start, end, 3))) == 6
    assert next(periods(start, end, 0)) == (date(2025, 7, 31), date(2025, 7, 31))
    assert last_day(date(2024, 2, 1)) == date(2024, 2, 29)


def test_a_scenario_is_lengthened_but_never_cut() -> None:
    assert lengthened(_scenario(), date(2026, 12, 31)).calendar.months == 36
    assert lengthened(_scenario(), date(2024, 12, 31)).calendar.months == 18


def test_a_blind_scenario_has_no_event_after_the_cut() -> None:
    market = load(SCENARIO)
    found = blind(market, CUT)
    assert found.events
    assert found.events == tuple(event for event in market.events if event.month <= CUT)
    assert len(found.events) < len(market.events)


def test_every_recorded_metric_is_forecast_for_every_vendor_in_its_periods() -> None:
    market = _scenario(36)
    found = future_targets(_rows(), market, date(2025, 7, 1), date(2026, 12, 31))
    shares = {t.entity for t in found if t.metric == SHARE}
    assert shares == {"Volcano Engine", "Baidu AI Cloud", "alibaba_cloud"}
    totals = [(t.period_start, t.period_end) for t in found if t.metric == TOTAL]
    assert len(totals) == 4  # three halves and a year
    assert all(t.period_start >= date(2025, 7, 1) for t in found)


def test_rows_after_the_start_and_the_order_of_rows_move_nothing() -> None:
    market, span = _scenario(36), (date(2025, 1, 1), date(2026, 12, 31))
    known = _rows()[:2]
    found = [
        forecast_table(_curves(36), future_targets(rows, market, *span), Errors(3))
        for rows in (known, _rows(), _rows()[::-1])
    ]
    pd.testing.assert_frame_equal(found[0], found[1])
    pd.testing.assert_frame_equal(found[0], found[2])


def test_bands_are_the_quantiles_of_what_was_simulated() -> None:
    market = _scenario(36)
    targets = future_targets(_rows(), market, date(2025, 7, 1), date(2025, 12, 31))
    table = forecast_table(_curves(36), targets, Errors(3)).set_index("entity")
    quantiles = ["q05", "q10", "q25", "q50", "q75", "q90", "q95"]
    assert list(table.columns[-7:]) == quantiles
    row = table.loc[MARKET]
    spread = targets[0].error
    assert row["q50"] == pytest.approx(600.0, rel=0.02 + spread)
    assert (np.diff(table[quantiles].to_numpy(), axis=1) >= 0.0).all()


def test_nothing_recorded_before_the_start_is_an_error() -> None:
    with pytest.raises(SimError, match="nothing recorded before 2024-06-01"):
        future_targets(_rows(), _scenario(36), date(2024, 6, 1), date(2025, 6, 30))


def test_years_in_which_prices_rise_are_counted_over_runs() -> None:
    found = rising_prices(_curves(36), date(2025, 1, 1), date(2026, 12, 31))
    assert found == {2025: pytest.approx(3 / 11), 2026: pytest.approx(3 / 11)}
    assert rising_prices(_curves(36), date(2025, 2, 1), date(2026, 11, 30)) == {
        2025: pytest.approx(3 / 11)
    }


def test_the_finding_names_the_largest_move() -> None:
    market, end = _scenario(36), date(2026, 12, 31)
    known = Known(_rows(), market, date(2025, 6, 30))
    targets = future_targets(_rows(), market, date(2025, 7, 1), end)
    table = forecast_table(_curves(36), targets, Errors(3))
    shares = finding(table[table["metric"] == SHARE], targets, known)
    assert shares.startswith("By 2026-12, ")
    assert "Volcano Engine: 49 to 50" in shares or "Baidu AI Cloud: 40 to 40" in shares
    total = finding(table[table["metric"] == TOTAL], targets, known)
    assert total.startswith("By 2026-12 it may stay where it was recorded")
    assert "620 to 6" in total  # 610 in 181 days are 620 in 184


def test_recorded_sums_are_drawn_at_the_rate_of_what_is_forecast() -> None:
    market = _scenario(36)
    known = Known(_rows(), market, date(2025, 6, 30))
    targets = future_targets(_rows(), market, date(2025, 7, 1), date(2026, 12, 31))
    points = recorded_points(targets, known)
    totals = points[points["metric"] == TOTAL]["value"]
    assert list(totals) == pytest.approx([1200.0 * 181 / 366, 610.0])
    assert list(points[points["entity"] == "Volcano Engine"]["value"]) == [46.0, 49.0, 49.0]


def test_the_same_figure_twice_counts_once_and_the_future_is_not_looked_at() -> None:
    market = _scenario(18)
    targets = match(_rows(), market).targets
    board = score_figures(_curves(18), market, targets, _rows(), None, Errors(3))
    assert board is not None
    assert board.cut == CUT == cut_of(market, _rows())
    assert sorted(set(board.table["id"])) == ["B25", "T24", "T25", "V24", "V25"]
    simple = board.table[board.table["forecaster"] == "last value"]
    assert sorted(simple["id"]) == ["T25", "V25"]
    assert simple.set_index("id").loc["T25", "median"] == pytest.approx(600.0, rel=0.03)
    corrupted = [
        row if row.period_end is None or row.period_end <= CUT else replace(row, value=1.0)
        for row in _rows()
    ]
    known = Known(corrupted, market, CUT)
    again = scoreboard(_curves(18), targets, known, CUT, Errors(3), board.fitted)
    pd.testing.assert_frame_equal(board.table, again.table)
    text = "\n".join(board.lines())
    assert "the model was fitted to figures until 2024-12-31" in text
    assert "figures after 2024-12-31" in text


def test_without_a_cut_nothing_is_scored() -> None:
    market = _scenario(18).replace({"calibration.targets": []})
    targets = match(_rows(), market).targets
    assert score_figures(_curves(18), market, targets, _rows(), None, Errors(3)) is None
    late = score_figures(_curves(18), _scenario(18), targets, _rows(), date(2024, 6, 30), Errors(3))
    assert late is not None
    assert late.fitted_to.endswith("until 2024-12-31: after 2024-06-30 it forecasts nothing")


def test_a_model_that_knew_the_outcome_does_not_win() -> None:
    near = score_table([_outcome("a", 1.0, {MODEL: 1.0, "drift": 3.0})])
    text = Scoreboard(CUT, date(2025, 6, 30), near).winner()
    assert "no contest, for the model was fitted to figures until 2025-06-30" in text
    assert "no contest" not in Scoreboard(CUT, CUT, near).winner()


def test_a_predictive_sample_repeats_every_run_and_keeps_shares_inside() -> None:
    target = next(t for t in match(_rows(), _scenario()).targets if t.metric == SHARE)
    sample = predictive(target, [np.nan, 0.0, 100.0], Errors(1))
    assert 0.0 <= sample.min() <= sample.max() <= 100.0
    assert len(sample) >= 2000
    assert np.array_equal(sample, predictive(target, [0.0, 100.0], Errors(1)))
    with pytest.raises(SimError, match="no replicate gives a finite number"):
        predictive(target, [np.nan], Errors(1))


def test_error_and_discrepancy_add_as_variances() -> None:
    scenario = _scenario()
    share, total = (
        next(t for t in match(_rows(), scenario).targets if t.metric == metric)
        for metric in (SHARE, TOTAL)
    )
    errors = Errors.of(
        1,
        {
            "discrepancy": [
                {"family": share.family, "transform": "identity", "unit": "%", "sd": 3.0},
                {"family": "another", "transform": "log", "unit": "1", "sd": 0.3},
                {"family": "third", "transform": "log", "unit": "1", "sd": 0.4},
            ]
        },
    )
    own = [target.error for target in (share, total)]
    wanted = [math.hypot(own[0], 3.0), math.hypot(own[1] / 1200.0, math.sqrt(0.125))]
    assert [errors.deviation(target) for target in (share, total)] == pytest.approx(wanted)
    figures = 50.0 + 4.0 * NORMALS
    found = predictive(share, figures, errors)
    assert np.std(found) == pytest.approx(math.hypot(4.0, wanted[0]), rel=0.05)
    found = predictive(total, np.exp(0.5 * NORMALS), errors)
    assert np.std(np.log(found)) == pytest.approx(math.hypot(0.5, wanted[1]), rel=0.05)
    assert np.std(predictive(share, figures, Errors(1))) < np.std(
        predictive(share, figures, errors)
    )
