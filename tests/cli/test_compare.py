from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sim.cli import main
from sim.runs import run as running
from tests.unit.runs.fake_market import DUEL, FailingMarket, FakeMarket


@pytest.fixture(autouse=True)
def fake_market(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "_market_model", lambda: FakeMarket)


@pytest.fixture
def other(tmp_path: Path) -> Path:
    path = tmp_path / "nicer.toml"
    path.write_text(DUEL.read_text().replace("api = 0.5", "api = 0.7"))
    return path


def status(*arguments: Any) -> int:
    with pytest.raises(SystemExit) as stopped:
        main([str(argument) for argument in arguments])
    return int(stopped.value.code or 0)


def sim_compare(out: Path, *arguments: Any) -> int:
    return status("compare", *arguments, "--workers", 1, "--out", out)


@pytest.mark.slow
def test_the_screen_shows_differences_flows_and_what_they_rest_on(
    tmp_path: Path, other: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sim_compare(tmp_path, DUEL, other, "--measure", "profit", "--verbose") == 0
    told = capsys.readouterr().out
    first = told.split("\n\n\n")[0].splitlines()
    assert first[0] == "What does nicer change against duel?"
    assert "of 6 measures differ" in told or "of 6 differences" in told
    for words in (
        "nicer less duel, mean of the last 12 months",
        "  vendors.new.appeal.api: 0.5 -> 0.7",
        "platform_token_share [%]",
        "profit [yuan/month]",
        "switching flows that differ most",
        "Old Cloud -> New Cloud",
        "p adjusted by Holm over all 6 differences",
        "platform_token_share 0.03",
        "n = 4 pairs, root seed 7, scenarios duel ",
        f"result   {tmp_path}",
    ):
        assert words in told
    (folder,) = tmp_path.glob("duel-*")
    assert (folder / "figures/compare_platform_token_share.png").exists()
    assert (folder / "figures/compare_profit.csv").exists()


@pytest.mark.slow
def test_json_and_the_second_call_use_one_folder(
    tmp_path: Path, other: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sim_compare(tmp_path, DUEL, other, "--json", "--margin", "0.5") == 0
    first = json.loads(capsys.readouterr().out)
    assert sim_compare(tmp_path, DUEL, other, "--json", "--margin", "0.5") == 0
    assert json.loads(capsys.readouterr().out) == first
    assert len(list(tmp_path.glob("duel-*"))) == 1
    rows = first["comparison"]["differences"]
    assert {row["margin"] for row in rows} == {0.5}
    assert all(row["equivalent"] for row in rows)
    assert first["comparison"]["worlds"] == ["duel", "nicer"]


def test_the_same_file_twice_differs_by_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sim_compare(tmp_path, DUEL, DUEL, "--json") == 0
    found = json.loads(capsys.readouterr().out)["comparison"]
    assert found["worlds"] == ["duel", "duel-2"]
    assert {(r["mean"], r["low"], r["high"]) for r in found["differences"]} == {(0.0, 0.0, 0.0)}


def test_failed_runs_exit_with_3(
    tmp_path: Path,
    other: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(running, "_market_model", lambda: FailingMarket)
    assert sim_compare(tmp_path, DUEL, other) == 3
    assert "4 runs failed" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--margin", "0"), "--margin 0: needs a positive number"),
        (("--margin", "profit=much"), "--margin profit=much: needs a positive number"),
        (("--measure", "proft"), "no measure is called 'proft' (nearest: profit)"),
    ],
)
def test_what_makes_no_sense_is_one_line_and_exits_with_2(
    tmp_path: Path,
    other: Path,
    capsys: pytest.CaptureFixture[str],
    options: tuple[str, ...],
    words: str,
) -> None:
    assert sim_compare(tmp_path, DUEL, other, *options) == 2
    assert words in capsys.readouterr().err


def test_other_calendars_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shorter = tmp_path / "shorter.toml"
    shorter.write_text(DUEL.read_text().replace("months = 14", "months = 12"))
    assert sim_compare(tmp_path, DUEL, shorter) == 2
    assert "shorter: other calendar than duel (12 months" in capsys.readouterr().err
    assert sim_compare(tmp_path, DUEL) == 2
    assert "two scenarios" in capsys.readouterr().err
    assert not list(tmp_path.glob("duel-*"))


@pytest.mark.slow
def test_run_with_the_horizon_says_how_many_seeds_keep_their_class(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import sim.plot.save

    monkeypatch.setattr(sim.plot.save, "save_main", lambda *_: [])
    options = ("--set", "containment.horizon_months=3", "--workers", 1, "--out", tmp_path)
    assert status("run", DUEL, "--horizon", "--verbose", *options) == 0
    told = capsys.readouterr().out
    assert "At month 17 4 of 4 runs end as before: 100 (" in told
    assert "The challenger is held back in " in told
    (result,) = tmp_path.glob("duel-*/horizon.json")
    assert status("run", DUEL, "--verbose", *options) == 0
    assert "At month 17" in capsys.readouterr().out, "a longer run there is used"
    events = json.loads((result.parent / "verdict.json").read_text())["events"]
    assert events["states"]["held_back"]["first"]["n"] == 4
