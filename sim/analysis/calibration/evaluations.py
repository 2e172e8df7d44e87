"""Evaluations of a calibration: what runs say at some numbers, computed once and kept."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Executor, as_completed
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from sim.analysis.calibration.space import FitSpace, Values
from sim.analysis.calibration.targets import Target
from sim.analysis.calibration.validation import simulated
from sim.errors import SimError
from sim.files import append_line, read_bytes
from sim.runs.files import cannot_write, set_aside, write_atomically
from sim.runs.rows import DONE, RunRecord
from sim.runs.run import run_world
from sim.runs.settings import ProgressCallback, Rate
from sim.runs.store import measure_attributes
from sim.scenario.patches import replace

if TYPE_CHECKING:
    import xarray as xr

    from sim.scenario.schema.scenario import Scenario


FloatArray = npt.NDArray[np.float64]
Question = tuple[Values, int]
"""Numbers, and a replicate."""

log = logging.getLogger(__name__)


class Task(NamedTuple):
    """What a worker needs to run some replicates at some numbers."""

    scenario: Scenario
    changes: dict[str, float]
    values: Values
    seed: int
    replicates: tuple[int, ...]
    targets: tuple[Target, ...]


def work(task: Task) -> list[list[float] | str]:
    """Figures of each replicate, or why it has none."""
    scenario = replace(task.scenario, task.changes)
    return [_figures(scenario, task, replicate) for replicate in task.replicates]


def _figures(scenario: Scenario, task: Task, replicate: int) -> list[float] | str:
    run = run_world(scenario, task.seed, replicate)
    if run.status != DONE:
        return f"{run.stage}: {run.message}"
    curves = dataset([run], scenario, {name for target in task.targets for name in target.measures})
    figures = [float(simulated(target, curves)[0]) for target in task.targets]
    for target, figure in zip(task.targets, figures, strict=True):
        if not np.isfinite(figure):
            return f"outcomes: {target.id} is not defined"
    return figures


def dataset(runs: Sequence[RunRecord], scenario: Scenario, names: Iterable[str]) -> xr.Dataset:
    """Curves of finished runs of one calendar, with dims (point, replicate, month, ...)."""
    import pandas as pd
    import xarray as xr

    calendar, first = scenario.calendar, runs[0]
    kept = sorted(name for name in names if name in first.curves)
    attributes = measure_attributes(kept)
    dims = ("point", "replicate", "month")
    axes = {axis for name in kept for axis in first.dims[name]} | {"vendor"}
    return xr.Dataset(
        {
            name: (
                (*dims, *first.dims[name]),
                np.stack([run.curves[name] for run in runs])[None],
                attributes[name],
            )
            for name in kept
        },
        coords={
            "point": [first.point],
            "month": pd.date_range(calendar.start, periods=calendar.months, freq="MS"),
            **{axis: list(first.axes[axis]) for axis in sorted(axes)},
        },
    )


class Checkpoint:
    """Every evaluation as one JSON line; a line that was cut off is computed again."""

    def __init__(self, path: Path, key: str) -> None:
        self.path = path
        self.known: dict[Question, list[float]] = {}
        self._head = json.dumps({"key": key})
        if not path.exists():
            write_atomically(path, f"{self._head}\n".encode())
        else:
            self._read()

    def _read(self) -> None:
        text = read_bytes(self.path).decode("utf-8", errors="replace")
        head, *lines = text.split("\n")
        if head != self._head:
            raise SimError(f"{self.path} belongs to another calibration; choose another --out")
        sound = [line for line in lines if self._took(line)]
        if text != "\n".join([head, *sound, ""]):
            aside = set_aside(self.path, "bad")
            log.warning("%s was damaged: kept as %s", self.path, aside.name)
            write_atomically(self.path, "\n".join([head, *sound, ""]).encode())

    def _took(self, line: str) -> bool:
        try:
            found = json.loads(line)
            question = (tuple(map(float, found["values"])), int(found["replicate"]))
            self.known[question] = [float(figure) for figure in found["figures"]]
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
            return False
        return True

    def keep(self, values: Values, replicate: int, figures: list[float]) -> None:
        """Add the figures of a run.

        Raises
        ------
        SimError
            The disk refuses.
        """
        self.known[values, replicate] = figures
        line = {"values": values, "replicate": replicate, "figures": figures}
        try:
            append_line(self.path, json.dumps(line))
        except OSError as error:
            raise cannot_write(self.path, error) from error


class Evaluations:
    """Figures at points of the space; asks workers for those that the checkpoint lacks."""

    def __init__(
        self,
        scenario: Scenario,
        space: FitSpace,
        targets: tuple[Target, ...],
        checkpoint: Checkpoint,
        pool: Executor,
        workers: int,
        progress: ProgressCallback | None = None,
    ) -> None:
        self._scenario = scenario
        self._space = space
        self._targets = targets
        self._checkpoint = checkpoint
        self._pool = pool
        self._workers = workers
        self._progress = progress
        self._rate = Rate()
        self._told_of: set[Question] = set()
        self.expected = 0
        """Runs in all, at most, for the progress."""

    def at(self, values: Values, replicates: Sequence[int]) -> FloatArray:
        """(R, T) figures at some numbers.

        Raises
        ------
        SimError
            A run fails there.
        """
        found = self.many([values], replicates)[0]
        if isinstance(found, str):
            raise SimError(found)
        return found

    def many(self, points: Sequence[Values], replicates: Sequence[int]) -> list[FloatArray | str]:
        """For each point (R, T) figures, or why there are none."""
        distinct = list(dict.fromkeys(points))
        tasks = list(self._tasks(distinct, replicates))
        asked = {(point, replicate) for point in distinct for replicate in replicates}
        self._tell(asked & self._checkpoint.known.keys())
        failures: dict[Values, str] = {}
        # A wave at a time, so that an interrupt loses no more than that.
        for first in range(0, len(tasks), self._workers):
            failures |= self._wave(tasks[first : first + self._workers])
        known = self._checkpoint.known
        return [
            failures[point]
            if point in failures
            else np.array([known[point, replicate] for replicate in replicates])
            for point in points
        ]

    def done(self) -> None:
        """Tell the progress that no more will be asked."""
        self.expected = len(self._told_of)
        self._tell(set())

    def _tell(self, fresh: set[Question]) -> None:
        self._told_of |= fresh
        if self._progress is not None:
            done = len(self._told_of)
            total = max(done, self.expected)
            self._progress(done, total, 0, self._rate.seconds_left(done, total))

    def _wave(self, tasks: Sequence[Task]) -> dict[Values, str]:
        """Run some tasks at once and keep what they give; the points that failed, with reasons."""
        failures: dict[Values, str] = {}
        try:
            futures = {self._pool.submit(work, task): task for task in tasks}
            for future in as_completed(futures):
                task = futures[future]
                for replicate, row in zip(task.replicates, future.result(), strict=True):
                    if isinstance(row, str):
                        failures[task.values] = self._where(task.values, row)
                    else:
                        self._checkpoint.keep(task.values, replicate, row)
                self._tell({(task.values, replicate) for replicate in task.replicates})
        except BrokenExecutor as error:
            raise SimError(
                "a worker process ended abruptly; what is finished is kept, and the same "
                "command goes on from there"
            ) from error
        return failures

    def _tasks(self, points: Iterable[Values], replicates: Sequence[int]) -> Iterator[Task]:
        missing = {
            point: lacking
            for point in points
            if (lacking := [r for r in replicates if (point, r) not in self._checkpoint.known])
        }
        parts = 1 if len(missing) >= self._workers else self._workers
        for point, lacking in missing.items():
            for part in range(min(parts, len(lacking))):
                yield Task(
                    self._scenario,
                    self._space.changes(point),
                    point,
                    self._scenario.calibration.seed,
                    tuple(lacking[part::parts]),
                    self._targets,
                )

    def _where(self, values: Values, why: str) -> str:
        pairs = zip(self._space.names, values, strict=True)
        where = ", ".join(f"{name} = {value:g}" for name, value in pairs)
        return f"a run failed at {where}: {why}"
