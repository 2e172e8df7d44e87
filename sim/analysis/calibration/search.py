"""The search of an inference: a design, waves of history matching, population Monte Carlo."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from sim.analysis.calibration.emulator import (
    IMPLAUSIBLE,
    Emulated,
    Emulator,
    latin_hypercube,
    moved_numbers,
    ruled_out_by,
)
from sim.analysis.calibration.population import (
    Observed,
    WeightedScores,
    log_ratio,
    tempered,
)
from sim.analysis.calibration.simulations import Simulations
from sim.errors import SimError

FloatArray = npt.NDArray[np.float64]

LEAST_SOUND = 10
LEAST_SIZE = 60.0
"""Effective number of draws that weights are tempered for."""
WAVES = 2
"""Waves of history matching after the first design."""
GENERATIONS = 6
CANDIDATES = 4_000
STEPS = 5
"""Steps on the emulator alone between two generations, at most."""
STEP_SIZE = 150.0
"""Effective size of each."""
WAVE, GENERATION, LAST, REPEAT = 1, 2, 3, 4
"""Streams of random numbers."""


class SearchBudget(NamedTuple):
    """Simulations of the first design, of each wave, at one place, and of each generation."""

    first: int
    wave: int
    repeats: int
    generation: int

    @classmethod
    def of(cls, simulations: int) -> SearchBudget:
        """Parts of all simulations."""
        first, wave = simulations // 10, simulations // 20
        repeats = max(LEAST_SOUND, wave // 2)
        left = simulations - first - WAVES * wave - repeats
        return cls(first, wave, repeats, left // GENERATIONS)


class Pool(NamedTuple):
    """All weighted simulations of an inference."""

    observed: Observed
    scores: FloatArray
    figures: FloatArray
    weights: FloatArray
    moved: npt.NDArray[np.int64]
    temperature: float
    failed: int
    simulations: int


Searched = tuple[Pool, list[dict[str, Any]], tuple[tuple[str, str], ...]]
"""The weighted simulations, the waves, and the figures left out with reasons."""


class Search:
    """A first design, waves of history matching, generations of population Monte Carlo."""

    def __init__(self, runs: Simulations, budget: SearchBudget) -> None:
        self.runs = runs
        self.budget = budget
        self.dims = len(runs.recipe.priors)

    def _rng(self, stage: int, index: int) -> np.random.Generator:
        key = (stage, index)
        return np.random.default_rng(np.random.SeedSequence(self.runs.recipe.seed, spawn_key=key))

    def searched(self) -> Searched:
        """Run everything.

        Raises
        ------
        SimError
            No run succeeds, or no figure is defined in half of them.
        """
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
        fitted = {fit.name for fit in self.runs.recipe.scenario.fit}
        declared = np.array([prior.name in fitted for prior in self.runs.recipe.priors])
        self.moved = moved_numbers(scores[sound], residuals[sound] / observed.sigma, declared)
        *known, waves = self._matched(observed, scores, residuals)
        pool = self._generations(observed, (scores, figures), (known[0], known[1]))
        return pool, waves, unused

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
    ) -> tuple[FloatArray, FloatArray, list[dict[str, Any]]]:
        """Waves: simulate where the emulator does not rule out; all scores and residuals so far."""
        source: WeightedScores | None = None
        waves = []
        for wave in range(WAVES):
            rng = self._rng(WAVE, wave + 1)
            near = (
                rng.standard_normal((CANDIDATES, len(self.moved)))
                if source is None
                else source.draws(CANDIDATES, rng)
            )
            smooth = self._smoothed(scores, residuals, observed.sigma, near)
            worst = ruled_out_by(np.abs(smooth.mean) / np.sqrt(smooth.variance + 1.0))
            left = worst < IMPLAUSIBLE
            ratio = np.exp(log_ratio(near, [(source, CANDIDATES)]))
            volume = float(ratio[left].sum() / ratio.sum())
            waves.append({"simulations": len(scores), "not_ruled_out": volume})
            size = max(self.budget.wave, int(left.sum()))
            plausible = np.argsort(worst, kind="stable")[:size]
            chosen = np.sort(rng.permutation(plausible)[: self.budget.wave])
            fresh = self._drawn(near[chosen], rng)
            found = observed.residuals(self.runs.at(fresh)[:, self.used])
            scores, residuals = np.vstack([scores, fresh]), np.vstack([residuals, found])
            source = WeightedScores.of(near[plausible], np.full(size, 1.0 / size))
            self.source = source
        return scores, residuals, waves

    def _smoothed(
        self, scores: FloatArray, residuals: FloatArray, scale: FloatArray, at: FloatArray
    ) -> Emulated:
        """The emulator of some simulations at (n, A) scores."""
        return self._emulator(scores, residuals, scale).predict(at)

    def _emulator(self, scores: FloatArray, residuals: FloatArray, scale: FloatArray) -> Emulator:
        sound = np.isfinite(residuals).all(axis=1)
        return Emulator(scores[sound][:, self.moved], residuals[sound], scale)

    def _nearer(
        self,
        source: WeightedScores,
        observed: Observed,
        emulator: Emulator,
        rng: np.random.Generator,
    ) -> WeightedScores:
        """Population Monte Carlo on the emulator alone, so that the next proposals lie nearer."""
        for _ in range(STEPS):
            near = source.draws(CANDIDATES // 2, rng)
            misfit = observed.misfit(emulator.predict(near))
            base = log_ratio(near, [(source, len(near))])
            weights, heat = tempered(base, misfit, STEP_SIZE)
            source = WeightedScores.of(near, weights)
            if heat <= 1.0:
                break
        return source

    def _seeds(self, observed: Observed, centre: FloatArray) -> FloatArray:
        """(T,) variance of the residuals at one place: seeds, and numbers that are not moved."""
        scores = self._drawn(np.tile(centre, (self.budget.repeats, 1)), self._rng(REPEAT, 0))
        found = observed.residuals(self.runs.at(scores)[:, self.used])
        sound = found[np.isfinite(found).all(axis=1)]
        return sound.var(axis=0, ddof=1) if len(sound) > 1 else np.zeros(len(self.used))

    def _generations(
        self,
        observed: Observed,
        design: tuple[FloatArray, FloatArray],
        known: tuple[FloatArray, FloatArray],
    ) -> Pool:
        """Population Monte Carlo; the design over the prior counts as the first generation.

        Parameters
        ----------
        design
            Scores and figures of the design.
        known
            Scores and residuals of the design and the waves, from which the emulator starts.
        """
        scores, figures = design
        proposals: list[tuple[WeightedScores | None, int]] = [(None, len(scores))]
        wanted = max(LEAST_SIZE, self.budget.generation / 4.0)
        rng = self._rng(GENERATION, GENERATIONS)
        near = self.source.draws(CANDIDATES, rng)
        smooth = self._smoothed(*known, observed.sigma, near)
        base = log_ratio(near, [(self.source, CANDIDATES)])
        weights, _ = tempered(base, observed.misfit(smooth), wanted)
        source = WeightedScores.of(near, weights)
        seeds = self._seeds(observed, weights @ near)
        for generation in range(GENERATIONS):
            rng = self._rng(GENERATION, generation)
            fresh = self._drawn(source.draws(self.budget.generation, rng), rng)
            found = self.runs.at(fresh)[:, self.used]
            scores, figures = np.vstack([scores, fresh]), np.vstack([figures, found])
            known = (
                np.vstack([known[0], fresh]),
                np.vstack([known[1], observed.residuals(found)]),
            )
            proposals.append((source, len(fresh)))
            moved = scores[:, self.moved]
            scale = np.sqrt(observed.sigma**2 + seeds)
            emulator = self._emulator(*known, scale)
            smooth = emulator.predict(moved)
            base = log_ratio(moved, proposals)
            residuals = observed.residuals(figures)
            failed = np.isnan(residuals).any(axis=1)
            observed = observed.estimated(base, residuals, smooth, wanted)
            misfit = np.where(failed, np.inf, observed.misfit(smooth))
            weights, heat = tempered(base, misfit, wanted)
            source = WeightedScores.of(moved, weights)
            if heat > 1.0:
                source = self._nearer(source, observed, emulator, rng)
        return Pool(
            observed, scores, figures, weights, self.moved, heat, int(failed.sum()), self.runs.count
        )
