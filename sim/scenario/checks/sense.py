"""Economic sense of a typed scenario, asked before the first month.

Each check is a small function from a scenario to problems; `CHECKS` is the list of all.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sim.errors import Problem, ScenarioError, nearest_hint
from sim.scenario.checks.frame import (
    calendar_is_in_range,
    episode_makes_sense,
    errors_make_sense,
    fits_make_sense,
    freed_money_is_not_negative,
    levers_leave_the_frame,
    offers_and_rows_can_be_numbered,
    vendors_can_be_told_apart,
)
from sim.scenario.checks.moves import (
    agent_fits_are_not_negative,
    agent_platforms_have_work,
    awareness_is_in_range,
    cuts_lower_the_price,
    events_make_sense,
    hosts_make_sense,
    imitators_have_a_half_life,
    price_lists_name_offers,
    strategies_make_sense,
    strategies_name_own_families,
)
from sim.scenario.paths import dotted, leaves, off_patches, plain_tables, reaches, shown, without
from sim.scenario.schema.scenario import Scenario
from sim.scenario.typed import must_exist, problem_at, typed

SUM_TOLERANCE = 1e-6
HOME_TOLERANCE = 1e-9
Check = Callable[[Scenario], Iterator[Problem]]


def shares_add_up(scenario: Scenario) -> Iterator[Problem]:
    """Shares of segments and of regions add up to 1."""
    for table in ("segments", "regions"):
        total = sum(part.share for part in getattr(scenario, table).values())
        if abs(total - 1.0) > SUM_TOLERANCE:
            yield problem_at(f"{table}.*.share", f"{total:.6g} in all", "shares must add up to 1")


def home_clouds_add_up(scenario: Scenario) -> Iterator[Problem]:
    """No more than all clients have a home cloud, and a model company is nobody's."""
    total = sum(vendor.home_share for vendor in scenario.vendors.values())
    if total > 1.0 + HOME_TOLERANCE:
        yield problem_at(
            "vendors.*.home_share",
            f"{total:.6g} in all",
            "home shares must not pass 1 (the rest has no home cloud)",
        )
    for name, vendor in scenario.vendors.items():
        if vendor.model_company and vendor.home_share > 0.0:
            yield problem_at(
                f"vendors.{name}.home_share",
                vendor.home_share,
                "a model company has no cloud and must have 0",
            )


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


# A dotted path whose names (* = any, the last @ = the keys) stand in a table of the scenario.
REFERENCES = (
    ("contest.incumbent", "vendors"),
    ("contest.challenger", "vendors"),
    ("families.*.owner", "vendors"),
    ("families.*.strengths.@", "kinds"),
    ("families.*.community.regions.@", "regions"),
    ("vendors.*.roots.@", "segments"),
    ("vendors.*.agent_fit.@", "segments"),
    ("agents.creator_segments.*", "segments"),
    ("regions.*.excluded_vendors.*", "vendors"),
    ("regions.*.awareness.@", "vendors"),
    ("hosts.*.vendor", "vendors"),
    ("hosts.*.family", "families"),
    ("events.*.lever", "levers"),
    ("levers.*.vendor", "vendors"),
    ("budget.freed.@", "vendors"),
)
SINGULAR = {"families": "family"}


def names_exist(scenario: Scenario) -> Iterator[Problem]:
    """What is named in `REFERENCES` exists; an empty name names nothing."""
    for pattern, table in REFERENCES:
        what = SINGULAR.get(table, table.removesuffix("s"))
        for path, name in _names_at(scenario, pattern.split("."), ""):
            if name or not path.endswith(".lever"):
                yield from must_exist(path, name, getattr(scenario, table), what)


def _names_at(node: Any, masks: list[str], path: str) -> Iterator[tuple[str, str]]:
    if node is None:
        return
    if not masks:
        yield path[1:], node
        return
    if masks[0] not in ("*", "@"):
        yield from _names_at(getattr(node, masks[0]), masks[1:], f"{path}.{masks[0]}")
        return
    for key, item in node.items() if isinstance(node, Mapping) else enumerate(node):
        yield from _names_at(key if masks[0] == "@" else item, masks[1:], f"{path}.{key}")


def levers_can_be_off(scenario: Scenario) -> Iterator[Problem]:
    """Each lever belongs to a vendor, and without it the scenario still makes sense."""
    before: set[tuple[str, str, str]] | None = None
    for name in scenario.levers:
        data, problems = without(scenario, [name])
        if problems:
            yield from problems
            continue
        found = _found_in(data)
        if not found:
            continue
        if before is None:
            before = {_unplaced(p) for p in _found_in(plain_tables(scenario))}
        for problem in found:
            if _unplaced(problem) in before:
                continue
            yield problem_at(
                f"levers.{name}.off",
                f"{problem.path} = {problem.value}",
                problem.rule,
                problem.hint,
            )


def _found_in(data: dict[str, Any]) -> list[Problem]:
    result = typed(data)
    if result.scenario is None:
        return list(result.problems)
    return _sense(result.scenario, _CHECKS_OF_OFF)


def _unplaced(problem: Problem) -> tuple[str, str, str]:
    # Events and hosts move up the list when those of a lever are taken out.
    return re.sub(r"\.\d+", "", problem.path), problem.value, problem.rule


def levers_do_not_clash(scenario: Scenario) -> Iterator[Problem]:
    """Two levers do not write different values at the same path."""
    written: dict[str, tuple[str, Any]] = {}
    for name, patch in off_patches(scenario).items():
        for path, value in patch.items():
            if path in written and written[path][1] != value:
                yield problem_at(
                    f"levers.{name}.off",
                    path,
                    f"lever {written[path][0]} writes another value there",
                )
            written[path] = (name, value)


def kinds_have_offers(scenario: Scenario) -> Iterator[Problem]:
    """Somebody sells what each kind of work needs."""
    for name, kind in scenario.kinds.items():
        if kind.unit == "tokens" and not scenario.families:
            yield problem_at(
                f"kinds.{name}.unit",
                kind.unit,
                "no model family serves it",
                "add a table [families.NAME]",
            )
        if kind.unit == "accelerator_hours" and not any(
            vendor.rents for vendor in scenario.vendors.values()
        ):
            yield problem_at(f"kinds.{name}.unit", kind.unit, "no vendor rents accelerators")


def stacks_are_not_free(scenario: Scenario) -> Iterator[Problem]:
    """Where capacity limits, no vendor sells without any."""
    if not scenario.mechanisms.capacity:
        return
    for name, vendor in scenario.vendors.items():
        if vendor.capacity.initial == 0.0:
            yield problem_at(
                f"vendors.{name}.capacity.initial",
                0.0,
                "a vendor without accelerators has nothing to sell",
                "leave it out to size it to the first month's load",
            )


def window_fits(scenario: Scenario) -> Iterator[Problem]:
    """The months that are judged lie inside the run."""
    if scenario.containment.window_months > scenario.calendar.months:
        yield problem_at(
            "containment.window_months",
            scenario.containment.window_months,
            f"must not pass calendar.months = {scenario.calendar.months}",
        )


def floor_is_below_list_prices(scenario: Scenario) -> Iterator[Problem]:
    """The price floor of all lies below every price that is stated."""
    floor = scenario.decisions.lowest_price
    stated = [(f"families.{name}.price", part.price) for name, part in scenario.families.items()]
    stated += [(f"hosts.{index}.price", host.price) for index, host in enumerate(scenario.hosts)]
    for path, price in stated:
        if price is not None and price < floor:
            yield problem_at(path, price, f"lies below decisions.lowest_price = {floor}")


def sources_match(scenario: Scenario) -> Iterator[Problem]:
    """Each pattern of a source covers a value of the scenario."""
    data = plain_tables(scenario) if scenario.sources else {}
    for index, source in enumerate(scenario.sources):
        if not reaches(data, source.path):
            known = [dotted(keys) for keys, _ in leaves(data)]
            tables = sorted({prefix for path in known for prefix in _prefixes(path)})
            yield problem_at(
                f"sources.{index}.path",
                shown(source.path),
                "covers no value",
                nearest_hint(source.path, tables),
            )


def _prefixes(path: str) -> Iterator[str]:
    parts = path.split(".")
    for length in range(1, len(parts) + 1):
        yield ".".join(parts[:length])


_CHECKS_OF_OFF: tuple[Check, ...] = (
    shares_add_up,
    home_clouds_add_up,
    names_exist,
    events_make_sense,
    price_lists_name_offers,
    cuts_lower_the_price,
    hosts_make_sense,
    kinds_have_offers,
    stacks_are_not_free,
    floor_is_below_list_prices,
    agent_fits_are_not_negative,
    agent_platforms_have_work,
    strategies_make_sense,
    awareness_is_in_range,
    imitators_have_a_half_life,
    strategies_name_own_families,
)
CHECKS: tuple[Check, ...] = (
    *_CHECKS_OF_OFF,
    calendar_is_in_range,
    vendors_can_be_told_apart,
    offers_and_rows_can_be_numbered,
    freed_money_is_not_negative,
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


_CHECKS_OF_ONE = tuple(check for check in CHECKS if check is not levers_can_be_off)


def _sense(scenario: Scenario, checks: tuple[Check, ...]) -> list[Problem]:
    return [problem for check in checks for problem in check(scenario)]


def sense(scenario: Scenario, worlds: bool = True) -> list[Problem]:
    """All that makes no economic sense, in the order of the file's parts.

    Without `worlds`, those without a lever are not looked at.
    """
    return _sense(scenario, CHECKS if worlds else _CHECKS_OF_ONE)


def _touch(one: str, other: str) -> bool:
    """Whether one path is, or lies above or below, the other."""
    pairs = zip(one.split("."), other.split("."), strict=False)
    return all(name == mask or "*" in (name, mask) for name, mask in pairs)


def examined(data: Mapping[str, Any], worlds: bool = True) -> tuple[Scenario | None, list[Problem]]:
    """The scenario of plain tables, or all problems of names, types, ranges and sense."""
    result = typed(data)
    if result.scenario is not None:
        problems = sense(result.scenario, worlds)
        return (None if problems else result.scenario), problems
    problems = list(result.problems)
    for problem in sense(result.rest) if result.rest is not None else ():
        path = re.sub(r"^events\.(\d+)", lambda m: f"events.{result.kept[int(m[1])]}", problem.path)
        if not any(_touch(path, wrong) for wrong in result.wrong):
            problems.append(Problem("", path, problem.value, problem.rule, problem.hint))
    return None, problems


def validated(data: Mapping[str, Any], *, worlds: bool = True) -> Scenario:
    """The scenario of plain tables; `worlds` as for `sense`.

    Raises
    ------
    ScenarioError
        With all problems at once.
    """
    scenario, problems = examined(data, worlds)
    if scenario is None:
        raise ScenarioError(problems)
    return scenario
