"""What each figure shows: its numbers are those of the stored curves, and its shapes are there."""

import numpy as np
import pytest
import xarray as xr

from sim.analysis.statistics import goodman_intervals
from sim.analysis.verdict.outcomes import OutcomeClass
from sim.errors import SimError
from sim.plot.canvas import common_edges
from sim.plot.material import Material, material
from sim.plot.registry import plots

CHALLENGER = "volcano_engine"


def _numbers(name, data, *args, **options):
    return plots()[name].numbers(data, *args, **options)


def _changed(data, scenario, curves):
    return Material(curves, scenario, 1, data.scenario_hash)


def test_bands_are_quantiles_of_the_finished_runs(data, curves_data):
    table = _numbers("curves", data, "profit")
    month = np.datetime64("2025-05-01")
    row = table[(table["vendor"] == CHALLENGER) & (table["month"] == month)].iloc[0]
    runs = curves_data["profit"].sel(point="on", vendor=CHALLENGER, month=month).dropna("replicate")
    assert row["n"] == runs.size == 39
    for column, level in (("p05", 0.05), ("p25", 0.25), ("median", 0.5), ("p95", 0.95)):
        assert row[column] == pytest.approx(np.quantile(runs, level), rel=1e-12)
    assert row["unit"] == "yuan"


def test_bands_and_medians_are_drawn(data):
    _, ax = plots()["curves"].draw(data, "profit")
    assert len(ax.collections) == 2 * len(data.styles), "a 50 % and a 90 % band a vendor"
    assert [line.get_label() for line in ax.lines] == [s.label for s in data.styles.values()]
    assert ax.get_ylabel() == "profit [yuan]"
    assert ax.get_title(loc="left") == "Revenue less cost."


def test_the_record_is_drawn_over_its_period_once(data):
    table = _numbers("curves", data)
    record = table[table["recorded"].notna()]
    own = record[record["vendor"] == CHALLENGER]
    assert list(own["recorded"]) == pytest.approx([0.464, 0.492])
    assert list(own["month"].astype(str)) == ["2024-01-01", "2025-01-01"]
    assert list(own["period_end"].astype(str)) == ["2024-12-31", "2025-06-30"]
    _, ax = plots()["curves"].draw(data)
    assert len(ax.containers) == len(record) == 4
    assert "publisher's scope" in ax.figure.get_supxlabel().replace("\n", " ")


def test_no_record_is_drawn_on_another_world_or_measure(data):
    assert not _numbers("curves", data, point="off_money_kept")["recorded"].notna().any()
    assert not _numbers("curves", data, "profit")["recorded"].notna().any()


def test_a_measure_of_the_whole_market_is_one_line(data):
    _, ax = plots()["curves"].draw(data, measure="hhi")
    assert [line.get_label() for line in ax.lines] == ["market"]


def test_missing_measures_and_worlds_are_told_with_what_is_there(data):
    with pytest.raises(SimError, match=r"no measure nothing in this result \(there: family_token"):
        plots()["curves"].draw(data, "nothing")
    with pytest.raises(SimError, match=r"no world elsewhere in this result \(there: on, off_money"):
        plots()["flows"].draw(data, "elsewhere")
    with pytest.raises(SimError, match="dims point, replicate, month, vendor, vendor_to"):
        plots()["curves"].draw(data, "switching_flow")


def test_no_figure_of_a_measure_without_unit_or_runs(data, scenario, curves_data):
    bare = curves_data.copy()
    bare["profit"] = bare["profit"].drop_attrs()
    with pytest.raises(SimError, match="measure profit has no unit"):
        plots()["curves"].draw(_changed(data, scenario, bare), "profit")
    empty = curves_data.copy()
    empty["profit"] = xr.full_like(empty["profit"], np.nan)
    with pytest.raises(SimError, match="no finished run of profit in world on"):
        plots()["curves"].draw(_changed(data, scenario, empty), "profit")


def test_a_vendor_without_numbers_is_left_out(data, scenario, curves_data):
    closed = curves_data.copy(deep=True)
    closed["platform_token_share"].loc[{"vendor": "huawei_cloud"}] = np.nan
    closed["platform_token_share"].loc[{"vendor": "deepseek", "month": "2024-03-01"}] = np.nan
    changed = _changed(data, scenario, closed)
    _, ax = plots()["curves"].draw(changed)
    lines = {line.get_label(): line for line in ax.lines}
    assert "huawei cloud" not in lines
    gap = np.isnan(lines["DeepSeek"].get_ydata())
    assert list(np.flatnonzero(gap)) == [2], "a missing month stays a gap"
    _, axes = plots()["final"].draw(changed)
    assert len(axes) == 5


def test_belts_share_a_scale_and_keep_the_three_scoreboards_apart(data):
    _, axes = plots()["belts"].draw(data)
    titles = [ax.get_title(loc="left") for ax in axes]
    assert titles[:2] == ["Belt 1: platform tokens", "Belt 2: full-stack revenue"]
    assert len({ax.get_ylim() for ax in axes}) == 1
    assert [len(ax.containers) for ax in axes] == [4, 5, 0]


def test_prices_have_a_log_axis_with_unit(data):
    _, ax = plots()["prices"].draw(data)
    assert ax.get_yscale() == "log"
    assert ax.get_ylabel() == "price index, log scale [yuan/M tokens]"


def test_tau_is_the_paired_difference_of_the_window_means(data, curves_data, scenario):
    broken = curves_data.copy(deep=True)
    broken["platform_token_share"].loc[{"point": "off_money_kept", "replicate": 5}] = np.nan
    table = _numbers("worlds", _changed(data, scenario, broken))
    share = broken["platform_token_share"].sel(vendor=CHALLENGER).isel(month=slice(-12, None))
    for name, count in (("off_money_kept", 38), ("off_money_in_price", 39)):
        tau = (share.sel(point=name) - share.sel(point="on")).mean("month").dropna("replicate")
        rows = table[(table["point"] == name) & table["tau"].notna()]
        assert list(rows["replicate"]) == list(tau["replicate"].values)
        assert len(rows) == count
        assert rows["tau"].to_numpy() == pytest.approx(tau.values, abs=1e-12)


def test_worlds_marks_zero_and_the_smallest_effect(data):
    _, (left, right) = plots()["worlds"].draw(data)
    assert len(left.collections) == 6
    marks = {line.get_xdata()[0] for line in right.lines if len(line.get_xdata()) == 2}
    assert marks >= {0.0, 3.0}
    assert "percentage points" in right.get_xlabel()


def test_worlds_needs_a_contest_and_an_off_world(data, scenario, curves_data):
    with pytest.raises(SimError, match="no world without the incumbent's moves"):
        plots()["worlds"].draw(_changed(data, scenario, curves_data.sel(point=["on"])))
    alone = scenario.model_copy(update={"contest": None})
    with pytest.raises(SimError, match="a scenario with a contest"):
        plots()["worlds"].draw(_changed(data, alone, curves_data))


def test_worlds_with_equal_runs_draw(data, scenario, curves_data):
    same = curves_data.sel(point=["on", "on"]).assign_coords(point=["on", "off_money_kept"])
    changed = _changed(data, scenario, same)
    taus = _numbers("worlds", changed)["tau"].dropna()
    assert (taus == 0.0).all()
    fig, _ = plots()["worlds"].draw(changed)
    fig.canvas.draw()


def test_classes_add_up_and_carry_simultaneous_intervals(data):
    table = _numbers("classes", data)
    assert (table.groupby("point")["count"].sum() == 39).all()
    on = table[table["point"] == "on"]
    intervals = goodman_intervals(list(on["count"]))
    assert list(on["lower"]) == [interval.lower for interval in intervals]
    assert list(on["upper"]) == [interval.upper for interval in intervals]
    assert list(on["outcome_class"]) == [outcome.value for outcome in OutcomeClass]


def test_only_a_world_with_a_pair_can_show_containment(data):
    table = _numbers("classes", data).set_index(["point", "outcome_class"])["count"]
    assert table["on", "containment"] > 0
    assert table["on", "stand_off"] == 0
    assert table["off_money_kept", "containment"] == 0
    assert table["off_money_kept", "stand_off"] > 0


def test_flows_leave_out_who_stays(data, curves_data):
    table = _numbers("flows", data)
    assert (table["vendor"] != table["vendor_to"]).all()
    assert len(table) == 6 * 7
    mean = curves_data["switching_flow"].sel(point="on").mean("month").dropna("replicate")
    row = table[(table["vendor"] == CHALLENGER) & (table["vendor_to"] == "postponed")].iloc[0]
    expected = np.median(mean.sel(vendor=CHALLENGER, vendor_to="postponed"))
    assert row["median"] == pytest.approx(expected, rel=1e-12)


def test_final_shows_two_humps(data):
    table = _numbers("final", data)
    assert len(table) == 6 * 39
    _, axes = plots()["final"].draw(data)
    row = axes[list(data.styles).index(CHALLENGER)]
    heights = np.array([bar.get_height() for bar in row.patches])
    filled = np.flatnonzero(heights)
    gap = np.diff(filled).max()
    assert gap > 3, "the two groups of runs lie apart"
    assert heights.sum() == 39


def test_bins_suit_the_narrowest_sample():
    wide, narrow = np.linspace(0.0, 1.0, 50), np.linspace(0.50, 0.52, 50)
    assert len(common_edges([wide, narrow], (5, 40))) == 41
    assert len(common_edges([wide], (5, 40))) - 1 == 5
    assert list(common_edges([[2.0, 2.0]], (5, 40))) == [1.5, 2.5]


def test_a_result_is_drawn_like_its_material(result):
    assert material(result).seed == 7
    fig, _ = plots()["prices"].draw(result)
    assert "root seed 7, scenario made-up abcdef01" in fig.get_supxlabel()
