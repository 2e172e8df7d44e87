"""Kernels are compiled before they are called, for exactly the types that they are called with."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import sim.market.model  # noqa: F401
from sim.numeric import ready as readiness
from sim.numeric.compiled import KEPT, kernel
from sim.numeric.ready import bundled, market_kernels

ROOT = Path(__file__).parents[3]
RUN = """
from sim.market.model import MarketModel
from sim.numeric.ready import market_kernels
from sim.scenario.patches import replace
from sim.scenario.reader import load

changes = {"population.clients": 20_000, "calendar.months": 12, "containment.window_months": 3}
for scenario in ("volcano-dam", "agent-war"):
    MarketModel(replace(load(f"scenarios/{scenario}.toml"), changes), 1).run()
for kernel in market_kernels():
    called, stated = list(kernel.compiled.signatures), kernel.signature()
    if called not in ([], [stated]):
        print(kernel.__name__, called, stated)
"""
KERNELS = """
from sim.numeric.arrays import Vector
from sim.numeric.compiled import inlined, kernel
import numpy as np

@inlined
def twice(x):
    return 2.0 * x

@kernel
def double(values: Vector[np.float64]) -> None:
    for i in range(len(values)):
        values[i] = twice(values[i])

@kernel
def fill(values: Vector[np.float64], value: float) -> None:
    values[:] = value
"""
USE = """
import logging, sys
import numpy as np
from sim.numeric import ready
import few
ready.PACKAGES = ("few",)
ready._cores = lambda: 2
logging.basicConfig(format="%(message)s", stream=sys.stdout)
ready.ready()
values = np.ones(2)
few.fill(values, 3.0)
few.double(values)
hits = [sum(kernel.compiled.stats.cache_hits.values()) for kernel in (few.fill, few.double)]
print(values.tolist(), hits)
"""


PARENT = """
import sys
from pathlib import Path
from sim.numeric import ready

assert "sim.market.model" not in sys.modules
named = []
ready._cores = lambda: 2
ready._mark = lambda: Path("nowhere")
ready._have_compiled = lambda groups: named.extend(groups)
ready.ready()
print(len({name for group in named for name in group}))
"""


def no_kernel(text: str) -> None:
    """Takes what kernels do not."""


@pytest.mark.slow
def test_kernels_are_called_with_the_types_that_they_state() -> None:
    told = subprocess.run(
        [sys.executable, "-c", RUN],
        check=True,
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=os.environ | {"SIM_THREADS": "2"},
    )
    assert told.stdout == ""


def test_all_that_is_kept_states_what_it_takes() -> None:
    assert len(market_kernels()) > 3
    for one in market_kernels():
        assert len(one.signature()) == one.__wrapped__.__code__.co_argcount, one
    with pytest.raises(TypeError, match="kernels know no"):
        kernel(no_kernel).signature()
    assert KEPT.pop().__wrapped__ is no_kernel


@pytest.mark.slow
def test_a_process_that_only_starts_workers_knows_all_kernels() -> None:
    told = subprocess.run(
        [sys.executable, "-c", PARENT], check=True, capture_output=True, text=True, cwd=ROOT
    )
    assert int(told.stdout) == len(market_kernels())


def test_each_kernel_is_compiled_once_and_with_those_that_share_its_parts() -> None:
    groups = bundled(market_kernels())
    names = [name for group in groups for name in group]
    assert sorted(names) == sorted(f"{k.__module__} {k.__name__}" for k in market_kernels())


@pytest.mark.slow
def test_helpers_compile_and_what_is_on_disk_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "few.py").write_text(KERNELS)
    path = os.pathsep.join([str(ROOT), str(tmp_path)])
    told = [
        subprocess.run(
            [sys.executable, "-c", USE],
            check=True,
            capture_output=True,
            text=True,
            env=os.environ | {"PYTHONPATH": path, "NUMBA_CACHE_DIR": str(tmp_path / "kept")},
        ).stdout.splitlines()
        for _ in range(2)
    ]
    assert told[1] == ["[6.0, 6.0] [1, 1]"]
    assert told[0][-1:] == told[1]
    assert "compiling for this machine, once" in told[0][0]
    assert len(list((tmp_path / "kept").glob("*/ready-*"))) == 1


@pytest.mark.parametrize("why", ["a worker", "one core", "a folder that cannot be written"])
def test_where_it_cannot_be_done_ahead_nothing_is_started(
    why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*given: Any, **named: Any) -> None:
        raise AssertionError("a process was started")

    monkeypatch.setattr(subprocess, "Popen", never)
    monkeypatch.setattr(readiness, "source_stamp", lambda: (0.0, 0))  # nothing is on disk
    monkeypatch.setattr(readiness, "_cores", lambda: 1 if why == "one core" else 2)
    if why == "a worker":
        monkeypatch.setattr(multiprocessing, "parent_process", object)
    if why.startswith("a folder"):
        monkeypatch.setattr(os, "access", lambda *_: False)
    readiness.ready.__wrapped__()


def test_a_helper_that_dies_leaves_the_work_to_the_first_call(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(readiness, "_cores", lambda: 2)
    monkeypatch.setattr(readiness, "_mark", lambda: tmp_path / "mark")
    monkeypatch.setattr(readiness, "bundled", lambda _: [["nowhere nothing"]] * 3)
    readiness.ready.__wrapped__()
    assert not (tmp_path / "mark").exists()
    assert KEPT
