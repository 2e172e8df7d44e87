"""The two token scoreboards: by platform that serves, and by family that is used."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from sim.measures.registry import Floats, measure, read_once

if TYPE_CHECKING:
    from sim.market.model import MarketModel

Bools = npt.NDArray[np.bool_]
API, HOST = 0, 1


def shares(values: Floats) -> Floats:
    """Parts of the whole; all 0 where there is nothing."""
    total = values.sum()
    return values / total if total > 0 else np.zeros_like(values)


@read_once
def scope(model: MarketModel) -> Bools:
    """(V,) platforms inside the IDC scope: clouds, without model companies' own calls."""
    tables = model.scenario.vendors
    return np.array([not tables[name].model_company for name in model.world.vendors])


@read_once
def domestic_part(model: MarketModel) -> Floats:
    """(J,) part of each offer's volume that domestic clients asked for."""
    world, volume = model.world, model.volumes.by_cell.sum(axis=1)
    home = [model.scenario.regions[name].domestic for name in world.regions]
    inside = volume[np.tile(home, len(world.segments))].sum(axis=0)
    part = np.ones(world.n_offers)
    np.divide(inside, volume.sum(axis=0), out=part, where=volume.sum(axis=0) > 0)
    return part


def by_vendor(model: MarketModel, values: Floats) -> Floats:
    """(V,) sums of offers by platform."""
    v = model.world.n_vendors
    sums = np.bincount(model.world.platform, weights=values, minlength=v + 2)[:v]
    return np.asarray(sums, dtype=np.float64)


@read_once
def _calls(model: MarketModel) -> Floats:
    return np.where(model.world.channel == API, model.volumes.served, 0.0)


@measure("million tokens/month", "vendor")
def platform_tokens(model: MarketModel) -> Floats:
    """Tokens of model calls served by each platform."""
    return by_vendor(model, _calls(model))


@measure("million tokens/month", "vendor")
def platform_tokens_domestic(model: MarketModel) -> Floats:
    """Tokens of domestic clients served by each cloud platform (IDC scope; model companies 0)."""
    return by_vendor(model, _calls(model) * domestic_part(model)) * scope(model)


@measure("share", "vendor")
def platform_token_share(model: MarketModel) -> Floats:
    """Share of platform tokens in the IDC scope: domestic, cloud platforms."""
    return shares(platform_tokens_domestic(model))


@measure("million tokens/month", "vendor")
def family_tokens(model: MarketModel) -> Floats:
    """Tokens of each vendor's own families, whoever serves or runs them."""
    world, volumes = model.world, model.volumes
    tokens = np.where(world.family >= 0, volumes.served, 0.0)
    # self-hosted work is rationed with the cards it runs on
    hosted = world.channel == HOST
    tokens[hosted] = volumes.kept[hosted]
    owner = np.append(world.owner, 0)[world.family]
    sums = np.bincount(owner, weights=tokens, minlength=world.n_vendors)
    return np.asarray(sums, dtype=np.float64)


@measure("share", "vendor")
def family_token_share(model: MarketModel) -> Floats:
    """Share of model-family tokens (Frost & Sullivan scope)."""
    return shares(family_tokens(model))


@measure("million tokens/month")
def total_tokens(model: MarketModel) -> float:
    """Tokens served by platforms and by clients themselves."""
    return float(family_tokens(model).sum())


@measure("million tokens/month")
def self_hosted_tokens(model: MarketModel) -> float:
    """Tokens that clients serve themselves."""
    return float(model.volumes.kept[model.world.channel == HOST].sum())


@measure("million tokens/month", "kind")
def tokens_by_kind(model: MarketModel) -> Floats:
    """Tokens asked for by kind of work (0 for accelerator-hours)."""
    tokens = np.where(model.world.family >= 0, model.volumes.by_cell.sum(axis=0), 0.0)
    return np.asarray(tokens.sum(axis=1))


@measure("share", "segment", "vendor")
def segment_token_share(model: MarketModel) -> Floats:
    """Share of platform tokens asked for, within each segment."""
    world = model.world
    volume = model.volumes.by_cell.sum(axis=1)
    volume = volume.reshape(len(world.segments), len(world.regions), -1).sum(axis=1)
    rows = [by_vendor(model, np.where(world.channel == API, row, 0.0)) for row in volume]
    return np.stack([shares(row) for row in rows])
