"""Families of forward-looking prices, learning algorithms and matrix games."""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.analysis.answers.bertrand import calvano
from sim.analysis.answers.markets import choice_shares, linear_market
from sim.analysis.equilibria import equilibria
from sim.analysis.verification import Inputs, family
from sim.economics import dynamic_pricing, games, learning_mpe, q_learning
from sim.economics.costs import experience_unit_cost, learning_exponent

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
