"""Two belts that pull on each other: the token contest can decide revenue, and need not."""

from __future__ import annotations

from collections import Counter
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from sim.analysis.verdict.outcomes import OutcomeClass, classify
from sim.market.model import MarketModel
from sim.scenario.patches import replace
from sim.scenario.reader import load

SCENARIO = Path(__file__).parents[2] / "scenarios" / "volcano-dam.toml"
SEEDS, CLIENTS = 4, 2_000
APPEAL = 6.0  # of the challenger's calls: it takes nearly all tokens
WEIGHTS = (0.0, 0.7, 1.4)  # apart, centre and end of the prior
HOMES = {  # home clouds that follow the tokens of a client
    "demand.migration.rule": "tokens",
    "demand.migration.rate": 0.04,
    "demand.migration.hold": 0.0,
}


@cache
def shares(
    weight: float, appeal: float | None, homes: bool = False
) -> tuple[np.ndarray, np.ndarray, int, int]:
    """(R, M, V) shares of tokens and revenue; columns of incumbent and challenger."""
    over = {"population.clients": CLIENTS, "demand.cross_channel.weight": weight}
    if homes:
        over |= HOMES
    if appeal is not None:
        over["vendors.volcano_engine.appeal.api"] = appeal
    models = [MarketModel(replace(load(SCENARIO), over), seed).run() for seed in range(SEEDS)]
    boards = ("platform_token_share", "full_stack_revenue_share")
    tokens, revenue = (np.stack([m.curves[board] for m in models]) for board in boards)
    vendors = models[0].axes["vendor"]
    return (
        tokens,
        revenue,
        vendors.index("alibaba_cloud"),
        vendors.index("volcano_engine"),
    )


def test_revenue_feels_the_token_contest_as_far_as_channels_are_tied() -> None:
    ends = []
    for weight in WEIGHTS:
        tokens, revenue, _, c = shares(weight, APPEAL)
        assert tokens[:, -12:, c].mean() > 0.6
        ends.append(revenue[:, -1, c].mean())
    assert ends == sorted(ends)
    assert ends[0] < 0.25  # apart: revenue hardly moves
    assert ends[-1] > ends[0] + 0.1


@pytest.mark.parametrize(
    ("weight", "appeal", "homes", "kind"),
    [
        (1.4, APPEAL, True, OutcomeClass.DISPLACEMENT),
        (0.7, 3.2, False, OutcomeClass.BREAKOUT),
    ],
)
def test_the_token_contest_alone_reaches(
    weight: float, appeal: float, homes: bool, kind: OutcomeClass
) -> None:
    found = Counter(classify(*shares(weight, appeal, homes)))
    assert found.most_common(1)[0][0] is kind


def test_both_lead_where_channels_are_tied() -> None:
    tokens, revenue, i, c = shares(0.7, None)
    means = tokens[:, -12:].mean(axis=(0, 1)), revenue[:, -12:].mean(axis=(0, 1))
    assert means[0].argmax() == c
    assert means[1].argmax() == i
