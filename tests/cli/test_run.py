from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from sim.analysis.posterior import Posterior, write_posterior
from sim.cli import main
from sim.cli.options import changed
from sim.errors import SimError
from sim.runs import run as running
from sim.runs.result import Result
from sim.scenario.reader import load
from tests.unit.analysis.posteriors import tiny_posterior
from tests.unit.runs.fake_market import DUEL, FailingMarket, FakeMarket


@pytest.fixture(autouse=True)
def fake_market(monkeypatch: pytest.MonkeyPatch) -> None:
    import sim.plot.save

    def drawn(result: Any, progress: Any) -> list[Path]:
        return [result.path / "figures/belts.png"]

    monkeypatch.setattr(running, "_market_model", lambda: FakeMarket)
    monkeypatch.setattr(sim.plot.save, "save_main", drawn)


def sim_run(out: Path, *options: str) -> int:
    with pytest.raises(SystemExit) as stopped:
        main(["run", str(DUEL), "--workers", "1", "--out", str(out), *options])
    return int(stopped.value.code or 0)


def test_the_screen_shows_boards_definitions_effects_and_verdict(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sim_run(tmp_path) == 0
    told = capsys.readouterr()
    for words in (
        "Does the strategy of",
        "Not contained: ",
        "would hold",
        "3 or more count",
        "displacement 100",
        "Would flip",
        "More runs",
        "Last 12 months, %",
        "few clients",
        f"sim plot {tmp_path}",
        "n = 4 runs a world, seed 7, scenario ",
        "1 figure",
    ):
        assert words in " ".join(told.out.replace("\\", "").split())
    assert "--replicates" not in told.out  # more runs are not needed
    assert "duel: 7 worlds (5 different) x 4 replicates = 28 runs" in told.err
    assert "root seed 7" in told.err
    assert "28/28 runs" in told.err
    assert "28/28" not in told.out
    assert sim_run(tmp_path, "--definitions", "--verbose") == 0
    told = capsys.readouterr()
    for words in (
        "D1 Ceiling: ",
        "levelled off below 60 % of the tokens",
        "D6 Cost flag: ",
        "money in prices",
        "hosts them",
        "Without its own moves",
        "settings of the thresholds",
        "Seeds: numbers 0-3 of those drawn from root seed 7",
    ):
        assert words in told.out


@pytest.mark.slow
@pytest.mark.parametrize("lost", ["n", "seeds"])
def test_nothing_is_concluded_of_a_verdict_that_lost_its_grounds(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    lost: str,
) -> None:
    assert sim_run(tmp_path) == 0
    (folder,) = tmp_path.glob("duel-*")
    whole = json.loads((folder / "verdict.json").read_text())
    del whole["verdicts"][whole["primary"]][lost]
    monkeypatch.setattr(Result, "verdict", property(lambda self: whole))
    capsys.readouterr()
    assert sim_run(tmp_path) == 2
    told = capsys.readouterr()
    assert "no conclusion without" in told.err
    assert "contained" not in told.out


@pytest.mark.slow
def test_a_run_over_a_posterior_says_so_and_splits_its_spread(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scenario = tmp_path / "duel.toml"
    fit = '[[fit]]\nname = "pull"\npaths = ["vendors.new.appeal.api"]\nlow = 0.0\nhigh = 9.0\n'
    scenario.write_text(f'posterior = "a.parquet"\n{DUEL.read_text()}\n{fit}')
    draws = pd.DataFrame({"pull": [0.2, 0.4, 0.6, 0.8, 1.0]})
    facts = {**tiny_posterior().provenance, "scenario": "duel"}
    write_posterior(tmp_path / "a.parquet", Posterior(draws, np.full(5, 0.2), facts))

    def run(*options: str) -> str:
        with pytest.raises(SystemExit) as stopped:
            main(["run", str(scenario), "--workers", "1", "--out", str(tmp_path), *options])
        told = capsys.readouterr()
        return f"{stopped.value.code or 0}\n{told.out}{told.err}"

    told = run("--split-variance", "3")
    for words in (
        "runs over the posterior (4 draws)",
        "4 draws x 3 seeds",
        "parameters, %  strategies, %",
        "challenger's tokens",
        "n = 4 runs a world over 4 draws, seed 7",
    ):
        assert words in told
    assert "F of the draws' mean square" in " ".join(told.split())
    point = run("--point", "--replicates", "2")
    assert "Not known: " in point
    assert "the posterior" not in point
    again = " ".join(point.replace("\\", "").split())
    assert f"{scenario} --point --out {tmp_path} --replicates 30" in again
    assert "either the posterior" in run("--point", "--posterior", str(tmp_path / "a.parquet"))
    drawn = run("--set", "vendors.new.appeal.api=1.0")
    assert drawn.startswith("2\n")
    assert "vendors.new.appeal.api is drawn from the posterior" in drawn
    assert "needs a posterior" in run("--point", "--split-variance", "2")
    split = json.loads(
        run("--split-variance", "2", "--json").split("\n", 1)[1].rsplit("}", 1)[0] + "}"
    )
    assert split["split"]["draws"] == 4
    (tmp_path / "a.parquet").unlink()
    assert "no such file" in run()


def test_json_is_the_folder_and_the_verdict_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sim_run(tmp_path, "--json", "--replicates", "2", "--seed", "5") == 0
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert Path(told["folder"]).is_dir()
    assert told["verdict"]["root_seed"] == 5
    assert told["answer"]["holds"] in ("not contained", "not known")
    assert told["verdict"]["verdicts"]["money_kept"]["n"] == 2
    stored = json.loads((Path(told["folder"]) / "verdict.json").read_text())
    assert stored == told["verdict"]


def test_overrides_reach_the_stored_scenario(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import sim

    options = ("--set", "vendors.new.appeal.api=0.75", "--clients", "50", "--json")
    assert sim_run(tmp_path, "--replicates", "1", *options) == 0
    stored = sim.open_result(json.loads(capsys.readouterr().out)["folder"]).scenario
    assert stored.vendors["new"].appeal.api == 0.75
    assert stored.population.clients == 50


def test_failed_runs_are_told_and_exit_with_3(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "_market_model", lambda: FailingMarket)
    assert sim_run(tmp_path) == 3
    told = capsys.readouterr()
    assert "14 of 28 runs failed" in told.out
    assert sim_run(tmp_path, "--verbose") == 3
    assert "capacity fell below zero" in " ".join(capsys.readouterr().out.split())


def test_figures_that_cannot_be_written_do_not_hide_the_verdict(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import sim.plot.save
    from sim.errors import SimError

    def full(result: Any, progress: Any) -> list[Path]:
        raise SimError("cannot write belts.png: No space left on device")

    monkeypatch.setattr(sim.plot.save, "save_main", full)
    assert sim_run(tmp_path) == 2
    told = capsys.readouterr()
    assert "Not contained: " in told.out
    assert told.err.splitlines()[-1] == (
        "no figures: cannot write belts.png: No space left on device"
    )
    assert sim_run(tmp_path, "--json") == sim_run(tmp_path, "--figures", "none") == 0


@pytest.mark.parametrize(
    ("options", "words"),
    [(("--replicates", "0"), "replicates"), (("--set", "vendors.nobody.label=x"), "nobody")],
)
def test_what_makes_no_sense_is_one_line_and_exits_with_2(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    options: tuple[str, ...],
    words: str,
) -> None:
    assert sim_run(tmp_path, *options) == 2
    told = capsys.readouterr()
    assert words in told.err
    assert "Traceback" not in told.err
    assert not list(tmp_path.iterdir())


def test_profile_tells_the_time_of_each_phase(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from sim.market.model import MarketModel

    monkeypatch.setattr(running, "_market_model", lambda: MarketModel)
    months = ("--set", "calendar.months=2", "--set", "containment.window_months=2")
    options = ("--replicates", "1", "--clients", "50", "--profile", *months)
    with pytest.raises(SystemExit):
        main(["run", "scenarios/null.toml", "--out", str(tmp_path), *options])
    rows = {line.split()[0]: line.split() for line in capsys.readouterr().err.splitlines() if line}
    for phase in MarketModel.phases:
        assert float(rows[phase.name][1]) >= 0.0
    parts = [float(row[-2]) for name, row in rows.items() if row[-1].endswith("%")]
    assert sum(parts[:-1]) == pytest.approx(parts[-1], abs=0.01)


class TestOffVariant:
    SCENARIO = Path(__file__).parents[2] / "scenarios" / "volcano-dam.toml"

    def test_names_what_off_means(self) -> None:
        market = load(self.SCENARIO, changed(None, 500, ["price_war=match"]))
        assert market.levers["price_war"].off_variant == "match"
        assert market.population.clients == 500

    @pytest.mark.parametrize(
        ("text", "reason"),
        [
            ("price_war", "is written LEVER=NAME"),
            ("price_war=mach", "match"),
            ("price_wor=match", "price_war"),
        ],
    )
    def test_refuses_what_is_not_there(self, text: str, reason: str) -> None:
        with pytest.raises(SimError, match=reason):
            load(self.SCENARIO, changed(None, None, [text]))


STORED = """
import json, sys
from sim.cli import main
try:
    main(sys.argv[1:])
except SystemExit:
    pass
heavy = {"matplotlib", "statsmodels", "numba", "zarr", "sim.market.model"}
print(json.dumps(sorted(heavy & set(sys.modules))))
"""


@pytest.mark.slow
def test_a_stored_run_answers_without_what_runs_and_figures_load(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()  # the real market, and figures
    small = ["--clients", "60", "--replicates", "2", "--workers", "1"]
    asked = ["run", "tiny", *small, "--out", str(tmp_path)]

    def here(*options: str) -> str:
        with pytest.raises(SystemExit):
            main([*asked, *options])
        return capsys.readouterr().err

    def again() -> tuple[list[str], str]:
        command = [sys.executable, "-c", STORED, *asked]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        return json.loads(done.stdout.splitlines()[-1]), done.stderr

    here("--json")
    (folder,) = tmp_path.glob("tiny-*")
    assert not (folder / "figures").exists(), "with --json nothing is drawn"
    loaded, said = again()
    assert "drawing 4 figures" in said
    assert "matplotlib" in loaded
    drawn = {path: path.stat().st_mtime_ns for path in (folder / "figures").iterdir()}
    assert {path.name for path in drawn if path.suffix == ".png"} == {
        f"{name}.png" for name in ("worlds", "belts", "classes", "prices")
    }
    loaded, said = again()
    assert loaded == []
    assert "figures" not in said
    assert {path: path.stat().st_mtime_ns for path in (folder / "figures").iterdir()} == drawn
    (folder / "figures" / "belts.png").unlink()
    (folder / "blocks" / "tables.sha256").write_text("scrap")
    (folder / "verdict.json").write_text("{}")
    assert "drawing 1 figure\n" in here()
    assert json.loads((folder / "verdict.json").read_text())["contest"]["challenger"] == "volcano"
