"""`sim new` writes files that are checked and run as they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.cli import main
from sim.runs.study.reader import load_study
from sim.scenario.reader import load


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def status(*arguments: str) -> int:
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    return int(stopped.value.code or 0)


def test_a_minimal_market_has_40_lines_and_runs(here: Path) -> None:
    assert status("new", "--minimal", "small") == 0
    assert len((here / "small.toml").read_text().splitlines()) <= 40
    assert load("small.toml").name == "small"
    few = ("--replicates", "1", "--clients", "60", "--set", "calendar.months=12")
    assert status("run", "small.toml", "--workers", "1", "--json", *few) == 0


def test_a_study_varies_the_moves_of_a_scenario(here: Path) -> None:
    assert status("new", "--study", "look") == 0
    assert status("new", "--minimal", "small") == 0
    assert status("new", "--study", "own", "--from", "small.toml") == 0
    assert status("check", "look.toml", "own.toml") == 0
    looked, own = load_study("look.toml"), load_study("own.toml")
    assert (looked.scenario.name, own.scenario.name) == ("tiny", "small")
    assert [factor.path for factor in looked.factors] == ["world", "demand.switching_cost.family"]
    assert own.study.claims["stays_small"].of == "new_cloud"


@pytest.mark.parametrize("base", ["tiny", "volcano-dam"])
def test_a_copy_of_a_shipped_scenario_differs_in_its_name_alone(here: Path, base: str) -> None:
    assert status("new", "--from", base, "mine") == 0
    mine, theirs = load("mine.toml"), load(base)
    assert mine.name == "mine"
    assert mine.replace({"name": base}) == theirs.replace({"posterior": None})


def test_two_ways_to_begin_are_refused(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert status("new", "--minimal", "--from", "tiny", "mine") == 2
    assert "--minimal writes a scenario of its own" in capsys.readouterr().err
    assert not list(here.iterdir())
