"""Settings of runs and of our processes, which no number depends on."""

from __future__ import annotations

import atexit
import gc
import os
import re
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from sim.errors import SimError

RESULTS = Path(os.environ.get("SIM_RESULTS") or "results")
LATEST = "latest"  # stands for the newest result
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
OBJECTS = 1_000_000  # new ones between two searches, more than are loaded; Python has 700

PROCESSES_A_CORE = 16
"""Worker processes at most; more of them only take memory."""


def refuse_workers(workers: int | None) -> None:
    """SimError if this is no number of worker processes for this machine; None is."""
    most = PROCESSES_A_CORE * (os.cpu_count() or 1)
    if workers is not None and not 1 <= workers <= most:
        raise SimError(f"workers = {workers}: at least 1, and at most {most} on this machine")


@dataclass(frozen=True)
class RunSettings:
    """Where runs are made and stored, the same for an ensemble and a sweep."""

    out: Path | str = RESULTS  # takes the result folder
    workers: int | None = None  # processes; the cores unless given; 1 runs in this process
    executor: Executor | None = None  # instead, such as one of a cluster; it must see `out`
    progress: ProgressCallback | None = None
    name: str = ""  # of the result folder; made of the inputs unless given

    def __post_init__(self) -> None:
        refuse_workers(self.workers)
        if self.name and (not NAME.fullmatch(self.name) or self.name == LATEST):
            rule = f"letters, digits and _ . -, and not {LATEST}"
            raise SimError(f"the name {self.name!r} of a result folder: {rule}")

    def of_part(self, part: str) -> RunSettings:
        """The same for one of several named folders; without a name nothing changes."""
        return replace(self, name=f"{self.name}-{part}") if self.name else self

    @property
    def unnamed(self) -> RunSettings:
        """The same for the further folders of a finding, whose names are made of their inputs."""
        return replace(self, name="")


def search_seldom() -> None:
    """Search for garbage less often: nearly all objects that a run loads and makes stay in use.

    With Python's own number such searches take a tenth of a short run. At the end of the process
    the objects are left out of the last search, which takes half a second. For processes of ours
    only, never for a library.
    """
    gc.set_threshold(OBJECTS)
    atexit.register(gc.freeze)


class ProgressCallback(Protocol):
    """Called after every block, and once before the first."""

    def __call__(self, done: int, total: int, failed: int, seconds_left: float | None, /) -> object:
        """Runs done (those found in the folder included), runs in all, failed, time left."""


class Rate:
    """Time left, from the pace of what was done since the start."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._first: int | None = None

    def seconds_left(self, done: int, total: int) -> float | None:
        """Seconds until `total`, None before anything was done."""
        if self._first is None:
            self._first = done
        fresh = done - self._first
        if done >= total:
            return 0.0
        return (time.monotonic() - self._began) / fresh * (total - done) if fresh else None


def clock(seconds: float) -> str:
    """Hours, minutes and seconds for people."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02d} min"
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


class PlainProgress:
    """A line on stderr now and then, for logs and pipes."""

    def __init__(self, every_seconds: float = 5.0) -> None:
        self._every = every_seconds
        self._began = time.monotonic()
        self._last = -every_seconds
        self._first: int | None = None

    def __call__(self, done: int, total: int, failed: int, seconds_left: float | None) -> None:
        """Print a line if the last one is old enough or the work is done."""
        passed = time.monotonic() - self._began
        if self._first is None:
            self._first = done
        if done < total and passed - self._last < self._every:
            return
        self._last = passed
        rate = f", {(done - self._first) / passed:.2f} runs/s" if done > self._first else ""
        left = f", {clock(seconds_left)} left" if seconds_left is not None else ""
        if done >= total:
            left = f" in {clock(passed)}"
        bad = f", {failed} failed" if failed else ""
        print(f"{done}/{total} runs{bad}{rate}{left}", file=sys.stderr, flush=True)


@contextmanager
def bar_on_terminal() -> Iterator[ProgressCallback]:
    """A moving bar; its last state stays as a line."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (
        TextColumn("runs"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[note]}"),
    )
    last_line = PlainProgress(every_seconds=float("inf"))
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("runs", total=None, note="")

        def move(done: int, total: int, failed: int, seconds_left: float | None) -> None:
            pace = ""
            if seconds_left:
                pace = f"{(total - done) / seconds_left:.2f} runs/s, {clock(seconds_left)} left"
            note = pace + (f", {failed} failed" if failed else "")
            bar.update(task, completed=done, total=total, note=note)
            if done >= total:
                last_line(done, total, failed, seconds_left)

        yield move


@contextmanager
def figures_on_stderr() -> Iterator[Callable[[int, int], None]]:
    """How many figures are drawn: one line that counts on a terminal, else one line in all."""
    terminal = sys.stderr.isatty()
    began = time.monotonic()

    def tell(done: int, total: int) -> None:
        if terminal:
            print(f"\rfigures {done}/{total}", end="", file=sys.stderr, flush=True)
        elif done == 0:
            print(f"drawing {total} figure{'s'[: total > 1]}", file=sys.stderr, flush=True)
        elif done == total:
            took = clock(time.monotonic() - began)
            print(f"{total} figure{'s'[: total > 1]} in {took}", file=sys.stderr)

    try:
        yield tell
    finally:
        if terminal:
            print("\r\033[K", end="", file=sys.stderr, flush=True)


@contextmanager
def progress_on_stderr() -> Iterator[ProgressCallback]:
    """A bar on a terminal, plain lines elsewhere; an interruption says how many runs are kept."""
    kept: list[int] = []
    shown = bar_on_terminal() if sys.stderr.isatty() else nullcontext(PlainProgress())
    try:
        with shown as report:

            def noted(done: int, total: int, failed: int, seconds_left: float | None) -> None:
                kept[:] = done, total
                report(done, total, failed, seconds_left)

            yield noted
    except KeyboardInterrupt:
        if kept:
            print(f"{kept[0]} of {kept[1]} runs are kept", file=sys.stderr, flush=True)
        raise
