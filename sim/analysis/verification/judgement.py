"""Known answers on classes, verdicts, scoreboards, attribution and sensitivity."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from itertools import combinations
from typing import Any

import numpy as np

from sim.analysis.attribution import shapley
from sim.analysis.statistics import (
    Z_95,
    Interval,
    equivalence_test,
    holm,
    ols_slope,
    p_greater,
    paired_comparison,
    wilson_interval,
)
from sim.analysis.uncertainty import failing as discovery
from sim.analysis.uncertainty import indices as sensitivity
from sim.analysis.verdict.outcomes import classify_means, lead, split_plateau
from sim.analysis.verdict.verdict import ensemble_verdict
from sim.analysis.verification.demand import stated
from sim.analysis.verification.verify import Inputs, family
from sim.economics.arrays import Floats
from sim.economics.concentration import hhi
from sim.runs.study import designs
from sim.scenario.schema.scenario import Containment

HALFWIDTH = 0.005
"""Half-width that the key `n_for_halfwidth_0_005` asks for, share."""
SYMBOLS = {
    "lead_margin": "m",
    "ceiling_share": "kappa",
    "slope_tolerance": "eps",
    "fragmentation_share": "f",
}


def stated_thresholds(inputs: Mapping[str, Any]) -> Containment:
    """Containment as the text of the rule states them; what it does not state is the default."""
    rule = str(inputs.get("rule", ""))
    stated: dict[str, Any] = {}
    for name, symbol in SYMBOLS.items():
        found = re.search(rf"(?<![\w.]){symbol}=(\d*\.?\d+)", rule)
        if found:
            stated[name] = float(found[1])
    window = re.search(r"W=last (\d+) months", rule)
    if window:
        stated["window_months"] = int(window[1])
    if inputs.get("delta_min") is not None:
        stated["minimum_effect"] = float(inputs["delta_min"])
    return Containment(**stated)


@family("containment_classifier")
def classifier(inputs: dict[str, Any]) -> dict[str, Any]:
    """Class, label, means, slope and leads of one run."""
    limits = stated_thresholds(inputs)
    vendors = list(inputs["vendors"])
    i, c = vendors.index("I"), vendors.index("C")
    tokens, revenue = (
        np.asarray(inputs[name], dtype=np.float64)[-limits.window_months :]
        for name in ("token_shares", "revenue_shares")
    )
    token_means, revenue_means = tokens.mean(axis=0), revenue.mean(axis=0)
    slope = ols_slope(tokens[:, c])
    (path,) = classify_means(token_means[None], revenue_means[None], slope[None], i, c, limits)
    return {
        "path_class": path.value,
        "label": split_plateau(path, inputs.get("tau"), limits.minimum_effect).value,
        "mean_token_shares": token_means.tolist(),
        "mean_revenue_shares": revenue_means.tolist(),
        "slope_C": float(slope),
        "lead_C_tokens": float(lead(token_means, c)),
        "lead_I_tokens": float(lead(token_means, i)),
        "lead_C_revenue": float(lead(revenue_means, c)),
        "lead_I_revenue": float(lead(revenue_means, i)),
    }


@family("ensemble_verdict")
def ensemble(inputs: dict[str, Any]) -> dict[str, Any]:
    """Emergence, cause and overall verdict of labelled pairs."""
    found = ensemble_verdict(
        inputs["labels"],
        np.subtract(inputs["challenger_share_off"], inputs["challenger_share_on"]),
        inputs["delta_min"],
        inputs["majority"],
    )
    return {
        "counts": found.counts,
        "share_containment": found.share_containment,
        "wilson": list(found.interval),
        "emergence": found.emergence.value,
        "tau_mean": found.tau_mean,
        "tau_ci": list(found.tau_interval or ()),
        "causal": found.causal.value,
        "overall": found.overall.value,
    }


@family("statistics")
def statistics(inputs: dict[str, Any]) -> dict[str, Any]:
    """Adjusted p-values, a paired comparison or intervals of a proportion."""
    if "p_values" in inputs:
        return _adjusted(inputs)
    if "successes" in inputs:
        return _proportion(inputs)
    return _paired(inputs)


def _adjusted(inputs: Mapping[str, Any]) -> dict[str, Any]:
    from scipy.stats import false_discovery_control

    adjusted = holm(inputs["p_values"])
    return {
        "holm_adjusted": adjusted.tolist(),
        "reject_holm": [bool(p <= inputs["alpha"]) for p in adjusted],
        "bh_adjusted": false_discovery_control(inputs["p_values"]).tolist(),
    }


def _proportion(inputs: Mapping[str, Any]) -> dict[str, Any]:
    from scipy.stats import binomtest

    count, n = int(inputs["successes"]), int(inputs["n"])
    confidence = float(inputs["confidence"])
    wilson = wilson_interval(count, n, confidence)
    return {
        "lower": wilson.lower,
        "upper": wilson.upper,
        "midpoint": (wilson.lower + wilson.upper) / 2.0,
        "clopper_pearson": list(binomtest(count, n).proportion_ci(confidence, "exact")),
    }


def _paired(inputs: Mapping[str, Any]) -> dict[str, Any]:
    on, off = inputs["levers_on_share"], inputs["levers_off_share"]
    margin = float(inputs["margin_delta"])
    pairs = paired_comparison(on, off)
    tau = [b - a for a, b in zip(on, off, strict=True)]
    equivalence = equivalence_test(tau, margin)
    return {
        "tau_mean": pairs.mean,
        "sd_diff": pairs.sd,
        "ci95": list(pairs.interval),
        "t_stat": pairs.t_statistic,
        "p_two_sided": pairs.p_two_sided,
        "one_sided_p_tau_gt_margin": p_greater(tau, margin),
        "correlation": pairs.correlation,
        "variance_reduction_factor_vs_independent": pairs.variance_reduction,
        "tost_ci90": list(equivalence.interval),
        "equivalent_to_zero_within_margin": equivalence.equivalent,
        "n_for_halfwidth_0_005": math.ceil((Z_95 * pairs.sd / HALFWIDTH) ** 2),
    }


HHI_POINTS = 10_000  # points per unit of the index in fractions


@family("concentration")
def concentration(inputs: Inputs) -> dict[str, Any]:
    """Herfindahl index of a list of shares, before and after a merger."""
    shares = np.asarray(inputs["shares"], dtype=np.float64)
    index = float(hhi(shares))
    answer = {
        "hhi_fraction": index,
        "hhi_points": HHI_POINTS * index,
        "effective_number": 1 / index,
    }
    pair = inputs.get("merge_pair")
    if pair is not None:
        first, second = pair
        joint = np.delete(shares, second)
        joint[first - (second < first)] += shares[second]
        after = float(hhi(joint))
        answer["delta_hhi_points_if_merge"] = HHI_POINTS * (after - index)
        answer["hhi_points_after_merge"] = HHI_POINTS * after
    return answer


NOBODY = "none"  # name of the empty coalition in the cases
SOBOL_BASE = 2**14
SOBOL_SEED = 20_010  # the year of the estimator's publication, so that answers never vary


@family("shapley")
def shapley_shares(inputs: Inputs) -> dict[str, Any]:
    """Shares and pairwise interactions of a characteristic function."""
    players = inputs["players"]
    worth = {
        frozenset() if name == NOBODY else frozenset(part.strip() for part in name.split(",")): v
        for name, v in inputs["characteristic_function"].items()
    }
    values = np.array([worth[coalition] for coalition in shapley.all_coalitions(players)])
    shares, pairs = shapley.shapley_values(values), shapley.interaction_index(values)
    return {
        "shapley": dict(zip(players, shares, strict=True)),
        "total": shares.sum(),
        "shapley_interaction_index": {
            f"{players[i]}x{players[j]}": pairs[i, j]
            for i, j in combinations(range(len(players)), 2)
        },
    }


@family("sobol_sensitivity")
def sobol_sensitivity(inputs: Inputs) -> dict[str, Any]:
    """Indices of a textbook function, estimated as those of a simulation are."""
    make = FUNCTIONS[stated(inputs, "function", FUNCTIONS)]
    function, bounds = make(inputs)
    design = designs.sobol_design(bounds, SOBOL_BASE, np.random.default_rng(SOBOL_SEED))
    outcomes = function(design.points[: SOBOL_BASE * (design.inputs + 2)])
    found = sensitivity.seeded_indices(outcomes.reshape(-1, SOBOL_BASE, 1), resamples=1)
    return {
        "S1": found.first[:-1],
        "ST": found.total[:-1],
        "variance": found.variance,
        "mean": found.mean,
    }


def _ishigami(inputs: Inputs) -> tuple[Callable[[Floats], Floats], Floats]:
    def function(x: Floats) -> Floats:
        wave = np.sin(x[:, 0])
        return np.asarray(
            wave + inputs["a"] * np.sin(x[:, 1]) ** 2 + inputs["b"] * x[:, 2] ** 4 * wave
        )

    return function, np.tile([-np.pi, np.pi], (3, 1))


def _g_function(inputs: Inputs) -> tuple[Callable[[Floats], Floats], Floats]:
    importance = np.asarray(inputs["a"], dtype=np.float64)

    def function(x: Floats) -> Floats:
        return np.asarray(((np.abs(4 * x - 2) + importance) / (1 + importance)).prod(axis=1))

    return function, np.tile([0.0, 1.0], (importance.size, 1))


FUNCTIONS = {
    "sin x1 + a sin^2 x2 + b x3^4 sin x1, xi~U[-pi,pi]": _ishigami,
    "prod (|4x_i-2|+a_i)/(1+a_i), x_i~U[0,1]": _g_function,
}


@family("scenario_discovery")
def scenario_discovery(inputs: Inputs) -> dict[str, Any]:
    """Quality of one box."""
    box = {int(column): Interval(*limits) for column, limits in inputs["box"].items()}
    found = discovery.box_quality(inputs["X"], inputs["y"], box)
    return {
        "points_in_box": found.points,
        "coverage": found.coverage,
        "density": found.density,
        "lift": found.lift,
        "support": found.support,
        "quasi_p_values": found.quasi_p,
    }
