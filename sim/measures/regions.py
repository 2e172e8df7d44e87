"""What happens region by region."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sim.measures.registry import Floats, measure
from sim.measures.tokens import (
    calls_of_rows,
    domestic,
    region_volume,
    shares,
    shares_of_rows,
)

if TYPE_CHECKING:
    from sim.market.model import MarketModel


@measure("share", "region", "vendor")
def region_token_share(model: MarketModel) -> Floats:
    """Share of platform tokens asked for, within each region."""
    return shares_of_rows(calls_of_rows(model, region_volume(model)))


@measure("share", "region", "family")
def region_family_share(model: MarketModel) -> Floats:
    """Share of model-family tokens asked for, self-hosted work included, within each region."""
    world = model.world
    n = len(world.families)
    rows = region_volume(model)
    places = (np.arange(len(rows))[:, None] * (n + 1) + world.family + 1).ravel()
    sums = np.bincount(places, weights=rows.ravel(), minlength=len(rows) * (n + 1))
    return shares_of_rows(np.asarray(sums.reshape(-1, n + 1)[:, 1:], dtype=np.float64))


@measure("share", "vendor")
def overseas_family_share(model: MarketModel) -> Floats:
    """Share of model-family tokens that clients outside the domestic regions ask for, by owner."""
    world = model.world
    asked = model.volumes.all_kinds[~domestic(model)].sum(axis=0)
    tokens = np.where(world.of_family, asked, 0.0)
    owner = np.maximum(world.family_owner, 0)
    return shares(np.bincount(owner, weights=tokens, minlength=world.n_vendors).astype(float))


@measure("developers", "region", "family")
def developers_by_region(model: MarketModel) -> Floats:
    """Developers of each open family in regions with a pool of their own.

    The others share one pool, shown in each of them.
    """
    state, world = model.state, model.world
    tables = [model.scenario.families[name].community.regions for name in world.families]
    apart = model.fixed(
        "developers apart",
        lambda: np.array([[region in table for table in tables] for region in world.regions], bool),
    )
    pools = np.where(apart, state.developers_in.T, state.developers)
    return np.asarray(pools * state.weights_open)
