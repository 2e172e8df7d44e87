"""Phase `settle`: revenue by layer, cost, cash, experience, and last month's public figures."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from sim.market.clients.auction import YUAN, DealCounts
from sim.market.clients.columns import Layout
from sim.market.clients.deals import count_deals
from sim.market.clients.population import FIXED_POINT
from sim.market.state import MarketState
from sim.market.supply.accelerators import SupplyRules, app_cards
from sim.market.supply.costs import Chips, CostRules, Costs, equivalents, fill_costs
from sim.market.supply.serving import Volumes
from sim.numeric.arrays import Matrix, Vector
from sim.numeric.bundle import Bundle
from sim.numeric.compiled import inlined, kernel, step
from sim.numeric.exact import ROOM, exact_sum, plain_sum

if TYPE_CHECKING:
    from sim.market.model import MarketModel


Floats = npt.NDArray[np.float64]
MILLION = 1e6
LEAST_EXPERIENCE = 1e-9  # million tokens: keeps the ratio to the start defined
ROWS = 9  # of the table of an account, in the order below
CALLS, RENT, SERVICES, APPLICATIONS, COST, REVENUE, LEVERS, SPENT, PROFIT = range(ROWS)


class Rates(Bundle):
    """What bills and costs follow."""

    lever_cost: Vector[np.float64]  # (V,) million yuan a month
    capacity: bool
    services_on_calls: float
    services_on_rent: float
    applications_on_calls: float
    services_cost_share: float
    applications_cost_share: float
    forgetting: float


class Ledger(Bundle):
    """Money of a month, million yuan, and room to add it up."""

    table: Matrix[np.float64]  # (ROWS, V)
    bill: Vector[np.float64]  # (J,) by offer
    discounts: Vector[np.float64]  # (J,) that running deals take off
    off: Vector[np.float64]  # (V,) the same by platform
    unit_cost: Vector[np.float64]  # (n_api,) accounting cost, yuan per million tokens
    tokens: Vector[np.float64]  # (V,) million tokens of model calls
    spent: Vector[np.float64]  # (V,) yuan paid for them
    asked: Vector[np.float64]  # (K,) tokens asked for
    row: Vector[np.float64]  # (J,)
    parts: Vector[np.float64]  # for exact sums
    paid: float  # by all clients to all vendors


class Account:
    """The books of a month by vendor, (V,) million yuan, read from the ledger.

    Attributes
    ----------
    calls, rent, services
        MaaS: model calls; IaaS: accelerators rented for training and for self-hosting; PaaS.
    applications
        Built on model calls; outside full-stack revenue.
    revenue
        Of the full stack: calls + rent + services.
    cost, levers, spent
        Of serving, of levers, and on moves of all purposes.
    profit
        All revenue less cost, the cost of levers and the spending on moves.
    unit_cost
        (n_api,) accounting cost, yuan per million tokens.
    spending
        On moves, by purpose.
    """

    def __init__(self, ledger: Ledger, spending: dict[str, Floats]) -> None:
        self.ledger, self.unit_cost, self.spending = ledger, ledger.unit_cost, spending
        rows: list[Floats] = list(ledger.table)
        self.calls, self.rent, self.services, self.applications, self.cost = rows[: COST + 1]
        self.revenue, self.levers, self.spent, self.profit = rows[COST + 1 :]

    @property
    def paid(self) -> float:
        """Million yuan that all clients paid to all vendors."""
        return self.ledger.paid


def new_ledger(model: MarketModel) -> Ledger:
    """Room for the money of a month."""
    world = model.world
    v, j = world.n_vendors, world.n_offers
    return Ledger(
        table=np.zeros((ROWS, v)),
        bill=np.zeros(j),
        discounts=np.zeros(j),
        off=np.zeros(v),
        unit_cost=np.zeros(world.n_api),
        tokens=np.zeros(v),
        spent=np.zeros(v),
        asked=np.zeros(len(world.kinds)),
        row=np.zeros(j),
        parts=np.zeros(ROOM),
        paid=0.0,
    )


def rates_of(model: MarketModel) -> Rates:
    """The scenario's rates."""
    supply, names = model.scenario.supply, model.world.vendors
    levers = model.scenario.levers.values()
    costs = [
        math.fsum(lever.cost * lever.intensity for lever in levers if lever.vendor == name)
        for name in names
    ]
    return Rates(
        lever_cost=np.array(costs),
        capacity=model.scenario.mechanisms.capacity,
        services_on_calls=supply.services_on_calls,
        services_on_rent=supply.services_on_rent,
        applications_on_calls=supply.applications_on_calls,
        services_cost_share=supply.services_cost_share,
        applications_cost_share=supply.applications_cost_share,
        forgetting=supply.learning.forgetting,
    )


def settle(model: MarketModel) -> None:
    """Book the month.

    Raises
    ------
    ValueError
        The bills are too large to be added up.
    """
    count_deals(
        model.bidding, model.columns, model.choices, model.layout, model.terms, len(model.spaces)
    )
    account, ledger = model.account, model.ledger
    account.spending = dict(model.spending)
    ledger.table[SPENT] = 0.0
    for purpose in sorted(model.spending):
        ledger.table[SPENT] += model.spending[purpose]
    rules = model.rates, model.cost_rules, model.supply_rules, model.chips
    settle_month(
        model.month,
        *rules,
        model.layout,
        model.bidding.counts,
        model.volumes,
        model.state,
        model.costs,
        ledger,
    )
    if not math.isfinite(ledger.paid):
        raise ValueError("the bills of a month are too large to be added up")


@inlined
def price_paid(j, layout, state):  # type: ignore[no-untyped-def]
    """Token price after discounts that freed money pays for, yuan per million tokens."""
    v = layout.platform[j]
    off = state.discount[v] if v < layout.n_vendors else 0.0
    return state.list_price[j] * (1.0 - off)


@inlined
def rent_paid(v, layout, state):  # type: ignore[no-untyped-def]
    """Rent of a card-month on a platform, yuan."""
    return state.market_rent * layout.rent_factor[v]


@inlined
def unit_price(j, card_hours, layout, state):  # type: ignore[no-untyped-def]
    """List price of a million tokens (API) or of a card-hour (HOST, RENT), yuan; 0 of own machines
    and of postponing."""
    if j < layout.n_api:
        return price_paid(j, layout, state)
    v = layout.platform[j]
    return rent_paid(v, layout, state) / card_hours if v < layout.n_vendors else 0.0


@kernel
def settle_month(
    month: int,
    rates: Rates,
    rules: CostRules,
    supply: SupplyRules,
    chips: Chips,
    layout: Layout,
    counts: DealCounts,
    volumes: Volumes,
    state: MarketState,
    costs: Costs,
    ledger: Ledger,
) -> None:
    """Bills, costs and profits of a month; then everybody sees its means and shares."""
    fill_costs(month, rules, chips, layout, state, costs)
    fill_discounts(counts.conceded, rules.card_hours, layout, volumes, state, ledger)
    charge(rules.card_hours, rates, layout, volumes, state, costs, ledger)
    close(month, rates, rules, supply, chips, state, costs, ledger)
    bill, n = ledger.bill, layout.n_api
    for_calls, for_rent = plain_sum(bill[:n]), plain_sum(bill[n:])
    fees = rates.services_on_calls * for_calls
    fees += rates.services_on_rent * for_rent
    fees += rates.applications_on_calls * for_calls
    ledger.paid = plain_sum(bill) + fees
    publish_month(layout, volumes, state, ledger)
    for v in range(len(ledger.tokens)):
        state.cash[v] += ledger.table[PROFIT, v]
        state.revenue[v] = ledger.table[REVENUE, v]
        known = (1.0 - rates.forgetting) * state.experience[v] + ledger.tokens[v]
        state.experience[v] = max(known, LEAST_EXPERIENCE)


@step
def fill_discounts(conceded, card_hours, layout, volumes, state, ledger):  # type: ignore[no-untyped-def]
    """What deals take off this month's list bills of what is served."""
    ledger.off[:] = 0.0
    for j in range(len(conceded)):
        ledger.discounts[j] = 0.0
        if conceded[j] != 0 and volumes.demanded[j] > 0.0:
            served = volumes.kept[j] / volumes.demanded[j]
            units = conceded[j] / FIXED_POINT * served
            ledger.discounts[j] = units * unit_price(j, card_hours, layout, state) * YUAN
        if layout.platform[j] < layout.n_vendors:
            ledger.off[layout.platform[j]] += ledger.discounts[j]


@step
def charge(card_hours, rates, layout, volumes, state, costs, ledger):  # type: ignore[no-untyped-def]
    """Bills by offer, and calls, rents and cards used by vendor; own machines and postponing cost
    nothing."""
    table, bill, platform = ledger.table, ledger.bill, layout.platform
    served, host_hours, n_api = volumes.served, volumes.host_hours, layout.n_api
    table[:SPENT] = 0.0
    for j in range(n_api):
        ledger.unit_cost[j] = costs.accounting[j]
    for j in range(len(bill)):
        v = platform[j]
        bill[j] = 0.0
        if v >= layout.n_vendors:
            continue
        if j < n_api:
            bill[j] = served[j] * price_paid(j, layout, state) / MILLION - ledger.discounts[j]
            table[CALLS, v] += bill[j]
            table[COST, v] += served[j] * costs.cards[j]
        else:
            hours = host_hours[j] if j < layout.rent_start else served[j]
            rent = rent_paid(v, layout, state) / card_hours
            bill[j] = hours * rent / MILLION - ledger.discounts[j]
            table[RENT, v] += bill[j]
            table[COST, v] += hours / card_hours


@step
def close(month, rates, rules, supply, chips, state, costs, ledger):  # type: ignore[no-untyped-def]
    """Services, costs and profits by vendor.

    Vendors pay for the cards that customers used, but at least for those that stand idle beside
    their own apps.
    """
    table = ledger.table
    for v in range(table.shape[1]):
        calls, rents, idle = table[CALLS, v], table[RENT, v], 0.0
        if rates.capacity:
            idle = equivalents(v, chips, state) - app_cards(v, month, supply, rules)
        services = rates.services_on_calls * calls + rates.services_on_rent * rents
        applications = rates.applications_on_calls * calls
        cost = max(table[COST, v], idle) * costs.card[v] / MILLION
        cost += rates.services_cost_share * services
        cost += rates.applications_cost_share * applications
        table[SERVICES, v], table[APPLICATIONS, v], table[COST, v] = services, applications, cost
        table[REVENUE, v], table[LEVERS, v] = calls + rents + services, rates.lever_cost[v]
        earned = table[REVENUE, v] + applications - cost
        table[PROFIT, v] = earned - table[LEVERS, v] - table[SPENT, v]


def publish(model: MarketModel) -> None:
    """Means and shares that everybody sees next month, before anything is settled."""
    publish_alone(model.layout, model.volumes, model.state, model.ledger)


@kernel
def publish_alone(layout: Layout, volumes: Volumes, state: MarketState, ledger: Ledger) -> None:
    """`publish_month`."""
    publish_month(layout, volumes, state, ledger)


@step
def publish_month(layout, volumes, state, ledger):  # type: ignore[no-untyped-def]
    """Means and shares that everybody sees next month."""
    tokens, spent, row, parts = ledger.tokens, ledger.spent, ledger.row, ledger.parts
    n, platform, served = layout.n_api, layout.platform, volumes.served
    tokens[:] = 0.0
    spent[:] = 0.0
    for j in range(n):
        price = price_paid(j, layout, state)
        row[j] = served[j] * price
        tokens[platform[j]] += served[j]
        spent[platform[j]] += row[j]
    paid, total = exact_sum(row[:n], parts), exact_sum(tokens, parts)
    for v in range(len(tokens)):
        if total > 0.0:
            state.token_share[v] = tokens[v] / total
        state.call_revenue[v] = spent[v] / MILLION
    if total > 0.0:
        state.mean_price = paid / total
    for j in range(len(state.last_price)):
        state.last_price[j] = price_paid(j, layout, state) if state.hosting[j] else 0.0
    publish_kinds(layout, volumes.by_kind, state, ledger)


@step
def publish_kinds(layout, by_kind, state, ledger):  # type: ignore[no-untyped-def]
    """Tokens asked for by kind of work, and the mean capability of what they ask for."""
    row, asked, family, rent_start = ledger.row, ledger.asked, layout.family, layout.rent_start
    for k in range(by_kind.shape[0]):
        row[:] = 0.0
        for j in range(rent_start):
            row[family[j]] += by_kind[k, j]
        asked[k] = 0.0
        for f in range(state.capability.shape[0]):
            asked[k] += row[f]
        state.tokens_by_kind[k] = asked[k]
        total = exact_sum(by_kind[k, :rent_start], ledger.parts)
        if total > 0.0:
            for j in range(rent_start):
                level = state.capability[family[j], k] + state.contribution[family[j]]
                row[j] = by_kind[k, j] * level
            valued = exact_sum(row[:rent_start], ledger.parts)
            state.mean_capability[k] = valued / total
