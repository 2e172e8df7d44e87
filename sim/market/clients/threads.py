"""How many threads share the client kernels, and how they share them.

Each thread takes a range of clients and adds up in whole numbers of its own, so results are equal
to the last bit for any number of threads. Kernels release the interpreter's lock.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TypeVar

import numpy as np
import numpy.typing as npt

T = TypeVar("T")
R = TypeVar("R")
VARIABLE = "SIM_THREADS"
LEAST_CLIENTS = 10_000  # below, a thread costs more than it saves


def default_threads() -> int:
    """Threads of this process: SIM_THREADS, else one in a worker process, else one a core."""
    stated = os.environ.get(VARIABLE, "")
    if stated:
        return max(1, int(stated))
    if multiprocessing.parent_process() is not None:
        return 1
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def threads_for(clients: int, threads: int | None = None) -> int:
    """Threads worth having for a population."""
    wanted = default_threads() if threads is None else threads
    return max(1, min(wanted, clients // LEAST_CLIENTS))


@cache
def _pool(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads, thread_name_prefix="sim-clients")


def added(parts: Sequence[npt.NDArray[np.int64]]) -> npt.NDArray[np.int64]:
    """The sum of what each thread has counted."""
    return parts[0] if len(parts) == 1 else np.add.reduce(parts, axis=0)


def over_items(work: Callable[[T], R], items: Sequence[T]) -> list[R]:
    """What `work` gives for each item, in their order; threads share the items."""
    threads = min(default_threads(), len(items))
    if threads <= 1:
        return [work(item) for item in items]
    return list(_pool(threads).map(work, items))


def over_ranges(n: int, parts: int, work: Callable[[int, int, int], R]) -> list[R]:
    """Results of work(part, begin, end) on so many ranges of n rows, each in its own thread."""
    if parts == 1:
        return [work(0, 0, n)]
    ends = [n * part // parts for part in range(parts + 1)]
    jobs = [_pool(parts).submit(work, part, ends[part], ends[part + 1]) for part in range(1, parts)]
    return [work(0, 0, ends[1]), *(job.result() for job in jobs)]
