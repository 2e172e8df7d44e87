"""A small posterior of the tiny market, as `sim calibrate` would write it.

`python -m tests.unit.analysis.posteriors` writes it into `tiny.posterior.parquet` beside this file.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from sim.analysis.posterior import Posterior, write_posterior
from sim.scenario.patches import scenario_hash
from tests.unit.market.tiny import tiny

TINY_POSTERIOR = Path(__file__).parent / "tiny.posterior.parquet"


def tiny_posterior(draws: int = 20) -> Posterior:
    """Draws of four numbers of the tiny market, with unequal weights."""
    rng = np.random.default_rng(5)
    weights = rng.gamma(2.0, size=draws)
    return Posterior(
        pd.DataFrame(
            {
                "price_sensitivity": rng.lognormal(np.log(2.0), 0.2, draws),
                "switching_cost_api": rng.uniform(0.1, 0.5, draws),
                "progress_ratio": rng.uniform(0.75, 0.92, draws),
                "lever_costs": rng.lognormal(0.0, 0.3, draws),
            }
        ),
        weights / weights.sum(),
        {
            "scenario": "tiny",
            "scenario_hash": scenario_hash(tiny()),
            "record_hash": "0" * 64,
            "cut": "2024-12-31",
            "seed": 5,
            "simulations": 0,
            "version": 1,
        },
    )


if __name__ == "__main__":
    write_posterior(TINY_POSTERIOR, tiny_posterior())
