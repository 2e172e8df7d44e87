"""Bounds of the whole scenario, beyond the range of each number."""

from __future__ import annotations

from collections.abc import Iterator

from sim.errors import Problem
from sim.scenario.findings import problem_at
from sim.scenario.off import without
from sim.scenario.schema.scenario import Scenario

FIRST_YEAR, LAST_YEAR = 1900, 2200
MOST_VENDORS = 60
MOST_OFFERS = 2**15 - 1  # columns of current offers have 16 bits, one for the sign
MOST_ROWS = 2**16  # and those of rows 16
FRAME = (
    "name",
    "title",
    "calendar",
    "ensemble",
    "contest",
    "population",
    "levers",
    "episode",
    "budget",
    "containment",
    "sources",
    "fit",
    "calibration",
)
"""Tables that say how a market is run and judged; they are the same with and without a move."""


def calendar_is_in_range(scenario: Scenario) -> Iterator[Problem]:
    """All months have a date that stored curves can hold."""
    start, months = scenario.calendar.start, scenario.calendar.months
    last = start.year + (start.month - 1 + months - 1) // 12
    if start.year < FIRST_YEAR or last > LAST_YEAR:
        yield problem_at(
            "calendar.start",
            str(start),
            f"all {months} months must lie in the years {FIRST_YEAR} to {LAST_YEAR}",
        )


def vendors_can_be_told_apart(scenario: Scenario) -> Iterator[Problem]:
    """The platforms that a client uses are counted in the bits of one 64-bit number."""
    if len(scenario.vendors) > MOST_VENDORS:
        yield problem_at(
            "vendors", f"{len(scenario.vendors)} vendors", f"must be at most {MOST_VENDORS}"
        )


def offers_and_rows_can_be_numbered(scenario: Scenario) -> Iterator[Problem]:
    """Columns of workloads hold the numbers of offers, and of segment x region x kind of work."""
    vendors, families = len(scenario.vendors), len(scenario.families)
    # calls and self-hosting at each platform, hosting on own machines, rent, postponing
    offers = families * (2 * vendors + 1) + vendors + 1
    if offers > MOST_OFFERS:
        rule = f"families x (2 vendors + 1) + vendors + 1 must be at most {MOST_OFFERS}"
        yield problem_at("families", f"{offers} offers", rule)
    rows = len(scenario.segments) * len(scenario.regions) * len(scenario.kinds)
    if rows > MOST_ROWS:
        rule = f"segments x regions x kinds must be at most {MOST_ROWS}"
        yield problem_at("segments", f"{rows} rows", rule)


def freed_money_is_not_negative(scenario: Scenario) -> Iterator[Problem]:
    """Money of moves that are off is money."""
    for vendor, money in scenario.budget.freed.items():
        if money < 0.0:
            yield problem_at(f"budget.freed.{vendor}", money, "must not be negative")


def levers_leave_the_frame(scenario: Scenario) -> Iterator[Problem]:
    """A lever changes what a vendor does, not how the market is run, judged or who is in it."""
    for name, lever in scenario.levers.items():
        for path in lever.off:
            if path.split(".")[0] in FRAME:
                yield problem_at(
                    f"levers.{name}.off",
                    path,
                    "is no move of a vendor: both worlds must be run and judged alike",
                )
        if not any(path.count(".") < 2 and path.startswith("vendors") for path in lever.off):
            continue
        data, problems = without(scenario, [name])
        vendors = data["vendors"]
        if not problems and isinstance(vendors, dict) and vendors.keys() != scenario.vendors.keys():
            changed = sorted(vendors.keys() ^ scenario.vendors.keys())
            yield problem_at(
                f"levers.{name}.off",
                f"vendors.{changed[0]}",
                "a lever must not add or remove a vendor",
            )
