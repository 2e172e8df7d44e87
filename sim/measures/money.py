"""Prices, revenue by layer, cost, cash, and what vendors pursue."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sim.economics.concentration import hhi, market_shares
from sim.market.recorder import Floats, curve
from sim.market.vendors.information import MILLION, POINTS, share_points
from sim.measures.tokens import by_platform
from sim.numeric.arrays import ratio

if TYPE_CHECKING:
    from sim.market.base import BaseMarket


def unit_margin(model: BaseMarket) -> Floats:
    """(..., n_api) price paid less accounting cost of each call, yuan per million tokens."""
    return model.paid[..., : model.world.n_api] - model.account.unit_cost


def mean_of_calls(model: BaseMarket, values: Floats) -> Floats:
    """(..., V) mean of (..., n_api) values over the model calls that each platform sells.

    Weighted by tokens served; plain before a platform has sold any; 0 without an offer.
    """
    world, n = model.world, model.world.n_api
    on_sale = model.state.hosting[..., :n]
    tokens = np.where(on_sale, model.volumes.served[..., :n], 0.0)
    sells = by_platform(model, tokens)[..., world.platform[:n]] > 0.0
    weight = np.where(sells, tokens, on_sale)
    return ratio(by_platform(model, weight * values), by_platform(model, weight))


@curve("yuan/month", "vendor")
def maas_revenue(model: BaseMarket) -> Floats:
    """Revenue of model calls."""
    return model.account.calls * MILLION


@curve("yuan/month", "vendor")
def iaas_revenue(model: BaseMarket) -> Floats:
    """Revenue of accelerators rented, for training and for self-hosting."""
    return model.account.rent * MILLION


@curve("yuan/month", "vendor")
def paas_revenue(model: BaseMarket) -> Floats:
    """Revenue of platform services."""
    return model.account.services * MILLION


@curve("yuan/month", "vendor")
def full_stack_revenue(model: BaseMarket) -> Floats:
    """IaaS + PaaS + MaaS revenue (Omdia scope)."""
    return model.account.revenue * MILLION


@curve("share", "vendor")
def full_stack_revenue_share(model: BaseMarket) -> Floats:
    """Share of IaaS + PaaS + MaaS revenue."""
    return market_shares(model.account.revenue)


@curve("share", "vendor")
def maas_revenue_share(model: BaseMarket) -> Floats:
    """Share of model-call revenue."""
    return market_shares(model.account.calls)


@curve("-")
def hhi_revenue(model: BaseMarket) -> Floats:
    """HHI of full-stack revenue."""
    return hhi(full_stack_revenue_share(model))


@curve("yuan/month", "vendor")
def profit(model: BaseMarket) -> Floats:
    """Revenue less cost and the cost of moves."""
    return model.account.profit * MILLION


@curve("yuan/month", "vendor")
def lever_cost(model: BaseMarket) -> Floats:
    """What the vendor's moves cost."""
    return model.account.levers * MILLION


@curve("yuan/month", "vendor")
def move_spending(model: BaseMarket) -> Floats:
    """Spending on moves that act through money: campaigns, credits, subsidies, research."""
    return model.account.spent * MILLION


@curve("yuan", "vendor")
def cash(model: BaseMarket) -> Floats:
    """Cash at the end of the month."""
    return model.state.cash * MILLION


@curve("yuan/month", "vendor")
def application_revenue(model: BaseMarket) -> Floats:
    """Revenue of applications built on the platform's model calls (outside full-stack revenue)."""
    return model.account.applications * MILLION


@curve("million tokens/month", "vendor")
def own_app_tokens(model: BaseMarket) -> Floats:
    """Tokens of the vendor's own consumer apps (in no scoreboard of enterprise tokens)."""
    return model.state.app_tokens


@curve("yuan/month", "vendor")
def objective(model: BaseMarket) -> Floats:
    """Profit, and the worth the vendor gives to its share of platform tokens (omega x points)."""
    omega = model.rules(share_points)
    return (model.account.profit + omega * POINTS * model.state.token_share) * MILLION


@curve("yuan/month", "vendor")
def below_cost_burn(model: BaseMarket) -> Floats:
    """Unit cost less price paid, where it is positive, x tokens of model calls served."""
    loss = np.maximum(-unit_margin(model), 0.0)
    return by_platform(model, loss * model.volumes.served[..., : model.world.n_api])


@curve("yuan/million tokens", "vendor")
def price_index(model: BaseMarket) -> Floats:
    """Token-weighted mean price paid for model calls."""
    return mean_of_calls(model, model.paid[..., : model.world.n_api])


@curve("yuan/million tokens")
def mean_price(model: BaseMarket) -> Floats | float:
    """Token-weighted mean price of all model calls."""
    return model.state.mean_price


@curve("yuan/million tokens", "vendor")
def unit_cost(model: BaseMarket) -> Floats:
    """Token-weighted mean accounting cost of model calls."""
    return mean_of_calls(model, model.account.unit_cost)


@curve("share", "vendor")
def lerner_index(model: BaseMarket) -> Floats:
    """(price - accounting cost) / price of model calls; 0 without sales."""
    price = price_index(model)
    return ratio(price - unit_cost(model), price)


@curve("yuan/million tokens", "offer")
def list_price(model: BaseMarket) -> Floats:
    """List price of each model-call offer; 0 where it is not on sale."""
    return np.where(model.state.hosting, model.state.list_price, 0.0)
