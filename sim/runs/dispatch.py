"""Blocks handed to workers, stored, gone on with after a stop, adopted by a larger ensemble."""

from __future__ import annotations

import os
import shutil
import signal
import threading
from collections import deque
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, CancelledError, Executor, Future, wait
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from sim.errors import SimError
from sim.runs.blocks import BlockDone, run_block, write_block
from sim.runs.curves import chunk_path
from sim.runs.executors import (
    default_workers,
    in_flight,
    is_worker_death,
    local_pool,
    refuse_while_importing_main,
)
from sim.runs.files import cannot_write, read_json, write_atomically
from sim.runs.plan import RunPlan
from sim.runs.progress import Rate
from sim.runs.receipts import read_receipt, receipt_path, rows_path, sealed
from sim.runs.rows import RunRecord
from sim.runs.run import BlockRuns
from sim.runs.settings import RunSettings
from sim.runs.store import Store


def adopt_blocks(store: Store, folder: Path, earlier: RunPlan) -> int:
    """Take over the sound blocks of an earlier plan that differs in its replicates alone.

    Where replicates have draws, those of the earlier plan are the first of this one.

    Files are linked, or copied where the disk knows no links; the earlier folder stays as it is.

    Returns
    -------
    int
        How many were taken.

    Raises
    ------
    SimError
        The disk refuses.
    """
    grid, before = store.plan.grid, earlier.grid
    places = {
        (before.points_of(block), before.replicates_of(block)): block
        for block in range(before.blocks)
    }
    taken = 0
    draws, drawn = store.plan.recipe.draws, earlier.recipe.draws
    if draws is not None and (drawn is None or draws.of[: len(drawn.of)] != drawn.of):
        return taken
    for block in store.missing():
        old = places.get((grid.points_of(block), grid.replicates_of(block)))
        if old is None or grid.shape != before.shape:
            continue
        receipt, _ = read_receipt(folder, old, earlier.key, before.label(old))
        if receipt is None:
            continue
        document = read_json(receipt_path(folder, old))
        hashes = dict(document["sha256"])
        for name, dims in receipt.layout.dims.items():
            place = chunk_path(name, grid.chunk(block), len(dims))
            _link(folder / place, store.folder / place)
        rows = rows_path(store.folder, block)
        _link(rows_path(folder, old), rows)
        digest = hashes.pop(rows_path(folder, old).relative_to(folder).as_posix())
        name = rows.relative_to(store.folder).as_posix()
        changed = {"key": store.plan.key, "block": block, "rows": name}
        content = sealed({**document, **changed, "sha256": {**hashes, name: digest}})
        write_atomically(receipt_path(store.folder, block), content)
        store.take(block)
        taken += 1
    return taken


def _link(source: Path, target: Path) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        try:
            os.link(source, target)
        except OSError:
            shutil.copyfile(source, target)
    except OSError as error:
        raise cannot_write(target, error) from error


POLL_SECONDS = 0.5
GOES_ON = "finished blocks are kept, and the same command goes on from there"


def run_plan(
    plan: RunPlan, settings: RunSettings, earlier: tuple[Path, RunPlan] | None = None
) -> Path:
    """Run every block of a plan that is not stored yet; the folder of the result.

    Parameters
    ----------
    plan, settings
        What is run, and where.
    earlier
        Folder and plan of the same runs with fewer replicates, whose blocks are taken over.

    Raises
    ------
    SimError
        The folder cannot be used or written, or workers do not start.
    KeyboardInterrupt
        After Ctrl-C, when blocks in flight are stored; a second Ctrl-C does not wait for them.
    """
    refuse_while_importing_main()
    out = Path(settings.out).absolute() if settings.executor else Path(settings.out)
    with Store.opened(out, plan) as store:
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
                self._alone(deque(self._drain(waiting)))
        if self.stopping.is_set():
            self.store.interrupted(self.lost)
            raise KeyboardInterrupt
        return self.lost

    def _drain(self, waiting: deque[int]) -> list[int]:
        """Run until nothing waits or the pool breaks; blocks in flight at the break come back."""
        if self.executor is not None:
            suspects = self._feed(self.executor, waiting)
            if suspects and waiting:
                label = self.store.plan.grid.label(suspects[0])
                raise SimError(f"the executor broke at {label}; {GOES_ON}")
            return suspects
        with local_pool(self.workers) as pool:
            return self._feed(pool, waiting)

    def _feed(self, pool: Executor, waiting: deque[int]) -> list[int]:
        running: dict[Future[BlockDone], int] = {}
        width = in_flight(pool, self.workers, len(waiting))
        suspects: list[int] = []
        try:
            while running or (waiting and not self.stopping.is_set()):
                while waiting and len(running) < width and not self.stopping.is_set():
                    task = self.store.task(waiting[0])
                    running[pool.submit(run_block, task)] = waiting[0]
                    waiting.popleft()
                for future in wait(running, POLL_SECONDS, FIRST_COMPLETED).done:
                    block = running.pop(future)
                    try:
                        self._take(future.result())
                    except CancelledError as error:
                        raise SimError(f"the cluster let go of a block; {GOES_ON}") from error
                    except Exception as error:
                        if not is_worker_death(error):
                            raise
                        suspects.append(block)
                if self.stopping.is_set():
                    running = {f: b for f, b in running.items() if not f.cancel()}
        except Exception as error:
            if not is_worker_death(error):
                raise
            suspects += running.values()
        finally:
            for future in running:
                future.cancel()
        return sorted(suspects)

    def _alone(self, suspects: deque[int]) -> None:
        """A second chance, one block at a time, so that the guilty block alone is split."""
        while suspects and not self.stopping.is_set():
            with local_pool(2) as pool:
                try:
                    while suspects and not self.stopping.is_set():
                        task = self.store.task(suspects[0])
                        self._take(pool.submit(run_block, task).result())
                        suspects.popleft()
                    return
                except Exception as error:
                    if not is_worker_death(error):
                        raise
            self._split(suspects.popleft())

    def _split(self, block: int) -> None:
        """Run a block that ended its process twice run by run; the guilty ones are aborted."""
        task = self.store.task(block)
        parts = task.work.parts()
        if len(parts) == 1:
            self.lost.add(block)
            self._count(block, self.store.plan.grid.runs_of(block))
            return
        write_block(task, _one_by_one(deque(parts)))
        self._take(BlockDone(block, 0.0))

    def _take(self, done: BlockDone) -> None:
        self.store.take(done.block)
        self.run_seconds += done.seconds
        self._count(done.block, self.store.receipts[done.block].without_numbers)

    def _count(self, block: int, failed: int) -> None:
        self.done += self.store.plan.grid.runs_of(block)
        self.failed += failed
        self._report()

    def _report(self) -> None:
        if self.progress is not None:
            left = self.rate.seconds_left(self.done, self.total)
            self.progress(self.done, self.total, self.failed, left)


def _one_by_one(parts: deque[BlockRuns]) -> list[RunRecord]:
    """Records of runs that are run alone, those that end their process aborted."""
    records: list[RunRecord] = []
    while parts:
        with local_pool(2) as pool:
            try:
                while parts:
                    records += pool.submit(parts[0].records).result()
                    parts.popleft()
            except Exception as error:
                if not is_worker_death(error):
                    raise
                records += parts.popleft().aborted()
    return records


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
