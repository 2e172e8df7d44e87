from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sim.cli import main
from sim.runs import run as running
from tests.unit.runs.fake_market import DUEL, FailingMarket, FakeMarket
from tests.unit.study.conftest import study_file

__all__ = ["study_file"]

Write = Callable[..., Path]


@pytest.fixture(autouse=True)
def fake_market(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "_market_model", lambda: FakeMarket)


def status(*arguments: object) -> int:
    with pytest.raises(SystemExit) as stopped:
        main([str(argument) for argument in arguments])
    return int(stopped.value.code or 0)


def sweep(study: Path, out: Path, *options: object) -> int:
    return status("sweep", study, "--workers", 1, "--out", out, *options)


def test_the_screen_answers_in_24_lines_of_80_columns(
    study_file: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sweep(study_file(), tmp_path / "out") == 0
    told = capsys.readouterr()
    for words in (
        "Appeal of the new cloud",
        "2 factors, latin_hypercube: 7 points x 5 replicates = 35 runs",
        "New Cloud has 59.1 % of platform tokens on average",
        "Appeal api moves platform tokens most: 0 to 1 takes it up by",
        "Effects, points ",
        "Best for Old Cloud",
        "the new cloud stays below 60 % of tokens: in",
        f"result    {tmp_path}",
        "next      sim plot",
        "n = 35 runs, root seed 7",
    ):
        assert words in told.out
    assert "35/35 runs" in told.err
    lines = told.out.splitlines()
    assert len(lines) <= 24
    assert all(len(line) <= 80 for line in lines if str(tmp_path) not in line)


def folder_of(out: Path) -> Path:
    (folder,) = out.iterdir()
    return folder


def test_status_export_and_explain_read_what_was_stored(
    study_file: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sweep(study_file(), tmp_path / "out", "--json") == 0
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert told["claims"]["new_stays_small"]["runs"] == 35
    folder = folder_of(tmp_path / "out")
    assert told["folder"] == str(folder)
    assert status("status", folder) == 0
    assert "35 of 35 runs" in capsys.readouterr().out
    assert status("status", folder, "--json") == 0
    assert json.loads(capsys.readouterr().out)["runs"]["done"] == 35
    assert status("export", folder, "--csv", "--measure", "platform_token_share") == 0
    assert (folder / "tables" / "runs.csv").exists()
    assert status("export", folder) == 0
    capsys.readouterr()
    assert status("explain", folder, "--run", "p4/3", "--out", tmp_path / "run.toml") == 0
    assert "all equal to the last bit" in capsys.readouterr().out
    assert status("check", tmp_path / "run.toml") == 0
    assert status("explain", folder, "--run", "p44/3") == 2
    assert "nearest" in capsys.readouterr().err


def test_explain_tells_a_difference_and_exits_with_1(
    study_file: Write,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert sweep(study_file(), tmp_path / "out") == 0

    class Other(FakeMarket):
        def run(self) -> None:
            super().run()
            self.curves["hhi"] = self.curves["hhi"] + 1.0

    monkeypatch.setattr(running, "_market_model", lambda: Other)
    assert status("explain", folder_of(tmp_path / "out"), "--run", "p1/1") == 1
    assert "DIFFERS   hhi" in capsys.readouterr().out


def test_failed_runs_exit_with_3_and_are_told(
    study_file: Write,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(running, "_market_model", lambda: FailingMarket)
    assert sweep(study_file(), tmp_path / "out") == 3
    assert "FAILED    14 of 35 runs failed; first p0/1, serve" in capsys.readouterr().out


def test_an_interrupt_exits_with_130_and_the_same_command_goes_on(
    study_file: Write,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    runs: list[int] = []

    class Stopped(FakeMarket):
        def run(self) -> None:
            runs.append(1)
            if len(runs) == 9:
                os.kill(os.getpid(), signal.SIGINT)
            super().run()

    monkeypatch.setattr(running, "_market_model", lambda: Stopped)
    assert sweep(study_file(), tmp_path / "out") == 130
    assert "interrupted" in capsys.readouterr().err
    folder = folder_of(tmp_path / "out")
    assert status("status", folder, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["status"] == "interrupted"
    assert 0 < told["runs"]["done"] < 35
    assert sweep(study_file(), tmp_path / "out") == 0
    assert len(runs) == 35


@pytest.mark.slow
def test_run_adds_replicates_until_the_probability_is_known(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import sim.plot.save

    monkeypatch.setattr(sim.plot.save, "save_main", lambda *_: [])
    code = status(
        "run", DUEL, "--workers", 1, "--out", tmp_path, "--until-halfwidth", 0.2, "--json"
    )
    assert code == 0
    told = json.loads(capsys.readouterr().out)
    primary = told["verdict"]["verdicts"]["money_kept"]
    assert primary["n"] == told["verdict"]["replicates"] >= 8
    assert len(list(tmp_path.iterdir())) == {8: 2, 16: 3, 21: 4}[primary["n"]]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--branch-at", "July"), "YYYY-MM"),
        (("--branch-at", "2024-07"), "from the start"),
        (("--branch-at", "2031-07"), "inside the 14 months"),
        (("--replicates", "0"), "replicates"),
    ],
)
def test_what_makes_no_sense_is_one_line_and_exits_with_2(
    study_file: Write,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    options: tuple[str, ...],
    words: str,
) -> None:
    assert sweep(study_file(), tmp_path / "out", *options) == 2
    told = capsys.readouterr().err
    assert words in told
    assert "Traceback" not in told
    assert not (tmp_path / "out").exists()


def test_status_of_no_result_folder_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert status("status", tmp_path) == 2
    assert "no result folder" in capsys.readouterr().err
