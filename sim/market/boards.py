"""What the offers of a month add up to, by platform, owner, family, segment and region.

Compiled loops for all measures: a row of NumPy calls costs far more than the sums themselves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from sim.market.clients.columns import Layout, Terms
from sim.market.clients.consider import price_paid
from sim.market.clients.population import FIXED_POINT
from sim.market.clients.presence import Presence
from sim.market.state import MarketState
from sim.market.supply.books import Ledger
from sim.market.supply.serving import Volumes
from sim.numeric.arrays import Matrix, Vector
from sim.numeric.bundle import Bundle
from sim.numeric.compiled import kernel, step
from sim.numeric.exact import concentration, plain_sum, to_shares

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
    kinds: Floats  # (K,) tokens asked for
    total: Floats  # () tokens of all families
    self_hosted: Floats  # () of these, served by clients themselves
    scope_index: Floats  # () Hirschman-Herfindahl index of the scope's shares
    family_index: Floats  # () of the families' shares


ROWS = len(Boards._fields) - 11  # of the table of vendors, in the order above
(TOKENS, SCOPE, FAMILY, LOST, WORKLOADS, PRICE, COST, LERNER, BURN, MISSED, SOLD, MASS,
 SCOPE_SHARE, FAMILY_SHARE, ABROAD, AGENTS) = range(ROWS)  # fmt: skip
TOTAL, SELF_HOSTED, SCOPE_INDEX, FAMILY_INDEX, NUMBERS = range(5)


class Places(Bundle):
    """What offers, cells, platforms and kinds are; the same in all months."""

    owner: Vector[np.int64]  # (F,)
    domestic: Vector[np.bool_]  # (cells,)
    scope: Vector[np.bool_]  # (V,) clouds
    agents: Vector[np.bool_]  # (K,) agent work
    regions: Vector[np.float64]  # (R,) shares of clients
    segments: Vector[np.float64]  # (S,)
    of_regions: float  # sum of these shares
    of_segments: float


class BoardTable(Bundle):
    """Room for the sums of a month."""

    vendors: Matrix[np.float64]  # (ROWS + S + R, V)
    families: Matrix[np.float64]  # (R, F)
    goodwill: Matrix[np.float64]  # (S + 1, V), all clients last
    awareness: Matrix[np.float64]  # (S + 1, V)
    elsewhere: Vector[np.float64]  # (F,) tokens that others than the owner serve
    margin: Vector[np.float64]  # (F,) yuan a million tokens of the owner's own calls
    kinds: Vector[np.float64]  # (K,)
    numbers: Vector[np.float64]  # (NUMBERS,)
    row: Vector[np.float64]  # (J,), room
    squares: Vector[np.float64]  # (V,), room


def places_of(model: MarketModel) -> Places:
    """The places of a scenario."""
    world, scenario = model.world, model.scenario
    regions = [scenario.regions[name] for name in world.regions]
    domestic = np.array([region.domestic for region in regions], bool)
    by_region = np.array([region.share for region in regions])
    by_segment = np.array([scenario.segments[name].share for name in world.segments])
    return Places(
        owner=world.owner,
        domestic=np.tile(domestic, len(world.segments)),
        scope=np.array([not scenario.vendors[name].model_company for name in world.vendors]),
        agents=np.array([scenario.kinds[name].agent_work > 0.0 for name in world.kinds], bool),
        regions=by_region,
        segments=by_segment,
        of_regions=float(by_region.sum()),
        of_segments=float(by_segment.sum()),
    )


def new_board_table(model: MarketModel) -> BoardTable:
    """Room for the sums of a month."""
    world = model.world
    v, f, s, r = world.n_vendors, len(world.families), len(world.segments), len(world.regions)
    tables = (ROWS + s + r, v), (r, f), (s + 1, v), (s + 1, v)
    rows = f, f, len(world.kinds), NUMBERS, world.n_offers, v
    return BoardTable(*(np.zeros(size) for size in (*tables, *rows)))


def boards_of(model: MarketModel, table: BoardTable) -> Boards:
    """Names for the rows of the table."""
    rows, s = table.vendors[ROWS:], len(model.world.segments)
    means = table.goodwill[:s], table.goodwill[s], table.awareness[s]
    sums = table.kinds, *(table.numbers[number, ...] for number in range(NUMBERS))
    return Boards._make((*table.vendors[:ROWS], rows[:s], rows[s:], table.families, *means, *sums))


def boards(model: MarketModel) -> Boards:
    """The sums of this month; the same arrays every month."""
    places = model.fixed("places", lambda: places_of(model))
    market = model.layout, model.volumes, model.presence, model.state, model.ledger
    fill_boards(places, *market, model.terms, model.board_table)
    return model.month_boards


@kernel
def fill_boards(
    places: Places,
    layout: Layout,
    volumes: Volumes,
    presence: Presence,
    state: MarketState,
    ledger: Ledger,
    terms: Terms,
    table: BoardTable,
) -> None:
    """All sums of a month."""
    out = table.vendors
    out[:] = 0.0
    table.families[:] = 0.0
    _add_offers(places, layout, volumes, presence, state, ledger, out)
    _average_calls(layout, volumes, state, ledger, out)
    _add_owners(places, layout, volumes, state, ledger, table)
    _add_cells(places, layout, volumes, table)
    for v in range(out.shape[1]):
        out[SCOPE_SHARE, v], out[FAMILY_SHARE, v] = out[SCOPE, v], out[FAMILY, v]
    to_shares(out[SCOPE_SHARE:])
    to_shares(table.families)
    _whole_market(layout, volumes, table)
    _means_of_clients(state.goodwill, places, table.goodwill)
    _means_of_clients(terms.awareness, places, table.awareness)


@step
def _add_offers(places, layout, volumes, presence, state, ledger, out):  # type: ignore[no-untyped-def]
    """Sums of the offers of each platform."""
    platform, n_vendors, agents = layout.platform, layout.n_vendors, places.agents
    for j in range(len(platform)):
        v = platform[j]
        if v < n_vendors:
            out[LOST, v] += volumes.lost[j]
            out[WORKLOADS, v] += presence.active[j] / FIXED_POINT
    for j in range(layout.n_api):
        v, served = platform[j], volumes.served[j]
        out[TOKENS, v] += served
        loss = ledger.unit_cost[j] - price_paid(j, layout, state)
        out[BURN, v] += loss * served if loss > 0.0 else 0.0
        out[SOLD, v] += served if state.hosting[j] else 0.0
        volume = 0.0
        for k in range(len(agents)):
            volume += volumes.by_kind[k, j] if agents[k] else 0.0
        out[AGENTS, v] += volume


@step
def _average_calls(layout, volumes, state, ledger, out):  # type: ignore[no-untyped-def]
    """Means over the calls on sale: by tokens, plain before any is sold."""
    for j in range(layout.n_api):
        if state.hosting[j]:
            v = layout.platform[j]
            weight = volumes.served[j] if out[SOLD, v] > 0.0 else 1.0
            out[MASS, v] += weight
            out[PRICE, v] += weight * price_paid(j, layout, state)
            out[COST, v] += weight * ledger.unit_cost[j]
    for v in range(out.shape[1]):
        if out[MASS, v] > 0.0:
            out[PRICE, v] /= out[MASS, v]
            out[COST, v] /= out[MASS, v]
        if out[PRICE, v] > 0.0:
            out[LERNER, v] = (out[PRICE, v] - out[COST, v]) / out[PRICE, v]


@step
def _add_owners(places, layout, volumes, state, ledger, table):  # type: ignore[no-untyped-def]
    """Tokens by owner, and what owners miss on those that others serve."""
    owner, platform, family, out = places.owner, layout.platform, layout.family, table.vendors
    elsewhere, margin = table.elsewhere, table.margin
    elsewhere[:] = 0.0
    margin[:] = 0.0
    for j in range(layout.rent_start):
        hosted, f = j >= layout.n_api, family[j]
        # self-hosted work is rationed with the cards it runs on
        tokens = volumes.kept[j] if hosted else volumes.served[j]
        out[FAMILY, owner[f]] += tokens
        if hosted or platform[j] != owner[f]:
            elsewhere[f] += tokens
        elif state.hosting[j]:
            margin[f] = price_paid(j, layout, state) - ledger.unit_cost[j]
    for f in range(len(owner)):
        out[MISSED, owner[f]] += elsewhere[f] * margin[f]


@step
def _add_cells(places, layout, volumes, table):  # type: ignore[no-untyped-def]
    """Calls and families by segment, by region, inside the scope and outside the country."""
    domestic, families, out, asked = (
        places.domestic,
        table.families,
        table.vendors,
        volumes.all_kinds,
    )
    n_segments, n_regions, n_api = len(places.segments), len(places.regions), layout.n_api
    for j in range(layout.rent_start):
        v, f = layout.platform[j], layout.family[j]
        inside, everywhere, abroad = 0.0, 0.0, 0.0
        for c in range(len(domestic)):
            volume = asked[c, j]
            everywhere += volume
            if domestic[c]:
                inside += volume
            else:
                abroad += volume
        out[ABROAD, places.owner[f]] += abroad
        if j < n_api and places.scope[v]:
            part = inside / everywhere if everywhere > 0.0 else 1.0
            out[SCOPE, v] += volumes.served[j] * part
        for r in range(n_regions):
            volume = 0.0
            for s in range(n_segments):
                volume += asked[s * n_regions + r, j]
            families[r, f] += volume
            if j < n_api:
                out[ROWS + n_segments + r, v] += volume
        for s in range(n_segments if j < n_api else 0):
            volume = 0.0
            for r in range(n_regions):
                volume += asked[s * n_regions + r, j]
            out[ROWS + s, v] += volume


@step
def _whole_market(layout, volumes, table):  # type: ignore[no-untyped-def]
    """Tokens in all and by kind, and how concentrated they are."""
    out, row, numbers = table.vendors, table.row, table.numbers
    row[:] = 0.0
    for k in range(len(table.kinds)):
        for j in range(layout.rent_start):
            row[j] = volumes.by_kind[k, j]
        table.kinds[k] = plain_sum(row)
    numbers[TOTAL] = plain_sum(out[FAMILY])
    numbers[SELF_HOSTED] = plain_sum(volumes.kept[layout.host_start : layout.rent_start])
    numbers[SCOPE_INDEX] = concentration(out[SCOPE_SHARE], table.squares)
    numbers[FAMILY_INDEX] = concentration(out[FAMILY_SHARE], table.squares)


@step
def _means_of_clients(values, places, out):  # type: ignore[no-untyped-def]
    """Means of (cells, V) values over the clients of each segment, and over all in the last row."""
    regions, segments = places.regions, places.segments
    out[:] = 0.0
    for v in range(values.shape[1]):
        for s in range(len(segments)):
            for r in range(len(regions)):
                out[s, v] += values[s * len(regions) + r, v] * regions[r]
            out[s, v] /= places.of_regions
            out[-1, v] += out[s, v] * segments[s]
        out[-1, v] /= places.of_segments
