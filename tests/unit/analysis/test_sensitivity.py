"""Sobol indices against closed forms, and the quality of a discovered box."""

from __future__ import annotations

import numpy as np
import pytest

from sim.analysis.statistics import Interval
from sim.analysis.uncertainty.failing import box_quality, in_box
from sim.analysis.uncertainty.indices import SeededIndices, seeded_indices
from sim.runs.study.designs import sobol_design

SAMPLE = np.array([[0.1, 5.0], [0.4, 1.0], [0.6, 2.0], [0.9, 3.0], [0.8, 9.0]])
CASES = [0, 0, 1, 1, 0]


def design(bounds, base=2**12):
    return sobol_design(bounds, base, np.random.default_rng(3))


def indices_of(found, outcomes):
    """Indices from the blocks A, B and A with each column of B, one seed."""
    blocks = np.asarray(outcomes)[: found.base * (found.inputs + 2)]
    given = seeded_indices(blocks.reshape(-1, found.base, 1), resamples=1)
    return SeededIndices(given.first[:-1], given.total[:-1], *given[2:])


def test_indices_of_a_sum_and_a_product():
    found = design([(-1.0, 1.0)] * 3)
    x = found.points.T
    indices = indices_of(found, 2.0 + x[0] + 2 * x[1] * x[2])
    # Variances: 1/3 alone, 4/9 the pair.
    assert indices.variance == pytest.approx(7 / 9, abs=5e-3)
    assert indices.mean == pytest.approx(2.0, abs=5e-3)
    assert indices.first == pytest.approx([3 / 7, 0.0, 0.0], abs=0.01)
    assert indices.total == pytest.approx([3 / 7, 4 / 7, 4 / 7], abs=0.01)


def test_units_and_an_offset_move_no_index():
    found = design([(0.0, 1.0), (10.0, 30.0)], 2**8)
    outcomes = found.points[:, 0] * found.points[:, 1]
    plain, moved = indices_of(found, outcomes), indices_of(found, 5.0 - 3 * outcomes)
    assert moved.first == pytest.approx(plain.first)
    assert moved.total == pytest.approx(plain.total)
    assert moved.variance == pytest.approx(9 * plain.variance)


def test_an_inert_input_has_no_total_effect():
    found = design([(0.0, 1.0)] * 2, 2**6)
    indices = indices_of(found, found.points[:, 0] ** 2)
    assert indices.total[1] == 0.0
    assert indices.first[1] == 0.0


def test_design_swaps_one_column_a_block():
    found = design([(0.0, 1.0), (2.0, 4.0)], 8)
    assert (found.base, found.inputs) == (8, 2)
    a, b, ab0, ab1, ba0, ba1 = found.points.reshape(6, 8, 2)
    assert np.array_equal(ab0, np.column_stack([b[:, 0], a[:, 1]]))
    assert np.array_equal(ab1, np.column_stack([a[:, 0], b[:, 1]]))
    assert np.array_equal(ba0, ab1)
    assert np.array_equal(ba1, ab0)
    assert ((found.points >= [0.0, 2.0]) & (found.points <= [1.0, 4.0])).all()


def test_box_counts_by_hand():
    quality = box_quality(SAMPLE, CASES, {0: Interval(0.5, 1.0), 1: Interval(0.0, 3.0)})
    assert quality.points == 2
    assert quality.coverage == quality.density == 1.0
    assert quality.lift == pytest.approx(2.5)
    assert quality.support == pytest.approx(0.4)
    # Without column 0: 2 cases of 3; without column 1: 2 cases of 3.
    assert quality.quasi_p == pytest.approx({0: 4 / 9, 1: 4 / 9})


def test_ends_of_a_box_are_inside_and_no_restriction_holds_everything():
    assert in_box(SAMPLE, {0: Interval(0.4, 0.6)}).tolist() == [False, True, True, False, False]
    whole = box_quality(SAMPLE, CASES, {})
    assert (whole.coverage, whole.density, whole.lift) == (1.0, 0.4, 1.0)
    assert whole.quasi_p == {}


def test_an_empty_box_and_a_sample_without_cases_say_nothing():
    empty = box_quality(SAMPLE, CASES, {0: Interval(2.0, 3.0)})
    assert (empty.points, empty.coverage) == (0, 0.0)
    assert np.isnan([empty.density, empty.lift, empty.quasi_p[0]]).all()
    none = box_quality(SAMPLE, [0] * 5, {0: Interval(0.0, 1.0)})
    assert np.isnan([none.coverage, none.lift]).all()
    assert none.quasi_p == {0: 1.0}


@pytest.mark.parametrize(
    "call",
    [
        lambda: design([(0.0, 1.0)]),
        lambda: design([(0.0, 1.0), (1.0, 1.0)]),
        lambda: design([(0.0, 1.0), (0.0, np.inf)]),
        lambda: design([(0.0, 1.0)] * 2, 100),
        lambda: seeded_indices(np.zeros(5)),
        lambda: seeded_indices(np.zeros((4, 4, 1))),
        lambda: seeded_indices(np.full((4, 4, 1), np.nan)),
        lambda: in_box([1.0], {}),
        lambda: in_box(SAMPLE, {2: Interval(0.0, 1.0)}),
        lambda: box_quality(SAMPLE, [0, 1], {}),
        lambda: box_quality(SAMPLE, [0, 1, 2, 0, 0], {}),
    ],
)
def test_bad_input_raises(call):
    with pytest.raises(ValueError, match=r"\w"):
        call()
