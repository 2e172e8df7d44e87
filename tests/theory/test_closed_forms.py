"""Adoption, client sizes and common draws of the engine against their closed forms."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.economics.networks import bass_step
from sim.market.model import MarketModel
from tests.theory.oracles import (
    bass_cumulative,
    gumbel_joint,
    lognormal_gini,
    lognormal_top_share,
)
from tests.theory.test_engine_limits import FIRMS, market

CLIENTS = 20_000


@pytest.mark.parametrize(("p", "q"), [(0.03, 0.38), (0.004, 0.09), (0.1, 0.0)])
def test_short_periods_give_the_bass_curve(p: float, q: float) -> None:
    """An error of the first order: it halves with the period."""
    errors = []
    for parts in (50, 100):
        adopters: Any = 0.0
        for _ in range(12 * parts):
            adopters = bass_step(adopters, p / parts, q / parts, 1_000.0)
        errors.append(float(adopters - bass_cumulative(12.0, p, q, 1_000.0)))
    assert abs(errors[1]) < 2.0
    assert errors[0] / errors[1] == pytest.approx(2.0, rel=0.05)


def chosen(appeal: float) -> Any:
    """0 and 1 for the firms, 2 for postponing, by client, when everybody chooses anew."""
    scenario = market(
        {
            **{f"vendors.{firm}.pricing": {"strategy": "list"} for firm in FIRMS},
            "families.one.price": 1.8,
            "families.two.price": 1.9,
            "vendors.firm_two.appeal.api": appeal,
            "population.clients": CLIENTS,
            "demand.review": {"api": 1.0, "none": 1.0, "key_account": 1.0},
        }
    )
    model = MarketModel(scenario, 3)
    model.step()
    return np.minimum(model.world.platform[model.choices.current], 2)


def test_common_draws_move_clients_only_into_the_improved_offer() -> None:
    before, after = chosen(0.0), chosen(0.6)
    drawn = np.zeros((3, 3))
    np.add.at(drawn, (before, after), 1 / CLIENTS)
    expected = gumbel_joint([4.0 * 0.2, 4.0 * 0.1, 0.0], 1, 0.6)
    assert ((drawn > 0) == (expected > 0)).all()
    assert (np.abs(drawn - expected) <= 4 * np.sqrt(expected / CLIENTS)).all()


@pytest.mark.parametrize("sigma", [0.4, 1.0])
def test_client_sizes_have_the_concentration_of_their_law(sigma: float) -> None:
    scenario = market(
        {
            "population.clients": CLIENTS,
            "population.size_sigma": sigma,
            "population.size_tilt": 0.0,
        }
    )
    size = np.sort(MarketModel(scenario, 2).population.size.astype(float))
    top = size[-CLIENTS // 10 :].sum() / size.sum()
    lorenz = 1 - 2 * np.mean((np.cumsum(size) - size / 2) / size.sum())
    assert top == pytest.approx(lognormal_top_share(0.1, sigma), rel=0.05)
    assert lorenz == pytest.approx(lognormal_gini(sigma), rel=0.03)
