"""First passages, spells, and Kaplan-Meier curves against cases worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from sim.analysis.verdict.dated import NEVER, spells, survival


def state(*paths: str) -> np.ndarray:
    return np.array([[letter == "x" for letter in path] for path in paths])


def test_a_spell_begins_and_ends_with_months_in_a_row() -> None:
    found = spells(state("..x.xxx.xx...xxx", "................", "xxxxxxxxxxxxxxxx"), 3)
    assert list(found.onset) == [4, NEVER, 0]
    assert list(found.end) == [10, NEVER, NEVER]
    assert list(found.again) == [True, False, False]
    assert list(found.months) == [9, 0, 16]
    assert found.last == 13


def test_a_single_month_counts_where_one_is_enough() -> None:
    found = spells(state("..x.xxx."))
    assert (found.onset[0], found.end[0], found.again[0]) == (2, 3, True)


def test_what_is_not_seen_is_censored_at_the_last_month_that_can_tell() -> None:
    found = spells(state("..xxxx", "......", "....xx"), 3)
    times, seen = found.waiting()
    assert list(times) == [2, 3, 3]
    assert list(seen) == [True, False, False]
    times, seen = found.lasting()
    assert list(times) == [1]
    assert list(seen) == [False]


def test_waiting_starts_at_the_origin_and_paths_without_one_are_not_at_risk() -> None:
    found = spells(state("xxx.xx", "xxxxxx", ".....x"), 1, np.array([3, NEVER, 2]))
    assert list(found.onset) == [4, NEVER, 5]
    times, seen = found.waiting()
    assert list(times) == [1, 3]
    assert seen.all()
    assert list(found.months) == [2, 0, 1]


def test_a_run_shorter_than_the_row_is_judged_as_a_whole() -> None:
    assert list(spells(state("xx", "x."), 3).onset) == [0, NEVER]


def test_kaplan_meier_by_hand() -> None:
    # product of 5/6, 4/5, 2/3 with the censored leaving the risk set after their month
    found = survival([3, 5, 5, 8, 10, 10], [1, 1, 0, 1, 0, 0])
    assert list(found.months) == [3, 5, 8, 10]
    assert found.share == pytest.approx([5 / 6, 4 / 6, 4 / 9, 4 / 9])
    assert list(found.at_risk) == [6, 5, 3, 2]
    assert found.median == 8
    assert (found.lower <= found.share).all()
    assert (found.share <= found.upper).all()


def test_the_band_is_the_log_log_band_of_greenwood() -> None:
    found = survival([3, 5, 5, 8, 10, 10], [1, 1, 0, 1, 0, 0])
    share = found.share[0]
    variance = (1 / (6 * 5)) / np.log(share) ** 2
    ends = share ** np.exp(np.array([1.959964, -1.959964]) * np.sqrt(variance))
    assert (found.lower[0], found.upper[0]) == pytest.approx(tuple(ends), rel=1e-5)


def test_all_censored_and_all_at_once_have_a_band() -> None:
    none = survival([4, 4, 4], [0, 0, 0])
    assert (none.share[-1], none.upper[-1], none.median) == (1.0, 1.0, None)
    assert 0.0 < none.lower[-1] < 1.0
    every = survival([0, 0, 0], [1, 1, 1])
    assert (every.share[-1], every.lower[-1], every.median) == (0.0, 0.0, 0.0)
    assert 0.0 < every.upper[-1] < 1.0


@pytest.mark.parametrize(
    ("times", "seen"), [([], []), ([1.0], [1, 0]), ([-1.0], [1]), ([[1.0]], [[1]])]
)
def test_times_that_make_no_sense_are_refused(times: list[float], seen: list[int]) -> None:
    with pytest.raises(ValueError, match="times and seen"):
        survival(times, seen)


def test_states_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ValueError, match="paths, months"):
        spells(np.ones(3, dtype=bool))
    with pytest.raises(ValueError, match="one month in a row"):
        spells(state("x"), 0)
    with pytest.raises(ValueError, match="origin"):
        spells(state("x"), 1, np.array([0, 0]))
