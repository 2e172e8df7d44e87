"""One review of a whole market, frozen, so that different programs can do it on the same arrays."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np

from sim.market.clients.choice import review
from sim.market.simulation import Simulation
from sim.scenario.patches import replace
from sim.scenario.reader import load

SCENARIO = Path(__file__).parents[1] / "scenarios" / "volcano-dam.toml"
MONTHS_BEFORE = 30  # by then both open families and all hosts are there
REVIEW_MONTH = 24_330


def market(clients: int, **changes: Any) -> Any:
    """The article's market with so many clients."""
    # the programs beside ours know no demand across channels
    paths = {"population.clients": clients, "demand.cross_channel.weight": 0.0} | {
        name.replace("__", "."): value for name, value in changes.items()
    }
    return replace(load(SCENARIO), paths)


class Problem:
    """A market after some months in which every adopted workload is to choose once."""

    def __init__(self, clients: int) -> None:
        self.model = Simulation(market(clients), 1)
        while self.model.month < MONTHS_BEFORE:
            self.model.step()
        # key accounts choose here too, instead of waiting for their auctions
        self.model.terms = dataclasses.replace(self.model.terms, auctions=False)
        self.held = deepcopy(self.model.choices)
        population, terms = self.model.population, self.model.terms
        self.adopted = np.flatnonzero(population.adopts_at <= terms.adopted[population.kind])

    @property
    def reviews(self) -> int:
        """Workloads that choose."""
        return len(self.adopted)

    def reset(self) -> None:
        """As before the review."""
        for name, held in vars(self.held).items():
            getattr(self.model.choices, name)[:] = held

    def ours(self, threads: int) -> Callable[[], None]:
        """The package's own review, everybody due."""
        model = self.model

        def act() -> None:
            review(
                REVIEW_MONTH,
                True,
                model.columns,
                model.choices,
                model.world,
                model.terms,
                model.streams,
                model.tally,
                threads,
            )

        return act

    def chosen(self) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
        """Best and second-best offers of the adopted workloads."""
        choices = self.model.choices
        return choices.current[self.adopted].copy(), choices.second[self.adopted].copy()


def shared(parts: int, work: Callable[[int, int], None], n: int) -> Callable[[], None]:
    """The work on ranges of n rows, one thread a range."""
    edges = [n * part // parts for part in range(parts + 1)]
    pool = ThreadPoolExecutor(parts)

    def act() -> None:
        list(pool.map(work, edges[:-1], edges[1:]))

    return act
