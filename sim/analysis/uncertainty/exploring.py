"""One market in many draws of its unknowns: stored sweeps, and what a method found in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from sim.analysis.attribution.base import Estimate
from sim.analysis.statistics import ols_slope
from sim.analysis.uncertainty.unknowns import Unknowns
from sim.analysis.verdict.grounds import plain, refuse_bare
from sim.analysis.verdict.outcomes import PathClass, classify_means
from sim.economics.arrays import Floats
from sim.errors import SimError
from sim.runs.ensemble import run_study
from sim.runs.result import Result
from sim.runs.rows import DONE
from sim.runs.settings import ProgressCallback, RunSettings
from sim.runs.stored import LISTING
from sim.runs.study.designs import unit_sample
from sim.runs.study.reader import LoadedStudy
from sim.runs.study.schema import Design, Factor, FactorTable, Outcomes, Study
from sim.runs.worlds import contest_of, levers_of
from sim.scenario.patches import toml_value, without_levers
from sim.scenario.paths import dotted, leaves, off_patches, plain_tables
from sim.scenario.schema.scenario import Scenario

QUESTION = "a sensitivity analysis"
ON, OFF = "on", "off"
TOKENS, REVENUE = "platform_token_share", "full_stack_revenue_share"
POINTS = 100.0
NAMED_HOLES = 5
SHARE, TAU, CONTAINMENT = "challenger_share", "tau", "containment"
TITLES = {
    SHARE: "challenger's token share, points",
    TAU: "points the challenger would gain without the incumbent's levers",
    CONTAINMENT: "probability of containment",
}


@dataclass(frozen=True)
class Budget:
    """How the runs of an exploration are made."""

    replicates: int
    seed: int | None = None
    workers: int | None = None
    out: Path | str = "results"
    progress: ProgressCallback | None = None
    name: str = ""  # of the folder that keeps the finding; made of the inputs unless given


@dataclass(frozen=True, eq=False)
class Explored:
    """Stored sweeps over the same n draws, one for each base scenario, paired by replicate."""

    unknowns: Unknowns
    levels: Floats  # (n, D)
    results: Mapping[str, Result]

    @property
    def first(self) -> Result:
        """The sweep in whose folder findings are kept."""
        return next(iter(self.results.values()))

    def column(self, base: str, outcome: str) -> Floats:
        """(n, R) a scalar outcome of every run; SimError names the runs that have none."""
        result = self.results[base]
        refuse_holes(result, outcome)
        table: Floats = result.runs[outcome].to_numpy(dtype=np.float64)
        return table.reshape(len(self.levels), result.replicates)

    def window(self, base: str, measure: str) -> Floats:
        """(n, R, months of the window, V) a measure by vendor."""
        result = self.results[base]
        months = result.scenario.containment.window_months
        curve = result.curves[measure].isel(month=slice(-months, None))
        values: Floats = curve.transpose("point", "replicate", "month", "vendor").to_numpy()
        return values


def bases_of(scenario: Scenario) -> dict[str, Scenario]:
    """The scenario, and without the incumbent's levers (its money kept) if it has any."""
    levers = levers_of(scenario, contest_of(scenario, QUESTION).incumbent)
    off = {OFF: without_levers(scenario, levers)} if levers else {}
    return {ON: scenario, **off}


def sample_of(unknowns: Unknowns, points: int) -> Floats:
    """(points, D) latin hypercube on the unit cube."""
    return unit_sample(Design(kind="latin_hypercube", points=points, seed=1), len(unknowns))


def explore(
    name: str,
    bases: Mapping[str, Scenario],
    unknowns: Unknowns,
    levels: npt.ArrayLike,
    budget: Budget,
) -> Explored:
    """Run every base at every draw, (n, D) points of the unit cube; stored runs are reused.

    The name is added to those of the result folders.
    """
    design = np.asarray(levels, dtype=np.float64)
    changes = [unknowns.changes(row) for row in design]
    settings = RunSettings(budget.out, budget.workers, progress=budget.progress, name=budget.name)
    results: dict[str, Result] = {}
    for base, scenario in bases.items():
        study = _study(f"{unknowns.scenario.name}-{name}-{base}", scenario, unknowns, changes)
        results[base] = run_study(study, settings, replicates=budget.replicates, seed=budget.seed)
        settings = settings.unnamed
    return Explored(unknowns, design, results)


def _study(
    name: str, scenario: Scenario, unknowns: Unknowns, changes: list[dict[str, Any]]
) -> LoadedStudy:
    """A listed design: the draws as values at dotted paths, less what the base does not take."""
    kept = _taken(scenario, unknowns.scenario)
    points = tuple({p: v for p, v in row.items() if kept(p)} for row in changes)
    paths = list(points[0])
    study = Study(
        scenario="scenario.toml",
        name=name,
        title=f"{scenario.title or scenario.name}: draws of its unknowns",
        set={},
        design=Design(kind="list", file=LISTING),
        replicates=1,
        levers={},
        uncertainties={path: FactorTable(when={}) for path in paths},
        outcomes=Outcomes(measures=[TOKENS, REVENUE]),
        claims={},
        branch_at=None,
    )
    factors = tuple(_factor(path, points) for path in paths)
    return LoadedStudy(study, name, scenario, factors, points, _listing(paths, points))


def _factor(path: str, points: tuple[dict[str, Any], ...]) -> Factor:
    values = [point[path] for point in points]
    whole = all(isinstance(value, int) for value in values)
    return Factor(path, "uncertainties", low=min(values), high=max(values), whole=whole)


def _taken(base: Scenario, scenario: Scenario) -> Callable[[str], bool]:
    """Whether a base takes a draw at a path: an off-patch goes before a draw of the same number."""
    there = {dotted(keys) for keys, _ in leaves(plain_tables(base))}
    gone, patches = set(scenario.levers) - set(base.levers), off_patches(scenario)
    patched = [path for name in gone for path in patches[name]]

    def kept(path: str) -> bool:
        off = any(path == p or path.startswith(f"{p}.") for p in patched)
        return base is scenario or (path in there and not off)

    return kept


def _listing(paths: list[str], points: tuple[dict[str, Any], ...]) -> str:
    import pandas as pd

    rows = [[toml_value(point[path]) for path in paths] for point in points]
    text: str = pd.DataFrame(rows, columns=paths).to_csv(index=False, lineterminator="\n")
    return text


def outcomes_of(explored: Explored) -> dict[str, Floats]:
    """Outcome -> (n, R): the challenger's share and tau in points, containment as 0 or 1.

    Without levers of the incumbent there is no tau, and nothing is containment.
    """
    for base in explored.results:
        explored.column(base, f"challenger_{TOKENS}")
    limits = explored.unknowns.scenario.containment
    contest = contest_of(explored.unknowns.scenario, QUESTION)
    vendors = [str(v) for v in explored.first.curves["vendor"].to_numpy()]
    incumbent, challenger = map(vendors.index, (contest.incumbent, contest.challenger))
    tokens = explored.window(ON, TOKENS)
    share = tokens[..., challenger].mean(axis=2)
    found = {SHARE: POINTS * share}
    if OFF not in explored.results:
        return found
    tau = explored.window(OFF, TOKENS)[..., challenger].mean(axis=2) - share
    runs, months, size = share.size, tokens.shape[2], len(vendors)
    classes = classify_means(
        tokens.mean(axis=2).reshape(runs, size),
        explored.window(ON, REVENUE).mean(axis=2).reshape(runs, size),
        ols_slope(tokens[..., challenger].reshape(runs, months)),
        incumbent,
        challenger,
        limits,
    )
    plateau = np.array([c is PathClass.PLATEAU for c in classes]).reshape(share.shape)
    contained = plateau & (tau >= limits.minimum_effect)
    return found | {TAU: POINTS * tau, CONTAINMENT: contained.astype(np.float64)}


def refuse_holes(result: Result, outcome: str) -> None:
    """Refuse a result in which a run has no number for an outcome; the runs are named."""
    runs = result.runs
    if outcome not in runs.columns:
        raise SimError(f"{result.path} has no outcome {outcome}")
    holes = runs[(runs["status"] != DONE) | ~np.isfinite(runs[outcome].astype(float))]
    if len(holes):
        first = holes.head(NAMED_HOLES)
        named = "; ".join(
            f"{row.point}/{row.replicate}: "
            + (f"{row.stage}: {row.message}" if row.status != DONE else f"{outcome} has no value")
            for row in first.itertuples()
        )
        more = f"; and {len(holes) - len(first)} more" if len(holes) > len(first) else ""
        raise SimError(
            f"{len(holes)} of {len(runs)} runs have no number, and no index is computed over "
            f"holes: {named}{more}"
        )


@dataclass(frozen=True)
class Finding:
    """Tables of a method by outcome, and what else it says."""

    method: str
    title: str
    tables: Mapping[str, tuple[Estimate, ...]]
    notes: tuple[str, ...] = ()
    facts: dict[str, Any] = field(default_factory=dict)


def document(explored: Explored, finding: Finding) -> dict[str, Any]:
    """A finding with n, seeds, interval types, scenario hash and folders, ready for JSON."""
    first = explored.first
    rows = [row for table in finding.tables.values() for row in table]
    found: dict[str, Any] = plain(
        {
            "method": finding.method,
            "scenario": explored.unknowns.scenario.name,
            "scenario_hash": first.scenario_hash,
            "root_seed": first.seed,
            "seeds": list(range(first.replicates)),
            "draws": len(explored.levels),
            "n": sum(len(result.runs) for result in explored.results.values()),
            "interval_types": sorted({row.interval_type for row in rows}),
            "folders": {base: str(result.path) for base, result in explored.results.items()},
            "unknowns": explored.unknowns.document(),
            "title": finding.title,
            "tables": {name: [asdict(r) for r in t] for name, t in finding.tables.items()},
            "notes": finding.notes,
            "facts": finding.facts,
        }
    )
    refuse_bare(found)
    return found
