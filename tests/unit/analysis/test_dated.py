"""Containment as dated events in paths drawn by hand."""

from __future__ import annotations

import json
from datetime import date

import numpy as np
import pytest

from sim.analysis.verdict.curves import WorldCurves
from sim.analysis.verdict.dated import dated_states
from sim.analysis.verdict.grounds import plain
from sim.scenario.schema.scenario import Containment

LIMITS = Containment(window_months=2, event_months=1)
START = date(2024, 11, 1)


def world(*challenger: list[float], revenue: float = 0.4, tag: str = "on") -> WorldCurves:
    """Two vendors; the incumbent has what the challenger has not."""
    share = np.array(challenger)
    tokens = np.stack([1.0 - share, share], axis=2)
    money = np.broadcast_to(np.array([revenue, 0.2]), tokens.shape).copy()
    seeds = np.arange(len(share))
    return WorldCurves(tokens, money, 1e6 * tokens, 0.0 * tokens, 0, 1, seeds, tag)


ON = world([0.3, 0.4, 0.55, 0.65, 0.55, 0.4], [0.3, 0.4, 0.45, 0.45, 0.45, 0.45])
OFF = world([0.3, 0.41, 0.6, 0.75, 0.7, 0.6], [0.3, 0.4, 0.45, 0.45, 0.45, 0.46], tag="off")


def test_each_state_is_dated() -> None:
    found = plain(dated_states(ON, OFF, LIMITS, START))
    states = found["states"]
    onsets = {name: one["onset_by_replicate"] for name, one in states.items()}
    ends = {name: one["end_by_replicate"] for name, one in states.items()}
    assert onsets == {
        "held_back": [2, None],
        "challenger_leads": [2, None],
        "incumbent_regains": [5, None],
        "above_ceiling": [3, None],
        "below_ceiling": [4, None],
        "dual_leadership": [2, None],
    }
    assert ends["held_back"] == [3, None]
    assert ends["challenger_leads"] == [5, None]
    held = states["held_back"]
    assert held["median_first_date"] == "2025-01-01"
    assert held["first"]["happened"] == 1
    assert held["first"]["censored"] == 1
    assert held["relapse"] | {"interval": None} == {
        "n": 1,
        "happened": 1,
        "censored": 0,
        "share": 1.0,
        "interval": None,
    }
    assert states["incumbent_regains"]["first"]["n"] == 1, "waited for once the challenger led"
    assert states["incumbent_regains"]["first"]["median_months"] == 3.0
    assert (found["n"], found["seeds"], found["scenario_hash"]) == (2, [0, 1], "on")
    json.dumps(found, allow_nan=False)


def test_one_noisy_month_is_no_event_where_three_are_asked_for() -> None:
    found = dated_states(ON, OFF, Containment(window_months=2, event_months=3), START)
    assert found["states"]["above_ceiling"]["onset_by_replicate"] == [None, None]
    assert found["states"]["challenger_leads"]["onset_by_replicate"] == [2, None]


def test_without_a_pair_nothing_is_held_back() -> None:
    found = dated_states(ON, None, LIMITS, START)
    assert "held_back" not in found["states"]
    assert found["off_scenario_hash"] is None


def test_the_same_world_twice_is_never_held_back() -> None:
    held = dated_states(ON, ON, LIMITS, START)["states"]["held_back"]
    assert held["first"]["happened"] == 0
    assert held["duration"] == {
        "n": 0,
        "happened": 0,
        "censored": 0,
        "share": None,
        "interval": None,
        "median_months": None,
        "survival": [],
    }


def test_dual_leadership_needs_both_belts() -> None:
    poor = world([0.3, 0.4, 0.55, 0.65, 0.55, 0.4], revenue=0.21)
    assert dated_states(poor, None, LIMITS, START)["states"]["dual_leadership"]["first"][
        "happened"
    ] == (0)


def test_worlds_of_other_seeds_are_refused() -> None:
    other = world([0.5, 0.5], [0.5, 0.5], [0.5, 0.5])
    with pytest.raises(ValueError, match="seeds"):
        dated_states(world([0.5, 0.5], [0.5, 0.5]), other, LIMITS, START)
