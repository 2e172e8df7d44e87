"""What happens region by region."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sim.measures.registry import Floats, measure
from sim.measures.tokens import API, by_vendor, shares

if TYPE_CHECKING:
    from sim.market.model import MarketModel


@measure("share", "region", "vendor")
def region_token_share(model: MarketModel) -> Floats:
    """Share of platform tokens asked for, within each region."""
    world = model.world
    volume = model.volumes.by_cell.sum(axis=1)
    volume = volume.reshape(len(world.segments), len(world.regions), -1).sum(axis=0)
    rows = [by_vendor(model, np.where(world.channel == API, row, 0.0)) for row in volume]
    return np.stack([shares(row) for row in rows])


@measure("share", "region", "family")
def region_family_share(model: MarketModel) -> Floats:
    """Share of model-family tokens asked for, self-hosted work included, within each region."""
    world = model.world
    volume = model.volumes.by_cell.sum(axis=1)
    volume = volume.reshape(len(world.segments), len(world.regions), -1).sum(axis=0)
    n = len(world.families)
    rows = [np.bincount(world.family + 1, weights=row, minlength=n + 1)[1:] for row in volume]
    return np.stack([shares(np.asarray(row)) for row in rows])


@measure("share", "vendor")
def overseas_family_share(model: MarketModel) -> Floats:
    """Share of model-family tokens that clients outside the domestic regions ask for, by owner."""
    world = model.world
    volume = model.volumes.by_cell.sum(axis=1)
    abroad = [not model.scenario.regions[name].domestic for name in world.regions]
    asked = volume[np.tile(abroad, len(world.segments))].sum(axis=0)
    tokens = np.where(world.family >= 0, asked, 0.0)
    owner = np.append(world.owner, 0)[world.family]
    return shares(np.bincount(owner, weights=tokens, minlength=world.n_vendors).astype(float))


@measure("developers", "region", "family")
def developers_by_region(model: MarketModel) -> Floats:
    """Developers of each open family in regions with a pool of their own.

    The others share one pool, shown in each of them.
    """
    state, world = model.state, model.world
    tables = [model.scenario.families[name].community.regions for name in world.families]
    apart = np.array([[region in table for table in tables] for region in world.regions], bool)
    pools = np.where(apart, state.developers_in.T, state.developers)
    return np.asarray(pools * state.weights_open)
