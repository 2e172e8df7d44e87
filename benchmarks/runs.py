"""Whole runs: against their own review, against the number of clients, against `mesa.batch_run`."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import mesa
import numpy as np

import sim.market.phases
from benchmarks.problem import market
from sim.experiment.run import DONE, run_world
from sim.market.model import MarketModel
from sim.market.population import CLIENT_COLUMNS, WORK_COLUMNS, clear_populations
from tests.reference.market import ReferenceMarket

BAILIAN = 290_000  # enterprises on Alibaba Cloud's model platform, one to one
CHOICE_CLIENTS = {False: BAILIAN, True: 50_000}
SLOPE_CLIENTS = {False: (100_000, 1_000_000, 10_000_000), True: (20_000, 60_000, 180_000)}
BATCH_CLIENTS, BATCH_MONTHS, SWEEP_RUNS = 2_000, 36, {False: 40, True: 6}
PLAIN_MONTHS = {False: 36, True: 6}


@contextmanager
def review_timed() -> Iterator[list[float]]:
    """Seconds of every call of the review."""
    spent: list[float] = []
    original = sim.market.phases.review

    def timed(*arguments: Any) -> None:
        began = time.perf_counter()
        original(*arguments)
        spent.append(time.perf_counter() - began)

    with mock.patch.object(sim.market.phases, "review", timed):
        yield spent


def run_over_choice(clients: int, turns: int) -> tuple[float, float]:
    """Whole runs, clients drawn and start found included, over their own review; seconds."""
    ratios, seconds = [], []
    for turn in range(turns):
        clear_populations()
        with review_timed() as spent:
            began = time.perf_counter()
            MarketModel(market(clients), turn).run()
            seconds.append(time.perf_counter() - began)
        ratios.append(seconds[-1] / sum(spent))
    return min(ratios), min(seconds)


def clients_slope(sizes: tuple[int, ...]) -> tuple[float, dict[str, float]]:
    """Slope of ln seconds of a run on ln clients, and the seconds."""
    seconds = []
    for clients in sizes:
        clear_populations()
        began = time.perf_counter()
        MarketModel(market(clients), 1).run()
        seconds.append(time.perf_counter() - began)
    clear_populations()
    slope = np.polyfit(np.log(sizes), np.log(seconds), 1)[0]
    named = {f"run_seconds_{n}_clients": s for n, s in zip(sizes, seconds, strict=True)}
    return float(slope), named


def bytes_of_state(clients: int) -> tuple[float, float]:
    """Bytes per workload and per client of everything that is kept of them."""
    model = MarketModel(market(clients), 1)
    people, columns = model.population, model.columns
    work = [getattr(people, name) for name in WORK_COLUMNS] + list(model.choices)
    own = [getattr(people, name) for name in (*CLIENT_COLUMNS, "first")] + [columns.cell]
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


def batch_run_seconds(months: int) -> float:
    """Seconds of `mesa.batch_run` for one such run of plain agents; months taken in proportion."""
    window = min(months, 6)
    scenario = market(BATCH_CLIENTS, calendar__months=months, containment__window_months=window)
    began = time.perf_counter()
    # batch_run takes anything that can be iterated for a list of values
    mesa.batch_run(ReferenceMarket, {"scenario": [scenario], "rng": 1}, display_progress=False)
    return (time.perf_counter() - began) * BATCH_MONTHS / months


def run_figures(quick: bool, found: dict[str, float]) -> dict[str, float]:
    """Figures of whole runs."""
    figures: dict[str, float] = {}
    clients = CHOICE_CLIENTS[quick]
    figures["run_over_choice"], seconds = run_over_choice(clients, 2 if quick else 3)
    figures[f"run_seconds_{clients}_clients_all_cores"] = seconds
    figures["clients_slope"], seconds_of = clients_slope(SLOPE_CLIENTS[quick])
    figures |= seconds_of
    figures["bytes_per_workload"], figures["bytes_per_client"] = bytes_of_state(20_000)
    ours, plain = seconds_per_run(SWEEP_RUNS[quick]), batch_run_seconds(PLAIN_MONTHS[quick])
    figures |= {"sweep_run_seconds": ours, "batch_run_seconds": plain}
    figures["batch_run_over_sweep"] = plain / ours
    figures["mesa_over_run"] = plain * clients / BATCH_CLIENTS / seconds
    return figures
