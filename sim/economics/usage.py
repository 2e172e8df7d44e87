"""How token use answers to price: intensity per client, adoption, Jevons' rebound."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sim.economics.arrays import fraction


class Rebound(NamedTuple):
    """What a price cut does to use and spending; multipliers against before the cut."""

    tokens_per_client: float
    spend_per_client: float
    adoption_after: float
    total_tokens: float
    total_revenue: float
    elasticity_before: float
    elasticity_after: float

    @property
    def jevons_in_spend(self) -> bool:
        """Whether total spending rises although the price falls (Jevons 1865)."""
        return self.total_revenue > 1


def price_cut_rebound(
    eta: float, price_cut: float, adoption_alpha: float, adoption: float
) -> Rebound:
    """Effects of cutting the price by the fraction ``price_cut``.

    Tokens per client change by ``(1-x)^(-eta)``; adoption by
    ``logit(s') = logit(s) - alpha ln(1-x)``; the local elasticity of total tokens is
    ``eta + alpha (1 - s)``. A negative ``price_cut`` is a rise.

    Raises
    ------
    ValueError
        If price_cut >= 1 or adoption is not in (0, 1).
    """
    from scipy.special import expit, logit

    if not (np.isfinite(price_cut) and price_cut < 1):
        raise ValueError(f"price_cut must be below 1, got {price_cut}")
    if not 0 < fraction("adoption", adoption) < 1:
        raise ValueError("adoption must lie strictly between 0 and 1")
    log_price = float(np.log1p(-price_cut))
    per_client = float(np.exp(-eta * log_price))
    spend = float(np.exp((1 - eta) * log_price))
    after = float(expit(logit(adoption) - adoption_alpha * log_price))
    growth = after / adoption
    return Rebound(
        per_client,
        spend,
        after,
        per_client * growth,
        spend * growth,
        eta + adoption_alpha * (1 - adoption),
        eta + adoption_alpha * (1 - after),
    )
