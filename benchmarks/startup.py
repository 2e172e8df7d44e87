"""What a command costs before it does anything: compilation, imports, bookkeeping of runs."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

ROOT = Path(__file__).parents[1]
FIRST_MONTH = ("-m", "benchmarks.first_month", "scenarios/tiny.toml")
WHOLE_RUN = """
from sim.market.simulation import Simulation
Simulation("scenarios/volcano-dam.toml", 1).run()
"""


def seconds_of(*command: str, **environment: str) -> float:
    """Time of the clock of a fresh Python.

    Raises
    ------
    subprocess.CalledProcessError
        The command fails.
    """
    began = time.perf_counter()
    subprocess.run(
        [sys.executable, *command],
        check=True,
        capture_output=True,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)} | environment,
    )
    return time.perf_counter() - began


def processor_seconds() -> float:
    """Time that processors have spent on the processes started here, and on theirs."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class EmptyMarket:
    """A model that does nothing."""

    dims: ClassVar[dict[str, tuple[str, ...]]] = {"platform_token_share": ("vendor",)}

    def __init__(self, scenario: Any, rng: np.random.SeedSequence) -> None:
        vendors = tuple(sorted(scenario.vendors))
        self.axes = {"vendor": vendors}
        self.facts: dict[str, float] = {}
        self.curves = {
            "platform_token_share": np.full((scenario.calendar.months, len(vendors)), 0.5)
        }

    def run(self) -> None:
        """Nothing."""


def overhead_per_run_ms(replicates: int) -> float:
    """Milliseconds that planning, running and storing an empty run takes, once all is imported."""
    from sim.runs.ensemble import run_ensemble
    from sim.runs.settings import RunSettings
    from sim.scenario.reader import load

    scenario = load(ROOT / "scenarios" / "tiny.toml")
    with tempfile.TemporaryDirectory() as folder:
        for count in (2, replicates):
            began = time.perf_counter()
            result = run_ensemble(
                scenario, RunSettings(workers=1, out=folder), replicates=count, model=EmptyMarket
            )
            runs = len(result.runs)
            seconds = time.perf_counter() - began
    return seconds / runs * 1e3


def startup_figures(quick: bool, _: dict[str, float]) -> dict[str, float]:
    """Seconds of commands, each in a fresh process."""
    turns = 3 if quick else 7
    with tempfile.TemporaryDirectory() as cache:
        busy = processor_seconds()
        first = seconds_of("-c", WHOLE_RUN, NUMBA_CACHE_DIR=cache)
        compiling = processor_seconds() - busy
        again = min(seconds_of("-c", WHOLE_RUN, NUMBA_CACHE_DIR=cache) for _ in range(turns))
        later = [
            seconds_of(*FIRST_MONTH, f"{cache}/{turn}", NUMBA_CACHE_DIR=cache)
            for turn in range(turns)
        ]
    start = "from sim.cli import main; main()"
    help_ = [seconds_of("-c", start, "--help") for _ in range(turns)]
    check = [seconds_of("-c", start, "check", "scenarios/volcano-dam.toml") for _ in range(turns)]
    return {
        "compile_seconds": first - again,
        "compile_processor_seconds": compiling - again,
        "later_start_seconds": min(later),
        "later_start_median_seconds": statistics.median(later),
        "help_seconds": statistics.median(help_),
        "check_seconds": statistics.median(check),
        "overhead_per_run_ms": overhead_per_run_ms(50 if quick else 200),
    }
