"""Functions of numbers and arrays, their domains, and runs on other processors."""

from __future__ import annotations

import io
import math
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from typing import Any

import numpy as np
import pytest

from sim.numeric import portable
from sim.numeric.portable import least_squares, product

FUNCTIONS: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "exp": (portable.exp, np.exp),
    "ln": (portable.ln, np.log),
    "log1p": (portable.log1p, np.log1p),
    "expm1": (portable.expm1, np.expm1),
    "log2": (portable.log2, np.log2),
    "exp2": (portable.exp2, np.exp2),
}
OTHER_PROCESSOR = """
import hashlib
from sim.market.model import MarketModel
from sim.scenario.patches import replace
from sim.scenario.reader import load
changes = {"population.clients": 300, "calendar.months": 8, "containment.window_months": 3}
for name, more in (("open-flood", {}), ("gpu-drought", {}), ("theory/calvano", {})):
    model = MarketModel(replace(load(f"scenarios/{name}.toml"), changes | more), 1).run()
    for curve in model.curves.values():
        print(hashlib.sha256(curve.tobytes()).hexdigest())
"""


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_of_numbers_and_arrays_agree(name: str) -> None:
    ours, theirs = FUNCTIONS[name]
    x = np.linspace(0.01, 20.0, 24).reshape(2, 3, 4)
    np.testing.assert_allclose(ours(x), theirs(x), rtol=1e-15)
    assert ours(x).shape == x.shape
    one = ours(float(x[1, 2, 3]))
    assert isinstance(one, float)
    assert one == ours(x)[1, 2, 3]
    turned = np.asfortranarray(x)
    assert (ours(turned) == ours(x)).all()


def test_powers_broadcast() -> None:
    x, y = np.array([1.0, 2.0, 3.0]), np.array([[0.5], [2.0]])
    np.testing.assert_allclose(portable.power(x, y), x**y, rtol=1e-15)
    assert portable.power(2.0, 0.5) == pytest.approx(math.sqrt(2.0), rel=1e-15)


def test_a_part_of_the_way_is_the_one_of_its_functions() -> None:
    rng = np.random.default_rng(4)
    x, y = rng.lognormal(0.0, 3.0, (2, 50))
    move = portable.ln(np.maximum(y, 0.2) / x)
    for part in (0.0, 0.3, 1.0):
        wanted = np.maximum(x * portable.exp(part * move), 0.2)
        assert (portable.part_of_way(x, y, part, 0.2) == wanted).all()
    assert (portable.part_of_way(x, y, 0.0, 1e-9) == x).all()
    whole = portable.part_of_way(np.array([1.0, 4.0]), np.array([4, 16]), 0.5, 0.2)
    np.testing.assert_allclose(whole, [2.0, 8.0], rtol=1e-15)
    with pytest.raises(ValueError, match=r"from \(50,\) numbers to \(2,\)"):
        portable.part_of_way(x, y[:2], 0.5, 0.2)
    for start, end in ((0.0, 1.0), (1.0, np.inf), (1e-300, 1e300), (1.0, np.nan)):
        with pytest.raises(FloatingPointError, match="not defined"):
            portable.part_of_way(np.array([1.0, start]), np.array([1.0, end]), 1.0, 1e-3)


@pytest.mark.parametrize(
    ("function", "outside"),
    [
        (portable.exp, 701.0),
        (portable.exp, math.nan),
        (portable.ln, 0.0),
        (portable.ln, -1.0),
        (portable.ln, math.inf),
        (portable.ln, math.nan),
        (portable.log1p, -1.0),
        (portable.log2, 0.0),
        (portable.exp2, 800.0),
    ],
)
def test_outside_the_domain_is_an_error(function: Any, outside: float) -> None:
    for value in (outside, np.array([1.0, outside, 1.0])):
        with pytest.raises(FloatingPointError, match="overflows or is not defined"):
            function(value)


def test_a_power_that_overflows_or_has_no_value_is_an_error() -> None:
    for base, exponent in ((10.0, 400.0), (0.0, -1.0), (-1.0, 0.5)):
        with pytest.raises(FloatingPointError, match="power"):
            portable.power(base, exponent)


def test_nothing_is_left_of_what_is_far_below_zero() -> None:
    assert portable.exp(-math.inf) == 0.0
    assert portable.expm1(-1e6) == -1.0


def test_products_are_those_of_matrices() -> None:
    rng = np.random.default_rng(0)
    a, b, v = rng.normal(size=(5, 7)), rng.normal(size=(7, 3)), rng.normal(size=7)
    np.testing.assert_allclose(product(a, b), a @ b, rtol=1e-13)
    np.testing.assert_allclose(product(a, v), a @ v, rtol=1e-13)
    np.testing.assert_allclose(product(v, b), v @ b, rtol=1e-13)
    assert product(v, v) == pytest.approx(float(v @ v), rel=1e-14)
    with pytest.raises(ValueError, match="do not fit"):
        product(b, a[:, 1:])


def test_least_squares_of_independent_and_dependent_columns() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(12, 4)), rng.normal(size=12)
    np.testing.assert_allclose(least_squares(a, b), np.linalg.lstsq(a, b)[0], rtol=1e-12)
    twice = np.column_stack([a, 2.0 * a[:, 1]])
    found = least_squares(twice, b)
    assert found[-1] == 0.0
    np.testing.assert_allclose(product(twice, found), product(a, least_squares(a, b)), rtol=1e-12)


def told_here() -> str:
    with redirect_stdout(io.StringIO()) as told:
        exec(OTHER_PROCESSOR, {})
    return told.getvalue()


def told_by(**environment: str) -> str:
    ran = subprocess.run(
        [sys.executable, "-c", OTHER_PROCESSOR],
        check=True,
        capture_output=True,
        text=True,
        env=os.environ | environment,
    )
    return ran.stdout


@pytest.mark.slow
def test_runs_are_the_same_bytes_on_a_processor_with_fewer_instructions() -> None:
    # NumPy and BLAS choose their code by the processor; these settings take the oldest it has
    extra = " ".join(np._core._multiarray_umath.__cpu_dispatch__)  # type: ignore[attr-defined]
    assert told_here() == told_by(NPY_DISABLE_CPU_FEATURES=extra, OPENBLAS_CORETYPE="Nehalem")
