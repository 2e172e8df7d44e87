"""Families of rivalry for accounts, users and quality."""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.analysis.verification import Inputs, family
from sim.economics import auctions, goodwill, networks, platforms, poaching, quality

EARLY, LATE = 0.01, 0.99  # starts named by the keys limit_from_0_01 and limit_from_0_99


@family("network_effects_tipping")
def network_effects(inputs: Inputs) -> dict[str, Any]:
    """Equilibria of a market with direct network effects."""
    law = inputs["network_strength_beta"], inputs["quality_gap"]
    equilibria = networks.network_equilibria(*law)
    return {
        "fixed_points": equilibria.shares,
        "stable": list(equilibria.stable),
        "n_equilibria": len(equilibria.stable),
        "critical_beta_at_zero_gap": networks.CRITICAL_STRENGTH,
        "limit_from_0_01": networks.network_limit(EARLY, *law),
        "limit_from_0_99": networks.network_limit(LATE, *law),
    }


@family("two_sided_platform")
def two_sided(inputs: Inputs) -> dict[str, Any]:
    """Prices to two sides, or indirect network effects through apps."""
    if "costs_f" in inputs:
        prices = platforms.two_sided_duopoly(
            inputs["costs_f"], inputs["transport_t"], inputs["alpha"]
        )
        return {
            "price_group1": prices.group1,
            "price_group2": prices.group2,
            "profit_each": prices.profit,
        }
    result = platforms.indirect_network(
        inputs["quality_gap"], inputs["app_elasticity_beta"], inputs["app_entry_rates"]
    )
    return {
        "share_A": result.share,
        "app_ratio": result.app_ratio,
        "multiplier": result.multiplier,
        "tips_if_beta_ge": platforms.TIPPING_ELASTICITY,
    }


@family("nerlove_arrow")
def nerlove_arrow(inputs: Inputs) -> dict[str, Any]:
    """Goodwill under constant spend, or one big event against several small ones."""
    return _pulses(inputs) if "budget" in inputs else _constant_spend(inputs)


def _constant_spend(inputs: Inputs) -> dict[str, Any]:
    decay, spend, exponent = (
        inputs[key] for key in ("decay_per_month", "spend_per_month", "response_exponent")
    )
    stock, months = inputs["A0"], inputs["T"]
    path = goodwill.goodwill_path(stock, np.full(months, spend), decay) if months else [stock]
    return {
        "goodwill_T": path[-1],
        "steady_state": goodwill.steady_goodwill(spend, decay),
        "half_life_months": goodwill.goodwill_half_life(decay),
        "long_run_multiplier": goodwill.long_run_multiplier(decay),
        "short_run_elasticity_at_steady_state": goodwill.short_run_elasticity(exponent, decay),
        "long_run_elasticity": exponent,
    }


def _pulses(inputs: Inputs) -> dict[str, Any]:
    months, parts, theta = inputs["horizon"], inputs["k_equal_months"], inputs["theta"]

    def stock(events: int) -> Any:
        spend = np.where(np.arange(months) < events, inputs["budget"] / events, 0.0)
        return goodwill.goodwill_path(0.0, spend, inputs["decay"])[1:]

    single, spread = stock(1), stock(parts)
    return {
        "sum_response_single_pulse": goodwill.total_response(single, theta),
        "sum_response_spread": goodwill.total_response(spread, theta),
        "goodwill_sum_single": single.sum(),
    }


@family("key_account_auction")
def key_account_auction(inputs: Inputs) -> dict[str, Any]:
    """Second-score auction of one account."""
    outcome = auctions.second_score_auction(
        inputs["net_surplus_w_equals_quality_minus_cost"],
        inputs["gumbel_scale_mu"],
        inputs["incumbent_index"],
        inputs["switching_cost"],
        inputs["buyer_outside_surplus"],
    )
    return {
        "win_probabilities": outcome.win_probability,
        "expected_profit": outcome.expected_profit,
        "expected_margin_given_win": outcome.margin_if_won,
        "no_deal_probability": outcome.no_deal,
    }


@family("poaching")
def poaching_benchmarks(inputs: Inputs) -> dict[str, Any]:
    """Paying customers to switch, or poaching on inherited turf."""
    if inputs["model"] == "chen":
        paid = poaching.pay_to_switch(inputs["marginal_cost"], inputs["switch_cost_upper"])
        return {
            "price_own_customers": paid.own_price,
            "price_poaching": paid.poaching_price,
            "fraction_switching": paid.switching,
            "profit_own_per_customer": paid.own_profit,
            "profit_poached_per_customer": paid.poached_profit,
            "deadweight_loss_per_customer": paid.deadweight_loss,
        }
    if inputs["model"] != "fudenberg_tirole":
        raise ValueError(f"unknown model {inputs['model']!r}")
    turf = poaching.turf_poaching(inputs["marginal_cost"], inputs["t"], inputs["turf"])
    return {
        "price_own_customers": turf.own_price,
        "price_poaching": turf.poaching_price,
        "cutoff_location": turf.cutoff,
        "share_of_turf_lost": turf.lost_share,
    }


@family("rd_quality_ladder")
def rd_quality_ladder(inputs: Inputs) -> dict[str, Any]:
    """Best investment in one step of quality."""
    best = quality.best_investment(inputs["a"], inputs["discount"], inputs["value_gain"])
    return {
        "optimal_investment": best.investment,
        "success_probability": best.success,
        "net_value": best.value,
    }
