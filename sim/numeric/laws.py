"""Laws of `sim.economics` inside kernels: what they call in `portable` is compiled for numbers."""

from __future__ import annotations

from typing import Any

from numba.extending import overload

from sim.numeric import elementary, portable
from sim.numeric.jit import F, inline


def law(function: F) -> F:
    """A law that becomes part of kernels; it takes numbers there, and arrays in Python."""
    return inline(function)


@overload(portable.ln)
def _ln(x: Any) -> Any:
    def of_number(x: Any) -> Any:
        return elementary.ln(x)

    return of_number


@overload(portable.exp)
def _exp(x: Any) -> Any:
    def of_number(x: Any) -> Any:
        return elementary.exp(x)

    return of_number


@overload(portable.power)
def _power(x: Any, y: Any) -> Any:
    def of_numbers(x: Any, y: Any) -> Any:
        return elementary.power(x, y)

    return of_numbers
