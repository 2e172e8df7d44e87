"""Result folders as things: listed, named, found by a beginning, held against each other."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

import sim
from sim.cli import main
from sim.errors import SimError
from sim.runs.folders import folders, result_folder
from sim.runs.settings import RunSettings

Run = Callable[..., tuple[int, str, str]]
SMALL = ("--clients", "60", "--replicates", "2", "--workers", "1", "--set", "calendar.months=13")


@pytest.fixture
def command(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Run:
    monkeypatch.chdir(tmp_path)

    def run(*arguments: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as stop:
            main([str(argument) for argument in arguments])
        seen = capsys.readouterr()
        return int(stop.value.code or 0), seen.out, seen.err

    return run


def made(home: Path, name: str, ended: str, **manifest: object) -> Path:
    """A folder that has nothing but a manifest."""
    folder = home / name
    folder.mkdir(parents=True)
    facts = {
        "schema_version": 1,
        "name": "tiny",
        "title": "",
        "scenario_hash": "0",
        "seed": 1,
        "replicates": 2,
        "points": [{"name": "on"}],
        "status": "done",
        "sessions": [{"ended": ended}],
        **manifest,
    }
    (folder / "manifest.json").write_text(json.dumps(facts))
    return folder


@pytest.mark.slow
def test_results_have_names_and_can_be_held_against_each_other(command: Run) -> None:
    assert command("run", "tiny", *SMALL, "--name", "plain", "--json")[0] == 0
    assert command("run", "tiny", *SMALL, "--name", "cheap", "--seed", 5, "--json")[0] == 0
    code, _, err = command("run", "tiny", *SMALL, "--name", "plain", "--seed", 7, "--json")
    assert code == 2
    assert "results/plain holds other inputs; choose another --name or --out" in err

    _, out, _ = command("results")
    assert all(len(line) <= 80 for line in out.splitlines())
    heads = [line.split()[:2] for line in out.splitlines() if not line.startswith(" ")]
    assert heads == [["cheap", "run"], ["plain", "run"]]
    assert "ensemble.seed = 5" in out
    assert "calendar.months = 13" in out
    rows = {row["folder"]: row for row in json.loads(command("results", "--json")[1])["results"]}
    assert rows["results/cheap"]["changed"]["population.clients"] == 60
    assert "ensemble.seed" not in rows["results/plain"]["changed"]

    _, out, _ = command("results", "diff", "pl", "latest")
    setting = next(line for line in out.splitlines() if line.startswith("ensemble.seed"))
    assert setting.split() == ["ensemble.seed", "1", "5"]
    assert "calendar.months" not in out
    assert "outcome" in out
    assert command("status", "che")[1].startswith("tiny: done")
    assert sim.open("latest").path == Path("results/cheap")


SHORT = ("--set", "calendar.months=3", "--set", "containment.window_months=2", "--clients", "60")
FACTORS = ("--factor", "demand.community_weight=0:2", "--factor", "vendors.volcano.appeal.api=0:1")
APPEAL = ("--x", "vendors.volcano.appeal.api", "--x-range", "-1", "2")
FINDINGS: dict[str, tuple[tuple[str, ...], list[str]]] = {
    "attribute": (("--parts", "rules,dose", "--replicates", "2"), ["called-rules", "called-dose"]),
    "frontier": (("--runs-a-point", "2", "--depth", "0"), ["called"]),
    "frontier --hysteresis": (("--runs-a-point", "2", "--steps", "2", *APPEAL), ["called"]),
    "sensitivity": ((*FACTORS, "--method", "prim", "--draws", "4"), ["called"]),
    "tournament": (
        ("--incumbent", "cost_plus", "--challenger", "match", "--replicates", "2"),
        ["called"],
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("verb", FINDINGS)
def test_every_verb_that_finds_gives_its_folder_a_name(
    command: Run, verb: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("games", "findings"):  # pictures would take most of the time
        monkeypatch.setattr(f"sim.cli.{module}.draw", lambda *_: True)
    own, names = FINDINGS[verb]
    asked = (*verb.split()[:1], "tiny", *verb.split()[1:], *SHORT, "--workers", 1, *own)
    assert command(*asked, "--name", "called")[0] == 0
    rows = {row["folder"]: row for row in json.loads(command("results", "--json")[1])["results"]}
    for name in names:
        assert rows[f"results/{name}"]["kind"] == asked[0]

    code, _, err = command(*asked, "--name", "called", "--seed", 7)
    assert code == 2
    assert f"results/{names[0]} holds other inputs; choose another --name or --out" in err
    code, _, err = command(*asked, "--name", "../called")
    assert (code, err.count("\n")) == (2, 1)
    assert "letters, digits and _ . -, and not latest" in err


def test_a_beginning_must_be_of_one(tmp_path: Path) -> None:
    one = made(tmp_path, "tiny-aa11", "2024-01-01T00:00:00+00:00")
    two = made(tmp_path, "tiny-bb22", "2025-01-01T00:00:00+00:00")
    assert result_folder("tiny-a", tmp_path) == one
    assert result_folder("latest", tmp_path) == two
    assert result_folder(tmp_path / "tiny-b") == two
    assert result_folder(one, tmp_path / "elsewhere") == one
    with pytest.raises(SimError, match="2 results begin so: tiny-bb22, tiny-aa11"):
        result_folder("tiny", tmp_path)
    with pytest.raises(SimError, match="nearest: tiny-aa11"):
        result_folder("tyni-aa11", tmp_path)
    with pytest.raises(SimError, match="holds none"):
        result_folder("tiny", tmp_path / "nowhere")


def test_hundreds_of_folders_are_told_from_their_manifests(tmp_path: Path) -> None:
    for number in range(300):
        made(tmp_path, f"r-{number:03}", f"2024-01-01T00:{number // 60:02}:{number % 60:02}+00:00")
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "manifest.json").write_text("{")
    (tmp_path / "figures").mkdir()
    known = folders(tmp_path)
    assert [one.path.name for one in known] == [f"r-{number:03}" for number in reversed(range(300))]
    assert known[0].title == "tiny"


def test_folders_given_as_kinds_of_plots_are_explained(command: Run) -> None:
    for name in ("tiny-1", "tiny-2"):
        made(Path("results"), name, "2024-01-01T00:00:00+00:00")
    code, _, err = command("plot", "results/tiny-1", "results/tiny-2", "curves")
    assert code == 2
    assert "results/tiny-1 and results/tiny-2 are folders" in err
    assert "sim plot latest curves" in err


@pytest.mark.parametrize("name", ["latest", "a/b", "..", "-x", "a b"])
def test_a_name_that_is_no_folder_is_refused(name: str) -> None:
    with pytest.raises(SimError, match="of a result folder"):
        RunSettings(name=name)
