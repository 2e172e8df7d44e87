"""The two token scoreboards, by region and segment, and their concentration."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from sim.economics.concentration import hhi, market_shares
from sim.market.ecosystem.communities import community_rules
from sim.market.recorder import Floats, curve
from sim.numeric.arrays import ratio, sums_by_group

if TYPE_CHECKING:
    from sim.market.base import BaseMarket
    from sim.market.world import MarketLayout
    from sim.scenario.schema.scenario import Scenario


def by_platform(model: BaseMarket, calls: Floats) -> Floats:
    """(..., V) sums by platform of a number for each model call (..., n_api)."""
    world = model.world
    return sums_by_group(calls, world.platform[: world.n_api], world.n_vendors)


def family_tokens_of_offers(model: BaseMarket) -> Floats:
    """(..., rent_start) million tokens of each offer with a family: calls, then self-hosting.

    Self-hosted work is rationed with the cards it runs on.
    """
    world, volumes = model.world, model.volumes
    hosted = volumes.kept[..., world.host_start : world.rent_start]
    return np.concatenate([volumes.served[..., : world.n_api], hosted], axis=-1)


def domestic_cells(scenario: Scenario, world: MarketLayout) -> npt.NDArray[np.bool_]:
    """(cells,) whether the clients of a cell (segment, region) are domestic."""
    regions = [scenario.regions[name].domestic for name in world.regions]
    return np.tile(np.array(regions, bool), len(world.segments))


def cloud_platforms(scenario: Scenario, world: MarketLayout) -> npt.NDArray[np.bool_]:
    """(V,) vendors that are no pure model company."""
    return np.array([not scenario.vendors[v].model_company for v in world.vendors])


def asked_by_segment_and_region(model: BaseMarket) -> Floats:
    """(..., segments, regions, J) volumes asked for."""
    world, asked = model.world, model.volumes.all_kinds
    return asked.reshape(*asked.shape[:-2], len(world.segments), len(world.regions), -1)


@curve("million tokens/month", "vendor")
def platform_tokens(model: BaseMarket) -> Floats:
    """Tokens of model calls served by each platform."""
    return by_platform(model, model.volumes.served[..., : model.world.n_api])


@curve("million tokens/month", "vendor")
def platform_tokens_domestic(model: BaseMarket) -> Floats:
    """Tokens of domestic clients served by each cloud platform (IDC scope; model companies 0).

    Tokens served of an offer x domestic part of what is asked of it.
    """
    n, asked = model.world.n_api, model.volumes.all_kinds
    domestic = model.rules(domestic_cells)
    clouds = model.rules(cloud_platforms)
    inside, whole = asked[..., domestic, :n].sum(axis=-2), asked[..., :n].sum(axis=-2)
    part = ratio(inside, whole, otherwise=1.0)
    return by_platform(model, model.volumes.served[..., :n] * part) * clouds


@curve("share", "vendor")
def platform_token_share(model: BaseMarket) -> Floats:
    """Share of platform tokens in the IDC scope: domestic, cloud platforms."""
    return market_shares(platform_tokens_domestic(model))


@curve("million tokens/month", "vendor")
def family_tokens(model: BaseMarket) -> Floats:
    """Tokens of each vendor's own families, whoever serves or runs them."""
    world, tokens = model.world, family_tokens_of_offers(model)
    return sums_by_group(tokens, world.family_owner[: world.rent_start], world.n_vendors)


@curve("share", "vendor")
def family_token_share(model: BaseMarket) -> Floats:
    """Share of model-family tokens (Frost & Sullivan scope)."""
    return market_shares(family_tokens(model))


@curve("million tokens/month")
def total_tokens(model: BaseMarket) -> Floats:
    """Tokens served by platforms and by clients themselves."""
    return family_tokens(model).sum(axis=-1)


@curve("million tokens/month")
def self_hosted_tokens(model: BaseMarket) -> Floats:
    """Tokens that clients serve themselves."""
    return model.volumes.kept[..., model.world.host_start : model.world.rent_start].sum(axis=-1)


@curve("million tokens/month", "kind")
def tokens_by_kind(model: BaseMarket) -> Floats:
    """Tokens asked for by kind of work (0 for accelerator-hours)."""
    return np.where(model.world.family >= 0, model.volumes.by_kind, 0.0).sum(axis=-1)


@curve("share", "segment", "vendor")
def segment_token_share(model: BaseMarket) -> Floats:
    """Share of platform tokens asked for, within each segment."""
    calls = asked_by_segment_and_region(model).sum(axis=-2)[..., : model.world.n_api]
    return market_shares(by_platform(model, calls))


@curve("share", "region", "vendor")
def region_token_share(model: BaseMarket) -> Floats:
    """Share of platform tokens asked for, within each region."""
    calls = asked_by_segment_and_region(model).sum(axis=-3)[..., : model.world.n_api]
    return market_shares(by_platform(model, calls))


@curve("share", "region", "family")
def region_family_share(model: BaseMarket) -> Floats:
    """Share of model-family tokens asked for, self-hosted work included, within each region."""
    world, end = model.world, model.world.rent_start
    asked = asked_by_segment_and_region(model).sum(axis=-3)[..., :end]
    return market_shares(sums_by_group(asked, world.family[:end], len(world.families)))


@curve("share", "vendor")
def overseas_family_share(model: BaseMarket) -> Floats:
    """Share of model-family tokens that clients outside the domestic regions ask for, by owner."""
    world, end = model.world, model.world.rent_start
    domestic = model.rules(domestic_cells)
    abroad = model.volumes.all_kinds[..., ~domestic, :end].sum(axis=-2)
    return market_shares(sums_by_group(abroad, world.family_owner[:end], world.n_vendors))


@curve("developers", "region", "family")
def developers_by_region(model: BaseMarket) -> Floats:
    """Developers of each open family in regions with a pool of their own.

    The others share one pool, shown in each of them.
    """
    state, apart = model.state, model.rules(community_rules).apart
    own, shared = state.developers_in.swapaxes(-2, -1), state.developers[..., None, :]
    return np.where(apart, own, shared) * state.weights_open[..., None, :]


@curve("-")
def hhi_platform_tokens(model: BaseMarket) -> Floats:
    """HHI of platform tokens."""
    return hhi(platform_token_share(model))


@curve("-")
def hhi_family_tokens(model: BaseMarket) -> Floats:
    """HHI of model-family tokens."""
    return hhi(family_token_share(model))
