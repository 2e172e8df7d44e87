"""The record is read whole, and every row of it is a target or says why not."""

from datetime import date
from pathlib import Path

import pytest

from sim.analysis.calibration.matching import match, targets
from sim.analysis.calibration.record import Record, factor, load_record, size_of
from sim.errors import SimError
from sim.scenario.reader import load
from sim.scenario.schema.scenario import Scenario

DAM = Path(__file__).parents[3] / "scenarios" / "volcano-dam.toml"
HEADER = "id,period_start,period_end,entity,metric,value,unit,kind\n"
TOKEN_SHARE = "share_public_cloud_llm_tokens_external_IDC"
REVENUE_SHARE = "share_ai_cloud_revenue_Omdia_IaaS+PaaS+MaaS"
FAMILY_SHARE = "share_enterprise_llm_tokens_FrostSullivan"


def make_scenario(start="2024-01", months=36, **vendors):
    named = {
        "alibaba_cloud": {},
        "volcano_engine": {},
        "baidu_ai_cloud": {},
        "hw": {"label": "Huawei Cloud"},
        "tencent_cloud": {},
        "deepseek": {"model_company": True},
    }
    return Scenario.model_validate(
        {
            "name": "history",
            "calendar": {"start": start, "months": months},
            "segments": {"all": {"share": 1.0}},
            "kinds": {"chat": {"presence": 1.0, "volume": 1.0}},
            "vendors": vendors or named,
        }
    )


@pytest.fixture
def write(tmp_path):
    def write(text):
        path = tmp_path / "record.csv"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_the_shipped_record_is_read_whole():
    record = load_record()
    assert len(record) == 343
    first = record[0]
    assert first == Record(
        "F0001",
        date(2024, 1, 1),
        date(2024, 12, 31),
        "Volcano Engine",
        TOKEN_SHARE,
        46.4,
        "%",
        "article",
        "000_5083f7d96f397918.txt",
        "",
        "high",
        "IDC via seed; also used on the airport billboard",
    )
    assert sum(row.period_end is None for row in record) == 176


def _ids(matched):
    return [row.id for rows in matched for row in rows]


def test_every_row_is_a_target_an_input_a_duplicate_or_has_a_reason():
    record = load_record()
    for scenario in (make_scenario(), load(DAM)):
        matched = match(record, scenario)
        assert sorted(_ids(matched)) == [row.id for row in record]
        assert sum(matched.counts.values()) == len(record)
        assert all(row.reason for row in matched.unmapped)
        assert all(row.carrier for row in matched.inputs)


def test_the_targets_of_the_history():
    found = {target.id: target for target in targets(load_record(), make_scenario())}
    kinds = {}
    for target in found.values():
        kinds.setdefault((target.metric, target.kind), []).append(target.id)
    assert {key: len(kinds[key]) for key in kinds if "IDC" in key[0] or "Omdia" in key[0]} == {
        (TOKEN_SHARE, "share"): 5,
        ("rank_public_cloud_llm_tokens_external_IDC", "rank"): 2,
        ("external_llm_tokens_IDC", "total"): 2,
        ("monthly_growth_IDC", "growth"): 1,
        (REVENUE_SHARE, "share"): 5,
        ("ai_cloud_revenue_Omdia", "total"): 2,
        ("genai_iaas_revenue_IDC", "total"): 1,
    }
    assert len(kinds[FAMILY_SHARE, "ratio"]) == 3
    assert found["F0082"].vendors == ("hw",), "found by its label"
    assert found["F0074"].vendors == ("baidu_ai_cloud", "alibaba_cloud")
    assert found["F0078"].vendor == "alibaba_cloud"
    assert found["F0078"].value == 27.0


def test_scopes_are_declared_filters():
    found = {target.id: target for target in targets(load_record(), make_scenario())}
    assert "deepseek" not in found["F0077"].peers, "no model company among cloud platforms"
    assert "deepseek" in found["F0081"].peers
    assert found["F0100"].peers == ("alibaba_cloud", "deepseek", "volcano_engine")
    assert found["F0100"].scale == pytest.approx(17.7 + 14.1 + 10.3)
    assert found["F0077"].picture == "platform_token_share"
    assert not found["F0100"].picture, "another scope than any curve"


@pytest.mark.parametrize(
    ("scenario", "row", "reason"),
    [
        (make_scenario(), "F0004", "own apps count"),
        (make_scenario(), "F0034", "a day of a longer period"),
        (make_scenario(), "F0137", "the scenario has no family qwen_plus"),
        (make_scenario(), "F0432", "iFlytek is no vendor"),
        (make_scenario(start="2024-07"), "F0001", "outside the 36 months from 2024-07"),
        (make_scenario(months=12), "F0058", "outside the 12 months"),
        (make_scenario(start="2025-02"), "F0058", "outside the 36 months"),
        (make_scenario(a={}, b={}), "F0077", "Volcano Engine is no vendor"),
        (make_scenario(volcano_engine={"model_company": True}), "F0077", "outside the scope"),
    ],
)
def test_a_figure_that_does_not_compare_says_why(scenario, row, reason):
    reasons = {row.id: row.reason for row in match(load_record(), scenario).unmapped}
    assert reason in reasons[row]


def test_unknown_metrics_and_entities_are_listed(write):
    rows = (
        "A1,2025-01,2025-06,Volcano Engine,applause,3,claps,\n"
        "A2,2025-01,2025-06,Moonshot,external_llm_tokens_IDC,3,trillion tokens,\n"
        f"A3,,2025-06,Volcano Engine,{TOKEN_SHARE},3,%,\n"
        "A4,2025-01,2025-06,Volcano Engine,external_llm_tokens_IDC,3,trillion tokens,\n"
    )
    matched = match(load_record(write(HEADER + rows)), make_scenario())
    assert [target.vendors for target in matched.targets] == [("volcano_engine",)]
    assert [(row.id, row.metric) for row in matched.unmapped] == [
        ("A1", "applause"),
        ("A2", "external_llm_tokens_IDC"),
        ("A3", TOKEN_SHARE),
    ]
    assert "no measure" in matched.unmapped[0].reason
    assert "Moonshot is no vendor" in matched.unmapped[1].reason
    assert "no period" in matched.unmapped[2].reason


def test_a_row_that_is_there_twice_is_read_once(write):
    row = f"1,2025-01,2025-06,Volcano Engine,{TOKEN_SHARE},49.2,%,\n"
    assert load_record(write(HEADER + row + row)) == load_record(write(HEADER + row))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("id,entity\n1,x\n", "no column period_start, period_end, metric, value, unit"),
        ("", "no column id"),
        (HEADER + "1,,,x,m,about 3,%,\n", ":2: value 'about 3' is no finite number"),
        (HEADER + "1,,,x,m,nan,%,\n", ":2: value 'nan' is no finite number"),
        (HEADER + "1,,,x,m,,%,\n", ":2: empty value"),
        (HEADER + "1,2025-02-30,,x,m,3,%,\n", "'2025-02-30' is no date"),
        (HEADER + "1,2025-02-01,2025-01-01,x,m,3,%,\n", "ends 2025-01-01 before it starts"),
        (HEADER + "1,,,x,m,3,%,\n1,,,y,m,3,%,\n", ":3: id '1' appears twice"),
        (HEADER + "1,,,x,m,3,%,k,extra\n", "line 2 = 9 cells, columns: 8"),
    ],
)
def test_a_record_that_cannot_be_read_says_where(write, text, message):
    with pytest.raises(SimError) as error:
        load_record(write(text))
    assert message in str(error.value)


def test_all_bad_rows_are_told_at_once(write):
    text = HEADER + "1,,,x,m,a,%,\n2,,,x,m,3,%,\n3,,,x,m,b,%,\n"
    with pytest.raises(SimError) as error:
        load_record(write(text))
    assert [line.split(":")[1] for line in str(error.value).splitlines()] == ["2", "4"]


def test_a_record_that_is_not_there_or_no_text_is_an_expected_error(tmp_path):
    with pytest.raises(SimError, match="no such file"):
        load_record(tmp_path / "none.csv")
    (tmp_path / "bytes.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SimError, match="no UTF-8 text"):
        load_record(tmp_path / "bytes.csv")


@pytest.mark.parametrize(
    ("source", "target", "expected"),
    [
        ("M tokens", "trillion tokens", 1e-6),
        ("million tokens/month", "trillion tokens", 1e-6),
        ("yuan", "billion yuan", 1e-9),
        ("M yuan", "billion yuan", 1e-3),
        ("T tokens", "trillion tokens", 1.0),
    ],
)
def test_units_convert(source, target, expected):
    assert factor(source, target) == pytest.approx(expected, rel=1e-15)


def test_units_that_measure_other_things_do_not_convert():
    with pytest.raises(SimError, match="'yuan' does not convert to 'trillion tokens'"):
        factor("yuan", "trillion tokens")
    with pytest.raises(SimError, match="unit is missing"):
        factor("", "yuan")
    assert size_of("tokens") == (1.0, "tokens")
    assert factor("share", "%") == 100.0
    assert factor("yuan/million tokens", "yuan/M tokens") == 1.0
    assert factor("million tokens/month", "trillion tokens/day") == pytest.approx(1e-6)
    assert factor("yuan", "billion USD") == pytest.approx(1.0 / 7.2e9)
