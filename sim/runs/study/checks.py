"""What is wrong with factors and claims, asked before the first run, all at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from sim.errors import Problem, ScenarioError, nearest_hint
from sim.runs.study.schema import WORLD, Claim, Factor, FactorTable, Study, Values
from sim.runs.worlds import worlds_of
from sim.scenario.checks.sense import examined
from sim.scenario.paths import (
    bare,
    changed,
    field_at,
    held_at,
    is_number,
    keys_of,
    plain_tables,
    shown,
)
from sim.scenario.schema.scenario import Scenario
from sim.scenario.typed import must_exist

FIXED = ("calendar", "ensemble", "name", "title")


def value_at(scenario: Scenario, path: str) -> Any:
    """The value that a scenario has at a dotted path; None if nothing stands there."""
    return held_at(plain_tables(scenario), keys_of(path), None)


def factor_of(path: str, role: str, part: FactorTable, scenario: Scenario) -> Factor:
    """The factor that a table of the study means."""
    when = tuple((p, wanted(value)) for p, value in part.when.items())
    if part.values is not None:
        return Factor(path, role, values=tuple(part.values), when=when)
    field = None if path == WORLD else field_at(plain_tables(scenario), keys_of(path))
    return Factor(
        path,
        role,
        low=float(part.low or 0.0),
        high=float(part.high or 0.0),
        log=part.scale == "log",
        whole=field is not None and bare(field.annotation) is int,
        levels=part.levels or 0,
        when=when,
    )


def wanted(value: Any) -> Values:
    """The values that a condition allows: one, or those of a list."""
    return tuple(value) if isinstance(value, list) else (value,)


def can_vary(path: str) -> bool:
    """Whether points may differ in what stands at a path."""
    return path == WORLD or ("." in path and path.split(".", 1)[0] not in FIXED)


def table_problems(place: str, path: str, part: FactorTable, listed: bool) -> Iterator[Problem]:
    """A factor is a range with two ends, or categories; in a design from a list it may be bare."""
    if not can_vary(path):
        shared = path.split(".", 1)[0] in FIXED
        why = "all points share it" if shared else "a dotted path to a value is needed"
        rule = f"no factor: {why}"
        yield Problem("", place, shown(path), rule, "name, calendar and ensemble are set for all")
    if part.values is not None:
        if part.low is not None or part.high is not None:
            yield Problem("", place, "values and a range", "either values or low and high")
        if not part.values:
            yield Problem("", f"{place}.values", "[]", "must name a value")
        seen: set[Any] = set()
        for value in part.values:
            if identity(value) in seen:
                yield Problem("", f"{place}.values", shown(value), "stands twice")
                break
            seen.add(identity(value))
        return
    if part.low is None or part.high is None:
        if not listed or part.low is not None or part.high is not None:
            yield Problem("", place, "(absent)", "needs low and high, or a list of values")
        return
    if not part.low < part.high:
        yield Problem("", f"{place}.low", shown(part.low), f"must be below high = {part.high:g}")
    if part.scale == "log" and part.low <= 0.0:
        yield Problem("", f"{place}.low", shown(part.low), "must be above 0 on a log scale")


def identity(value: Any) -> tuple[type, str] | float:
    """What two equal values share; 1 and 1.0 are equal, true is neither."""
    return float(value) if is_number(value) and abs(value) < 2**53 else (type(value), repr(value))


def trial_problems(
    place: str, factor: Factor, factors: Mapping[str, Factor], scenario: Scenario
) -> Iterator[Problem]:
    """The scenario with each category, or each end of the range, is one that would run."""
    if factor.path == WORLD:
        names = [world.name for world in worlds_of(scenario)]
        for value in factor.values:
            yield from must_exist(place, value, names, "world")
        return
    conditions = _conditions(factor, factors, set())
    seen: set[tuple[str, str]] = set()
    for value in factor.ends():
        for problem in _tried(scenario, {**conditions, factor.path: value}):
            where = place if problem.path == factor.path else f"{place} -> {problem.path}"
            if (where, problem.rule + problem.value) not in seen:
                seen.add((where, problem.rule + problem.value))
                yield Problem("", where, problem.value, problem.rule, problem.hint)
            if problem.rule == "no such path":
                return


def _conditions(factor: Factor, factors: Mapping[str, Factor], seen: set[str]) -> dict[str, Any]:
    """Values under which a factor acts."""
    found: dict[str, Any] = {}
    for path, values in factor.when:
        if path in factors and path not in seen:
            found |= _conditions(factors[path], factors, seen | {path})
            if path != WORLD:
                found[path] = values[0]
    return found


def _tried(scenario: Scenario, changes: Mapping[str, Any]) -> list[Problem]:
    """What the changes make wrong."""
    data = plain_tables(scenario)
    refused = changed(data, changes.items())
    if refused:
        return refused
    found = examined(data)[1]
    before = {(p.path, p.rule) for p in examined(plain_tables(scenario))[1]} if found else set()
    return [problem for problem in found if (problem.path, problem.rule) not in before]


def condition_problems(
    place: str, factor: Factor, factors: Mapping[str, Factor], scenario: Scenario
) -> Iterator[Problem]:
    """Conditions name factors or values of the scenario, and values that can occur."""
    for path, values in factor.when:
        other = factors.get(path)
        if other is None and value_at(scenario, path) is None:
            known = [name for name in factors if name != factor.path]
            hint = nearest_hint(path, known)
            yield Problem("", f"{place}.when", shown(path), "no factor and no value", hint)
        elif other is not None:
            yield from never_occur(f"{place}.when.{path}", values, other)


def never_occur(place: str, values: Values, factor: Factor) -> Iterator[Problem]:
    """Values that are none of the factor's categories."""
    for value in values:
        if factor.values and value not in factor.values:
            hint = nearest_hint(value, [str(v) for v in factor.values])
            yield Problem("", place, shown(value), "never occurs", hint)


def outcome_problems(study: Study, scenario: Scenario) -> Iterator[Problem]:
    """Measures that are kept exist, months are kept, and there is a run."""
    from sim.market.recorder import measures

    for name in study.outcomes.measures:
        if name != "*":
            yield from must_exist("outcomes.measures", name, measures(), "measure")
    stride, months = study.outcomes.stride_months, scenario.calendar.months
    if stride > months:
        yield Problem("", "outcomes.stride_months", shown(stride), f"the run has {months} months")
    if isinstance(study.replicates, int) and study.replicates < 1:
        yield Problem("", "replicates", shown(study.replicates), "at least 1")


def claim_problems(name: str, claim: Claim, scenario: Scenario) -> Iterator[Problem]:
    """A claim speaks of something measured and could turn out either way."""
    from sim.market.recorder import measures

    place = f"claims.{name}"
    known = measures()
    yield from must_exist(f"{place}.measure", claim.measure, known, "measure")
    found = known.get(claim.measure)
    if found is not None and found.dims not in ((), ("vendor",)):
        yield Problem("", f"{place}.measure", claim.measure, f"is a table over {found.dims}")
    if claim.of if found is None else found.dims == ("vendor",):
        yield from must_exist(f"{place}.of", claim.of, scenario.vendors, "vendor")
    if found is not None and found.dims == () and claim.of:
        yield Problem("", f"{place}.of", shown(claim.of), "this measure is of the whole market")
    if (claim.below is None) == (claim.above is None):
        yield Problem("", place, "below, above", "exactly one of them is needed")
    if not 0.0 < claim.probability < 1.0:
        yield Problem(
            "", f"{place}.probability", shown(claim.probability), "must lie between 0 and 1"
        )
    months = scenario.calendar.months
    if claim.window_months is not None and not 1 <= claim.window_months <= months:
        rule = f"must lie between 1 and {months}"
        yield Problem("", f"{place}.window_months", shown(claim.window_months), rule)
    if found is not None and found.unit == "share":
        yield from _able_to_fail(place, claim)


def _able_to_fail(place: str, claim: Claim) -> Iterator[Problem]:
    """A bound on a share lies between 0 and 1, or the claim could not turn out both ways."""
    for side, bound in (("below", claim.below), ("above", claim.above)):
        if bound is None or 0.0 < bound < 1.0:
            continue
        fails = (side == "above") == (bound <= 0.0)
        limit = "a share is <= 1" if bound >= 1.0 else "a share is >= 0"
        rule = "cannot fail" if fails else "cannot hold"
        yield Problem("", f"{place}.{side}", shown(bound), rule, limit)


def raise_if(problems: list[Problem], file: str) -> None:
    """Raise all problems of a study file, if there are any."""
    if problems:
        raise ScenarioError([replace(problem, file=problem.file or file) for problem in problems])
