"""The books: revenue by layer, cost, cash, experience, and last month's public figures."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sim.economics.costs import next_experience
from sim.market.clients.auction import YUAN
from sim.market.state import MarketState
from sim.market.supply.costs import SupplyRules, equivalents
from sim.market.supply.serving import Volumes, calls_by_vendor, cards_needed, platform_sums
from sim.market.world import MarketLayout
from sim.numeric.arrays import ratio, sums_by_group

Floats = npt.NDArray[np.float64]
MILLION = 1e6
LEAST_EXPERIENCE = 1e-9  # million tokens: keeps the ratio to the start defined


class Account(NamedTuple):
    """The books of a month by vendor, (V,) million yuan unless said otherwise."""

    calls: Floats  # MaaS: model calls
    rent: Floats  # IaaS: accelerators rented for training and for self-hosting
    services: Floats  # PaaS
    applications: Floats  # built on model calls; outside full-stack revenue
    revenue: Floats  # of the full stack: calls + rent + services
    cost: Floats  # of serving
    levers: Floats  # cost of levers
    spent: Floats  # on moves of all purposes
    profit: Floats  # revenue + applications - cost - levers - spent
    discounts: Floats  # that running deals of key accounts take off their bills
    unit_cost: Floats  # (n_api,) accounting cost, yuan per million tokens
    spending: Mapping[str, Floats]  # on moves, by purpose
    paid: float  # by all clients to all vendors

    @property
    def campaigns(self) -> Floats:
        """(V,) spent on campaigns."""
        return self.spending.get("marketing", np.zeros(len(self.spent)))

    @property
    def subsidies(self) -> Floats:
        """(V,) paid to new builders of agents."""
        return self.spending.get("agents", np.zeros(len(self.spent)))


def settle(
    rules: SupplyRules,
    world: MarketLayout,
    volumes: Volumes,
    unit_price: Floats,
    conceded: Floats,
    spending: Mapping[str, Floats],
    state: MarketState,
) -> Account:
    """Book the month: cash and experience follow.

    Vendors pay for the cards that customers used, but at least for those that stand idle beside
    their own apps. `unit_price` (J,) is yuan for a million tokens or a card-hour; `conceded` (J,)
    counts the volume x discount of running deals.

    Raises
    ------
    ValueError
        The bills are too large to be added up.
    """
    table, n, v = rules.table, world.n_api, world.n_vendors
    bill, discounts, paid = bills(rules, world, volumes, unit_price, conceded)
    costs = volumes.costs
    calls = calls_by_vendor(world, bill)
    rent = sums_by_group(bill[n:], world.platform[n:], v + 2)[:v]
    services = table.services_on_calls * calls + table.services_on_rent * rent
    applications = table.applications_on_calls * calls
    needed = cards_needed(rules, world, volumes.served, volumes.host_hours, costs.cards)
    used = platform_sums(world, needed)[:v]
    owned = equivalents(rules, state)
    idle = owned - state.app_cards if rules.capacity else 0.0
    cost = np.maximum(used, idle) * costs.card / MILLION
    if rules.capacity:
        there = np.maximum(owned - used, 0.0)
        cost += np.maximum(state.app_cards - there, 0.0) * rules.app_value / MILLION
    cost = cost + table.services_cost_share * services
    cost = cost + table.applications_cost_share * applications
    revenue = calls + rent + services
    spent = sum((spending[purpose] for purpose in sorted(spending)), np.zeros(v))
    profit = revenue + applications - cost - rules.lever_cost - spent
    state.cash[:] = state.cash + profit
    state.revenue[:] = revenue
    known = next_experience(state.experience, volumes.tokens, table.learning.forgetting)
    state.experience[:] = np.maximum(known, LEAST_EXPERIENCE)
    return Account(
        calls=calls,
        rent=rent,
        services=services,
        applications=applications,
        revenue=revenue,
        cost=cost,
        levers=rules.lever_cost,
        spent=spent,
        profit=profit,
        discounts=platform_sums(world, discounts)[:v],
        unit_cost=costs.accounting,
        spending=dict(spending),
        paid=paid,
    )


def prices_paid(world: MarketLayout, state: MarketState) -> Floats:
    """(J,) token price after discounts that freed money pays for, yuan per million tokens."""
    if not np.count_nonzero(state.discount):
        return state.list_price
    return state.list_price * world.of_platforms(1.0 - state.discount, 1.0)


def bills(
    rules: SupplyRules,
    world: MarketLayout,
    volumes: Volumes,
    price: Floats,
    conceded: Floats,
) -> tuple[Floats, Floats, float]:
    """(J,) bills of what is served, (J,) what deals take off them, and what clients pay in all.

    Million yuan. Fees for services and applications come on top of the bills.

    Raises
    ------
    ValueError
        The bills are too large to be added up.
    """
    table, n = rules.table, world.n_api
    units, hosts = volumes.served.copy(), slice(world.host_start, world.rent_start)
    units[hosts] = volumes.host_hours[hosts]
    discounts = np.zeros(world.n_offers)
    with np.errstate(over="ignore", invalid="ignore"):
        if np.count_nonzero(conceded):
            served = ratio(volumes.kept, volumes.demanded)
            discounts = conceded * served * price * YUAN
        bill = units * price / MILLION - discounts
        calls, rent, paid = (float(np.add.reduce(part)) for part in (bill[:n], bill[n:], bill))
    fees = table.services_on_calls * calls + table.services_on_rent * rent
    paid += fees + table.applications_on_calls * calls
    if not math.isfinite(paid):
        raise ValueError("the bills of a month are too large to be added up")
    return bill, discounts, paid


def publish(world: MarketLayout, volumes: Volumes, state: MarketState) -> None:
    """Means and shares that everybody sees next month.

    Sums over vendors are rounded once, so that they do not depend on the order of names.
    """
    n, price = world.n_api, prices_paid(world, state)
    money = volumes.served[:n] * price[:n]
    total = math.fsum(volumes.tokens.tolist())
    if total > 0.0:
        state.token_share[:] = volumes.tokens / total
        state.mean_price = math.fsum(money.tolist()) / total
    state.call_revenue[:] = calls_by_vendor(world, money) / MILLION
    state.last_price[:] = np.where(state.hosting, price, 0.0)
    asked = volumes.by_kind[:, : world.rent_start]
    capability = (state.capability + state.contribution[:, None]).T
    valued = asked * capability.take(world.family[: world.rent_start], axis=1)
    state.tokens_by_kind[:] = wholes = [math.fsum(tokens) for tokens in asked.tolist()]
    for k, (whole, values) in enumerate(zip(wholes, valued.tolist(), strict=True)):
        if whole > 0.0:
            state.mean_capability[k] = math.fsum(values) / whole
