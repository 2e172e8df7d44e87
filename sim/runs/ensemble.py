"""Runs from their inputs to a stored result: the worlds of a scenario, the points of a study.

Blocks are handed to workers, stored, and gone on with after a stop.
"""

from __future__ import annotations

import math
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, CancelledError, Executor, Future, wait
from contextlib import contextmanager
from datetime import date
from functools import partial
from pathlib import Path
from types import FrameType
from typing import TypeVar

from sim.errors import SimError
from sim.runs.blocks import run_block, write_block
from sim.runs.executors import (
    default_workers,
    in_flight,
    is_worker_death,
    local_pool,
    refuse_unseen,
    refuse_while_importing_main,
)
from sim.runs.plan import RunPlan, plan_ensemble, plan_sweep
from sim.runs.result import Result
from sim.runs.rows import RunRecord
from sim.runs.run import ModelMaker
from sim.runs.settings import Rate, RunSettings
from sim.runs.store import Store, adopt_blocks
from sim.runs.study.reader import LoadedStudy, load_study
from sim.runs.worlds import Draws, World, WorldsMaker, worlds_of
from sim.scenario.schema.scenario import Scenario

T = TypeVar("T")
R = TypeVar("R")
GROWTH = 2
POLL_SECONDS = 0.5
GOES_ON = "finished blocks are kept, and the same command goes on from there"


def run_ensemble(
    scenario: Scenario,
    settings: RunSettings | None = None,
    *,
    replicates: int | None = None,
    seed: int | None = None,
    worlds: tuple[World, ...] | WorldsMaker = worlds_of,
    model: ModelMaker | None = None,
    branch_at: date | None = None,
    earlier: Result | None = None,
    draws: Draws | None = None,
) -> Result:
    """Run every world of a scenario in every replicate, or go on where an earlier call stopped.

    Parameters
    ----------
    scenario
        What is run.
    settings
        Where; the same inputs lead to the same folder `out/<name>-<hash8>`.
    replicates, seed
        Taken from the scenario's `[ensemble]` unless given.
    worlds
        The worlds to run instead of those of `worlds_of(scenario)`; with draws, the function that
        makes them from a scenario, importable by workers.
    model
        Maker of the model, for tests and for other engines; must be importable by workers.
    branch_at
        Month up to which the worlds of a replicate are run as one; the numbers are the same.
    earlier
        A result of the same runs with fewer replicates, which are taken over.
    draws
        The draw of each replicate; the numbers of the scenario unless given.

    Returns
    -------
    Result
        A run that failed is a row of it.

    Raises
    ------
    SimError
        The folder cannot be used or written, workers do not start, or worlds that are to branch
        differ before the month.
    KeyboardInterrupt
        After Ctrl-C, when blocks in flight are stored; a second Ctrl-C does not wait for them.
    """

    plan = partial(
        plan_ensemble, scenario, seed=seed, worlds=worlds, model=model, branch_at=branch_at
    )
    return _stored(plan, replicates, settings, earlier, draws)


def run_study(
    study: LoadedStudy | Path | str,
    settings: RunSettings | None = None,
    *,
    replicates: int | None = None,
    seed: int | None = None,
    branch_at: date | None = None,
    model: ModelMaker | None = None,
    earlier: Result | None = None,
    draws: Draws | None = None,
) -> Result:
    """Run every point of a study in every replicate, or go on where an earlier call stopped.

    Claims are not judged here. Parameters and errors are those of `run_ensemble`. SimError if the
    study is refused, or as `run_ensemble`.
    """
    loaded = study if isinstance(study, LoadedStudy) else load_study(study)

    plan = partial(plan_sweep, loaded, seed=seed, branch_at=branch_at, model=model)
    return _stored(plan, replicates, settings, earlier, draws)


def _stored(
    plan: Callable[..., RunPlan],
    replicates: int | None,
    settings: RunSettings | None,
    earlier: Result | None,
    draws: Draws | None,
) -> Result:
    before = None
    if earlier is not None:
        before = (earlier.path, plan(earlier.replicates, draws=earlier.draws))
    return Result(run_plan(plan(replicates, draws=draws), settings or RunSettings(), before))


def run_plan(
    plan: RunPlan, settings: RunSettings, earlier: tuple[Path, RunPlan] | None = None
) -> Path:
    """Run every block of a plan that is not stored yet; the folder of the result.

    `earlier` is folder and plan of the same runs with fewer replicates, whose blocks are taken
    over. Errors are those of `run_ensemble`.
    """
    refuse_while_importing_main()
    out = Path(settings.out).absolute() if settings.executor else Path(settings.out)
    with Store.opened(out, plan, settings.name) as store:
        if store.is_whole():
            _Dispatch(store, settings, 1).through([])
            return store.folder
        if earlier is not None:
            adopt_blocks(store, *earlier)
        missing = store.missing()
        workers = settings.workers or default_workers(plan.client_months)
        width = min(workers, max(1, len(missing)))
        if not store.is_finished():
            store.start(width)
        work = _Dispatch(store, settings, width)
        lost = work.through(missing)
        store.finish(lost, work.run_seconds)
        return store.folder


class _Dispatch:
    """The missing blocks of one store on their way through the workers."""

    def __init__(self, store: Store, settings: RunSettings, workers: int) -> None:
        self.store = store
        self.progress = settings.progress
        self.executor = settings.executor
        self.workers = workers
        self.rate = Rate()
        self.run_seconds = 0.0
        self.lost: set[int] = set()
        self.stopping = threading.Event()
        grid = store.plan.grid
        self.total = grid.runs
        self.done = sum(grid.runs_of(block) for block in store.receipts)
        self.failed = sum(receipt.without_numbers for receipt in store.receipts.values())

    def through(self, blocks: list[int]) -> set[int]:
        """Run all blocks; those that ended their worker twice and could not be saved."""
        self._report()
        waiting = deque(blocks)
        with _first_interrupt_asks(self.stopping):
            while waiting and not self.stopping.is_set():
                self._again(self._drain(waiting))
        if self.stopping.is_set():
            self.store.interrupted(self.lost)
            raise KeyboardInterrupt
        return self.lost

    def _drain(self, waiting: deque[int]) -> list[int]:
        """Run until nothing waits or the pool breaks; blocks in flight at the break come back."""
        if self.executor is not None:
            unfinished = self._feed(self.executor, waiting)
            if unfinished and waiting:
                label = self.store.plan.grid.label(unfinished[0])
                raise SimError(f"the executor broke at {label}; {GOES_ON}")
            return unfinished
        with local_pool(self.workers) as pool:
            plan = self.store.plan
            refuse_unseen(pool, f"{plan.scenario.model_dump_json()} {plan.points!r}")
            return self._feed(pool, waiting)

    def _feed(self, pool: Executor, waiting: deque[int]) -> list[int]:
        running: dict[Future[float], int] = {}
        width = in_flight(pool, self.workers, len(waiting))
        unfinished: list[int] = []
        try:
            while running or (waiting and not self.stopping.is_set()):
                while waiting and len(running) < width and not self.stopping.is_set():
                    task = self.store.task(waiting[0])
                    running[pool.submit(run_block, task)] = waiting[0]
                    waiting.popleft()
                for future in wait(running, POLL_SECONDS, FIRST_COMPLETED).done:
                    block = running.pop(future)
                    try:
                        self._take(block, future.result())
                    except CancelledError as error:
                        raise SimError(f"the cluster let go of a block; {GOES_ON}") from error
                    except Exception as error:
                        if not is_worker_death(error):
                            raise
                        unfinished.append(block)
                if self.stopping.is_set():
                    running = {f: b for f, b in running.items() if not f.cancel()}
        except Exception as error:
            if not is_worker_death(error):
                raise
            unfinished += running.values()
        finally:
            for future in running:
                future.cancel()
        return sorted(unfinished)

    def _again(self, unfinished: list[int]) -> None:
        """Run blocks again, one at a time, so that only one that ends its process is split."""
        for block, seconds in _alone(unfinished, lambda b: partial(run_block, self.store.task(b))):
            if seconds is None:
                self._split(block)
            else:
                self._take(block, seconds)
            if self.stopping.is_set():
                return

    def _split(self, block: int) -> None:
        """Run a block that ended its process twice run by run; what ends it again is aborted."""
        task = self.store.task(block)
        parts = task.work.parts()
        if len(parts) == 1:
            self.lost.add(block)
            self._count(block, self.store.plan.grid.runs_of(block))
            return
        records: list[RunRecord] = []
        for part, made in _alone(parts, lambda part: part.records):
            records += part.aborted() if made is None else made
        write_block(task, records)
        self._take(block, 0.0)

    def _take(self, block: int, seconds: float) -> None:
        self.store.take(block)
        self.run_seconds += seconds
        self._count(block, self.store.receipts[block].without_numbers)

    def _count(self, block: int, failed: int) -> None:
        self.done += self.store.plan.grid.runs_of(block)
        self.failed += failed
        self._report()

    def _report(self) -> None:
        if self.progress is not None:
            left = self.rate.seconds_left(self.done, self.total)
            self.progress(self.done, self.total, self.failed, left)


def _alone(
    items: Sequence[T], call: Callable[[T], Callable[[], R]]
) -> Iterator[tuple[T, R | None]]:
    """Each item with the answer to its call, made one at a time; None if that ends its process."""
    waiting = deque(items)
    while waiting:
        with local_pool(2) as pool:
            try:
                while waiting:
                    answer = pool.submit(call(waiting[0])).result()
                    yield waiting.popleft(), answer
            except Exception as error:
                if not is_worker_death(error):
                    raise
        if waiting:
            yield waiting.popleft(), None


@contextmanager
def _first_interrupt_asks(stopping: threading.Event) -> Iterator[None]:
    """The first Ctrl-C sets the event, the second interrupts; elsewhere than in the main thread
    Python allows no handler, and the caller's own way of stopping holds.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGINT)

    def ask(number: int, frame: FrameType | None) -> None:
        stopping.set()
        signal.signal(signal.SIGINT, before)

    signal.signal(signal.SIGINT, ask)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def until_narrow(
    run: Callable[[int, T | None], T],
    halfwidth: Callable[[T], float],
    wanted: float,
    at_first: int,
    at_most: int,
) -> T:
    """Run with more and more replicates until a half-width is at most what is wanted.

    Every look doubles the replicates, so the looks do not depend on what they show. `run` is called
    with the replicates and the result of the look before; a half-width of NaN goes on.
    """
    replicates = min(at_first, at_most)
    result = run(replicates, None)
    while replicates < at_most:
        found = halfwidth(result)
        if not math.isnan(found) and found <= wanted:
            break
        replicates = min(GROWTH * replicates, at_most)
        result = run(replicates, result)
    return result
