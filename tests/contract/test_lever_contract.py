"""What holds for every lever of every scenario file."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from sim.market.simulation import Simulation
from sim.scenario.patches import without_levers
from sim.scenario.reader import load
from sim.scenario.schema.scenario import Scenario

ROOT = Path(__file__).parents[2] / "scenarios"
MONTHS, CLIENTS = 30, 150
MILLION = 1e6


@cache
def small(path: str) -> Scenario:
    scenario = load(ROOT / path)
    return scenario.replace(
        {
            "population.clients": CLIENTS,
            "calendar.months": min(MONTHS, scenario.calendar.months),
        }
    )


def levers() -> list[tuple[str, str]]:
    found = []
    for path in sorted(ROOT.glob("**/*.toml")):
        if "studies" in path.parts:
            continue
        name = path.relative_to(ROOT).as_posix()
        found += [(name, lever) for lever in load(path).levers]
    return found


def run(scenario: Scenario) -> Simulation:
    return Simulation(scenario, rng=5).run()


def at(path: str, lever: str, intensity: float) -> Scenario:
    return small(path).replace({f"levers.{lever}.intensity": intensity})


@pytest.mark.parametrize(("path", "lever"), levers())
def test_zero_intensity_is_the_levers_absence(path: str, lever: str) -> None:
    zero = run(at(path, lever, 0.0))
    absent = run(without_levers(small(path), [lever]))
    for name, curve in absent.curves.items():
        assert np.array_equal(curve, zero.curves[name], equal_nan=True), name


@pytest.mark.parametrize(("path", "lever"), levers())
def test_half_of_it_costs_half_and_is_another_market(path: str, lever: str) -> None:
    whole, half, absent = (at(path, lever, part) for part in (1.0, 0.5, 0.0))
    table = whole.levers[lever]
    spent = {}
    for name, scenario in {"whole": whole, "half": half, "absent": absent}.items():
        model = Simulation(scenario, rng=5)
        model.step()
        column = model.axes["vendor"].index(table.vendor)
        spent[name] = float(model.curves["lever_cost"][0, column]) / MILLION
    assert spent["whole"] - spent["absent"] == pytest.approx(table.cost)
    assert spent["half"] - spent["absent"] == pytest.approx(0.5 * table.cost)
