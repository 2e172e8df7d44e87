from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from sim.analysis.verdict.judge import judge
from sim.api import open_result
from sim.errors import SimError
from sim.runs.result import Result
from tests.unit.runs.fake_market import AlwaysFailingMarket, FailingMarket

Run = Callable[..., Result]


def test_an_opened_result_is_what_was_stored(whole: Result) -> None:
    again = open_result(whole.path)
    assert again.scenario == whole.scenario
    assert again.curves.equals(whole.curves)
    assert again.runs.equals(whole.runs)


def test_curves_have_their_labels(whole: Result) -> None:
    curves = whole.curves
    assert curves["platform_token_share"].dims == ("point", "replicate", "month", "vendor")
    assert curves["switching_flow"].dims[-2:] == ("vendor", "vendor_to")
    assert curves["point"].to_numpy().tolist() == list(whole.points)
    assert curves["vendor_to"].to_numpy().tolist() == ["new", "old", "own_machines", "postponed"]
    months = curves["month"].to_numpy()
    assert months[0] == np.datetime64("2024-01-01")
    assert months[-1] == np.datetime64("2025-02-01")
    assert len(months) == 14


def test_stored_seed_and_replicates_are_those_that_were_run(whole: Result) -> None:
    assert whole.scenario.ensemble.seed == whole.seed == 7
    assert whole.scenario.ensemble.replicates == whole.replicates == 4


def test_summary_is_over_replicates_of_window_means(whole: Result) -> None:
    table = whole.summary()
    rows = whole.runs.query("point == 'on'")["challenger_platform_token_share"]
    assert table.loc[("platform_token_share", "new"), "median"] == pytest.approx(rows.median())
    assert table.loc[("platform_token_share", "new"), "p95"] == pytest.approx(rows.quantile(0.95))


def test_verdict_is_judged_once_and_kept(run_duel: Run) -> None:
    result = run_duel()
    first = result.verdict
    assert (result.path / "verdict.json").exists()
    assert open_result(result.path).verdict == first
    assert first["primary"] == "money_kept"
    assert set(first["verdicts"]) == {
        "money_kept",
        "money_in_price",
        "money_kept_other_hosting",
        "money_in_price_other_hosting",
    }


def test_verdict_reads_the_pairs_it_says(whole: Result) -> None:
    told = judge(whole)
    rows = whole.runs.set_index(["point", "replicate"])["challenger_platform_token_share"]
    for name, off, on in (
        ("money_kept", "off_money_kept", "on"),
        ("money_in_price", "off_money_in_price", "on"),
        ("money_kept_other_hosting", "off_money_kept_challenger_hosts", "on_challenger_hosts"),
    ):
        expected = (rows[off] - rows[on]).to_numpy()
        assert told["verdicts"][name]["causal"]["tau"] == pytest.approx(expected)
    reverse = rows["challenger_off"] - rows["on"]
    assert told["reverse_test"]["tau_mean"] == pytest.approx(reverse.mean())
    assert told["hosting"]["scenario"] == "does not host"
    assert len(told["verdicts"]["money_kept"]["specification"]["points"]) == 81


def test_verdict_leaves_failed_replicates_out(run_duel: Run) -> None:
    told = judge(run_duel(model=FailingMarket))
    assert told["failed_runs"] == 14
    assert told["verdicts"]["money_kept"]["seeds"] == [0, 3]
    assert told["verdicts"]["money_kept"]["n"] == 2


def test_nothing_finished_is_said_not_guessed(run_duel: Run) -> None:
    result = run_duel(model=AlwaysFailingMarket)
    assert result.verdict["verdicts"] == {}
    assert "No replicate" in result.verdict["sentences"][0]
    with pytest.raises(SimError, match="no finished run"):
        result.summary()
    assert "Not known: no run" in result._repr_html_()


def test_notebook_view_names_scenario_verdict_and_seed(whole: Result) -> None:
    html = whole._repr_html_()
    assert "Does the strategy of Old Cloud contain New Cloud?" in html
    assert "ot contained" in html
    assert "seed 7" in html


def test_figures_are_reached_by_name(whole: Result) -> None:
    assert "curves" in dir(whole.plot)
    with pytest.raises(AttributeError, match="known: "):
        whole.plot.holiday_snaps()


@pytest.mark.parametrize("name", ["nowhere", "empty"])
def test_a_folder_without_manifest_is_no_result(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(SimError, match="no result folder"):
        open_result(tmp_path / name)


def test_importing_sim_imports_nothing_heavy() -> None:
    code = (
        "import sys, sim; dir(sim); heavy = {'numpy', 'pandas', 'xarray', 'pydantic', 'mesa'}; "
        "sys.exit(1 if heavy & set(sys.modules) else 0)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_run_loads_neither_mesa_nor_pandas() -> None:
    code = (
        "import sys, sim.runs.ensemble; from sim.runs.executors import load_market; load_market(); "
        "sys.exit(1 if {'mesa', 'pandas', 'xarray', 'matplotlib'} & set(sys.modules) else 0)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_public_names_are_there() -> None:
    import sim

    for name in sim.__all__:
        if name != "MarketModel":
            assert getattr(sim, name) is not None
    with pytest.raises(AttributeError, match="weather"):
        _ = sim.weather
