"""Communities of open families: developers by region, contributions, derivative models."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from sim.economics.networks import (
    attached_sizes,
    bass_step,
    hosting_ease,
    network_benefit,
    pulled_innovation,
)
from sim.market.state import MarketState
from sim.market.world import MarketLayout

if TYPE_CHECKING:
    from sim.scenario.schema.scenario import Scenario


Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class CommunityRules:
    """What the scenario says of communities: (F,) by family.

    (F, 1 + R) by pool of developers: those of all regions without a pool of their own first, then
    the regions; potential 0 where there is no pool.
    """

    on: bool
    apart: npt.NDArray[np.bool_]  # (R, F) regions with a pool of their own
    spill_over: float
    weight: float  # developers that a derivative counts for
    scale: float
    ease: Floats  # how much a community eases self-hosting
    gain: Floats  # capability that it contributes
    publication: float  # derivatives a developer publishes in a month, 0 without derivatives
    new_lineage: float  # chance that a derivative begins a lineage of its own
    pull: Floats  # on innovation, of a lead in capability
    innovation: Floats  # (F, 1 + R)
    imitation: Floats
    potential: Floats


class Communities(NamedTuple):
    """Effective numbers of developers of open families in a month, D."""

    size: Floats  # (F,) everywhere
    met: Floats  # (R, F) as clients of a region meet it
    ease: Floats  # (F,) factor on self-hosting cost


def community_rules(scenario: Scenario, world: MarketLayout) -> CommunityRules:
    """The scenario's rules of communities."""
    derivatives, on = scenario.ecosystem.derivatives, scenario.mechanisms
    tables = [scenario.families[name].community for name in world.families]
    innovation, imitation, potential = np.zeros((3, len(tables), 1 + len(world.regions)))
    for f, table in enumerate(tables):
        innovation[f], imitation[f] = table.innovation, table.imitation
        potential[f, 0] = table.potential
        for name, pool in table.regions.items():
            place = f, 1 + world.regions.index(name)
            potential[place] = pool.potential
            if pool.innovation is not None:
                innovation[place] = pool.innovation
            if pool.imitation is not None:
                imitation[place] = pool.imitation
    return CommunityRules(
        on=on.communities,
        apart=own_pools(scenario, world),
        spill_over=scenario.ecosystem.spill_over,
        weight=derivatives.weight if on.derivatives else 0.0,
        scale=scenario.demand.community_scale,
        ease=np.array([table.hosting_ease for table in tables]),
        gain=np.array([table.contribution for table in tables]),
        publication=derivatives.publication if on.derivatives else 0.0,
        new_lineage=derivatives.new_lineage,
        pull=np.array([table.capability_pull for table in tables]),
        innovation=innovation,
        imitation=imitation,
        potential=potential,
    )


def own_pools(scenario: Scenario, world: MarketLayout) -> npt.NDArray[np.bool_]:
    """(R, F) whether a family's developers of a region are a pool of their own."""
    tables = [scenario.families[name].community.regions for name in world.families]
    rows = [[region in table for table in tables] for region in world.regions]
    return np.array(rows, bool).reshape(len(world.regions), len(tables))


def all_developers(state: MarketState) -> Floats:
    """(F,) developers of all regions."""
    return np.asarray(state.developers + np.add.reduce(state.developers_in, axis=1))


def community_size(rules: CommunityRules, state: MarketState, whole: Floats) -> Floats:
    """(F,) D: developers everywhere and what derivatives count for; code knows no borders."""
    return np.where(state.weights_open, whole + rules.weight * state.derivatives, 0.0)


def communities(rules: CommunityRules, state: MarketState) -> Communities:
    """What clients meet of communities now.

    A region meets its own pool, and a share `spill_over` of the others. They make
    self-hosting easier.
    """
    whole = all_developers(state)
    size = community_size(rules, state, whole)
    own = np.where(rules.apart, state.developers_in.T, state.developers)
    met = own + rules.spill_over * (whole - own) + rules.weight * state.derivatives
    ease = hosting_ease(size, rules.scale, rules.ease) if rules.on else np.ones_like(size)
    return Communities(size, np.where(state.weights_open, met, 0.0), ease)


def develop(rules: CommunityRules, state: MarketState) -> None:
    """A month of all communities."""
    join(rules, state)
    if rules.publication > 0.0:
        publish_derivatives(rules, state)
    contribute(rules, state)


def join(rules: CommunityRules, state: MarketState) -> None:
    """Developers join open families (Bass; faster where the family leads)."""
    lead = leads(state)[:, None]
    innovation = pulled_innovation(rules.innovation, rules.pull[:, None], lead)
    pools = np.concatenate([state.developers[:, None], state.developers_in], axis=1)
    grown = bass_step(pools, innovation, rules.imitation, rules.potential)
    pools = np.where(state.weights_open[:, None], grown, pools)
    state.developers[:], state.developers_in[:] = pools[:, 0], pools[:, 1:]


def leads(state: MarketState) -> Floats:
    """(F,) mean lead in capability over the kinds of work, by the tokens asked for."""
    asked = state.tokens_by_kind
    total = math.fsum(asked.tolist())
    if total <= 0.0:
        return np.zeros(len(state.contribution))
    gaps = state.capability + state.contribution[:, None] - state.mean_capability
    return np.array([math.fsum(row) for row in (asked * gaps).tolist()]) / total


def publish_derivatives(rules: CommunityRules, state: MarketState) -> None:
    """New derivatives of this month find their lineage by Simon's rule, in expectation.

    Developers of all open families publish. A family is a lineage of its derivatives and itself;
    it gathers from the month its weights are open. Expected sizes are exact (the rule is linear)
    and leave no noise between two worlds under the same seed.
    """
    is_open = state.weights_open
    new = rules.publication * math.fsum(all_developers(state)[is_open].tolist())
    if new <= 0.0:
        return
    lineages = state.derivatives[is_open] + 1.0
    total = math.fsum(lineages.tolist()) + state.other_models
    grown = attached_sizes(lineages, total, new, rules.new_lineage)
    state.derivatives[is_open] = grown - 1.0
    state.other_models = max(0.0, total + new - math.fsum(grown.tolist()))


def contribute(rules: CommunityRules, state: MarketState) -> None:
    """Capability that the communities of open families add: contribution x ln(1 + D / scale)."""
    size = community_size(rules, state, all_developers(state))
    added = rules.gain * network_benefit(size, rules.scale)
    state.contribution[:] = np.where(state.weights_open, added, state.contribution)
