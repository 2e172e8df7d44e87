"""How often is containment "supported" where nothing can be contained?

    python benchmarks/false_verdicts.py [--ensembles 200] [--replicates 8] [--clients 200] [--json]

The market is `scenarios/null.toml`: identical vendors. Each side gets a lever that changes numbers
and means nothing: its markup differs by a thousandth. Every ensemble has its own seeds and is
judged by the full verdict twice, for each side as the incumbent. Because the default smallest
effect of 3 points makes the verdict hard to fool, the test of the cause is also put on trial at its
weakest: worlds without levers are paired with worlds with levers of *other* seeds, the smallest
effect is 0, and every interval that lies wholly above 0 is a false alarm. Criterion for both: at
most 5 % plus sampling error (two standard errors of a share of 5 %).
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from sim.analysis.statistics import mean_interval, wilson_interval
from sim.analysis.verdict.containment import Verdict
from sim.analysis.verdict.curves import WorldCurves, WorldPair
from sim.analysis.verdict.judge import curves_of
from sim.analysis.verdict.verdict import assess
from sim.runs.ensemble import run_ensemble
from sim.runs.result import Result
from sim.runs.settings import RunSettings, progress_on_stderr
from sim.runs.worlds import ON, World
from sim.scenario.patches import without_levers
from sim.scenario.reader import load
from sim.scenario.schema.scenario import Contest, Scenario

NULL = Path(__file__).parents[1] / "scenarios" / "null.toml"
SIDES = ("north", "south")
ALLOWED = 0.05
ERRORS = 2.0
TRIFLE = 0.001


def null_market(clients: int, months: int) -> Scenario:
    """Identical vendors, and a trifling lever on each side of the contest."""
    levers = {
        f"trifle_{side}": {
            "vendor": side,
            "title": "a markup that differs by a thousandth",
            "off": {f"vendors.{side}.pricing.markup": 0.5 * (1.0 + TRIFLE)},
        }
        for side in SIDES
    }
    changes = {"population.clients": clients, "calendar.months": months, "levers": levers}
    return load(NULL).replace(changes)


def worlds(market: Scenario) -> tuple[World, ...]:
    """The market, and the market without the lever of either side."""
    off = [
        World(f"off_{side}", f"no lever of {side}", without_levers(market, [f"trifle_{side}"]))
        for side in SIDES
    ]
    return (World(ON, "as the scenario stands", market), *off)


def picked(world: WorldCurves, rows: slice) -> WorldCurves:
    """Some replicates of a world."""
    return WorldCurves(
        world.token_share[rows],
        world.revenue_share[rows],
        world.token_volume[rows],
        world.profit[rows],
        world.incumbent,
        world.challenger,
        world.seeds[rows],
        world.scenario_hash,
    )


def verdicts(result: Result, ensembles: int, replicates: int) -> dict[str, Any]:
    """Counts of false verdicts over both sides, and their criteria."""
    limits = result.scenario.containment
    judged = {verdict.value: 0 for verdict in Verdict}
    alarms = trials = 0
    for side, other in (SIDES, SIDES[::-1]):
        contest = Contest(incumbent=side, challenger=other)
        points = (ON, f"off_{side}")
        sound = result.sound_replicates(*points)
        on, off = (curves_of(result, point, sound, contest) for point in points)
        groups = [
            slice(k * replicates, (k + 1) * replicates)
            for k in range(ensembles)
            if (k + 1) * replicates <= len(sound)
        ]
        for k, rows in enumerate(groups):
            found = assess(WorldPair(picked(on, rows), picked(off, rows)), limits)
            judged[found.verdict.overall.value] += 1
            stranger = groups[(k + 1) % len(groups)]
            alarms += _alarm(on, off, (rows, stranger), limits.window_months)
            trials += 1
    return {
        "ensembles": ensembles,
        "replicates": replicates,
        "judged": judged,
        "verdict": _rate(judged["supported"], trials, ensembles),
        "cause_at_zero": _rate(alarms, trials, ensembles),
        "root_seed": result.seed,
        "scenario_hash": result.scenario_hash,
    }


def _alarm(on: WorldCurves, off: WorldCurves, rows: tuple[slice, slice], window: int) -> bool:
    """Does the interval of tau between worlds of other seeds lie wholly above 0?"""
    mine, strangers = (
        world.token_share[some, -window:, world.challenger].mean(axis=1)
        for world, some in ((on, rows[0]), (off, rows[1]))
    )
    return mean_interval(strangers - mine).interval.lower > 0.0


def _rate(false: int, n: int, ensembles: int) -> dict[str, Any]:
    # Both sides of an ensemble share its runs: the sampling error is that of the ensembles.
    allowed = ALLOWED + ERRORS * math.sqrt(ALLOWED * (1.0 - ALLOWED) / ensembles)
    wilson = wilson_interval(false, n)
    return {
        "false": false,
        "n": n,
        "share": false / n,
        "interval": [wilson.lower, wilson.upper],
        "interval_type": "Wilson, 0.95",
        "allowed": allowed,
        "kept": bool(false / n <= allowed),
    }


def told(found: Mapping[str, Any]) -> list[str]:
    """The counts as lines."""
    lines = [
        f"{found['ensembles']} null ensembles x {found['replicates']} replicates, judged for both "
        f"sides, root seed {found['root_seed']}, scenario {found['scenario_hash'][:8]}",
        "verdicts: " + ", ".join(f"{n} {name}" for name, n in found["judged"].items() if n),
    ]
    names = {"verdict": "false 'supported'", "cause_at_zero": "false effects above 0"}
    for key, name in names.items():
        rate = found[key]
        low, high = (100.0 * end for end in rate["interval"])
        lines.append(
            f"{name}: {rate['false']} of {rate['n']} = {100.0 * rate['share']:.1f} % "
            f"[{low:.1f}, {high:.1f}] (Wilson 95 %), allowed {100.0 * rate['allowed']:.1f} %: "
            f"{'kept' if rate['kept'] else 'BROKEN'}"
        )
    return lines


def measure(
    ensembles: int,
    replicates: int,
    clients: int,
    months: int,
    *,
    out: Path,
    seed: int | None = None,
    workers: int | None = None,
    progress: Any = None,
) -> dict[str, Any]:
    """Run all ensembles as one, on seeds that no two of them share, and judge each."""
    market = null_market(clients, months)
    result = run_ensemble(
        market,
        RunSettings(workers=workers, out=out, progress=progress),
        replicates=ensembles * replicates,
        seed=seed,
        worlds=worlds(market),
    )
    return verdicts(result, ensembles, replicates)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    for name, default in (("ensembles", 200), ("replicates", 8), ("clients", 200), ("months", 14)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--workers", type=int)
    parser.add_argument("--out", type=Path, help="folder that keeps the runs, to go on from")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args(arguments)
    with TemporaryDirectory() as folder, progress_on_stderr() as progress:
        found = measure(
            asked.ensembles,
            asked.replicates,
            asked.clients,
            asked.months,
            out=asked.out or Path(folder),
            seed=asked.seed,
            workers=asked.workers,
            progress=progress,
        )
    print(json.dumps(found, indent=2) if asked.json else "\n".join(told(found)))
    return 0 if np.all([found[key]["kept"] for key in ("verdict", "cause_at_zero")]) else 1


if __name__ == "__main__":
    sys.exit(main())
