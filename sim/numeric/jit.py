"""How loops over clients are compiled: numba's documented options, in one place.

A kernel takes arrays and numbers. Parts of kernels stay plain functions of Python.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import numba
from numba.extending import register_jitable

from sim.numeric.compiled import source_stamp

F = TypeVar("F", bound=Callable[..., Any])

# division by 0 gives infinity as in NumPy: looking for it keeps loops from becoming vector code
_OPTIONS: dict[str, Any] = {"error_model": "numpy", "no_cfunc_wrapper": True}


def inline(function: F) -> F:
    """A formula that becomes part of the kernels that call it."""
    part: F = register_jitable(forceinline=True, **_OPTIONS)(function)
    return part


def step(function: F) -> F:
    """A stage of a kernel, compiled once for all kernels that call it."""
    part: F = register_jitable(**_OPTIONS)(function)
    return part


def formula(function: F) -> F:
    """An `inline` formula of whole numbers that Python calls too, without warnings of overflow."""
    compiled: F = numba.njit(forceinline=True, **_OPTIONS)(function)
    return compiled


def kernel(function: F) -> F:
    """A loop that Python calls: threads may share it, and it is kept on disk."""
    settings: Any = numba.config
    before = settings.CACHE_DIR
    settings.CACHE_DIR = str(_cache_folder(before))
    try:
        compiled: F = numba.njit(nogil=True, cache=True, **_OPTIONS)(function)
    finally:
        settings.CACHE_DIR = before
    return compiled


@cache
def _cache_folder(parent: str) -> Path:
    """Where kernels of these sources are kept: numba itself looks at a kernel's own file alone."""
    stamp = hashlib.sha256(repr(source_stamp()).encode()).hexdigest()[:16]
    return (Path(parent) if parent else Path(__file__).parent / "__pycache__") / f"kernels-{stamp}"
