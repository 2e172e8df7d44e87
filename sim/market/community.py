"""Communities of open families: developers by region, contributions, derivative models."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from sim.economics.attachment import attached_sizes
from sim.economics.diffusion import bass_step
from sim.market.shared import shared
from sim.numeric.portable import exp, log1p

if TYPE_CHECKING:
    from sim.market.model import MarketModel
    from sim.market.state import MarketState

Floats = npt.NDArray[np.float64]


def all_developers(model: MarketModel) -> Floats:
    """(F,) developers of all regions; read-only."""
    state = model.state
    if not any_pools(model):
        return state.developers
    return np.asarray(state.developers + np.add.reduce(state.developers_in, axis=1))


def _of_derivatives(model: MarketModel) -> Floats:
    """(F,) developers that a family's derivatives count for."""
    weight = model.scenario.ecosystem.derivatives.weight
    if not model.scenario.mechanisms.derivatives:
        weight = 0.0
    return np.asarray(weight * model.state.derivatives)


def community_size(model: MarketModel) -> Floats:
    """(F,) D: developers everywhere and what derivatives count for; code knows no borders.
    Read-only."""
    state = model.state
    arrays = state.developers, state.developers_in, state.derivatives, state.weights_open
    key = tuple([array.tobytes() for array in arrays])
    return model.memo.of("community", key, lambda: _community_size(model))


def _community_size(model: MarketModel) -> Floats:
    whole = all_developers(model) + _of_derivatives(model)
    return np.asarray(whole * model.state.weights_open)


def community_by_region(model: MarketModel) -> Floats:
    """(R, F) D as clients of a region meet it: their own pool, and others' by the spill-over."""
    state, pools = model.state, own_pools(model)
    if not any_pools(model):
        everywhere = np.empty(pools.shape)
        everywhere[:] = community_size(model)
        return everywhere
    whole, spill = all_developers(model), model.scenario.ecosystem.spill_over
    own = np.where(pools, np.ascontiguousarray(state.developers_in.T), state.developers)
    out = own + spill * (whole - own)
    return np.asarray((out + _of_derivatives(model)) * state.weights_open)


def own_pools(model: MarketModel) -> npt.NDArray[np.bool_]:
    """(R, F) whether a family's developers of a region are a pool of their own."""
    return shared(model.scenario, "pools", lambda: _own_pools(model))


def any_pools(model: MarketModel) -> bool:
    """Whether any region has developers of its own."""
    return model.fixed("any pools", lambda: bool(own_pools(model).any()))


def _own_pools(model: MarketModel) -> npt.NDArray[np.bool_]:
    world = model.world
    tables = [model.scenario.families[name].community.regions for name in world.families]
    return np.array([[region in table for table in tables] for region in world.regions], bool)


def develop(model: MarketModel) -> None:
    """Developers join open families (Bass; faster where the family leads), and contribute."""
    state = model.state
    pools = model.fixed("developer pools", lambda: _pools(model))
    now: list[float] = []
    innovation: list[float] = []
    imitation: list[float] = []
    potential: list[float] = []
    opened = [f for f, is_open in enumerate(state.weights_open.tolist()) if is_open]
    for f, ahead in zip(opened, _leads(model, opened), strict=True):
        for pool in pools[f]:
            pull = exp(pool.pull * ahead)
            now.append(pool.of(state)[pool.place])
            innovation.append(min(1.0, pool.innovation * pull))
            imitation.append(pool.imitation)
            potential.append(pool.potential)
    if opened:
        steps = iter(bass_step(now, innovation, imitation, potential).tolist())
        for f in opened:
            for pool in pools[f]:
                pool.of(state)[pool.place] = next(steps)
    publish_derivatives(model)
    contribute(model)


def _leads(model: MarketModel, families: list[int]) -> list[float]:
    """Mean lead of families over the kinds of work, by the tokens asked for."""
    state = model.state
    tokens, means = state.tokens_by_kind.tolist(), state.mean_capability.tolist()
    total, out = math.fsum(tokens), []
    for f in families:
        levels, added = state.capability[f].tolist(), float(state.contribution[f])
        rows = zip(tokens, levels, means, strict=True)
        gaps = [asked * (level + added - mean) for asked, level, mean in rows]
        out.append(math.fsum(gaps) / total if total > 0.0 else 0.0)
    return out


class _Pool(NamedTuple):
    """Developers of a family: of one region, or of all that have no pool of their own."""

    place: tuple[int, ...]  # in `developers` (F,) or `developers_in` (F, R)
    innovation: float
    imitation: float
    potential: float
    pull: float

    def of(self, state: MarketState) -> Floats:
        """The array that holds it."""
        return state.developers if len(self.place) == 1 else state.developers_in


def _pools(model: MarketModel) -> list[list[_Pool]]:
    """Pools of each family."""
    out, regions = [], model.world.regions
    for f, name in enumerate(model.world.families):
        table = model.scenario.families[name].community
        pull = table.capability_pull
        pools = [_Pool((f,), table.innovation, table.imitation, table.potential, pull)]
        for region, pool in table.regions.items():
            p = table.innovation if pool.innovation is None else pool.innovation
            q = table.imitation if pool.imitation is None else pool.imitation
            pools.append(_Pool((f, regions.index(region)), p, q, pool.potential, pull))
        out.append(pools)
    return out


def contribute(model: MarketModel) -> None:
    """Capability that the communities of open families add: contribution x ln(1 + D / scale)."""
    state, scale = model.state, model.scenario.demand.community_scale
    tables, names = model.scenario.families, model.world.families
    gains = model.fixed("gains", lambda: [tables[name].community.contribution for name in names])
    size, is_open = community_size(model).tolist(), state.weights_open.tolist()
    for f, gain in enumerate(gains):
        if is_open[f]:
            state.contribution[f] = gain * log1p(size[f] / scale)


def publish_derivatives(model: MarketModel) -> None:
    """New derivatives of this month find their lineage by Simon's rule, in expectation.

    Developers of all open families publish. A family is a lineage of its derivatives and itself;
    it gathers from the month its weights are open. Expected sizes are exact (the rule is linear)
    and leave no noise between two worlds under the same seed.
    """
    state, table = model.state, model.scenario.ecosystem.derivatives
    if not model.scenario.mechanisms.derivatives or table.publication <= 0.0:
        return
    developers = math.fsum((all_developers(model) * state.weights_open).tolist())
    new = table.publication * developers
    if new <= 0.0:
        return
    sizes = (state.derivatives + 1.0) * state.weights_open
    total = math.fsum(sizes.tolist()) + state.other_models
    grown = attached_sizes(sizes, total, new, table.new_lineage)
    state.derivatives = np.where(state.weights_open, grown - 1.0, state.derivatives)
    state.other_models = max(0.0, total + new - math.fsum(grown.tolist()))
