"""Known answers on choice, demand and adoption."""

from __future__ import annotations

from collections.abc import Collection
from itertools import product
from typing import Any

import numpy as np

from sim.analysis.verification.verify import Inputs, family
from sim.economics.arrays import Floats, Ints
from sim.economics.demand import LINEAR, LOG, NestedLogit, Nests
from sim.economics.mixed import Demand
from sim.economics.networks import bass_step
from sim.economics.pricing import bertrand_nash, common_lerner

MODELS = {  # what a case may call its model, and the form of price that it means
    "logit": LINEAR,
    "nested_logit": LINEAR,
    "mixed_logit_finite_types": LINEAR,
    "logit: V_j=a_j-alpha p_j": LINEAR,
    "nested logit: delta_j=a_j-alpha p_j, Berry (1994) rho convention": LINEAR,
    "logit_log_price": LOG,
    "logit: V_j=a_j-alpha ln p_j": LOG,
}
INELASTIC = 1 + 1e-9  # least elasticity for which a price is sought
TASTE_REACH, TASTE_POINTS = 12.0, 1_201  # standard deviations and points of the taste integral


def stated(inputs: Inputs, key: str, known: Collection[str], usual: str | None = None) -> str:
    """What a case says of its model or law; `usual`, or the only known one, where it says nothing.

    Raises
    ------
    ValueError
        If the text is not known.
    """
    text = inputs.get(key, next(iter(known)) if usual is None else usual)
    if text not in known:
        raise ValueError(f"{key} {text!r} is not known")
    return str(text)


def rho_vector(rho: Any, nest: list[int]) -> Floats:
    """Correlation per nest from a number, a list or a mapping of nest labels."""
    count = max(nest) + 1
    if isinstance(rho, dict):
        return np.array([float(rho[str(label)]) for label in range(count)])
    return np.broadcast_to(np.asarray(rho, dtype=np.float64), (count,)).copy()


def stated_market(inputs: Inputs, model: str = "logit", quality: Any = None) -> Demand:
    """Demand for the products of a case and its outside option, one unit a client.

    The case may state its `model`; several types come as ``price_coef_by_type`` with
    ``type_weights``. `quality` replaces that of the case.
    """
    types = inputs.get("price_coef_by_type")
    return market(
        inputs["quality_a"] if quality is None else quality,
        [inputs["price_coef_alpha"]] if types is None else types,
        weights=[1.0] if types is None else inputs["type_weights"],
        outside=inputs.get("outside_utility", 0.0),
        nest=inputs.get("nest_of_product"),
        rho=inputs.get("rho"),
        box_cox=MODELS[stated(inputs, "model", MODELS, model)],
    )


def market(
    quality: Any,
    alpha: Any,
    *,
    weights: Any = (1.0,),
    outside: float | None = 0.0,
    nest: list[int] | None = None,
    rho: Any = None,
    box_cox: float = LINEAR,
    eta: float = 0.0,
) -> Demand:
    """Demand of types with price coefficients `alpha` for products and, last, an outside option."""
    size = len(quality)
    nests = [0] * size if nest is None else nest
    inside_rho = rho_vector(0.0 if rho is None else rho, nests)
    shares = np.asarray(weights, dtype=np.float64)
    return Demand(
        weights=shares / shares.sum(),
        values=np.tile(
            with_outside(quality, -np.inf if outside is None else outside), (len(alpha), 1)
        ),
        alpha=np.asarray(alpha, dtype=np.float64),
        priced=np.arange(size + 1) < size,
        nest=np.append(nests, inside_rho.size),
        rho=np.append(inside_rho, 0.0),
        box_cox=box_cox,
        usage_elasticity=eta,
    )


def with_outside(values: Any, outside: float) -> Floats:
    """Values of the products followed by that of the outside option."""
    return np.append(np.asarray(values, dtype=np.float64), outside)


def nash_prices(demand: Demand, cost: Any, firm: Any, fringe_price: float | None = None) -> Floats:
    """Equilibrium prices of all columns but the outside option.

    With ``fringe_price`` the last product belongs to nobody and keeps that price.
    """
    owner, costs = with_outside(firm, -1), with_outside(cost, 0.0)
    if fringe_price is not None:
        owner[-2], costs[-2] = -1, fringe_price
    return bertrand_nash(demand, costs, owner.astype(np.int64)).prices[:-1]


def best_reply(demand: Demand, cost: Any, prices: Any, player: int) -> float:
    """Price of one product that maximises its profit while the others keep their prices."""
    costs, start = with_outside(cost, 0.0), with_outside(prices, 0.0)
    lerner = common_lerner(demand, [player], start, costs[[player]], INELASTIC)
    if lerner is not None:  # begins the search beside the only root
        start[player] = costs[player] / (1 - lerner)
    columns: Ints = np.arange(costs.size)
    owner = np.where(columns == player, 0, -1)
    return float(bertrand_nash(demand, costs, owner, start=start).prices[player])


def choice_shares(demand: Demand, prices: Any) -> Floats:
    """Choice shares of the products and, last, the outside option."""
    return demand.weights @ demand.choices(with_outside(prices, 0.0)).probabilities


def logit(utilities: Any, scale: float = 1.0) -> NestedLogit:
    """Logit with extreme-value errors of that scale; inclusive value and logsum in its units."""
    values = np.asarray(utilities, dtype=np.float64)
    return Nests(np.zeros(values.size, dtype=np.int64), 0.0).logit(values / scale)


@family("choice_numerics")
def choice_numerics(inputs: Inputs) -> dict[str, Any]:
    """Probabilities and logsum of utilities of any size."""
    scale = inputs.get("scale", 1.0)
    choice = logit(inputs["utilities"], scale)
    return {
        "probabilities": choice.probabilities,
        "logsum": scale * choice.logsum,
        "log_probabilities": np.asarray(inputs["utilities"]) / scale - choice.logsum,
    }


@family("nested_logit_probabilities")
def nested_logit_probabilities(inputs: Inputs) -> dict[str, Any]:
    """Nested logit with one correlation or one per nest, the outside option alone in its nest."""
    nest = inputs["nest"]
    rho = np.append(rho_vector(inputs["rho"], nest), 0.0)
    nests = Nests(np.append(nest, len(rho) - 1), rho)
    choice = nests.logit(with_outside(inputs["delta"], inputs["outside_delta"]))
    return {
        "probabilities": choice.probabilities[:-1],
        "outside": choice.probabilities[-1],
        "nest_shares": choice.nest_probabilities[:-1],
        "inclusive_values": choice.inclusive_values[:-1],
        "expected_max_utility_logsum": choice.logsum,
    }


@family("mixed_logit_integral")
def mixed_logit_integral(inputs: Inputs) -> dict[str, Any]:
    """Logit with a lognormal price coefficient: types at equal steps of its normal."""
    stated(inputs, "price_coef", ("alpha_i=exp(mu+sd*z), z~N(0,1)",))
    z = np.linspace(-TASTE_REACH, TASTE_REACH, TASTE_POINTS)
    demand = market(
        inputs["quality_a"],
        np.exp(inputs["mu"] + inputs["sd"] * z),
        weights=np.exp(-z * z / 2),
        outside=inputs["outside_utility"],
    )
    shares = choice_shares(demand, inputs["prices"])
    return {"probabilities": shares[:-1], "outside": shares[-1]}


@family("elasticities_diversion")
def elasticities_diversion(inputs: Inputs) -> dict[str, Any]:
    """Elasticities and diversion at given prices, logit or nested."""
    stated(inputs, "orientation", ("row j = quantity, column k = price",))
    prices = np.asarray(inputs["prices"], dtype=np.float64)
    system = stated_market(inputs).system(with_outside(prices, 0.0))
    jacobian = (np.diag(system.diagonal) - system.cross)[:-1, :-1]
    shares = system.quantities[:-1]
    diversion = -jacobian / np.diag(jacobian)
    return {
        "shares": shares,
        "elasticity": jacobian * prices / shares[:, None],
        "diversion_to_row_from_col": diversion,
        "diversion_to_outside": -diversion.sum(axis=0),
    }


@family("consideration_sets")
def consideration_sets(inputs: Inputs) -> dict[str, Any]:
    """Shares under independent awareness: a type of client for each set that can be known."""
    utilities, outside = inputs["utilities"], inputs["outside_utility"]
    chance = np.asarray(inputs["awareness_prob"], dtype=np.float64)
    known = np.array(list(product([False, True], repeat=chance.size)))
    values = np.where(known, np.asarray(utilities, dtype=np.float64), -np.inf)
    stays = inputs.get("outside_always_considered", True) | ~known.any(axis=1)
    weights = np.where(known, chance, 1 - chance).prod(axis=1)
    size = chance.size + 1
    demand = Demand(
        weights=weights,
        values=np.column_stack([values, np.where(stays, outside, -np.inf)]),
        alpha=np.ones(weights.size),
        priced=np.zeros(size, dtype=np.bool_),
        nest=np.zeros(size, dtype=np.int64),
        rho=np.zeros(1),
    )
    shares = choice_shares(demand, np.zeros(chance.size))
    return {
        "shares": shares[:-1],
        "outside": shares[-1],
        "full_information_shares": logit([*utilities, outside]).probabilities[:-1],
    }


@family("bass")
def bass(inputs: Inputs) -> dict[str, Any]:
    """Bass adoption by whole periods."""
    law = "N_t=N_{t-1}+(p+q N_{t-1}/m)(m-N_{t-1}), N_0=0, T=max(times) integer steps"
    stated(inputs, "discrete_recursion", (law,))
    adopters: Any = 0.0
    for _ in range(int(max(inputs["times"]))):
        adopters = bass_step(adopters, inputs["p"], inputs["q"], inputs["m"])
    return {"discrete_time_cumulative_at_T": adopters}
