"""What is run behind a window: quick pairs at once, then more of them and all clients."""

from __future__ import annotations

import asyncio
import json
import os
import pickle
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import Executor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256
from multiprocessing import active_children
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import numpy as np

from sim.analysis.statistics import paired_comparison
from sim.analysis.verdict.curves import WorldCurves, WorldPair
from sim.analysis.verdict.judge import MEASURES, vendor_label, verdict_entry
from sim.analysis.verdict.verdict import assess
from sim.errors import SimError
from sim.months import months_between
from sim.runs.executors import default_workers, local_pool
from sim.runs.files import write_once
from sim.runs.rows import DONE, RunRecord
from sim.runs.run import BlockRuns, PlanPoint, RunRecipe, seed_of
from sim.runs.worlds import OFF_MONEY_KEPT, ON, Draws, with_and_without
from sim.scenario.patches import replace as with_values
from sim.scenario.patches import scenario_hash
from sim.scenario.schema.scenario import Scenario
from sim.web.state import Asked

if TYPE_CHECKING:
    from sim.market.simulation import Simulation

T = TypeVar("T")
Array = np.ndarray[Any, np.dtype[np.float64]]
FLOW = "switching_flow"
KEPT = (*MEASURES.values(), FLOW)
QUICK_CLIENTS = 2_000
QUICK_PAIRS = 8
HELD_BYTES = 150_000_000
"""Curves that are kept in memory."""
BEHIND = 10
"""How far work in the background stands back for a moved lever (`nice`)."""
DIED = "a worker process ended; its runs were made again"
LOST = "a worker process ended twice under the same run, which is left out"


class Step(NamedTuple):
    """How much is run before the page is drawn again."""

    clients: int
    replicates: int
    full: bool  # all clients of the scenario

    @property
    def label(self) -> str:
        """How the page names it."""
        runs = "run" if self.replicates == 1 else "runs"
        return f"{self.replicates} {'full' if self.full else 'quick'} {runs}"


def quick_step(asked: Asked, replicates: int) -> Step:
    """A few runs of a small population, or of all clients where they are few."""
    clients = asked.scenario.population.clients
    return Step(min(QUICK_CLIENTS, clients), replicates, clients <= QUICK_CLIENTS)


def steps_of(asked: Asked) -> list[Step]:
    """A few pairs of a small population at once, then more, then all clients."""
    clients, most = asked.scenario.population.clients, asked.replicates
    counts = sorted({min(QUICK_PAIRS, most), most})
    steps = [Step(clients, count, True) for count in counts]
    if clients > QUICK_CLIENTS:
        steps = [Step(QUICK_CLIENTS, count, False) for count in counts] + steps
    return steps


class Worker:
    """Processes that stay warm, for all windows. A broken pool is made anew."""

    def __init__(self, width: int | None = None) -> None:
        # one process would be this one, which has to answer
        self.width = width or max(2, default_workers())
        self._pools: dict[bool, Executor] = {}
        self._processes: set[BaseProcess] = set()
        self._locks: dict[bool, asyncio.Lock] = {}
        self._places: dict[bool, asyncio.Semaphore] = {}
        self.deaths = 0

    async def pool(self, behind: bool) -> Executor:
        """The processes for a moved lever, or those behind them."""
        async with self._locks.setdefault(behind, asyncio.Lock()):
            if behind not in self._pools:
                before = set(active_children())
                self._pools[behind] = await asyncio.to_thread(local_pool, self.width)
                self._processes |= set(active_children()) - before
            return self._pools[behind]

    async def call(self, function: Callable[[], T], behind: bool = False) -> T:
        """The answer of a function that is run in a process.

        A function whose process ends under it is called once more. SimError after the second.
        Cancelling takes back what has not begun.
        """
        places = self._places.setdefault(behind, asyncio.Semaphore(self.width))
        async with places:
            for _ in range(2):
                pool = await self.pool(behind)
                try:
                    task = partial(_behind, function) if behind else function
                    return await asyncio.wrap_future(pool.submit(task))
                except BrokenProcessPool:
                    self._drop(behind, pool)
        raise SimError(LOST)

    def _drop(self, behind: bool, pool: Executor) -> None:
        if self._pools.get(behind) is pool:
            self.deaths += 1
            del self._pools[behind]
            pool.shutdown(wait=False, cancel_futures=True)

    def close(self) -> None:
        """End the processes, whatever they are at: what is stored is stored block by block."""
        for pool in self._pools.values():
            pool.shutdown(wait=False, cancel_futures=True)
        for process in self._processes:
            process.terminate()
        self._pools.clear()


_nice = False


def _behind(function: Callable[[], T]) -> T:
    """Call a function in a process that stands back for others."""
    global _nice
    if not _nice and hasattr(os, "nice"):
        os.nice(BEHIND)
        _nice = True
    return function()


class PairOfWorlds(NamedTuple):
    """The pair of worlds of a question at one size, ready for workers."""

    recipe: bytes
    points: tuple[PlanPoint, ...]
    hashes: Mapping[str, str]
    draws: Draws | None
    seed: int

    def key(self, world: str, replicate: int) -> tuple[str, int, int]:
        """What a run depends on."""
        key = self.hashes[world]
        if self.draws is not None:
            changes = self.draws.changes[self.draws.of[replicate]]
            key += sha256(json.dumps(changes, sort_keys=True).encode()).hexdigest()
        return key, self.seed, replicate


def market_of(asked: Asked, clients: int) -> PairOfWorlds:
    """The worlds with and without the incumbent's moves; the runs are those of `sim run`."""
    base = asked.scenario
    if clients != base.population.clients:
        base = with_values(base, {"population.clients": clients}, worlds=False)
    worlds = with_and_without(base)
    recipe = RunRecipe(
        base,
        {world.name: world.scenario for world in worlds},
        measures=KEPT,
        draws=asked.draws,
        make_worlds=with_and_without,
    )
    return PairOfWorlds(
        pickle.dumps(recipe),
        tuple(PlanPoint(world.name, {}, world.name) for world in worlds),
        {world.name: scenario_hash(world.scenario) for world in worlds},
        asked.draws,
        asked.seed,
    )


class Memory:
    """Runs that were made, so that going back and comparing cost nothing."""

    def __init__(self, most_bytes: int = HELD_BYTES) -> None:
        self.most_bytes = most_bytes
        self.held_bytes = 0
        self._runs: OrderedDict[tuple[str, int, int], RunRecord] = OrderedDict()

    def get(self, key: tuple[str, int, int]) -> RunRecord | None:
        """The run of a key, if it is still held."""
        if key in self._runs:
            self._runs.move_to_end(key)
        return self._runs.get(key)

    def put(self, key: tuple[str, int, int], record: RunRecord) -> None:
        """Hold a run; those unused for longest go."""
        if key not in self._runs:
            self.held_bytes += _size(record)
        self._runs[key] = record
        while self.held_bytes > self.most_bytes:
            self.held_bytes -= _size(self._runs.popitem(last=False)[1])


def _size(record: RunRecord) -> int:
    return sum(curve.nbytes for curve in record.curves.values())


@dataclass(frozen=True)
class Shown:
    """What is known after a step.

    Attributes
    ----------
    curves
        World -> measure -> (R, M, ...) of the replicates that are done in both worlds.
    verdict
        What `sim run` stores of the same pair of worlds; None without a contest.
    against
        Of the pinned state: mean and interval of B - A by vendor; None without one.
    """

    asked: Asked
    step: Step
    last: bool
    vendors: tuple[str, ...]
    labels: tuple[str, ...]
    destinations: tuple[str, ...]
    replicates: tuple[int, ...]
    curves: Mapping[str, Mapping[str, Array]]
    verdict: Mapping[str, Any] | None
    against: Mapping[str, Mapping[str, Any]] | None
    notes: tuple[str, ...]
    seconds: float

    def on(self, measure: str) -> Array:
        """A curve of the market as it stands."""
        return self.curves[ON][measure]


Progress = Callable[[int, int, Step], None]


class Session:
    """One window: the newest question is worked on, an older one is dropped."""

    def __init__(self, worker: Worker, memory: Memory) -> None:
        self.worker, self.memory = worker, memory

    async def looks(
        self,
        asked: Asked,
        pinned: Asked | None = None,
        progress: Progress = lambda done, of, step: None,
        steps: Sequence[Step] | None = None,
        behind: bool | None = None,
    ) -> AsyncIterator[Shown]:
        """What is known after each step, the first within a second; cancel to stop.

        Parameters
        ----------
        asked
            The question.
        pinned
            Another one, run on the same seeds and compared.
        progress
            Is called with the runs done, all runs of the step, and the step.
        steps
            Instead of `steps_of(asked)`.
        behind
            Whether to stand back for moved levers; the first steps do not, unless asked to.

        Raises
        ------
        SimError
            No run of a step could be made; the message is that of the first.
        """
        began, chosen = time.perf_counter(), list(steps or steps_of(asked))
        markets: dict[tuple[int, int], PairOfWorlds] = {}
        for step in chosen:
            tables = []
            for number, one in enumerate(filter(None, (asked, pinned))):
                key = number, step.clients if not step.full else one.scenario.population.clients
                if key not in markets:
                    markets[key] = await asyncio.to_thread(market_of, one, key[1])
                tables.append(markets[key])
            count = min([step.replicates, *([pinned.replicates] if pinned else [])])
            deaths = self.worker.deaths
            found = await self._made(tables, count, step, progress, behind)
            notes = (DIED,) if self.worker.deaths > deaths else ()
            seconds = time.perf_counter() - began
            last = step is chosen[-1]
            yield await asyncio.to_thread(
                _look, asked, step, last, found[0], found[1:], notes, seconds
            )

    async def _made(
        self,
        markets: Sequence[PairOfWorlds],
        count: int,
        step: Step,
        progress: Progress,
        back: bool | None = None,
    ) -> list[dict[str, list[RunRecord]]]:
        """The runs of some markets: what is not held is made, one task a replicate."""
        tasks: list[BlockRuns] = []
        keys: list[list[tuple[str, int, int]]] = []
        for replicate in range(count):
            for market in markets:
                wanted = {market.key(p.name, replicate): p for p in market.points}
                absent = {k: p for k, p in wanted.items() if self.memory.get(k) is None}
                if absent:
                    points = tuple(absent.values())
                    tasks.append(BlockRuns(market.recipe, points, (replicate,), market.seed))
                    keys.append(list(absent))
        done, of = 0, sum(map(len, keys))
        progress(0, of, step)
        large = step.clients > QUICK_CLIENTS or step.replicates > QUICK_PAIRS
        behind = large if back is None else back
        lost: dict[tuple[str, int, int], RunRecord] = {}

        async def make(task: BlockRuns, own: list[tuple[str, int, int]]) -> None:
            nonlocal done
            try:
                records = await self.worker.call(task.records, behind)
                for key, record in zip(own, records, strict=True):
                    self.memory.put(key, record)
            except SimError:
                lost.update(zip(own, task.aborted(), strict=True))
            done += len(own)
            progress(done, of, step)

        async with asyncio.TaskGroup() as group:
            for task, own in zip(tasks, keys, strict=True):
                group.create_task(make(task, own))

        def record(market: PairOfWorlds, world: str, replicate: int) -> RunRecord:
            key = market.key(world, replicate)
            found = self.memory.get(key) or lost.get(key)
            if found is None:
                raise SimError("more runs at a time than the page holds")
            return replace(found, replicate=replicate)

        return [
            {p.name: [record(market, p.name, r) for r in range(count)] for p in market.points}
            for market in markets
        ]


def _look(
    asked: Asked,
    step: Step,
    last: bool,
    runs: Mapping[str, list[RunRecord]],
    others: Sequence[Mapping[str, list[RunRecord]]],
    notes: tuple[str, ...],
    seconds: float,
) -> Shown:
    every = [*runs.values(), *(records for other in others for records in other.values())]
    bad = [record for records in every for record in records if record.status != DONE]
    lost = {record.replicate for record in bad}
    sound = [r for r in range(len(every[0])) if r not in lost]
    if bad:
        why = f"{bad[0].stage}: {bad[0].message}"
        if not sound:
            raise SimError(f"no run could be made: {why}")
        notes += (f"{len(lost)} of {len(every[0])} replicates failed: {why}",)
    curves = {world: _stacked(records, sound) for world, records in runs.items()}
    axes = runs[ON][sound[0]].axes
    vendors = tuple(axes["vendor"])
    scenario = asked.scenario
    labels = tuple(vendor_label(scenario, v) if v in scenario.vendors else v for v in vendors)
    against = None
    if others:
        first = _stacked(others[0][ON], sound)
        other = tuple(others[0][ON][sound[0]].axes["vendor"])
        against = _against(first, other, curves[ON], vendors, scenario)
    verdict = None
    if scenario.contest is not None:
        verdict = _verdict(scenario, curves, sound, dict(zip(vendors, labels, strict=True)))
    destinations = tuple(axes.get("vendor_to", ()))
    return Shown(
        asked, step, last, vendors, labels, destinations, tuple(sound), curves, verdict, against,
        notes, seconds,
    )  # fmt: skip


def _stacked(records: Sequence[RunRecord], sound: Sequence[int]) -> dict[str, Array]:
    return {name: np.stack([records[r].curves[name] for r in sound]) for name in KEPT}


def _verdict(
    scenario: Scenario,
    curves: Mapping[str, Mapping[str, Array]],
    sound: Sequence[int],
    labels: Mapping[str, str],
) -> dict[str, Any]:
    contest, vendors = scenario.contest, list(labels)
    assert contest is not None
    start, hashed = contest.start, scenario_hash(scenario)

    def world(name: str) -> WorldCurves:
        return WorldCurves(
            **{part: curves[name][measure] for part, measure in MEASURES.items()},
            incumbent=vendors.index(contest.incumbent),
            challenger=vendors.index(contest.challenger),
            seeds=np.array(sound, dtype=np.int64),
            scenario_hash=hashed,
            contest_month=None if start is None else months_between(scenario.calendar.start, start),
        )

    off = world(OFF_MONEY_KEPT) if OFF_MONEY_KEPT in curves else None
    return verdict_entry(assess(WorldPair(world(ON), off), scenario.containment), labels)


def _against(
    first: Mapping[str, Array],
    first_vendors: tuple[str, ...],
    now: Mapping[str, Array],
    vendors: tuple[str, ...],
    scenario: Scenario,
) -> dict[str, dict[str, Any]]:
    """B - A by measure and vendor: mean over the window, paired by seed."""
    window = scenario.containment.window_months
    found: dict[str, dict[str, Any]] = {}
    for measure in (MEASURES["token_share"], MEASURES["revenue_share"]):
        means = [curves[measure][:, -window:].mean(axis=1) for curves in (first, now)]
        found[measure] = {}
        for v, name in enumerate(vendors):
            if name in first_vendors:
                pair = paired_comparison(means[0][:, first_vendors.index(name)], means[1][:, v])
                found[measure][name] = pair.mean, pair.interval if pair.n > 1 else None
    return found


def watched(recipe: bytes, seed: int) -> Simulation:
    """The model of the first replicate of a market as it stands, before its first month."""
    from sim.market.simulation import Simulation

    made: RunRecipe = pickle.loads(recipe)
    found = made.scenarios((PlanPoint(ON, {}, ON),), 0)[ON]
    if isinstance(found, str):
        raise SimError(found)
    return Simulation(found, seed_of(seed, 0))


def heavy_clients(recipe: bytes, seed: int, count: int = 12) -> list[tuple[int, str]]:
    """The largest clients: number, and who they are."""
    model = watched(recipe, seed)
    sizes = [view.size for view in model.clients]
    found = []
    for number in sorted(range(len(sizes)), key=lambda n: -sizes[n])[:count]:
        view = model.clients[number]
        home = view.home_cloud or "no home cloud"
        found.append((number, f"{number}: {view.segment}, {home}"))
    return found


def story(
    recipe: bytes, seed: int, client: int | None = None, vendor: str | None = None
) -> list[str]:
    """The story of a client or a vendor as lines, as `sim explain` tells it.

    SimError if there is no such client or vendor.
    """
    from sim.analysis.explain.client import client_lines, tell_client
    from sim.analysis.explain.vendor import tell_vendor, vendor_lines

    model = watched(recipe, seed)
    if client is not None:
        return client_lines(tell_client(model, client))
    return vendor_lines(tell_vendor(model, str(vendor)))


def drawn_figures(folder: Path) -> None:
    """Draw the main figures of a stored result, as `sim run` does."""
    from sim.api import open_result
    from sim.plot.save import save_main

    save_main(open_result(folder))


def made_report(folder: Path) -> Path:
    """Write the report of a stored result, as `sim report` does."""
    from sim.api import open_result
    from sim.report.page import page

    target = folder / "report.html"
    write_once(target, page(open_result(folder)).encode())
    return target
