"""Recorded figures scored: the model's predictive samples beside those of simple forecasters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtri

from sim.analysis.calibration.matching import known_figures
from sim.analysis.calibration.record import Record
from sim.analysis.calibration.rules import rule_of
from sim.analysis.calibration.targets import Target
from sim.analysis.calibration.validation import simulated
from sim.analysis.forecasts.forecast import (
    DRAWS,
    PERCENT,
    Errors,
    Known,
    RestatedFigure,
    in_memory,
    is_logarithmic,
    is_percentage,
    predictive,
    thing_of,
)
from sim.analysis.forecasts.scores import MODEL, Outcome, Scale, Scoreboard, score_table
from sim.analysis.forecasts.simple import FORECASTERS, Series, pooled_variance, series_of
from sim.months import months_between

if TYPE_CHECKING:
    import xarray as xr

    from sim.scenario.schema.scenario import Scenario

LIST = "price"
"""How a rule says that a scenario states the figure by its price lists."""
SIGNED = ("rank", "growth", "gap")
"""Kinds of figures that no logistic trend is meant for."""


def cut_of(scenario: Scenario, record: Iterable[Record]) -> date | None:
    """Last day of the figures that a scenario was fitted to; None if it lists none of the record.

    Those are the rows that `[calibration]` lists.
    """
    listed = set(scenario.calibration.targets)
    days = [row.period_end for row in record if row.id in listed and row.period_end]
    return max(days, default=None)


def score_figures(
    curves: xr.Dataset,
    scenario: Scenario,
    targets: Iterable[Target],
    record: Iterable[Record],
    cut: date | None,
    errors: Errors,
    fitted: date | None = None,
    widened: bool = True,
) -> Scoreboard | None:
    """Score the figures of a comparison.

    None, if there is no figure to score, or neither a cut nor a fit.

    Parameters
    ----------
    targets
        Figures to score.
    record
        What may be known.
    cut
        Last known day; that of the fit unless given.
    errors
        What lies between simulated and recorded figures; forecasts of the simple forecasters have
        observation errors alone.
    fitted
        Last day of what the runs were fitted to; that of the scenario's calibration unless given.
    widened
        Whether list prices after the cut have the variance of their changes before it, too.
    """
    rows, scored = list(record), list(targets)
    fitted = fitted or cut_of(scenario, rows)
    cut = cut or fitted
    if cut is None or not scored:
        return None
    return scoreboard(curves, scored, Known(rows, scenario, cut), cut, errors, fitted, widened)


def scoreboard(
    curves: xr.Dataset,
    targets: Iterable[Target],
    known: Known,
    cut: date,
    errors: Errors,
    fitted: date | None = None,
    widened: bool = True,
) -> Scoreboard:
    """Score the model on some figures, beside simple forecasters fitted on what was known.

    Parameters
    ----------
    targets
        Figures to score; one that is there twice counts once.
    known
        The record until the cut, what the scenario takes as given included.
    cut
        Last day of what was known. Simple forecasters predict figures after it.
    errors, fitted, widened
        As `score_figures`.
    """
    distinct = {
        (thing_of(t, known.scenario), t.period_start, t.period_end, t.value): t
        for t in reversed(list(targets))
    }
    scored = list(reversed(distinct.values()))
    pools = _Pools([*scored, *known_figures(known.rows, known.scenario)], known)
    if widened:
        errors = errors._replace(moved=dict(_moved(scored, pools, cut)))
    curves = in_memory(curves, scored)
    outcomes = [_outcome(target, curves, pools, cut, errors) for target in scored]
    return Scoreboard(cut, fitted, score_table(outcomes))


def _series(target: Target, figures: Sequence[RestatedFigure]) -> Series | None:
    """The figures that a target's forecasters work with: a free model has no logarithm."""
    logs = is_logarithmic(target)
    kept = [figure for figure in figures if figure.value > 0.0 or not logs]
    if not kept:
        return None
    return series_of(
        [figure.time for figure in kept],
        [figure.value for figure in kept],
        logarithmic=logs,
        limit=PERCENT if is_percentage(target) else None,
        bounded=target.kind not in SIGNED,
    )


class _Pools:
    """Variances of changes by metric family; a family that shows none takes that of its unit."""

    def __init__(self, targets: Iterable[Target], known: Known) -> None:
        self._known = known
        things = {thing_of(target, known.scenario): target for target in targets}
        found: dict[tuple[str, str], list[Series]] = {}
        for target in things.values():
            one = _series(target, known.of(target))
            if one is not None:
                found.setdefault(_pool(target, one), []).append(one)
        self._variances = {pool: pooled_variance(series) for pool, series in found.items()}
        by_unit: dict[str, list[Series]] = {}
        for (_, unit), series in found.items():
            by_unit.setdefault(unit, []).extend(series)
        self._of_unit = {unit: pooled_variance(series) for unit, series in by_unit.items()}

    def series(self, target: Target) -> Series | None:
        """What was recorded of a target's thing; None if nothing was."""
        series = _series(target, self._known.of(target))
        if series is None:
            return None
        family, unit = _pool(target, series)
        variance = self._variances.get((family, unit))
        return series._replace(
            family_variance=self._of_unit.get(unit) if variance is None else variance
        )


def with_moved_lists(errors: Errors, targets: Iterable[Target], known: Known, cut: date) -> Errors:
    """Errors that hold how far list prices go after the cut.

    Until the cut lists are given to a run, so that its residuals say nothing of how far they go
    without it. What they say themselves counts: the variance of their changes in a month, in the
    record until the cut, times the months since the last list.
    """
    wanted = list(targets)
    pools = _Pools([*wanted, *known_figures(known.rows, known.scenario)], known)
    return errors._replace(moved=dict(_moved(wanted, pools, cut)))


def _moved(targets: Iterable[Target], pools: _Pools, cut: date) -> Iterator[tuple[str, float]]:
    """Id of each list price after the cut, and its variance since the last list."""
    for target in targets:
        row = Record("", None, None, target.entity, target.metric, 0.0, target.unit)
        if target.period_end <= cut or rule_of(row).given != LIST:
            continue
        series = pools.series(target)
        if series is not None:
            time = RestatedFigure(target.period_start, target.period_end, target.value).time
            yield target.id, series.variance * series.ahead(time)


def _pool(target: Target, series: Series) -> tuple[str, str]:
    """Series whose changes have one unit are pooled."""
    return (target.family, "relative" if series.logarithmic else target.unit)


def _outcome(
    target: Target, curves: xr.Dataset, pools: _Pools, cut: date, errors: Errors
) -> Outcome:
    series = pools.series(target)
    samples = {MODEL: predictive(target, simulated(target, curves), errors)}
    if target.period_end > cut and series is not None:
        normals = ndtri((np.arange(DRAWS) + 0.5) / DRAWS)
        time = RestatedFigure(target.period_start, target.period_end, target.value).time
        for name, forecaster in FORECASTERS.items():
            samples[name] = predictive(
                target, forecaster(series, time, normals), Errors(errors.seed)
            )
    level = abs(target.value if series is None else float(series.values[-1]))
    return Outcome(
        target.id,
        target.metric,
        target.entity,
        target.family,
        target.unit,
        target.period_end,
        months_between(cut, target.period_end),
        target.value,
        Scale(is_logarithmic(target), level or 1.0),
        samples,
    )
