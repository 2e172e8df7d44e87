"""Frontier and sweeps on a small market."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sim.analysis.frontier.frontier import FRONTIER, Axis, axis_of, frontier, usual_paths
from sim.analysis.frontier.hysteresis import HYSTERESIS, Ramp, hysteresis
from sim.cli.games import frontier_lines, sweep_lines
from sim.errors import SimError
from sim.market.model import MarketModel
from sim.plot.registry import plots
from sim.runs.settings import RunSettings
from sim.scenario.schema.scenario import Scenario
from tests.unit.market.tiny import changed, differing

APPEAL = "vendors.volcano.appeal.api"
LOCKED = dict.fromkeys(("api", "host", "rent", "family"), 20.0)


def small(**more: Any) -> Scenario:
    return changed({"population.clients": 60, "events": [], **more}, months=4)


def test_usual_axes() -> None:
    market = small()
    assert usual_paths(market) == ("demand.switching_cost.api", "levers.open_source.intensity")
    assert axis_of(market, "levers.open_source.intensity").high == 1.0
    assert axis_of(market, "demand.switching_cost.api").high == 2.0
    assert axis_of(market, APPEAL, (-1.0, 2.0)).at(1, 2) == 0.5
    assert axis_of(market, APPEAL, (-1.0, 2.0)).unit == "util"


@pytest.mark.parametrize(
    ("path", "span", "message"),
    [
        ("demand.switching_cots.api", None, "nearest: demand.switching_cost.api"),
        ("vendors.dam.label", None, "no number at"),
        (APPEAL, (2.0, 1.0), "must rise"),
        ("vendors.dam.appeal.api", None, "must rise; give one"),
    ],
)
def test_axes_that_are_none(path: str, span: Any, message: str) -> None:
    with pytest.raises(SimError, match=message):
        axis_of(small(), path, span)


@pytest.mark.slow
def test_frontier_runs_pairs_and_resumes(tmp_path: Path) -> None:
    market = small()
    x = axis_of(market, APPEAL, (-3.0, 3.0))
    y = axis_of(market, "levers.open_source.intensity")
    settings: dict[str, Any] = {
        "outcomes": ["displacement", "breakout"], "runs_a_point": 2, "coarse": 1, "depth": 1,
        "settings": RunSettings(tmp_path, 1),
    }  # fmt: skip
    result, found = frontier(market, x, y, **settings)
    assert [point["n"] for point in found["points"]] == [2] * len(found["points"])
    shares = {(point["x"], point["y"]): point["share"] for point in found["points"]}
    assert shares[-3.0, 1.0] == 0.0  # nobody likes the challenger
    assert shares[3.0, 1.0] == 1.0
    assert found["runs"] == 4 * len(found["points"]) <= found["runs_of_the_whole_lattice"] == 36
    assert 0.0 < found["area"] < 1.0
    assert found["area_interval"][0] <= found["area"] <= found["area_interval"][1]
    again, same = frontier(market, x, y, **settings)
    assert again.path == result.path
    assert same == found == json.loads((result.path / FRONTIER).read_text())
    text = "\n".join(frontier_lines(found))
    assert result.scenario_hash[:8] in text
    assert "n = 2" in text
    fig, _ = plots()["frontier"].draw(result)
    assert "root seed" in fig.get_supxlabel()
    assert len(plots()["frontier"].numbers(result)) == len(found["points"])
    with pytest.raises(SimError, match="no conclusion without seeds"):
        frontier_lines({**found, "seeds": []})


def test_what_has_no_frontier_is_refused(tmp_path: Path) -> None:
    market = small()
    x, y = Axis(APPEAL, 0.0, 1.0), Axis("levers.open_source.intensity", 0.0, 1.0)
    for settings, message in (
        ({"outcomes": ["containmend"]}, "nearest: containment"),
        ({"runs_a_point": 1}, "at least 2"),
    ):
        with pytest.raises(SimError, match=message):
            frontier(market, x, y, RunSettings(tmp_path), **settings)  # type: ignore[arg-type]
    with pytest.raises(SimError, match="same parameter"):
        frontier(market, x, x, RunSettings(tmp_path))
    with pytest.raises(SimError, match="needs a lever"):
        frontier(market.replace({"levers": {}}), x, y, RunSettings(tmp_path))


class TestRamp:
    def test_a_parameter_that_does_not_move_changes_nothing(self) -> None:
        market = small(**{APPEAL: 0.5})
        plain = MarketModel(market, rng=3).run()
        assert not differing(plain, Ramp(APPEAL, 0.5, 1, 2)(market, 3).run())

    def test_the_past_is_that_of_the_first_value_and_the_value_arrives(self) -> None:
        market = small(**{APPEAL: 2.0})
        moved = Ramp(APPEAL, -1.0, 2, 2)(market, 3)
        moved.run()
        before = MarketModel(market.replace({APPEAL: -1.0}), rng=3).run()
        assert not differing(moved, before, months=2)
        assert differing(moved, before, months=3)
        assert moved.scenario.vendors["volcano"].appeal.api == 2.0

    def test_what_is_fixed_at_the_start_cannot_move(self) -> None:
        with pytest.raises(SimError, match=r"supply\.availability is fixed"):
            Ramp("supply.availability", 0.5, 1, 1)


def swept(tmp_path: Path, path: str, span: tuple[float, float], **more: Any) -> Any:
    market = small(**{"mechanisms.adoption": False, "demand.switching_cost": LOCKED, **more})
    settings = RunSettings(tmp_path, 1)
    return hysteresis(market, Axis(path, *span), settings, steps=2, replicates=3)


@pytest.mark.slow
def test_locked_in_clients_make_the_past_matter(tmp_path: Path) -> None:
    result, found = swept(tmp_path, APPEAL, (-2.0, 2.0))
    assert found["depends_on_the_past"]
    assert found["gap_interval"][0] > 0.1
    assert found == json.loads((result.path / HYSTERESIS).read_text())
    assert "the past matters" in "\n".join(sweep_lines(found))
    fig, axes = plots()["hysteresis"].draw(result)
    assert len(axes.lines) >= 2
    assert f"n = {found['n']}" in fig.get_supxlabel()


def test_without_switching_costs_their_past_is_nothing(tmp_path: Path) -> None:
    span = (0.0, 4.0)
    path = "demand.switching_cost.api"
    _, found = swept(tmp_path, path, span, **{"mechanisms.switching_costs": False})
    assert [row["gap"] for row in found["rows"]] == [0.0, 0.0]
    assert not found["depends_on_the_past"]
    np.testing.assert_array_equal(found["gap_interval"], [0.0, 0.0])
