"""Key accounts: who holds them, who wins them, at what concession."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sim.measures.registry import Floats, measure

if TYPE_CHECKING:
    from sim.market.model import MarketModel

MILLION = 1e6


@measure("clients", "vendor")
def key_accounts_held(model: MarketModel) -> Floats:
    """Key accounts with work on the platform."""
    return model.counted(model.bidding.counts.held[: model.world.n_vendors])


@measure("workloads/month", "vendor")
def account_auctions_won(model: MarketModel) -> Floats:
    """Workloads of key accounts won in auctions; 0 while nobody bids."""
    return model.counted(model.bidding.counts.won[: model.world.n_vendors])


@measure("workloads/month", "vendor")
def accounts_poached(model: MarketModel) -> Floats:
    """Of these, workloads that another vendor served."""
    return model.counted(model.bidding.counts.poached[: model.world.n_vendors])


@measure("share", "vendor")
def account_discount(model: MarketModel) -> Floats:
    """Mean discount of new deals in which something was conceded, by list bill; 0 without one."""
    counts, v = model.bidding.counts, model.world.n_vendors
    out, bill = np.zeros(v), counts.bill[:v]
    if bill.any():
        np.divide(counts.off[:v], bill, out=out, where=bill > 0)
    return out


@measure("yuan/month", "vendor")
def account_discounts(model: MarketModel) -> Floats:
    """What all running deals take off the list bills."""
    return model.bidding.off * MILLION


@measure("yuan/month", "vendor")
def account_credit(model: MarketModel) -> Floats:
    """Investment credits paid for new deals."""
    return model.counted(model.bidding.counts.credit[: model.world.n_vendors]) * MILLION
