"""What a scenario says over its posterior, and how much of it hangs on what the record leaves open.

`headline` asks the same question of the posterior, the prior, the scenario's own numbers, and both
ends of each direction in which the posterior is as wide as the prior.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from sim.analysis.posterior import ENDING, at_end, prior_alone, read_posterior, write_posterior
from sim.analysis.predictive import TAU, draws_of, outcomes_of, posterior_of, split_document
from sim.analysis.verdict.grounds import plain
from sim.analysis.verdict.judge import judge
from sim.errors import SimError
from sim.runs.ensemble import run_ensemble
from sim.runs.plan import SHORT_HASH
from sim.runs.result import Result
from sim.runs.run import ModelMaker
from sim.runs.settings import RunSettings
from sim.runs.worlds import Draws, with_and_without
from sim.scenario.patches import scenario_hash
from sim.scenario.schema.scenario import Scenario

POSTERIOR, PRIOR, POINT = "posterior", "prior", "point"
DRAWS, SEEDS = 100, 2
END = 0.2
"""Part of the posterior at each end of a flat direction."""
PREDICTIVE = (0.05, 0.95)


class HeadlineView(NamedTuple):
    """One way to fill in what is not known: a file of draws, or the scenario's own numbers."""

    name: str
    title: str
    file: Path | None


class Headline(NamedTuple):
    """What one view says."""

    view: str
    title: str
    n: int
    draws: int
    """Draws, each run under the same number of seeds; 0 = the scenario's own numbers."""
    classes: dict[str, tuple[float, float, float]]
    """Share of the runs that end in each class, and its simultaneous 95 % interval."""
    tau: tuple[float, float, float]
    """Median and 90 % predictive interval of the token share that the levers keep away."""
    parts: dict[str, float]
    """Share of the variance of tau by seed, parameters, strategies."""
    definitions: dict[str, dict[str, Any]]
    """D1 to D6: title, verdict, statistic, unit, interval."""
    failed: int
    folder: str

    def probability(self, kind: str) -> float:
        """Share of the runs that end in a class."""
        return self.classes[kind][0] if kind in self.classes else 0.0


def views(
    scenario: Scenario, file: Path, out: Path, draws: int, seed: int
) -> Iterator[HeadlineView]:
    """The posterior, the prior, the point, and both ends of each flat direction.

    Parameters
    ----------
    out
        Folder of the files of draws that are made here.
    """
    posterior = read_posterior(file)
    yield HeadlineView(POSTERIOR, "the posterior", file)
    prior = out / f"{PRIOR}{ENDING}"
    write_posterior(prior, prior_alone(scenario, draws, seed))
    yield HeadlineView(PRIOR, "the prior, no record looked at", prior)
    yield HeadlineView(POINT, "the scenario's own numbers", None)
    for number, row in enumerate(posterior.provenance.get("flat", ()), 1):
        words = " ".join(f"{weight:+.1f} {name}" for name, weight in row["loadings"].items())
        for high, word in ((False, "low"), (True, "high")):
            name = f"flat-{number}-{word}"
            there = out / f"{name}{ENDING}"
            write_posterior(there, at_end(posterior, scenario, row["loadings"], END, high=high))
            yield HeadlineView(name, f"{word} end of {words}", there)


def headline(
    scenario: Scenario,
    posterior: Path | str | None = None,
    settings: RunSettings | None = None,
    *,
    draws: int = DRAWS,
    seeds: int = SEEDS,
    seed: int | None = None,
    model: ModelMaker | None = None,
) -> Iterator[Headline]:
    """What a scenario says from each view, one after the other; stored runs are not made again.

    In each view `draws` draws are run under `seeds` seeds, with and without the levers of the
    incumbent, its money kept; the scenario's own numbers under as many seeds as there are runs.

    Parameters
    ----------
    posterior
        A file instead of the one that the scenario names.
    seed
        Root seed; that of `[ensemble]` unless given.
    model
        Maker of another model, importable by workers.

    Raises
    ------
    SimError
        No posterior, no contest, fewer than two draws or seeds, or as `run_ensemble`.
    """
    file = posterior_of(scenario, posterior)
    if file is None or scenario.contest is None:
        raise SimError(f"{scenario.name}: a headline needs a posterior and a [contest]")
    if draws < 2 or seeds < 2:
        raise SimError(f"a headline needs 2 draws and seeds or more, got {draws} and {seeds}")
    settings = settings or RunSettings()
    root = scenario.ensemble.seed if seed is None else seed
    out = Path(settings.out) / f"headline-{scenario_hash(scenario)[:SHORT_HASH]}"
    for view in views(scenario, file, out, draws, root):
        repeated = None
        if view.file is not None:
            once = draws_of(view.file, scenario, draws, root)
            repeated = Draws(once.of * seeds, once.changes, once.facts)
        result = run_ensemble(
            scenario,
            settings,
            replicates=draws * seeds,
            seed=root,
            worlds=with_and_without,
            draws=repeated,
            model=model,
        )
        yield _said(view, result, seeds)


def _said(view: HeadlineView, result: Result, seeds: int) -> Headline:
    """What the runs of a view say."""
    verdict = judge(result)
    if verdict["primary"] is None:
        raise SimError(f"{result.path}: {' '.join(verdict['sentences'])}")
    entry = verdict["verdicts"][verdict["primary"]]
    values = outcomes_of(result).get(TAU, np.empty(0))
    values = values[np.isfinite(values)]
    if not values.size:
        raise SimError(f"{result.path}: a headline needs levers of the incumbent")
    parts = {"seed": 1.0}
    if view.file is not None:
        parts = split_document(result, view.file, seeds)["outcomes"][TAU]["shares"]
    low, high = np.quantile(values, PREDICTIVE)
    classes = entry["classes"]["frequencies"].items()
    shown = ("title", "verdict", "statistic", "unit", "interval")
    return Headline(
        view.name,
        view.title,
        entry["n"],
        0 if result.draws is None else result.draws.distinct,
        {kind: (f["share"], *f["interval"]) for kind, f in classes if f["count"]},
        (float(np.median(values)), float(low), float(high)),
        parts,
        {
            code: plain({key: found[key] for key in shown})
            for code, found in entry["definitions"].items()
        },
        len(result.failed),
        str(result.path),
    )
