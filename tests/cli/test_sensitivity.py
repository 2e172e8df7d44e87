"""`sim sensitivity` and `sim report` on a very small market."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

import sim.report.page
from sim.api import open_result
from sim.cli import main
from sim.errors import SimError
from sim.plot.save import save
from sim.report.page import page
from sim.runs.ensemble import run_ensemble
from sim.runs.result import Result
from sim.runs.settings import RunSettings
from sim.scenario.reader import load

CHANGES = ["population.clients=60", "calendar.months=4", "containment.window_months=2"]
SMALL = [*(word for change in CHANGES for word in ("--set", change)), "--workers", "1"]
FACTORS = [
    "--factor",
    "demand.community_weight=0:2",
    "--factor",
    "vendors.volcano.appeal.api=0:1.5",
]
SIZES = ["--points", "2", "--trajectories", "2", "--draws", "4", "--replicates", "2"]
TINY = Path(__file__).parents[2] / "scenarios" / "tiny.toml"


def status(*arguments: object) -> int:
    with pytest.raises(SystemExit) as stop:
        main([str(argument) for argument in arguments])
    return int(stop.value.code or 0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sensitivity")


def asked(folder: Path, *more: str) -> list[str]:
    return ["sensitivity", str(TINY), *SMALL, *FACTORS, *SIZES, "--out", str(folder), *more]


@pytest.mark.slow
def test_methods_are_stored_told_and_taken_up_again(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert status(*asked(folder, "--strategies", "historical,cost_plus", "--json")) == 0
    told = json.loads(capsys.readouterr().out)["findings"]
    assert [finding["method"] for finding in told] == ["morris", "sobol", "prim", "robust"]
    for finding in told:
        assert finding["n"] == finding["draws"] * 2 * len(finding["folders"])
        assert finding["seeds"] == [0, 1]
        assert finding["interval_types"]
        assert finding["scenario_hash"]
    sobol = told[1]["tables"]["challenger_share"]
    assert {row["label"] for row in sobol} == {
        "seed",
        "demand.community_weight",
        "vendors.volcano.appeal.api",
    }
    stored = {path: path.stat().st_mtime_ns for path in folder.rglob("runs.parquet")}
    assert len(stored) == 8
    assert status(*asked(folder, "--method", "sobol,prim", "--verbose")) == 0
    out = capsys.readouterr().out
    assert "The effect of the moves turns most on " in out
    assert "containment fails in " in " ".join(out.split())
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("runs.parquet")} == stored
    assert "total index above 0.1" in out
    assert len(re.findall(r"root seed 1, scenario [0-9a-f]{8}", out)) == 2
    assert list(folder.glob("tiny-sobol-on-*/figures/tornado.png"))


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (["--method", "moris"], "no method is called 'moris'"),
        (["--method", "sobol", "--points", "3"], "power of two"),
        (["--method", "robust"], "--strategies"),
        (["--factor", "demand.comunity_weight=0:1"], "community_weight"),
        (["--factors", "missing.toml"], "missing.toml"),
    ],
)
def test_wrong_options_are_one_line(
    folder: Path, more: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert status(*asked(folder, *more)) == 2
    assert told in capsys.readouterr().err


@pytest.fixture(scope="module")
def run(folder: Path) -> Path:
    scenario = load(TINY, CHANGES)
    return run_ensemble(scenario, RunSettings(workers=1, out=folder / "runs"), replicates=2).path


@pytest.fixture(autouse=True)
def _few_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """One figure says as much of a page as all of them."""

    def few(result: Result, names: Sequence[str] | None = None, **options: Any) -> list[Path]:
        usual = [] if result.is_sweep else ["classes"]
        return save(result, usual if names is None else names, **options)

    monkeypatch.setattr(sim.report.page, "save", few)


@pytest.mark.slow
def test_the_page_needs_nothing_else(
    run: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    others = [next(folder.glob(f"tiny-{name}-on-*")) for name in ("sobol", "prim")]
    capsys.readouterr()
    assert status("report", run, "--with", others[0], "--with", others[1]) == 0
    text = (run / "report.html").read_text(encoding="utf-8")
    assert capsys.readouterr().out.strip() == str(run / "report.html")
    result = open_result(run)
    for wanted in (
        "Does the strategy of Dam Cloud contain Volcano Cloud?",
        result.verdict["sentences"][0].split(";")[0],
        "Where containment fails",
        "total index above 0.1",
        result.scenario_hash,
        "root seed 1, children 0-1",
        "Goodman simultaneous",
        "vendors.volcano.appeal.api",
        "effect that counts, points",
        "D2 Counterfactual",
    ):
        assert wanted in text
    bare = re.sub(r'xmlns(:xlink)?="http://www.w3.org/|url\(#', "", text)
    assert text.count("<figure") == text.count("<svg") == 2
    assert not re.search(r"https?://|<script|<link|@import|url\(|<iframe", bare)
    assert status("report", run, "--with", others[0], "--with", others[1]) == 0
    assert not list(run.glob("report.html.old*"))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda verdict, entry: entry.update(n=0), "n"),
        (lambda verdict, entry: entry.update(seeds=[]), "seed list"),
        (lambda verdict, entry: entry["classes"].update(interval_type=""), "interval type"),
        (lambda verdict, entry: entry["definitions"]["D2"].update(interval_type=""), "interval"),
        (lambda verdict, entry: verdict.update(scenario_hash=""), "scenario hash"),
    ],
)
def test_no_page_without_n_seeds_interval_and_hash(run, change, told, tmp_path, monkeypatch):
    result = open_result(run)
    verdict = result.verdict
    change(verdict, verdict["verdicts"][verdict["primary"]])
    monkeypatch.setattr(type(result), "verdict", property(lambda self: verdict))
    with pytest.raises(SimError, match=f"no conclusion without its .*{told}"):
        page(result)


def test_a_page_is_of_any_result_and_takes_findings_only(run: Path, folder: Path) -> None:
    sweep = open_result(next(folder.glob("tiny-sobol-on-*")))
    text = page(sweep)
    assert "Which unknown numbers matter" in text
    assert "not contained" not in text.lower()
    assert sweep.scenario_hash in text
    (run / "billboards.json").unlink(missing_ok=True)
    with pytest.raises(SimError, match="holds no finding"):
        page(open_result(run), [open_result(run)])
