"""How loops over clients are compiled: numba's documented options, in one place.

A kernel takes arrays and numbers. Parts of kernels stay plain functions of Python.
"""

from __future__ import annotations

import hashlib
import logging
import os
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import numba
import numpy as np
from numba.extending import register_jitable

F = TypeVar("F", bound=Callable[..., Any])
PACKAGE = Path(__file__).parents[1]
COMPILED = ("numeric", "economics", "market", "strategies")  # folders that kernels are made from
_settings: Any = numba.config  # its entries are made when it is loaded
log = logging.getLogger(__name__)

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
    before = _settings.CACHE_DIR
    _settings.CACHE_DIR = str(cache_folder(before))
    try:
        compiled: F = numba.njit(nogil=True, cache=True, **_OPTIONS)(function)
    finally:
        _settings.CACHE_DIR = before
    return compiled


@cache
def cache_folder(stated: str) -> Path:
    """Where kernels of these sources are kept.

    Numba looks at a kernel's own file alone, and parts of it lie in other files: so the folder is
    named by all sources. It lies under `stated`, else beside the package, else in the user's home:
    the first that can be written. Without any it is a new private folder, which the next process
    does not find: kernels are code, and a folder that others can write could hold theirs.
    """
    facts = [path.stat() for folder in COMPILED for path in (PACKAGE / folder).rglob("*.py")]
    stamp = max(fact.st_mtime for fact in facts), sum(fact.st_size for fact in facts)
    versions = sys.version, numba.__version__, np.__version__
    name = f"kernels-{hashlib.sha256(repr((stamp, versions)).encode()).hexdigest()[:16]}"
    usual = Path(__file__).parent / "__pycache__", Path(os.path.expanduser("~")) / ".cache" / "sim"
    places = [place / name for place in ([Path(stated)] if stated else usual)]
    found = next(filter(_can_be_written, places), None)
    return found or Path(tempfile.mkdtemp(prefix="sim-kernels-"))


def _can_be_written(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return os.access(folder, os.W_OK)


def _mark() -> Path:
    return cache_folder(_settings.CACHE_DIR) / "compiled"


def is_compiled() -> bool:
    """Whether a month has been run with these sources, so that its kernels are on disk."""
    return _mark().exists()


@cache
def announce() -> None:
    """Say once, before the first month, that kernels have to be compiled."""
    if not is_compiled():
        log.warning("compiling for this machine, once; this takes some 20 seconds")


@cache
def month_has_run() -> None:
    """Note that the kernels of a month are on disk, if the folder can be written."""
    with suppress(OSError):
        _mark().touch()
