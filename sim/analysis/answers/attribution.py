"""Families that say where an outcome comes from: Shapley, Sobol, scenario discovery."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from typing import Any

import numpy as np

from sim.analysis import discovery, sensitivity, shapley
from sim.analysis.statistics import Interval
from sim.analysis.verification import Inputs, family
from sim.economics.arrays import Floats

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
