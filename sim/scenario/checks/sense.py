"""Economic sense of a typed scenario, asked before the first month.

Each check is a small function from a scenario to problems. Here are those of the frame: bounds,
contest, levers, fits, the episode; `market` holds the others.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import replace
from itertools import accumulate
from typing import Any

from sim.errors import Nearest, Problem, ScenarioError
from sim.scenario.checks.market import MARKET, Check, values_at
from sim.scenario.paths import (
    changed,
    dotted,
    held_at,
    is_number,
    leaves,
    off_patches,
    plain_tables,
    reaches,
    shown,
    without,
)
from sim.scenario.schema.scenario import Scenario
from sim.scenario.typed import must_exist, problem_at, typed

FIRST_YEAR, LAST_YEAR = 1900, 2200
MOST_OFFERS = 2**15 - 1  # columns of current offers have 16 bits, one for the sign
MOST_ROWS = 2**16  # and those of rows 16
FRAME = (
    "name",
    "title",
    "currency",
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
        rule = f"all {months} months must lie in the years {FIRST_YEAR} to {LAST_YEAR}"
        yield problem_at("calendar.start", str(start), rule)


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


def postponing_has_a_price(scenario: Scenario) -> Iterator[Problem]:
    """The reference price of postponing has a term in the utility, as every price must."""
    demand = scenario.demand
    price, level = demand.outside.reference_price, demand.price_shift_rule == "price_level"
    shift = demand.price_shift_share * price if level else demand.price_shift
    if demand.box_cox != 1.0 and price + shift <= 0.0:
        rule = "must lie above 0 where no price shift is added to it"
        yield problem_at("demand.outside.reference_price", price, rule)


def freed_money_is_not_negative(scenario: Scenario) -> Iterator[Problem]:
    """Money of moves that are off is money."""
    for path, money in values_at(scenario, "budget.freed.*"):
        if money < 0.0:
            yield problem_at(path, money, "must not be negative")


def contest_begins_after_the_start(scenario: Scenario) -> Iterator[Problem]:
    """A month lies before the contest: D5 starts from it."""
    contest, start = scenario.contest, scenario.calendar.start
    if contest is not None and contest.start is not None and contest.start <= start:
        yield problem_at(
            "contest.start",
            f"{contest.start:%Y-%m}",
            f"must be later than calendar.start, {start:%Y-%m}: D5 needs months before the contest",
        )


def contest_is_between_two(scenario: Scenario) -> Iterator[Problem]:
    """Incumbent and challenger differ."""
    contest = scenario.contest
    if contest is not None and contest.incumbent == contest.challenger:
        yield problem_at(
            "contest.challenger", contest.challenger, "must be another vendor than the incumbent"
        )


def levers_can_be_off(scenario: Scenario) -> Iterator[Problem]:
    """Each lever belongs to a vendor, and without it the scenario still makes sense."""
    before: set[tuple[str, str, str]] | None = None
    for name in scenario.levers:
        data, problems = without(scenario, [name])
        if problems:
            yield from problems
            continue
        found = _found_in(data)
        if found and before is None:
            before = {_unplaced(problem) for problem in _found_in(plain_tables(scenario))}
        for problem in found:
            if _unplaced(problem) not in (before or ()):
                value = f"{problem.path} = {problem.value}"
                yield problem_at(f"levers.{name}.off", value, problem.rule, problem.hint)


def _found_in(data: dict[str, Any]) -> list[Problem]:
    made = typed(data)
    if made.scenario is None:
        return made.problems
    return [problem for check in MARKET for problem in check(made.scenario)]


def _unplaced(problem: Problem) -> tuple[str, str, str]:
    # Events and hosts move up the list when those of a lever are taken out.
    return re.sub(r"\.\d+", "", problem.path), problem.value, problem.rule


def episode_makes_sense(scenario: Scenario) -> Iterator[Problem]:
    """It names vendors and levers that exist, and paths that can be set; it shows a difference."""
    episode = scenario.episode
    if not episode.measure:
        return
    for name in episode.vendors:
        yield from must_exist("episode.vendors", name, scenario.vendors, "vendor")
    for name in episode.without:
        yield from must_exist("episode.without", name, scenario.levers, "lever")
    for problem in changed(plain_tables(scenario), episode.off.items()):
        yield replace(problem, path="episode.off", value=problem.path)
    yield from _world_beside(scenario)
    if not (episode.without or episode.off):
        yield problem_at("episode", "(neither without nor off)", "must say what it is held against")


def _world_beside(scenario: Scenario) -> Iterator[Problem]:
    """Problems of the world that the episode is held against, where the scenario has none."""
    episode = scenario.episode
    data, problems = without(scenario, [n for n in episode.without if n in scenario.levers])
    if problems or changed(data, deepcopy(episode.off).items()):
        return  # told above, or of the lever itself
    found = _found_in(data)
    before = {_unplaced(problem) for problem in _found_in(plain_tables(scenario))} if found else ()
    for problem in found:
        if _unplaced(problem) not in before:
            value = f"{problem.path} = {problem.value}"
            yield problem_at("episode.off", value, problem.rule, problem.hint)


def levers_leave_the_frame(scenario: Scenario) -> Iterator[Problem]:
    """A lever changes what a vendor does, not how the market is run, judged or who is in it."""
    for name, patch in off_patches(scenario).items():
        for path in patch:
            if path.split(".")[0] in FRAME:
                rule = "is no move of a vendor: both worlds must be run and judged alike"
                yield problem_at(f"levers.{name}.off", path, rule)
        if not any(path.count(".") < 2 and path.startswith("vendors") for path in patch):
            continue
        data, problems = without(scenario, [name])
        vendors = data["vendors"]
        if not problems and isinstance(vendors, dict) and vendors.keys() != scenario.vendors.keys():
            changed = sorted(vendors.keys() ^ scenario.vendors.keys())
            rule = "a lever must not add or remove a vendor"
            yield problem_at(f"levers.{name}.off", f"vendors.{changed[0]}", rule)


def levers_do_not_clash(scenario: Scenario) -> Iterator[Problem]:
    """Two levers do not write different values at the same path."""
    written: dict[str, tuple[str, Any]] = {}
    for name, patch in off_patches(scenario).items():
        for path, value in patch.items():
            if path in written and written[path][1] != value:
                rule = f"lever {written[path][0]} writes another value there"
                yield problem_at(f"levers.{name}.off", path, rule)
            written[path] = (name, value)


def window_fits(scenario: Scenario) -> Iterator[Problem]:
    """The months that are judged lie inside the run."""
    if scenario.containment.window_months > scenario.calendar.months:
        rule = f"must not pass calendar.months = {scenario.calendar.months}"
        yield problem_at("containment.window_months", scenario.containment.window_months, rule)


def sources_match(scenario: Scenario) -> Iterator[Problem]:
    """Each pattern of a source covers a value of the scenario."""
    data = plain_tables(scenario) if scenario.sources else {}
    tables: list[str] = []
    for index, source in enumerate(scenario.sources):
        if not reaches(data, source.path):
            tables = tables or _tables_of(data)
            hint = Nearest(source.path, tables)
            yield problem_at(f"sources.{index}.path", shown(source.path), "covers no value", hint)


def _tables_of(data: Mapping[str, Any]) -> list[str]:
    paths = [dotted(keys).split(".") for keys, _ in leaves(data)]
    return sorted({table for path in paths for table in accumulate(path, "{}.{}".format)})


def fits_make_sense(scenario: Scenario) -> Iterator[Problem]:
    """Fits have names and paths of their own, name numbers, and have a range."""
    tables = scenario.model_dump(mode="python") if scenario.fit else {}
    named = {path for fit in scenario.fit for path in fit.paths}
    held = {path for path in named if is_number(held_at(tables, path.split("."), None))}
    known = numbers(tables) if held != named else {}  # those in lists, too
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
            if path not in held and path not in known:
                hint = Nearest(path, known)
                yield problem_at(f"{place}.paths", shown(path), "no number stands there", hint)
            elif path in taken:
                yield problem_at(
                    f"{place}.paths", shown(path), f"fit {taken[path]} moves it already"
                )
            taken[path] = fit.name


def numbers(tables: Mapping[str, Any]) -> dict[str, float]:
    """Every number of plain tables by its dotted path."""
    return {dotted(keys): value for keys, value in leaves(tables) if is_number(value)}


def errors_make_sense(scenario: Scenario) -> Iterator[Problem]:
    """Standard errors of recorded figures are positive."""
    for path, error in values_at(scenario, "calibration.errors.*"):
        if not 0.0 < error <= 1.0:
            yield problem_at(path, error, "must lie above 0 and up to 1")


CHECKS: tuple[Check, ...] = (
    *MARKET,
    calendar_is_in_range,
    offers_and_rows_can_be_numbered,
    freed_money_is_not_negative,
    postponing_has_a_price,
    contest_begins_after_the_start,
    contest_is_between_two,
    levers_can_be_off,
    episode_makes_sense,
    levers_leave_the_frame,
    levers_do_not_clash,
    window_fits,
    sources_match,
    fits_make_sense,
    errors_make_sense,
)


def sense(scenario: Scenario, worlds: bool = True) -> list[Problem]:
    """All that makes no economic sense, in the order of the file's parts.

    Without `worlds`, those without a lever are not looked at.
    """
    checks = [check for check in CHECKS if worlds or check is not levers_can_be_off]
    return [problem for check in checks for problem in check(scenario)]


def _touch(one: str, other: str) -> bool:
    """Whether one path is, or lies above or below, the other."""
    pairs = zip(one.split("."), other.split("."), strict=False)
    return all(name == mask or "*" in (name, mask) for name, mask in pairs)


def examined(data: Mapping[str, Any], worlds: bool = True) -> tuple[Scenario | None, list[Problem]]:
    """The scenario of plain tables, or all problems of names, types, ranges and sense."""
    scenario, problems, _ = examined_in_part(data, worlds)
    return scenario, problems


def examined_in_part(
    data: Mapping[str, Any], worlds: bool = True
) -> tuple[Scenario | None, list[Problem], Scenario | None]:
    """As `examined`, and the scenario without what is wrong, see `typed`, if there can be one."""
    made = typed(data)
    if made.scenario is not None:
        problems = sense(made.scenario, worlds)
        return (None if problems else made.scenario), problems, made.scenario
    problems = list(made.problems)
    for problem in sense(made.rest) if made.rest is not None else ():
        path = re.sub(r"^events\.(\d+)", lambda m: f"events.{made.kept[int(m[1])]}", problem.path)
        if not any(_follows(replace(problem, path=path), wrong) for wrong in made.problems):
            problems.append(replace(problem, path=path))
    return None, problems, made.rest


ON_THE_CALENDAR = ("events.", "contest.start", "containment.window_months", "hosts.")


def _follows(problem: Problem, wrong: Problem) -> bool:
    """Whether a problem of sense may come from a value that was made up or left out."""
    named = wrong.path.split(".")
    return (
        _touch(problem.path, wrong.path)
        or (named[0] == "calendar" and problem.path.startswith(ON_THE_CALENDAR))
        or (
            len(named) > 1
            and problem.rule.startswith("no such")
            and problem.value == shown(named[1])
        )
        or (problem.rule == "covers no value" and _touch(problem.value.strip('"'), wrong.path))
    )


def validated(data: Mapping[str, Any], *, worlds: bool = True) -> Scenario:
    """The scenario of plain tables; `worlds` as for `sense`.

    ScenarioError with all problems at once.
    """
    scenario, problems = examined(data, worlds)
    if scenario is None:
        raise ScenarioError(problems)
    return scenario
