"""From a study file to its points, with all that is wrong in one error."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from sim.errors import Problem, ScenarioError, SimError, nearest_hint
from sim.files import DECIMAL_COMMA, csv_rows
from sim.runs.study import checks
from sim.runs.study.designs import Point, grid_points, sampled_points, unit_sample
from sim.runs.study.schema import WORLD, Factor, FactorTable, Study, acting, in_order_of_conditions
from sim.scenario.paths import dotted, is_number, shown
from sim.scenario.reader import (
    OVERRIDES,
    named_file,
    pairs_of,
    parse_override,
    read,
    read_text,
    recovered,
)
from sim.scenario.schema.scenario import Scenario
from sim.scenario.shipped import STUDY, located
from sim.scenario.typed import in_plain_words, mended, must_exist

STUDY_FILE = "study.toml"


@dataclass(frozen=True)
class LoadedStudy:
    """A study whose factors, points and claims make sense on its scenario.

    `listing` is the text of the CSV of a design from a list.
    """

    study: Study
    name: str
    scenario: Scenario
    factors: tuple[Factor, ...]
    points: tuple[Point, ...]
    listing: str = ""


def load_study(
    path: str | os.PathLike[str], overrides: Mapping[str, Any] | Sequence[str] = ()
) -> LoadedStudy:
    """Read a study and its scenario, and lay out its points.

    Parameters
    ----------
    path
        A TOML file, or the name of a shipped study such as ``open-weights``.
    overrides
        Values of the scenario written last, as for `sim.scenario.reader.load`.

    Raises
    ------
    ScenarioError
        With all problems at once: unknown keys, misspelt factors (with the nearest name), values
        outside their range, unknown strategies, claims that cannot fail.
    """
    file = os.fspath(located(path, STUDY))
    data, problems = recovered(read_text(Path(file), file), file)
    if "calendar" in data and "scenario" not in data:
        hint = f"sim run {file} runs it, sim check {file} checks it"
        rule = "is a table of a scenario, and no study has one"
        raise ScenarioError([Problem(file, "calendar", shown(data["calendar"]), rule, hint)])
    study, wrong = _typed(data, file)
    problems += [p for p in wrong if not problems or p.value != "(absent)"]
    given = dict(study.set) if study is not None else {}
    own, unread = pairs_of(overrides)
    problems += unread
    if study is not None and "scenario" in data:
        loaded, found = _on_its_scenario(study, {**given, **dict(own)}, file, not problems)
        touched = {problem.path.rpartition(".")[0] for problem in wrong}
        problems += [
            _of_the_study(p, file, given, dict(own))
            for p in found
            if p.path.replace('"', "") not in touched  # may follow from a key that is wrong there
        ]
        if loaded is not None and not problems:
            return loaded
    raise ScenarioError(problems)


def _on_its_scenario(
    study: Study, given: Mapping[str, Any], file: str, sound: bool
) -> tuple[LoadedStudy | None, list[Problem]]:
    """The study on its scenario, or all that is wrong with either."""
    try:
        reading = read(_scenario_file(study.scenario, file), given)
    except ScenarioError as error:
        return None, list(error.problems)
    problems = list(reading.problems)
    base = reading.scenario or reading.rest
    if base is None:
        return None, problems
    name, folder = study.name or Path(file).stem, Path(file).parent
    try:
        loaded = lay_out(study, base, name, folder, file)
        return (loaded if sound and not problems else None), problems
    except ScenarioError as error:
        known = {(p.path, p.rule) for p in problems}
        further = (p for p in error.problems if (p.path.split(" -> ")[-1], p.rule) not in known)
        return None, [*problems, *further]


def _of_the_study(
    problem: Problem, file: str, given: Mapping[str, Any], own: Mapping[str, Any]
) -> Problem:
    """A wrong value of `[set]` stands in the study, not on the command line."""
    if problem.file != OVERRIDES or problem.path not in given or problem.path in own:
        return problem
    return replace(problem, file=file, path=f'set."{problem.path}"')


def _scenario_file(name: str, file: str) -> Path:
    """Where the scenario of a study lies: anywhere, and a TOML file by its name."""
    path = Path(located(name, folder=Path(file).parent))
    try:
        sound = "\0" not in name and path.suffix == path.resolve().suffix == ".toml"
    except (OSError, RuntimeError):
        sound = False
    if not sound:
        rule = "must be the path of a .toml file"
        raise ScenarioError([Problem(file, "scenario", shown(name), rule)])
    return path


def lay_out(
    study: Study, scenario: Scenario, name: str, folder: Path, file: str = ""
) -> LoadedStudy:
    """The points of a study on a scenario. ScenarioError as `load_study`."""
    problems: list[Problem] = []
    tables = _roles(study, problems)
    listed: list[dict[str, Any]] = []
    listing = ""
    if study.design.kind == "list" and not study.design.file:
        problems.append(Problem("", "design.file", "(absent)", "a list needs a CSV"))
    elif study.design.kind == "list":
        name_of_list, home = str(folder / study.design.file), folder.resolve()
        try:
            place = named_file(home / STUDY_FILE, study.design.file, home, "design.file", file)
            listing = read_text(place, name_of_list)
            listed = _rows(name_of_list, listing, tables, problems)
        except ScenarioError as error:
            problems += error.problems
    factors = _factors(tables, scenario, problems)
    for claim_name, claim in study.claims.items():
        problems += checks.claim_problems(claim_name, claim, scenario)
        problems += _where_problems(f"claims.{claim_name}.where", claim.where, factors)
    problems += checks.outcome_problems(study, scenario)
    if not factors:
        problems.append(Problem("", "levers", "{}", "a study varies something", "add a factor"))
    if not isinstance(study.replicates, int) and not study.claims:
        rule = "needs a claim whose probability it makes precise"
        problems.append(Problem("", "replicates.until_halfwidth", "(no claims)", rule))
    points: list[Point] = []
    try:
        if not problems:
            points = _points(study, scenario, factors, listed)
        elif factors and study.design.kind not in ("grid", "list"):
            unit_sample(study.design, len(factors))
    except SimError as error:
        path, _, rest = str(error).partition(": ")
        key, _, value = path.partition(" = ")
        problems.append(Problem("", key, value or "(design)", rest))
    checks.raise_if(problems, file)
    return LoadedStudy(study, name, scenario, tuple(factors.values()), tuple(points), listing)


def _typed(data: dict[str, Any], file: str) -> tuple[Study | None, list[Problem]]:
    """The study without what is wrong in its tables, and what is."""
    try:
        return Study.model_validate(data), []
    except ValidationError as error:
        problems: dict[str, Problem] = {}
        branch = "UntilHalfwidth" if isinstance(data.get("replicates"), Mapping) else "int"
        for item in error.errors(include_url=False):
            keys = item["loc"]
            if keys[0] == "replicates" and len(keys) > 1:  # what of a union was meant
                if branch not in str(keys[1]):
                    continue
                keys = (keys[0], *keys[2:])
            rule, hint, value = in_plain_words(item["msg"]), "", shown(item["input"])
            if item["type"] == "extra_forbidden":
                rule, hint = "unknown key", _known(keys)
            elif item["type"] == "missing":
                rule, value = "is required", "(absent)"
            problem = Problem(file, dotted(keys), value, rule, hint)
            problems.setdefault(problem.path, problem)
        return mended(Study, data), list(problems.values())


def _known(keys: tuple[str | int, ...]) -> str:
    model: Any = Study
    for key in keys[:-1]:
        field = getattr(model, "model_fields", {}).get(key)
        inner = getattr(field, "annotation", None)
        model = inner if hasattr(inner, "model_fields") else None
    if keys[0] in ("levers", "uncertainties"):
        model = FactorTable
    fields = getattr(model, "model_fields", {})
    hint = nearest_hint(keys[-1], list(fields)) if fields else ""
    return f'{hint}; write a path in quotes, "a.b.c" = ...' if model is FactorTable else hint


def _roles(study: Study, problems: list[Problem]) -> dict[str, tuple[str, FactorTable]]:
    tables: dict[str, tuple[str, FactorTable]] = {}
    for role, held in (("levers", study.levers), ("uncertainties", study.uncertainties)):
        for path, part in held.items():
            place = _place(role, path)
            if path in tables:
                problems.append(Problem("", place, shown(path), "is a lever already"))
            listed = study.design.kind == "list"
            problems += checks.table_problems(place, path, part, listed)
            tables[path] = (role, part)
    return tables


def _place(role: str, path: str) -> str:
    return f'{role}."{path}"'


def _factors(
    tables: Mapping[str, tuple[str, FactorTable]],
    scenario: Scenario,
    problems: list[Problem],
) -> dict[str, Factor]:
    """All factors; only those are tried of which nothing is known to be wrong."""
    factors = {
        path: checks.factor_of(path, role, part, scenario) for path, (role, part) in tables.items()
    }
    ordered = in_order_of_conditions(list(factors.values()))
    for path, factor in factors.items():
        place = _place(factor.role, path)
        if factor not in ordered:
            problems.append(Problem("", f"{place}.when", shown(path), "goes round in a circle"))
        problems += checks.condition_problems(place, factor, factors, scenario)
    for path, factor in factors.items():
        place = _place(factor.role, path)
        _, part = tables[path]
        ranged = part.low is not None and part.high is not None
        if factor in ordered and (factor.values or ranged) and checks.can_vary(path):
            problems += checks.trial_problems(place, factor, factors, scenario)
    return factors


def _where_problems(
    place: str, where: Mapping[str, Any], factors: Mapping[str, Factor]
) -> list[Problem]:
    problems: list[Problem] = []
    for path, value in where.items():
        problems += must_exist(place, path, factors, "factor")
        if path in factors:
            values = checks.wanted(value)
            problems += checks.never_occur(f"{place}.{path}", values, factors[path])
    return problems


def _rows(
    file: str,
    text: str,
    tables: dict[str, tuple[str, FactorTable]],
    problems: list[Problem],
) -> list[dict[str, Any]]:
    """The points of a CSV; its columns become the categories of their factors."""
    try:
        rows = csv_rows(text, file)
    except ScenarioError as error:
        problems += error.problems
        return []
    if len(rows) < 2:
        problems.append(Problem("", "design.file", shown(file), "has no point"))
        return []
    head = rows[0][1]
    for path in tables.keys() - set(head):
        place = _place(tables[path][0], path)
        problems.append(Problem("", place, shown(path), f"no such column in {file}"))
    points = []
    for line, row in rows[1:]:
        for number, item in enumerate(row, 1):
            if DECIMAL_COMMA.fullmatch(item):
                place, rule = f"line {line}, column {number}", "a decimal is written with a point"
                problems.append(Problem(file, place, shown(item), rule))
        cells = zip(head, row, strict=True)
        points.append({name: parse_override(f"_={item}")[1] for name, item in cells if item})
    for name in head:
        role, part = tables.get(name, ("levers", FactorTable(when={})))
        held: dict[Any, Any] = {}
        for point in points:
            if name in point:
                held.setdefault(checks.identity(point[name]), point[name])
        seen = list(held.values())
        problems += _outside(_place(role, name), part, seen)
        tables[name] = (role, FactorTable(values=seen, when=part.when))
        problems += checks.table_problems(_place(role, name), name, tables[name][1], True)
    return points


def _outside(place: str, part: FactorTable, seen: Sequence[Any]) -> list[Problem]:
    """Values of a CSV that the study's own table does not allow."""
    problems = []
    for value in seen:
        if part.values is not None and value not in part.values:
            hint = nearest_hint(value, [str(v) for v in part.values])
            problems.append(Problem("", place, shown(value), "is not among the values", hint))
        elif (
            part.low is not None
            and part.high is not None
            and (not is_number(value) or not part.low <= value <= part.high)
        ):
            rule = f"must lie between {part.low:g} and {part.high:g}"
            problems.append(Problem("", place, shown(value), rule))
    return problems


def _points(
    study: Study,
    scenario: Scenario,
    factors: Mapping[str, Factor],
    listed: Sequence[dict[str, Any]],
) -> list[Point]:
    held = {path: checks.value_at(scenario, path) for f in factors.values() for path, _ in f.when}
    held.setdefault(WORLD, "on")
    order = in_order_of_conditions(list(factors.values()))
    if study.design.kind == "grid":
        return grid_points(order, held, study.design.levels)
    if study.design.kind == "list":
        return [
            {p: row[p] for p in acting(order, dict.fromkeys(factors) | row, held) if p in row}
            for row in listed
        ]
    return sampled_points(study.design, list(factors.values()), held, order)
