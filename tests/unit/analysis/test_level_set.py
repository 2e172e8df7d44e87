"""A boundary that is known is found, with few questions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from benchmarks.frontier_saving import measure, whole_lattice
from sim.analysis.frontier.level_set import Place, find_level
from sim.economics.arrays import Bools


def straight(places: Sequence[Place], level: float = 5.5, runs: int = 6) -> Bools:
    """The upper part of the plane, without noise."""
    spots = np.array(places)
    return np.repeat((spots[:, 1] > level)[:, None], runs, axis=1)


@pytest.mark.slow
def test_four_times_fewer_runs_at_equal_accuracy() -> None:
    found = measure(seeds=4)
    assert found["frontier_times_fewer_runs"] >= 4.0
    assert found["frontier_error_adaptive"] <= 1.05 * found["frontier_error_grid"]
    assert found["frontier_error_grid"] < 0.03


def test_the_side_of_every_place_is_that_of_the_whole_lattice() -> None:
    few, many = find_level(straight, 4, 2), whole_lattice(straight, 16)
    above = few.surface(1).log_odds >= 0.0
    np.testing.assert_array_equal(above, many.surface(1).log_odds >= 0.0)
    assert few.finished
    assert len(few.places) < len(many.places) / 2
    assert few.surface(1).area == pytest.approx(1.0 - 5.5 / 16.0, abs=1 / 32)


def test_a_boundary_that_leaves_into_a_coarse_cell_is_followed() -> None:
    # a tongue that no coarse corner sees beyond its first cell
    def tongue(places: Sequence[Place]) -> Bools:
        spots = np.array(places)
        inside = (spots[:, 0] <= 13) & (abs(spots[:, 1] - 8) <= 1)
        return np.repeat(inside[:, None], 3, axis=1)

    found = find_level(tongue, 2, 3)
    known = {tuple(place) for place in found.places.tolist()}
    assert {(13, 8), (14, 8)} <= known


def test_certain_runs_have_no_band_and_split_ones_have() -> None:
    assert not find_level(straight, 4, 2).surface().band.any()

    def noisy(places: Sequence[Place]) -> Bools:
        return straight(places) ^ (np.arange(6) % 3 == np.array(places)[:, :1] % 3)

    assert find_level(noisy, 4, 2).surface().band.any()


def test_the_budget_ends_the_refinement() -> None:
    whole = find_level(straight, 4, 2)
    cut = find_level(straight, 4, 2, budget=30)
    assert len(cut.places) <= 30 < len(whole.places)
    assert not cut.finished
    least = find_level(straight, 4, 2, budget=0)
    assert len(least.places) == 25


def test_same_everywhere_asks_the_coarse_lattice_only() -> None:
    found = find_level(lambda places: straight(places, level=-1.0), 3, 3)
    assert len(found.places) == 16
    assert found.surface().area == pytest.approx(1.0)


def test_a_lattice_without_cells_is_refused() -> None:
    with pytest.raises(ValueError, match="coarse >= 1"):
        find_level(straight, 0, 1)
