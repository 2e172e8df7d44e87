"""Communities of open families: developers by region, contributions, derivative models."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from sim.economics.attachment import attached_sizes
from sim.economics.diffusion import bass_step
from sim.market.shared import shared

if TYPE_CHECKING:
    from sim.market.model import MarketModel

Floats = npt.NDArray[np.float64]


def all_developers(model: MarketModel) -> Floats:
    """(F,) developers of all regions."""
    state = model.state
    return np.asarray(state.developers + state.developers_in.sum(axis=1))


def _of_derivatives(model: MarketModel) -> Floats:
    """(F,) developers that a family's derivatives count for."""
    weight = model.scenario.ecosystem.derivatives.weight
    if not model.scenario.mechanisms.derivatives:
        weight = 0.0
    return np.asarray(weight * model.state.derivatives)


def community_size(model: MarketModel) -> Floats:
    """(F,) D: developers everywhere and what derivatives count for; code knows no borders."""
    whole = all_developers(model) + _of_derivatives(model)
    return np.asarray(whole * model.state.weights_open)


def community_by_region(model: MarketModel) -> Floats:
    """(R, F) D as clients of a region meet it: their own pool, and others' by the spill-over."""
    state = model.state
    whole, spill = all_developers(model), model.scenario.ecosystem.spill_over
    own = np.where(own_pools(model), state.developers_in.T, state.developers)
    out = own + spill * (whole - own)
    return np.asarray((out + _of_derivatives(model)) * state.weights_open)


def own_pools(model: MarketModel) -> npt.NDArray[np.bool_]:
    """(R, F) whether a family's developers of a region are a pool of their own."""
    return shared(model.scenario, "pools", lambda: _own_pools(model))


def _own_pools(model: MarketModel) -> npt.NDArray[np.bool_]:
    world = model.world
    tables = [model.scenario.families[name].community.regions for name in world.families]
    return np.array([[region in table for table in tables] for region in world.regions], bool)


def develop(model: MarketModel) -> None:
    """Developers join open families (Bass; faster where the family leads), and contribute."""
    state, world = model.state, model.world
    asked = state.tokens_by_kind
    total = math.fsum(asked.tolist())
    opened = np.flatnonzero(state.weights_open).tolist()
    weighed = (asked * (model.capability[opened] - state.mean_capability)).tolist()
    common: list[tuple[float, float, float]] = []  # p, q, potential of a pool
    own: list[tuple[float, float, float]] = []
    places: list[tuple[int, int]] = []
    for f, gaps in zip(opened, weighed, strict=True):
        table = model.scenario.families[world.families[f]].community
        ahead = math.fsum(gaps) / total if total > 0.0 else 0.0
        pull = math.exp(table.capability_pull * ahead)
        common.append((min(1.0, table.innovation * pull), table.imitation, table.potential))
        for region, pool in table.regions.items():
            p = table.innovation if pool.innovation is None else pool.innovation
            q = table.imitation if pool.imitation is None else pool.imitation
            own.append((min(1.0, p * pull), q, pool.potential))
            places.append((f, world.regions.index(region)))
    if common:
        state.developers[opened] = bass_step(state.developers[opened], *np.array(common).T)
    if own:
        f, r = np.array(places).T
        state.developers_in[f, r] = bass_step(state.developers_in[f, r], *np.array(own).T)
    publish_derivatives(model)
    contribute(model)


def contribute(model: MarketModel) -> None:
    """Capability that the communities of open families add: contribution x ln(1 + D / scale)."""
    state, scale = model.state, model.scenario.demand.community_scale
    size = community_size(model)
    for f, name in enumerate(model.world.families):
        if state.weights_open[f]:
            gain = model.scenario.families[name].community.contribution
            state.contribution[f] = gain * math.log1p(size[f] / scale)


def publish_derivatives(model: MarketModel) -> None:
    """New derivatives of this month find their lineage by Simon's rule, in expectation.

    Developers of all open families publish. A family is a lineage of its derivatives and itself;
    it gathers from the month its weights are open. Expected sizes are exact (the rule is linear)
    and leave no noise between two worlds under the same seed.
    """
    state, table = model.state, model.scenario.ecosystem.derivatives
    if not model.scenario.mechanisms.derivatives:
        return
    developers = math.fsum((all_developers(model) * state.weights_open).tolist())
    new = table.publication * developers
    if new <= 0.0:
        return
    sizes = np.where(state.weights_open, state.derivatives + 1.0, 0.0)
    total = math.fsum(sizes.tolist()) + state.other_models
    grown = attached_sizes(sizes, total, new, table.new_lineage)
    state.derivatives = np.where(state.weights_open, grown - 1.0, state.derivatives)
    state.other_models = max(0.0, total + new - math.fsum(grown.tolist()))
