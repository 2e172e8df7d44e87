"""Peak memory of the parent and of its workers, for sweeps of different sizes.

    python benchmarks/sweep_memory.py --runs 100 10000

Each size runs in a process of its own. Exits 1 if the parent grows by 50 MB or more from the first
size to the last.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ALLOWED_MB = 50.0
REPLICATES = 5
STUDY = """
scenario = "{scenario}"
design = {{ kind = "latin_hypercube", points = {points}, seed = 5 }}
replicates = {replicates}
[set]
"population.clients" = {clients}
"calendar.months" = {months}
"containment.window_months" = 3
[levers]
"vendors.third.pricing.markup" = {{ low = 0.2, high = 1.0 }}
[uncertainties]
"supply.availability" = {{ low = 0.4, high = 1.0 }}
[claims.third_is_small]
statement = "the third cloud stays below a third of tokens"
measure = "platform_token_share"
of = "third"
below = 0.33
"""


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, nargs="+", default=[50, 500])
    parser.add_argument("--clients", type=int, default=20)
    parser.add_argument("--months", type=int, default=12)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--study", help=argparse.SUPPRESS)
    parser.add_argument("--out", help=argparse.SUPPRESS)
    return parser.parse_args()


def peak_mb(who: int) -> float:
    peak = resource.getrusage(who).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak / 1e3


def one(options: argparse.Namespace) -> None:
    import sim

    result = sim.sweep(options.study, workers=options.workers, out=options.out)
    rows = result.manifest["runs"]["done"]
    peaks = [peak_mb(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    print(json.dumps({"rows": rows, "parent": peaks[0], "worker": peaks[1]}))


def measured(options: argparse.Namespace, runs: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as name:
        study = Path(name) / "memory.toml"
        scenario = (ROOT / "scenarios" / "tiny.toml").as_posix()
        points = runs // REPLICATES
        study.write_text(
            STUDY.format(
                scenario=scenario,
                points=points,
                replicates=REPLICATES,
                clients=options.clients,
                months=options.months,
            )
        )
        command = [sys.executable, __file__, "--study", str(study), "--out", name]
        told = subprocess.run(
            [*command, "--workers", str(options.workers)],
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        ).stdout
        found: dict[str, float] = json.loads(told.splitlines()[-1])
        return found


def main() -> int:
    options = arguments()
    if options.study:
        one(options)
        return 0
    peaks = []
    for runs in options.runs:
        found = measured(options, runs)
        peaks.append(found)
        print(
            f"{found['rows']:>7.0f} runs: parent {found['parent']:7.1f} MB, "
            f"largest worker {found['worker']:7.1f} MB",
            flush=True,
        )
    grown = peaks[-1]["parent"] - peaks[0]["parent"]
    print(f"the parent grew by {grown:.1f} MB (allowed: below {ALLOWED_MB:.0f} MB)")
    return 0 if grown < ALLOWED_MB else 1


if __name__ == "__main__":
    sys.exit(main())
