"""What the offers of a month add up to, by platform, owner, family, segment and region.

Compiled loops for all measures: a row of NumPy calls costs far more than the sums themselves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from sim.market.population import FIXED_POINT
from sim.numeric.compiled import kernel
from sim.numeric.exact import to_shares

if TYPE_CHECKING:
    from sim.market.model import MarketModel

Floats = npt.NDArray[np.float64]


class Boards(NamedTuple):
    """Sums of a month, (V,) by platform unless said otherwise; volumes in million tokens.

    Shares are parts of the whole of their row, all 0 where it is empty.
    """

    tokens: Floats  # of model calls, as served
    scope_tokens: Floats  # of domestic clients, model companies aside
    family_tokens: Floats  # by the owner of the family, whoever serves or runs it
    lost: Floats  # served by nobody; rented card-hours too
    workloads: Floats
    price: Floats  # token-weighted mean price paid for model calls; plain where none is sold
    unit_cost: Floats  # the same mean of accounting cost
    lerner: Floats  # of these two means, 0 without a price
    burn: Floats  # yuan below unit cost
    missed_margin: Floats  # yuan, by owner: own margin x tokens that others serve
    sold: Floats  # tokens of calls that are on sale
    mass: Floats  # weights of the means of calls
    scope_share: Floats
    family_share: Floats
    abroad_share: Floats  # by owner, asked for outside the domestic regions
    agent_share: Floats  # asked for by agent work
    by_segment: Floats  # (S, V) share of model calls asked for
    by_region: Floats  # (R, V)
    families_by_region: Floats  # (R, F)
    segment_goodwill: Floats  # (S, V) million yuan, mean over the clients of a segment
    goodwill: Floats  # mean over clients
    awareness: Floats  # mean over clients


ROWS = len(Boards._fields) - 6  # of the table of vendors, in the order above
(TOKENS, SCOPE, FAMILY, LOST, WORKLOADS, PRICE, COST, LERNER, BURN, MISSED, SOLD, MASS,
 SCOPE_SHARE, FAMILY_SHARE, ABROAD, AGENTS) = range(ROWS)  # fmt: skip
PLATFORM, OF_FAMILY, OWNER = range(3)  # rows of what an offer is
MONTH_ROWS = 9  # of what is added up; the last two are room by family
KEPT, SERVED, UNSERVED, ACTIVE, ON_SALE, PAID, UNIT_COST, ELSEWHERE, MARGIN = range(MONTH_ROWS)


class Places(NamedTuple):
    """What offers, cells, platforms and kinds are; the same in all months."""

    offers: npt.NDArray[np.int64]  # (3, J) platform, family and its owner, -1 without one
    owner: npt.NDArray[np.int64]  # (F,)
    domestic: npt.NDArray[np.bool_]  # (cells,)
    scope: npt.NDArray[np.bool_]  # (V,) clouds
    agents: npt.NDArray[np.bool_]  # (K,) agent work
    regions: Floats  # (R,) shares of clients
    segments: Floats  # (S,)
    of_regions: float  # sum of these shares
    of_segments: float


def _places(model: MarketModel) -> Places:
    world, scenario = model.world, model.scenario
    regions = [scenario.regions[name] for name in world.regions]
    domestic = np.array([region.domestic for region in regions], bool)
    by_region = np.array([region.share for region in regions])
    by_segment = np.array([scenario.segments[name].share for name in world.segments])
    return Places(
        np.stack([world.platform, world.family, world.family_owner]),
        world.owner,
        np.tile(domestic, len(world.segments)),
        np.array([not scenario.vendors[name].model_company for name in world.vendors]),
        np.array([scenario.kinds[name].agent_work > 0.0 for name in world.kinds], bool),
        by_region,
        by_segment,
        float(by_region.sum()),
        float(by_segment.sum()),
    )


def boards(model: MarketModel) -> Boards:
    """The sums of this month."""
    world, volumes = model.world, model.volumes
    n, s, r = world.n_api, len(world.segments), len(world.regions)
    table = np.zeros((ROWS + s + r, world.n_vendors))
    families = np.zeros((r, len(world.families)))
    month = np.zeros((MONTH_ROWS, world.n_offers))
    month[KEPT], month[SERVED], month[UNSERVED] = volumes.kept, volumes.served, volumes.lost
    month[ACTIVE], month[ON_SALE], month[PAID] = model.tally.active, model.state.hosting, model.paid
    month[UNIT_COST, :n] = model.account.unit_cost
    at = model.fixed("places", lambda: _places(model))
    _by_platform(at.offers, at.agents, n, volumes.by_kind, month, table)
    _by_owner(at.offers, at.owner, n, world.rent_start, month, table)
    _by_cell(
        at.offers, at.domestic, at.scope, n, world.rent_start, s, volumes.all_kinds, month, table,
        families,
    )  # fmt: skip
    table[SCOPE_SHARE], table[FAMILY_SHARE] = table[SCOPE], table[FAMILY]
    to_shares(table[SCOPE_SHARE:])
    to_shares(families)
    rows, means = table[ROWS:], np.zeros((2, s + 1, world.n_vendors))
    clients = at.regions, at.segments, at.of_regions, at.of_segments
    _means_of_clients(model.state.goodwill, *clients, means[0])
    _means_of_clients(model.awareness, *clients, means[1])
    return Boards._make(
        (*table[:ROWS], rows[:s], rows[s:], families, means[0, :s], means[0, s], means[1, s])
    )


@kernel
def _by_platform(at, agents, n_api, by_kind, month, out):  # type: ignore[no-untyped-def]
    """Sums of offers, and means over the calls on sale: by tokens, plain before any is sold."""
    n_vendors = out.shape[1]
    for j in range(at.shape[1]):
        v = at[PLATFORM, j]
        if v < n_vendors:
            out[LOST, v] += month[UNSERVED, j]
            out[WORKLOADS, v] += month[ACTIVE, j] / FIXED_POINT
    for j in range(n_api):
        v = at[PLATFORM, j]
        out[TOKENS, v] += month[SERVED, j]
        loss = month[UNIT_COST, j] - month[PAID, j]
        out[BURN, v] += loss * month[SERVED, j] if loss > 0.0 else 0.0
        out[SOLD, v] += month[SERVED, j] if month[ON_SALE, j] else 0.0
        volume = 0.0
        for k in range(len(agents)):
            volume += by_kind[k, j] if agents[k] else 0.0
        out[AGENTS, v] += volume
    for j in range(n_api):
        if month[ON_SALE, j]:
            v = at[PLATFORM, j]
            weight = month[SERVED, j] if out[SOLD, v] > 0.0 else 1.0
            out[MASS, v] += weight
            out[PRICE, v] += weight * month[PAID, j]
            out[COST, v] += weight * month[UNIT_COST, j]
    for v in range(n_vendors):
        if out[MASS, v] > 0.0:
            out[PRICE, v] /= out[MASS, v]
            out[COST, v] /= out[MASS, v]
        if out[PRICE, v] > 0.0:
            out[LERNER, v] = (out[PRICE, v] - out[COST, v]) / out[PRICE, v]


@kernel
def _by_owner(at, owner, n_api, rent_start, month, out):  # type: ignore[no-untyped-def]
    """Tokens by owner, and what owners miss on those that others serve."""
    for j in range(rent_start):
        hosted = j >= n_api
        # self-hosted work is rationed with the cards it runs on
        tokens = month[KEPT, j] if hosted else month[SERVED, j]
        f = at[OF_FAMILY, j]
        out[FAMILY, at[OWNER, j]] += tokens
        if hosted or at[PLATFORM, j] != at[OWNER, j]:
            month[ELSEWHERE, f] += tokens
        elif month[ON_SALE, j]:
            month[MARGIN, f] = month[PAID, j] - month[UNIT_COST, j]
    for f in range(len(owner)):
        out[MISSED, owner[f]] += month[ELSEWHERE, f] * month[MARGIN, f]


@kernel
def _by_cell(at, domestic, scope, n_api, rent_start, n_segments, all_kinds, month, out, families):  # type: ignore[no-untyped-def]
    """Calls and families by segment, by region, inside the scope and outside the country."""
    n_regions = len(families)
    for j in range(rent_start):
        v = at[PLATFORM, j]
        inside, everywhere, abroad = 0.0, 0.0, 0.0
        for c in range(len(domestic)):
            volume = all_kinds[c, j]
            everywhere += volume
            if domestic[c]:
                inside += volume
            else:
                abroad += volume
        out[ABROAD, at[OWNER, j]] += abroad
        if j < n_api and scope[v]:
            part = inside / everywhere if everywhere > 0.0 else 1.0
            out[SCOPE, v] += month[SERVED, j] * part
        for r in range(n_regions):
            volume = 0.0
            for s in range(n_segments):
                volume += all_kinds[s * n_regions + r, j]
            families[r, at[OF_FAMILY, j]] += volume
            if j < n_api:
                out[ROWS + n_segments + r, v] += volume
        if j < n_api:
            for s in range(n_segments):
                volume = 0.0
                for r in range(n_regions):
                    volume += all_kinds[s * n_regions + r, j]
                out[ROWS + s, v] += volume


@kernel
def _means_of_clients(values, regions, segments, of_regions, of_segments, out):  # type: ignore[no-untyped-def]
    """Means of (cells, V) values over the clients of each segment, and over all in the last row.

    `of_regions` and `of_segments` are the sums of the shares of clients.
    """
    for v in range(values.shape[1]):
        for s in range(len(segments)):
            for r in range(len(regions)):
                out[s, v] += values[s * len(regions) + r, v] * regions[r]
            out[s, v] /= of_regions
            out[-1, v] += out[s, v] * segments[s]
        out[-1, v] /= of_segments
