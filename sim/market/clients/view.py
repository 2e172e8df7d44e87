"""Object views of clients for people who look at one."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from sim.market.clients.columns import ChoiceState, ClientColumns
from sim.market.clients.population import Population
from sim.market.world import MarketLayout


@dataclass(frozen=True)
class WorkloadView:
    """One workload: its kind, offer and monthly volume (million tokens or card-hours)."""

    kind: str
    offer: str
    volume: float


@dataclass(frozen=True)
class ClientView:
    """One client as it stands now."""

    number: int
    segment: str
    region: str
    home_cloud: str
    size: float
    weight: float
    price_sensitivity: float
    skill: float
    key_account: bool
    workloads: tuple[WorkloadView, ...]


class ClientList:
    """`model.clients[17]`: the client with that number, read from the columns."""

    def __init__(
        self,
        world: MarketLayout,
        population: Population,
        columns: ClientColumns,
        choices: ChoiceState,
    ) -> None:
        self._world, self._population = world, population
        self._columns, self._choices = columns, choices

    def __len__(self) -> int:
        return self._population.n_clients

    def __iter__(self) -> Iterator[ClientView]:
        return (self[i] for i in range(len(self)))

    def __getitem__(self, i: int) -> ClientView:
        world, columns = self._world, self._population
        if not -len(self) <= i < len(self):
            raise IndexError(f"client {i} of {len(self)}")
        i %= len(self)
        home = int(self._columns.home[i])
        return ClientView(
            number=int(columns.client_id[i]),
            segment=world.segments[columns.segment[i]],
            region=world.regions[columns.region[i]],
            home_cloud=world.vendors[home] if home >= 0 else "",
            size=float(columns.size[i]),
            weight=float(columns.weight[i]),
            price_sensitivity=float(columns.alpha[i]),
            skill=float(columns.skill[i]),
            key_account=bool(columns.key_account[i]),
            workloads=tuple(
                self._workload(w) for w in range(columns.first[i], columns.first[i + 1])
            ),
        )

    def _workload(self, w: int) -> WorkloadView:
        world, j = self._world, int(self._choices.current[w])
        served = j >= 0 and j != world.none
        return WorkloadView(
            kind=world.kinds[self._population.kind[w]],
            offer=world.labels[j] if j >= 0 else "not adopted",
            volume=math.exp(float(self._choices.log_volume[w])) if served else 0.0,
        )
