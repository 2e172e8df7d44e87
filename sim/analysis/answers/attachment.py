"""Families of path dependence: urns and preferential attachment."""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.analysis.verification import Inputs, family
from sim.economics import attachment

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
