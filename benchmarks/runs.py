"""Whole runs: against their own review, against the number of clients, against `mesa.batch_run`."""

from __future__ import annotations

import math
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import mesa
import numpy as np

import sim
import sim.market.month
from benchmarks.problem import SCENARIO, market
from sim.market.clients.population import CLIENT_COLUMNS, DRAWN, WORK_COLUMNS
from sim.market.simulation import Simulation
from sim.runs.rows import DONE
from sim.runs.run import run_world
from tests.reference.market import ReferenceMarket

BAILIAN = 290_000  # enterprises on Alibaba Cloud's model platform, one to one
CHOICE_CLIENTS = {False: BAILIAN, True: 50_000}
SLOPE_CLIENTS = {False: (100_000, 1_000_000, 10_000_000), True: (20_000, 60_000, 180_000)}
BATCH_CLIENTS, BATCH_MONTHS, SINGLE_RUNS = 2_000, 36, {False: 40, True: 6}
PLAIN_MONTHS = {False: 36, True: 6}
PROCESSES = 2
SWEEP_RUNS = {False: 1_000, True: 40}
PLAIN_RUNS = 2  # one a process
BATCH_TURNS = {False: 3, True: 1}
SWEEP_REPLICATES = 5
STUDY = """
scenario = "{scenario}"
design = {{ kind = "latin_hypercube", points = {points}, seed = 5 }}
replicates = {replicates}
[set]
"population.clients" = {clients}
[levers]
"demand.switching_cost.api" = {{ low = 0.5, high = 1.5 }}
"""


@contextmanager
def review_timed() -> Iterator[list[float]]:
    """Seconds of every call of the review."""
    spent: list[float] = []
    original = sim.market.month.review

    def timed(*arguments: Any) -> None:
        began = time.perf_counter()
        original(*arguments)
        spent.append(time.perf_counter() - began)

    with mock.patch.object(sim.market.month, "review", timed):
        yield spent


def run_over_choice(clients: int, turns: int) -> tuple[float, float]:
    """Whole runs, clients drawn and start found included, over their own review; seconds."""
    scenario, ratios, seconds = market(clients), [], []
    for turn in range(turns):
        DRAWN.clear()
        with review_timed() as spent:
            began = time.perf_counter()
            Simulation(scenario, turn).run()
            seconds.append(time.perf_counter() - began)
        ratios.append(seconds[-1] / sum(spent))
    return min(ratios), min(seconds)


def clients_slope(sizes: tuple[int, ...]) -> tuple[float, dict[str, float]]:
    """Slope of ln seconds of a run on ln clients, and the seconds."""
    seconds = []
    for clients in sizes:
        DRAWN.clear()
        began = time.perf_counter()
        Simulation(market(clients), 1).run()
        seconds.append(time.perf_counter() - began)
    DRAWN.clear()
    slope = np.polyfit(np.log(sizes), np.log(seconds), 1)[0]
    named = {f"run_seconds_{n}_clients": s for n, s in zip(sizes, seconds, strict=True)}
    return float(slope), named


def bytes_of_state(clients: int) -> tuple[float, float]:
    """Bytes per workload and per client of everything that is kept of them."""
    model = Simulation(market(clients), 1)
    people = model.population
    work = [getattr(people, name) for name in WORK_COLUMNS] + list(model.choices)
    own = [getattr(people, name) for name in (*CLIENT_COLUMNS, "first")]
    return (
        sum(array.nbytes for array in work) / people.n_workloads,
        sum(array.nbytes for array in own) / people.n_clients,
    )


def seconds_per_run(runs: int) -> float:
    """Seconds of one of many runs of 2,000 clients in one process, each with other clients."""
    scenario = market(BATCH_CLIENTS, calendar__months=BATCH_MONTHS)
    run_world(scenario, 1, runs)
    began = time.perf_counter()
    records = [run_world(scenario, 1, replicate) for replicate in range(runs)]
    assert all(record.status == DONE for record in records)
    return (time.perf_counter() - began) / runs


def sweep_seconds(runs: int) -> float:
    """Wall seconds of `sim sweep` over so many such runs on two processes, everything included."""
    with tempfile.TemporaryDirectory() as name:
        study = Path(name) / "speed.toml"
        study.write_text(
            STUDY.format(
                scenario=SCENARIO.as_posix(),
                points=runs // SWEEP_REPLICATES,
                replicates=SWEEP_REPLICATES,
                clients=BATCH_CLIENTS,
            )
        )
        began = time.perf_counter()
        result = sim.sweep(study, workers=PROCESSES, out=name)
        seconds = time.perf_counter() - began
        assert len(result.runs) == runs
        assert not len(result.failed)
    return seconds


def batch_run_seconds(months: int, runs: int) -> float:
    """Wall seconds a run of `mesa.batch_run` on two processes over the same market of plain agents.

    Fewer months are taken in proportion.
    """
    window = min(months, 6)
    scenario = market(BATCH_CLIENTS, calendar__months=months, containment__window_months=window)
    began = time.perf_counter()
    # batch_run takes anything that can be iterated for a list of values
    mesa.batch_run(
        ReferenceMarket,
        {"scenario": [scenario], "rng": list(range(runs))},
        number_processes=PROCESSES,
        display_progress=False,
    )
    return (time.perf_counter() - began) / runs * BATCH_MONTHS / months


def run_figures(quick: bool, found: dict[str, float]) -> dict[str, float]:
    """Figures of whole runs."""
    figures: dict[str, float] = {}
    clients = CHOICE_CLIENTS[quick]
    figures["run_over_choice"], seconds = run_over_choice(clients, 2 if quick else 3)
    figures[f"run_seconds_{clients}_clients_all_cores"] = seconds
    figures["clients_slope"], seconds_of = clients_slope(SLOPE_CLIENTS[quick])
    figures |= seconds_of
    figures["bytes_per_workload"], figures["bytes_per_client"] = bytes_of_state(20_000)
    runs = SWEEP_RUNS[quick]
    swept, plain = math.inf, math.inf
    for _ in range(BATCH_TURNS[quick]):
        swept = min(swept, sweep_seconds(runs))
        plain = min(plain, batch_run_seconds(PLAIN_MONTHS[quick], PLAIN_RUNS))
    figures |= {
        f"sweep_of_{runs}_runs_seconds": swept,
        "single_run_seconds": seconds_per_run(SINGLE_RUNS[quick]),
        "batch_run_seconds": plain,
        "batch_run_over_sweep": plain / (swept / runs),
        "mesa_over_run": plain * clients / BATCH_CLIENTS / seconds,
    }
    return figures
