"""The verbs new, schema, describe, list and verify."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sim.cli import main
from sim.scenario.describe import markdown
from sim.scenario.shape import json_schema
from sim.strategies.registry import KINDS, strategies

WRONG = Path(__file__).parent / "wrong"


def status(*arguments: object) -> int:
    with pytest.raises(SystemExit) as stop:
        main([str(argument) for argument in arguments])
    return int(stop.value.code or 0)


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_new_writes_a_file_that_is_fine(capsys: pytest.CaptureFixture[str]) -> None:
    assert status("new", "demo") == 0
    assert status("check", "demo.toml") == 0
    assert "demo.toml: fine" in capsys.readouterr().out


def test_new_prefers_the_scenarios_folder(tmp_path: Path) -> None:
    (tmp_path / "scenarios").mkdir()
    assert status("new", "theory/demo") == 0
    assert (tmp_path / "scenarios/theory/demo.toml").is_file()


def test_new_never_overwrites(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "demo.toml").write_text("mine")
    assert status("new", "demo") == 2
    assert (tmp_path / "demo.toml").read_text() == "mine"
    assert "exists and stays as it is" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["../demo", "/demo", "De mo", "", "x/", "a.b", "a/../../b"])
def test_new_refuses_names(name: str, tmp_path: Path) -> None:
    assert status("new", name) == 2
    assert list(tmp_path.rglob("*")) == []


def test_schema_goes_to_screen_or_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert status("schema") == 0
    assert json.loads(capsys.readouterr().out) == json_schema()
    assert status("schema", "--out", "s.json") == 0
    assert json.loads((tmp_path / "s.json").read_text()) == json_schema()


def test_describe_is_the_reference(capsys: pytest.CaptureFixture[str]) -> None:
    assert status("describe") == 0
    assert capsys.readouterr().out == markdown()


def test_describe_scenario_gives_sources(capsys: pytest.CaptureFixture[str]) -> None:
    assert status("describe", "--scenario", WRONG / "base.toml") == 0
    assert "| `vendors.old_cloud.home_share` | 0.5 | share |" in capsys.readouterr().out


def test_out_to_a_missing_folder_is_an_expected_error(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert status("schema", "--out", "no/such/folder/s.json") == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_list_strategies(capsys: pytest.CaptureFixture[str]) -> None:
    assert status("list", "strategies", "--json") == 0
    listed = [row["name"] for row in json.loads(capsys.readouterr().out)["strategies"]]
    assert listed == [f"{kind}: {name}" for kind in KINDS for name in strategies(kind)]


def test_list_scenarios_tells_studies_and_broken_files(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "scenarios"
    folder.mkdir()
    (folder / "a.toml").write_text('title = "One"\n[calendar]\nmonths = 3\n')
    (folder / "b.toml").write_text('extends = "a.toml"\n')
    (folder / "broken.toml").write_text("= 3")
    (folder / "study.toml").write_text('scenario = "a.toml"\n')
    assert status("list", "scenarios", "--json") == 0
    rows = {row["name"]: row["doc"] for row in json.loads(capsys.readouterr().out)["scenarios"]}
    own = [name for name in rows if name.endswith(".toml")]
    assert own == ["scenarios/a.toml", "scenarios/b.toml", "scenarios/broken.toml"]
    assert "volcano-dam" in rows
    assert rows["scenarios/a.toml"] == "One"
    assert rows["scenarios/broken.toml"].startswith("cannot be read")


def test_list_everything_has_sections(capsys: pytest.CaptureFixture[str]) -> None:
    assert status("list") == 0
    out = capsys.readouterr().out
    assert "strategies:\n" in out
    assert "  pricing: list " in out


def shipped(family: str) -> list[dict[str, object]]:
    from sim.analysis.verification.verify import load_cases

    return [case for case in load_cases() if case["family"] == family][:1]


def test_verify_agrees_and_writes_answers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cases = shipped("calvano")
    (tmp_path / "cases.json").write_text(json.dumps(cases))
    assert status("verify", "--cases", "cases.json", "--answers", "out.json") == 0
    out = capsys.readouterr().out
    assert "dropped" not in out
    assert f"pass  {cases[0]['id']}" in out
    assert "1 of 1 cases of 1 families agree" in out
    answers = json.loads((tmp_path / "out.json").read_text())
    assert set(answers[cases[0]["id"]]) >= set(cases[0]["expected"])  # type: ignore[call-overload]


def test_verify_lists_what_it_dropped(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cases = [*shipped("calvano"), *shipped("concentration"), *shipped("multihoming")]
    (tmp_path / "cases.json").write_text(json.dumps(cases))
    assert status("verify", "--cases", "cases.json") == 0
    out = capsys.readouterr().out
    assert "2 of 2 cases of 2 families agree" in out
    assert "  multihoming: no measure reports" in out
    assert "  concentration.cr1: no measure reports" in out
    assert status("verify", "--cases", "cases.json", "--json") == 0
    report = json.loads(capsys.readouterr().out)
    assert {"multihoming", "concentration.cr1"} <= set(report["dropped"])
    assert "bass.cumulative" not in report["dropped"]


def test_verify_fails_on_one_wrong_number(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cases = shipped("calvano")
    expected = cases[0]["expected"]
    assert isinstance(expected, dict)
    key = next(key for key, value in expected.items() if isinstance(value, float))
    expected[key] += 1.0
    (tmp_path / "cases.json").write_text(json.dumps(cases))
    assert status("verify", "--cases", "cases.json", "--failed") == 1
    assert f"FAIL  {cases[0]['id']}  {key}" in capsys.readouterr().out
    assert status("verify", "--cases", "cases.json", "--json") == 1
    report = json.loads(capsys.readouterr().out)
    assert report["passed"] is False
    assert [row["path"] for row in report["rows"] if not row["passed"]] == [key]


def test_verify_names_families_without_an_adapter(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    strange = {
        "id": "s-1",
        "family": "strange",
        "inputs": {},
        "expected": {"x": 1},
        "tolerance": {"abs": 0.0, "rel": 0.0},
    }
    (tmp_path / "cases.json").write_text(json.dumps([*shipped("concentration"), strange]))
    assert status("verify", "--cases", "cases.json") == 0
    assert "not known: strange" in capsys.readouterr().out


@pytest.mark.parametrize("text", ["{", "{}", "[{}]"])
def test_verify_refuses_what_is_no_list_of_cases(
    text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "cases.json").write_text(text)
    assert status("verify", "--cases", "cases.json") == 2
    assert capsys.readouterr().err.count("\n") == 1
