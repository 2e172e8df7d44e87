"""Where nothing can be contained nothing is said to be: a few null ensembles."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from benchmarks.false_verdicts import ERRORS, main, measure, null_market, told, worlds


def test_both_sides_have_a_trifle_that_changes_numbers() -> None:
    market = null_market(60, 12)
    on, north, south = worlds(market)
    assert (on.scenario, on.name) == (market, "on")
    assert north.scenario.vendors["north"].pricing["markup"] == pytest.approx(0.5005)
    assert south.scenario.vendors["north"].pricing["markup"] == 0.5


@pytest.mark.statistical
def test_no_null_ensemble_is_supported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = measure(3, 2, 60, 12, out=tmp_path, workers=1)
    assert found["judged"]["supported"] == 0
    assert sum(found["judged"].values()) == found["verdict"]["n"] == 6
    assert found["verdict"]["allowed"] == pytest.approx(0.05 + ERRORS * math.sqrt(0.0475 / 3))
    assert found["cause_at_zero"]["n"] == 6
    lines = "\n".join(told(found))
    assert "3 null ensembles x 2 replicates" in lines
    assert "Wilson 95 %" in lines
    sizes = ["--ensembles", "3", "--replicates", "2", "--clients", "60", "--months", "12"]
    assert main([*sizes, "--workers", "1", "--out", str(tmp_path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == found
