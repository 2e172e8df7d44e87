"""The numbers that nobody knows: priors of a scenario, or ranges that a user names."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import TypeAdapter, ValidationError

from sim.analysis.priors import TAIL, Prior, drawn, own_value, priors_of, scaled
from sim.economics.arrays import Floats
from sim.errors import Problem, ScenarioError, SimError
from sim.runs.study import checks
from sim.runs.study.schema import Factor, FactorTable
from sim.scenario.paths import dotted, shown
from sim.scenario.reader import parsed, read_text
from sim.scenario.schema.scenario import Scenario

SHOWN_TAIL = 0.05
"""A law without ends is shown, and screened, between its 5 % and 95 % quantiles."""
ROLE = "uncertainties"
GIVEN = "range given by the user"


@dataclass(frozen=True)
class Unknowns:
    """D unknown numbers of a scenario, each a coordinate between 0 and 1.

    The coordinate of a prior is its quantile level, that of a range its place between the ends.
    With `within`, F > 1, the numbers of a prior move together between 1/F and F times what the
    scenario has, evenly in logarithms: how far a scenario that was fitted may be wrong, instead of
    what is known without it.
    """

    scenario: Scenario
    priors: tuple[Prior, ...] = ()
    ranges: tuple[Factor, ...] = ()
    within: float | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Names in the order of the coordinates: priors, then ranges by their dotted path."""
        return (*(p.name for p in self.priors), *(r.path for r in self.ranges))

    def __len__(self) -> int:
        return len(self.priors) + len(self.ranges)

    def value(self, column: int, level: float) -> float:
        """The number in its own units at a coordinate."""
        if column < len(self.priors):
            prior = self.priors[column]
            if self.within is not None:
                return own_value(self.scenario, prior, self._factor(prior, level))
            return prior.law.quantile(min(max(level, TAIL), 1.0 - TAIL))
        return float(self.ranges[column - len(self.priors)].at(level))

    def _factor(self, prior: Prior, level: float) -> float:
        """What the scenario's numbers are multiplied by, so that the prior's own number rises."""
        assert self.within is not None
        rise = 2.0 * float(level) - 1.0
        return self.within ** (-rise if prior.rule == "wright" else rise)

    def changes(self, levels: npt.ArrayLike) -> dict[str, Any]:
        """Dotted path -> value at a point (D,) of the unit cube."""
        row = np.asarray(levels, dtype=np.float64)
        held = row[: len(self.priors)]
        if self.within is None:
            found = drawn(self.scenario, self.priors, held)
        else:
            factors = [self._factor(p, x) for p, x in zip(self.priors, held, strict=True)]
            found = scaled(self.scenario, self.priors, factors)
        for factor, level in zip(self.ranges, row[len(self.priors) :], strict=True):
            found[factor.path] = factor.at(float(level))
        return found

    def screened(self, levels: npt.ArrayLike) -> Floats:
        """Points (n, D) of a design with corners: priors between their shown quantiles."""
        design = np.array(levels, dtype=np.float64)
        if self.within is not None:
            return design
        design[:, : len(self.priors)] *= 1.0 - 2.0 * SHOWN_TAIL
        design[:, : len(self.priors)] += SHOWN_TAIL
        return design

    def only(self, names: Sequence[str]) -> Unknowns:
        """Some of them, in the same order; the others stay as the scenario has them."""
        priors = tuple(p for p in self.priors if p.name in names)
        ranges = tuple(r for r in self.ranges if r.path in names)
        return replace(self, priors=priors, ranges=ranges)

    def document(self) -> list[dict[str, Any]]:
        """Name, sentence, shown range and source of each, ready for JSON."""
        near = f"scenario's own / {self.within:g} to x {self.within:g}" if self.within else ""
        tail = 0.0 if self.within else SHOWN_TAIL
        facts = [(p.name, p.doc, near or p.source, tail) for p in self.priors]
        facts += [(r.path, r.path, GIVEN, 0.0) for r in self.ranges]
        return [
            {
                "name": name,
                "doc": doc,
                "low": self.value(column, tail),
                "high": self.value(column, 1.0 - tail),
                "source": source,
            }
            for column, (name, doc, source, tail) in enumerate(facts)
        ]


def unknowns_of(
    scenario: Scenario,
    ranges: Sequence[str] = (),
    file: str | os.PathLike[str] | None = None,
    priors: Sequence[str] | None = None,
    within: float | None = None,
) -> Unknowns:
    """The unknowns of a scenario.

    ScenarioError: a path is misspelt, a range is empty or lies outside what the scenario allows;
    SimError: a name is no prior, a number is named twice, fewer than two are left, or `within` is
    not above 1.

    Parameters
    ----------
    ranges
        Each `dotted.path=low:high`.
    file
        TOML with a table `[uncertainties]`, as a study file has it: dotted path -> low, high and
        scale.
    priors
        Names of priors; all that the scenario has if neither ranges nor a file are given.
    within
        Vary the numbers of the priors between this part and this multiple of what they are in the
        scenario, instead of drawing them from the priors.
    """
    if within is not None and not within > 1.0:
        raise SimError(f"within {within:g}: a factor above 1, such as 1.5")
    tables = {} if file is None else _from_file(file)
    for text in ranges:
        path, table = _parsed(text)
        if path in tables:
            raise SimError(f"--factor {path}: named twice")
        tables[path] = table
    factors = _checked(scenario, tables)
    chosen = () if tables and priors is None else priors_of(scenario, priors)
    found = Unknowns(scenario, chosen, factors, within)
    if len(found) < 2:
        raise SimError(f"{scenario.name}: a sensitivity analysis varies two numbers or more")
    twice = set(drawn(scenario, chosen, np.full(len(chosen), 0.5))) & set(tables)
    if twice:
        raise SimError(f"--factor {min(twice)}: a prior varies it already")
    return found


def _parsed(text: str) -> tuple[str, FactorTable]:
    path, equal, bounds = text.partition("=")
    low, colon, high = bounds.partition(":")
    try:
        if not (equal and colon):
            raise ValueError
        return path.strip(), FactorTable(low=float(low), high=float(high), when={})
    except ValueError:
        raise SimError(f"--factor {text}: a factor is written PATH=LOW:HIGH") from None


def _from_file(file: str | os.PathLike[str]) -> dict[str, FactorTable]:
    name = os.fspath(file)
    held = parsed(read_text(Path(name), name), name).get(ROLE)
    if not isinstance(held, dict) or not held:
        raise SimError(f"{name}: has no table [{ROLE}]")
    try:
        return TypeAdapter(dict[str, FactorTable]).validate_python(held)
    except ValidationError as error:
        problems = []
        for e in error.errors(include_url=False):
            path, *place = e["loc"]
            where = f'{ROLE}."{path}".{dotted(tuple(place))}'
            problems.append(Problem(name, where, shown(e.get("input")), e["msg"]))
        raise ScenarioError(problems) from None


def _checked(scenario: Scenario, tables: dict[str, FactorTable]) -> tuple[Factor, ...]:
    """Ranges whose ends, each alone, give a scenario that would run; all problems at once."""
    problems, factors = [], {}
    for path, part in tables.items():
        place = f'{ROLE}."{path}"'
        wrong = list(checks.table_problems(place, path, part, False))
        if part.values is not None or part.when:
            wrong.append(Problem("", place, "values or when", "needs low and high alone"))
        problems += wrong
        if not wrong:
            factors[path] = checks.factor_of(path, ROLE, part, scenario)
    for path, factor in factors.items():
        problems += checks.trial_problems(f'{ROLE}."{path}"', factor, factors, scenario)
    if problems:
        raise ScenarioError(problems)
    return tuple(factors.values())
