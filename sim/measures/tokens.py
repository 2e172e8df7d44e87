"""The two token scoreboards: by platform that serves, and by family that is used."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from sim.measures.registry import Floats, measure, read_once

if TYPE_CHECKING:
    from sim.market.model import MarketModel

Bools = npt.NDArray[np.bool_]


def shares(values: Floats) -> Floats:
    """Parts of the whole; all 0 where there is nothing."""
    total = values.sum()
    return values / total if total > 0 else np.zeros_like(values)


def shares_of_rows(values: Floats) -> Floats:
    """(n, m) parts of the whole of each row; all 0 where there is nothing."""
    total = values.sum(axis=1, keepdims=True)
    out = np.zeros_like(values)
    np.divide(values, total, out=out, where=total > 0)
    return out


def scope(model: MarketModel) -> Bools:
    """(V,) platforms inside the IDC scope: clouds, without model companies' own calls."""
    tables, names = model.scenario.vendors, model.world.vendors
    return model.fixed("scope", lambda: np.array([not tables[n].model_company for n in names]))


def domestic(model: MarketModel) -> Bools:
    """(cells,) whether clients of a cell are domestic."""
    tables, world = model.scenario.regions, model.world
    return model.fixed(
        "domestic",
        lambda: np.tile([tables[n].domestic for n in world.regions], len(world.segments)),
    )


@read_once
def domestic_part(model: MarketModel) -> Floats:
    """(J,) part of each offer's volume that domestic clients asked for."""
    volume = model.volumes.all_kinds
    inside, whole = volume[domestic(model)].sum(axis=0), volume.sum(axis=0)
    part = np.ones(model.world.n_offers)
    np.divide(inside, whole, out=part, where=whole > 0)
    return part


@read_once
def region_volume(model: MarketModel) -> Floats:
    """(R, J) volume asked for in each region."""
    world = model.world
    cells = model.volumes.all_kinds.reshape(len(world.segments), len(world.regions), -1)
    return np.asarray(cells.sum(axis=0))


def by_vendor(model: MarketModel, values: Floats) -> Floats:
    """(V,) sums of offers by platform."""
    v = model.world.n_vendors
    sums = np.bincount(model.world.platform, weights=values, minlength=v + 2)[:v]
    return np.asarray(sums, dtype=np.float64)


def calls_of_rows(model: MarketModel, rows: Floats) -> Floats:
    """(n, V) sums of model calls by platform, of (n, J) rows."""
    world, n = model.world, len(rows)
    size = world.n_vendors + 2
    places = (np.arange(n)[:, None] * size + world.platform).ravel()
    calls = np.where(world.calls, rows, 0.0).ravel()
    sums = np.bincount(places, weights=calls, minlength=n * size).reshape(n, size)
    return np.asarray(sums[:, : world.n_vendors], dtype=np.float64)


@read_once
def _calls(model: MarketModel) -> Floats:
    return np.where(model.world.calls, model.volumes.served, 0.0)


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
    tokens = np.where(world.of_family, volumes.served, 0.0)
    # self-hosted work is rationed with the cards it runs on
    tokens[world.hosting] = volumes.kept[world.hosting]
    owner = np.maximum(world.family_owner, 0)
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
    return float(model.volumes.kept[model.world.hosting].sum())


@measure("million tokens/month", "kind")
def tokens_by_kind(model: MarketModel) -> Floats:
    """Tokens asked for by kind of work (0 for accelerator-hours)."""
    tokens = np.where(model.world.of_family, model.volumes.by_kind, 0.0)
    return np.asarray(tokens.sum(axis=1))


@measure("share", "segment", "vendor")
def segment_token_share(model: MarketModel) -> Floats:
    """Share of platform tokens asked for, within each segment."""
    world = model.world
    cells = model.volumes.all_kinds.reshape(len(world.segments), len(world.regions), -1)
    return shares_of_rows(calls_of_rows(model, cells.sum(axis=1)))
