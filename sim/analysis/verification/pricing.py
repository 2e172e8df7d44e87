"""Known answers on prices, markups, learning algorithms and games."""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.analysis.games.equilibria import equilibria, gains
from sim.analysis.verification.demand import (
    INELASTIC,
    best_reply,
    choice_shares,
    market,
    nash_prices,
    stated,
    stated_market,
    with_outside,
)
from sim.analysis.verification.verify import Inputs, family
from sim.economics import q_learning
from sim.economics.arrays import Floats
from sim.economics.demand import LOG
from sim.economics.mixed import Demand
from sim.economics.pricing import choice_margin_weight, common_lerner, price_from_elasticity

GRID_POINTS = 15  # price grid named by the key price_grid_m15_xi0_1: m points, margin xi
GRID_MARGIN = 0.1


@family("logit_bertrand")
@family("nested_logit_bertrand")
@family("mixed_logit_segments_bertrand")
def bertrand(inputs: Inputs, model: str = "logit") -> dict[str, Any]:
    """Equilibrium of one market."""
    demand, cost = stated_market(inputs, model), np.asarray(inputs["marginal_cost_c"])
    firm = inputs["firm_of_product"]
    prices = nash_prices(demand, cost, firm)
    shares = choice_shares(demand, prices)
    earned = (prices - cost) * demand.quantities(with_outside(prices, 0.0))[:-1]
    profit = np.bincount(firm, weights=earned)
    return {
        "prices": prices,
        "shares": shares[:-1],
        "outside_share": shares[-1],
        "profit_by_firm": {str(f): profit[f] for f in sorted(set(firm))},
    }


@family("logit_log_price_bertrand")
def log_price_bertrand(inputs: Inputs) -> dict[str, Any]:
    """Equilibrium of one market in log price, unless the case states another model."""
    return bertrand(inputs, "logit_log_price")


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


def scaled_market(quality: Any, scale: float, outside: float) -> Demand:
    """Logit with linear price and errors of that scale, all in the units of the price."""
    return market(np.asarray(quality) / scale, [1 / scale], outside=outside / scale)


@family("calvano")
def calvano(inputs: Inputs) -> dict[str, Any]:
    """Nash and joint-monopoly benchmarks of the algorithmic-pricing literature."""
    law = "q_i=exp((a_i-p_i)/mu)/(sum_j exp((a_j-p_j)/mu)+exp(a0/mu))"
    stated(inputs, "demand", (law,))
    demand = scaled_market(inputs["a"], inputs["mu"], inputs["a0"])
    cost = np.asarray(inputs["c"], dtype=np.float64)
    nash = nash_prices(demand, cost, range(cost.size))
    joint = nash_prices(demand, cost, [0] * cost.size)
    joint_profits = (joint - cost) * choice_shares(demand, joint)[:-1]
    answer = {
        "nash_prices": nash,
        "nash_profits": (nash - cost) * choice_shares(demand, nash)[:-1],
        "joint_monopoly_prices": joint,
        "joint_monopoly_profits": joint_profits,
        "joint_monopoly_total": joint_profits.sum(),
    }
    if len(set(zip(inputs["a"], inputs["c"], strict=True))) == 1:
        grid = q_learning.price_grid(nash[0], joint[0], GRID_POINTS, GRID_MARGIN)
        answer["price_grid_m15_xi0_1"] = grid
    return answer


@family("discrete_continuous_bertrand")
def discrete_continuous(inputs: Inputs) -> dict[str, Any]:
    """Equilibrium when clients choose a vendor and then how many tokens to use."""
    law = (
        "discrete-continuous: choice prob s_j=exp(a_j-alpha ln p_j)/(exp(a0)+sum); tokens per "
        "client q_j=p_j^-eta; profit of firm=sum_j s_j p_j^-eta (p_j-c_j)"
    )
    stated(inputs, "model", (law,))
    demand = market(
        inputs["quality_a"],
        [inputs["alpha"]],
        outside=inputs["outside_utility"],
        box_cox=LOG,
        eta=inputs["eta"],
    )
    cost = np.asarray(inputs["marginal_cost_c"], dtype=np.float64)
    prices = nash_prices(demand, cost, inputs["firm_of_product"])
    shares, paid = choice_shares(demand, prices), with_outside(prices, 0.0)
    tokens = demand.quantities(paid)[:-1]
    columns = np.eye(paid.size, dtype=np.bool_)[:-1]
    return {
        "prices": prices,
        "choice_shares": shares[:-1],
        "outside_share": shares[-1],
        "token_share": tokens / tokens.sum(),
        "lerner": (prices - cost) / prices,
        "own_token_elasticity": [-demand.elasticity_of(column, paid) for column in columns],
    }


@family("open_source_mixed_oligopoly")
def open_source(inputs: Inputs) -> dict[str, Any]:
    """Proprietary vendors with and without an open-weights fringe priced at hosting cost."""
    size, cost, fringe = (
        len(inputs["quality_a"]),
        inputs["marginal_cost_c"],
        inputs["open_weights_price"],
    )
    mixed = stated_market(inputs, quality=[*inputs["quality_a"], inputs["open_weights_quality"]])
    prices = nash_prices(mixed, [*cost, fringe], range(size + 1), fringe_price=fringe)
    shares = choice_shares(mixed, prices)
    without = nash_prices(stated_market(inputs), cost, range(size))
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
    """Equilibrium before and after a cost shock that differs by vendor; null where none is."""
    demand = stated_market(inputs)
    cost, shock = (
        np.asarray(inputs[k], dtype=np.float64) for k in ("marginal_cost_c", "cost_shock")
    )
    firm = inputs.get("firm_of_product", range(cost.size))
    before, after = nash_prices(demand, cost, firm), nash_prices(demand, cost + shock, firm)
    change = choice_shares(demand, after) - choice_shares(demand, before)
    passed = np.divide(after - before, shock, out=np.full(cost.size, np.nan), where=shock != 0)
    return {
        "prices_before": before,
        "prices_after": after,
        "price_change_over_own_cost_shock": passed,
        "share_change": change[:-1],
    }


@family("best_response_dynamics")
def best_response_dynamics(inputs: Inputs) -> dict[str, Any]:
    """Path of myopic best replies and its distance to the equilibrium."""
    order = stated(inputs, "update_order", ("simultaneous", "sequential"))
    outside = inputs.get("a0", inputs.get("outside_utility", 0.0))
    demand, cost = scaled_market(inputs["a"], inputs["mu"], outside), inputs["c"]
    path = [np.asarray(inputs["p0"], dtype=np.float64)]
    for _ in range(inputs["T"]):
        seen = path[-1].copy()
        moved = seen if order == "sequential" else seen.copy()
        for player in range(seen.size):
            moved[player] = best_reply(demand, cost, seen, player)
        path.append(moved)
    nash = nash_prices(demand, cost, range(len(cost)))
    return {
        "path": path,
        "nash_prices": nash,
        "distance_to_nash_T": np.abs(path[-1] - nash).max(),
    }


@family("lambert_best_response")
def best_response(inputs: Inputs) -> dict[str, Any]:
    """Best reply to fixed rival prices."""
    quality = [inputs["a"], *(quality for quality, _ in inputs["rivals_quality_price"])]
    prices = np.array([inputs["c"], *(price for _, price in inputs["rivals_quality_price"])])
    demand = scaled_market(quality, inputs["mu"], inputs.get("outside_utility", 0.0))
    prices[0] = best_reply(demand, prices, prices, 0)
    share = choice_shares(demand, prices)[0]
    return {
        "best_response_price": prices[0],
        "share": share,
        "profit": share * (prices[0] - inputs["c"]),
    }


@family("inertia_adjusted_markup")
def inertia(inputs: Inputs) -> dict[str, Any]:
    """Stationary price when only a fraction of the clients reviews each month."""
    setup = (
        "s_t=(1-h)s_{t-1}+h S(p), tokens p^-eta; stationary price p such that a permanent price "
        "change is not profitable when the current share is S(p)"
    )
    stated(inputs, "setup", (setup,))
    demand = market(
        [inputs["a"]],
        [inputs["alpha"]],
        outside=float(np.log(inputs["others_sum_exp_utility"])),
        box_cox=LOG,
        eta=inputs["eta"],
    )
    cost, hazard = inputs["marginal_cost"], inputs["review_hazard_h"]
    weight = choice_margin_weight(hazard, inputs["discount_delta"])
    lerner = common_lerner(demand, [0], [cost, 0.0], [cost], INELASTIC, choice_weight=weight)
    if lerner is None:
        raise ArithmeticError("effective elasticity is at most 1: no finite price is optimal")
    price = float(price_from_elasticity(cost, 1 / lerner))

    def markup(choice_weight: float) -> float:
        return 1 / demand.elasticity_of([True, False], [price, 0.0], choice_weight)

    return {
        "weight_on_choice_margin": weight,
        "price": price,
        "share": choice_shares(demand, [price])[0],
        "lerner": lerner,
        "effective_elasticity": 1 / lerner,
        "lerner_if_all_review": markup(1.0),
        "lerner_if_myopic_same_share": markup(choice_margin_weight(hazard, 0.0)),
    }


# The demand named "Calvano baseline" by the cases: Calvano et al. (2020), section II.
CALVANO_BASELINE = {"a": [2.0, 2.0], "c": [1.0, 1.0], "mu": 0.25, "a0": 0.0}


@family("q_learning")
def learning_to_price(inputs: Inputs) -> dict[str, Any]:
    """Price grid, initial values, one update, collusion index and exploration."""
    # Cases may state another demand by the keys of the family calvano.
    stated(inputs, "demand", ("Calvano baseline",))
    duopoly = {key: inputs.get(key, value) for key, value in CALVANO_BASELINE.items()}
    known = calvano(duopoly)
    nash, monopoly = known["nash_prices"][0], known["joint_monopoly_prices"][0]
    grid = q_learning.price_grid(nash, monopoly, inputs["m"], inputs["xi"])
    update = inputs["update"]
    return {
        "action_grid": grid,
        "Q0_by_action": q_learning.initial_values(
            _duopoly_profits(duopoly, grid), inputs["discount"]
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
    }


def _duopoly_profits(inputs: Inputs, grid: Floats) -> Floats:
    """First vendor's profit by own (rows) and rival (columns) price."""
    demand = scaled_market(inputs["a"], inputs["mu"], inputs["a0"])
    sold = [[choice_shares(demand, [own, rival])[0] for rival in grid] for own in grid]
    return np.asarray((grid[:, None] - inputs["c"][0]) * sold)


@family("matrix_games_egta")
def matrix_game(inputs: Inputs) -> dict[str, Any]:
    """Equilibria and regrets of an empirical game of two players."""
    row, col = (np.asarray(inputs[key], float) for key in ("row_payoffs", "col_payoffs"))
    found = equilibria(row, col)
    answer: dict[str, Any] = {
        "equilibria": [one._asdict() for one in found],
        "n_equilibria": len(found),
        "pure_profile_max_regret": np.maximum(*gains(row, col)).tolist(),
    }
    if np.allclose(row, -col, rtol=0.0, atol=1e-9):
        answer["zero_sum_value"] = found[0].payoffs[0]  # the same in every equilibrium
    return answer
