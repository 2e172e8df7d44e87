"""Phase `settle`: revenue by layer, cost, cash, experience, and last month's public figures."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from sim.economics.costs import next_experience
from sim.market.bidding import running_discounts
from sim.market.chips import equivalents
from sim.market.costs import costs, rent_of
from sim.market.supply import internal_cards
from sim.numeric.bundle import Bundle
from sim.numeric.compiled import kernel
from sim.numeric.exact import exact_sums

if TYPE_CHECKING:
    from sim.market.model import MarketModel

Floats = npt.NDArray[np.float64]
MILLION = 1e6
LEAST_EXPERIENCE = 1e-9  # million tokens: keeps the ratio to the start defined


@dataclass
class Account:
    """Money of a month, million yuan; (V,) unless said otherwise. The first are its `table`."""

    calls: Floats  # MaaS: model calls
    rent: Floats  # IaaS: accelerators rented for training and for self-hosting
    services: Floats  # PaaS
    applications: Floats  # built on model calls; outside full-stack revenue
    cost: Floats
    revenue: Floats  # of the full stack: calls + rent + services
    levers: Floats
    spent: Floats  # on moves, all purposes
    profit: Floats  # all revenue less cost, the cost of levers and the spending on moves
    spending: dict[str, Floats]  # on moves, by purpose
    unit_cost: Floats  # (n_api,) accounting cost, yuan per million tokens
    paid: float  # by all clients to all vendors
    table: Floats  # (ROWS, V)


ROWS = 9  # of the table of an account, in the order above
CALLS, RENT, SERVICES, APPLICATIONS, COST, REVENUE, LEVERS, SPENT, PROFIT = range(ROWS)


class Rates(Bundle):
    """Rates of the scenario that bills and costs follow."""

    card_hours: float
    services_on_calls: float
    services_on_rent: float
    applications_on_calls: float
    services_cost_share: float
    applications_cost_share: float


def settle(model: MarketModel) -> None:
    """Book the month.

    Raises
    ------
    ValueError
        The bills are too large to be added up.
    """
    world, state, n = model.world, model.state, model.world.n_api
    supply, discounts = model.scenario.supply, running_discounts(model)
    rates = model.fixed("rates", lambda: Rates(*(getattr(supply, r) for r in Rates._fields)))
    costs_now = costs(model)
    table, money = np.zeros((ROWS, world.n_vendors)), np.empty(world.n_offers)
    table[LEVERS] = model.lever_cost
    for purpose in sorted(model.spending):
        table[SPENT] += model.spending[purpose]
    charge(
        world.platform,
        n,
        world.rent_start,
        model.volumes.served,
        model.volumes.host_hours,
        model.paid,
        rent_of(model) / rates.card_hours,
        discounts,
        costs_now.cards,
        _least_cards(model),
        costs_now.card,
        rates,
        money,
        table,
    )
    for_calls, for_rent = np.add.reduce(money[:n]), np.add.reduce(money[n:])
    paid = np.add.reduce(money)
    if not math.isfinite(paid):
        raise ValueError("the bills of a month are too large to be added up")
    fees = rates.services_on_calls * for_calls
    fees += rates.services_on_rent * for_rent
    fees += rates.applications_on_calls * for_calls
    calls, rent, services, applications, cost, revenue, levers, spent, profit = table
    model.account = Account(
        calls,
        rent,
        services,
        applications,
        cost,
        revenue,
        levers,
        spent,
        profit,
        dict(model.spending),
        costs_now.accounting,
        float(paid + fees),
        table,
    )
    state.cash = state.cash + profit
    state.revenue = revenue
    _learn(model, publish(model))


@kernel
def charge(  # type: ignore[no-untyped-def]
    platform, n_api, rent_start, served, host_hours, paid, rent, discounts, per_token, least_cards,
    card_cost, rates, money, table,
):  # fmt: skip
    """Million yuan by offer, and the account by vendor, which comes in with levers and spending.

    `rent` is yuan a card-hour of each vendor; own machines and postponing cost nothing. Vendors
    pay for the cards that customers used, but at least for `least_cards`.
    """
    calls, rents, services, applications, cost = (
        table[CALLS], table[RENT], table[SERVICES], table[APPLICATIONS], table[COST]
    )  # fmt: skip
    for j in range(len(platform)):
        v, bill = platform[j], 0.0
        if v < len(rent):
            if j < n_api:
                bill = served[j] * paid[j] / MILLION - discounts[j]
                calls[v] += bill
                cost[v] += served[j] * per_token[j]
            else:
                hours = host_hours[j] if j < rent_start else served[j]
                bill = hours * rent[v] / MILLION - discounts[j]
                rents[v] += bill
                cost[v] += hours / rates.card_hours
        money[j] = bill
    for v in range(len(rent)):
        services[v] = rates.services_on_calls * calls[v] + rates.services_on_rent * rents[v]
        applications[v] = rates.applications_on_calls * calls[v]
        cost[v] = max(cost[v], least_cards[v]) * card_cost[v] / MILLION
        cost[v] += rates.services_cost_share * services[v]
        cost[v] += rates.applications_cost_share * applications[v]
        table[REVENUE, v] = calls[v] + rents[v] + services[v]
        earned = table[REVENUE, v] + applications[v] - cost[v]
        table[PROFIT, v] = earned - table[LEVERS, v] - table[SPENT, v]


def _least_cards(model: MarketModel) -> Floats:
    """(V,) cards charged to customers' business anyway: they stand idle beside the own apps."""
    if not model.scenario.mechanisms.capacity:
        return np.zeros(model.world.n_vendors)
    return equivalents(model) - internal_cards(model)


def _learn(model: MarketModel, output: Floats) -> None:
    state, forgetting = model.state, model.scenario.supply.learning.forgetting
    state.experience = np.maximum(
        next_experience(state.experience, output, forgetting), LEAST_EXPERIENCE
    )


def publish(model: MarketModel) -> Floats:
    """Means and shares that everybody sees next month; (V,) tokens of model calls."""
    world, state, kinds = model.world, model.state, len(model.world.kinds)
    tokens, spent = np.zeros((2, world.n_vendors))
    asked, rows = np.zeros(kinds), np.zeros((2 + 2 * kinds, world.n_offers))
    add_up(
        world.platform,
        world.family,
        world.n_api,
        world.rent_start,
        model.volumes.served,
        model.paid,
        model.volumes.by_kind,
        state.capability,
        state.contribution,
        tokens,
        spent,
        asked,
        rows,
    )
    total, paid, *by_kind = exact_sums(rows)
    if total > 0.0:
        state.token_share = tokens / total
        state.mean_price = paid / total
    state.call_revenue = spent / MILLION
    state.last_price = np.where(state.hosting, model.paid, 0.0)
    state.tokens_by_kind = asked
    for k in range(kinds):
        if by_kind[k] > 0.0:
            state.mean_capability[k] = by_kind[kinds + k] / by_kind[k]
    return tokens


@kernel
def add_up(  # type: ignore[no-untyped-def]
    platform, family, n_api, rent_start, served, paid, by_kind, capability, contribution,
    tokens, spent, asked, rows,
):  # fmt: skip
    """Tokens and yuan of model calls by platform, and tokens asked for by kind of work.

    `rows` are to be summed up: tokens of platforms and yuan of offers, then for each kind tokens
    asked for, then these x capability. All results come in as zeros.
    """
    for j in range(n_api):
        tokens[platform[j]] += served[j]
        rows[1, j] = served[j] * paid[j]
        spent[platform[j]] += rows[1, j]
    for k in range(len(asked)):
        for j in range(rent_start):
            rows[0, family[j]] += by_kind[k, j]
        for f in range(len(contribution)):
            asked[k] += rows[0, f]
            rows[0, f] = 0.0
        for j in range(rent_start):
            level = capability[family[j], k] + contribution[family[j]]
            rows[2 + k, j] = by_kind[k, j]
            rows[2 + len(asked) + k, j] = by_kind[k, j] * level
    for v in range(len(tokens)):
        rows[0, v] = tokens[v]
