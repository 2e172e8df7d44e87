"""Known answers on classes, verdicts, scoreboards, attribution and inference."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from itertools import combinations
from typing import Any

import numpy as np

from sim.analysis.attribution import shapley
from sim.analysis.calibration import inference
from sim.analysis.statistics import (
    Z_95,
    Interval,
    equivalence_test,
    holm,
    p_greater,
    paired_comparison,
    wilson_interval,
)
from sim.analysis.uncertainty import failing as discovery
from sim.analysis.uncertainty import sobol as sensitivity
from sim.analysis.verdict.outcomes import Thresholds, split_plateau, summarise
from sim.analysis.verdict.verdict import ensemble_verdict
from sim.analysis.verification.verify import Inputs, family
from sim.economics import concentration
from sim.economics import concentration as anchors
from sim.economics import concentration as growth
from sim.economics.arrays import Floats

HALFWIDTH = 0.005
"""Half-width that the key `n_for_halfwidth_0_005` asks for, share."""
SYMBOLS = {
    "lead_margin": "m",
    "ceiling_share": "kappa",
    "slope_tolerance": "eps",
    "fragmentation_share": "f",
}


def stated_thresholds(inputs: Mapping[str, Any]) -> Thresholds:
    """Thresholds as the text of the rule states them; what it does not state is the default."""
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
    return Thresholds(**stated)


@family("containment_classifier")
def classifier(inputs: dict[str, Any]) -> dict[str, Any]:
    """Class, label, means, slope and leads of one run."""
    thresholds = stated_thresholds(inputs)
    vendors = list(inputs["vendors"])
    summary = summarise(
        inputs["token_shares"],
        inputs["revenue_shares"],
        vendors.index("I"),
        vendors.index("C"),
        thresholds,
    )
    label = split_plateau(summary.path_class, inputs.get("tau"), thresholds.minimum_effect)
    return {
        "path_class": summary.path_class.value,
        "label": label.value,
        "mean_token_shares": summary.token_means.tolist(),
        "mean_revenue_shares": summary.revenue_means.tolist(),
        "slope_C": summary.slope,
        "lead_C_tokens": summary.token_lead_challenger,
        "lead_I_tokens": summary.token_lead_incumbent,
        "lead_C_revenue": summary.revenue_lead_challenger,
        "lead_I_revenue": summary.revenue_lead_incumbent,
    }


@family("ensemble_verdict")
def ensemble(inputs: dict[str, Any]) -> dict[str, Any]:
    """Emergence, cause and overall verdict of labelled pairs."""
    found = ensemble_verdict(
        inputs["labels"],
        inputs["challenger_share_on"],
        inputs["challenger_share_off"],
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


PERCENT = 100


@family("concentration")
def concentration_measures(inputs: Inputs) -> dict[str, Any]:
    """Indices of a list of shares and what a merger does to them."""
    shares = inputs["shares"]
    answer = {
        "hhi_fraction": concentration.hhi(shares),
        "hhi_points": concentration.hhi_points(shares),
        "effective_number": concentration.effective_number(shares),
        **{f"cr{n}": concentration.concentration_ratio(shares, n) for n in (1, 3, 4)},
        "shannon_entropy_nats": concentration.entropy(shares),
        "leader_over_sum_2_to_4": concentration.lead_over_followers(shares, 3),
    }
    if inputs.get("merge_pair") is not None:
        pair = inputs["merge_pair"]
        delta = concentration.merger_delta_hhi(shares, *pair)
        answer["delta_hhi_points_if_merge"] = delta * concentration.POINTS
        after = concentration.merged(shares, *pair)
        answer["hhi_points_after_merge"] = concentration.hhi_points(after)
    return answer


@family("growth_share_identity")
def growth_share_identity(inputs: Inputs) -> dict[str, Any]:
    """Growth of vendors, of the market and of shares."""
    volumes = inputs["volumes_by_vendor"]
    result = growth.growth_and_shares(volumes)
    return {
        "shares": result.shares,
        "log_growth": result.log_growth,
        "market_log_growth": result.market_log_growth,
        "share_log_change": result.share_log_change,
        "share_ratio_0_over_1_log_change": growth.share_ratio_log_change(volumes, 0, 1),
    }


@family("article_anchor_arithmetic")
def article_anchors(inputs: Inputs) -> dict[str, Any]:
    """Ratios behind published figures: prices and shares, or token volumes."""
    return _volumes(inputs) if "h1_tokens_trillion" in inputs else _prices_and_shares(inputs)


def _prices_and_shares(inputs: Inputs) -> dict[str, Any]:
    price, discount = inputs["doubao_price_per_1k"], inputs["discount_vs_average"]
    ali_revenue, volc_revenue = inputs["omdia_alibaba"], inputs["omdia_volcano"]
    ali_tokens, volc_tokens = inputs["idc_alibaba"], inputs["idc_h1_2025"]
    bids = inputs["li_auto_volcano_bid"], inputs["li_auto_alibaba_bid"]
    average = anchors.implied_average_price(price, discount)
    return {
        "implied_average_price": average,
        "price_ratio": average / price,
        "revenue_share_ratio_ali_over_volc": ali_revenue / volc_revenue,
        "token_share_ratio_volc_over_ali": volc_tokens / ali_tokens,
        "share_gain_pp": PERCENT * (volc_tokens - inputs["idc_2024"]),
        "li_auto_headline_discount": anchors.bid_discount(*bids),
        "li_auto_effective_discount_incl_investment": anchors.bid_discount(
            *bids, inputs["li_auto_investment"]
        ),
        "token_to_revenue_conversion_volcano": anchors.token_to_revenue_conversion(
            volc_revenue, volc_tokens
        ),
        "token_to_revenue_conversion_alibaba": anchors.token_to_revenue_conversion(
            ali_revenue, ali_tokens
        ),
    }


def _volumes(inputs: Inputs) -> dict[str, Any]:
    daily = inputs["h1_tokens_trillion"] / inputs["days"]
    challenger = daily * inputs["volc_share"]
    multiple = anchors.growth_multiple(
        inputs["doubao_may2024_trn_per_day"], inputs["doubao_sep2025"]
    )
    return {
        "external_total_trn_per_day": daily,
        "volcano_external_trn_per_day": challenger,
        "growth_multiple": multiple,
        "monthly_growth_rate": anchors.monthly_growth_rate(multiple, inputs["months"]),
        "arc_elasticity_if_all_growth_due_to_cut": anchors.arc_elasticity(
            multiple, inputs["price_cut"]
        ),
        "all_doubao_over_volcano_external": inputs["doubao_end2025"] / challenger,
    }


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
    values = shapley.factorial_values(players, worth)
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
    function, bounds = _ishigami(inputs) if "b" in inputs else _g_function(inputs)
    design = sensitivity.sobol_design(bounds, SOBOL_BASE, np.random.default_rng(SOBOL_SEED))
    found = sensitivity.sobol_indices(design, function(design.points))
    answer = {
        "S1": found.first,
        "ST": found.total,
        "variance": found.variance,
        "mean": found.mean,
    }
    pairs = combinations(range(design.inputs), 2)
    return answer | {f"S{i + 1}{j + 1}": found.second[i, j] for i, j in pairs}


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


ABC_DRAWS = 2**17
ABC_ACCEPT = 0.1
ABC_SEED = 2_002  # the year of the method's publication, so that answers never vary
RULED_OUT = 3.0  # implausibility named by the key ruled_out_at_3


@family("calibration")
def calibration(inputs: Inputs) -> dict[str, Any]:
    """Posterior of a normal mean without its likelihood, or distances of simulated moments."""
    return _moments(inputs) if "observed_moments" in inputs else _normal_mean(inputs)


def _normal_mean(inputs: Inputs) -> dict[str, Any]:
    from scipy.special import ndtri
    from scipy.stats import qmc

    # Quasi-random draws: the answer should show the method, not the luck of the draw.
    sequence = qmc.Sobol(2, rng=np.random.default_rng(ABC_SEED)).random(ABC_DRAWS)
    taste, noise = ndtri(sequence).T
    theta = inputs["s0"] * taste
    sample_means = theta + noise / np.sqrt(inputs["n"])
    found = inference.abc_posterior(
        theta[:, None], sample_means[:, None], [inputs["sample_mean"]], ABC_ACCEPT
    )
    return {
        "posterior_mean": found.mean()[0],
        "posterior_sd": found.sd()[0],
        "posterior_q05": found.quantile(0.05)[0],
        "posterior_q95": found.quantile(0.95)[0],
    }


def _moments(inputs: Inputs) -> dict[str, Any]:
    moments = inputs["observed_moments"], inputs["simulated_moments"]
    efficient = inference.efficient_distance(*moments)
    missed = inference.implausibility(*moments, inputs["history_matching_extra_variance"])
    return {
        "diagonal_objective": inference.weighted_distance(*moments, inputs["diagonal_weights"]),
        "efficient_quadratic_form": efficient.statistic,
        "chi2_p_value_df_equal_moments": efficient.p_value,
        "implausibility": missed,
        "max_implausibility": missed.max(),
        "ruled_out_at_3": bool(missed.max() > RULED_OUT),
    }
