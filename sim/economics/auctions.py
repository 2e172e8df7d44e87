"""Key accounts: second-score auctions, and payments to rivals' customers."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from sim.economics.arrays import Floats, fraction, positive, vector
from sim.economics.demand import log_probabilities


class AuctionOutcome(NamedTuple):
    """Win probability, expected profit and margin given a win, each (J,), and no-deal chance."""

    win_probability: Floats
    expected_profit: Floats
    margin_if_won: Floats
    no_deal: float


def second_score_auction(
    surplus: ArrayLike,
    scale: float,
    incumbent: int | None = None,
    switching_cost: float = 0.0,
    outside: float | None = None,
) -> AuctionOutcome:
    """Expected outcome when the best surplus wins and earns its lead over the second.

    Surplus ``w_j`` (quality minus cost; the incumbent's plus the switching cost) with Gumbel noise
    of scale mu: win chance ``s_j`` is logit, expected profit ``-mu ln(1 - s_j)``, the margin given
    a win that over ``s_j``. ``outside`` is the buyer's surplus without a deal.

    Raises
    ------
    ValueError
        Bad shapes, scale <= 0 or an unknown incumbent.

    Source: Miller (2014, IJIO 37:201-208); Brannman & Froeb (2000, REStat 82:283-290).
    """
    bids = vector("surplus", surplus).copy()
    mu = positive("scale", scale)
    if incumbent is not None:
        if not 0 <= incumbent < bids.size:
            raise ValueError(f"incumbent must lie in 0..{bids.size - 1}, got {incumbent}")
        bids[incumbent] += switching_cost
    logs = log_probabilities(np.append(bids, -np.inf if outside is None else outside), mu)
    with np.errstate(under="ignore"):
        chance = np.exp(logs)
        if (chance[:-1] >= 1).any():
            raise ValueError("an auction needs a second bidder or an outside surplus in reach")
        profit = -mu * np.log1p(-chance[:-1])
        # The margin of a hopeless bid tends to mu.
        hopeful = chance[:-1] > 0
        margin = np.divide(profit, chance[:-1], out=np.full(bids.size, mu), where=hopeful)
    return AuctionOutcome(chance[:-1], profit, margin, float(chance[-1]))


class PayToSwitch(NamedTuple):
    """Outcome per customer when switching costs are uniform on [0, s]."""

    own_price: float
    poaching_price: float
    switching: float
    own_profit: float
    poached_profit: float
    deadweight_loss: float


class TurfPoaching(NamedTuple):
    """Prices on an inherited Hotelling turf, the cutoff and the share of the turf lost."""

    own_price: float
    poaching_price: float
    cutoff: float
    lost_share: float


def pay_to_switch(cost: float, highest_switching_cost: float) -> PayToSwitch:
    """Own price ``c + 2s/3``, poaching price ``c + s/3``; one third switches, wasting ``s/18``.

    Source: Chen (1997, J. Econ. & Mgmt Strategy 6:877-897).
    """
    top = positive("highest_switching_cost", highest_switching_cost)
    return PayToSwitch(cost + 2 * top / 3, cost + top / 3, 1 / 3, 4 * top / 9, top / 9, top / 18)


def turf_poaching(cost: float, transport: float, turf: float) -> TurfPoaching:
    """Prices on a turf [0, x] of a unit line: ``c + t (1+2x)/3`` own, ``c + t (4x-1)/3`` rival.

    Customers beyond ``(1 + 2x)/6`` leave. On a turf up to 1/4 the rival cannot win anybody at
    cost and the own price only keeps the last customer.

    Source: Fudenberg & Tirole (2000, RAND 31:634-657).
    """
    t, x = positive("transport", transport), positive("turf", fraction("turf", turf))
    if x <= 1 / 4:
        return TurfPoaching(cost + t * (1 - 2 * x), cost, x, 0.0)
    cutoff = (1 + 2 * x) / 6
    return TurfPoaching(
        cost + t * (1 + 2 * x) / 3, cost + t * (4 * x - 1) / 3, cutoff, 1 - cutoff / x
    )
