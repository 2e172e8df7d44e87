"""Communities of open families: developers by region, contributions, derivative models."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from sim.economics.attachment import attachment_exponent, lineage_growth
from sim.economics.usage import bass_next
from sim.market.state import MarketState
from sim.numeric.arrays import Matrix, Vector
from sim.numeric.bundle import Bundle
from sim.numeric.compiled import inlined, kernel, step
from sim.numeric.elementary import exp, log1p, power
from sim.numeric.exact import ROOM, exact_sum, plain_sum

if TYPE_CHECKING:
    from sim.market.model import MarketModel


Floats = npt.NDArray[np.float64]
EVERYWHERE = -1  # region of a pool of all developers without one of their own


class CommunityRules(Bundle):
    """What the scenario says of communities: (F,) by family, (P,) by pool of developers."""

    on: bool
    apart: Matrix[np.bool_]  # (R, F) regions with a pool of their own
    spill_over: float
    weight: float  # developers that a derivative counts for
    scale: float
    ease: Vector[np.float64]  # how much a community eases self-hosting
    gain: Vector[np.float64]  # capability that it contributes
    publication: float  # derivatives a developer publishes in a month, 0 without derivatives
    joining: float  # exponent of the growth of lineages
    family: Vector[np.int64]  # (P,)
    region: Vector[np.int64]  # (P,) or `EVERYWHERE`
    innovation: Vector[np.float64]  # (P,)
    imitation: Vector[np.float64]  # (P,)
    potential: Vector[np.float64]  # (P,)
    pull: Vector[np.float64]  # (P,) on innovation, of a lead in capability


class Communities(Bundle):
    """What clients meet of communities this month, and room for sums."""

    size: Vector[np.float64]  # (F,) D everywhere
    met: Matrix[np.float64]  # (R, F) D as clients of a region meet it
    ease: Vector[np.float64]  # (F,) factor on self-hosting cost
    row: Vector[np.float64]
    parts: Vector[np.float64]  # for exact sums


def new_communities(model: MarketModel) -> Communities:
    """Room for the communities of a month."""
    world = model.world
    f, r = len(world.families), len(world.regions)
    row = np.zeros(max(f, len(world.kinds)))
    return Communities(np.zeros(f), np.zeros((r, f)), np.ones(f), row, np.zeros(ROOM))


def community_rules(model: MarketModel) -> CommunityRules:
    """The scenario's rules of communities."""
    scenario, world = model.scenario, model.world
    derivatives, on = scenario.ecosystem.derivatives, scenario.mechanisms
    tables = [scenario.families[name].community for name in world.families]
    pools = []
    for f, table in enumerate(tables):
        usual = table.innovation, table.imitation
        pools.append((f, EVERYWHERE, *usual, table.potential, table.capability_pull))
        for name, pool in table.regions.items():
            p = usual[0] if pool.innovation is None else pool.innovation
            q = usual[1] if pool.imitation is None else pool.imitation
            region = world.regions.index(name)
            pools.append((f, region, p, q, pool.potential, table.capability_pull))
    numbers = np.array([pool[2:] for pool in pools], np.float64).reshape(-1, 4).T.copy()
    places = np.array([pool[:2] for pool in pools], np.int64).reshape(-1, 2).T.copy()
    return CommunityRules(
        on=on.communities,
        apart=own_pools(model),
        spill_over=scenario.ecosystem.spill_over,
        weight=derivatives.weight if on.derivatives else 0.0,
        scale=scenario.demand.community_scale,
        ease=np.array([table.hosting_ease for table in tables]),
        gain=np.array([table.contribution for table in tables]),
        publication=derivatives.publication if on.derivatives else 0.0,
        joining=1.0 / attachment_exponent(derivatives.new_lineage),
        family=places[0],
        region=places[1],
        innovation=numbers[0],
        imitation=numbers[1],
        potential=numbers[2],
        pull=numbers[3],
    )


def own_pools(model: MarketModel) -> npt.NDArray[np.bool_]:
    """(R, F) whether a family's developers of a region are a pool of their own."""
    world = model.world
    tables = [model.scenario.families[name].community.regions for name in world.families]
    rows = [[region in table for table in tables] for region in world.regions]
    return np.array(rows, bool).reshape(len(world.regions), len(tables))


@inlined
def all_developers(f, state):  # type: ignore[no-untyped-def]
    """Developers of all regions."""
    return state.developers[f] + plain_sum(state.developers_in[f])


@inlined
def community_size(f, rules, state):  # type: ignore[no-untyped-def]
    """D: developers everywhere and what derivatives count for; code knows no borders."""
    whole = all_developers(f, state) + rules.weight * state.derivatives[f]
    return whole if state.weights_open[f] else 0.0


@inlined
def community_in(r, f, rules, state):  # type: ignore[no-untyped-def]
    """D as clients of a region meet it: their own pool, and others' by the spill-over."""
    whole = all_developers(f, state)
    own = state.developers_in[f, r] if rules.apart[r, f] else state.developers[f]
    met = own + rules.spill_over * (whole - own) + rules.weight * state.derivatives[f]
    return met if state.weights_open[f] else 0.0


@step
def fill_communities(rules, state, out):  # type: ignore[no-untyped-def]
    """What clients meet; communities make self-hosting easier by (1 + D / scale)^-ease."""
    for f in range(len(out.size)):
        out.size[f] = community_size(f, rules, state)
        if rules.on:
            out.ease[f] = power(1.0 + out.size[f] / rules.scale, -rules.ease[f])
        for r in range(out.met.shape[0]):
            out.met[r, f] = community_in(r, f, rules, state)


@step
def lead_of(f, total, state, room):  # type: ignore[no-untyped-def]
    """Mean lead of a family over the kinds of work, by the tokens asked for."""
    asked, row = state.tokens_by_kind, room.row
    for k in range(len(asked)):
        level = state.capability[f, k] + state.contribution[f]
        row[k] = asked[k] * (level - state.mean_capability[k])
    return exact_sum(row[: len(asked)], room.parts) / total if total > 0.0 else 0.0


@step
def join(rules, state, room):  # type: ignore[no-untyped-def]
    """Developers join open families (Bass; faster where the family leads)."""
    total, before, lead = exact_sum(state.tokens_by_kind, room.parts), -1, 0.0
    for p in range(len(rules.family)):
        f, region = rules.family[p], rules.region[p]
        if not state.weights_open[f]:
            continue
        if f != before:
            before, lead = f, lead_of(f, total, state, room)
        innovation = min(1.0, rules.innovation[p] * exp(rules.pull[p] * lead))
        facts = innovation, rules.imitation[p], rules.potential[p]
        if region == EVERYWHERE:
            state.developers[f] = bass_next(state.developers[f], *facts)
        else:
            state.developers_in[f, region] = bass_next(state.developers_in[f, region], *facts)


@step
def publish_derivatives(rules, state, room):  # type: ignore[no-untyped-def]
    """New derivatives of this month find their lineage by Simon's rule, in expectation.

    Developers of all open families publish. A family is a lineage of its derivatives and itself;
    it gathers from the month its weights are open. Expected sizes are exact (the rule is linear)
    and leave no noise between two worlds under the same seed.
    """
    row, is_open = room.row[: len(state.developers)], state.weights_open
    for f in range(len(row)):
        row[f] = all_developers(f, state) if is_open[f] else 0.0
    new = rules.publication * exact_sum(row, room.parts)
    if new <= 0.0:
        return
    for f in range(len(row)):
        row[f] = state.derivatives[f] + 1.0 if is_open[f] else 0.0
    total = exact_sum(row, room.parts) + state.other_models
    growth = lineage_growth(total, new, rules.joining)
    for f in range(len(row)):
        row[f] *= growth
        state.derivatives[f] = row[f] - 1.0 if is_open[f] else state.derivatives[f]
    state.other_models = max(0.0, total + new - exact_sum(row, room.parts))


@step
def contribute(rules, state):  # type: ignore[no-untyped-def]
    """Capability that the communities of open families add: contribution x ln(1 + D / scale)."""
    for f in range(len(rules.gain)):
        if state.weights_open[f]:
            known = log1p(community_size(f, rules, state) / rules.scale)
            state.contribution[f] = rules.gain[f] * known


@step
def develop(rules, state, room):  # type: ignore[no-untyped-def]
    """A month of all communities."""
    join(rules, state, room)
    if rules.publication > 0.0:
        publish_derivatives(rules, state, room)
    contribute(rules, state)


@kernel
def contribute_alone(rules: CommunityRules, state: MarketState) -> None:
    """`contribute`."""
    contribute(rules, state)
