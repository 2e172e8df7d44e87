"""`sim forecast` and the scores of `sim validate`, on a small market with a record of its own."""

from __future__ import annotations

import json
import shutil
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import sim.report.page
from sim.api import open_result
from sim.cli import main

TINY = Path(__file__).parents[2] / "scenarios" / "tiny.toml"
POSTERIOR = Path(__file__).parents[1] / "unit" / "analysis" / "tiny.posterior.parquet"
RECORD = """id,period_start,period_end,entity,metric,value,unit
T1,2024-02-01,2024-06-30,China market,ai_cloud_revenue_Omdia,0.4,billion yuan
T2,2024-07-01,2024-12-31,China market,ai_cloud_revenue_Omdia,0.6,billion yuan
S1,2024-01-01,2024-06-30,Volcano Cloud,share_ai_cloud_revenue_Omdia_IaaS+PaaS+MaaS,20,%
S2,2024-07-01,2024-12-31,Volcano Cloud,share_ai_cloud_revenue_Omdia_IaaS+PaaS+MaaS,25,%
S3,2025-01-01,2025-06-30,Volcano Cloud,share_ai_cloud_revenue_Omdia_IaaS+PaaS+MaaS,30,%
"""
OPTIONS = ("--clients", 300, "--replicates", 3, "--workers", 1)


def _run(*arguments: Any) -> Any:
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    return ended.value.code


@pytest.fixture
def files(tmp_path: Path) -> Path:
    shutil.copy(TINY, tmp_path / "tiny.toml")
    (tmp_path / "record.csv").write_text(RECORD)
    return tmp_path


def _forecast(files: Path, record: str, *more: Any) -> int:
    where = ("--record", files / record, "--out", files / "out")
    span = ("--from", "2025-01", "--to", "2026-06")
    code: int = _run("forecast", files / "tiny.toml", *span, *where, *OPTIONS, *more)
    return code


@pytest.mark.slow
def test_forecasts_are_dated_and_do_not_know_what_came_later(
    files: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert _forecast(files, "record.csv", "--json") == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["record_cut"] == "2024-12-31"
    assert len(facts["scenario_hash"]) == 64
    assert list(facts["prices_rise"]) == ["2025"]
    table_file = Path(facts["files"][0])
    table = pd.read_csv(table_file)
    shares = table[table["unit"] == "%"]
    assert set(shares["entity"]) == {"Volcano Cloud", "Dam Cloud", "Third Cloud"}
    assert list(shares["period_end"].unique()) == ["2025-06-30", "2025-12-31", "2026-06-30"]
    quantiles = table[["q05", "q10", "q25", "q50", "q75", "q90", "q95"]].to_numpy()
    assert (np.diff(quantiles, axis=1) >= 0.0).all()
    medians = shares.groupby("period_end")["q50"].sum()
    assert medians.to_numpy() == pytest.approx(100.0, abs=10.0)
    pictures = {Path(name).name for name in facts["files"] if name.endswith(".png")}
    assert len(pictures) == table["family"].nunique()
    before = table_file.read_bytes()
    monkeypatch.setattr(sim.report.page, "save", lambda *_, **__: [])
    text = sim.report.page.page(open_result(table_file.parents[1]))
    assert "from 2025-01 to 2026-06, over 3 draws, knowing the record until 2024-12-31" in text
    assert text.count("with what was recorded before.\n") == len(pictures)  # as pictures
    assert text.count('role="img" aria-label="By 2026-06') == len(pictures)

    rows = RECORD.splitlines()
    corrupted = [rows[0], *reversed(rows[1:-1]), rows[-1].replace(",30,", ",90,")]
    (files / "other.csv").write_text("\n".join(corrupted))
    assert _forecast(files, "other.csv") == 0
    assert table_file.read_bytes() == before
    text = capsys.readouterr().out
    assert "record until 2024-12-31" in text
    assert "the mean price of model calls rises in 2025 in " in text


@pytest.mark.slow
def test_a_posterior_makes_the_draws_and_is_named(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _forecast(files, "record.csv", "--point", "--json") == 0
    alone = json.loads(capsys.readouterr().out)
    assert alone["posterior_hash"] is None
    given = ("--posterior", POSTERIOR, "--json")
    assert _forecast(files, "record.csv", *given) == 0
    drawn = json.loads(capsys.readouterr().out)
    assert drawn["posterior_hash"] == sha256(POSTERIOR.read_bytes()).hexdigest()
    assert drawn["events_after_cut"] == 0
    tables = [pd.read_csv(facts["files"][0]) for facts in (alone, drawn)]
    assert not tables[0].equals(tables[1])
    assert _forecast(files, "record.csv", *given, "--blind") == 0
    blind = json.loads(capsys.readouterr().out)
    assert pd.read_csv(blind["files"][0]).equals(tables[1])  # there is no event to leave out
    where = ("--record", files / "record.csv", "--out", files / "out", "--posterior", POSTERIOR)
    assert _run("validate", files / "tiny.toml", *where, *OPTIONS, "--json") == 0
    scores = json.loads(capsys.readouterr().out)["scores"]
    assert scores["fitted_to"].startswith("the model was fitted to figures until ")


@pytest.mark.slow
def test_scores_stand_beside_simple_forecasters(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ("--record", files / "record.csv", "--out", files / "out", "--cut", "2024-12")
    assert _run("validate", files / "tiny.toml", *where, *OPTIONS, "--verbose") == 0
    text = capsys.readouterr().out
    assert "1 figures after 2024-12-31: " in text
    assert "mean interval score " in text
    assert "PIT of the model, 1-6 months, tenths: " in text
    assert _run("validate", files / "tiny.toml", *where, *OPTIONS, "--json") == 0
    scores = json.loads(capsys.readouterr().out)["scores"]
    ahead = [row for row in scores["figures"] if row["months_ahead"] > 0]
    assert {row["forecaster"] for row in ahead} == {
        *("model", "last value", "drift", "logistic trend", "damped trend")
    }
    assert {row["id"] for row in ahead} == {"S3"}


@pytest.mark.slow
def test_a_later_record_makes_the_run_longer(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    later = RECORD.replace("2025-01-01,2025-06-30", "2025-07-01,2025-12-31")
    (files / "later.csv").write_text(later)
    where = ("--record", files / "later.csv", "--out", files / "out", "--cut", "2024-12")
    assert _run("validate", files / "tiny.toml", *where, *OPTIONS, "--blind", "--json") == 0
    document = json.loads(capsys.readouterr().out)
    ahead = [row for row in document["scores"]["figures"] if row["months_ahead"] > 0]
    assert {(row["id"], row["horizon"]) for row in ahead} == {("S3", "7-12 months")}


def test_a_span_that_ends_before_it_begins_is_refused(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _run("forecast", files / "tiny.toml", "--from", "2025-06", "--to", "2025-01") == 2
    assert "--from 2025-06 --to 2025-01" in capsys.readouterr().err
    assert _run("forecast", files / "tiny.toml", "--from", "June", "--to", "2025-01") == 2
    assert "a month is written YYYY-MM" in capsys.readouterr().err
