"""Scenario discovery: in which part of what nobody knows does containment fail?"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from sim.analysis.attribution.base import Row
from sim.analysis.discovery import box_quality
from sim.analysis.statistics import wilson_interval
from sim.analysis.uncertainty.exploring import (
    CONTAINMENT,
    Budget,
    Explored,
    bases_of,
    explore,
    outcomes_of,
)
from sim.analysis.uncertainty.findings import Finding
from sim.analysis.uncertainty.prim import Box, Patience, find_box, resampled
from sim.analysis.uncertainty.unknowns import Unknowns
from sim.errors import SimError
from sim.study.designs import unit_sample
from sim.study.schema import Design

Floats = npt.NDArray[np.float64]
RESAMPLES = 50
PATIENCE = Patience(told=0.05)
WILSON = "Wilson, 95 %"
MAJORITY = 0.5


def sample_of(unknowns: Unknowns, points: int, seed: int = 1) -> Floats:
    """(points, D) latin hypercube on the unit cube."""
    return unit_sample(Design(kind="latin_hypercube", points=points, seed=seed), len(unknowns))


def discover(
    unknowns: Unknowns, points: int, budget: Budget, seed: int = 1
) -> tuple[Explored, Finding]:
    """Run a latin hypercube and find the box in which containment fails.

    Raises
    ------
    SimError
        The incumbent has no lever, so that nothing is containment, or a run failed: it is named.
    """
    bases = bases_of(unknowns.scenario)
    if len(bases) < 2:
        raise SimError(f"{unknowns.scenario.name}: without a lever nothing is containment")
    explored = explore("prim", bases, unknowns, sample_of(unknowns, points, seed), budget)
    return explored, read(explored)


def read(explored: Explored) -> Finding:
    """A draw fails if at most half of its seeds end in containment."""
    contained = outcomes_of(explored)[CONTAINMENT].mean(axis=1)
    fails = contained <= MAJORITY
    whole = _share("all draws", int(fails.sum()), len(fails))
    title = "PRIM: the part of the unknowns in which containment fails"
    facts: dict[str, Any] = {
        "fails_in": int(fails.sum()),
        "draws": len(fails),
        "levels": explored.levels,
        "fails": fails.astype(int),
        "box": {},
    }
    if fails.all() or not fails.any():
        where = "every draw" if fails.all() else "no draw"
        note = f"containment fails in {where}: no box is needed to tell where"
        return Finding("prim", title, {"failure": (whole,)}, (note,), facts)
    box = find_box(explored.levels, fails, PATIENCE)
    draws = np.random.Generator(np.random.Philox(1))
    often = resampled(explored.levels, fails, draws, RESAMPLES, PATIENCE)
    found = box_quality(explored.levels, fails, box)
    inside = _share("draws in the box", round(found.density * found.points), found.points)
    facts["box"] = {
        explored.unknowns.names[column]: _side(explored, box, column, float(often[column]))
        | {"quasi_p": found.quasi_p[column]}
        for column in sorted(box, key=lambda column: -often[column])
    }
    facts |= {
        "coverage": found.coverage,
        "density": found.density,
        "lift": found.lift,
        "support": found.support,
        "restricted_in": dict(zip(explored.unknowns.names, often.tolist(), strict=True)),
        "resamples": RESAMPLES,
    }
    notes = () if box else ("no box is better than the whole space",)
    return Finding("prim", title, {"failure": (whole, inside)}, notes, facts)


def _share(label: str, fails: int, n: int) -> Row:
    interval = wilson_interval(fails, n)
    return Row(label, fails / n, interval.lower, interval.upper, n, WILSON)


def _side(explored: Explored, box: Box, column: int, often: float) -> dict[str, Any]:
    """A restriction as levels between 0 and 1 and in its own units; None where an end is open."""
    low, high = box[column]
    value = explored.unknowns.value
    return {
        "low_level": max(low, 0.0),
        "high_level": min(high, 1.0),
        "low": None if math.isinf(low) else value(column, low),
        "high": None if math.isinf(high) else value(column, high),
        "restricted_in": often,
    }
