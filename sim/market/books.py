"""Phase `settle`: revenue by layer, cost, cash, experience, and last month's public figures."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from sim.economics.costs import next_experience
from sim.market.bidding import running_discounts
from sim.market.chips import equivalents
from sim.market.costs import accounting_cost, card_cost, rent_of
from sim.market.serving import cards_of_offers, platform_sums
from sim.market.supply import internal_cards

if TYPE_CHECKING:
    from sim.market.model import MarketModel

Floats = npt.NDArray[np.float64]
MILLION = 1e6
LEAST_EXPERIENCE = 1e-9  # million tokens: keeps the ratio to the start defined


@dataclass
class Account:
    """Money of a month, million yuan; (V,) unless said otherwise."""

    calls: Floats  # MaaS: model calls
    rent: Floats  # IaaS: accelerators rented for training and for self-hosting
    services: Floats  # PaaS
    applications: Floats  # built on model calls; outside full-stack revenue
    cost: Floats
    levers: Floats
    spending: dict[str, Floats]  # on moves, by purpose
    unit_cost: Floats  # (n_api,) accounting cost, yuan per million tokens
    paid: float  # by all clients to all vendors

    @cached_property
    def revenue(self) -> Floats:
        """(V,) full-stack revenue."""
        return self.calls + self.rent + self.services

    @cached_property
    def spent(self) -> Floats:
        """(V,) spending on moves, all purposes."""
        out = np.zeros_like(self.levers)
        for purpose in sorted(self.spending):
            out += self.spending[purpose]
        return out

    @cached_property
    def profit(self) -> Floats:
        """(V,) all revenue less cost, the cost of levers and the spending on moves."""
        return self.revenue + self.applications - self.cost - self.levers - self.spent


def settle(model: MarketModel) -> None:
    """Book the month."""
    world, state, supply = model.world, model.state, model.scenario.supply
    volumes, v = model.volumes, model.world.n_vendors
    rent = np.append(rent_of(model), [0.0, 0.0]) / supply.card_hours
    money = np.zeros(world.n_offers)
    calls, renting, hosting = world.calls, world.renting, world.hosting
    money[calls] = volumes.served[calls] * model.paid[calls]
    money[renting] = volumes.served[renting] * rent[world.platform[renting]]
    money[hosting] = volumes.host_hours[hosting] * rent[world.platform[hosting]]
    money /= MILLION
    money -= running_discounts(model)
    call_money = platform_sums(model, np.where(calls, money, 0.0))[:v]
    rent_money = platform_sums(model, np.where(calls, 0.0, money))[:v]
    services = supply.services_on_calls * call_money + supply.services_on_rent * rent_money
    service_fees = supply.services_on_calls * money[calls].sum()
    service_fees += supply.services_on_rent * money[~calls].sum()
    applications = supply.applications_on_calls * call_money
    service_fees += supply.applications_on_calls * money[calls].sum()
    cost = _cards_paid(model) * card_cost(model) / MILLION
    cost += supply.services_cost_share * services
    cost += supply.applications_cost_share * applications
    model.account = Account(
        call_money,
        rent_money,
        services,
        applications,
        cost,
        model.lever_cost.copy(),
        dict(model.spending),
        accounting_cost(model),
        float(money.sum() + service_fees),
    )
    state.cash = state.cash + model.account.profit
    state.revenue = model.account.revenue
    publish(model)
    _learn(model)


def _cards_paid(model: MarketModel) -> Floats:
    """(V,) cards charged to customers' business: used, or standing idle beside the own apps."""
    volumes, v = model.volumes, model.world.n_vendors
    used = platform_sums(model, cards_of_offers(model, volumes.served, volumes.host_hours))[:v]
    if not model.scenario.mechanisms.capacity:
        return used
    idle = equivalents(model) - internal_cards(model)
    return np.maximum(used, idle)


def _learn(model: MarketModel) -> None:
    tokens = np.where(model.world.calls, model.volumes.served, 0.0)
    output = platform_sums(model, tokens)[: model.world.n_vendors]
    forgetting = model.scenario.supply.learning.forgetting
    state = model.state
    state.experience = np.maximum(
        next_experience(state.experience, output, forgetting), LEAST_EXPERIENCE
    )


def publish(model: MarketModel) -> None:
    """Means and shares that everybody sees next month."""
    world, state, volumes = model.world, model.state, model.volumes
    tokens = np.where(world.calls, volumes.served, 0.0)
    platform = platform_sums(model, tokens)[: world.n_vendors]
    total, paid = math.fsum(platform.tolist()), model.paid
    if total > 0.0:
        state.token_share = platform / total
        state.mean_price = math.fsum((tokens * paid).tolist()) / total
    state.call_revenue = platform_sums(model, tokens * paid)[: world.n_vendors] / MILLION
    state.last_price = np.where(model.on_sale, paid, 0.0)
    state.tokens_by_kind = token_volumes(model).sum(axis=0)
    capability = np.vstack([model.capability, np.zeros(len(world.kinds))])[world.family].T
    for k, row in enumerate(token_volumes(model, by_offer=True)):
        mass = math.fsum(row.tolist())
        if mass > 0.0:
            state.mean_capability[k] = math.fsum((row * capability[k]).tolist()) / mass


def token_volumes(model: MarketModel, by_offer: bool = False) -> Floats:
    """Tokens asked for, (F, K) by family and kind, or (K, J) by kind and offer."""
    world = model.world
    by_kind = np.where(world.of_family, model.volumes.by_kind, 0.0)
    if by_offer:
        return by_kind
    n, kinds = len(world.families) + 1, len(world.kinds)
    places = (np.arange(kinds)[:, None] * n + world.family + 1).ravel()
    sums = np.bincount(places, weights=by_kind.ravel(), minlength=kinds * n).reshape(kinds, n)
    return np.ascontiguousarray(sums[:, 1:].T, dtype=np.float64)
