"""Known answers on outcome classes, ensemble verdicts and statistics, from public functions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sim.analysis.multiplicity import benjamini_hochberg, holm
from sim.analysis.outcomes import Thresholds, split_plateau, summarise
from sim.analysis.statistics import (
    clopper_pearson_interval,
    equivalence_test,
    p_greater,
    paired_comparison,
    runs_for_mean_halfwidth,
    wilson_interval,
)
from sim.analysis.verdict import ensemble_verdict
from sim.analysis.verification import family

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
    adjusted = holm(inputs["p_values"])
    return {
        "holm_adjusted": adjusted.tolist(),
        "reject_holm": [bool(p <= inputs["alpha"]) for p in adjusted],
        "bh_adjusted": benjamini_hochberg(inputs["p_values"]).tolist(),
    }


def _proportion(inputs: Mapping[str, Any]) -> dict[str, Any]:
    count, n = int(inputs["successes"]), int(inputs["n"])
    confidence = float(inputs["confidence"])
    wilson = wilson_interval(count, n, confidence)
    return {
        "lower": wilson.lower,
        "upper": wilson.upper,
        "midpoint": (wilson.lower + wilson.upper) / 2.0,
        "clopper_pearson": list(clopper_pearson_interval(count, n, confidence)),
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
        "n_for_halfwidth_0_005": runs_for_mean_halfwidth(pairs.sd, HALFWIDTH),
    }
