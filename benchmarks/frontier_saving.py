"""Runs that the adaptive frontier needs against a fine grid of equal accuracy, printed.

The truth is known: P(contained) = 1 / (1 + exp(-k (y - f(x)))) with a bent f. Both ways ask the
same replicates (common random numbers) and interpolate alike; the error is the part of the plane
on the wrong side of one half.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from sim.analysis.frontier.level_set import Ask, LevelSet, Place, find_level

Floats = npt.NDArray[np.float64]
COARSE, DEPTH, RUNS = 5, 3, 12
STEEPNESS = 40.0
SIDE = COARSE * 2**DEPTH


def whole_lattice(ask: Ask, side: int) -> LevelSet:
    """Every place of the lattice asked: what `find_level` saves."""
    places = [(i, j) for i in range(side + 1) for j in range(side + 1)]
    return LevelSet(side, np.array(places, dtype=np.int64), ask(places), True)


def height(x: Floats) -> Floats:
    """The true boundary y = f(x)."""
    return 0.25 + 0.5 / (1.0 + np.exp(-12.0 * (x - 0.55)))


class Truth:
    """Answers with one uniform draw a replicate and place; the same place is answered alike."""

    def __init__(self, seed: int) -> None:
        draws = np.random.default_rng(seed)
        # half of the noise is the replicate's own at all places, as under common random numbers
        shared = draws.logistic(size=RUNS)
        own = draws.logistic(size=(SIDE + 1, SIDE + 1, RUNS))
        weight = np.sqrt(0.5)
        self.noise = weight * shared + weight * own
        self.asked = 0

    def __call__(self, places: Sequence[Place]) -> npt.NDArray[np.bool_]:
        spots = np.array(places)
        self.asked += len(spots) * RUNS
        x, y = spots.T / SIDE
        drift = STEEPNESS * (y - height(x))
        return np.asarray(drift[:, None] + self.noise[spots[:, 0], spots[:, 1]] > 0.0)


def error_of(found: LevelSet) -> float:
    """Part of the plane on the wrong side."""
    axis = np.arange(SIDE + 1) / SIDE
    truth = axis[None, :] >= height(axis)[:, None]
    return float((found.surface(1).log_odds >= 0.0).__ne__(truth).mean())


def measure(seeds: int = 10) -> dict[str, float]:
    """Mean runs and errors of both ways over seeds, and the ratio of runs."""
    rows = []
    for seed in range(seeds):
        few, all_ = Truth(seed), Truth(seed)
        adaptive = error_of(find_level(few, COARSE, DEPTH))
        grid = error_of(whole_lattice(all_, SIDE))
        rows.append((few.asked, all_.asked, adaptive, grid))
    few_runs, all_runs, adaptive, grid = np.mean(rows, axis=0)
    return {
        "frontier_runs_adaptive": float(few_runs),
        "frontier_runs_grid": float(all_runs),
        "frontier_error_adaptive": float(adaptive),
        "frontier_error_grid": float(grid),
        "frontier_times_fewer_runs": float(all_runs / few_runs),
    }


def main() -> None:
    """Print the comparison; `--json FILE` writes it."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seeds", type=int, default=10)
    options.add_argument("--json", type=Path)
    chosen = options.parse_args()
    found = measure(chosen.seeds)
    for name, value in found.items():
        print(f"{name:28} {value:.4g}")
    if chosen.json:
        chosen.json.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
