"""Runs that forecasts are read from: long enough, over a posterior, blind to what came later."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from sim.analysis.calibration.reading import LISTS
from sim.analysis.calibration.record import Record
from sim.analysis.calibration.rules import rule_of
from sim.analysis.forecasts.forecast import Errors, last_day
from sim.analysis.posterior import read_posterior
from sim.analysis.predictive import draws_of
from sim.months import month_after, months_between
from sim.runs.ensemble import run_ensemble
from sim.runs.worlds import ON, World
from sim.scenario.checks.sense import validated
from sim.scenario.paths import plain_tables, reaches
from sim.scenario.schema.scenario import Scenario

if TYPE_CHECKING:
    from sim.runs.result import Result
    from sim.runs.settings import RunSettings

EVENTS = "events"
MONTH = len("2025-06")


def lengthened(scenario: Scenario, end: date) -> Scenario:
    """The scenario with months added until a day is inside."""
    months = months_between(scenario.calendar.start, end) + 1
    return scenario.replace({"calendar.months": max(months, scenario.calendar.months)})


def reaching(scenario: Scenario, record: Iterable[Record]) -> Scenario:
    """The scenario with months added until every figure is inside that a measure answers to."""
    days = [row.period_end for row in record if row.period_end and rule_of(row).measure]
    return lengthened(scenario, max(days)) if days else scenario


class Blind(NamedTuple):
    """A scenario as it is known on a day, and where its events were in the whole one."""

    scenario: Scenario
    places: Mapping[int, int]
    """Place of an event in the whole scenario -> its place here."""

    def changes(self, own: Mapping[str, Any]) -> dict[str, Any]:
        """Changes of the whole scenario as changes of this one; those of events that went go."""
        found = {}
        for path, value in own.items():
            head, _, rest = path.partition(".")
            place, _, field = rest.partition(".")
            if head != EVENTS:
                found[path] = value
            elif int(place) in self.places:
                found[f"{EVENTS}.{self.places[int(place)]}.{field}"] = value
        return found


def blind(scenario: Scenario, cut: date) -> Blind:
    """The scenario without its events after a day: releases, price lists, shocks.

    Lists end then. What vendors do in the scenario after their last lists they do from the next
    month on, so that no list stays for ever. Sources that cover nothing else go too.
    """
    data = plain_tables(scenario)
    last_list = max((e.month for e in scenario.events if e.what in LISTS), default=None)
    places: dict[int, int] = {}
    events: list[Any] = []
    for place, (event, table) in enumerate(zip(scenario.events, data["events"], strict=True)):
        after_lists = last_list is not None and event.what == "strategy" and event.month > last_list
        if event.month > cut and not after_lists:
            continue
        if last_list is not None and event.month > cut < last_list:
            table = {**table, "month": month_after(cut, 1)}
        places[place] = len(events)
        events.append(table)
    data["events"] = events
    data["sources"] = [source for source in data["sources"] if reaches(data, source["path"])]
    return Blind(validated(data), places)


def alone(scenario: Scenario) -> tuple[World, ...]:
    """The scenario as the only world."""
    return (World(ON, "as the scenario stands", scenario),)


def run_alone(
    scenario: Scenario,
    settings: RunSettings | None = None,
    *,
    posterior: Path | None = None,
    replicates: int | None = None,
    seed: int | None = None,
    known: date | None = None,
) -> Result:
    """Run a scenario as it stands, each replicate under a draw of a posterior if one is given.

    Parameters
    ----------
    replicates, seed
        Taken from the scenario's `[ensemble]` unless given.
    known
        Run it blind to what came after this day, see `blind`.

    Raises
    ------
    SimError
        The posterior is not of this scenario, or as `run_ensemble`.
    """
    draws = None
    if posterior is not None:
        count = scenario.ensemble.replicates if replicates is None else replicates
        root = scenario.ensemble.seed if seed is None else seed
        draws = draws_of(posterior, scenario, count, root)
    if known is not None:
        seen = blind(scenario, known)
        scenario = seen.scenario
        if draws is not None:
            changes = {draw: seen.changes(own) for draw, own in draws.changes.items()}
            draws = replace(draws, changes=changes)
    return run_ensemble(
        scenario, settings, replicates=replicates, seed=seed, worlds=alone, draws=draws
    )


def errors_of(seed: int, posterior: Path | None) -> Errors:
    """Errors of forecasts: those of the record, and the discrepancy that a posterior states."""
    return Errors.of(seed, None if posterior is None else read_posterior(posterior).provenance)


def fitted_until(posterior: Path | None, record: Iterable[Record]) -> date | None:
    """Last day of the month until which a posterior knows the record; None without one."""
    if posterior is None:
        return None
    facts = read_posterior(posterior).provenance
    if facts["cut"]:
        return last_day(date.fromisoformat(f"{str(facts['cut'])[:MONTH]}-01"))
    used = set(facts.get("targets", ()))
    return max((day for row in record if row.id in used and (day := row.period_end)), default=None)
