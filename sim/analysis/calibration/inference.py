"""Inference: the posterior of a scenario's uncertain numbers from the record up to a date."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from sim.analysis.calibration.calibrate import LONGEST_NAME, MADE_WITH, _make, _stem
from sim.analysis.calibration.emulator import NO_EXTRA
from sim.analysis.calibration.learnt import (
    Learnt,
    Predicted,
    flat_directions,
    learnt,
    predicted,
    resample,
)
from sim.analysis.calibration.matching import match
from sim.analysis.calibration.record import Record, load_record
from sim.analysis.calibration.search import LAST, Search, SearchBudget, Searched
from sim.analysis.calibration.simulations import Kept, Recipe, Simulations
from sim.analysis.posterior import ENDING, VERSION, Posterior, write_posterior
from sim.analysis.priors import CHOICE, choices_of, free_priors
from sim.errors import SimError
from sim.months import month_after, months_between
from sim.runs.executors import default_workers
from sim.runs.files import (
    code_fingerprint,
    json_bytes,
    locked,
    made_with,
    package_version,
    sha256,
    write_atomically,
    write_once,
)
from sim.runs.plan import SHORT_HASH
from sim.runs.settings import RESULTS, ProgressCallback, refuse_workers
from sim.scenario.patches import replace as with_values
from sim.scenario.patches import scenario_hash, to_toml

if TYPE_CHECKING:
    from sim.scenario.schema.scenario import Scenario

FloatArray = npt.NDArray[np.float64]

CHECKPOINT = "simulations.jsonl"
REPORT = "inference.json"
NEW_NAME = "-calibrated"
CLIENTS = 2_000
SIMULATIONS = 20_000
LEAST_SIMULATIONS = 200
DRAWS = 500


@dataclass(frozen=True)
class Inferred:
    """The posterior of a scenario, stored in its folder."""

    folder: Path
    scenario_file: Path
    posterior_file: Path
    posterior: Posterior
    learnt: tuple[Learnt, ...]
    predicted: tuple[Predicted, ...]
    unused: tuple[tuple[str, str], ...]
    """Figures that are targets but were not used, each with the reason."""

    def as_dict(self) -> dict[str, Any]:
        """Plain values, without the place on this machine."""
        return {
            "scenario_file": self.scenario_file.name,
            "posterior_file": self.posterior_file.name,
            "provenance": self.posterior.provenance,
            "numbers": [row._asdict() for row in self.learnt],
            "targets": [row._asdict() for row in self.predicted],
            "unused": [{"id": name, "reason": reason} for name, reason in self.unused],
        }


def infer(
    scenario: Scenario,
    record: Iterable[Record] | None = None,
    *,
    to: date | None = None,
    simulations: int = SIMULATIONS,
    numbers: Sequence[str] | None = None,
    clients: int = CLIENTS,
    seed: int | None = None,
    out: Path | str = RESULTS,
    workers: int | None = None,
    executor: Executor | None = None,
    progress: ProgressCallback | None = None,
) -> Inferred:
    """The posterior of the uncertain numbers of a scenario, given the record up to a month.

    The numbers are those of `[[fit]]` and the priors of the table that the scenario has. A design
    over the prior shows which 8 to 14 of them the record speaks of; the others are drawn from their
    prior in every simulation. Two waves of history matching with a Gaussian-process emulator show
    where the posterior lies. Population Monte Carlo then samples it: the weight of a simulation is

        prior(z) / q(z) * N(r(z); 0, V(z) + diag(e^2 + d^2))

    with the mixture q of all proposals (Beaumont, Cornuet, Marin & Robert 2009, Biometrika
    96:983-990), the recorded error e of each figure, and the model's discrepancy d, which is found
    by leaving out one part of the record at a time. The residual r is that of the emulator of all
    simulations so far, without the chance of one seed; the covariance V holds what seeds and the
    emulator leave: what one seed does to several figures counts once (Wilkinson 2014, AISTATS
    33:1015-1023; Price, Drovandi, Lee & Nott 2018, JCGS 27:1-11).
    Error and discrepancy in the kernel make the draws those of a record that is a run of the model
    plus both (Wilkinson 2013, Statistical Applications in Genetics and Molecular Biology
    12:129-141).

    Parameters
    ----------
    scenario
        It and its file stay as they are.
    record
        None = the record shipped here. Rows that end after the month, the order of rows and
        repeated rows change nothing.
    to
        Any day of the last month that is used; None = the whole record.
    numbers
        Names of the uncertain numbers, the others stay as they are; None = all there are.
    simulations
        Runs of a market of `clients` clients, to the last recorded month.
    seed
        Root seed; that of `[calibration]` unless given.
    out
        The result lies in `out/<name>-posterior-<hash8>`: `<name>-calibrated.toml`, which has the
        same numbers and names the `.posterior.parquet` beside it, `inference.json`, all
        simulations.
    workers, executor
        As for a run. No number depends on them. A call that was ended goes on where it stopped.

    Raises
    ------
    SimError
        Too few simulations, no uncertain number, no figure to compare with, no run that succeeds,
        or a folder that cannot be used.
    """
    try:
        from threadpoolctl import threadpool_limits
    except ImportError as error:
        raise SimError(NO_EXTRA) from error

    if simulations < LEAST_SIMULATIONS:
        raise SimError(f"simulations = {simulations}: at least {LEAST_SIMULATIONS}")
    refuse_workers(workers)
    recipe = _recipe(scenario, record, to, numbers, clients, seed)
    inputs = _inputs(scenario, recipe, to, simulations)
    key = sha256(json_bytes(inputs))
    folder = Path(out).absolute() / f"{_stem(scenario.name)}-posterior-{key[:SHORT_HASH]}"
    size = recipe.scenario.population.clients * recipe.scenario.calendar.months * simulations
    _make(folder)
    with locked(folder), threadpool_limits(1):  # the order of sums must not depend on the cores
        if not (folder / MADE_WITH).exists():
            write_atomically(folder / MADE_WITH, json_bytes({**inputs, **made_with()}))
        runs = Simulations(
            recipe,
            Kept(folder / CHECKPOINT, key),
            workers or default_workers(size),
            executor,
            progress,
            simulations,
        )
        try:
            found = Search(runs, SearchBudget.of(simulations)).searched()
        finally:
            runs.close()
        return _stored(scenario, recipe, found, inputs, folder)


def _recipe(
    scenario: Scenario,
    record: Iterable[Record] | None,
    to: date | None,
    numbers: Sequence[str] | None,
    clients: int,
    seed: int | None,
) -> Recipe:
    rows = load_record() if record is None else record
    found = match(rows, scenario, None if to is None else _last_of_month(to)).targets
    targets = tuple(target for target in found if target.kind != "rank")
    if not targets:
        raise SimError("the record has no figure that a run of this scenario answers to")
    priors = free_priors(scenario, numbers)
    if not priors:
        raise SimError(f"{scenario.name} has no uncertain number: add [[fit]] tables")
    start = scenario.calendar.start
    months = 1 + max(months_between(start, target.period_end) + target.delay for target in targets)
    small = with_values(
        scenario,
        {
            "calendar.months": months,
            "containment.window_months": min(months, scenario.containment.window_months),
            "population.clients": min(clients, scenario.population.clients),
        },
        worlds=False,
    )
    own_seed = scenario.calibration.seed if seed is None else seed
    return Recipe(small, priors, targets, own_seed)


def _last_of_month(day: date) -> date:
    return month_after(day, 1) - timedelta(days=1)


def _inputs(
    scenario: Scenario, recipe: Recipe, to: date | None, simulations: int
) -> dict[str, Any]:
    """Everything that decides the posterior, ready for JSON."""
    rows = [
        target.as_dict()
        | {"scale": target.scale, "vendors": target.vendors, "peers": target.peers}
        | {"items": target.items, "base": [day.isoformat() for day in target.base or ()]}
        | {name: getattr(target, name) for name in ("error", "family", "transform", "delay")}
        for target in recipe.targets
    ]
    return {
        "scenario_hash": scenario_hash(scenario),
        "code_fingerprint": code_fingerprint(),
        "record_hash": sha256(json_bytes(rows)),
        "targets": rows,
        "priors": [prior.model_dump() for prior in recipe.priors],
        "cut": None if to is None else f"{to:%Y-%m}",
        "clients": recipe.scenario.population.clients,
        "months": recipe.scenario.calendar.months,
        "seed": recipe.seed,
        "simulations": simulations,
        "version": VERSION,
        "libraries": {name: package_version(name) for name in ("numpy", "scipy", "scikit-learn")},
    }


def _stored(
    scenario: Scenario,
    recipe: Recipe,
    searched: Searched,
    inputs: dict[str, Any],
    folder: Path,
) -> Inferred:
    """Draws, what they teach and what they predict, written beside a new scenario."""
    import pandas as pd

    pool, waves, unused = searched
    rng = np.random.default_rng(np.random.SeedSequence(recipe.seed, spawn_key=(LAST, 0)))
    taken, counts = resample(pool.weights, DRAWS, rng)
    names = [prior.name for prior in recipe.priors]
    columns: dict[str, Any] = dict(zip(names, recipe.values(pool.scores[taken]).T, strict=True))
    end = max(target.period_end for target in recipe.targets)
    for choice in choices_of(scenario):
        if choice.after >= end:
            levels = rng.random(len(taken))
            columns[CHOICE + choice.name] = np.array([choice.position(p) for p in levels])
    numbers = learnt(recipe.priors, pool.scores, pool.weights, pool.moved)
    figures = predicted(pool.observed, pool.figures, pool.weights, rng)
    provenance = {
        "scenario": scenario.name,
        **{
            name: inputs[name]
            for name in (
                *("scenario_hash", "record_hash", "code_fingerprint", "seed", "version"),
                *("cut", "clients", "months"),
            )
        },
        "simulations": pool.simulations,
        "failed": pool.failed,
        "effective_size": 1.0 / float((pool.weights**2).sum()),
        "temperature": pool.temperature,
        "targets": [target.id for target in pool.observed.targets],
        "waves": waves,
        "discrepancy": pool.observed.as_rows(),
        "numbers": [row._asdict() for row in numbers],
        "flat": flat_directions(names, pool.scores, pool.weights, pool.moved),
    }
    posterior = Posterior(pd.DataFrame(columns), counts / DRAWS, provenance)
    new_name = scenario.name[: LONGEST_NAME - len(NEW_NAME)] + NEW_NAME
    found = Inferred(
        folder,
        folder / f"{_stem(new_name)}.toml",
        folder / f"{_stem(new_name)}{ENDING}",
        posterior,
        numbers,
        figures,
        unused,
    )
    write_posterior(found.posterior_file, posterior)
    new = to_toml(with_values(scenario, {"name": new_name}), found.posterior_file.name)
    write_once(found.scenario_file, new.encode())
    write_once(folder / REPORT, json_bytes(found.as_dict()))
    return found
