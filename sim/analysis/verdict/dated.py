"""Containment as dated events: when states begin, how long they last, whether they come back."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from datetime import date
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from sim.analysis.statistics import CONFIDENCE, wilson_interval
from sim.analysis.verdict.curves import WorldCurves, check_pair
from sim.analysis.verdict.outcomes import lead
from sim.months import month_after
from sim.scenario.schema.scenario import Containment

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

NEVER = -1


class Spells(NamedTuple):
    """The first spell of a state in each of R paths; months count from 0, -1 is never."""

    origin: Ints
    """Month from which the state is waited for; -1 if it never is."""
    onset: Ints
    """First month of the first spell."""
    end: Ints
    """First month after it."""
    again: Bools
    """A second spell begins."""
    months: Ints
    """Months in the state since the origin, single ones included."""
    last: int
    """Last month in which a spell can be seen to begin or end."""

    @property
    def waited_for(self) -> Bools:
        """Paths in which the state can begin."""
        return self.origin != NEVER

    def waiting(self) -> tuple[Floats, Bools]:
        """Months from origin to onset and whether it was seen, else censored; paths at risk."""
        risk = self.waited_for
        seen = self.onset != NEVER
        until = np.where(seen, self.onset, np.maximum(self.last, self.origin)) - self.origin
        return until[risk].astype(np.float64), seen[risk]

    def lasting(self) -> tuple[Floats, Bools]:
        """Months from onset to end and whether the end was seen, else censored; paths begun."""
        begun = self.onset != NEVER
        seen = self.end != NEVER
        until = np.where(seen, self.end, np.maximum(self.last, self.onset)) - self.onset
        return until[begun].astype(np.float64), seen[begun]


def spells(state: npt.ArrayLike, months_in_a_row: int = 1, origin: Ints | None = None) -> Spells:
    """First spell of a state in each path.

    A spell begins with the first of `months_in_a_row` months in the state and ends with the first
    of as many months out of it, so that a single noisy month neither makes nor breaks one. What
    begins too late for that many months to be seen is censored.

    Parameters
    ----------
    state
        (R, M) whether the state holds.
    origin
        (R,) month from which it is waited for, -1 for never; the first month unless given.

    Raises
    ------
    ValueError
        If shapes disagree or fewer than one month is asked for.
    """
    held = np.asarray(state, dtype=np.bool_)
    if held.ndim != 2 or min(held.shape) < 1 or months_in_a_row < 1:
        raise ValueError("state must be (paths, months), and at least one month in a row")
    paths, months = held.shape
    row = min(months_in_a_row, months)
    start = np.zeros(paths, dtype=np.int64) if origin is None else np.asarray(origin)
    if start.shape != (paths,):
        raise ValueError(f"origin: one a path, {paths} needed")
    onset = _first(held, row, start)
    end = _first(~held, row, onset)
    second = _first(held, row, end)
    since = (np.arange(months) >= start[:, None]) & (start != NEVER)[:, None]
    return Spells(start, onset, end, second != NEVER, (held & since).sum(axis=1), months - row)


def _first(held: Bools, row: int, start: Ints) -> Ints:
    """First month from `start` on with `row` months in a row; -1 if none or never started."""
    whole = np.lib.stride_tricks.sliding_window_view(held, row, axis=1).all(axis=2)
    late_enough = (np.arange(whole.shape[1]) >= start[:, None]) & (start != NEVER)[:, None]
    found = whole & late_enough
    return np.where(found.any(axis=1), found.argmax(axis=1), NEVER).astype(np.int64)


class Survival(NamedTuple):
    """Kaplan-Meier estimate: share not yet passed after so many months, with its band."""

    months: Floats
    share: Floats
    lower: Floats
    upper: Floats
    at_risk: Ints

    @property
    def median(self) -> float | None:
        """First time at which at most half is left; None if it is not reached."""
        passed = np.flatnonzero(self.share <= 0.5)
        return float(self.months[passed[0]]) if passed.size else None


def survival(times: npt.ArrayLike, seen: npt.ArrayLike, confidence: float = 0.95) -> Survival:
    """Kaplan-Meier curve of right-censored times with its pointwise band.

    ``S(t) = product over t_i <= t of (1 - d_i / n_i)``; the band is that of the log-log transform
    of Greenwood's variance (Kalbfleisch & Prentice 2002, The Statistical Analysis of Failure Time
    Data, 1.4). Where S is 1 or 0 it has no variance: Wilson's bound of the number at risk stands
    in.

    Parameters
    ----------
    times
        (N,) months until the event or until watching ended.
    seen
        (N,) whether the event was seen; the others are censored.

    Raises
    ------
    ValueError
        If there is no time, shapes differ or a time is negative.
    """
    from scipy.stats import CensoredData, ecdf

    t, events = np.asarray(times, dtype=np.float64), np.asarray(seen, dtype=np.bool_)
    if t.ndim != 1 or not t.size or events.shape != t.shape or not (t >= 0.0).all():
        raise ValueError("times and seen: one of each a path, times of 0 or more")
    found = ecdf(CensoredData(uncensored=t[events], right=t[~events])).sf
    at_risk = np.array([(t >= q).sum() for q in found.quantiles], dtype=np.int64)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore", RuntimeWarning)
        band = found.confidence_interval(confidence, method="log-log")
    share = np.asarray(found.probabilities, dtype=np.float64)
    low, high = (np.array(side.probabilities) for side in (band.low, band.high))
    for place in np.flatnonzero(~np.isfinite(low) | ~np.isfinite(high)):
        n = int(at_risk[place])
        wilson = wilson_interval(n if share[place] >= 0.5 else 0, n, confidence)
        low[place], high[place] = wilson.lower, wilson.upper
    return Survival(
        np.asarray(found.quantiles, dtype=np.float64),
        share,
        np.minimum.accumulate(low),
        np.minimum.accumulate(high),
        at_risk,
    )


class DatedState(NamedTuple):
    """A state of the contest in each path and month, and from when it is waited for."""

    name: str
    title: str
    rule: str
    held: Bools
    origin: Ints | None = None


def states_of(
    on: WorldCurves, off: WorldCurves | None, limits: Containment
) -> Iterator[DatedState]:
    """The states that are dated, C the challenger and I the incumbent, month by month.

    `held_back` is D2 by the month, below the ceiling of D1: the paired gap
    ``s_C(OFF) - s_C(ON)`` is at least delta_min and ``s_C(ON)`` below kappa; it needs a pair.
    `challenger_leads` and `incumbent_regains` date the lead in tokens by the margin m, the second
    once the first has begun; `above_ceiling` and `below_ceiling` the passage of kappa, up and,
    after that, down; `dual_leadership` is D3 by the month.

    Raises
    ------
    ValueError
        If the worlds are not pairs.
    """
    share, m = on.token_share[:, :, on.challenger], limits.lead_margin
    row = limits.event_months
    below = share < limits.ceiling_share
    if off is not None:
        check_pair(on, off, "off")
        gap = off.token_share[:, :, on.challenger] - share
        yield DatedState(
            "held_back",
            "challenger held back",
            "its share is below kappa, and at least delta_min below that without the levers",
            (gap >= limits.minimum_effect) & below,
        )
    ahead = lead(on.token_share, on.challenger) >= m
    yield DatedState("challenger_leads", "challenger leads tokens", "by at least m", ahead)
    yield DatedState(
        "incumbent_regains",
        "incumbent regains the lead",
        "leads tokens by at least m, after the challenger did",
        lead(on.token_share, on.incumbent) >= m,
        spells(ahead, row).onset,
    )
    yield DatedState(
        "above_ceiling", "challenger passes kappa", "its share is kappa or more", ~below
    )
    yield DatedState(
        "below_ceiling",
        "challenger falls below kappa",
        "its share is below kappa, after it had passed it",
        below,
        spells(~below, row).onset,
    )
    yield DatedState(
        "dual_leadership",
        "dual leadership",
        "challenger leads tokens and incumbent revenue by at least m",
        ahead & (lead(on.revenue_share, on.incumbent) >= m),
    )


def spells_of(state: DatedState, limits: Containment) -> Spells:
    """First spell of a state in each path."""
    return spells(state.held, limits.event_months, state.origin)


def dated_states(
    on: WorldCurves, off: WorldCurves | None, limits: Containment, start: date
) -> dict[str, Any]:
    """Onset, duration, relapse and survival of each state, with all that a figure must carry.

    Times are months; a state that does not begin, or end, before the run stops is censored.

    Parameters
    ----------
    on, off
        The pair; without `off` nothing is said of `held_back`.
    start
        First month of the run.
    """
    return {
        "n": on.replicates,
        "seeds": on.seeds,
        "scenario_hash": on.scenario_hash,
        "off_scenario_hash": None if off is None else off.scenario_hash,
        "months": on.months,
        "months_in_a_row": limits.event_months,
        "interval_type": f"Wilson, {CONFIDENCE:.4g}; survival: Kaplan-Meier, log-log "
        f"{CONFIDENCE:.4g}, Wilson at 0 and 1",
        "states": {
            state.name: {"title": state.title, "rule": state.rule}
            | _state_document(spells_of(state, limits), CONFIDENCE, start)
            for state in states_of(on, off, limits)
        },
    }


def _state_document(found: Spells, confidence: float, start: date) -> dict[str, Any]:
    begun = found.onset != NEVER
    ended = found.end != NEVER
    first = found.onset[begun]
    return {
        "first": _curve(*found.waiting(), confidence),
        "median_first_date": month_after(start, round(float(np.median(first)))).isoformat()
        if first.size
        else None,
        "duration": _curve(*found.lasting(), confidence),
        "relapse": _share(found.again[ended], confidence),
        "mean_months_in_state": float(found.months[found.waited_for].mean())
        if found.waited_for.any()
        else None,
        "onset_by_replicate": [int(x) if x != NEVER else None for x in found.onset],
        "end_by_replicate": [int(x) if x != NEVER else None for x in found.end],
    }


def _share(happened: npt.ArrayLike, confidence: float) -> dict[str, Any]:
    held = np.asarray(happened, dtype=np.bool_)
    count, n = int(held.sum()), int(held.size)
    return {
        "n": n,
        "happened": count,
        "censored": n - count,
        "share": count / n if n else None,
        "interval": wilson_interval(count, n, confidence) if n else None,
    }


def _curve(times: npt.ArrayLike, seen: npt.ArrayLike, confidence: float) -> dict[str, Any]:
    """Counts, median and survival curve of some waiting times."""
    facts = _share(seen, confidence)
    if not facts["n"]:
        return facts | {"median_months": None, "survival": []}
    curve: Survival = survival(times, seen, confidence)
    rows = zip(*(np.asarray(column).tolist() for column in curve), strict=True)
    return facts | {
        "median_months": curve.median,
        "survival": [dict(zip(curve._fields, row, strict=True)) for row in rows],
    }
