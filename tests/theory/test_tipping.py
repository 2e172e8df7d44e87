"""Two agent platforms in the engine: where they share the market, and where one takes it."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sim.market.model import MarketModel
from sim.scenario.reader import load
from sim.scenario.schema.scenario import Scenario
from tests.theory.oracles import TIPPING_ELASTICITY, entry_rate, indirect_network

TIPPING = Path(__file__).parents[2] / "scenarios" / "theory" / "tipping.toml"
SWAPPED = {"vendors.small.agents.agents": 99.0, "vendors.large.agents.agents": 1.0}
PORTABLE = {f"vendors.{v}.agents.portability": 1.0 for v in ("small", "large")}
CLIENTS, LAST = 4_000, 120


@cache
def stated() -> Scenario:
    return load(TIPPING)


def ran(changes: dict[str, Any]) -> MarketModel:
    return MarketModel(stated().replace(changes), 5).run()


def long_run(model: MarketModel) -> float:
    """Share of the platform `small` over the last months."""
    share = model.curves["agent_users"][-LAST:]
    return float((share[:, model.axes["vendor"].index("small")] / share.sum(axis=1)).mean())


def standard_error(share: float, beta: float) -> float:
    """Of the mean of that share: the noise of choices, amplified by 1 / (1 - beta)."""
    return float(np.sqrt(share * (1.0 - share) / (CLIENTS * LAST))) / (1.0 - beta)


def settled_from(beta: float, more: dict[str, Any] | None = None) -> tuple[float, float]:
    """Long-run shares of `small` from 1 agent against 99, and from 99 against 1."""
    changes = {"agents.weight": beta} | (more or {})
    return long_run(ran(changes)), long_run(ran(changes | SWAPPED))


@pytest.mark.parametrize(
    ("gap", "beta", "ratio"), [(0.1, 0.6, 1 / 1.2), (0.3, 0.5, 1.0), (-0.2, 0.4, 2.0)]
)
def test_below_the_threshold_shares_are_those_of_free_entry(
    gap: float, beta: float, ratio: float
) -> None:
    """ln(s_A/s_B) = (Delta + beta ln(phi_A/phi_B)) / (1 - beta); the first case is two-p2."""
    more = {
        "vendors.small.appeal.api": gap,
        "vendors.small.agents.days_to_build": 7.0,
        "vendors.large.agents.days_to_build": 7.0 * ratio,
    }
    expected = indirect_network(gap, beta, (ratio, 1.0))
    few, many = settled_from(beta, more)
    for share in (few, many):
        assert abs(share - expected.share) < 4 * standard_error(expected.share, beta)
    without = 1.0 / (1.0 + np.exp(-gap))
    assert abs(expected.share - without) > 4 * standard_error(expected.share, beta)


def test_agents_enter_in_proportion_to_users() -> None:
    model = ran({"agents.weight": 0.0})
    table = model.scenario.agents
    rate = entry_rate(
        1.0,
        table.by_users,
        table.by_builders,
        table.retirement,
        table.builders_per_user,
        table.innovation,
        table.imitation,
        table.departure,
    )
    per_user = model.curves["agents"][-LAST:] / model.curves["agent_users"][-LAST:].mean(axis=0)
    np.testing.assert_allclose(per_user.mean(axis=0), rate, rtol=0.01)


@pytest.mark.parametrize(("beta", "months"), [(0.5, 240), (0.8, 480)])
def test_below_the_threshold_the_start_is_forgotten(beta: float, months: int) -> None:
    """The nearer the threshold, the longer it takes."""
    assert beta < TIPPING_ELASTICITY
    few, many = settled_from(beta, {"calendar.months": months})
    assert abs(few - 0.5) < 4 * standard_error(0.5, beta)
    assert abs(many - 0.5) < 4 * standard_error(0.5, beta)


@pytest.mark.parametrize("beta", [1.2, 1.4])
def test_above_the_threshold_the_larger_start_takes_all(beta: float) -> None:
    assert beta > TIPPING_ELASTICITY
    few, many = settled_from(beta)
    assert few < 0.001
    assert many > 0.999


def test_a_nest_correlation_moves_the_threshold() -> None:
    """Inside a nest utilities count 1 / (1 - rho): 0.7 with rho = 0.5 is a beta of 1.4."""
    few, many = settled_from(0.7, {"demand.nest_correlation.api": 0.5})
    assert few < 0.001
    assert many > 0.999


def test_portable_agents_do_not_tip() -> None:
    few, many = settled_from(1.4, PORTABLE)
    assert few == many
    assert abs(few - 0.5) < 4 * standard_error(0.5, 0.0)


def test_part_of_the_portability_stops_the_tipping() -> None:
    """Half of all agents run everywhere: the larger start is no longer enough."""
    half = dict.fromkeys(PORTABLE, 0.5)
    few, many = settled_from(1.4, half)
    assert abs(few - many) < 0.02
    assert abs(few - 0.5) < 0.02
