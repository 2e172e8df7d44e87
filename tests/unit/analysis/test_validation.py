"""Recorded figures beside bands that were made by hand."""

from datetime import date

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from sim.analysis.calibration.matching import targets
from sim.analysis.calibration.record import Record
from sim.analysis.calibration.targets import Target
from sim.analysis.calibration.validation import compare, interval_score, simulated, validate
from sim.errors import SimError
from sim.scenario.schema.scenario import Scenario

VENDORS = ("alibaba_cloud", "volcano_engine", "baidu_ai_cloud", "deepseek")
MONTHS = 18
REPLICATES = 5
HALF = (date(2025, 1, 1), date(2025, 6, 30))


def _scenario():
    return Scenario.model_validate(
        {
            "name": "history",
            "calendar": {"start": "2024-01", "months": MONTHS},
            "segments": {"all": {"share": 1.0}},
            "kinds": {"chat": {"presence": 1.0, "volume": 1.0}},
            "vendors": {name: {"model_company": name == "deepseek"} for name in VENDORS},
        }
    )


def _row(identity, metric, value, entity="Volcano Engine", unit="%", period=HALF):
    return Record(identity, *period, entity, metric, value, unit)


def _curves(amounts, unit="M tokens", measure="platform_tokens_domestic", points=("on",)):
    """Dataset of one measure from (replicate, month, vendor) amounts."""
    shape = (len(points), *amounts.shape)
    dims = ("point", "replicate", "month", "vendor")
    return xr.Dataset(
        {measure: (dims, np.broadcast_to(amounts, shape).copy(), {"unit": unit})},
        coords={
            "point": list(points),
            "replicate": np.arange(len(amounts)),
            "month": pd.date_range("2024-01-01", periods=amounts.shape[1], freq="MS"),
            "vendor": list(VENDORS),
        },
    )


def _amounts():
    amounts = np.ones((REPLICATES, MONTHS, len(VENDORS)))
    amounts[:, :, 1] = np.arange(1.0, REPLICATES + 1.0)[:, None]
    amounts[:, :, 3] = 100.0
    return amounts


TOKEN_SHARE = "share_public_cloud_llm_tokens_external_IDC"
RANK = "rank_public_cloud_llm_tokens_external_IDC"
MARKET = "China public cloud (external)"


def _simulated(row, curves):
    (target,) = targets([row], _scenario())
    return simulated(target, curves)


def test_a_share_is_taken_of_the_sums_inside_the_scope():
    values = _simulated(_row("a", TOKEN_SHARE, 49.2), _curves(_amounts()))
    own = np.arange(1.0, 6.0)
    assert values == pytest.approx(100.0 * own / (own + 2.0))


def test_a_share_weighs_months_by_their_volume_and_ends_with_the_period():
    amounts = np.ones((1, MONTHS, len(VENDORS)))
    amounts[:, 12, 1] = 34.0
    amounts[:, 17, 0] = 10.0
    values = _simulated(_row("a", TOKEN_SHARE, 50.0), _curves(amounts))
    assert values == pytest.approx([100.0 * (34.0 + 5.0) / (39.0 + 15.0 + 6.0)])
    whole = (date(2024, 12, 1), date(2025, 5, 31))
    values = _simulated(_row("a", TOKEN_SHARE, 50.0, period=whole), _curves(amounts))
    assert values == pytest.approx([100.0 * (34.0 + 5.0) / (39.0 + 6.0 + 6.0)])


def test_entities_that_are_joined_are_added():
    joined = _row("a", TOKEN_SHARE, 46.4, "Baidu AI Cloud + Alibaba Cloud")
    values = _simulated(joined, _curves(_amounts()))
    assert values == pytest.approx(200.0 / (np.arange(1.0, 6.0) + 2.0))


def test_totals_are_converted_to_the_recorded_unit():
    row = _row("a", "external_llm_tokens_IDC", 1.0, MARKET, "trillion tokens")
    values = _simulated(row, _curves(_amounts() * 1e6))
    assert values == pytest.approx(6.0 * (np.arange(1.0, 6.0) + 2.0))
    with pytest.raises(SimError, match="'yuan' does not convert"):
        _simulated(row, _curves(_amounts(), unit="yuan"))
    revenue = _row("b", "ai_cloud_revenue_Omdia", 22.3, "China market", "billion yuan")
    curves = _curves(_amounts() * 1e9, "yuan", "full_stack_revenue")
    assert _simulated(revenue, curves) == pytest.approx(6.0 * (np.arange(1.0, 6.0) + 102.0))


def test_growth_is_against_the_month_before():
    amounts = _amounts()
    amounts[:, 13:] *= 1.6
    month = (date(2025, 2, 1), date(2025, 2, 28))
    row = _row("a", "monthly_growth_IDC", 60.0, MARKET, period=month)
    assert _simulated(row, _curves(amounts)) == pytest.approx(60.0)


def test_rank_counts_who_has_more():
    values = _simulated(_row("a", RANK, 1.0, "Alibaba Cloud", "rank"), _curves(_amounts()))
    assert list(values) == [1.0, 2.0, 2.0, 2.0, 2.0]


def test_a_ratio_keeps_the_recorded_level_and_compares_ratios_only():
    metric = "share_enterprise_llm_tokens_FrostSullivan"
    rows = [
        _row("q", metric, 20.0, "Alibaba/Qwen"),
        _row("d", metric, 10.0, "ByteDance/Doubao"),
        _row("s", metric, 10.0, "DeepSeek"),
    ]
    amounts = np.ones((1, MONTHS, len(VENDORS))) * np.array([4.0, 2.0, 90.0, 2.0])
    curves = _curves(amounts, measure="family_tokens")
    values = {t.id: float(simulated(t, curves)[0]) for t in targets(rows, _scenario())}
    expected = {"q": 20.0, "d": 10.0, "s": 10.0}
    assert values == pytest.approx(expected), "the level of others plays no part"


def test_failed_and_empty_runs_are_left_out():
    amounts = _amounts()
    amounts[0] = np.nan
    amounts[1] = 0.0
    (target,) = targets([_row("a", TOKEN_SHARE, 60.0)], _scenario())
    values = simulated(target, _curves(amounts))
    assert list(np.isnan(values)) == [True, True, False, False, False]
    row = compare(target, values)
    assert row.replicates == 3
    assert row.median == pytest.approx(100.0 * 4.0 / 6.0)
    with pytest.raises(SimError, match="no replicate gives a finite number"):
        compare(target, values[:2])


def test_a_comparison_tells_hit_miss_and_score():
    (target,) = targets([_row("a", TOKEN_SHARE, 49.2)], _scenario())
    spread = np.linspace(40.0, 50.0, 101)
    row = compare(target, spread)
    assert (row.median, row.p05, row.p25, row.p75, row.p95) == pytest.approx(
        (45.0, 40.5, 42.5, 47.5, 49.5)
    )
    assert row.hit
    assert row.miss == 0.0
    assert row.score == pytest.approx(9.0)
    above = compare(target, spread + 10.0)
    assert not above.hit
    assert above.miss == pytest.approx(50.5 - 49.2)
    assert above.score == pytest.approx(9.0 + 20.0 * 1.3)
    below = compare(target, spread - 10.0)
    assert below.miss == pytest.approx(39.5 - 49.2)


def test_the_report_has_the_agreed_keys_and_lists_the_rest():
    rows = [
        _row("a", TOKEN_SHARE, 49.2),
        _row("b", "applause", 3.0),
        _row("c", "ai_cloud_revenue_Omdia", 22.3, "China market", "billion yuan"),
    ]
    found = validate(_curves(_amounts()), _scenario(), rows)
    report = found.as_dict()
    (target,) = report["targets"]
    assert list(target) == [
        "id",
        "metric",
        "entity",
        "period_start",
        "period_end",
        "unit",
        "recorded",
        "median",
        "p05",
        "p25",
        "p75",
        "p95",
        "hit",
        "score",
    ]
    assert (target["id"], target["period_end"], target["recorded"]) == ("a", "2025-06-30", 49.2)
    assert target["hit"] is True
    assert found.hits == 1
    assert [row["id"] for row in report["unmapped"]] == ["b", "c"]
    assert "no measure full_stack_revenue in the curves" in report["unmapped"][1]["reason"]


def test_the_shipped_record_is_the_default():
    found = validate(_curves(_amounts()), _scenario())
    assert {row.target.id for row in found.comparisons} >= {"F0073", "F0077", "F0056", "F0058"}
    assert sum(found.counts.values()) == 343


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c.drop_vars("platform_tokens_domestic"), "no measure platform_tokens_domestic"),
        (lambda c: c.sel(point=["off"]), r"no world on \(there: off\)"),
        (lambda c: c.isel(month=slice(0, 15)), "the curves run from 2024-01 to 2025-03"),
        (lambda c: c.isel(vendor=slice(1, None)), "no vendor alibaba_cloud"),
    ],
)
def test_curves_that_lack_something_say_what(change, message):
    curves = _curves(_amounts(), points=("on", "off"))
    with pytest.raises(SimError, match=message):
        _simulated(_row("a", TOKEN_SHARE, 49.2), change(curves))


def test_other_worlds_can_be_held_against_the_record():
    curves = _curves(_amounts(), points=("on", "off"))
    curves["platform_tokens_domestic"].loc[{"point": "off", "vendor": "volcano_engine"}] = 2.0
    (target,) = targets([_row("a", TOKEN_SHARE, 49.2)], _scenario())
    assert simulated(target, curves, "off") == pytest.approx(50.0)


finite = st.floats(-1e6, 1e6)


@given(finite, finite, finite)
def test_the_score_is_the_width_inside_and_grows_outside(value, one, other):
    lower, upper = sorted((one, other))
    score = interval_score(value, lower, upper)
    if lower <= value <= upper:
        assert score == upper - lower
    else:
        missed = max(lower - value, value - upper)
        assert score == pytest.approx(upper - lower + 20.0 * missed)


def test_no_score_for_a_wrong_interval():
    with pytest.raises(ValueError, match="wrong order"):
        interval_score(0.0, 2.0, 1.0)
    with pytest.raises(ValueError, match="between 0 and 1"):
        interval_score(0.0, 1.0, 2.0, outside=0.0)


def test_a_target_knows_its_vendors():
    target = Target("a", "m", "x + y", ("x", "y"), "z", "share", "s", ("x", "y"), *HALF, 1.0, "%")
    assert target.vendor == "x + y"
