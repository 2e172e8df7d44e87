"""Clients counted by sets of marks: the same as mark by mark."""

from __future__ import annotations

import numpy as np
import pytest
from numba import njit

from sim.market.marks import VALUES, add_marks, bytes_of, read_marks
from sim.market.population import FIXED_POINT


@njit
def counted(c, who, marks, weight, by_byte, by_number, counts):
    add_marks(c, who, marks, weight, by_byte, by_number)
    read_marks(by_byte, counts)


@pytest.mark.parametrize("marks", [1, 7, 8, 9, 20, 63])
def test_every_mark_and_every_number_of_marks_is_counted(marks):
    rng = np.random.Generator(np.random.Philox(marks))
    clients = 500
    has = rng.random((clients, marks)) < 0.3
    weight = rng.lognormal(size=clients).astype(np.float32)
    sets = np.zeros(clients + 1, np.uint64)
    for mark in range(marks):
        sets[1:] |= has[:, mark].astype(np.uint64) << np.uint64(mark)
    who = np.concatenate([[0], rng.permutation(clients)]).astype(np.int64)
    by_byte = np.zeros((bytes_of(marks), VALUES), np.int64)
    by_number, counts = np.zeros(65, np.int64), np.zeros(marks, np.int64)
    counted(clients, who, sets, weight, by_byte, by_number, counts)
    whole = np.floor(weight[who[1:]].astype(np.float64) * FIXED_POINT + 0.5).astype(np.int64)
    assert counts.tolist() == [int(whole[has[:, mark]].sum()) for mark in range(marks)]
    many = has.sum(axis=1)
    assert by_number.tolist() == [int(whole[many == n].sum()) for n in range(65)]


def test_bytes_are_as_many_as_the_marks_need():
    assert [bytes_of(n) for n in (0, 1, 8, 9, 16, 17)] == [0, 1, 1, 2, 2, 3]
