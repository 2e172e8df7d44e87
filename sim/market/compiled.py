"""How market code is compiled.

`_nrt=False` compiles without numba's reference counting: a kernel that allocates nothing needs
none, and counting every array of a tuple on every access costs more than the choice itself.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from numba import njit

_njit: Any = njit
# only compiled code calls a step: entrances for Python and C would cost seconds to compile
_INNER = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}

# a formula that becomes part of its caller; the analysis calls some from Python
inlined = _njit(forceinline=True, _nrt=False, no_cfunc_wrapper=True)
step = _njit(_nrt=False, **_INNER)  # a stage of a kernel, over a block
# the same where no divisor can be 0: looking for it keeps loops from becoming vector operations
sure_inlined = _njit(forceinline=True, _nrt=False, error_model="numpy", **_INNER)
sure_step = _njit(_nrt=False, error_model="numpy", **_INNER)


def kernel(function: Callable[..., Any]) -> Any:
    """Compile what Python calls every month: allocates nothing, kept on disk."""
    return _kept(_njit(cache=True, _nrt=False, nogil=True, no_cfunc_wrapper=True)(function))


def allocating(function: Callable[..., Any]) -> Any:
    """Compile what Python calls once a run: may return new arrays, kept on disk."""
    return _kept(_njit(cache=True, nogil=True)(function))


def _kept(compiled: Any) -> Any:
    # numba looks only at the file of a kernel; its inlined parts lie in other files of this folder
    index = compiled._cache._cache_file
    index._source_stamp = _stamp()
    # the rest of an index of another version is not read: types it names may have moved since
    index._version = f"{index._version} {index._source_stamp}"
    return compiled


@cache
def _stamp() -> tuple[float, int]:
    facts = [path.stat() for path in Path(__file__).parent.glob("*.py")]
    return max(fact.st_mtime for fact in facts), sum(fact.st_size for fact in facts)
