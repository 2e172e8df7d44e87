"""Settings of runs and of our processes, which no number depends on."""

from __future__ import annotations

import atexit
import gc
import os
import re
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path

from sim.errors import SimError
from sim.runs.progress import ProgressCallback

RESULTS = Path(os.environ.get("SIM_RESULTS") or "results")
LATEST = "latest"  # stands for the newest result
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
OBJECTS = 1_000_000  # new ones between two searches, more than are loaded; Python has 700


@dataclass(frozen=True)
class RunSettings:
    """Where runs are made and stored, the same for an ensemble and a sweep."""

    out: Path | str = RESULTS  # takes the result folder
    workers: int | None = None  # processes; the cores unless given; 1 runs in this process
    executor: Executor | None = None  # instead, such as one of a cluster; it must see `out`
    progress: ProgressCallback | None = None
    name: str = ""  # of the result folder; made of the inputs unless given

    def __post_init__(self) -> None:
        if self.workers is not None and self.workers < 1:
            raise SimError(f"workers = {self.workers}: at least 1")
        if self.name and (not NAME.fullmatch(self.name) or self.name == LATEST):
            rule = f"letters, digits and _ . -, and not {LATEST}"
            raise SimError(f"the name {self.name!r} of a result folder: {rule}")


def search_seldom() -> None:
    """Search for garbage less often: nearly all objects that a run loads and makes stay in use.

    With Python's own number such searches take a tenth of a short run. At the end of the process
    the objects are left out of the last search, which takes half a second. For processes of ours
    only, never for a library.
    """
    gc.set_threshold(OBJECTS)
    atexit.register(gc.freeze)
