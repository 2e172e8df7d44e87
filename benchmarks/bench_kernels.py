"""`pytest benchmarks/bench_kernels.py`: the kernels alone, with pytest-benchmark."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.problem import Problem
from sim.market.clients.population import draw_population
from sim.market.clients.presence import masks_of
from sim.market.clients.usage import use

CLIENTS = 20_000


@pytest.fixture(scope="module")
def problem() -> Problem:
    return Problem(CLIENTS)


@pytest.mark.parametrize("threads", [1, 2])
def test_review_of_everybody(benchmark: Any, problem: Problem, threads: int) -> None:
    benchmark.pedantic(problem.ours(threads), setup=problem.reset, rounds=20)
    assert problem.model.tally.review[0] > 0


@pytest.mark.parametrize("threads", [1, 2])
def test_use(benchmark: Any, problem: Problem, threads: int) -> None:
    model = problem.model
    problem.reset()
    market = model.columns, model.choices, model.world, model.terms, model.rules(masks_of)
    benchmark(use, *market, model.tally, model.presence, threads)
    assert model.tally.volume.sum() > 0


def test_drawing_clients(benchmark: Any, problem: Problem) -> None:
    model = problem.model
    people = benchmark(draw_population, model.scenario, model.world, model.seed)
    assert people.n_clients == CLIENTS
