"""Paying rivals' customers to switch: two benchmark models of the mature market."""

from __future__ import annotations

from typing import NamedTuple

from sim.economics.arrays import fraction, positive


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
