"""Known answers on goodwill, key accounts, research, cost, communities and random numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.analysis.verification.demand import logit, stated
from sim.analysis.verification.verify import Inputs, family
from sim.economics.arrays import Floats
from sim.economics.costs import experience_unit_cost, next_experience, steady_state_experience
from sim.economics.goodwill import next_goodwill
from sim.economics.networks import attachment_exponent
from sim.economics.quality import best_investment


@family("nerlove_arrow")
def nerlove_arrow(inputs: Inputs) -> dict[str, Any]:
    """Goodwill under constant spend, or one big event against several small ones."""
    return _pulses(inputs) if "budget" in inputs else _constant_spend(inputs)


def _constant_spend(inputs: Inputs) -> dict[str, Any]:
    stated(inputs, "law", ("A_t=(1-lam)A_{t-1}+u_t; demand ~ A^theta",))
    stock: Any = inputs["A0"]
    for _ in range(inputs["T"]):
        stock = next_goodwill(stock, inputs["spend_per_month"], inputs["decay_per_month"])
    inputs.get("response_exponent")  # only dropped keys need it
    return {"goodwill_T": stock}


def _pulses(inputs: Inputs) -> dict[str, Any]:
    law = (
        "A_t=(1-decay)A_{t-1}+u_t, A before month 0 = 0; single: u_0=budget; spread: u_t=budget/k "
        "for t<k; response=sum_{t<horizon} A_t^theta"
    )
    stated(inputs, "law", (law,))

    def stocks(events: int) -> Floats:
        found: list[Any] = []
        for month in range(inputs["horizon"]):
            spend = inputs["budget"] / events if month < events else 0.0
            found.append(next_goodwill(found[-1] if found else 0.0, spend, inputs["decay"]))
        return np.array(found)

    single, spread = stocks(1), stocks(inputs["k_equal_months"])
    return {
        "sum_response_single_pulse": (single ** inputs["theta"]).sum(),
        "sum_response_spread": (spread ** inputs["theta"]).sum(),
        "goodwill_sum_single": single.sum(),
    }


@family("key_account_auction")
def key_account_auction(inputs: Inputs) -> dict[str, Any]:
    """Second-score auction of one account with Gumbel noise, by the logit of the market.

    A bidder earns the best surplus less the best without it: ``E = mu (logsum - logsum_-j)``
    (Miller 2014). Whoever is not the incumbent lacks the switching cost; leaving without a deal
    costs none.
    """
    stated(
        inputs,
        "rule",
        ("second-score: highest surplus wins, margin = own surplus - best other surplus",),
    )
    surplus = np.asarray(inputs["net_surplus_w_equals_quality_minus_cost"], dtype=np.float64)
    incumbent, outside = inputs["incumbent_index"], inputs["buyer_outside_surplus"]
    cost = inputs["switching_cost"]
    lost = np.full(surplus.size, 0.0 if incumbent is None else cost)
    if incumbent is not None:
        lost[int(incumbent)] = 0.0
    scale = inputs["gumbel_scale_mu"]
    values = np.append(surplus - lost, -np.inf if outside is None else outside)
    choice = logit(values, scale)
    others = [logit(np.delete(values, j), scale).logsum for j in range(surplus.size)]
    chance, profit = choice.probabilities[:-1], scale * (choice.logsum - np.array(others))
    # The margin of a hopeless bid tends to mu.
    margin = np.divide(profit, chance, out=np.full(surplus.size, scale), where=chance > 0)
    return {
        "win_probabilities": chance,
        "expected_profit": profit,
        "expected_margin_given_win": margin,
        "no_deal_probability": choice.probabilities[-1],
    }


@family("rd_quality_ladder")
def rd_quality_ladder(inputs: Inputs) -> dict[str, Any]:
    """Best investment in one step of quality."""
    stated(inputs, "success", ("p(x)=a x/(1+a x)",))
    best = best_investment(inputs["a"], inputs["discount"], inputs["value_gain"])
    return {
        "optimal_investment": best.investment,
        "success_probability": best.success,
        "net_value": best.value,
    }


@family("preferential_attachment")
def preferential_attachment(inputs: Inputs) -> dict[str, Any]:
    """Tail of the sizes of model families when derivatives attach in proportion to size."""
    law = (
        "Simon: with prob alpha a new base model is born; else derivative attaches to a model with "
        "prob proportional to its count"
    )
    stated(inputs, "rule", (law,))
    exponent = attachment_exponent(inputs["new_family_probability_alpha"])
    return {"ccdf_exponent_rho": exponent, "pdf_exponent": exponent + 1}


@family("wright_law")
def wright_law(inputs: Inputs) -> dict[str, Any]:
    """Unit cost after doublings of cumulative output; the exponent is -log2 of the ratio."""
    law = "c(x)=c1*(x/x0)^(-b), b=-log2(progress_ratio); lot total = integral of c over [start,end]"
    stated(inputs, "law", (law,))
    for key in ("lot_start", "lot_end"):  # only dropped keys need them
        inputs.get(key)
    first, base = inputs["initial_unit_cost"], inputs["initial_cumulative_output"]
    exponent, grown = -np.log2(inputs["progress_ratio"]), base * 2.0 ** inputs["doublings"]
    return {
        "learning_exponent_b": exponent,
        "unit_cost_after_doublings": experience_unit_cost(first, grown, base, exponent),
    }


@family("learning_with_forgetting")
def learning_with_forgetting(inputs: Inputs) -> dict[str, Any]:
    """Experience and unit cost at constant output, and where they settle."""
    stated(inputs, "law", ("E_t=(1-lam)E_{t-1}+q_t; c_t=c1*(E_t/E0)^(-b)",))
    first, base = inputs["initial_unit_cost"], inputs["E0"]
    exponent, loss = inputs["learning_exponent_b"], inputs["monthly_depreciation"]
    output, experience = inputs["output_per_month"], base
    for _ in range(inputs["T"]):
        experience = next_experience(experience, output, loss)
    steady = steady_state_experience(output, loss)
    return {
        "experience_T": experience,
        "unit_cost_T": experience_unit_cost(first, experience, base, exponent),
        "steady_state_experience": steady,
        "steady_state_cost": experience_unit_cost(first, steady, base, exponent),
    }


WORD_BITS = 64
BLOCK_WORDS = 4
UNIFORM_BITS = 53


@family("rng_philox")
def rng_philox(inputs: Inputs) -> dict[str, Any]:
    """One block of Philox4x64-10 and its uniforms on [0, 1)."""
    stated(inputs, "generator", ("Philox4x64-10",))
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
