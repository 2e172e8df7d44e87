"""Choice families: logit numerics, nests, mixed logit, elasticities, consideration, coupling."""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.analysis.answers.markets import linear_market, rho_vector
from sim.analysis.verification import Inputs, family
from sim.economics import coupling, demand


@family("choice_numerics")
def choice_numerics(inputs: Inputs) -> dict[str, Any]:
    """Probabilities and logsum of utilities of any size."""
    utilities, scale = inputs["utilities"], inputs.get("scale", 1.0)
    return {
        "probabilities": demand.logit_probabilities(utilities, scale),
        "logsum": demand.logsum(utilities, scale),
        "log_probabilities": demand.log_probabilities(utilities, scale),
    }


@family("nested_logit_probabilities")
def nested_logit_probabilities(inputs: Inputs) -> dict[str, Any]:
    """Nested logit with one correlation or one per nest."""
    rho = rho_vector(inputs["rho"], inputs["nest"])
    choice, outside = demand.nested_logit_probabilities(
        inputs["delta"], inputs["nest"], rho, inputs["outside_delta"]
    )
    return {
        "probabilities": choice.probabilities,
        "outside": outside,
        "nest_shares": choice.nest_probabilities,
        "inclusive_values": choice.inclusive_values,
        "expected_max_utility_logsum": choice.logsum,
    }


@family("mixed_logit_integral")
def mixed_logit_integral(inputs: Inputs) -> dict[str, Any]:
    """Logit with a lognormal price coefficient."""
    result = demand.lognormal_price_logit(
        inputs["quality_a"], inputs["prices"], inputs["mu"], inputs["sd"], inputs["outside_utility"]
    )
    return {"probabilities": result.shares, "outside": result.outside}


@family("elasticities_diversion")
def elasticities_diversion(inputs: Inputs) -> dict[str, Any]:
    """Elasticities and diversion at given prices, logit or nested."""
    size = len(inputs["quality_a"])
    market = linear_market(inputs)
    prices = np.append(inputs["prices"], 0.0)
    system = market.system(prices)
    jacobian = (np.diag(system.diagonal) - system.cross)[:size, :size]
    shares = system.quantities[:size]
    return {
        "shares": shares,
        "elasticity": demand.elasticities(jacobian, shares, inputs["prices"]),
        "diversion_to_row_from_col": demand.diversion_ratios(jacobian),
        "diversion_to_outside": demand.diversion_to_outside(jacobian),
    }


@family("consideration_sets")
def consideration_sets(inputs: Inputs) -> dict[str, Any]:
    """Shares under independent awareness against full information."""
    utilities, outside = inputs["utilities"], inputs["outside_utility"]
    limited = demand.consideration_set_shares(
        utilities,
        inputs["awareness_prob"],
        outside,
        outside_considered=inputs.get("outside_always_considered", True),
    )
    full = demand.logit_probabilities([*utilities, outside])
    return {
        "shares": limited.shares,
        "outside": limited.outside,
        "full_information_shares": full[:-1],
    }


@family("crn_coupling")
def crn_coupling(inputs: Inputs) -> dict[str, Any]:
    """Who moves under common Gumbel draws and under a common uniform."""
    world = inputs["utilities"], inputs["alternative_improved"], inputs["improvement"]
    before, after = coupling.shares_before_after(*world)
    gumbel, inverse = coupling.gumbel_joint(*world), coupling.inverse_cdf_joint(*world)
    variance = coupling.share_change_variance(*world)
    return {
        "shares_before": before,
        "shares_after": after,
        "joint_choice_gumbel": gumbel,
        "joint_choice_inverse_cdf": inverse,
        "switchers_gumbel": coupling.switchers(gumbel),
        "switchers_inverse_cdf": coupling.switchers(inverse),
        "spurious_switchers_inverse_cdf": coupling.bystander_switchers(inverse, world[1]),
        "var_diff_per_client_crn": variance.common,
        "var_diff_per_client_independent": variance.independent,
        "variance_reduction_factor": variance.reduction,
    }
