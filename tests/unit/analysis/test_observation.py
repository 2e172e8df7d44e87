"""The observation model: rules that read any record, inputs, duplicates, free factors."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from sim.analysis.calibration.matching import known_figures, match, moments
from sim.analysis.calibration.reading import row_ids
from sim.analysis.calibration.record import Record, load_record
from sim.analysis.calibration.rules import kind_of, names, rule_of
from sim.analysis.calibration.validation import simulated, validate
from sim.errors import SimError
from sim.market.recorder import measures
from sim.scenario.reader import load

DAM = Path(__file__).parents[3] / "scenarios" / "volcano-dam.toml"
HALF, LATER = (date(2025, 1, 1), date(2025, 6, 30)), (date(2025, 7, 1), date(2025, 12, 31))
YEAR = (date(2024, 1, 1), date(2024, 12, 31))
FROST = "share_enterprise_llm_tokens_FrostSullivan"


@pytest.fixture(scope="module")
def dam():
    return load(DAM)


@pytest.fixture(scope="module")
def longer():
    return load(DAM, ["calendar.months=48"])


def _curves(scenario, **amounts):
    """One replicate; amounts of a month by name, growing by growth a month (all others 1)."""
    axes = {
        "vendor": list(scenario.vendors),
        "family": list(scenario.families),
        "offer": [f"api/{f.owner}/{name}" for name, f in scenario.families.items()],
    }
    months = scenario.calendar.months
    found = {}
    known = measures()
    for name, given in amounts.items():
        axis = known[name].dims[0]
        values = np.ones((1, 1, months, len(axes[axis])))
        for one, path in given.items():
            values[0, 0, :, axes[axis].index(one)] = path
        found[name] = (("point", "replicate", "month", axis), values, {"unit": known[name].unit})
    month = pd.date_range(scenario.calendar.start, periods=months, freq="MS")
    return xr.Dataset(found, {"point": ["on"], "replicate": [0], "month": month, **axes})


def _one(rows, scenario, identity, **amounts):
    target = next(t for t in match(rows, scenario).targets if t.id == identity)
    return float(simulated(target, _curves(scenario, **amounts))[0])


def _row(identity, metric, value, entity, unit="%", period=HALF, confidence="high"):
    return Record(identity, *period, entity, metric, value, unit, confidence=confidence)


# The shipped record


def test_at_least_150_rows_are_compared_or_given(dam):
    counts = match(load_record(), dam).counts
    assert counts["mapped"] + counts["inputs"] >= 150
    assert counts["mapped"] >= 50
    families = {target.family for target in match(load_record(), dam).targets}
    assert families >= {
        *("idc_tokens", "omdia_revenue", "frost", "list_price", "tenders", "developers"),
        *("all_usage_tokens", "home_clouds", "iaas_revenue", "calls"),
    }


def test_every_target_has_an_error_and_the_measures_exist(dam):
    for target in match(load_record(), dam).targets:
        assert target.error > 0.0, target.id
        assert set(target.measures) <= set(measures()), target.id
        assert (target.transform == "log") <= (target.value > 0.0)


def test_every_rule_names_measures_that_exist_and_patterns_that_compile():
    for rule in names().rules:
        assert not rule.measure or set(rule.measure.split("+")) <= set(measures()), rule.metric
        assert not rule.measure or rule.error + rule.points > 0.0, rule.metric
        assert not rule.measure or rule.family, rule.metric
        rule.reads(_row("a", "m", 1.0, "x"))


def test_order_and_repeats_of_rows_do_not_matter(dam):
    record = load_record()
    expected = match(record, dam)
    rng = np.random.default_rng(1)
    shuffled = [record[i] for i in rng.permutation(len(record))]
    assert match(shuffled, dam) == expected
    again = match([*shuffled, *shuffled[:40]], dam)
    assert again[:3] == expected[:3]
    assert len(again.duplicates) == len(expected.duplicates) + 40
    renamed = [replace(row, id=f"Z{row.id}") for row in record if row.period_start]
    twice = match([*renamed, *record], dam)
    assert twice.targets == expected.targets, "the same figures under other ids count once"


def test_what_the_scenario_is_fitted_to_counts_before_its_duplicates(dam):
    matched = match(load_record(), dam)
    of = {row.id: row.of for row in matched.duplicates}
    assert of["F0001"] == "F0073"
    assert of["F0024"] == "F0418", "a day inside the other's period"
    assert of["F0057"] == "F0055 + F0056", "a growth rate of two recorded totals"
    assert {target.id for target in moments(load_record(), dam).targets} == set(
        dam.calibration.targets
    )
    other = dam.replace({"calibration.targets": ["F0001"]})
    assert {row.id: row.of for row in match(load_record(), other).duplicates}["F0073"] == "F0001"
    with pytest.raises(SimError, match="F0057 cannot be fitted: the same figure as F0055"):
        moments(load_record(), dam.replace({"calibration.targets": ["F0057"]}))


def test_rows_after_the_cut_do_not_matter(dam):
    record, cut = load_record(), date(2024, 12, 31)
    late = {row.id for row in record if (row.period_end or row.period_start) > cut}
    corrupt = [
        replace(row, value=row.value * 7.0 + 1.0, entity="China market", unit="?")
        if row.id in late
        else row
        for row in record
    ]
    expected, found = match(record, dam, cut), match(corrupt, dam, cut)
    assert found.targets == expected.targets
    assert found.inputs == expected.inputs
    assert found.duplicates == expected.duplicates
    assert match([row for row in record if row.id not in late], dam).targets == expected.targets
    assert {row.id for row in found.unmapped if "recorded after" in row.reason} == late
    everything = {target.id: target for target in match(record, dam).targets}
    for target in expected.targets:
        assert everything[target.id] == target, "what comes later moves no earlier target"


# Inputs


def test_lists_in_force_are_inputs_and_what_a_run_must_find_are_targets(dam):
    matched = match(load_record(), dam)
    carriers = {row.id: row.carrier for row in matched.inputs}
    assert carriers["F0143"] == "event price_list doubao_pro 2024-05"
    assert carriers["F0188"] == "event price_list qwen_long 2024-06", "unchanged since"
    assert carriers["F0127"] == "event release deepseek_v 2024-05"
    assert carriers["F0392"] == "event supply 2025-04"
    assert carriers["F0121"].startswith("segments.*.")
    assert carriers["F0333"] == "vendors.alibaba_cloud.capacity.order_cap"
    assert "F0236" in {target.id for target in matched.targets}, "the output list rose fourfold"
    kept = [e for e in dam.events if e.what != "price_list" or e.month < date(2025, 1, 1)]
    without = dam.replace({"events": kept})
    prices = {t.id: t for t in match(load_record(), without).targets if t.family == "list_price"}
    assert {"F0194", "F0195", "F0224", "F0247", "F0248"} <= set(prices)
    assert prices["F0194"].items == ("api/deepseek/deepseek_v",)


def test_what_is_known_of_the_past_has_given_figures_too(dam):
    record = load_record()
    found = {target.id: target for target in known_figures(record, dam)}
    assert set(found) >= {target.id for target in match(record, dam).targets}
    assert {"F0143", "F0194", "F0098", "F0430", "F0398"} <= set(found)
    assert not set(found) & {"F0127", "F0333", "F0392"}, "windows, chips, events have no measure"
    lines = {t.vendor for t in found.values() if t.entity.startswith("ByteDance/Doubao-pro-32k")}
    assert lines == {"api/volcano_engine/doubao_pro"}
    assert found["F0137"].vendor != found["F0134"].vendor, "another tier is another series"


def test_a_list_price_keeps_the_ratio_of_the_last_list(dam):
    row = Record(
        "a", date(2026, 6, 1), None, "Doubao-2-pro", "api_list_price_output", 4.0, "yuan/M tokens"
    )
    price = _one([row], dam, "a", list_price={"api/volcano_engine/doubao_pro": 0.5})
    mixed = 0.8 * (1 - dam.demand.output_token_share) + 2.0 * dam.demand.output_token_share
    assert price == pytest.approx(0.5 * 2.0 / mixed)


def test_another_tier_compares_as_an_index(dam):
    metric = "api_list_price_input"
    rows = [
        Record("a", date(2025, 8, 1), None, "Alibaba/qwen-max", metric, 2.4, "yuan/M tokens"),
        Record("b", date(2026, 8, 1), None, "Alibaba/qwen9-max", metric, 9.0, "yuan/M tokens"),
    ]
    path = np.where(np.arange(36) < 24, 1.0, 2.5)
    assert [row.id for row in match(rows, dam).inputs] == ["a"]
    price = _one(rows, dam, "b", list_price={"api/alibaba_cloud/qwen_plus": path})
    assert price == pytest.approx(2.4 * 2.5)


# Figures


def test_own_apps_are_compared_with_measures_that_include_them(dam):
    day = (date(2025, 3, 31), None)
    rows = [
        _row("own", "daily_tokens_all_usage", 12.7, "ByteDance/Doubao", "trillion tokens/day", day),
        _row("all", "daily_tokens_NDA", 30.0, "China total", "trillion tokens/day", day),
        _row("none", "daily_tokens_all_usage", 1.0, "Huawei Cloud", "trillion tokens/day", day),
    ]
    platform = {"volcano_engine": 31e6}
    apps = {"volcano_engine": 62e6, "deepseek": 31e6}
    found = _one(rows, dam, "own", platform_tokens=platform, own_app_tokens=apps)
    assert found == pytest.approx(3.0), "93 trillion in a month of 31 days"
    zero = dict.fromkeys(dam.vendors, 0.0)
    whole = _one(rows, dam, "all", family_tokens=zero | platform, own_app_tokens=zero | apps)
    assert whole == pytest.approx(4.0)
    reasons = {row.id: row.reason for row in match(rows, dam).unmapped}
    assert "own apps count" in reasons["none"]


def test_a_survey_has_one_free_factor_and_its_changes_compare(dam):
    rows = [
        _row("q1", FROST, 18.0, "Alibaba/Qwen"),
        _row("d1", FROST, 12.0, "ByteDance/Doubao"),
        _row("q2", FROST, 33.0, "Alibaba/Qwen", period=LATER),
    ]
    path = dict.fromkeys(dam.vendors, 1.0)
    path["alibaba_cloud"] = np.where(np.arange(36) < 18, 2.0, 4.0)
    path["volcano_engine"] = 1.0
    others = len(dam.vendors) - 2
    for identity, expected in (
        ("q1", 20.0),
        ("d1", 10.0),
        ("q2", 30.0 * (4.0 / (5.0 + others)) / (3.0 / (3.0 + others))),
    ):
        assert _one(rows, dam, identity, family_tokens=path) == pytest.approx(expected)
    alone = match(rows[1:2], dam)
    assert [row.id for row in alone.inputs] == ["d1"], "alone it fixes the factor"


def test_tenders_are_key_accounts_up_to_a_factor(dam):
    rows = [
        _row("b1", "llm_tender_count", 60.0, "Baidu", "projects", YEAR),
        _row("v1", "llm_tender_count", 20.0, "Volcano Engine", "projects", YEAR),
        _row("b2", "llm_tender_count", 48.0, "Baidu AI Cloud", "projects"),
        _row("m1", "llm_tender_amount", 900.0, "China tenders", "million yuan", YEAR),
        _row("m2", "llm_tender_amount", 600.0, "China tenders", "million yuan"),
    ]
    accounts = {"baidu_ai_cloud": 3.0, "volcano_engine": 2.0}
    assert _one(rows, dam, "b1", key_accounts_held=accounts) == pytest.approx(48.0)
    assert _one(rows, dam, "b2", key_accounts_held=accounts) == pytest.approx(24.0)
    assert _one(rows, dam, "m2", full_stack_revenue={}) == pytest.approx(450.0), "half a year"
    assert "m1" in {row.id for row in match(rows, dam).inputs}


def test_developers_differ_by_a_factor_of_each_vendor(dam):
    days = [(date(2025, 1, 31), None), (date(2025, 6, 30), None)]
    rows = [
        _row("a", "derivative_models", 9.0, "Alibaba/Qwen", "models", days[0]),
        _row("b", "derivative_models", 12.0, "Alibaba/Qwen", "models", days[1]),
        _row("c", "derivative_models", 6.0, "DeepSeek", "models", days[1]),
    ]
    path = np.linspace(12.0, 47.0, 36)
    found = _one(rows, dam, "b", developers={"qwen_open": path})
    assert found == pytest.approx(9.0 * path[17] / path[12])
    assert {row.id for row in match(rows, dam).inputs} == {"a", "c"}


@pytest.mark.parametrize(
    ("metric", "entity", "unit", "expected"),
    [
        ("gap_public_cloud_tokens_X", "Volcano Engine vs Alibaba Cloud", "points", 100.0 * 2 / 8),
        ("multiple_public_cloud_tokens_X", "Volcano Engine over Alibaba Cloud", "x", 3.0),
        ("growth_yoy_public_cloud_tokens_X", "Volcano Engine", "%", 200.0),
        ("public_cloud_llm_tokens_X", "China market", "trillion tokens", 48e-6),
        ("rank_public_cloud_llm_tokens_X", "Volcano Engine", "rank", 1.0),
        ("share_external_tokens_X", "Volcano Engine", "%", 37.5),
    ],
)
def test_any_publisher_of_a_known_scope_is_read(dam, metric, entity, unit, expected):
    row = _row("a", metric, 2.0, entity, unit)
    path = np.where(np.arange(36) < 12, 1.0, 3.0)
    found = _one(
        [row], dam, "a", platform_tokens_domestic={"volcano_engine": path, "deepseek": 0.0}
    )
    assert found == pytest.approx(expected)


def test_errors_grow_with_doubt(dam):
    high, low = (
        match([_row("a", "ai_cloud_revenue_Omdia", 20.0, "China market", "billion yuan", c)], dam)
        for c in (HALF, HALF)
    )
    assert high.targets[0].error == pytest.approx(0.6)
    row = _row("a", "ai_cloud_revenue_Omdia", 20.0, "China market", "billion yuan", HALF, "low")
    low = match([row], dam)
    assert low.targets[0].error == pytest.approx(1.8)
    assert low.targets[0].transform == "log"


def test_names_say_kinds_and_sources_name_rows():
    assert kind_of("rank_x") == ("rank", "")
    assert kind_of("growth_vs_full_2024") == ("growth", "2024")
    assert kind_of("x_revenue_growth_yoy") == ("growth", "year")
    assert kind_of("monthly_growth_x") == ("growth", "previous")
    assert kind_of("revenue_ai_cloud") == ("total", "")
    assert list(row_ids("F0121 to F0123, and F0007")) == ["F0121", "F0122", "F0123", "F0007"]
    assert list(row_ids("shipments F0384-F0385")) == ["F0384", "F0385"]
    assert rule_of(_row("a", "page_counter", 1.0, "x")).reason == "no figure of the market"


# A later file

LATER_FILE = """id,period_start,period_end,entity,metric,value,unit,confidence
N01,2025-07-01,2025-12-31,Volcano Engine,share_llm_tokens_external_NewCo,51,%,high
N02,2026-01-01,2026-12-31,Alibaba Cloud,share_external_model_tokens_OtherCo,30,%,high
N03,2026-01-01,2026-12-31,China market,external_llm_tokens_NewCo,9000,trillion tokens,high
N04,2026-07-01,2026-12-31,Alibaba Cloud,share_ai_cloud_revenue_NewCo,36,%,high
N05,2026-07-01,2026-12-31,China market,ai_cloud_revenue_NewCo,9.5,billion USD,high
N06,2025-07-01,2025-12-31,Alibaba/Qwen,share_enterprise_llm_tokens_NewCo,32,%,high
N07,2025-07-01,2025-12-31,ByteDance/Doubao,share_enterprise_llm_tokens_NewCo,21,%,high
N08,2026-03-31,,ByteDance/Doubao,daily_tokens_all_usage,120,trillion tokens/day,high
N09,2026-08-01,,Alibaba/qwen4.5-plus,api_list_price_input,1.2,yuan/M tokens,high
N10,2026-08-01,,ByteDance/doubao-seed-2.1-pro,api_list_price_output,12,yuan/M tokens,high
N11,2027-01-01,2027-06-30,Baidu AI Cloud,llm_tender_count,150,projects,high
N12,2025-07-01,2025-12-31,Baidu AI Cloud,llm_tender_count,120,projects,high
N13,2027-06-30,,Alibaba/Qwen,derivative_models,400000,models,high
N14,2026-06-30,,Alibaba/Qwen,derivative_models,240000,models,high
N15,2026-01-01,2026-03-31,Tencent,capex_quarter,31.9,billion yuan,high
N16,2026-01-01,2026-06-30,Volcano Engine,share_maas_revenue_NewCo,44,%,medium
N17,2026-01-01,2026-06-30,Volcano Engine,growth_yoy_external_tokens_NewCo,300,%,medium
N18,2027-12-31,,China total,daily_tokens_national,900,trillion tokens/day,high
N19,2027-02-01,,Baidu,stage_applause,7,claps,high
"""


def test_a_later_file_with_new_names_is_read_by_the_same_rules(longer, tmp_path):
    path = tmp_path / "later.csv"
    path.write_text(LATER_FILE, encoding="utf-8")
    rows = load_record(path)
    matched = match(rows, longer)
    assert sorted(row.id for part in matched for row in part) == [row.id for row in rows]
    found = {target.id: target for target in matched.targets}
    assert {name: (t.kind, t.measure) for name, t in found.items()} == {
        "N01": ("share", "platform_tokens_domestic"),
        "N02": ("share", "platform_tokens_domestic"),
        "N03": ("total", "platform_tokens_domestic"),
        "N04": ("share", "full_stack_revenue"),
        "N05": ("total", "full_stack_revenue"),
        "N06": ("ratio", "family_tokens"),
        "N07": ("ratio", "family_tokens"),
        "N08": ("rate", "platform_tokens+own_app_tokens"),
        "N09": ("level", "list_price"),
        "N10": ("level", "list_price"),
        "N11": ("scaled", "key_accounts_held"),
        "N13": ("scaled", "developers"),
        "N16": ("share", "maas_revenue"),
        "N17": ("growth", "platform_tokens_domestic"),
        "N18": ("rate", "family_tokens+own_app_tokens"),
    }
    assert [row.id for row in matched.inputs] == ["N12", "N14", "N15"]
    assert [(row.id, row.reason) for row in matched.unmapped] == [
        ("N19", "no measure of a run answers to this metric")
    ]
    curves = _curves(longer, **{name: {} for t in found.values() for name in t.measures})
    report = validate(curves, longer, rows)
    assert report.counts == {"mapped": 15, "inputs": 3, "duplicates": 0, "unmapped": 1}
    both = match([*load_record(), *rows], longer)
    assert set(found) <= {target.id for target in both.targets}
