"""Bundles as Python and kernels see them."""

from __future__ import annotations

import pickle
import subprocess
import sys
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numba import njit

from sim.numeric.arrays import Cube, Matrix, Vector
from sim.numeric.bundle import Bundle
from sim.numeric.compiled import kernel


class Inner(Bundle):
    level: float
    table: Matrix[np.int32]


class Outer(Bundle):
    cube: Cube[np.float64]
    inner: Inner
    count: int
    rate: float
    on: bool
    key: np.uint64
    small: Vector[np.float32]


def made() -> Outer:
    inner = Inner(level=2.0, table=np.arange(6, dtype=np.int32).reshape(2, 3))
    return Outer(
        cube=np.arange(24.0).reshape(2, 3, 4),
        inner=inner,
        count=-3,
        rate=0.5,
        on=True,
        key=np.uint64(2**64 - 1),
        small=np.zeros(2, np.float32),
    )


@njit
def add_up(bundle: Any) -> Any:
    bundle.small[1] = bundle.cube[1, 2, 3] + bundle.inner.table[1, 2]
    slab = bundle.cube[1]
    bundle.rate += 1.0
    bundle.inner.level = bundle.rate + bundle.count
    bundle.on = not bundle.on
    bundle.count = 7
    return slab.shape, slab[2, 1], bundle.key, bundle.on


def test_kernels_read_all_kinds_of_fields_and_write_numbers() -> None:
    bundle = made()
    assert add_up(bundle) == ((3, 4), 21.0, 2**64 - 1, False)
    assert bundle.small.tolist() == [0.0, 28.0]
    assert (bundle.rate, bundle.inner.level, bundle.on, bundle.count) == (1.5, -1.5, False, 7)


def test_numbers_keep_their_kind() -> None:
    bundle = made()
    bundle.rate = 3
    assert isinstance(bundle.rate, float)
    assert isinstance(bundle.on, bool)
    assert isinstance(bundle.key, np.uint64)
    assert isinstance(bundle.count, int)


def test_an_array_that_is_assigned_is_copied_into_the_one_that_kernels_know() -> None:
    bundle = made()
    held, new = bundle.small, np.array([3.0, 4.0])
    bundle.small = new
    new[:] = 9.0
    assert bundle.small is held
    assert bundle.small.tolist() == [3.0, 4.0]
    bundle.small = 1.0
    assert bundle.small.tolist() == [1.0, 1.0]


def test_copies_are_apart_and_keep_what_is_shared() -> None:
    bundle = made()
    copy = deepcopy(bundle)
    copy.inner.table[:] = 8
    copy.rate = 9.0
    assert bundle.inner.table[1, 2] == 5
    assert bundle.rate == 0.5
    assert add_up(copy)[1] == 21.0
    shared = deepcopy(bundle, {id(bundle.cube): bundle.cube})
    assert shared.cube is bundle.cube
    again = pickle.loads(pickle.dumps(bundle.inner))
    assert (again.table == bundle.inner.table).all()
    other = bundle.replaced(count=1)
    assert (other.count, bundle.count) == (1, -3)
    assert other.cube is bundle.cube


def test_bundles_with_the_same_kinds_of_fields_have_one_type() -> None:
    one, other = made(), made()
    assert one._numba_type_ is other._numba_type_
    wider = one.replaced(small=np.zeros(9, np.float32))
    assert wider._numba_type_ is one._numba_type_
    with pytest.raises(TypeError, match=r"Outer.small must be a C-contiguous Vector\[np.float32\]"):
        one.replaced(small=np.zeros(2))


@pytest.mark.parametrize(
    "wrong",
    [
        {"table": np.zeros((2, 3), np.int32)},
        {"level": 1.0, "table": np.zeros((2, 3), np.int32).T},
        {"level": 1.0, "table": [1.0]},
        {"level": 1.0, "table": np.zeros(2, np.int32)},
        {"level": 1.0, "table": np.zeros((2, 3))},
        {"level": 1.0, "tables": np.zeros((2, 3), np.int32)},
        {"level": 1.0, "table": np.zeros((2, 3), np.int32), "more": 1},
    ],
)
def test_fields_that_are_missing_unknown_or_of_no_use_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match="Inner"):
        Inner(**wrong)


def test_a_bundle_inside_another_is_not_replaced() -> None:
    bundle = made()
    with pytest.raises(AttributeError, match="of its own"):
        bundle.inner = bundle.inner


class Twin(Bundle):
    level: float
    table: Matrix[np.int32]


@kernel
def scaled(inner: Inner, factor: float, times: int) -> float:
    """Scale the level so many times."""
    for _ in range(times):
        inner.level *= factor
    return inner.level


@kernel
def total_of(table: Matrix[np.int32], inner: Inner) -> float:
    """A kernel that takes an array too, and calls another."""
    return table.sum() + scaled(inner, 1.0, 1)


def test_a_kernel_takes_its_own_bundles_only() -> None:
    inner, table = made().inner, np.ones((2, 2), np.int32)
    assert scaled(inner, 2.0, 3) == inner.level == 16.0
    assert scaled(inner, 2, np.int64(1)) == 32.0
    assert total_of(table, inner) == 36.0
    for wrong in (Twin(1.0, table), None):
        with pytest.raises(AttributeError, match=r"address of .*\.Inner"):
            scaled(wrong, 2.0, 1)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        scaled(inner, None, 1)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        scaled(inner, 2.0)  # type: ignore[call-arg]
    assert inner.level == 32.0


KERNEL = """
import numpy as np
from sim.numeric.arrays import Vector
from sim.numeric.bundle import Bundle
from sim.numeric.compiled import kernel
class Pair(Bundle):
    first: Vector[np.float64]
    second: Vector[np.float64]
@kernel
def swap(pair: Pair) -> None:
    for i in range(len(pair.first)):
        pair.first[i], pair.second[i] = pair.second[i], pair.first[i]
pair = Pair(np.array([1.0, 2.0]), np.array([3.0, 4.0]))
swap(pair)
assert pair.first.tolist() == [3.0, 4.0]
print(sum(swap.compiled.stats.cache_hits.values()))
"""


@pytest.mark.slow
def test_kernels_that_take_bundles_are_kept_on_disk(tmp_path: Path) -> None:
    script = tmp_path / "swap.py"
    script.write_text(KERNEL)
    told = [
        subprocess.run(
            [sys.executable, str(script)], check=True, capture_output=True, text=True
        ).stdout
        for _ in range(2)
    ]
    assert told == ["0\n", "1\n"]
