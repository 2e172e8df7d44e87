"""A tournament on a small market: what it stores, resumes, concludes and refuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sim.analysis.games.tournament import TOURNAMENT, tournament
from sim.analysis.verdict.grounds import grounds, grounds_line
from sim.cli.games import tournament_lines
from sim.errors import SimError
from sim.plot.registry import plots
from sim.runs.settings import RunSettings
from sim.scenario.schema.scenario import Scenario
from tests.unit.market.tiny import changed


def contains_and_loses() -> Scenario:
    """The incumbent's one lever holds the challenger down and costs more than it earns."""
    steady = {"strategy": "cost_plus", "markup": 0.8}
    market = changed(
        {
            "population.clients": 100,
            "mechanisms.adoption": False,
            "mechanisms.scarcity_pricing": False,
            "vendors.dam.appeal.api": 2.0,
            "vendors.volcano.appeal.api": 1.0,
            "vendors.volcano.pricing": steady,
            "vendors.dam.pricing": steady,
            "containment.slope_tolerance": 0.02,
            "containment.window_months": 6,
            "events": [],
        },
        months=10,
    )
    dear = {"vendor": "dam", "off": {"vendors.dam.appeal.api": -1.0}, "cost": 400.0}
    return market.replace({"containment.window_months": 6, "levers": {"charm": dear}})


def play(settings: RunSettings) -> tuple[Any, dict[str, Any]]:
    return tournament(contains_and_loses(), ["cost_plus"], ["match"], settings, replicates=6)


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, dict[str, Any], Path]:
    out = tmp_path_factory.mktemp("tournament")
    return (*play(RunSettings(out, 1)), out)


def test_a_strategy_that_contains_but_loses_is_told(played: Any) -> None:
    _, found, _ = played
    historical = found["deviations"][0]
    assert historical["contained"] == "supported"
    assert historical["pyrrhic"] is True
    assert historical["incumbent"] == "leaves"
    assert historical["profitable_deviations"] == ["without_levers"]
    assert historical["gain_interval"][0] > 300.0
    without = found["deviations"][-1]
    assert without["contained"] == "refuted"
    assert without["pyrrhic"] is False
    assert without["incumbent"] == "stays"
    past = found["historical"]
    assert past["best_incumbent"] == "without_levers"
    assert past["flagged"]
    assert not past["is_equilibrium"]
    assert all(one["incumbent"] == {"without_levers": 1.0} for one in found["equilibria"])
    text = "\n".join(tournament_lines(found))
    assert "PYRRHIC" in text
    assert "n = 6" in text
    assert found["scenario_hash"][:8] in text


def test_payoffs_are_the_discounted_objective(played: Any) -> None:
    result, found, _ = played
    curve = result.curves["objective"].sel(point="cost_plus|match", vendor="volcano")
    weights = 0.98 ** np.arange(10)
    expected = (curve.transpose("replicate", "month").to_numpy() @ weights).mean() / weights.sum()
    payoff = found["payoff"]["challenger"]
    assert payoff[1][1] == pytest.approx(expected / 1e6)
    assert found["tables"]["challenger_token_share"][0][0] < 0.3


def test_a_second_call_runs_nothing(played: Any) -> None:
    result, found, out = played
    told: list[tuple[Any, ...]] = []
    stamp = (result.path / "runs.parquet").stat().st_mtime_ns
    again, same = play(RunSettings(out, 1, progress=lambda *facts: told.append(facts)))
    assert again.path == result.path
    assert (result.path / "runs.parquet").stat().st_mtime_ns == stamp
    assert same == found == json.loads((result.path / TOURNAMENT).read_text())


@pytest.mark.parametrize("name", ["tournament", "replicator", "fingerprints"])
def test_pictures_come_from_the_stored_folder(name: str, played: Any) -> None:
    result, _, _ = played
    fig, axes = plots()[name].draw(result)
    assert len(axes) == 2
    assert result.scenario_hash[:8] in fig.get_supxlabel()
    assert len(plots()[name].numbers(result)) > 3
    if name == "tournament":
        places = [{patch.get_xy() for patch in axis.patches} for axis in axes]
        assert [len(found) for found in places] == [1, 1]  # the one pure equilibrium is framed


def test_the_screen_tells_where_imitation_leads_and_who_is_alike(played: Any) -> None:
    _, found, _ = played
    lines = " ".join(" ".join(tournament_lines(found)).split())
    ends = {}
    for side, names in (("incumbent", found["rows"]), ("challenger", found["columns"])):
        last = found["replicator"][side][-1]
        ends[side] = names[int(np.argmax(last))]
    assert "equal weights lead to (" in lines
    assert f"{ends['incumbent']}" in lines.split("equal weights lead to (")[1].split(";")[0]
    for vendor, told in found["fingerprints"].items():
        gap = told["distance"][0][1]
        assert f"fingerprints of {vendor}: most alike are" in lines
        assert f"log prices {gap:.2f} apart" in lines or len(told["names"]) > 2


def test_no_conclusion_without_its_grounds(played: Any) -> None:
    result, found, _ = played
    for missing in ("n", "seeds", "interval_types", "scenario_hash", "root_seed"):
        bare = {key: value for key, value in found.items() if key != missing}
        with pytest.raises(SimError, match=f"no conclusion without {missing}"):
            tournament_lines(bare)
    with pytest.raises(SimError, match="no conclusion without seeds, n"):
        grounds(result, [], ["paired t"])
    with pytest.raises(SimError, match="interval_types"):
        grounds(result, [0, 1], [""])
    assert grounds_line({**found, "root_seed": 0}).count("root seed 0") == 1


def test_what_is_no_tournament_is_refused(tmp_path: Path) -> None:
    market = changed({"population.clients": 60})
    alone = market.replace({"contest": None, "levers": {}})
    with pytest.raises(SimError, match="2 replicates or more"):
        tournament(market, settings=RunSettings(tmp_path), replicates=1)
    with pytest.raises(SimError, match="discount"):
        tournament(market, settings=RunSettings(tmp_path), discount=0.0)
    with pytest.raises(SimError, match=r"needs a \[contest\]"):
        tournament(alone, settings=RunSettings(tmp_path))
    assert not list(tmp_path.iterdir())
