"""What the state of a month tells by vendor, family and in all, in the units of the record.

Compiled loops for all measures: a row of NumPy calls costs far more than the sums themselves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from sim.market.clients.accounts import Counts
from sim.market.clients.columns import Tally
from sim.market.clients.migration import HomeCounts
from sim.market.clients.population import FIXED_POINT
from sim.market.clients.presence import Presence
from sim.market.ecosystem.communities import own_pools
from sim.market.state import MarketState
from sim.market.supply.books import CALLS, MILLION, PROFIT, REVENUE, Ledger
from sim.market.supply.books import ROWS as MONEY
from sim.numeric.arrays import Matrix, Vector
from sim.numeric.bundle import Bundle
from sim.numeric.compiled import kernel, step
from sim.numeric.exact import concentration, to_shares

if TYPE_CHECKING:
    from sim.market.model import MarketModel


Floats = npt.NDArray[np.float64]
POINTS = 100.0  # share points in the whole market


class Figures(NamedTuple):
    """Figures of a month, (V,) by vendor unless said otherwise; money in yuan."""

    held: Floats  # key accounts with work on the platform
    won: Floats  # workloads of key accounts won in auctions
    poached: Floats  # of these, workloads that another vendor served
    credit: Floats  # investment credits for new deals
    discount: Floats  # mean of new deals with a concession, by list bill; 0 without one
    discounts: Floats  # what running deals take off the bills
    client_share: Floats  # of clients with work
    home_share: Floats  # of all clients
    home_gain: Floats  # clients that came less those that left
    agents: Floats  # both sides
    builders: Floats
    agent_users: Floats
    cash: Floats
    research: Floats
    research_steps: Floats
    objective: Floats  # profit and omega x share points
    calls: Floats  # the rows of an account
    rent: Floats
    services: Floats
    applications: Floats
    cost: Floats
    revenue: Floats
    levers: Floats
    spent: Floats
    profit: Floats
    calls_share: Floats  # of the revenue of all vendors
    revenue_share: Floats
    derivatives: Floats  # (F,) of open families
    developers: Floats  # (F,) of open families, all regions
    capability: Floats  # (F,) mean over the tokens asked for by kind
    developers_by_region: Floats  # (R, F)
    vendors_per_client: Floats  # () mean number of platforms of clients with work
    postponing: Floats  # () parts of the adopted workloads
    churn: Floats
    reviewed: Floats
    surplus: Floats  # () mean of the reviews that tell one
    revenue_index: Floats  # () Hirschman-Herfindahl index of the shares of revenue


(HELD, WON, POACHED, CREDIT, DISCOUNT, DISCOUNTS, CLIENTS, HOMES, GAIN, AGENTS, BUILDERS, USERS,
 CASH, RESEARCH, STEPS, OBJECTIVE) = range(16)  # fmt: skip
CALLS_SHARE = OBJECTIVE + 1 + MONEY
VENDOR_ROWS = CALLS_SHARE + 2  # of the table of vendors, in the order above
DERIVATIVES, DEVELOPERS, CAPABILITY, REGIONS = range(4)  # rows of the table of families
HOMING, POSTPONING, CHURN, REVIEWED, SURPLUS, INDEX, NUMBERS = range(7)


class FigureTable(Bundle):
    """Room for the figures of a month, and what the scenario says of them."""

    omega: Vector[np.float64]  # (V,) worth of a share point, million yuan
    apart: Matrix[np.bool_]  # (R, F) regions with a pool of developers of their own
    vendors: Matrix[np.float64]  # (VENDOR_ROWS, V)
    families: Matrix[np.float64]  # (REGIONS + R, F)
    numbers: Vector[np.float64]  # (NUMBERS,)
    squares: Vector[np.float64]  # (V,), room


def new_figure_table(model: MarketModel) -> FigureTable:
    """Room for the figures of a month."""
    scenario, world = model.scenario, model.world
    f, r = len(world.families), len(world.regions)
    return FigureTable(
        omega=np.array([scenario.vendors[name].objective.share_point for name in world.vendors]),
        apart=own_pools(model.scenario, model.world).reshape(r, f),
        vendors=np.zeros((VENDOR_ROWS, world.n_vendors)),
        families=np.zeros((REGIONS + r, f)),
        numbers=np.zeros(NUMBERS),
        squares=np.zeros(world.n_vendors),
    )


def figures_of(table: FigureTable) -> Figures:
    """Names for the rows of the table."""
    families = (*table.families[:REGIONS], table.families[REGIONS:])
    numbers = (table.numbers[number, ...] for number in range(NUMBERS))
    return Figures._make((*table.vendors, *families, *numbers))


def figures(model: MarketModel) -> Figures:
    """The figures of this month; the same arrays every month."""
    market = model.tally, model.presence, model.state, model.ledger
    counts = model.bidding.counts, model.homes.counts
    fill_figures(model.world.none, *market, *counts, model.figure_table)
    return model.month_figures


@kernel
def fill_figures(
    none: int,
    tally: Tally,
    presence: Presence,
    state: MarketState,
    ledger: Ledger,
    counts: Counts,
    homes: HomeCounts,
    table: FigureTable,
) -> None:
    """All figures of a month."""
    table.vendors[:] = 0.0
    of_work(none, tally, presence, table.vendors, table.numbers)
    of_accounts(presence, counts, ledger, homes, table.vendors)
    of_vendors(state, table.omega, ledger.table, table.vendors)
    of_families(state, table.apart, table.families)
    to_shares(table.vendors[CALLS_SHARE:])
    table.numbers[INDEX] = concentration(table.vendors[CALLS_SHARE + 1], table.squares)


@step
def of_work(none, tally, presence, out, numbers):  # type: ignore[no-untyped-def]
    """Shares of clients with work, and parts of the workloads; all 0 where there are none."""
    clients, platforms, adopted, homing = 0, 0, 0, presence.homing
    for n in range(1, len(homing)):
        clients += homing[n]
        platforms += homing[n] * n
    for j in range(len(presence.active)):
        adopted += presence.active[j]
    numbers[:] = 0.0
    if clients != 0:
        numbers[HOMING] = float(platforms) / float(clients)
        for v in range(out.shape[1]):
            out[CLIENTS, v] = float(presence.clients[v]) / float(clients)
    if adopted != 0:
        numbers[POSTPONING] = float(presence.active[none]) / float(adopted)
        numbers[CHURN] = float(tally.review[1]) / float(adopted)
        numbers[REVIEWED] = float(tally.review[0]) / float(adopted)
    if tally.review[2] != 0:
        numbers[SURPLUS] = float(tally.review[3]) / float(tally.review[2])


@step
def of_accounts(presence, counts, ledger, homes, out):  # type: ignore[no-untyped-def]
    """Key accounts and home clouds."""
    home, moved, clients = homes.clients, homes.moved, 0
    for v in range(len(home)):
        clients += home[v]
    for v in range(out.shape[1]):
        out[HELD, v] = presence.accounts[v] / FIXED_POINT
        out[WON, v] = counts.won[v] / FIXED_POINT
        out[POACHED, v] = counts.poached[v] / FIXED_POINT
        out[CREDIT, v] = counts.credit[v] / FIXED_POINT * MILLION
        if counts.bill[v] > 0:
            out[DISCOUNT, v] = float(counts.off[v]) / float(counts.bill[v])
        out[DISCOUNTS, v] = ledger.off[v] * MILLION
        if clients != 0:
            out[HOMES, v] = float(home[v]) / float(clients)
        gain = 0
        for w in range(len(moved)):
            gain += moved[w, v]
        for w in range(moved.shape[1]):
            gain -= moved[v, w]
        out[GAIN, v] = gain / FIXED_POINT


@step
def of_vendors(state, omega, money, out):  # type: ignore[no-untyped-def]
    """Agent platforms, cash, research, accounts, and what a vendor pursues."""
    held = state.platforms
    for v in range(out.shape[1]):
        for side in range(held.agents.shape[1]):
            out[AGENTS, v] += held.agents[v, side]
            out[BUILDERS, v] += held.builders[v, side]
            out[USERS, v] += held.users[v, side]
        out[CASH, v] = state.cash[v] * MILLION
        out[RESEARCH, v] = state.research[v] * MILLION
        out[STEPS, v] = state.research_steps[v]
        worth = omega[v] * POINTS * state.token_share[v]
        out[OBJECTIVE, v] = (money[PROFIT, v] + worth) * MILLION
        for row in range(MONEY):
            out[OBJECTIVE + 1 + row, v] = money[row, v] * MILLION
        out[CALLS_SHARE, v], out[CALLS_SHARE + 1, v] = money[CALLS, v], money[REVENUE, v]


@step
def of_families(state, apart, out):  # type: ignore[no-untyped-def]
    """Open families, and the capability of all: plain over the kinds of work before any."""
    asked, developers_in = state.tokens_by_kind, state.developers_in
    whole = 0.0
    for k in range(len(asked)):
        whole += asked[k]
    for f in range(out.shape[1]):
        shown = 1.0 if state.weights_open[f] else 0.0
        out[DERIVATIVES, f] = state.derivatives[f] * shown
        everywhere, level = 0.0, 0.0
        for r in range(developers_in.shape[1]):
            everywhere += developers_in[f, r]
            pool = developers_in[f, r] if apart[r, f] else state.developers[f]
            out[REGIONS + r, f] = pool * shown
        out[DEVELOPERS, f] = (state.developers[f] + everywhere) * shown
        for k in range(len(asked)):
            weight = asked[k] / whole if whole > 0.0 else 1.0 / len(asked)
            level += (state.capability[f, k] + state.contribution[f]) * weight
        out[CAPABILITY, f] = level
