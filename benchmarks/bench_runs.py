"""`pytest benchmarks/bench_runs.py`: whole runs and their parts, with pytest-benchmark."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.problem import market
from sim.market.model import MarketModel
from sim.runs.rows import DONE
from sim.runs.run import run_world


@pytest.mark.parametrize("clients", [2_000, 20_000])
def test_whole_run(benchmark: Any, clients: int) -> None:
    scenario = market(clients)
    record = benchmark.pedantic(run_world, (scenario, 1, 1), rounds=5, warmup_rounds=1)
    assert record.status == DONE


@pytest.mark.parametrize("name", [phase.name for phase in MarketModel.phases])
def test_phase(benchmark: Any, name: str) -> None:
    model = MarketModel(market(2_000), 1)
    while model.month < 12:
        model.step()
    phase = next(phase for phase in model.phases if phase.name == name)
    benchmark.pedantic(phase.act, (model,), rounds=30)
    assert model.month == 12


def test_setup(benchmark: Any) -> None:
    model = benchmark.pedantic(MarketModel, (market(2_000), 1), rounds=10, warmup_rounds=1)
    assert model.month == 0
