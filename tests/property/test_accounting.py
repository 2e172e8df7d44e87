"""Nothing is lost in any scenario file: tokens and money add up every month."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sim.market.model import MarketModel
from sim.market.world import RENT
from sim.scenario.reader import load
from sim.scenario.schema.scenario import Scenario

ROOT = Path(__file__).parents[2] / "scenarios"
CLIENTS, PANEL, MONTHS = 120, 60, 36
EXACT = 1e-9


def scenarios() -> list[str]:
    """Every scenario file there is; studies are no scenarios."""
    found = (path.relative_to(ROOT) for path in sorted(ROOT.rglob("*.toml")))
    return [path.as_posix() for path in found if "studies" not in path.parts]


def small(name: str) -> Scenario:
    scenario = load(ROOT / name)
    months = min(MONTHS, scenario.calendar.months)
    return scenario.replace(
        {
            "population.clients": min(CLIENTS, scenario.population.clients),
            "decisions.panel": min(PANEL, scenario.decisions.panel),
            "calendar.months": months,
            "containment.window_months": min(scenario.containment.window_months, months),
        }
    )


def test_the_files_are_found() -> None:
    assert {"tiny.toml", "volcano-dam.toml", "gpu-drought.toml"} <= set(scenarios())


def adds_up(scenario: Scenario, name: str, seed: int = 3) -> MarketModel:
    """Run a market: all that is asked is met or lost, all that is paid is earned, each month."""
    model = MarketModel(scenario, seed)
    rent = model.world.channel == RENT
    while model.month < model.scenario.calendar.months:
        cash = model.state.cash.copy()
        model.step()
        volumes, account, where = model.volumes, model.account, f"{name}, month {model.month}"
        for goods in (rent, ~rent):
            asked = volumes.demanded[goods].sum()
            for part in (volumes.kept, volumes.spilled, volumes.lost):
                assert (part[goods] >= -EXACT * max(asked, 1.0)).all(), where
            met = (volumes.kept + volumes.spilled + volumes.lost)[goods].sum()
            np.testing.assert_allclose(met, asked, rtol=EXACT, err_msg=where)
        # what clients wanted, cell by cell, is what platforms were asked for
        asked_by = volumes.by_cell.sum(axis=(0, 1))
        np.testing.assert_allclose(asked_by, volumes.demanded, rtol=EXACT, err_msg=where)
        income = account.revenue.sum() + account.applications.sum()
        np.testing.assert_allclose(income, account.paid, rtol=EXACT, atol=1e-12, err_msg=where)
        scale = np.abs(cash) + np.abs(account.revenue) + account.cost + 1.0
        change = model.state.cash - cash
        assert (np.abs(change - account.profit) <= EXACT * scale).all(), where
    return model


@pytest.mark.parametrize("name", scenarios())
def test_tokens_and_money_add_up_every_month(name: str) -> None:
    adds_up(small(name), name)
