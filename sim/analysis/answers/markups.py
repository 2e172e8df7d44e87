"""Closed-form replies and markups under inertia."""

from __future__ import annotations

from typing import Any

from sim.analysis.verification import Inputs, family
from sim.economics.markups import inertia_adjusted_lerner, inertia_adjusted_price
from sim.economics.replies import lambert_best_response


@family("lambert_best_response")
def lambert(inputs: Inputs) -> dict[str, Any]:
    """Best reply to fixed rival prices."""
    rivals = inputs["rivals_quality_price"]
    reply = lambert_best_response(
        inputs["a"],
        inputs["c"],
        inputs["mu"],
        [quality for quality, _ in rivals],
        [price for _, price in rivals],
        inputs.get("outside_utility", 0.0),
    )
    return {"best_response_price": reply.price, "share": reply.share, "profit": reply.profit}


@family("inertia_adjusted_markup")
def inertia(inputs: Inputs) -> dict[str, Any]:
    """Stationary price when only a fraction of the clients reviews each month."""
    alpha, eta, hazard = inputs["alpha"], inputs["eta"], inputs["review_hazard_h"]
    result = inertia_adjusted_price(
        inputs["a"],
        alpha,
        eta,
        inputs["marginal_cost"],
        inputs["others_sum_exp_utility"],
        hazard,
        inputs["discount_delta"],
    )
    return {
        "weight_on_choice_margin": result.choice_weight,
        "price": result.price,
        "share": result.share,
        "lerner": result.lerner,
        "effective_elasticity": result.effective_elasticity,
        "lerner_if_all_review": inertia_adjusted_lerner(eta, alpha, result.share, 1.0, 0.0),
        "lerner_if_myopic_same_share": inertia_adjusted_lerner(
            eta, alpha, result.share, hazard, 0.0
        ),
    }
