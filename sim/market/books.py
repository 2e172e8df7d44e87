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
from sim.market.compiled import kernel
from sim.market.costs import accounting_cost, card_cost, cards_per_token, rent_of
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
    """Book the month.

    Raises
    ------
    ValueError
        The bills are too large to be added up.
    """
    world, state, supply = model.world, model.state, model.scenario.supply
    volumes, n = model.volumes, model.world.n_api
    off, money = running_discounts(model), np.zeros(world.n_offers)
    call_money, rent_money, used = np.zeros((3, world.n_vendors))
    bill(
        world.platform,
        n,
        world.rent_start,
        volumes.served,
        volumes.host_hours,
        model.paid,
        rent_of(model) / supply.card_hours,
        off,
        cards_per_token(model),
        supply.card_hours,
        money,
        call_money,
        rent_money,
        used,
    )
    for_calls, for_rent = np.add.reduce(money[:n]), np.add.reduce(money[n:])
    paid = np.add.reduce(money)
    if not math.isfinite(paid):
        raise ValueError("the bills of a month are too large to be added up")
    services = supply.services_on_calls * call_money + supply.services_on_rent * rent_money
    service_fees = supply.services_on_calls * for_calls
    service_fees += supply.services_on_rent * for_rent
    applications = supply.applications_on_calls * call_money
    service_fees += supply.applications_on_calls * for_calls
    cost = _cards_paid(model, used) * card_cost(model) / MILLION
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
        float(paid + service_fees),
    )
    state.cash = state.cash + model.account.profit
    state.revenue = model.account.revenue
    _learn(model, publish(model))


@kernel
def bill(  # type: ignore[no-untyped-def]
    platform, n_api, rent_start, served, host_hours, paid, rent, off, per_token, card_hours,
    money, calls, rents, cards,
):  # fmt: skip
    """Million yuan by offer, and by vendor for calls and for rent; card-months that were used.

    `rent` is yuan a card-hour of each vendor, `off` what deals take off the bills. `money`,
    `calls`, `rents` and `cards` come in as zeros; own machines and postponing cost nothing.
    """
    for j in range(len(platform)):
        v = platform[j]
        if v >= len(rent):
            money[j] -= off[j]
            continue
        if j < n_api:
            money[j] = served[j] * paid[j] / MILLION - off[j]
            calls[v] += money[j]
            cards[v] += served[j] * per_token[j]
        else:
            hours = host_hours[j] if j < rent_start else served[j]
            money[j] = hours * rent[v] / MILLION - off[j]
            rents[v] += money[j]
            cards[v] += hours / card_hours


def _cards_paid(model: MarketModel, used: Floats) -> Floats:
    """(V,) cards charged to customers' business: used, or standing idle beside the own apps."""
    if not model.scenario.mechanisms.capacity:
        return used
    idle = equivalents(model) - internal_cards(model)
    return np.maximum(used, idle)


def _learn(model: MarketModel, output: Floats) -> None:
    state, forgetting = model.state, model.scenario.supply.learning.forgetting
    state.experience = np.maximum(
        next_experience(state.experience, output, forgetting), LEAST_EXPERIENCE
    )


def publish(model: MarketModel) -> Floats:
    """Means and shares that everybody sees next month; (V,) tokens of model calls."""
    world, state, n = model.world, model.state, model.world.n_api
    served, paid = model.volumes.served[:n], model.paid
    platform, spent = world.platform[:n], served * paid[:n]
    tokens = np.bincount(platform, served, world.n_vendors)
    total = math.fsum(tokens.tolist())
    if total > 0.0:
        state.token_share = tokens / total
        state.mean_price = math.fsum(spent.tolist()) / total
    state.call_revenue = np.bincount(platform, spent, world.n_vendors) / MILLION
    state.last_price = np.where(model.on_sale, paid, 0.0)
    state.tokens_by_kind = np.add.reduce(token_volumes(model))
    asked = model.volumes.by_kind[:, : world.rent_start]
    capability = model.capability[world.family[: world.rent_start]].T
    sums = zip(asked.tolist(), (asked * capability).tolist(), strict=True)
    for k, (row, weighted) in enumerate(sums):
        mass = math.fsum(row)
        if mass > 0.0:
            state.mean_capability[k] = math.fsum(weighted) / mass
    return tokens


def token_volumes(model: MarketModel, by_offer: bool = False) -> Floats:
    """Tokens asked for, (F, K) by family and kind, or (K, J) by kind and offer."""
    world = model.world
    by_kind = np.where(world.of_family, model.volumes.by_kind, 0.0)
    if by_offer:
        return by_kind
    n, kinds = len(world.families) + 1, len(world.kinds)
    places = model.fixed(
        "places of families by kind",
        lambda: (np.arange(kinds)[:, None] * n + world.family + 1).ravel(),
    )
    sums = np.bincount(places, by_kind.ravel(), kinds * n).reshape(kinds, n)
    return np.ascontiguousarray(sums[:, 1:].T, dtype=np.float64)
