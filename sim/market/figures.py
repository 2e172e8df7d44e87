"""What the state of a month tells by vendor, family and in all, in the units of the record.

Compiled loops for all measures: a row of NumPy calls costs far more than the sums themselves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from sim.market.books import CALLS, MILLION, PROFIT, REVENUE
from sim.market.books import ROWS as MONEY
from sim.market.community import own_pools
from sim.market.population import FIXED_POINT
from sim.numeric.compiled import kernel
from sim.numeric.exact import to_shares

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
    vendors_per_client: float  # mean number of platforms of clients with work
    postponing: float  # parts of the adopted workloads
    churn: float
    reviewed: float
    surplus: float  # mean of the reviews that tell one


(HELD, WON, POACHED, CREDIT, DISCOUNT, DISCOUNTS, CLIENTS, HOMES, GAIN, AGENTS, BUILDERS, USERS,
 CASH, RESEARCH, STEPS, OBJECTIVE) = range(16)  # fmt: skip
CALLS_SHARE = OBJECTIVE + 1 + MONEY
VENDOR_ROWS = CALLS_SHARE + 2  # of the table of vendors, in the order above
DERIVATIVES, DEVELOPERS, CAPABILITY, REGIONS = range(4)  # rows of the table of families
HOMING, POSTPONING, CHURN, REVIEWED, SURPLUS, NUMBERS = range(6)


class Facts(NamedTuple):
    """What the scenario says; the same in all months."""

    omega: Floats  # (V,) worth of a share point, million yuan
    apart: npt.NDArray[np.bool_]  # (R, F) regions with a pool of developers of their own


def _facts(model: MarketModel) -> Facts:
    scenario, world = model.scenario, model.world
    return Facts(
        np.array([scenario.vendors[name].objective.share_point for name in world.vendors]),
        own_pools(model).reshape(len(world.regions), len(world.families)),
    )


def figures(model: MarketModel) -> Figures:
    """The figures of this month."""
    state, world, homes, held = model.state, model.world, model.homes, model.state.platforms
    facts = model.fixed("facts of figures", lambda: _facts(model))
    vendors = np.zeros((VENDOR_ROWS, world.n_vendors))
    families, numbers = np.empty((REGIONS + len(facts.apart), len(world.families))), np.empty(5)
    of_work(model.tally, world.none, vendors, numbers)
    of_accounts(model.bidding.counts, model.bidding.off, homes.count, homes.moved, vendors)
    of_vendors(
        held.agents, held.builders, held.users, state.cash, state.research, state.research_steps,
        facts.omega, state.token_share, model.account.table, vendors,
    )  # fmt: skip
    of_families(
        state.derivatives, state.developers, state.developers_in, state.weights_open,
        state.capability, state.contribution, state.tokens_by_kind, facts.apart, families,
    )  # fmt: skip
    to_shares(vendors[CALLS_SHARE:])
    return Figures._make((*vendors, *families[:REGIONS], families[REGIONS:], *numbers.tolist()))


@kernel
def of_work(tally, none, out, numbers):  # type: ignore[no-untyped-def]
    """Shares of clients with work, and parts of the workloads; all 0 where there are none."""
    clients, platforms, adopted = 0, 0, 0
    for n in range(1, len(tally.homing)):
        clients += tally.homing[n]
        platforms += tally.homing[n] * n
    for j in range(len(tally.active)):
        adopted += tally.active[j]
    numbers[:] = 0.0
    if clients != 0:
        numbers[HOMING] = float(platforms) / float(clients)
        for v in range(out.shape[1]):
            out[CLIENTS, v] = float(tally.clients[v]) / float(clients)
    if adopted != 0:
        numbers[POSTPONING] = float(tally.active[none]) / float(adopted)
        numbers[CHURN] = float(tally.review[1]) / float(adopted)
        numbers[REVIEWED] = float(tally.review[0]) / float(adopted)
    if tally.review[2] != 0:
        numbers[SURPLUS] = float(tally.review[3]) / float(tally.review[2])


@kernel
def of_accounts(counts, off, home, moved, out):  # type: ignore[no-untyped-def]
    """Key accounts and home clouds."""
    clients = 0
    for v in range(len(home)):
        clients += home[v]
    for v in range(out.shape[1]):
        out[HELD, v] = counts.held[v] / FIXED_POINT
        out[WON, v] = counts.won[v] / FIXED_POINT
        out[POACHED, v] = counts.poached[v] / FIXED_POINT
        out[CREDIT, v] = counts.credit[v] / FIXED_POINT * MILLION
        if counts.bill[v] > 0:
            out[DISCOUNT, v] = float(counts.off[v]) / float(counts.bill[v])
        out[DISCOUNTS, v] = off[v] * MILLION
        if clients != 0:
            out[HOMES, v] = float(home[v]) / float(clients)
        gain = 0
        for w in range(len(moved)):
            gain += moved[w, v]
        for w in range(moved.shape[1]):
            gain -= moved[v, w]
        out[GAIN, v] = gain / FIXED_POINT


@kernel
def of_vendors(  # type: ignore[no-untyped-def]
    agents, builders, users, cash, research, steps, omega, token_share, money, out
):
    """Agent platforms, cash, research, accounts, and what a vendor pursues."""
    for v in range(out.shape[1]):
        for side in range(agents.shape[1]):
            out[AGENTS, v] += agents[v, side]
            out[BUILDERS, v] += builders[v, side]
            out[USERS, v] += users[v, side]
        out[CASH, v] = cash[v] * MILLION
        out[RESEARCH, v] = research[v] * MILLION
        out[STEPS, v] = steps[v]
        worth = omega[v] * POINTS * token_share[v]
        out[OBJECTIVE, v] = (money[PROFIT, v] + worth) * MILLION
        for row in range(MONEY):
            out[OBJECTIVE + 1 + row, v] = money[row, v] * MILLION
        out[CALLS_SHARE, v], out[CALLS_SHARE + 1, v] = money[CALLS, v], money[REVENUE, v]


@kernel
def of_families(  # type: ignore[no-untyped-def]
    derivatives, developers, developers_in, weights_open, capability, contribution, asked, apart,
    out,
):  # fmt: skip
    """Open families, and the capability of all: plain over the kinds of work before any."""
    whole = 0.0
    for k in range(len(asked)):
        whole += asked[k]
    for f in range(out.shape[1]):
        shown = 1.0 if weights_open[f] else 0.0
        out[DERIVATIVES, f] = derivatives[f] * shown
        everywhere, level = 0.0, 0.0
        for r in range(developers_in.shape[1]):
            everywhere += developers_in[f, r]
            pool = developers_in[f, r] if apart[r, f] else developers[f]
            out[REGIONS + r, f] = pool * shown
        out[DEVELOPERS, f] = (developers[f] + everywhere) * shown
        for k in range(len(asked)):
            weight = asked[k] / whole if whole > 0.0 else 1.0 / len(asked)
            level += (capability[f, k] + contribution[f]) * weight
        out[CAPABILITY, f] = level
