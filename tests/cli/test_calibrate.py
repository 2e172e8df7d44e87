"""`sim calibrate` on a small market: one point, and a posterior."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sim.analysis.posterior import read_posterior
from sim.cli import main

TINY = Path(__file__).parents[2] / "scenarios" / "tiny.toml"
SCENARIO = """
extends = "tiny.toml"
levers = {}
population.clients = 300
[mechanisms]
adoption = false
capacity = false
[[fit]]
name = "volume"
paths = ["kinds.assistant.volume"]
scale = true
low = 0.5
high = 2.0
[[fit]]
name = "unseen"
paths = ["containment.ceiling_share"]
low = 0.5
high = 0.7
[calibration]
seeds = 4
check_seeds = 2
"""
RECORD = """id,period_start,period_end,entity,metric,value,unit
T1,2024-01-01,2024-03-31,China market,external_llm_tokens_IDC,12,trillion tokens
"""


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "tiny.toml").write_bytes(TINY.read_bytes())
    (tmp_path / "market.toml").write_text(SCENARIO)
    (tmp_path / "record.csv").write_text(RECORD)
    return tmp_path


def status(files: Path, *options: object, scenario: str = "market.toml") -> int:
    record = ("--record", files / "record.csv", "--out", files / "out")
    arguments = ("calibrate", files / scenario, *record, "--point", "--seeds", 1, *options)
    with pytest.raises(SystemExit) as stopped:
        main([str(argument) for argument in arguments])
    return int(stopped.value.code or 0)


def test_the_screen_shows_numbers_targets_and_where_the_new_scenario_lies(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (files / "market.toml").read_bytes()
    assert status(files, "--iterations", 3, "--verbose") == 0
    told = capsys.readouterr()
    assert told.out.split("\n\n")[1].split(": ")[0] in ("Yes", "No")
    assert "2 numbers fitted to 1 recorded figures on 1 seeds, judged on 2 others" in told.out
    volume, unseen = (line for line in told.out.splitlines() if " to " in line and "[" in line)
    assert volume.split()[:3] == ["volume", "(factor)", "1"]
    assert unseen.endswith(
        "unknown     [0.5, 0.7]     0.5 to 0.7  flat: the targets do not tell it"
    )
    assert "China market (T1)" in told.out
    assert "12 trillion tokens" in told.out
    assert "sum of squared misses:" in told.out
    assert " runs" in told.err
    new = Path(told.out.splitlines()[-1].removeprefix("next     sim validate "))
    assert new.parent.parent == files / "out"
    assert new.name == "tiny-calibrated.toml"
    assert new.exists()
    assert (files / "market.toml").read_bytes() == before


def test_json_has_the_folder_numbers_and_targets(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert status(files, "--iterations", 1, "--check-seeds", 3, "--seed", 5, "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert Path(document["folder"]).parent == files / "out"
    assert [number["name"] for number in document["numbers"]] == ["volume", "unseen"]
    assert document["numbers"][1]["standard_error"] is None
    assert [(row["id"], row["recorded"]) for row in document["targets"]] == [("T1", 12.0)]
    assert (document["seed"], document["other_replicates"]) == (5, [1, 2, 3])


@pytest.mark.parametrize(
    ("scenario", "options", "message"),
    [
        ("tiny.toml", (), "tiny declares nothing to fit: add [[fit]] tables\n"),
        (
            "market.toml",
            ("--set", 'calibration.targets = ["T2"]'),
            "calibration.targets: no row T2 in the record (nearest: T1)\n",
        ),
        (
            "market.toml",
            ("--set", "fit.0.low = 1.5"),
            "fit volume: starts at 1, outside 1.5 to 2\n",
        ),
    ],
)
def test_expected_errors_are_one_line_and_2(
    files: Path,
    capsys: pytest.CaptureFixture[str],
    scenario: str,
    options: tuple[str, ...],
    message: str,
) -> None:
    assert status(files, *options, scenario=scenario) == 2
    said = capsys.readouterr()
    assert said.err == message
    assert not said.out
    assert not (files / "out").exists()


@pytest.mark.slow
def test_a_posterior_is_drawn_shown_and_written(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record = ("--record", files / "record.csv", "--out", files / "out", "--to", "2024-03")
    arguments = ("calibrate", files / "market.toml", *record, "--simulations", 200)
    with pytest.raises(SystemExit) as stopped:
        main([str(argument) for argument in (*arguments, "--workers", 1, "--verbose")])
    assert not stopped.value.code
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("What does the record to 2024-03 teach of ")
    assert any(line.startswith("It teaches ") for line in lines)
    assert any("uncertain numbers, 1 recorded figures to 2024-03" in line for line in lines)
    assert any(line.split()[:1] == ["volume"] for line in lines)
    assert any(line.split()[:1] == ["idc_tokens"] for line in lines)
    file = Path(next(line for line in lines if line.startswith("posterior")).split()[1])
    found = read_posterior(file)
    assert file.name == "tiny-calibrated.posterior.parquet"
    assert {"volume", "unseen", "price_sensitivity"} <= set(found.draws.columns)
    assert file.with_name("tiny-calibrated.toml").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--seeds", "3"), "--seeds belongs to --point\n"),
        (("--point", "--to", "2024-03"), "--to and --scheduler are for a posterior"),
        (("--to", "March"), "March: a month is written YYYY-MM\n"),
        (("--simulations", "5"), "simulations = 5: at least 200\n"),
    ],
)
def test_options_that_do_not_go_together_are_one_line_and_2(
    files: Path, capsys: pytest.CaptureFixture[str], options: tuple[str, ...], message: str
) -> None:
    record = ("--record", str(files / "record.csv"), "--out", str(files / "out"))
    with pytest.raises(SystemExit) as stopped:
        main(["calibrate", str(files / "market.toml"), *record, *options])
    assert stopped.value.code == 2
    assert capsys.readouterr().err.startswith(message)
    assert not (files / "out").exists()
