"""First run of a scenario with its default pictures, against its simulation alone.

    python -m benchmarks.first_run [--scenario tiny] [--repeats 3]

The command may take at most 2.5 times its simulation plus 4 s; kernels are compiled before. Each
repeat is a fresh folder; the medians are printed, and processor time beside the clock's. A stored
result is then asked again. Stop other programs first.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

TIMES, SECONDS, AGAIN = 2.5, 4.0, 2.0
SIM = "from sim.cli import main; main()"


class Took(NamedTuple):
    """Seconds of the clock and of all processors."""

    clock: float
    processor: float


def command(scenario: str, folder: str, *more: str) -> Took:
    """One `sim run` in a process of its own."""
    words = [sys.executable, "-c", SIM, "run", scenario, "--out", folder, *more]
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(words, check=True, capture_output=True, env={**os.environ, "NO_COLOR": "1"})
    clock, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Took(clock, spent)


def simulation(folder: str) -> float:
    """Seconds from the first run to the last, as the manifest has them."""
    (manifest,) = Path(folder).glob("*/manifest.json")
    (session,) = json.loads(manifest.read_text())["sessions"]
    began, ended = (datetime.fromisoformat(session[end]) for end in ("started", "ended"))
    return (ended - began).total_seconds()


def main() -> int:
    """Print the medians; 1 if one of them passes its limit."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scenario", default="tiny")
    parser.add_argument("--repeats", type=int, default=3)
    asked = parser.parse_args()
    found = []
    for _ in range(asked.repeats):
        with tempfile.TemporaryDirectory() as folder:
            command(asked.scenario, f"{folder}/bare", "--figures", "none")  # compiles, reads files
            whole = command(asked.scenario, f"{folder}/drawn")
            again = command(asked.scenario, f"{folder}/drawn")
            found.append((simulation(f"{folder}/drawn"), *whole, *again))
    runs, clock, spent, again, spent_again = map(statistics.median, zip(*found, strict=True))
    allowed = TIMES * runs + SECONDS
    print(f"simulation    {runs:6.1f} s")
    print(f"whole command {clock:6.1f} s, processor {spent:.1f} s; allowed {allowed:.1f} s")
    print(f"ratio         {clock / runs:6.2f}, less {SECONDS:g} s {(clock - SECONDS) / runs:.2f}")
    print(f"stored, again {again:6.1f} s, processor {spent_again:.1f} s; allowed {AGAIN:g} s")
    return int(clock > allowed or again > AGAIN)


if __name__ == "__main__":
    sys.exit(main())
