"""Simulations of an inference: blocks of draws run on any executor, each kept as it ends."""

from __future__ import annotations

import hashlib
import json
import logging
import pickle
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from sim.analysis.calibration.evaluations import dataset
from sim.analysis.calibration.targets import Target
from sim.analysis.calibration.validation import simulated
from sim.analysis.priors import TAIL, Entries, Prior
from sim.errors import SimError
from sim.files import append_line, read_bytes
from sim.runs.executors import in_flight, is_worker_death, local_pool
from sim.runs.files import cannot_write, set_aside, write_atomically
from sim.runs.rows import DONE
from sim.runs.run import run_world
from sim.runs.settings import ProgressCallback, Rate
from sim.scenario.patches import replace

if TYPE_CHECKING:
    from sim.scenario.schema.scenario import Scenario


FloatArray = npt.NDArray[np.float64]

BLOCK = 20
"""Simulations of one task."""
POOLS = 3
"""Pools that may break one after the other before a calibration gives up."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Recipe:
    """What all simulations share: the market up to the cut, D uncertain numbers, T targets."""

    scenario: Scenario
    priors: tuple[Prior, ...]
    targets: tuple[Target, ...]
    seed: int

    def values(self, scores: FloatArray) -> FloatArray:
        """(n, D) numbers at (n, D) normal scores: ``F^-1(Phi(z))`` with the law F of each prior."""
        from scipy.special import ndtr

        levels = np.clip(ndtr(scores), TAIL, 1.0 - TAIL)
        return np.array(
            [
                [prior.law.quantile(float(p)) for prior, p in zip(self.priors, row, strict=True)]
                for row in levels
            ]
        ).reshape(scores.shape)


class DrawBlock(NamedTuple):
    """Draws to be run one after the other; row i of the values is replicate `first + i`."""

    recipe: bytes
    values: FloatArray
    first: int

    @property
    def key(self) -> str:
        """What the block is known by: a hash of its numbers and replicates."""
        numbers = np.ascontiguousarray(self.values).tobytes()
        return hashlib.sha256(numbers + str(self.first).encode()).hexdigest()[:24]


@lru_cache(2)
def _opened(recipe: bytes) -> tuple[Recipe, Entries]:
    found: Recipe = pickle.loads(recipe)
    return found, Entries.of(found.scenario, found.priors)


def run_draws(block: DrawBlock) -> list[list[float | None]]:
    """(B, T) figures of each draw; None where the run fails or the figure is not defined."""
    recipe, entries = _opened(block.recipe)
    names = [prior.name for prior in recipe.priors]
    runs, places = [], []
    for index, row in enumerate(block.values):
        numbers = dict(zip(names, row.tolist(), strict=True))
        try:
            world = replace(recipe.scenario, entries.changes(numbers), worlds=False)
        except SimError:
            continue
        run = run_world(world, recipe.seed, block.first + index)
        if run.status == DONE:
            runs.append(run)
            places.append(index)
    figures = np.full((len(block.values), len(recipe.targets)), np.nan)
    if runs:
        measures = {name for target in recipe.targets for name in target.measures}
        curves = dataset(runs, recipe.scenario, measures)
        for column, target in enumerate(recipe.targets):
            try:
                figures[places, column] = simulated(target, curves)
            except SimError:
                continue
    return [[x if np.isfinite(x) else None for x in row] for row in figures.tolist()]


class Kept:
    """Figures of every finished block as one JSON line; a line cut off is computed again."""

    def __init__(self, path: Path, key: str) -> None:
        self.path = path
        self.known: dict[str, list[list[float | None]]] = {}
        head = json.dumps({"key": key})
        if not path.exists():
            write_atomically(path, f"{head}\n".encode())
            return
        text = read_bytes(path).decode("utf-8", errors="replace")
        found, *lines = text.split("\n")
        if found != head:
            raise SimError(f"{path} belongs to another calibration; choose another --out")
        sound = [line for line in lines if self._took(line)]
        if text != "\n".join([head, *sound, ""]):
            aside = set_aside(path, "bad")
            log.warning("%s was damaged: kept as %s", path, aside.name)
            write_atomically(path, "\n".join([head, *sound, ""]).encode())

    def _took(self, line: str) -> bool:
        try:
            document = json.loads(line)
            rows = [[None if x is None else float(x) for x in row] for row in document["figures"]]
            self.known[str(document["block"])] = rows
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
            return False
        return True

    def keep(self, key: str, figures: list[list[float | None]]) -> None:
        """Add the figures of a block.

        Raises
        ------
        SimError
            The disk refuses.
        """
        self.known[key] = figures
        try:
            append_line(self.path, json.dumps({"block": key, "figures": figures}))
        except OSError as error:
            raise cannot_write(self.path, error) from error


class Simulations:
    """Figures at draws; asks workers for those that are not kept."""

    def __init__(
        self,
        recipe: Recipe,
        kept: Kept,
        workers: int,
        executor: Executor | None = None,
        progress: ProgressCallback | None = None,
        expected: int = 0,
    ) -> None:
        self.recipe = recipe
        self._pickled = pickle.dumps(recipe)
        self._kept = kept
        self._workers = workers
        self._executor = executor
        self._progress = progress
        self._expected = expected
        self._own: Executor | None = None
        self._rate = Rate()
        self._done = 0
        self.count = 0
        """Simulations so far; the next one has this replicate."""

    def at(self, scores: FloatArray) -> FloatArray:
        """(n, T) figures at (n, D) normal scores, each from a replicate of its own; NaN = failed.

        Raises
        ------
        SimError
            Workers end abruptly again and again, or the disk refuses.
        """
        values = self.recipe.values(scores)
        blocks = [
            DrawBlock(self._pickled, values[i : i + BLOCK], self.count + i)
            for i in range(0, len(values), BLOCK)
        ]
        self._report(sum(len(b.values) for b in blocks if b.key in self._kept.known))
        for attempt in range(POOLS):
            missing = [block for block in blocks if block.key not in self._kept.known]
            if not missing:
                break
            try:
                self._feed(self._pool(), missing)
            except Exception as error:
                if not is_worker_death(error):
                    raise
                self.close()
                if self._executor is not None or attempt == POOLS - 1:
                    raise SimError(
                        "a worker ended abruptly; what is finished is kept, and the same "
                        "command goes on from there"
                    ) from error
        self.count += len(values)
        rows = [row for block in blocks for row in self._kept.known[block.key]]
        return np.array(rows, dtype=np.float64).reshape(len(values), len(self.recipe.targets))

    def close(self) -> None:
        """End the own worker processes."""
        if self._own is not None:
            self._own.shutdown(wait=False, cancel_futures=True)
            self._own = None

    def _pool(self) -> Executor:
        if self._executor is not None:
            return self._executor
        if self._own is None:
            self._own = local_pool(self._workers)
        return self._own

    def _feed(self, pool: Executor, blocks: Sequence[DrawBlock]) -> None:
        waiting = list(reversed(blocks))
        running: dict[Future[list[list[float | None]]], DrawBlock] = {}
        width = in_flight(pool, self._workers, len(waiting))
        try:
            while waiting or running:
                while waiting and len(running) < width:
                    block = waiting.pop()
                    running[pool.submit(run_draws, block)] = block
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    block = running.pop(future)
                    self._kept.keep(block.key, future.result())
                    self._report(len(block.values))
        finally:
            for future in running:
                future.cancel()

    def _report(self, more: int) -> None:
        self._done += more
        if self._progress is not None:
            total = max(self._done, self._expected)
            self._progress(self._done, total, 0, self._rate.seconds_left(self._done, total))
