"""Prices, revenue by layer, cost, cash, and what vendors pursue."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sim.measures.registry import Floats, measure
from sim.measures.tokens import boards, figures

if TYPE_CHECKING:
    from sim.market.model import MarketModel


@measure("yuan/month", "vendor")
def maas_revenue(model: MarketModel) -> Floats:
    """Revenue of model calls."""
    return figures(model).calls


@measure("yuan/month", "vendor")
def iaas_revenue(model: MarketModel) -> Floats:
    """Revenue of accelerators rented, for training and for self-hosting."""
    return figures(model).rent


@measure("yuan/month", "vendor")
def paas_revenue(model: MarketModel) -> Floats:
    """Revenue of platform services."""
    return figures(model).services


@measure("yuan/month", "vendor")
def full_stack_revenue(model: MarketModel) -> Floats:
    """IaaS + PaaS + MaaS revenue (Omdia scope)."""
    return figures(model).revenue


@measure("share", "vendor")
def full_stack_revenue_share(model: MarketModel) -> Floats:
    """Share of IaaS + PaaS + MaaS revenue."""
    return figures(model).revenue_share


@measure("share", "vendor")
def maas_revenue_share(model: MarketModel) -> Floats:
    """Share of model-call revenue."""
    return figures(model).calls_share


@measure("yuan/month", "vendor")
def profit(model: MarketModel) -> Floats:
    """Revenue less cost and the cost of moves."""
    return figures(model).profit


@measure("yuan/month", "vendor")
def lever_cost(model: MarketModel) -> Floats:
    """What the vendor's moves cost."""
    return figures(model).levers


@measure("yuan/month", "vendor")
def move_spending(model: MarketModel) -> Floats:
    """Spending on moves that act through money: campaigns, credits, subsidies, research."""
    return figures(model).spent


@measure("yuan", "vendor")
def cash(model: MarketModel) -> Floats:
    """Cash at the end of the month."""
    return figures(model).cash


@measure("yuan/month", "vendor")
def application_revenue(model: MarketModel) -> Floats:
    """Revenue of applications built on the platform's model calls (outside full-stack revenue)."""
    return figures(model).applications


@measure("million tokens/month", "vendor")
def own_app_tokens(model: MarketModel) -> Floats:
    """Tokens of the vendor's own consumer apps (in no scoreboard of enterprise tokens)."""
    return model.state.app_tokens


@measure("yuan/month", "vendor")
def objective(model: MarketModel) -> Floats:
    """Profit, and the worth the vendor gives to its share of platform tokens (omega x points)."""
    return figures(model).objective


@measure("yuan/month", "vendor")
def below_cost_burn(model: MarketModel) -> Floats:
    """Unit cost less price paid, where it is positive, x tokens of model calls served."""
    return boards(model).burn


@measure("yuan/million tokens", "vendor")
def price_index(model: MarketModel) -> Floats:
    """Token-weighted mean price paid for model calls."""
    return boards(model).price


@measure("yuan/million tokens")
def mean_price(model: MarketModel) -> float:
    """Token-weighted mean price of all model calls."""
    return float(model.state.mean_price)


@measure("yuan/million tokens", "vendor")
def unit_cost(model: MarketModel) -> Floats:
    """Token-weighted mean accounting cost of model calls."""
    return boards(model).unit_cost


@measure("share", "vendor")
def lerner_index(model: MarketModel) -> Floats:
    """(price - accounting cost) / price of model calls; 0 without sales."""
    return boards(model).lerner


@measure("yuan/million tokens", "offer")
def list_price(model: MarketModel) -> Floats:
    """List price of each model-call offer; 0 where it is not on sale."""
    return np.where(model.state.hosting, model.state.list_price, 0.0)
