"""Wall time of a sweep of short runs against the model time in it, and against mesa.batch_run.

    python benchmarks/sweep_overhead.py --runs 2000 --workers 2

The wall time counts everything from the call to the judged result: starting the workers, blocks,
storage. Model time is the sum over runs of making and running the model, divided by the workers.
Beside it the same market through `mesa.batch_run` with one object a client, a few runs of it,
compared by the run. Exits 1 if the sweep needs more than 1.25 times its model time.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
ALLOWED = 1.25
REPLICATES = 5
LEVER = "vendors.third.pricing.markup"
STUDY = """
scenario = "{scenario}"
design = {{ kind = "latin_hypercube", points = {points}, seed = 5 }}
replicates = {replicates}
[levers]
"{lever}" = {{ low = 0.2, high = 1.0 }}
"""


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--mesa-runs", type=int, default=2, help="0 leaves mesa.batch_run out")
    parser.add_argument("--json", type=Path, help="write the figures here")
    return parser.parse_args()


def swept(options: argparse.Namespace) -> dict[str, float]:
    import sim

    with tempfile.TemporaryDirectory() as name:
        study = Path(name) / "overhead.toml"
        scenario = (ROOT / "scenarios" / "tiny.toml").as_posix()
        points = options.runs // REPLICATES
        study.write_text(
            STUDY.format(scenario=scenario, points=points, replicates=REPLICATES, lever=LEVER)
        )
        start = time.perf_counter()
        result = sim.sweep(study, workers=options.workers, out=name)
        wall = time.perf_counter() - start
        model = float(result.manifest["sessions"][-1]["run_seconds"])
        runs = len(result.runs)
        blocks = len(list((result.path / "blocks").glob("*.json")))
    return {
        "runs": runs,
        "blocks": blocks,
        "wall_seconds": wall,
        "model_seconds_per_worker": model / options.workers,
        "wall_over_model": wall / (model / options.workers),
        "wall_ms_a_run": 1e3 * wall / runs,
    }


def batch_run(options: argparse.Namespace) -> float:
    """Wall milliseconds a run of mesa.batch_run over the object-per-client market."""
    import mesa

    from tests.reference.market import ReferenceMarket

    parameters: dict[str, Any] = {
        "scenario": str(ROOT / "scenarios" / "tiny.toml"),
        "rng": list(range(options.mesa_runs)),
        LEVER.replace(".", "__"): [0.6],
    }
    start = time.perf_counter()
    mesa.batch_run(
        ReferenceMarket,
        parameters,
        number_processes=options.workers,
        iterations=1,
        display_progress=False,
    )
    return 1e3 * (time.perf_counter() - start) / options.mesa_runs


def main() -> int:
    options = arguments()
    found = swept(options)
    print(
        f"{found['runs']:.0f} runs in {found['blocks']:.0f} blocks on {options.workers} workers: "
        f"{found['wall_seconds']:.1f} s of wall time"
    )
    print(f"model time over {options.workers} workers: {found['model_seconds_per_worker']:.1f} s")
    print(f"wall over model: {found['wall_over_model']:.2f} (allowed: {ALLOWED})")
    if options.mesa_runs:
        found["mesa_ms_a_run"] = batch_run(options)
        found["batch_run_over_sweep"] = found["mesa_ms_a_run"] / found["wall_ms_a_run"]
        print(
            f"mesa.batch_run, one object a client: {found['mesa_ms_a_run']:.0f} ms a run against "
            f"{found['wall_ms_a_run']:.1f} ms; {found['batch_run_over_sweep']:.0f} times as long"
        )
    if options.json:
        options.json.write_text(json.dumps(found, indent=2) + "\n")
    return 0 if found["wall_over_model"] <= ALLOWED else 1


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    sys.exit(main())
