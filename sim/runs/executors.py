"""Where blocks are run: in this process, in processes of this machine, or on a cluster."""

from __future__ import annotations

import asyncio
import importlib
import logging
import multiprocessing
import multiprocessing.connection
import os
import re
import signal
import socket
import struct
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import (
    BrokenExecutor,
    Executor,
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
)
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from sim.errors import SimError, cut
from sim.runs.settings import refuse_workers, search_seldom

P = ParamSpec("P")
T = TypeVar("T")

FOREIGN_WINDOW = 512  # blocks handed at a time to an executor of unknown width
SMALL_WORK = 2_000_000  # client-months, a few seconds: as long as processes take to start
NUMBA_THREADS = "NUMBA_NUM_THREADS"
THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


class InProcessExecutor(Executor):
    """Runs each call at once in this process: nothing to start, errors with their traceback."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Call `fn` now; its answer or exception is in the future."""
        future: Future[T] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


def default_workers(client_months: int | None = None) -> int:
    """Cores that this process may use; one for work that is done before a process has started."""
    if client_months is not None and client_months < SMALL_WORK:
        return 1
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def one_thread_each() -> None:
    """Prepare a worker: one thread for libraries, interrupts are the parent's business.

    A worker ends when its parent is gone, however that came about.
    """
    search_seldom()
    for name in THREAD_VARIABLES:
        os.environ[name] = "1"
    if "numba" not in sys.modules:  # once imported, numba refuses another number
        os.environ[NUMBA_THREADS] = "1"
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()


def _end_with(parent: int) -> None:
    # A pool's workers hold both ends of its pipes, so the death of the parent does not wake them.
    multiprocessing.connection.wait([parent])
    os._exit(1)


def local_pool(workers: int) -> Executor:
    """An executor on this machine; fresh processes (spawn), so that no state leaks in.

    SimError if the processes do not start, most often because a script starts them while it is
    itself being imported by one.
    """
    if workers == 1:
        return InProcessExecutor()
    refuse_while_importing_main()
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=one_thread_each)
    try:
        loaded = [pool.submit(load_market) for _ in range(workers)]
        if not loaded[0].result():
            pool.submit(compile_market).result()  # or each worker would compile the same
    except BrokenExecutor as error:
        pool.shutdown(wait=False)
        raise SimError(
            "worker processes die as they start; " + GUARD_ADVICE + ", or use workers=1"
        ) from error
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    return pool


def load_market() -> bool:
    """Load what every run of a market needs; whether nothing of it has to be compiled."""
    importlib.import_module("sim.market.simulation")
    from sim.numeric.jit import is_compiled

    return is_compiled()


def refuse_unseen(pool: Executor, named: str) -> None:
    """Stop before runs whose workers lack what the main script defines.

    `named` is a text of what the runs name. SimError for the first thing in it, or that every run
    needs, which a fresh process does not get by importing the script.
    """
    from sim.registry import of_main

    mine = of_main()
    if not mine or isinstance(pool, InProcessExecutor):
        return
    for kind, name in sorted(mine - pool.submit(of_main).result()):
        if kind == "measure" or re.search(rf"\b{re.escape(name)}\b", named):
            raise SimError(
                f"{kind} {name!r} is defined where worker processes do not see it: move it to a "
                'module, or to the top of the script above `if __name__ == "__main__":`; or use '
                "workers=1"
            )


def compile_market() -> None:
    """Run a month of the small market of `sim new`, so that its kernels lie on disk."""
    from sim.market.simulation import Simulation
    from sim.scenario.reader import load
    from sim.scenario.starter import starter_text

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "starter.toml"
        file.write_text(starter_text("starter"), encoding="utf-8")
        Simulation(load(file)).step()


GUARD_ADVICE = 'in a script, call sim.run under `if __name__ == "__main__":`'


def refuse_while_importing_main() -> None:
    """Stop a worker that is about to run the whole script again.

    SimError if this process is a worker that is still importing the main script.
    """
    # The same flag that multiprocessing itself checks before it starts a process.
    if getattr(multiprocessing.current_process(), "_inheriting", False):
        raise SimError(f"this script starts workers while a worker imports it; {GUARD_ADVICE}")


def is_worker_death(error: Exception) -> bool:
    """Whether an error says that a worker ended under its block, here or in a cluster."""
    if isinstance(error, BrokenExecutor):
        return True
    killed = getattr(sys.modules.get("distributed"), "KilledWorker", None)
    return killed is not None and isinstance(error, killed)


def in_flight(executor: Executor, workers: int | None, tasks: int) -> int:
    """How many blocks to hand over at a time.

    Our own executors get few, so that stopping is quick; of a foreign one nobody knows the width.
    """
    if isinstance(executor, InProcessExecutor):
        return 1
    if isinstance(executor, ProcessPoolExecutor) and workers is not None:
        return workers + 1
    return max(1, min(tasks, FOREIGN_WINDOW))


def _refuse_other_peer(scheduler: str) -> None:
    """OSError unless the peer greets as a scheduler does; one that does not is not asked again.

    Dask takes the first eight bytes of a peer for a size, and asks the machine for so much memory.
    """
    addressing: Any = importlib.import_module("distributed.comm.addressing")
    scheme, _, place = scheduler.rpartition("://")
    if scheme not in PLAIN:
        return
    where, deadline = addressing.parse_host_port(place, 8786), time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            peer = socket.create_connection(where, max(deadline - time.monotonic(), 0.1))
            break
        except ConnectionRefusedError:  # a scheduler that is still starting
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
    with peer:
        found = b""
        while len(found) < GREETING.size:
            peer.settimeout(max(deadline - time.monotonic(), 0.1))
            try:
                piece = peer.recv(GREETING.size - len(found))
            except TimeoutError:
                piece = b""
            if not piece:
                raise OSError(f"the peer says nothing in {PATIENCE_SECONDS} s, or hangs up")
            found += piece
    size, frames = GREETING.unpack(found)
    if not 0 < size < LARGEST_GREETING[0] or not 0 < frames < LARGEST_GREETING[1]:
        raise OSError("the peer does not greet as a scheduler does")


async def _meet(distributed: Any, scheduler: str) -> None:
    """Connect and leave as a client does, within a limit: Dask waits for some answers without end.

    OSError if the peer greets as a scheduler does and then answers nothing.
    """
    options = {"timeout": PATIENCE_SECONDS, "set_as_default": False, "asynchronous": True}
    client = distributed.Client(scheduler, **options)
    try:
        await asyncio.wait_for(client, PATIENCE_SECONDS)
    except TimeoutError:
        raise OSError(f"the peer greets, and says nothing more in {PATIENCE_SECONDS} s") from None
    finally:
        with suppress(Exception):
            await asyncio.wait_for(client.close(), 1.0)


def _client(distributed: Any, scheduler: str) -> Any:
    """A connected client. What Dask logs of a peer that is no scheduler is left to the error."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        _refuse_other_peer(scheduler)
        with ThreadPoolExecutor(1) as thread:  # a notebook has a running loop in its own
            thread.submit(lambda: asyncio.run(_meet(distributed, scheduler))).result()
        return distributed.Client(scheduler, timeout=PATIENCE_SECONDS, set_as_default=False)
    finally:
        logging.disable(before)


LOCAL = "local-cluster"
PATIENCE_SECONDS = 10
RETRIES = 3
GREETING = struct.Struct("QQ")
"""How a Dask scheduler greets: the bytes of its first message and the frames in them."""
LARGEST_GREETING = 1 << 20, 100
PLAIN = "", "tcp"
"""Schemes of addresses that are greeted without a cipher."""


@contextmanager
def cluster_executor(scheduler: str, workers: int | None = None) -> Iterator[Executor]:
    """An executor on a Dask cluster; workers may come and go while it is used.

    The scheduler is an address such as `tcp://host:8786`, or `local-cluster` for so many processes
    of this machine, one for each core unless given. SimError if the extra `cluster` is not
    installed, or no scheduler answers.
    """
    try:
        distributed: Any = importlib.import_module("distributed")
    except ImportError as error:
        raise SimError("a scheduler needs the extra: pip install 'sim[cluster]'") from error
    refuse_workers(workers)
    if scheduler == LOCAL:
        with (
            distributed.LocalCluster(
                n_workers=workers or default_workers(),
                threads_per_worker=1,
                dashboard_address=None,
                silence_logs=40,
            ) as cluster,
            distributed.Client(cluster, set_as_default=False) as client,
        ):
            yield client.get_executor(pure=False, retries=RETRIES)
        return
    try:
        client = _client(distributed, scheduler)
    except Exception as error:  # Dask raises what it meets
        reason = cut(" ".join(str(error).split()) or type(error).__name__)
        raise SimError(f"no scheduler answers at {cut(scheduler)}: {reason}") from error
    with client:
        yield client.get_executor(pure=False, retries=RETRIES)
