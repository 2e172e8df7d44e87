"""`sim validate` and `sim plot` on a result that was made up, without a run."""

import json
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from sim.cli import main
from sim.errors import SimError
from sim.runs.worlds import ON
from sim.scenario.reader import load

MARKET = """
name = "made-up"
title = "Three platforms"
[calendar]
start = 2024-01-01
months = 18
[segments.internet]
share = 1.0
[kinds.chat]
presence = 1.0
volume = 1.0
[vendors.alibaba_cloud.capacity]
initial = 1.0
[vendors.volcano_engine.capacity]
initial = 1.0
[vendors.baidu_ai_cloud.capacity]
initial = 1.0
[families.qwen]
owner = "alibaba_cloud"
[families.doubao]
owner = "volcano_engine"
"""
RECORD = """id,period_start,period_end,entity,metric,value,unit
R1,2025-01-01,2025-06-30,Volcano Engine,share_public_cloud_llm_tokens_external_IDC,49.2,%
R2,2025-01-01,2025-06-30,Alibaba Cloud,share_public_cloud_llm_tokens_external_IDC,60,%
R3,2025-01-01,2025-06-30,Alibaba Cloud,applause,3,claps
R4,2025-01-01,2025-06-30,China market,ai_cloud_revenue_Omdia,22.3,billion yuan
"""


def _curves():
    tokens = np.array([25.0, 50.0, 25.0]) + np.linspace(-5.0, 5.0, 11)[:, None, None] * [1, 0, 0]
    tokens = np.broadcast_to(tokens, (1, 11, 18, 3)).copy()
    dims = ("point", "replicate", "month", "vendor")
    return xr.Dataset(
        {
            "platform_tokens_domestic": (dims, tokens, {"unit": "M tokens"}),
            "price_index": (dims, tokens, {"unit": "yuan/M tokens", "long_name": "Mean price."}),
        },
        coords={
            "point": [ON],
            "replicate": np.arange(11),
            "month": pd.date_range("2024-01-01", periods=18, freq="MS"),
            "vendor": ["alibaba_cloud", "volcano_engine", "baidu_ai_cloud"],
        },
    )


@pytest.fixture
def files(tmp_path):
    (tmp_path / "market.toml").write_text(MARKET)
    (tmp_path / "record.csv").write_text(RECORD)
    return tmp_path


@pytest.fixture
def stored(files, monkeypatch):
    """A folder that opens as a made-up result; any other folder is no result."""
    folder = files / "made-up-01234567"
    folder.mkdir()
    result = SimpleNamespace(
        curves=_curves(),
        scenario=load(files / "market.toml"),
        path=folder,
        seed=7,
        replicates=11,
        scenario_hash="0123456789abcdef",
    )

    def open_result(path):
        if path != folder:
            raise SimError(f"{path} is no result folder")
        return result

    monkeypatch.setattr("sim.api.open_result", open_result)
    return result


def _run(*arguments):
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    return ended.value.code


def test_a_stored_result_is_held_against_a_record(stored, files, capsys):
    assert _run("validate", stored.path, "--record", files / "record.csv") == 0
    short = capsys.readouterr().out.splitlines()
    assert short[0] == "Does it agree with the record? Three platforms"
    assert short[2] == "Too few to tell: 1 of 2 recorded figures lie inside the 90 % band."
    assert len(short) <= 24
    assert all(len(line) <= 80 for line in short if "/" not in line)
    assert _run("validate", stored.path, "--record", files / "record.csv", "--verbose") == 0
    text = capsys.readouterr().out
    assert "Three platforms: 11 replicates, root seed 7, scenario 01234567" in text
    volcano, alibaba = (line for line in text.splitlines() if "(R1)" in line or "(R2)" in line)
    assert " hit " in volcano
    assert "miss by -31" in alibaba
    assert "record of 4 rows: 2 compared, 0 inputs, 0 duplicates, 2 not compared" in text
    assert "1 of 2 recorded figures inside the 90 % band" in text
    assert "not compared: 2 figures" in text
    assert "no measure of a run answers to this metric: applause" in text


def test_json_has_targets_and_unmapped_and_nothing_else_on_the_screen(stored, files, capsys):
    assert _run("validate", stored.path, "--record", files / "record.csv", "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert [(row["id"], row["hit"]) for row in document["targets"]] == [("R1", True), ("R2", False)]
    assert [row["id"] for row in document["unmapped"]] == ["R3", "R4"]


def test_only_the_scenario_as_it_stands_is_run(stored, files, capsys, monkeypatch):
    asked = {}

    def run_ensemble(scenario, settings, **options):
        asked.update(options, scenario=scenario, out=settings.out)
        return stored

    monkeypatch.setattr("sim.analysis.forecasts.running.run_ensemble", run_ensemble)
    options = ("--replicates", 3, "--seed", 9, "--clients", 500, "--out", files / "out")
    record = ("--record", files / "record.csv")
    assert _run("validate", files / "market.toml", *record, *options) == 0
    (world,) = asked["worlds"](asked["scenario"])
    assert (world.name, world.scenario) == (ON, asked["scenario"])
    assert asked["draws"] is None
    assert asked["scenario"].population.clients == 500
    assert (asked["replicates"], asked["seed"], asked["out"]) == (3, 9, files / "out")
    assert "1 of 2 recorded figures" in capsys.readouterr().out


def test_a_finished_run_with_all_worlds_is_reused(stored, files, monkeypatch):
    def run_ensemble(scenario, settings, **options):
        raise AssertionError("must not run")

    monkeypatch.setattr("sim.analysis.forecasts.running.run_ensemble", run_ensemble)
    monkeypatch.setattr("sim.api.open_result", lambda path: stored)
    record = ("--record", files / "record.csv")
    assert _run("validate", files / "market.toml", *record, "--out", files / "out") == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("made-up-01234567", "--seed", "3"), "its runs cannot be changed by options"),
        (("made-up-01234567", "--seed", "0"), "its runs cannot be changed by options"),
        (("elsewhere.toml",), "elsewhere.toml"),
        (("market.toml", "--record", "no.csv"), "no.csv: no such file"),
    ],
)
def test_expected_errors_are_one_line(stored, files, capsys, monkeypatch, arguments, message):
    monkeypatch.chdir(files)
    stored_path = {"made-up-01234567": str(stored.path)}
    assert _run("validate", *(stored_path.get(one, one) for one in arguments)) == 2
    said = capsys.readouterr()
    assert message in said.err
    assert "Traceback" not in said.err
    assert not said.out


def test_plot_writes_what_it_can_and_tells_the_rest(stored, capsys):
    assert _run("plot", stored.path) == 0
    said = capsys.readouterr()
    figures = stored.path / "figures"
    assert said.out.splitlines() == [str(figures / "prices.png"), str(figures / "prices.csv")]
    assert sorted(path.name for path in figures.iterdir()) == ["prices.csv", "prices.png"]
    assert "left out flows: no measure switching_flow in this result" in said.err


def test_plot_of_a_kind_measure_and_folder(stored, files, capsys):
    options = ("--measure", "platform_tokens_domestic", "--svg", "--out", files / "own")
    assert _run("plot", stored.path, "curves", *options) == 0
    names = [line.rsplit("curves_", 1)[1] for line in capsys.readouterr().out.splitlines()]
    assert names == [f"platform_tokens_domestic.{kind}" for kind in ("png", "svg", "csv")]


def test_plot_of_an_unknown_kind_is_refused(stored, capsys):
    assert _run("plot", stored.path, "prises") == 2
    assert capsys.readouterr().err == "no plot is called 'prises' (nearest: prices)\n"
