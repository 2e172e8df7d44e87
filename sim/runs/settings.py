"""Settings of runs: where they are made and stored, which no number depends on."""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path

from sim.errors import SimError
from sim.runs.progress import ProgressCallback

RESULTS = Path("results")


@dataclass(frozen=True)
class RunSettings:
    """Where runs are made and stored, the same for an ensemble and a sweep.

    Attributes
    ----------
    out
        The folder that takes the result folder.
    workers
        Processes of this machine; its cores unless given; 1 runs in this process.
    executor
        Any executor instead, such as one of a cluster; it must see the folder `out`.
    progress
        Called with (runs done, runs in all, failed, seconds left or None).

    Raises
    ------
    SimError
        There is less than one worker.
    """

    out: Path | str = RESULTS
    workers: int | None = None
    executor: Executor | None = None
    progress: ProgressCallback | None = None

    def __post_init__(self) -> None:
        if self.workers is not None and self.workers < 1:
            raise SimError(f"workers = {self.workers}: at least 1")
