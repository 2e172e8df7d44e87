"""Burn for a point of share: by hand from the stored curves, and what is printed of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sim.analysis.statistics import ratio_interval
from sim.analysis.verdict.details import burn_lines
from sim.analysis.verdict.final_states import burn_of
from sim.api import open_result
from sim.runs.ensemble import run_ensemble
from sim.runs.result import Result
from sim.runs.settings import RunSettings
from sim.scenario.schema.scenario import Scenario
from tests.unit.market.tiny import changed

CUT = {
    "month": "2024-03-01",
    "what": "price_cut",
    "vendor": "volcano",
    "family": "lava",
    "price_yuan_per_million_tokens": 0.1,
}
LISTS = {"strategy": "list"}


def market(cut: bool) -> Scenario:
    events = [
        e.model_dump() for e in changed().events if e.month.year == 2024 and e.month.month < 6
    ]
    return changed(
        {
            "population.clients": 100,
            "vendors.volcano.pricing": LISTS,
            "events": [*events, *([CUT] if cut else [])],
        }
    )


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Result:
    settings = RunSettings(workers=1, out=tmp_path_factory.mktemp("burn"))
    return open_result(run_ensemble(market(True), settings, replicates=3).path)


def test_it_is_counted_from_the_month_of_the_cut(result: Result) -> None:
    told = result.verdict["burn_per_point"]
    found = told["vendors"]["volcano"]
    chosen = result.curves.sel(point="on", vendor="volcano")
    burn = chosen["below_cost_burn"].transpose("replicate", "month").to_numpy()[:, 2:] / 1e6
    share = 100.0 * chosen["platform_token_share"].transpose("replicate", "month").to_numpy()
    spent, gained = burn.sum(axis=1), share[:, -1] - share[:, 1]
    ratio, interval = ratio_interval(spent, gained)
    assert (found["since"], found["since_price_cut"], told["n"]) == ("2024-03-01", True, 3)
    assert found["burn_million_yuan"] == pytest.approx(spent.mean(), rel=1e-12)
    assert found["burn_million_yuan"] > 0.0
    assert found["points_gained"] == pytest.approx(gained.mean(), rel=1e-12)
    assert found["estimate"] == pytest.approx(ratio, rel=1e-12)
    ends = [end if np.isfinite(end) else None for end in interval]
    assert found["interval"] == pytest.approx(ends, rel=1e-9)
    assert found["median"] == pytest.approx(np.median((spent / gained)[gained > 0.0]))
    assert told["seeds"] == [0, 1, 2]
    assert told["scenario_hash"] == result.scenario_hash


def test_a_line_is_printed_of_the_challengers_cut_alone(result: Result, tmp_path: Path) -> None:
    verdict = result.verdict
    (line,) = burn_lines(result, verdict)
    assert "Volcano Cloud" in line
    assert "since its price cut of 2024-03" in line
    assert "n = 3" in line
    settings = RunSettings(workers=1, out=tmp_path)
    without = open_result(run_ensemble(market(False), settings, replicates=2).path)
    told = burn_of(without, without.scenario.contest)
    assert told["vendors"]["volcano"]["since"] == "2024-01-01"
    assert not told["vendors"]["volcano"]["since_price_cut"]
    assert list(burn_lines(without, without.verdict)) == []


def test_no_price_of_a_point_where_no_share_was_gained(result: Result) -> None:
    verdict: dict[str, Any] = json.loads(json.dumps(result.verdict))
    found = verdict["burn_per_point"]["vendors"]["volcano"]
    found.update(estimate=None, points_gained=-3.0)
    (line,) = burn_lines(result, verdict)
    assert "gained no share (-3.0 points; n = 3)" in line
    assert "a point" not in line
