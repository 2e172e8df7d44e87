"""What each figure shows: its numbers are those of the stored curves, and its shapes are there."""

import numpy as np
import pytest
import xarray as xr
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure

from sim.analysis.statistics import goodman_intervals
from sim.analysis.verdict.outcomes import OutcomeClass
from sim.errors import SimError
from sim.plot.canvas import common_edges, log_ticks, spread_out
from sim.plot.material import Material, material
from sim.plot.registry import plots
from sim.plot.words import amount

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
    fig, axes = plots()["curves"].draw(data, "profit")
    assert [ax.get_title(loc="left") for ax in axes[:2]] == ["Volcano Engine", "Alibaba Cloud"]
    for ax, style in zip(axes, _in_order(data, axes), strict=True):
        assert len(ax.collections) == 2, "a 50 % and a 90 % band in the vendor's own panel"
        own = next(line for line in ax.lines if line.get_label() == style.label)
        assert own.get_color() == style.colour
        assert len(ax.lines) == len(data.styles), "the others are pale behind it"
    assert fig.get_supylabel() == "profit, million yuan"
    assert "Revenue less cost. Title: means of the last 12 months." in _text(fig)


def _in_order(data, axes):
    by_label = {style.label: style for style in data.styles.values()}
    return [by_label[ax.get_title(loc="left").replace("\n", " ")] for ax in axes]


def _text(fig):
    return " ".join(text.get_text() for text in fig.texts).replace("\n", " ")


def test_at_most_four_vendors_have_bands_in_one_panel(data):
    _, axes = plots()["belts"].draw(data)
    for ax in axes:
        assert sum(isinstance(one, PolyCollection) for one in ax.collections) == 2 * 4
        assert len({line.get_label() for line in ax.lines} & _labels(data)) == len(data.styles)
        assert {text.get_text() for text in ax.texts} == _labels(data), "every line is named"
    few = Material(data.curves.isel(vendor=[0, 1, 2]), data.scenario, 1, data.scenario_hash)
    _, ax = plots()["curves"].draw(few)
    assert sum(isinstance(one, PolyCollection) for one in ax.collections) == 2 * 3


def _labels(data):
    return {style.label for style in data.styles.values()}


@pytest.mark.slow
def test_titles_state_what_was_found(data, curves_data):
    def mean(point, vendor):
        share = curves_data["platform_token_share"].sel(point=point, vendor=vendor)
        return 100.0 * float(share.isel(month=slice(-12, None)).mean())

    on, off = mean("on", CHALLENGER), mean("off_money_kept", CHALLENGER)
    fig, _ = plots()["curves"].draw(data)
    assert fig.get_suptitle() == (
        f"Volcano Engine holds {on:.0f}\u00a0% of platform tokens; "
        f"without Alibaba Cloud's moves {off:.0f}\u00a0%"
    )
    fig, _ = plots()["worlds"].draw(data)
    assert f"would hold {off:.0f}\u00a0%, {off - on:.1f} points more (" in _flat(fig)
    counts = _numbers("classes", data).query("point == 'on'").set_index("outcome_class")["count"]
    fig, _ = plots()["classes"].draw(data)
    assert f"{counts.idxmax()} in {counts.max()} of 39" in _flat(fig)


def _flat(fig):
    return fig.get_suptitle().replace("\n", " ")


def test_the_record_is_drawn_over_its_period_once(data):
    table = _numbers("curves", data)
    record = table[table["recorded"].notna()]
    own = record[record["vendor"] == CHALLENGER]
    assert list(own["recorded"]) == pytest.approx([0.464, 0.492])
    assert list(own["month"].astype(str)) == ["2024-01-01", "2025-01-01"]
    assert list(own["period_end"].astype(str)) == ["2024-12-31", "2025-06-30"]
    fig, axes = plots()["curves"].draw(data)
    assert sum(len(ax.containers) for ax in axes) == len(record) == 4
    assert "publisher's scope" in fig.get_supxlabel().replace("\n", " ")


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
    _, axes = plots()["curves"].draw(changed)
    lines = {line.get_label(): line for ax in axes for line in ax.lines}
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
    fig, ax = plots()["prices"].draw(data)
    assert "Title: medians of the first and the last month." in _text(fig)
    assert ax.get_yscale() == "log"
    assert ax.get_ylabel() == "price, log scale, yuan per M tokens"
    assert len(ax.get_yticks()) >= 4


@pytest.mark.parametrize(("low", "high"), [(0.61, 0.64), (0.9, 1.7), (0.07, 30.0), (1e-3, 1e5)])
def test_a_log_axis_has_at_least_four_plain_numbers(low, high):
    ax = Figure().subplots()
    ax.set_yscale("log")
    ax.set_ylim(low, high)
    log_ticks(ax.yaxis)
    ticks = [tick for tick in ax.get_yticks() if low <= tick <= high]
    assert 4 <= len(ticks) <= 12


def test_labels_are_moved_apart_but_no_farther():
    places = spread_out(np.array([0.0, 1.0, 50.0]), np.array([10.0, 10.0, 10.0]), 0.0, 100.0)
    assert list(places) == [5.0, 15.0, 50.0]
    many = spread_out(np.zeros(5), np.full(5, 30.0), 0.0, 100.0)
    assert list(np.diff(many)) == [30.0] * 4


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        (0.4666, "share", "47\u00a0%"),
        (0.0042, "share", "0.4\u00a0%"),
        (-0.0001, "share", "0\u00a0%"),
        (1.93e9, "yuan/month", "1.9 billion yuan a month"),
        (4.14e8, "yuan/month", "414 million yuan a month"),
        (0.1432, "yuan/million tokens", "0.14 yuan per million tokens"),
        (0.31, "-", "0.31"),
    ],
)
def test_numbers_are_said_with_the_digits_a_reader_keeps(value, unit, said):
    assert amount(value, unit) == said


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
