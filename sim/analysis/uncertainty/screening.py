"""Morris screening: which unknowns matter at all, for few runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from sim.analysis.attribution.base import Estimate
from sim.analysis.uncertainty.exploring import (
    TITLES,
    Budget,
    Explored,
    bases_of,
    explore,
    outcomes_of,
)
from sim.analysis.uncertainty.findings import Finding
from sim.analysis.uncertainty.unknowns import Unknowns
from sim.runs.study.designs import unit_sample
from sim.runs.study.schema import Design

Floats = npt.NDArray[np.float64]
LEVELS = 4
RESAMPLES = 500
INTERVAL = "bootstrap over trajectories, 95 %"


def design_of(unknowns: Unknowns, trajectories: int, seed: int = 1) -> Floats:
    """(trajectories x (D + 1), D) points of the unit cube."""
    design = Design(kind="morris", points=trajectories, levels=LEVELS, seed=seed)
    return unit_sample(design, len(unknowns))


def effects(design: npt.ArrayLike, outcome: npt.ArrayLike, names: Sequence[str]) -> list[Estimate]:
    """Elementary effects of each unknown over its whole range, largest mean size first.

    ``mu* = mean |EE|`` with its bootstrap interval; facts: ``mu = mean EE`` (its sign) and
    ``sigma``, which is large where the effect depends on the other unknowns.

    Notes
    -----
    Morris (1991, Technometrics 33:161-174); Campolongo, Cariboni & Saltelli (2007, Environmental
    Modelling & Software 22:1509-1518); computed by SALib.
    """
    from SALib.analyze import morris

    points = np.asarray(design, dtype=np.float64)
    values = np.asarray(outcome, dtype=np.float64)
    size = points.shape[1]
    problem = {"num_vars": size, "names": list(names), "bounds": [[0.0, 1.0]] * size}
    found: dict[str, Any] = morris.analyze(
        problem,
        points,
        values,
        num_resamples=RESAMPLES,
        num_levels=LEVELS,
        seed=np.random.default_rng(1),
    )
    trajectories = len(points) // (size + 1)
    rows = [
        Estimate(
            name,
            float(found["mu_star"][i]),
            max(0.0, float(found["mu_star"][i] - found["mu_star_conf"][i])),
            float(found["mu_star"][i] + found["mu_star_conf"][i]),
            trajectories,
            INTERVAL,
            {"mu": float(found["mu"][i]), "sigma": float(found["sigma"][i])},
        )
        for i, name in enumerate(names)
    ]
    return sorted(rows, key=lambda row: -row.mean)


def screen(
    unknowns: Unknowns, trajectories: int, budget: Budget, seed: int = 1
) -> tuple[Explored, Finding]:
    """Run a Morris design and rank the unknowns by outcome.

    Raises
    ------
    SimError
        A run failed: it is named, and nothing is computed.
    """
    design = design_of(unknowns, trajectories, seed)
    explored = explore(
        "morris", bases_of(unknowns.scenario), unknowns, unknowns.screened(design), budget
    )
    tables = {
        name: tuple(effects(design, table.mean(axis=1), unknowns.names))
        for name, table in outcomes_of(explored).items()
    }
    title = "Morris screening: mean size of the effect of an unknown over its range (mu*)"
    notes = tuple(f"{name}: {TITLES[name]}" for name in tables)
    return explored, Finding("morris", title, tables, notes)


def kept(finding: Finding, number: int) -> tuple[str, ...]:
    """The unknowns that matter most on any outcome, each outcome naming its next in turn."""
    ranked = [[row.label for row in table if row.mean > 0.0] for table in finding.tables.values()]
    chosen: list[str] = []
    for place in range(max((len(names) for names in ranked), default=0)):
        for names in ranked:
            if place < len(names) and names[place] not in chosen and len(chosen) < number:
                chosen.append(names[place])
    return tuple(chosen)
