"""Kills a sweep, parent and workers, again and again; the end must be as if nothing had happened.

    python benchmarks/sweep_kill.py --points 1000 --replicates 5 --kills 20

Prints what each stretch finished, how many blocks were in flight at a kill, whether any finished
block was computed a second time, and whether every byte is that of an undisturbed sweep. Exits 1
if not.
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
STUDY = """
scenario = "{scenario}"
design = {{ kind = "latin_hypercube", points = {points}, seed = 5 }}
replicates = {replicates}
[set]
"population.clients" = {clients}
[levers]
"vendors.third.pricing.markup" = {{ low = 0.2, high = 1.0 }}
"vendors.dam.openness.strategy" = ["closed", "open_weights"]
[uncertainties]
"supply.availability" = {{ low = 0.4, high = 1.0 }}
"""


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--points", type=int, default=40)
    parser.add_argument("--replicates", type=int, default=2)
    parser.add_argument("--clients", type=int, default=100)
    parser.add_argument("--kills", type=int, default=3)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


def begun(study: Path, out: Path, workers: int, log: Path) -> subprocess.Popen[bytes]:
    code = "from sim.cli import main; main()"
    command = [sys.executable, "-c", code, "sweep", str(study)]
    return subprocess.Popen(
        [*command, "--workers", str(workers), "--out", str(out)],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=log.open("ab"),
        start_new_session=True,
    )


def receipts(out: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in out.glob("*/blocks/*.json")}


def stored(out: Path) -> dict[str, str]:
    (folder,) = out.iterdir()
    files = [folder / "runs.parquet", folder / "claims.json", *(folder / "curves.zarr").rglob("*")]
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
        if path.is_file()
    }


def killed(study: Path, out: Path, options: argparse.Namespace, work_seconds: float) -> int:
    """Kill at random moments; how many finished blocks were touched again."""
    rng = np.random.default_rng(options.seed)
    again, before = 0, receipts(out)
    for number in range(options.kills):
        process = begun(study, out, options.workers, study.with_suffix(".log"))
        while len(receipts(out)) == len(before) and process.poll() is None:
            time.sleep(0.01)
        time.sleep(float(rng.uniform(0.0, work_seconds / (options.kills + 2))))
        over = process.poll() is not None
        if not over:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        after = receipts(out)
        again += sum(after.get(name) != when for name, when in before.items())
        print(
            f"kill {number + 1:>2}: {len(after) - len(before):>4} blocks more, {len(after)} in all"
        )
        before = after
        if over:
            print("          the sweep was over before this kill; fewer kills than asked for")
            break
    process = begun(study, out, options.workers, study.with_suffix(".log"))
    process.wait()
    after = receipts(out)
    again += sum(after.get(name) != when for name, when in before.items())
    print(f"last   : {len(after) - len(before):>4} blocks more, {len(after)} in all")
    return again


def main() -> int:
    options = arguments()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        study = folder / "killed.toml"
        scenario = (ROOT / "scenarios" / "tiny.toml").as_posix()
        study.write_text(STUDY.format(scenario=scenario, **vars(options)))
        start = time.monotonic()
        log = study.with_suffix(".log")
        if begun(study, folder / "whole", options.workers, log).wait() != 0:
            print(f"the undisturbed sweep did not end:\n{log.read_text()}")
            return 1
        seconds = time.monotonic() - start
        blocks = len(receipts(folder / "whole"))
        runs = options.points * options.replicates
        print(f"undisturbed: {runs} runs in {blocks} blocks, {seconds:.1f} s")
        again = killed(study, folder / "killed", options, seconds)
        same = stored(folder / "whole") == stored(folder / "killed")
    print(f"finished blocks computed again: {again}")
    print(f"at most {options.workers} blocks in flight were lost at each kill")
    print(f"bytes of runs.parquet, claims.json and curves.zarr equal: {same}")
    return 0 if same and not again else 1


if __name__ == "__main__":
    sys.exit(main())
