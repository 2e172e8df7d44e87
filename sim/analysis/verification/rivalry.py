"""Known answers on rivalry, path dependence, supply and random numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.analysis.verification.verify import Inputs, family
from sim.economics import attachment, auctions, costs, goodwill, networks, quality, queues
from sim.economics import auctions as poaching
from sim.economics import networks as platforms

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


LEAD = 0.6  # share named by the key prob_limit_share_gt_0_6
RUN_LENGTH = 5
SIZES = np.arange(1, 7)


@family("polya_arthur_urn")
def polya_arthur_urn(inputs: Inputs) -> dict[str, Any]:
    """Linear urn by its beta-binomial law, or a nonlinear one by its fixed points."""
    if "g" in inputs:
        returns = inputs["g"]
        return {
            "fixed_points": [0.0, 0.5, 1.0],
            "slope_at_half": returns,
            "stable_points": list(attachment.urn_stable_points(returns)),
            "map_at_x0": attachment.urn_function(inputs["x0"], returns),
        }
    urn = inputs["initial_A"], inputs["initial_B"], inputs["balls_added"]
    shares = attachment.polya_urn(*urn, inputs["draws"])
    return {
        "mean_share_A": shares.mean,
        "var_share_A": shares.variance,
        "limit_beta": list(shares.limit),
        "limit_var": shares.limit_variance,
        "prob_limit_share_gt_0_6": shares.limit_above(LEAD),
        "prob_all_A_first_5": attachment.run_probability(*urn, RUN_LENGTH),
    }


@family("preferential_attachment")
def preferential_attachment(inputs: Inputs) -> dict[str, Any]:
    """Sizes of model families when derivatives attach in proportion to size."""
    exponent = attachment.attachment_exponent(inputs["new_family_probability_alpha"])
    return {
        "pmf_1_to_6": attachment.yule_simon_pmf(SIZES, exponent),
        "ccdf_exponent_rho": exponent,
        "pdf_exponent": exponent + 1,
    }


@family("wright_law")
def wright_law(inputs: Inputs) -> dict[str, Any]:
    """Experience curve: unit cost after doublings and the cost of a lot."""
    first, base = inputs["initial_unit_cost"], inputs["initial_cumulative_output"]
    exponent = costs.learning_exponent(inputs["progress_ratio"])
    start, end = inputs["lot_start"], inputs["lot_end"]
    total = costs.lot_cost(first, base, exponent, start, end)
    grown = base * 2.0 ** inputs["doublings"]
    return {
        "learning_exponent_b": exponent,
        "unit_cost_after_doublings": costs.experience_unit_cost(first, grown, base, exponent),
        "total_cost_lot": total,
        "average_cost_lot": total / (end - start),
        "output_multiple_to_halve_cost": costs.output_multiple_to_halve_cost(exponent),
    }


@family("learning_with_forgetting")
def learning_with_forgetting(inputs: Inputs) -> dict[str, Any]:
    """Experience and unit cost at constant output, and where they settle."""
    first, base = inputs["initial_unit_cost"], inputs["E0"]
    exponent, loss = inputs["learning_exponent_b"], inputs["monthly_depreciation"]
    output = inputs["output_per_month"]
    experience = costs.experience_path(base, output, loss, inputs["T"])[-1]
    steady = costs.steady_state_experience(output, loss)
    return {
        "experience_T": experience,
        "unit_cost_T": costs.experience_unit_cost(first, experience, base, exponent),
        "steady_state_experience": steady,
        "steady_state_cost": costs.experience_unit_cost(first, steady, base, exponent),
    }


@family("capacity_congestion")
def capacity_congestion(inputs: Inputs) -> dict[str, Any]:
    """A queue of servers, or the share that congestion allows."""
    return _queue(inputs) if "arrival_rate" in inputs else _congested(inputs)


def _queue(inputs: Inputs) -> dict[str, Any]:
    rates = inputs["arrival_rate"], inputs["service_rate"]
    servers = inputs["servers"]
    load = queues.utilisation(*rates, servers)
    answer: dict[str, Any] = {
        "utilisation": load,
        "erlang_b_loss": queues.erlang_b(*rates, servers),
    }
    if load < 1:
        times = queues.erlang_c(*rates, servers)
        answer |= {
            "erlang_c_wait_prob": times.wait_probability,
            "mean_wait_in_queue": times.wait,
            "mean_time_in_system": times.time_in_system,
            "mm1_time_at_same_utilisation": queues.mm1_time(rates[1], load),
        }
    return answer


def _congested(inputs: Inputs) -> dict[str, Any]:
    result = queues.congested_share(
        inputs["a"] - inputs["alpha"] * inputs["price"],
        inputs["N"],
        inputs["K"],
        inputs["congestion_gamma"],
        inputs["exponent_nu"],
    )
    return {
        "share": result.share,
        "utilisation": result.utilisation,
        "uncongested_share": result.uncongested,
    }


WORD_BITS = 64
BLOCK_WORDS = 4
UNIFORM_BITS = 53


@family("rng_philox")
def rng_philox(inputs: Inputs) -> dict[str, Any]:
    """One block of Philox4x64-10 and its uniforms on [0, 1)."""
    if inputs["generator"] != "Philox4x64-10":
        raise ValueError(f"unknown generator {inputs['generator']!r}")
    counter = _join(inputs["counter_words"])
    # NumPy counts up before it makes a block.
    before = (counter - 1) % (1 << WORD_BITS * BLOCK_WORDS)
    block = np.random.Philox(counter=before, key=_join(inputs["key_words"])).random_raw(BLOCK_WORDS)
    words = [int(word) for word in block]
    return {
        "output_hex": [f"{word:016x}" for word in words],
        "uniforms": [(word >> (WORD_BITS - UNIFORM_BITS)) / 2**UNIFORM_BITS for word in words],
    }


def _join(words: list[str]) -> int:
    return sum(int(word) << (WORD_BITS * place) for place, word in enumerate(words))
