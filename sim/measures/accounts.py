"""Key accounts: who holds them, who wins them, at what concession."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.measures.registry import Floats, measure
from sim.measures.tokens import figures

if TYPE_CHECKING:
    from sim.market.model import MarketModel


@measure("clients", "vendor")
def key_accounts_held(model: MarketModel) -> Floats:
    """Key accounts with work on the platform."""
    return figures(model).held


@measure("workloads/month", "vendor")
def account_auctions_won(model: MarketModel) -> Floats:
    """Workloads of key accounts won in auctions; 0 while nobody bids."""
    return figures(model).won


@measure("workloads/month", "vendor")
def accounts_poached(model: MarketModel) -> Floats:
    """Of these, workloads that another vendor served."""
    return figures(model).poached


@measure("share", "vendor")
def account_discount(model: MarketModel) -> Floats:
    """Mean discount of new deals in which something was conceded, by list bill; 0 without one."""
    return figures(model).discount


@measure("yuan/month", "vendor")
def account_discounts(model: MarketModel) -> Floats:
    """What all running deals take off the list bills."""
    return figures(model).discounts


@measure("yuan/month", "vendor")
def account_credit(model: MarketModel) -> Floats:
    """Investment credits paid for new deals."""
    return figures(model).credit
