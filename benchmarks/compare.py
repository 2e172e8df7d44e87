"""Speed as ratios, all measured in one invocation: `python -m benchmarks.compare [--quick]`.

Programs that are compared take turns, and the fastest of their turns counts. Run it alone: the
times on one core are processor times, all others are those of the clock.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

from benchmarks.kernels import kernel_figures
from benchmarks.runs import run_figures
from benchmarks.startup import startup_figures

LIMITS = {
    "mesa_over_ours_one_core": (">=", 100.0),
    "numpy_over_ours_one_core": (">=", 3.0),
    "ours_over_c_one_core": ("<=", 1.5),
    "ours_over_c_two_cores": ("<=", 1.5),
    "batch_run_over_sweep": (">=", 100.0),
    "run_over_choice": ("<=", 1.7),
    "mesa_over_run": (">=", 100.0),
    "clients_slope": ("<=", 1.05),
    "bytes_per_workload": ("<=", 120.0),
    "bytes_per_client": ("<=", 80.0),
    "compile_seconds": ("<=", 25.0),
    "later_start_seconds": ("<=", 2.0),
    "help_seconds": ("<=", 0.3),
    "check_seconds": ("<=", 1.0),
    "overhead_per_run_ms": ("<=", 0.5),
}


def lines(figures: dict[str, float]) -> list[str]:
    """A line a figure, those with a limit first."""
    out = []
    for name in (*LIMITS, *sorted(figures.keys() - LIMITS.keys())):
        if name not in figures:
            continue
        value = figures[name]
        text = f"{name:28s} {value:12,.3f}"
        if name in LIMITS:
            sign, limit = LIMITS[name]
            good = value >= limit if sign == ">=" else value <= limit
            text += f"   {sign} {limit:g}  {'met' if good else 'NOT MET'}"
        out.append(text)
    return out


def main() -> int:
    """Measure, print, and write JSON if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    parser.add_argument("--quick", action="store_true", help="smaller markets, fewer repeats")
    parser.add_argument(
        "--only", choices=("kernels", "runs", "startup"), help="one group of figures"
    )
    given = parser.parse_args()
    # a user has this unset: Python keeps the code of modules, and a start reads no source
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    groups = {"kernels": kernel_figures, "runs": run_figures, "startup": startup_figures}
    figures: dict[str, float] = {}
    for name, measure in groups.items():
        if given.only in (None, name):
            print(f"measuring {name} ...", file=sys.stderr, flush=True)
            figures |= measure(given.quick, figures)
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    print("\n".join(lines(figures)))
    if given.json:
        given.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
