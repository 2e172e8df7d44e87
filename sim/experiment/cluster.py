"""Blocks on a cluster: any Dask scheduler, or one that is started here."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from typing import Any

from sim.errors import SimError
from sim.experiment.executors import default_workers

LOCAL = "local-cluster"
PATIENCE_SECONDS = 30
RETRIES = 3


@contextmanager
def cluster_executor(scheduler: str, workers: int | None = None) -> Iterator[Executor]:
    """An executor on a Dask cluster; workers may come and go while it is used.

    Parameters
    ----------
    scheduler
        Address such as `tcp://host:8786`, or `local-cluster` for processes of this machine.
    workers
        Processes of a local cluster; its cores unless given.

    Raises
    ------
    SimError
        The extra `cluster` is not installed, or no scheduler answers.
    """
    try:
        distributed: Any = importlib.import_module("distributed")
    except ImportError as error:
        raise SimError("a scheduler needs the extra: pip install 'sim[cluster]'") from error
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
        client = distributed.Client(scheduler, timeout=PATIENCE_SECONDS, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        raise SimError(f"no scheduler answers at {scheduler}: {error}") from error
    with client:
        yield client.get_executor(pure=False, retries=RETRIES)
