"""Known answers on prices, markups and learning algorithms."""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.analysis.games.equilibria import equilibria
from sim.analysis.verification.demand import (
    choice_shares,
    firm_profits,
    linear_market,
    nash_prices,
    token_market,
    with_outside,
)
from sim.analysis.verification.verify import Inputs, family
from sim.economics import dynamic_pricing, games, q_learning
from sim.economics import dynamic_pricing as learning_mpe
from sim.economics.costs import experience_unit_cost, learning_exponent, pass_through
from sim.economics.markups import (
    inertia_adjusted_lerner,
    inertia_adjusted_price,
    lambert_best_response,
    own_token_elasticity,
)
from sim.economics.pricing import bertrand_nash, lerner_index

GRID_POINTS = 15  # price grid named by the key price_grid_m15_xi0_1: m points, margin xi
GRID_MARGIN = 0.1


@family("logit_bertrand")
@family("nested_logit_bertrand")
@family("logit_log_price_bertrand")
@family("mixed_logit_segments_bertrand")
def bertrand(inputs: Inputs) -> dict[str, Any]:
    """Equilibrium of one market."""
    market, cost, firm = linear_market(inputs), inputs["marginal_cost_c"], inputs["firm_of_product"]
    prices = nash_prices(market, cost, firm)
    shares = choice_shares(market, prices)
    earned = firm_profits(market, cost, firm, prices)
    return {
        "prices": prices,
        "shares": shares[:-1],
        "outside_share": shares[-1],
        "profit_by_firm": {str(f): earned[f] for f in sorted(set(firm))},
    }


@family("logit_multiproduct_merger", siblings=True)
@family("nested_logit_multiproduct_merger", siblings=True)
def merger(inputs: Inputs, siblings: list[Inputs]) -> dict[str, Any]:
    """Equilibrium and the price changes against the ownership before the merger."""
    answer = bertrand(inputs)
    before = {**inputs, "firm_of_product": _owners_before(inputs, siblings)}
    answer["price_change_vs_pre"] = answer["prices"] - bertrand(before)["prices"]
    return answer


def _owners_before(inputs: Inputs, siblings: list[Inputs]) -> list[int]:
    """Ownership of the same market with more firms; else the last product on its own."""
    owners: list[int] = inputs["firm_of_product"]

    def rest(case: Inputs) -> dict[str, Any]:
        return {k: v for k, v in case.items() if k != "firm_of_product"}

    for other in siblings:
        firms: list[int] = other["firm_of_product"]
        if rest(other) == rest(inputs) and len(set(firms)) > len(set(owners)):
            return firms
    return [*owners[:-1], max(owners) + 1]


@family("calvano")
def calvano(inputs: Inputs) -> dict[str, Any]:
    """Nash and joint-monopoly benchmarks of the algorithmic-pricing literature."""
    scale = inputs["mu"]
    size = len(inputs["a"])
    market = linear_market(
        {
            "quality_a": np.asarray(inputs["a"]) / scale,
            "price_coef_alpha": 1 / scale,
            "outside_utility": inputs["a0"] / scale,
        }
    )
    cost = np.asarray(inputs["c"], dtype=np.float64)
    nash = nash_prices(market, cost, range(size))
    joint = nash_prices(market, cost, [0] * size)
    joint_profits = (joint - cost) * choice_shares(market, joint)[:-1]
    answer = {
        "nash_prices": nash,
        "nash_profits": (nash - cost) * choice_shares(market, nash)[:-1],
        "joint_monopoly_prices": joint,
        "joint_monopoly_profits": joint_profits,
        "joint_monopoly_total": joint_profits.sum(),
    }
    if len(set(zip(inputs["a"], inputs["c"], strict=True))) == 1:
        margin = GRID_MARGIN * (joint[0] - nash[0])
        grid = np.linspace(nash[0] - margin, joint[0] + margin, GRID_POINTS)
        answer["price_grid_m15_xi0_1"] = grid
    return answer


@family("discrete_continuous_bertrand")
def discrete_continuous(inputs: Inputs) -> dict[str, Any]:
    """Equilibrium when clients choose a vendor and then how many tokens to use."""
    market, cost = token_market(inputs), inputs["marginal_cost_c"]
    prices = nash_prices(market, cost, inputs["firm_of_product"])
    shares = choice_shares(market, prices)
    tokens = market.quantities(with_outside(prices, 0.0))[:-1]
    return {
        "prices": prices,
        "choice_shares": shares[:-1],
        "outside_share": shares[-1],
        "token_share": tokens / tokens.sum(),
        "lerner": lerner_index(prices, cost),
        "own_token_elasticity": -own_token_elasticity(inputs["eta"], inputs["alpha"], shares[:-1]),
    }


@family("open_source_mixed_oligopoly")
def open_source(inputs: Inputs) -> dict[str, Any]:
    """Proprietary vendors with and without an open-weights fringe priced at hosting cost."""
    closed = linear_market(inputs)
    size = len(inputs["quality_a"])
    quality = [*inputs["quality_a"], inputs["open_weights_quality"]]
    mixed = linear_market({**inputs, "quality_a": quality})
    fringe = inputs["open_weights_price"]
    owners = [*range(size), size]
    cost = inputs["marginal_cost_c"]
    prices = nash_prices(mixed, [*cost, fringe], owners, fringe_price=fringe)
    shares = choice_shares(mixed, prices)
    without = nash_prices(closed, cost, range(size))
    return {
        "prices": prices[:size],
        "shares": shares[:size],
        "open_weights_share": shares[size],
        "outside_share": shares[size + 1],
        "prices_without_open_weights": without,
        "price_effect": prices[:size] - without,
    }


@family("cost_shock_pass_through")
def cost_shock(inputs: Inputs) -> dict[str, Any]:
    """Equilibrium before and after a cost shock that differs by vendor."""
    market = linear_market(inputs)
    cost, shock = (
        np.asarray(inputs[k], dtype=np.float64) for k in ("marginal_cost_c", "cost_shock")
    )
    firm = inputs.get("firm_of_product", range(cost.size))
    before, after = nash_prices(market, cost, firm), nash_prices(market, cost + shock, firm)
    change = choice_shares(market, after) - choice_shares(market, before)
    return {
        "prices_before": before,
        "prices_after": after,
        "price_change_over_own_cost_shock": pass_through(after - before, shock),
        "share_change": change[:-1],
    }


@family("best_response_dynamics")
def best_response_dynamics(inputs: Inputs) -> dict[str, Any]:
    """Path of myopic best replies and its distance to the equilibrium."""
    from sim.economics.markups import best_response_path

    scale, size = inputs["mu"], len(inputs["a"])
    outside = inputs.get("a0", inputs.get("outside_utility", 0.0))
    path = best_response_path(
        inputs["a"],
        inputs["c"],
        scale,
        inputs["p0"],
        inputs["T"],
        inputs["update_order"],
        outside,
    )
    market = linear_market(
        {
            "quality_a": np.asarray(inputs["a"]) / scale,
            "price_coef_alpha": 1 / scale,
            "outside_utility": outside / scale,
        }
    )
    costs, owner = with_outside(inputs["c"], 0.0), np.append(np.arange(size), -1)
    nash = bertrand_nash(market, costs, owner).prices[:-1]
    return {
        "path": path,
        "nash_prices": nash,
        "distance_to_nash_T": np.abs(path[-1] - nash).max(),
    }


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


# The demand named "Calvano baseline" by the cases: Calvano et al. (2020), section II.
CALVANO_BASELINE = {"a": [2.0, 2.0], "c": [1.0, 1.0], "mu": 0.25, "a0": 0.0}
CONCENTRATION_PERIODS = 128  # expected_hhi is answered for every period up to this one


@family("learning_by_doing_mpe")
def learning_by_doing(inputs: Inputs) -> dict[str, Any]:
    """Equilibrium in every state of experience, from both vendors' sides."""
    levels = np.minimum(np.arange(1, inputs["M"] + 1), inputs["m"])
    cost = experience_unit_cost(inputs["kappa"], levels, 1.0, learning_exponent(inputs["rho"]))
    found = learning_mpe.learning_by_doing_mpe(cost, inputs["sigma"], inputs["beta"])
    hhi = learning_mpe.expected_concentration(found.win_probability, CONCENTRATION_PERIODS)

    def by_state(table: Any) -> dict[str, Any]:
        return {str([i + 1, j + 1]): value for (i, j), value in np.ndenumerate(table)}

    def both(table: Any) -> dict[str, Any]:
        mine, other = by_state(table), by_state(table.T)
        return {state: [mine[state], other[state]] for state in mine}

    return {
        "prices": both(found.prices),
        "win_prob_1": by_state(found.win_probability),
        "values": both(found.values),
        "price_minus_cost_at_1_1": found.prices[0, 0] - cost[0],
        "expected_hhi": {str(period): value for period, value in enumerate(hhi)},
    }


@family("switching_cost_mpe")
def switching_cost(inputs: Inputs) -> dict[str, Any]:
    """Equilibrium with one attached client, against that without a switching cost."""
    law = inputs["mu"], inputs["discount"], inputs["marginal_cost"]
    found = dynamic_pricing.switching_cost_mpe(inputs["switching_cost"], *law)
    free = dynamic_pricing.switching_cost_mpe(0.0, *law)
    return {
        "prob_stay": found.stay,
        "price_incumbent": found.incumbent_price,
        "price_entrant": found.entrant_price,
        "value_incumbent": found.incumbent_value,
        "value_entrant": found.entrant_value,
        "average_transaction_price": found.average_price,
        "average_price_without_switching_cost": free.average_price,
        "change_vs_no_switching_cost": found.average_price - free.average_price,
        "derivative_avg_price_wrt_s_at_0": dynamic_pricing.small_switching_cost_slope(
            inputs["discount"]
        ),
    }


@family("q_learning")
def q_learning_quantities(inputs: Inputs) -> dict[str, Any]:
    """Price grid, initial values, one update, collusion index and exploration."""
    # Cases may state another demand by the keys of the family calvano.
    market_inputs = {key: inputs.get(key, value) for key, value in CALVANO_BASELINE.items()}
    known = calvano(market_inputs)
    nash, monopoly = known["nash_prices"][0], known["joint_monopoly_prices"][0]
    grid = q_learning.price_grid(nash, monopoly, inputs["m"], inputs["xi"])
    update = inputs["update"]
    return {
        "action_grid": grid,
        "Q0_by_action": q_learning.initial_values(
            _duopoly_profits(market_inputs, grid), inputs["discount"]
        ),
        "updated_Q": q_learning.updated_value(
            update["Q"],
            update["reward"],
            update["max_next_Q"],
            update["alpha"],
            inputs["discount"],
        ),
        "profit_gain_delta": q_learning.profit_gain(
            inputs["avg_profit_for_index"],
            known["nash_profits"].mean(),
            known["joint_monopoly_profits"].mean(),
        ),
        "epsilon": q_learning.exploration_rate(inputs["epsilon_beta"], inputs["epsilon_t"]),
        "half_exploration_periods": q_learning.exploration_half_life(inputs["epsilon_beta"]),
    }


def _duopoly_profits(inputs: Inputs, grid: Any) -> Any:
    """First vendor's profit by own (rows) and rival (columns) price."""
    scale = inputs["mu"]
    market = linear_market(
        {
            "quality_a": np.asarray(inputs["a"]) / scale,
            "price_coef_alpha": 1 / scale,
            "outside_utility": inputs["a0"] / scale,
        }
    )
    return np.array(
        [
            [
                (own - inputs["c"][0]) * choice_shares(market, np.array([own, rival]))[0]
                for rival in grid
            ]
            for own in grid
        ]
    )


@family("matrix_games_egta")
def matrix_game(inputs: Inputs) -> dict[str, Any]:
    """Equilibria and regrets of an empirical game of two players."""
    payoffs = inputs["row_payoffs"], inputs["col_payoffs"]
    found = equilibria(*payoffs)
    answer: dict[str, Any] = {
        "equilibria": [one._asdict() for one in found],
        "n_equilibria": len(found),
        "pure_profile_max_regret": games.pure_profile_regrets(*payoffs),
    }
    if games.is_zero_sum(*payoffs):
        answer["zero_sum_value"] = games.zero_sum_value(inputs["row_payoffs"])
    return answer
