"""Times an inference, kills it again and again, and runs it on a cluster; bytes must be the same.

    python benchmarks/inference_kill.py --simulations 10000 --kills 10 --cluster-kills 3

The inference is `sim calibrate` of the main scenario on the record to June 2025. It runs through
once; then again, ended by SIGKILL, parent and workers, at seeded random moments of the time that
it took, and gone on with each time; then on a Dask cluster of local workers, ended in the same way
`--cluster-kills` times. Exits 1 if an inference fails, or the bytes of the posterior or of the
report differ. The line above is the inference that ships: three times its time and a little more.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
CHECKED = ("*.posterior.parquet", "*-calibrated.toml", "inference.json")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scenario", type=Path, default=ROOT / "scenarios" / "volcano-dam.toml")
    parser.add_argument("--to", default="2025-06")
    parser.add_argument("--simulations", type=int, default=400)
    parser.add_argument("--clients", type=int, default=2_000)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--cluster-kills", type=int, default=0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


def begun(options: argparse.Namespace, out: Path, *more: str) -> subprocess.Popen[bytes]:
    """The inference, in a process group of its own."""
    command = [sys.executable, "-c", "from sim.cli import main; main()", "calibrate"]
    numbers = ("--simulations", options.simulations, "--clients", options.clients)
    rest = [*numbers, "--to", options.to, "--workers", options.workers, "--out", out, *more]
    return subprocess.Popen(
        [*command, str(options.scenario), *map(str, rest)],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def stored(out: Path) -> dict[str, str]:
    """Hashes of what an inference stores."""
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for pattern in CHECKED
        for path in out.glob(f"*/{pattern}")
    }


def kept(out: Path) -> int:
    """Finished blocks."""
    return sum(path.read_bytes().count(b"\n") for path in out.glob("*/simulations.jsonl"))


def killed(options: argparse.Namespace, out: Path, kills: int, seconds: float, *more: str) -> int:
    """End the inference at random moments; how often it was still at work."""
    rng = np.random.default_rng(options.seed)
    hits = 0
    for number in range(kills):
        process = begun(options, out, *more)
        wait = float(rng.uniform(0.0, 2.0 * seconds / kills))
        try:
            process.wait(wait)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            hits += 1
        print(f"kill {number + 1:2}: after {wait:5.1f} s, {kept(out)} lines kept", flush=True)
    return hits


def main() -> int:
    """Run through, kill, run on a cluster, compare."""
    options = arguments()
    with tempfile.TemporaryDirectory() as folder:
        straight, broken, cluster = (Path(folder) / n for n in ("straight", "broken", "cluster"))
        start = time.monotonic()
        status = begun(options, straight).wait()
        seconds = time.monotonic() - start
        wanted = stored(straight)
        print(
            f"{options.simulations:,} simulations on {options.workers} workers in "
            f"{seconds / 60.0:.1f} min, exit code {status}; posterior "
            f"{next(iter(wanted.values()), 'none')[:16]}",
            flush=True,
        )
        hits = killed(options, broken, options.kills, seconds)
        status += begun(options, broken).wait()
        resumed = stored(broken) == wanted
        print(f"{hits} kills at work; the same bytes: {resumed}", flush=True)
        scheduler = ("--scheduler", "local-cluster")
        hits = killed(options, cluster, options.cluster_kills, seconds, *scheduler)
        status += begun(options, cluster, *scheduler).wait()
        elsewhere = stored(cluster) == wanted
        print(
            f"Dask cluster of {options.workers} workers, {hits} kills at work; "
            f"the same bytes: {elsewhere}"
        )
    return 0 if wanted and resumed and elsewhere and status == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
