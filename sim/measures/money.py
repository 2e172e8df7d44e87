"""Revenue by layer, cost, cash."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.measures.registry import Floats, measure
from sim.measures.tokens import figures

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
