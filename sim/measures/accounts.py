"""Key accounts: who holds them, who wins them, at what concession."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sim.market.recorder import Floats, measure
from sim.measures.money import MILLION

if TYPE_CHECKING:
    from sim.market.base import BaseMarket


@measure("clients", "vendor")
def key_accounts_held(model: BaseMarket) -> Floats:
    """Key accounts with work on the platform."""
    return model.counted(model.presence.accounts[: model.world.n_vendors])


@measure("workloads/month", "vendor")
def account_auctions_won(model: BaseMarket) -> Floats:
    """Workloads of key accounts won in auctions; 0 while nobody bids."""
    return model.counted(model.bidding.counts.won[: model.world.n_vendors])


@measure("workloads/month", "vendor")
def accounts_poached(model: BaseMarket) -> Floats:
    """Of these, workloads that another vendor served."""
    return model.counted(model.bidding.counts.poached[: model.world.n_vendors])


@measure("share", "vendor")
def account_discount(model: BaseMarket) -> Floats:
    """Mean discount of new deals in which something was conceded, by list bill; 0 without one."""
    v, counts = model.world.n_vendors, model.bidding.counts
    off, bill = counts.off[:v], counts.bill[:v]
    return np.divide(off, bill, out=np.zeros(v), where=bill > 0)


@measure("yuan/month", "vendor")
def account_discounts(model: BaseMarket) -> Floats:
    """What all running deals take off the list bills."""
    return model.account.discounts * MILLION


@measure("yuan/month", "vendor")
def account_credit(model: BaseMarket) -> Floats:
    """Investment credits paid for new deals."""
    return model.counted(model.bidding.counts.credit[: model.world.n_vendors]) * MILLION
