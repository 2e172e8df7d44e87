"""Counts that follow the moves equal counts of everybody, made anew, in every month."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.market.clients.population import FIXED_POINT
from sim.market.clients.presence import agent_side
from sim.market.model import MarketModel
from sim.market.world import NONE
from tests.unit.market.tiny import changed

MARKETS: dict[str, dict[str, Any]] = {
    "as it stands": {},
    "key accounts auctioned": {
        "vendors.volcano.accounts": {"strategy": "poach"},
        "population.key_account_share": 0.3,
    },
    "agent work": {"kinds.documents.agent_work": 0.5},
    "agent work of creators": {
        "kinds.assistant.agent_work": 1.0,
        "agents.creator_segments": ["internet"],
    },
    "short contracts": {"demand.review.api": 0.9, "demand.review.key_account": 0.9},
}


def counted_anew(model: MarketModel) -> dict[str, np.ndarray]:
    """The counts of `Presence`, client by client and workload by workload."""
    world, columns, current = model.world, model.columns, model.choices.current
    out = {name: np.zeros_like(value) for name, value in vars(model.presence).items()}
    agent_work = [model.scenario.kinds[name].agent_work > 0.0 for name in world.kinds]
    for i in range(len(columns.weight)):
        weight = int(float(columns.weight[i]) * FIXED_POINT + 0.5)
        works = range(columns.first[i], columns.first[i + 1])
        offers = [(w, int(current[w])) for w in works if current[w] >= 0]
        for _, j in offers:
            out["active"][j] += weight
        places = {int(world.platform[j]) for _, j in offers if world.channel[j] != NONE}
        out["homing"][len(places)] += weight
        for p in places:
            out["clients"][p] += weight
            out["accounts"][p] += weight if columns.key_account[i] else 0
        agents = [j for w, j in offers if agent_work[columns.kind[w]]]
        users = {int(world.platform[j]) for j in agents if world.calls[j]}
        segment = world.segments[int(columns.cell[i]) // len(world.regions)]
        for v in users | ({world.n_vendors} if agents else set()):
            out["agent_users"][agent_side(model.scenario, segment), v] += weight
    return out


@pytest.mark.parametrize("changes", MARKETS.values(), ids=MARKETS)
def test_moves_are_counted_as_they_happen(changes: dict[str, Any]) -> None:
    model = MarketModel(changed({"population.clients": 500} | changes, months=12), 3)
    before, moved = model.choices.current.copy(), 0
    for _ in range(12):
        model.step()
        moved += int((model.choices.current != before).sum())
        before = model.choices.current.copy()
        for name, expected in counted_anew(model).items():
            np.testing.assert_array_equal(getattr(model.presence, name), expected, err_msg=name)
    assert moved > 100
