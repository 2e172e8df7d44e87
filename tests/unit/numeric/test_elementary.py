"""Elementary functions from additions and multiplications."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from sim.numeric import elementary

N = 200_000


def apply(function: Any, x: Any) -> Any:
    return _compiled(function if hasattr(function, "py_func") else njit(function), x)


@njit
def _compiled(function: Any, x: Any) -> Any:
    out = np.empty_like(x)
    for i in range(x.shape[0]):
        out[i] = function(x[i])
    return out


def positive_floats(low: float, high: float, kind: Any) -> Any:
    rng = np.random.default_rng(0)
    return np.exp(rng.uniform(np.log(low), np.log(high), N)).astype(kind)


def ulps(got: Any, exact: Any) -> float:
    return float(np.max(np.abs(got - exact) / np.spacing(np.maximum(np.abs(exact), 1e-300))))


def test_ln() -> None:
    x = np.concatenate([positive_floats(1e-300, 1e300, float), np.linspace(0.9, 1.1, 9_999)])
    exact = np.log(x.astype(np.longdouble)).astype(float)
    assert ulps(apply(elementary.ln, x), exact) <= 1.0
    assert apply(elementary.ln, np.ones(1))[0] == 0.0


def test_ln32() -> None:
    x = positive_floats(1e-8, 20.0, np.float32)
    exact = np.log(x.astype(float))
    assert np.abs(apply(elementary.ln32, x) - exact).max() < 5e-7 * max(1.0, np.abs(exact).max())


def test_exp() -> None:
    x = np.random.default_rng(0).uniform(-700.0, 700.0, N)
    exact = np.exp(x.astype(np.longdouble)).astype(float)
    assert ulps(apply(elementary.exp, x), exact) <= 1.0
    ends = apply(elementary.exp, np.array([0.0, -701.0, -1e30, 1e30]))
    assert ends[:3].tolist() == [1.0, 0.0, 0.0]
    assert np.isfinite(ends[3])


def test_sin_pi32() -> None:
    u = np.random.default_rng(0).uniform(1e-9, 0.5, N).astype(np.float32)
    exact = np.sin(np.pi * u.astype(float))
    np.testing.assert_allclose(apply(elementary.sin_pi32, u), exact, rtol=4e-7)


def test_exp32() -> None:
    x = np.random.default_rng(0).uniform(-87.0, 88.0, N).astype(np.float32)
    np.testing.assert_allclose(apply(elementary.exp32, x), np.exp(x.astype(float)), rtol=2e-7)
    ends = apply(elementary.exp32, np.array([0.0, -1e9, 1e9], np.float32))
    assert ends[0] == 1.0
    assert 0.0 < ends[1] < 2e-38
    assert 1e38 < ends[2] < np.inf


def exact(function: Any, x: Any) -> Any:
    return function(x.astype(np.longdouble)).astype(float)


def near_zero_and_far() -> Any:
    rng = np.random.default_rng(0)
    small = 10.0 ** rng.uniform(-15.0, 2.0, N)
    return np.concatenate([small, -small[small < 0.999]])


def test_log1p_keeps_the_digits_of_tiny_numbers() -> None:
    x = near_zero_and_far()
    assert ulps(apply(elementary.log1p, x), exact(np.log1p, x)) <= 3.0


def test_expm1_keeps_the_digits_of_tiny_numbers() -> None:
    x = near_zero_and_far()
    assert ulps(apply(elementary.expm1, x), exact(np.expm1, x)) <= 3.0
    assert apply(elementary.expm1, np.array([0.0, -1e9])).tolist() == [0.0, -1.0]


def test_binary_logarithm_and_power_are_exact_at_powers_of_two() -> None:
    whole = np.arange(-300.0, 300.0)
    assert (apply(elementary.exp2, whole) == 2.0**whole).all()
    assert (apply(elementary.log2, 2.0**whole) == whole).all()
    x = np.random.default_rng(0).uniform(-300.0, 300.0, N)
    assert ulps(apply(elementary.exp2, x), exact(np.exp2, x)) <= 1.0


@njit
def powers(x: Any, y: Any) -> Any:
    out = np.empty_like(x)
    for i in range(x.shape[0]):
        out[i] = elementary.power(x[i], y[i])
    return out


def test_power_is_exact_at_0_and_1_and_close_elsewhere() -> None:
    rng = np.random.default_rng(0)
    x, y = 10.0 ** rng.uniform(-6.0, 6.0, N), rng.uniform(-3.0, 3.0, N)
    np.testing.assert_allclose(powers(x, y), x**y, rtol=2e-14)
    assert (powers(x, np.ones(N)) == x).all()
    assert (powers(x, np.zeros(N)) == 1.0).all()
    assert powers(np.zeros(3), np.array([0.0, 0.5, 1.0])).tolist() == [1.0, 0.0, 0.0]
