"""How loops are compiled.

What Python calls is kept on disk. Its parameters are annotated with what kernels know (see
`sim.numeric.bundle.kernel_type`), so that all of it can be compiled before anything is run.

Numba looks at the types of all arguments of a call to find the version that fits; for each bundle
that costs more than to hand it over. A kernel of bundles and numbers has one version, that of its
annotations, and Python calls it without that search.

`_nrt=False` compiles without numba's reference counting: a kernel that allocates nothing needs
none, and counting every array of a tuple on every access costs more than the choice itself.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, Generic, ParamSpec, TypeVar, get_type_hints

from numba import njit, types

from sim.numeric.bundle import is_word, kernel_type

P = ParamSpec("P")
R = TypeVar("R")

COMPILED = ("numeric", "economics", "market")  # packages that hold compiled parts
_njit: Any = njit
# what is allocated is counted nowhere, and a division by 0 gives infinity as in NumPy: looking for
# either keeps loops from becoming vector operations
_PLAIN = {"_nrt": False, "error_model": "numpy", "no_cfunc_wrapper": True}

formula = _njit(forceinline=True, **_PLAIN)  # becomes part of its caller; Python may call it too
inlined = _njit(forceinline=True, no_cpython_wrapper=True, **_PLAIN)  # compiled callers alone
step = _njit(no_cpython_wrapper=True, **_PLAIN)  # a stage of a kernel, over a block


KEPT: list[Kernel[..., Any]] = []  # all that is kept on disk, as its modules are imported


class Kernel(Generic[P, R]):
    """A compiled function for Python to call, kept on disk.

    Raises
    ------
    AttributeError
        A call gives another bundle than its annotation says.
    """

    def __init__(self, compiled: Any) -> None:
        self.compiled = compiled
        self.__name__, self.__module__ = compiled.__name__, compiled.__module__
        self.__doc__, self.__wrapped__ = compiled.__doc__, compiled.py_func
        self._entry: Callable[P, R] = self._first
        # numba looks only at the file of a kernel; its inlined parts lie in other files
        index = compiled._cache._cache_file
        index._source_stamp = source_stamp()
        # the rest of an index of another version is not read: types it names may have moved since
        index._version = f"{index._version} {index._source_stamp}"
        KEPT.append(self)

    @property
    def _numba_type_(self) -> types.Dispatcher:
        """Compiled code that names it calls the compiled function."""
        return types.Dispatcher(self.compiled)

    def __call__(self, *given: P.args, **named: P.kwargs) -> R:
        """Call it; by name only while numba finds the version."""
        return self._entry(*given, **named)

    def _first(self, *given: P.args, **named: P.kwargs) -> R:
        parameters = self._parameters()
        self._entry = self.compiled  # an array is checked by numba alone, and quickly
        if all(map(is_word, parameters)):
            signature = tuple(map(kernel_type, parameters))
            self.compiled.compile(signature)
            self._entry = self.compiled.overloads[signature].entry_point
        return self._entry(*given, **named)

    def _parameters(self) -> list[Any]:
        hints = get_type_hints(self.__wrapped__, include_extras=True)
        return [kind for name, kind in hints.items() if name != "return"]

    def signature(self) -> tuple[Any, ...]:
        """Types of the parameters, as the annotations state them.

        Raises
        ------
        TypeError
            A parameter is annotated with something that kernels do not know.
        """
        return tuple(map(kernel_type, self._parameters()))

    def compile(self) -> None:
        """Have it compiled, or loaded from the disk."""
        self.compiled.compile(self.signature())


def kernel(function: Callable[P, R]) -> Kernel[P, R]:
    """Compile what Python calls every month: allocates nothing, kept on disk."""
    return Kernel(_njit(cache=True, nogil=True, **_PLAIN)(function))


def allocating(function: Callable[P, R]) -> Kernel[P, R]:
    """Compile what Python calls once a run: may return new arrays, kept on disk."""
    return Kernel(_njit(cache=True, nogil=True, error_model="numpy")(function))


@cache
def source_stamp() -> tuple[float, int]:
    """What tells one version of the compiled parts from another."""
    package = Path(__file__).parents[1]
    facts = [path.stat() for folder in COMPILED for path in (package / folder).rglob("*.py")]
    return max(fact.st_mtime for fact in facts), sum(fact.st_size for fact in facts)
