"""Families of inference: posterior of a parameter, distances of moments."""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.analysis import inference
from sim.analysis.verification import Inputs, family

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
