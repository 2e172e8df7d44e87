"""The C kernel: compiled when a compiler is there, called on the arrays of a problem."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.problem import REVIEW_MONTH, Problem, shared
from sim.market.clients.choice import NEST_KEYS, review_below
from sim.market.clients.columns import MonthCounts
from sim.numeric.draws import below

SOURCE = Path(__file__).parent / "kernel.c"
FLAGS = ("-Ofast", "-march=native", "-fPIC")
CLIENTS = [
    "client_id",
    "cell",
    "home",
    "own_machines",
    "key_account",
    "weight",
    "alpha",
    "skill",
    "taste",
    "first",
    "kind",
    "work_key",
    "log_base",
    "log_need",
    "adopts_at",
]
STATE = ["current", "second", "log_volume"]
WORLD = ["platform", "offer_keys", "vendor_keys"]
TERMS = [
    "open",
    "base",
    "price",
    "home_bonus",
    "switching",
    "log_context",
    "cut_up",
    "host_cost",
    "none_base",
    "none_slope",
    "hours_kind",
    "rho",
    "adopted",
    "welfare",
    "log_growth",
]


def compiler() -> str | None:
    """A C compiler of this machine."""
    return next((name for name in ("cc", "gcc", "clang") if shutil.which(name)), None)


class NativeReview:
    """The review of a problem in C.

    Raises
    ------
    subprocess.CalledProcessError
        The kernel does not compile.
    """

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        with tempfile.TemporaryDirectory() as folder:
            made, target = Path(folder) / "kernel.o", Path(folder) / "kernel.so"
            # linked with the same flags, it would take the smallest numbers from the whole process
            for command in (
                [*FLAGS, "-c", str(SOURCE), "-o", str(made)],
                ["-shared", str(made), "-o", str(target), "-lm"],
            ):
                subprocess.run([str(compiler()), *command], check=True, capture_output=True)
            self.library = ctypes.CDLL(str(target))
        model = problem.model
        self.arrays = [
            *(getattr(model.columns, name) for name in CLIENTS),
            *(getattr(model.choices, name) for name in STATE),
            *(getattr(model.world, name) for name in WORLD),
            NEST_KEYS,
            *(getattr(model.terms, name) for name in TERMS),
            review_below(True, model.terms),
            below(model.terms.awareness),
        ]
        self.counted: list[MonthCounts] = []  # by the threads
        self.numbers = self._numbers()

    def _numbers(self) -> Any:
        model, terms, world = (
            self.problem.model,
            self.problem.model.terms,
            self.problem.model.world,
        )
        cells, kinds, offers = terms.base.shape
        whole = [
            *(kinds, cells, offers, world.n_vendors, world.n_api, world.rent_start, world.none)
        ]
        keys = [model.streams.choice, model.streams.nest, model.streams.review]
        keys.append(model.streams.awareness)
        money = [terms.operations, terms.price_shift, terms.box_cox]
        money.append(terms.mean_price_term)
        parts = (np.array(whole, np.int64), np.array(keys, np.uint64), np.array(money, float))
        return ctypes.create_string_buffer(b"".join(part.tobytes() for part in parts))

    def act(self, threads: int) -> Callable[[], None]:
        """The review with so many threads, each with sums of its own."""
        packs = []
        for _ in range(threads):
            tally = MonthCounts.empty(self.problem.model.world)
            arrays = [*self.arrays, tally.review, tally.flow]
            self.counted.append(tally)
            packs.append((ctypes.c_void_p * len(arrays))(*(array.ctypes.data for array in arrays)))
        n = self.problem.model.population.n_clients
        places = {n * part // threads: part for part in range(threads)}

        def work(begin: int, end: int) -> None:
            self.library.review(
                packs[places[begin]],
                self.numbers,
                ctypes.c_int64(begin),
                ctypes.c_int64(end),
                ctypes.c_int64(REVIEW_MONTH),
            )

        return shared(threads, work, n) if threads > 1 else lambda: work(0, n)
