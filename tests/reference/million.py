"""A million decisions of plain and compiled clients: `python -m tests.reference.million`."""

from __future__ import annotations

import sys
import time

from tests.reference.random_scenarios import random_scenario
from tests.reference.shadow import Agreement, ShadowedMarket

SCENARIOS, CLIENTS, MONTHS, EVERYONE_EVERY = 20, 2_600, 18, 2
WANTED = 1_000_000
VOLUME_TOLERANCE = 1e-5
FIRST_SEED = 1_000  # other worlds than those of the test


def compare(scenarios: int = SCENARIOS, clients: int = CLIENTS, months: int = MONTHS) -> Agreement:
    """Run random scenarios with both kinds of clients; all look again every other month."""
    total = Agreement()
    for number in range(scenarios):
        scenario = random_scenario(number, clients=clients, months=months)
        market = ShadowedMarket(scenario, FIRST_SEED + number, everyone_every=EVERYONE_EVERY).run()
        found = market.agreement
        total.add(found)
        print(
            f"{scenario.name}: {found.reviewed:,} decisions, {found.states:,} states, "
            f"{found.differing} differing",
            flush=True,
        )
    return total


def main() -> int:
    """Print what was compared; 1 if anything differs or too little was compared."""
    began = time.perf_counter()
    total = compare()
    seconds = time.perf_counter() - began
    taken = ", ".join(f"{name} {number:,}" for name, number in sorted(total.taken.items()))
    print(f"decisions {total.reviewed:,} ({taken})")
    print(f"workload-months {total.states:,}, differing {total.differing}")
    print(f"months in which other workloads were reviewed or moved: {total.reviews_differing}")
    print(f"volumes {total.volumes:,}, largest relative difference {total.volume_gap:.2e}")
    print(f"{seconds:.0f} s")
    print(*total.differences[:10], sep="\n")
    same = total.differing == total.reviews_differing == 0
    good = same and total.volume_gap <= VOLUME_TOLERANCE and total.reviewed >= WANTED
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
