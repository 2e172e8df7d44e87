"""Valid scenarios at the ends of their ranges, run to the end: `python -m tests.faults.extremes`.

A market is drawn at random, then some of its numbers are set to the least or the greatest value
that their parameters allow. Every number stays finite, tokens and money are conserved.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections import Counter

import numpy as np

from sim.errors import RunFailure, SimError
from sim.scenario.checks.sense import validated
from sim.scenario.paths import Key, dotted, field_at, held_at, is_number, leaves, plain_tables
from sim.scenario.schema.scenario import Scenario
from tests.property.test_accounting import adds_up
from tests.reference.random_scenarios import random_scenario

FRAME = ("calendar", "population", "ensemble", "containment", "fit", "episode", "sources")
CLIENTS, MONTHS, TRIES = 60, 6, 14
WITHOUT_VALUE = ("list_price",)
"""Measures that have no value while an offer is not on sale."""


def extreme_scenario(number: int) -> tuple[Scenario, dict[str, float]]:
    """The market of a number and which of its values stand at an end of their range."""
    rng = np.random.default_rng([20260101, number])
    scenario = random_scenario(number, clients=CLIENTS, months=MONTHS)
    data = plain_tables(scenario)
    spots = [keys for keys, value in leaves(data) if is_number(value) and keys[0] not in FRAME]
    held: dict[str, float] = {}
    for place in rng.permutation(len(spots))[:TRIES]:
        keys = spots[place]
        bounds = _bounds(data, keys)
        if not bounds:
            continue
        table, before = held_at(data, keys[:-1], None), held_at(data, keys, None)
        end = bounds[int(rng.integers(len(bounds)))]
        table[keys[-1]] = int(end) if isinstance(before, int) else float(end)
        try:
            scenario = validated(data)
        except SimError:
            table[keys[-1]] = before
        else:
            held[dotted(keys)] = end
    return scenario, held


def _bounds(data: object, keys: tuple[Key, ...]) -> list[float]:
    """The least and the greatest value of the parameter at a place, where it states them."""
    field = field_at(data, keys)
    found = [
        getattr(rule, side, None)
        for rule in (field.metadata if field is not None else ())
        for side in ("ge", "le")
    ]
    return [bound for bound in found if bound is not None]


def run_to_the_end(number: int) -> str:
    """What became of a scenario: `sound`, or the words of its failure."""
    scenario, held = extreme_scenario(number)
    try:
        with warnings.catch_warnings(), np.errstate(over="raise", divide="raise", invalid="raise"):
            warnings.simplefilter("error")
            model = adds_up(scenario, f"scenario {number}")
        for name, values in model.curves.items():
            if name not in WITHOUT_VALUE and not np.isfinite(values).all():
                return f"{name} is not finite ({held})"
    except RunFailure as error:
        return f"failed with a reason: {str(error)[:80]}"
    except (ArithmeticError, AssertionError, ValueError, Warning) as error:
        return f"{type(error).__name__}: {' '.join(str(error).split())[:160]} ({held})"
    return "sound"


def main() -> None:
    """Run them, count what became of them; exit 1 unless all are sound or failed with a reason."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--scenarios", type=int, default=300)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--minutes", type=float, default=np.inf, help="stop after these")
    options = parser.parse_args()
    until = time.monotonic() + 60.0 * options.minutes
    found: Counter[str] = Counter()
    for number in range(options.first, options.first + options.scenarios):
        how = run_to_the_end(number)
        found["failed with a reason" if how.startswith("failed") else how.split(":")[0][:40]] += 1
        if how != "sound":
            print(f"scenario {number}: {how}", flush=True)
        if time.monotonic() > until:
            break
    print(f"{sum(found.values())} scenarios: {dict(found)}")
    raise SystemExit(int(bool(found.keys() - {"sound", "failed with a reason"})))


if __name__ == "__main__":
    main()
