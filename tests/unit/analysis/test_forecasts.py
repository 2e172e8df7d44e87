"""Forecasts of the record and their scores on a made-up market."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy.special import ndtri

from sim.analysis.calibration.matching import known_figures, match
from sim.analysis.calibration.record import Record
from sim.analysis.calibration.targets import Target
from sim.analysis.forecasts.forecast import (
    DAYS_A_MONTH,
    Errors,
    Known,
    forecast_table,
    future_targets,
    last_day,
    periods,
    predictive,
    rising_prices,
)
from sim.analysis.forecasts.outcomes import (
    cut_of,
    score_figures,
    scoreboard,
    with_moved_lists,
)
from sim.analysis.forecasts.running import blind, lengthened
from sim.analysis.priors import chosen
from sim.errors import SimError
from sim.plot.forecast import finding, recorded_points
from sim.scenario.reader import load
from sim.scenario.schema.scenario import Scenario

NORMALS = ndtri((np.arange(2000) + 0.5) / 2000)
CUT = date(2024, 12, 31)
SCENARIO = Path(__file__).parents[3] / "scenarios" / "volcano-dam.toml"


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


def test_a_blind_scenario_has_no_event_after_the_cut_but_the_strategies_that_follow_lists() -> None:
    market = load(SCENARIO)
    seen = blind(market, CUT)
    known = [event for event in market.events if event.month <= CUT]
    assert list(seen.scenario.events[: len(known)]) == known
    after = seen.scenario.events[len(known) :]
    assert {(event.what, event.month) for event in after} == {("strategy", date(2025, 1, 1))}
    assert {vars(event)["vendor"] for event in after if vars(event)["pricing"]} == set(
        market.vendors
    ) - {"huawei_cloud"}
    for choice, there in (("challenger_pricing", "volcano_engine"), ("incumbent_pricing", None)):
        ((path, table),) = seen.changes(chosen(market, {choice: 1})).items()
        event = seen.scenario.events[int(path.split(".")[1])]
        assert vars(event)["vendor"] == (there or "alibaba_cloud")
        assert seen.scenario.replace({path: table}).events != seen.scenario.events
    gone = min(set(range(len(market.events))) - set(seen.places))
    changes = {f"events.{gone}.month": "2025-03", "demand.community_weight": 0.1}
    assert seen.changes(changes) == {"demand.community_weight": 0.1}


def test_list_prices_after_the_cut_move_as_far_as_lists_did_before_it() -> None:
    market = load(SCENARIO)
    line, price = "Alibaba/qwen-plus", "api_list_price_input"
    days = [date(2024, 5, 24), date(2024, 11, 15), date(2025, 2, 6)]
    rows = [
        Record(f"P{place}", day, day, line, price, value, "yuan/M tokens")
        for place, (day, value) in enumerate(zip(days, (4.0, 0.8, 0.8), strict=True))
    ]
    rows += [
        Record("T25", date(2025, 1, 1), date(2025, 6, 30), MARKET, TOTAL, 610.0, "trillion tokens")
    ]
    targets = known_figures(rows, market)
    known = Known(rows, market, CUT)
    found = with_moved_lists(Errors(3), targets, known, CUT)
    months = [(later - day).days / DAYS_A_MONTH for day, later in pairwise(days)]
    variance = math.log(5.0) ** 2 / months[0] * months[1]
    assert found.moved == {"P2": pytest.approx(variance, rel=1e-9)}
    late = next(target for target in targets if target.id == "P2")
    assert found.deviation(late) == pytest.approx(
        math.hypot(Errors(3).deviation(late), variance**0.5)
    )


@pytest.mark.slow
def test_figures_can_be_scored_without_the_variance_of_moved_lists(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    market, errors = _scenario(18), Errors(3)
    targets = known_figures(_rows(), market)

    def moved(scored: list[Target], *_: Any) -> list[tuple[str, float]]:
        return [(target.id, 4.0) for target in scored]

    def widths(widened: bool) -> np.ndarray:
        after = date(2025, 12, 31)  # of all figures: no simple forecaster is fitted
        board = score_figures(_curves(18), market, targets, _rows(), after, errors, widened=widened)
        assert board is not None
        return (board.table["q95"] - board.table["q05"]).to_numpy()

    plain = widths(widened=True)  # none of these figures is a list price
    monkeypatch.setattr("sim.analysis.forecasts.outcomes._moved", moved)
    assert (widths(widened=True) > plain).any()
    assert (widths(widened=False) == plain).all()


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


@pytest.mark.slow
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
