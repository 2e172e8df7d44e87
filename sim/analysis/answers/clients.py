"""Client families: switching, multi-homing, sizes, token use, adoption."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from sim.analysis.verification import Inputs, family
from sim.economics import diffusion, multihoming, sizes, switching, usage

MONTHS_AHEAD = 12  # named by the key shares_after_12_months_from_vendor0
TOP_SHARES = (0.01, 0.10)
OneParameter = Callable[[float], float]
SIZE_LAWS: dict[str, tuple[str, Callable[[float, float], float], OneParameter, OneParameter]] = {
    "lognormal": (
        "sigma",
        sizes.lognormal_top_share,
        sizes.lognormal_gini,
        sizes.lognormal_cv2,
    ),
    "pareto": ("alpha", sizes.pareto_top_share, sizes.pareto_gini, sizes.pareto_cv2),
}


@family("switching_markov")
def switching_markov(inputs: Inputs) -> dict[str, Any]:
    """Transition matrix, stationary shares and speed of state-dependent choice."""
    outside = inputs.get("outside")
    utilities = [*inputs["net_utility_V"], *([] if outside is None else [outside])]
    matrix = switching.switching_matrix(
        utilities, inputs["switching_cost_kappa"], inputs["monthly_review_prob"]
    )
    stationary = switching.stationary_shares(matrix)
    first = np.eye(len(utilities))[0]
    return {
        "transition_matrix": matrix,
        "stationary_shares": stationary,
        "monthly_churn_at_stationarity": switching.churn(matrix, stationary),
        "shares_after_12_months_from_vendor0": switching.shares_after(matrix, first, MONTHS_AHEAD),
        "second_eigenvalue": switching.second_eigenvalue(matrix),
        "half_life_months": switching.half_life(matrix),
    }


@family("multihoming")
def multi_homing(inputs: Inputs) -> dict[str, Any]:
    """Single-homing with independent and with correlated workloads."""
    shares, count = inputs["workload_shares"], inputs["workloads_per_client"]
    theta = inputs["dirichlet_concentration"]
    single = multihoming.single_home_probability(shares, count)
    return {
        "prob_single_home_iid": single,
        "prob_multihome_iid": 1 - single,
        "expected_vendors_iid": multihoming.expected_vendors(shares, count),
        "prob_single_home_dirichlet": multihoming.single_home_probability(shares, count, theta),
        "expected_vendors_dirichlet": multihoming.expected_vendors(shares, count, theta),
    }


@family("client_size_distribution")
def client_sizes(inputs: Inputs) -> dict[str, Any]:
    """Concentration of demand among clients, lognormal or Pareto."""
    law = SIZE_LAWS.get(inputs["distribution"])
    if law is None:
        raise ValueError(f"unknown distribution {inputs['distribution']!r}")
    parameter, top, gini, cv2 = law
    shape = inputs[parameter]
    spread = cv2(shape)
    return {
        "top_1pct_share": top(TOP_SHARES[0], shape),
        "top_10pct_share": top(TOP_SHARES[1], shape),
        "gini": gini(shape),
        "cv2": spread,
        "kish_efficiency": sizes.kish_efficiency(spread),
    }


@family("token_demand_jevons")
def token_demand(inputs: Inputs) -> dict[str, Any]:
    """Tokens and spending after a price cut."""
    result = usage.price_cut_rebound(
        inputs["intensive_elasticity_eta"],
        inputs["price_cut_fraction"],
        inputs["adoption_alpha"],
        inputs["initial_adoption_share"],
    )
    return {
        "tokens_per_client_multiplier": result.tokens_per_client,
        "spend_per_client_multiplier": result.spend_per_client,
        "adoption_share_after": result.adoption_after,
        "total_token_multiplier": result.total_tokens,
        "total_revenue_multiplier": result.total_revenue,
        "local_total_elasticity_before": result.elasticity_before,
        "local_total_elasticity_after": result.elasticity_after,
        "jevons_in_spend": result.jevons_in_spend,
    }


@family("bass")
def bass(inputs: Inputs) -> dict[str, Any]:
    """Bass adoption: closed form, peak and the recursion by whole periods."""
    law = inputs["p"], inputs["q"], inputs["m"]
    peak = diffusion.bass_peak(*law)
    periods = int(max(inputs["times"]))
    return {
        "cumulative": diffusion.bass_cumulative(inputs["times"], *law),
        "peak_time": peak.time,
        "peak_sales_rate": peak.rate,
        "cumulative_at_peak": peak.cumulative,
        "discrete_time_cumulative_at_T": diffusion.bass_path(*law, periods)[-1],
    }
