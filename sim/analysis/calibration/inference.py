"""Inference: the posterior of a scenario's uncertain numbers from the record up to a date."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from sim.analysis.calibration.calibrate import LONGEST_NAME, MADE_WITH, _make, _stem
from sim.analysis.calibration.emulator import (
    IMPLAUSIBLE,
    NO_EXTRA,
    Emulator,
    latin_hypercube,
    moved_numbers,
    ruled_out_by,
)
from sim.analysis.calibration.learnt import (
    Learnt,
    Predicted,
    flat_directions,
    learnt,
    predicted,
    resample,
)
from sim.analysis.calibration.matching import match
from sim.analysis.calibration.population import Observed, Population, log_ratio, tempered
from sim.analysis.calibration.record import Record, load_record
from sim.analysis.calibration.simulations import Kept, Recipe, Simulations
from sim.analysis.posterior import ENDING, VERSION, Posterior, write_posterior
from sim.analysis.priors import CHOICE, choices_of, free_priors
from sim.errors import SimError
from sim.months import month_after, months_between
from sim.runs.executors import default_workers
from sim.runs.files import json_bytes, locked, sha256, write_atomically, write_once
from sim.runs.plan import SHORT_HASH
from sim.runs.progress import ProgressCallback
from sim.runs.provenance import code_fingerprint, made_with, package_version
from sim.runs.settings import RESULTS
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
LEAST_SOUND = 10
LEAST_SIZE = 60.0
"""Effective number of draws that weights are tempered for."""
WAVES = 2
"""Waves of history matching after the first design."""
GENERATIONS = 8
CANDIDATES = 4_000
DRAWS = 500
WAVE, GENERATION, LAST = 1, 2, 3
"""Streams of random numbers."""


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


class _Budget(NamedTuple):
    """Simulations of the first design, of each wave and of each generation."""

    first: int
    wave: int
    generation: int

    @classmethod
    def of(cls, simulations: int) -> _Budget:
        first, wave = simulations // 10, simulations // 20
        return cls(first, wave, (simulations - first - WAVES * wave) // GENERATIONS)


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

        prior(z) / q(z) * exp(-1/2 sum_t r_t^2 / (e_t^2 + d_t^2))

    with the mixture q of all proposals (Beaumont, Cornuet, Marin & Robert 2009, Biometrika
    96:983-990), the residual r of each figure, its error e and the model's discrepancy d, which is
    found by leaving out one metric family at a time. With that kernel the weighted draws are exact,
    up to their number, for a record that is a run of the model plus error and discrepancy
    (Wilkinson 2013, Statistical Applications in Genetics and Molecular Biology 12:129-141).
    The emulator decides where simulations are made, never how they count.

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
    if workers is not None and workers < 1:
        raise SimError(f"workers = {workers}: at least 1")
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
            pool = _Search(runs, _Budget.of(simulations)).searched()
        finally:
            runs.close()
        return _stored(scenario, recipe, pool, inputs, folder)


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


class _Pool(NamedTuple):
    """All weighted simulations of an inference."""

    observed: Observed
    scores: FloatArray
    figures: FloatArray
    weights: FloatArray
    moved: npt.NDArray[np.int64]
    temperature: float
    size: float
    failed: int
    simulations: int
    waves: list[dict[str, Any]]
    unused: tuple[tuple[str, str], ...]


class _Search:
    """A first design, waves of history matching, generations of population Monte Carlo."""

    def __init__(self, runs: Simulations, budget: _Budget) -> None:
        self.runs = runs
        self.budget = budget
        self.dims = len(runs.recipe.priors)

    def _rng(self, stage: int, index: int) -> np.random.Generator:
        key = (stage, index)
        return np.random.default_rng(np.random.SeedSequence(self.runs.recipe.seed, spawn_key=key))

    def searched(self) -> _Pool:
        """Run everything.

        Raises
        ------
        SimError
            No run succeeds, or no figure is defined in half of them.
        """
        from scipy.special import ndtri

        scores = ndtri(latin_hypercube(self.budget.first, self.dims, self._rng(WAVE, 0)))
        figures = self.runs.at(scores)
        self.used, unused = self._used(figures)
        targets = [self.runs.recipe.targets[t] for t in self.used]
        observed = Observed.of(targets)
        figures = figures[:, self.used]
        residuals = observed.residuals(figures)
        sound = np.isfinite(residuals).all(axis=1)
        if int(sound.sum()) < LEAST_SOUND:
            raise SimError(f"{int((~sound).sum())} of the first {len(scores)} runs fail")
        self.moved = moved_numbers(scores[sound], residuals[sound] / observed.sigma)
        start, waves = self._matched(observed, scores, residuals)
        return self._generations(observed, scores, figures, start, waves, unused)

    def _used(
        self, figures: FloatArray
    ) -> tuple[npt.NDArray[np.int64], tuple[tuple[str, str], ...]]:
        """Positions of the figures that most runs define, and the others with their reason."""
        defined = np.isfinite(figures)
        ran = defined.any(axis=1)
        if not ran.any():
            raise SimError("no run of the first design succeeds")
        share = defined[ran].mean(axis=0)
        targets = self.runs.recipe.targets
        reason = "not defined in most runs of the first design"
        unused = tuple((t.id, reason) for t, part in zip(targets, share, strict=True) if part < 0.5)
        return np.flatnonzero(share >= 0.5), unused

    def _drawn(self, moved: FloatArray, rng: np.random.Generator) -> FloatArray:
        """(n, D) scores with the moved numbers as given and the others from the prior."""
        scores = rng.standard_normal((len(moved), self.dims))
        scores[:, self.moved] = moved
        return scores

    def _matched(
        self, observed: Observed, scores: FloatArray, residuals: FloatArray
    ) -> tuple[Population, list[dict[str, Any]]]:
        """Waves: simulate where the emulator does not rule out; the first population."""
        source: Population | None = None
        waves = []
        for wave in range(WAVES + 1):
            rng = self._rng(WAVE, wave + 1)
            sound = np.isfinite(residuals).all(axis=1)
            emulator = Emulator(scores[sound][:, self.moved], residuals[sound] / observed.sigma)
            near = (
                rng.standard_normal((CANDIDATES, len(self.moved)))
                if source is None
                else source.draws(CANDIDATES, rng)
            )
            base = log_ratio(near, [(source, CANDIDATES)])
            miss = emulator.implausibility(near)
            worst = ruled_out_by(miss)
            left = worst < IMPLAUSIBLE
            volume = float(np.exp(base)[left].sum() / np.exp(base).sum())
            waves.append({"simulations": len(scores), "not_ruled_out": volume})
            size = max(self.budget.wave, int(left.sum()))
            plausible = np.argsort(worst, kind="stable")[:size]
            if wave == WAVES:
                break
            chosen = rng.permutation(plausible)[: self.budget.wave]
            fresh = self._drawn(near[np.sort(chosen)], rng)
            found = observed.residuals(self.runs.at(fresh)[:, self.used])
            scores, residuals = np.vstack([scores, fresh]), np.vstack([residuals, found])
            source = Population.of(near[plausible], np.full(size, 1.0 / size))
        weights, _ = tempered(base, (miss**2).sum(axis=1), 10.0 * len(self.moved))
        return Population.of(near, weights), waves

    def _generations(
        self,
        observed: Observed,
        scores: FloatArray,
        figures: FloatArray,
        source: Population,
        waves: list[dict[str, Any]],
        unused: tuple[tuple[str, str], ...],
    ) -> _Pool:
        """Population Monte Carlo; the design over the prior counts as the first generation."""
        proposals: list[tuple[Population | None, int]] = [(None, len(scores))]
        wanted = max(LEAST_SIZE, self.budget.generation / 4.0)
        for generation in range(GENERATIONS):
            rng = self._rng(GENERATION, generation)
            fresh = self._drawn(source.draws(self.budget.generation, rng), rng)
            scores = np.vstack([scores, fresh])
            figures = np.vstack([figures, self.runs.at(fresh)[:, self.used]])
            proposals.append((source, len(fresh)))
            base = log_ratio(scores[:, self.moved], proposals)
            residuals = observed.residuals(figures)
            observed = observed.estimated(base, residuals, wanted)
            squares = observed.squares(residuals)
            weights, heat = tempered(base, squares, wanted)
            source = Population.of(scores[:, self.moved], weights)
        return _Pool(
            observed,
            scores,
            figures,
            weights,
            self.moved,
            heat,
            1.0 / float((weights**2).sum()),
            int((~np.isfinite(squares)).sum()),
            self.runs.count,
            waves,
            unused,
        )


def _stored(
    scenario: Scenario, recipe: Recipe, pool: _Pool, inputs: dict[str, Any], folder: Path
) -> Inferred:
    """Draws, what they teach and what they predict, written beside a new scenario."""
    import pandas as pd

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
        "effective_size": pool.size,
        "temperature": pool.temperature,
        "targets": [target.id for target in pool.observed.targets],
        "waves": pool.waves,
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
        pool.unused,
    )
    write_posterior(found.posterior_file, posterior)
    new = to_toml(with_values(scenario, {"name": new_name}), found.posterior_file.name)
    write_once(found.scenario_file, new.encode())
    write_once(folder / REPORT, json_bytes(found.as_dict()))
    return found
