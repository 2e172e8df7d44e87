"""All kernels of a market, compiled before its first month by as many processes as there are cores.

Compiling takes far longer than loading what is kept on disk, and kernels do not wait for each
other. Where it cannot be done so (one core, a folder that cannot be written), each kernel is
compiled when it is first called, as numba does.
"""

from __future__ import annotations

import gc
import hashlib
import importlib
import logging
import multiprocessing
import os
import subprocess
import sys
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

import llvmlite.binding as llvm
import numba

from sim.numeric.compiled import KEPT, Kernel, source_stamp
from sim.numeric.loops import of_one

PACKAGES = ("sim.market.", "sim.numeric.")  # what a market runs,
MARKET = "sim.market.model"  # and what loads all of it
DONE = "done"
log = logging.getLogger(__name__)


def market_kernels() -> list[Kernel[..., Any]]:
    """What a market calls."""
    return [kernel for kernel in KEPT if kernel.__module__.startswith(PACKAGES)]


def _parts(compiled: Any, found: dict[str, int]) -> dict[str, int]:
    """Bytes of code of a kernel and of the compiled parts that it names, by name."""
    code, held = compiled.py_func.__code__, compiled.py_func.__globals__
    name = f"{compiled.__module__} {compiled.__name__}"
    if name not in found:
        found[name] = len(code.co_code)
        for part in (getattr(held.get(word), "compiled", held.get(word)) for word in code.co_names):
            if hasattr(part, "py_func"):
                _parts(part, found)
    return found


def bundled(kernels: list[Kernel[..., Any]]) -> list[list[str]]:
    """Names of kernels, those that mostly consist of the same parts together; the largest first."""
    groups: list[tuple[list[str], dict[str, int]]] = []
    for parts in sorted(
        (_parts(kernel.compiled, {}) for kernel in kernels), key=lambda p: -sum(p.values())
    ):
        name, size = next(iter(parts)), sum(parts.values())
        for names, known in groups:
            if 2 * sum(parts[part] for part in parts if part in known) > size:
                names.append(name)
                known.update(parts)
                break
        else:
            groups.append(([name], dict(parts)))
    return [names for names, _ in sorted(groups, key=lambda group: -sum(group[1].values()))]


@cache
def ready() -> None:
    """Have everything compiled that a market calls; once a process, and at once if it is on disk.

    Workers leave it to their parent.
    """
    processes = _cores()
    if processes < 2 or multiprocessing.parent_process() is not None or nothing_to_compile():
        return
    importlib.import_module(MARKET)
    log.warning("compiling for this machine, once; this takes some 20 seconds")
    groups = deque(bundled(market_kernels()))
    with ThreadPoolExecutor(processes) as pool:
        whole = list(pool.map(_have_compiled, [groups] * processes))
    mark = _mark()
    if mark is not None and all(whole):
        mark.touch()


def nothing_to_compile() -> bool:
    """Whether all is on disk, or nothing can be kept there."""
    mark = _mark()
    return mark is None or mark.exists()


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _mark() -> Path | None:
    """The file that says that all is on disk for this processor and these versions, if it can be
    written."""
    folder = Path(of_one.compiled.stats.cache_path or "")
    if folder == Path() or not os.access(folder, os.W_OK):
        return None
    facts = (
        source_stamp(),
        (sys.version, numba.__version__, llvm.llvm_version_info),
        (getattr(numba.config, "CPU_NAME", None) or llvm.get_host_cpu_name()),
        (getattr(numba.config, "CPU_FEATURES", None) or llvm.get_host_cpu_features().flatten()),
    )
    return folder / f"ready-{hashlib.sha256(repr(facts).encode()).hexdigest()[:16]}"


def _have_compiled(groups: deque[list[str]]) -> bool:
    """Let a process of its own compile groups of kernels until none is left; whether it did."""
    code = f"import sys; sys.path[:] = {sys.path!r}; from sim.numeric.ready import serve; serve()"
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as helper:
        assert helper.stdin is not None
        assert helper.stdout is not None
        try:
            while groups:
                for name in groups.popleft():
                    print(name, file=helper.stdin, flush=True)
                    if helper.stdout.readline().strip() != DONE:
                        return False
        except IndexError:  # another helper took the last
            return True
        except BrokenPipeError:
            return False
    return True


def serve() -> None:
    """Compile the kernels that are named on the standard input, one a line."""
    gc.disable()  # a tenth of the time, and the process ends soon
    for line in sys.stdin:
        module, name = line.split()
        getattr(importlib.import_module(module), name).compile()
        print(DONE, flush=True)
