"""The episode agent-war, small: each platform wins its own side, and holds the other back."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from sim.market.model import MarketModel
from sim.scenario.patches import without_levers
from sim.scenario.reader import load

FILE = Path(__file__).parents[2] / "scenarios" / "agent-war.toml"
SEEDS = range(6)
SMALL = {
    "population.clients": 800,
    "calendar.months": 15,
    "containment.window_months": 3,
    "events.0.month": "2024-08",
}
COZE, BAILIAN = "volcano_engine", "alibaba_cloud"


@cache
def shares(off: tuple[str, ...]) -> dict[str, np.ndarray]:
    """Last token shares by seed: of agent work (seeds, V), and in segments (seeds, G, V)."""
    scenario = without_levers(load(FILE).replace(SMALL), off)
    runs = [MarketModel(scenario, seed).run() for seed in SEEDS]
    names = ("agent_token_share", "segment_token_share")
    return {name: np.stack([run.curves[name][-1] for run in runs]) for name in names}


def place(vendor: str, segment: str = "creators") -> tuple[int, int]:
    scenario = load(FILE)
    return list(scenario.segments).index(segment), list(scenario.vendors).index(vendor)


@pytest.mark.parametrize(
    ("lever", "vendor", "segment", "rival"),
    [
        ("creator_platform", COZE, "creators", BAILIAN),
        ("agent_platform", BAILIAN, "industry", COZE),
    ],
)
def test_a_platform_wins_its_side_in_every_world(
    lever: str, vendor: str, segment: str, rival: str
) -> None:
    on, off = shares(()), shares((lever,))
    g, v = place(vendor, segment)
    gain = on["segment_token_share"][:, g, v] - off["segment_token_share"][:, g, v]
    assert (gain > 0.0).all()
    u = place(rival)[1]
    assert (on["agent_token_share"][:, u] < off["agent_token_share"][:, u]).all()


def test_without_platforms_no_agents_decide() -> None:
    """Both levers off is a world; the sides are as if nobody had thought of agents."""
    both = shares(("agent_platform", "creator_platform"))
    weightless = without_levers(
        load(FILE).replace(SMALL | {"agents.weight": 0.0}), ("agent_platform", "creator_platform")
    )
    plain = MarketModel(weightless, 0).run()
    found = both["segment_token_share"][0]
    assert found.tolist() == plain.curves["segment_token_share"][-1].tolist()
