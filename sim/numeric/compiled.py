"""How loops are compiled.

What Python calls is kept on disk. Its parameters are annotated with what kernels know (see
`sim.numeric.bundle.kernel_type`), so that all of it can be compiled before anything is run.

`_nrt=False` compiles without numba's reference counting: a kernel that allocates nothing needs
none, and counting every array of a tuple on every access costs more than the choice itself.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from numba import njit

F = TypeVar("F", bound=Callable[..., Any])

COMPILED = ("numeric", "economics", "market")  # packages that hold compiled parts
_njit: Any = njit
# what is allocated is counted nowhere, and a division by 0 gives infinity as in NumPy: looking for
# either keeps loops from becoming vector operations
_PLAIN = {"_nrt": False, "error_model": "numpy", "no_cfunc_wrapper": True}

formula = _njit(forceinline=True, **_PLAIN)  # becomes part of its caller; Python may call it too
inlined = _njit(forceinline=True, no_cpython_wrapper=True, **_PLAIN)  # compiled callers alone
step = _njit(no_cpython_wrapper=True, **_PLAIN)  # a stage of a kernel, over a block


KEPT: list[Any] = []  # all that is kept on disk, as its modules are imported


def kernel(function: F) -> F:
    """Compile what Python calls every month: allocates nothing, kept on disk."""
    return _kept(_njit(cache=True, nogil=True, **_PLAIN)(function))


def allocating(function: F) -> F:
    """Compile what Python calls once a run: may return new arrays, kept on disk."""
    return _kept(_njit(cache=True, nogil=True, error_model="numpy")(function))


def _kept(compiled: Any) -> Any:
    # numba looks only at the file of a kernel; its inlined parts lie in other files
    index = compiled._cache._cache_file
    index._source_stamp = source_stamp()
    # the rest of an index of another version is not read: types it names may have moved since
    index._version = f"{index._version} {index._source_stamp}"
    KEPT.append(compiled)
    return compiled


@cache
def source_stamp() -> tuple[float, int]:
    """What tells one version of the compiled parts from another."""
    package = Path(__file__).parents[1]
    facts = [path.stat() for folder in COMPILED for path in (package / folder).glob("*.py")]
    return max(fact.st_mtime for fact in facts), sum(fact.st_size for fact in facts)
