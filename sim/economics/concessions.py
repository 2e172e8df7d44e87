"""What a concession is worth to a client, for arrays, numbers and kernels alike."""

from __future__ import annotations

from sim.economics.demand import LINEAR, LOG, box_cox_term
from sim.numeric.portable import exp, ln


def concession_worth(
    share: float, price: float, fixed: float, rents: bool, box_cox: float, price_shift: float
) -> float:
    """Utility ``b(p + c) - b((1 - share) p + c)`` of a price cut, at price sensitivity 1.

    ``fixed`` is the part c of the price that no discount lowers. A rent has ``b = ln``, so that its
    level does not matter.
    """
    if rents:
        return -ln(1.0 - share)
    full = box_cox_term(price + fixed + price_shift, box_cox)
    return full - box_cox_term(price * (1.0 - share) + fixed + price_shift, box_cox)


def concession_of_worth(
    worth: float, price: float, fixed: float, rents: bool, box_cox: float, price_shift: float
) -> float:
    """The price cut, as a share, that has a given worth: inverse of :func:`concession_worth`."""
    if rents:
        return 1.0 - exp(-worth)
    term = box_cox_term(price + fixed + price_shift, box_cox) - worth
    if box_cox == LOG:
        net = exp(term)
    elif box_cox == LINEAR:
        net = term
    else:
        net = exp(ln(box_cox * term + 1.0) / box_cox)
    return 1.0 - (net - price_shift - fixed) / price
