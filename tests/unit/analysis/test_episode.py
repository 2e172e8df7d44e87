"""The sentences and the picture of an episode, from the numbers of its runs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sim.analysis.episode import episode_findings
from sim.analysis.rounding import difference
from sim.api import run
from sim.errors import ScenarioError, SimError
from sim.plot.registry import plots
from sim.runs.plan import plan_ensemble
from tests.unit.market.tiny import changed

HIGHER = ("higher", "lower")
ASKED = {"measure": "platform_token_share", "vendors": ["dam"], "without": ["open_source"]}


@pytest.mark.slow
def test_sentences_tell_the_stored_numbers(tmp_path: Path) -> None:
    scenario = changed({"episode": ASKED, "population.clients": 200})
    result = run(scenario, replicates=3, workers=1, out=tmp_path)
    findings = episode_findings(result)
    share = result.curves["platform_token_share"].sel(vendor="dam")
    last = share.isel(month=slice(-6, None)).mean("month")
    gap = last.sel(point="on").values - last.sel(point="episode_off").values
    told = findings.document()["paths"][0]
    assert told["difference"]["mean"] == pytest.approx(gap.mean())
    assert told["first"]["median"] == pytest.approx(np.median(share.sel(point="on")[:, 0]))
    course, against = findings.sentences
    assert "nine in ten of 3 runs" in course
    low, high = told["difference"]["interval"]
    words = difference(*(-100.0 * gap.mean(), -100.0 * high, -100.0 * low), HIGHER, "points", 2)
    assert words[1] in against
    _, axes = plots()["episode"].draw(result)
    assert len(axes.get_lines()) == 2
    table = plots()["episode"].numbers(result)
    assert set(table["point"]) == {"on", "episode_off"}


def test_an_episode_needs_names_that_exist_and_another_world() -> None:
    with pytest.raises(ScenarioError, match="no such lever"):
        changed({"episode": {**ASKED, "without": ["opensource"]}})
    with pytest.raises(ScenarioError, match="held against"):
        changed({"episode": {"measure": "profit"}})
    with pytest.raises(SimError, match="nearest: profit"):
        plan_ensemble(changed({"episode": {**ASKED, "measure": "profits"}}))


def test_without_an_episode_nothing_is_told(tmp_path: Path) -> None:
    result = run(changed({"population.clients": 60}), replicates=1, workers=1, out=tmp_path)
    with pytest.raises(SimError, match=r"no \[episode\]"):
        episode_findings(result)
    with pytest.raises(SimError, match=r"an \[episode\]"):
        plots()["episode"].draw(result)
