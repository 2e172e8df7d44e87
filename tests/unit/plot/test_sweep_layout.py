"""How figures of sweeps look: few and many factors, long names, numbers and categories."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sim.api import open_result
from sim.plot.registry import plots
from sim.runs.ensemble import run_study
from sim.runs.settings import RunSettings
from tests.unit.plot.layout import flaws
from tests.unit.runs.fake_market import FakeMarket
from tests.unit.study.conftest import PLAIN, TEXT

KINDS = ("effects", "interactions", "curves", "coordinates", "outcome_map", "classes")
LABELS = """
[set]
"vendors.new.label" = "International Joint-Stock Company for Cloud Services, Region 2"
"vendors.old.label" = "阿里云百炼大模型服务平台"
"""
MORE = """
"vendors.old.appeal.api" = { low = 0.0, high = 1.0 }
"demand.switching_cost.api" = { low = 0.05, high = 5.0, scale = "log" }
"demand.switching_cost.family" = { low = 0.0, high = 1.0 }
"demand.community_weight" = { low = 0.0, high = 2.0 }
"""
LOWEST = "[uncertainties]\n"
MANY = PLAIN.replace("points = 7", "points = 24").replace("replicates = 5", "replicates = 2")
WHOLE = TEXT.replace('["list", "nash"]', '["list", "nash", "cost_plus"]')
STUDIES = {
    "many": MANY.replace(LOWEST, f"{LOWEST}{MORE}").replace("\n[levers]", f"{LABELS}\n[levers]", 1),
    "numbers": MANY.replace(LOWEST, f"{LOWEST}{MORE}"),
    "grid": WHOLE.replace('"latin_hypercube", points = 7, seed = 3', '"grid", levels = 4'),
}


@pytest.mark.slow
@pytest.mark.parametrize("case", STUDIES)
def test_every_picture_of_a_sweep_can_be_read(case: str, tmp_path: Path) -> None:
    path = tmp_path / "appeal.toml"
    path.write_text(STUDIES[case])
    stored = run_study(path, RunSettings(workers=1, out=tmp_path), model=FakeMarket)
    result = open_result(stored.path)
    assert result.claims
    by: dict[str, Any] = {"numbers": {"outcome_map": {"by": ["new.appeal.api", "old.appeal.api"]}}}
    found = []
    for kind in (*KINDS, "claims"):
        fig, _ = plots()[kind].draw(result, **by.get(case, {}).get(kind, {}))
        found += [f"{kind}: {flaw}" for flaw in flaws(fig)]
    assert found == []
