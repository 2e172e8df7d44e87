"""Recorded figures scored: the model's predictive samples beside those of simple forecasters."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtri

from sim.analysis.calibration.matching import known_figures
from sim.analysis.calibration.record import Record
from sim.analysis.calibration.targets import Target
from sim.analysis.calibration.validation import simulated
from sim.analysis.forecasts.forecast import (
    DRAWS,
    PERCENT,
    Errors,
    family_of,
    is_logarithmic,
    is_percentage,
    known_until,
    middle_of,
    months_of,
    predictive,
)
from sim.analysis.forecasts.scores import MODEL, Outcome, Scale, Scoreboard, score_table
from sim.analysis.forecasts.simple import FORECASTERS, Series, pooled_variance, series_of
from sim.months import months_between

if TYPE_CHECKING:
    import xarray as xr

    from sim.scenario.schema.scenario import Scenario

SIGNED = ("rank", "growth")
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
    """
    rows, scored = list(record), list(targets)
    fitted = fitted or cut_of(scenario, rows)
    cut = cut or fitted
    if cut is None or not scored:
        return None
    known = known_figures(known_until(rows, cut), scenario)
    return scoreboard(curves, scored, known, cut, errors, fitted)


def scoreboard(
    curves: xr.Dataset,
    targets: Iterable[Target],
    known: Iterable[Target],
    cut: date,
    errors: Errors,
    fitted: date | None = None,
) -> Scoreboard:
    """Score the model on some figures, beside simple forecasters fitted on what was known.

    Parameters
    ----------
    targets
        Figures to score; one that is there twice counts once.
    known
        Recorded figures; those that end after the cut are not looked at.
    cut
        Last day of what was known. Simple forecasters predict figures after it.
    """
    histories = _histories([target for target in known if target.period_end <= cut])
    distinct = {
        (_thing(t), t.period_start, t.period_end, t.value): t for t in reversed(list(targets))
    }
    outcomes = [
        _outcome(target, curves, histories, cut, errors) for target in reversed(distinct.values())
    ]
    return Scoreboard(cut, fitted, score_table(outcomes))


Thing = tuple[str, str, str, str]


def _thing(target: Target) -> Thing:
    """What a series of figures is about."""
    return target.metric, target.vendor or target.entity, target.measure, target.unit


def _histories(known: Sequence[Target]) -> dict[Thing, Series]:
    """Series of each thing, sums as monthly rates, with the family's variance of a change.

    A family whose series hold one figure each takes over that of all series of its unit.
    """
    groups: dict[Thing, list[Target]] = {}
    for target in known:
        groups.setdefault(_thing(target), []).append(target)
    found: dict[Thing, Series] = {}
    families: dict[tuple[str, str], list[Series]] = {}
    for thing, rows in groups.items():
        figures = [row.value / months_of(row) for row in rows]
        first = rows[0]
        found[thing] = series_of(
            [middle_of(row) for row in rows],
            figures,
            logarithmic=is_logarithmic(first) and min(figures) > 0.0,
            limit=PERCENT if is_percentage(first) else None,
            bounded=first.kind not in SIGNED,
        )
        families.setdefault(_pool(first, found[thing]), []).append(found[thing])
    everywhere = {
        unit: pooled_variance(s for (_, own), rows in families.items() if own == unit for s in rows)
        for _, unit in families
    }
    variances = {
        pool: pooled_variance(series) or everywhere[pool[1]] for pool, series in families.items()
    }
    return {
        thing: series._replace(family_variance=variances[_pool(groups[thing][0], series)])
        for thing, series in found.items()
    }


def _pool(target: Target, series: Series) -> tuple[str, str]:
    """Series whose changes have one unit are pooled."""
    return (family_of(target), "relative" if series.logarithmic else target.unit)


def _outcome(
    target: Target,
    curves: xr.Dataset,
    histories: dict[Thing, Series],
    cut: date,
    errors: Errors,
) -> Outcome:
    series = histories.get(_thing(target))
    samples = {MODEL: predictive(target, simulated(target, curves), errors)}
    if target.period_end > cut and series is not None:
        normals = ndtri((np.arange(DRAWS) + 0.5) / DRAWS)
        for name, forecaster in FORECASTERS.items():
            figures = forecaster(series, middle_of(target), normals) * months_of(target)
            samples[name] = predictive(target, figures, Errors(errors.seed))
    level = abs(target.value if series is None else float(series.values[-1]) * months_of(target))
    return Outcome(
        target.id,
        target.metric,
        target.entity,
        family_of(target),
        target.unit,
        target.period_end,
        months_between(cut, target.period_end),
        target.value,
        Scale(is_logarithmic(target), level or 1.0),
        samples,
    )
