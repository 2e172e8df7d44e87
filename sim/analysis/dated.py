"""Containment as dated events: when states of the contest begin, how long they last."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from sim.analysis.ensemble import Ensemble, check_pair
from sim.analysis.outcomes import Thresholds, lead
from sim.analysis.passages import NEVER, Bools, Ints, Spells, Survival, spells, survival
from sim.analysis.statistics import wilson_interval
from sim.months import month_after


class State(NamedTuple):
    """A state of the contest in each path and month, and from when it is waited for."""

    name: str
    title: str
    rule: str
    held: Bools
    origin: Ints | None = None


def states_of(on: Ensemble, off: Ensemble | None, limits: Thresholds) -> Iterator[State]:
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
        yield State(
            "held_back",
            "challenger held back",
            "its share is below kappa, and at least delta_min below that without the levers",
            (gap >= limits.minimum_effect) & below,
        )
    ahead = lead(on.token_share, on.challenger) >= m
    yield State("challenger_leads", "challenger leads tokens", "by at least m", ahead)
    yield State(
        "incumbent_regains",
        "incumbent regains the lead",
        "leads tokens by at least m, after the challenger did",
        lead(on.token_share, on.incumbent) >= m,
        spells(ahead, row).onset,
    )
    yield State("above_ceiling", "challenger passes kappa", "its share is kappa or more", ~below)
    yield State(
        "below_ceiling",
        "challenger falls below kappa",
        "its share is below kappa, after it had passed it",
        below,
        spells(~below, row).onset,
    )
    yield State(
        "dual_leadership",
        "dual leadership",
        "challenger leads tokens and incumbent revenue by at least m",
        ahead & (lead(on.revenue_share, on.incumbent) >= m),
    )


def spells_of(state: State, limits: Thresholds) -> Spells:
    """First spell of a state in each path."""
    return spells(state.held, limits.event_months, state.origin)


def dated_states(
    on: Ensemble, off: Ensemble | None, limits: Thresholds, start: date
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
        "interval_type": f"Wilson, {limits.confidence:.4g}; survival: Kaplan-Meier, log-log "
        f"{limits.confidence:.4g}, Wilson at 0 and 1",
        "states": {
            state.name: {"title": state.title, "rule": state.rule}
            | _told(spells_of(state, limits), limits.confidence, start)
            for state in states_of(on, off, limits)
        },
    }


def _told(found: Spells, confidence: float, start: date) -> dict[str, Any]:
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
