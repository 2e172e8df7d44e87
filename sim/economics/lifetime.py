"""What a client is worth beyond today's sale."""

from __future__ import annotations

from sim.economics.arrays import fraction


def further_months(churn: float, discount: float) -> float:
    """Discounted months that a client stays after this one, ``delta (1-x) / (1 - delta (1-x))``.

    Parameters
    ----------
    churn
        x: share of clients lost in a month, 0 to 1.
    discount
        delta a month, 0 <= delta < 1.

    Raises
    ------
    ValueError
        If the churn lies outside [0, 1] or the discount outside [0, 1).

    Source: Gupta & Lehmann (2003, Journal of Interactive Marketing 17:9-24).
    """
    kept = fraction("discount", discount, below_one=True) * (1 - fraction("churn", churn))
    return kept / (1 - kept)


def customer_lifetime_value(margin: float, churn: float, discount: float) -> float:
    """Value of a client after today's sale, ``CLV = m delta (1-x) / (1 - delta (1-x))``.

    In the money of the monthly margin ``m``; errors of :func:`further_months`.
    """
    return margin * further_months(churn, discount)


def lifetime_lerner(elasticity: float, churn: float, discount: float, weight: float) -> float:
    """Lerner index of a vendor whose price holds for good and who counts a part of the CLV.

    With cost ``c - omega CLV`` and ``m = p - c`` the rule ``(p - c + omega CLV) / p = 1/E`` gives
    ``L = 1 / (E (1 + omega delta (1-x) / (1 - delta (1-x))))``: never below cost.

    Raises
    ------
    ValueError
        As :func:`further_months`, or if the elasticity is not above 0 or the weight negative.
    """
    if not (elasticity > 0 and weight >= 0):
        raise ValueError(f"need elasticity > 0 and weight >= 0, got {elasticity} and {weight}")
    return 1 / (elasticity * (1 + weight * further_months(churn, discount)))
