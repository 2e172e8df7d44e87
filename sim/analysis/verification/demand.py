"""Known answers on choice, clients and demand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from sim.analysis.verification.verify import Inputs, family
from sim.economics import demand, sizes, switching, usage
from sim.economics import switching as coupling
from sim.economics import switching as multihoming
from sim.economics import usage as diffusion
from sim.economics.arrays import Floats, Ints
from sim.economics.demand import LINEAR, LOG
from sim.economics.mixed import Demand
from sim.economics.pricing import bertrand_nash, profits


def rho_vector(rho: Any, nest: list[int]) -> Floats:
    """Correlation per nest from a number, a list or a mapping of nest labels."""
    count = max(nest) + 1
    if isinstance(rho, dict):
        return np.array([float(rho[str(label)]) for label in range(count)])
    return np.broadcast_to(np.asarray(rho, dtype=np.float64), (count,)).copy()


def linear_market(inputs: Inputs) -> Demand:
    """Demand for the products of a case and its outside option, one unit a client.

    Price is linear unless the model is ``logit_log_price``; several types come as
    ``price_coef_by_type`` with ``type_weights``.
    """
    log_price = inputs.get("model") == "logit_log_price"
    return _market(
        inputs["quality_a"],
        inputs.get("price_coef_by_type", [inputs.get("price_coef_alpha", np.nan)]),
        weights=inputs.get("type_weights", [1.0]),
        outside=inputs.get("outside_utility", 0.0),
        nest=inputs.get("nest_of_product"),
        rho=inputs.get("rho"),
        box_cox=LOG if log_price else LINEAR,
    )


def token_market(inputs: Inputs) -> Demand:
    """Discrete-continuous demand with log price and usage ``p^-eta``."""
    return _market(
        inputs["quality_a"],
        [inputs["alpha"]],
        outside=inputs["outside_utility"],
        eta=inputs["eta"],
    )


def nash_prices(market: Demand, cost: Any, firm: Any, fringe_price: float | None = None) -> Floats:
    """Equilibrium prices of all columns but the outside option.

    With ``fringe_price`` the last product belongs to nobody and keeps that price.
    """
    owner, costs = with_outside(firm, -1), with_outside(cost, 0.0)
    if fringe_price is not None:
        owner[-2], costs[-2] = -1, fringe_price
    return bertrand_nash(market, costs, owner.astype(np.int64)).prices[:-1]


def with_outside(values: Any, outside: float) -> Floats:
    """Values of the products followed by that of the outside option."""
    return np.append(np.asarray(values, dtype=np.float64), outside)


def firm_profits(market: Demand, cost: Any, firm: list[int], prices: Floats) -> Floats:
    """Profit of each firm label, zero for labels without a product."""
    owner: Ints = with_outside(firm, -1).astype(np.int64)
    return profits(market, with_outside(cost, 0.0), owner, with_outside(prices, 0.0))


def choice_shares(market: Demand, prices: Floats) -> Floats:
    """Choice shares of the products and, last, the outside option."""
    return market.shares(with_outside(prices, 0.0))


def _market(
    quality: list[float],
    alpha: list[float],
    *,
    weights: list[float] | None = None,
    outside: float | None = 0.0,
    nest: list[int] | None = None,
    rho: Any = None,
    box_cox: float = LOG,
    eta: float = 0.0,
) -> Demand:
    size = len(quality)
    nests = [0] * size if nest is None else nest
    inside_rho = rho_vector(0.0 if rho is None else rho, nests)
    row = with_outside(quality, -np.inf if outside is None else outside)
    shares = np.asarray([1.0] if weights is None else weights, dtype=np.float64)
    return Demand(
        weights=shares / shares.sum(),
        values=np.tile(row, (len(alpha), 1)),
        alpha=np.asarray(alpha, dtype=np.float64),
        priced=np.arange(size + 1) < size,
        nest=np.append(nests, inside_rho.size),
        rho=np.append(inside_rho, 0.0),
        box_cox=box_cox,
        usage_elasticity=eta,
    )


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
