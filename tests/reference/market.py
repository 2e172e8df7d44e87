"""A market whose clients are plain agents.

The vendor side is the engine's; its two client kernels, `review` and `use`, are replaced.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest import mock

import mesa

import sim.market.month
from sim.market.clients.columns import UNSET
from sim.market.model import MarketModel
from tests.reference.client import ClientAgent, Decision, Traits, Workload
from tests.reference.draws import stream_key
from tests.reference.public import Market, offer_named, published
from tests.reference.tallies import count_decisions, count_volumes

STREAMS = ("choice", "nest", "review", "awareness")


class PlainMarket(MarketModel):
    """The engine with other kernels: what the two ways of using plain clients share."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        with self._kernels():
            super().__init__(*args, **kwargs)

    def step(self) -> None:
        """One month; `running` ends with the scenario."""
        with self._kernels():
            super().step()
        self.running = self.month < self.scenario.calendar.months

    @contextmanager
    def _kernels(self) -> Iterator[None]:
        with ExitStack() as stack:
            stack.enter_context(mock.patch.object(sim.market.month, "review", self.review_kernel))
            stack.enter_context(mock.patch.object(sim.market.month, "use", self.use_kernel))
            yield

    def review_kernel(self, month: int, everyone: bool, *arrays: Any) -> Any:
        """Stands in for the compiled `review`."""
        raise TypeError(f"{type(self).__name__} has no plain kernel")

    def use_kernel(self, *arrays: Any) -> None:
        """Stands in for the compiled `use`."""
        raise TypeError(f"{type(self).__name__} has no plain kernel")

    @property
    def plain_clients(self) -> list[ClientAgent]:
        """The client agents, made when they are first asked for."""
        if not hasattr(self, "_plain_clients"):
            self.offers = [offer_named(label) for label in self.world.labels]
            self.luck = {name: stream_key(self.seed_sequence, name) for name in STREAMS}
            self._plain_clients = [self._client(i) for i in range(self.population.n_clients)]
        return self._plain_clients

    def _client(self, i: int) -> ClientAgent:
        columns, world = self.population, self.world
        home = int(columns.home[i])
        traits = Traits(
            number=int(columns.client_id[i]),
            segment=world.segments[columns.segment[i]],
            region=world.regions[columns.region[i]],
            home=world.vendors[home] if home >= 0 else None,
            own_machines=bool(columns.own_machines[i]),
            key_account=bool(columns.key_account[i]),
            weight=float(columns.weight[i]),
            alpha=float(columns.alpha[i]),
            skill=float(columns.skill[i]),
            taste={name: float(columns.taste[i, v]) for v, name in enumerate(world.vendors)},
        )
        places = range(int(columns.first[i]), int(columns.first[i + 1]))
        return ClientAgent(self, traits, [self._workload(w) for w in places])

    def _workload(self, w: int) -> Workload:
        columns = self.population
        return Workload(
            place=w,
            kind=self.world.kinds[columns.kind[w]],
            key=int(columns.work_key[w]),
            log_base=float(columns.log_base[w]),
            log_need=float(columns.log_need[w]),
            adopts_at=float(columns.adopts_at[w]),
        )

    def review_plainly(
        self, month: int, everyone: bool
    ) -> tuple[Market, list[tuple[ClientAgent, Decision]]]:
        """All clients look at what is due."""
        clients, news = self.plain_clients, published(self)
        return news, [
            (client, decision)
            for client in clients
            for decision in client.review(month, everyone, news)
        ]

    def use_plainly(self) -> Market:
        """All clients use what they chose."""
        clients, news = self.plain_clients, published(self)
        for client in clients:
            client.use(news)
        return news


class ReferenceMarket(PlainMarket):
    """The market with one agent a client, as one would write it with Mesa alone.

    Parameters are those of `MarketModel`; `mesa.batch_run` runs it to the end of its scenario.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.datacollector = mesa.DataCollector(
            model_reporters={
                "month": lambda model: model.month,
                "mean_price": lambda model: model.state.mean_price,
            }
        )

    def review_kernel(self, month: int, everyone: bool, *arrays: Any) -> Any:
        """Agents choose; the engine's columns are told."""
        news, decisions = self.review_plainly(month, bool(everyone))
        place = self.place_of_offers
        for _, decision in decisions:
            work = decision.work
            assert work.current is not None
            assert work.second is not None
            self.choices.current[work.place] = place[work.current.label]
            self.choices.second[work.place] = place[work.second.label]
            if work.log_volume is None:
                self.choices.log_volume[work.place] = UNSET
        count_decisions(self, decisions, news)
        return self.bidding.queue

    def use_kernel(self, *arrays: Any) -> None:
        """Agents use; the engine's columns and accumulators are told."""
        news = self.use_plainly()
        for client in self.plain_clients:
            for work in client.workloads:
                if work.log_volume is not None:
                    self.choices.log_volume[work.place] = work.log_volume
        count_volumes(self, news)

    @property
    def place_of_offers(self) -> dict[str, int]:
        """Column of each offer by label."""
        return {label: j for j, label in enumerate(self.world.labels)}
