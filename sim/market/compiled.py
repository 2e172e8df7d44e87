"""How market code is compiled.

`_nrt=False` compiles without numba's reference counting: a kernel that allocates nothing needs
none, and counting every array of a tuple on every access costs more than the choice itself.
"""

from __future__ import annotations

from typing import Any

from numba import njit

_njit: Any = njit

inlined = _njit(inline="always")  # a formula that becomes part of its caller
step = _njit(inline="always", _nrt=False)  # a part of a kernel
kernel = _njit(cache=True, _nrt=False)  # called from Python, allocates nothing, kept on disk
allocating = _njit(cache=True)  # called from Python once a run, returns new arrays
