"""Bertrand-Nash families: one market, many kinds of demand."""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.analysis.answers.markets import (
    choice_shares,
    firm_profits,
    linear_market,
    nash_prices,
    token_market,
    with_outside,
)
from sim.analysis.verification import Inputs, family
from sim.economics.costs import pass_through
from sim.economics.markups import own_token_elasticity
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
    from sim.economics.replies import best_response_path

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
