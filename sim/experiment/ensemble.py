"""All runs of a scenario: planned, handed to workers, stored, and gone on with after a stop."""

from __future__ import annotations

import signal
import threading
from collections import deque
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from sim.errors import SimError
from sim.experiment.blocks import BlockDone, BlockTask, run_block
from sim.experiment.executors import (
    default_workers,
    in_flight,
    local_pool,
    refuse_while_importing_main,
)
from sim.experiment.plan import Plan, plan_ensemble
from sim.experiment.progress import ProgressCallback, Rate
from sim.experiment.result import Result
from sim.experiment.run import ModelMaker
from sim.experiment.store import Store
from sim.experiment.worlds import World

if TYPE_CHECKING:
    from sim.scenario.schema.scenario import Scenario

POLL_SECONDS = 0.5
RESULTS = Path("results")


def run_ensemble(
    scenario: Scenario,
    *,
    replicates: int | None = None,
    seed: int | None = None,
    workers: int | None = None,
    executor: Executor | None = None,
    out: Path | str = RESULTS,
    progress: ProgressCallback | None = None,
    worlds: tuple[World, ...] | None = None,
    model: ModelMaker | None = None,
) -> Result:
    """Run every world of a scenario in every replicate, or go on where an earlier call stopped.

    Parameters
    ----------
    scenario
        What is run.
    replicates, seed
        Taken from the scenario's `[ensemble]` unless given.
    workers
        Processes of this machine; its cores unless given; 1 runs in this process.
    executor
        Any executor instead; it must see the folder `out`.
    out
        The result lies in `out/<name>-<hash8>`; the same inputs lead to the same folder.
    progress
        Called with (runs done, runs in all, failed, seconds left or None).
    worlds
        The worlds to run instead of those of `worlds_of(scenario)`.
    model
        Maker of the model, for tests and for other engines; must be importable by workers.

    Returns
    -------
    Result
        A run that failed is a row of it.

    Raises
    ------
    SimError
        The folder cannot be used or written, or workers do not start.
    KeyboardInterrupt
        After Ctrl-C, when blocks in flight are stored; a second Ctrl-C does not wait for them.
    """
    refuse_while_importing_main()
    if workers is not None and workers < 1:
        raise SimError(f"workers = {workers}: at least 1")
    plan = plan_ensemble(scenario, replicates, seed, worlds=worlds, model=model)
    with Store.opened(Path(out), plan) as store:
        tasks = store.tasks()
        width = min(workers or default_workers(plan.client_months), max(1, len(tasks)))
        if not store.is_finished():
            store.start(width)
        work = _Work(store, progress, executor, width)
        lost = work.through(tasks)
        store.finish(lost, work.run_seconds)
        return Result(store.folder)


class _Work:
    """The dispatch of the missing blocks of one store."""

    def __init__(
        self,
        store: Store,
        progress: ProgressCallback | None,
        executor: Executor | None,
        workers: int,
    ) -> None:
        self.store = store
        self.progress = progress
        self.executor = executor
        self.workers = workers
        self.rate = Rate()
        self.run_seconds = 0.0
        self.lost: dict[int, str] = {}
        self.stopping = threading.Event()

    @property
    def plan(self) -> Plan:
        return self.store.plan

    def through(self, tasks: list[BlockTask]) -> dict[int, str]:
        """Run all tasks; the replicates that killed their worker twice, with a message."""
        self._tell()
        waiting = deque(tasks)
        with _first_interrupt_asks(self.stopping):
            while waiting and not self.stopping.is_set():
                suspects = self._drain(waiting)
                for task in suspects:
                    self._alone(task)
        if self.stopping.is_set():
            self.store.interrupted()
            raise KeyboardInterrupt
        return self.lost

    def _drain(self, waiting: deque[BlockTask]) -> list[BlockTask]:
        """Run until nothing waits or the pool breaks; blocks in flight at the break come back."""
        if self.executor is not None:
            suspects = self._feed(self.executor, waiting)
            if suspects:
                raise SimError(
                    f"the executor broke at replicate {suspects[0].replicate}; finished "
                    "replicates are kept, and the same command goes on from there"
                )
            return []
        with local_pool(self.workers) as pool:
            return self._feed(pool, waiting)

    def _feed(self, pool: Executor, waiting: deque[BlockTask]) -> list[BlockTask]:
        running: dict[Future[BlockDone], BlockTask] = {}
        width = in_flight(pool, self.workers, len(waiting))
        suspects: list[BlockTask] = []
        try:
            while running or (waiting and not self.stopping.is_set()):
                while waiting and len(running) < width and not self.stopping.is_set():
                    running[pool.submit(run_block, waiting[0])] = waiting[0]
                    waiting.popleft()
                for future in wait(running, POLL_SECONDS, FIRST_COMPLETED).done:
                    task = running.pop(future)
                    try:
                        self._take(future.result())
                    except BrokenExecutor:
                        suspects.append(task)
                if self.stopping.is_set():
                    running = {f: t for f, t in running.items() if not f.cancel()}
        except BrokenExecutor:
            suspects += running.values()
        finally:
            for future in running:
                future.cancel()
        return sorted(suspects, key=lambda task: task.replicate)

    def _alone(self, task: BlockTask) -> None:
        """A second chance in a process of its own, so that the guilty block alone is lost."""
        if self.stopping.is_set():
            return
        try:
            with local_pool(2) as pool:
                self._take(pool.submit(run_block, task).result())
        except BrokenExecutor:
            self.lost[task.replicate] = "the worker process ended abruptly, twice"
            self._tell()

    def _take(self, block: BlockDone) -> None:
        self.store.take(block.replicate)
        self.run_seconds += block.seconds
        self._tell()

    def _tell(self) -> None:
        if self.progress is None:
            return
        worlds = len(self.plan.worlds)
        receipts = self.store.receipts
        done = (len(receipts) + len(self.lost)) * worlds
        total = self.plan.replicates * worlds
        failed = sum(r.failed for r in receipts.values()) + len(self.lost) * worlds
        self.progress(done, total, failed, self.rate.seconds_left(done, total))


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
