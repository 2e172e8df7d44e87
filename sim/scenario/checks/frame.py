"""Economic sense of the frame: bounds, fits, the episode."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sim.errors import Problem, nearest_hint
from sim.scenario.paths import (
    by_strategy_first,
    dotted,
    leaves,
    off_patches,
    plain_tables,
    set_path,
    shown,
    without,
)
from sim.scenario.schema.scenario import Scenario
from sim.scenario.typed import must_exist, problem_at

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
    for name, patch in off_patches(scenario).items():
        for path in patch:
            if path.split(".")[0] in FRAME:
                yield problem_at(
                    f"levers.{name}.off",
                    path,
                    "is no move of a vendor: both worlds must be run and judged alike",
                )
        if not any(path.count(".") < 2 and path.startswith("vendors") for path in patch):
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


def numbers(tables: Mapping[str, Any]) -> dict[str, float]:
    """Every number of plain tables by its dotted path."""
    return {
        dotted(keys): value
        for keys, value in leaves(tables)
        if isinstance(value, int | float) and not isinstance(value, bool)
    }


def _is_number(tables: Mapping[str, Any], path: str) -> bool:
    """Whether a path through tables alone leads to one of the `numbers`."""
    node: Any = tables
    for key in path.split("."):
        node = node.get(key) if isinstance(node, Mapping) else None
    return isinstance(node, int | float) and not isinstance(node, bool)


def fits_make_sense(scenario: Scenario) -> Iterator[Problem]:
    """Fits have names and paths of their own, name numbers, and have a range."""
    tables = scenario.model_dump(mode="python") if scenario.fit else {}
    names: set[str] = set()
    taken: dict[str, str] = {}
    for index, fit in enumerate(scenario.fit):
        place = f"fit.{index}"
        if fit.name in names:
            yield problem_at(f"{place}.name", shown(fit.name), "another fit has this name")
        names.add(fit.name)
        if not fit.low < fit.high:
            yield problem_at(f"{place}.low", fit.low, f"must be below high = {fit.high:g}")
        if fit.scale and fit.low <= 0.0:
            yield problem_at(f"{place}.low", fit.low, "a factor must be above 0")
        for path in fit.paths:
            if not _is_number(tables, path) and path not in numbers(tables):
                hint = nearest_hint(path, list(numbers(tables)))
                yield problem_at(f"{place}.paths", shown(path), "no number stands there", hint)
            elif path in taken:
                yield problem_at(
                    f"{place}.paths", shown(path), f"fit {taken[path]} moves it already"
                )
            taken[path] = fit.name


def errors_make_sense(scenario: Scenario) -> Iterator[Problem]:
    """Standard errors of recorded figures are positive."""
    for metric, error in scenario.calibration.errors.items():
        if not 0.0 < error <= 1.0:
            yield problem_at(f"calibration.errors.{metric}", error, "must lie above 0 and up to 1")


def episode_makes_sense(scenario: Scenario) -> Iterator[Problem]:
    """It names vendors and levers that exist, and paths that can be set; it shows a difference."""
    episode = scenario.episode
    if not episode.measure:
        return
    for name in episode.vendors:
        yield from must_exist("episode.vendors", name, scenario.vendors, "vendor")
    for name in episode.without:
        yield from must_exist("episode.without", name, scenario.levers, "lever")
    data = plain_tables(scenario)
    for path, value in by_strategy_first(episode.off.items()):
        problem = set_path(data, path, value)
        if problem is not None:
            yield Problem("", "episode.off", path, problem.rule, problem.hint)
    if not (episode.without or episode.off):
        yield problem_at("episode", "(neither without nor off)", "must say what it is held against")
