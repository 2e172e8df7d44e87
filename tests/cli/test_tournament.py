"""`sim tournament` and `sim frontier` from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sim.cli import main
from tests.unit.market.tiny import TINY

SMALL = ["--set", "calendar.months=4", "--set", "containment.window_months=4", "--clients", "60"]


def called(*arguments: str) -> int:
    with pytest.raises(SystemExit) as end:
        main([*arguments])
    return int(end.value.code or 0)


@pytest.mark.slow
def test_tournament_prints_json_and_draws(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sides = ["--incumbent", "cost_plus", "--challenger", "match"]
    options = ["--replicates", "2", "--workers", "1", "--out", str(tmp_path)]
    assert called("tournament", str(TINY), *SMALL, *sides, *options, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["rows"] == ["historical", "cost_plus", "without_levers"]
    assert found["columns"] == ["historical", "match"]
    assert found["n"] == 2
    for name in ("tournament", "replicator", "fingerprints"):
        assert (Path(found["folder"]) / "figures" / f"{name}.png").stat().st_size > 0


def test_an_unknown_strategy_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert called("tournament", str(TINY), "--incumbent", "undercot") == 2
    assert capsys.readouterr().err.strip().count("\n") == 0


@pytest.mark.slow
def test_frontier_prints_lines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--runs-a-point", "2", "--workers", "1", "--out", str(tmp_path), "--steps", "2"]
    path = ["--x", "vendors.volcano.appeal.api", "--x-range", "-1", "2", "--hysteresis"]
    assert called("frontier", str(TINY), *SMALL, *path, *options) == 0
    assert "from above less from below" in " ".join(capsys.readouterr().out.split())
    assert called("frontier", str(TINY), "--x", "no.such.path") == 2
