"""Object views of clients for people who look at one."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np

from sim.market.clients.columns import ChoiceState, ClientColumns
from sim.market.clients.population import Population
from sim.market.world import MarketLayout

if TYPE_CHECKING:
    import pandas as pd


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

    def to_frame(self, workloads: bool = False) -> pd.DataFrame:
        """One row a client, in the order of its numbers; or one row a workload.

        Volumes are million tokens or card-hours a month.
        """
        import pandas as pd

        world, columns = self._world, self._population
        if workloads:
            owners = np.repeat(columns.client_id, np.diff(columns.first))
            views = [self._workload(w) for w in range(columns.n_workloads)]
            rows = [{"client": int(c), **asdict(v)} for c, v in zip(owners, views, strict=True)]
            return pd.DataFrame(rows, columns=["client", "kind", "offer", "volume"])
        homes = np.array([*world.vendors, ""])[self._columns.home]
        table = {
            "segment": np.array(world.segments)[columns.segment],
            "region": np.array(world.regions)[columns.region],
            "home_cloud": homes,
            "size": columns.size,
            "weight": columns.weight,
            "price_sensitivity": columns.alpha,
            "skill": columns.skill,
            "key_account": columns.key_account.astype(bool),
            "workloads": np.diff(columns.first),
        }
        numbers = pd.Index(columns.client_id, name="number")
        return pd.DataFrame(table, index=numbers).sort_index()

    def __repr__(self) -> str:
        return f"{len(self):,} clients with {self._population.n_workloads:,} workloads"

    def _workload(self, w: int) -> WorkloadView:
        world, j = self._world, int(self._choices.current[w])
        served = j >= 0 and j != world.none
        return WorkloadView(
            kind=world.kinds[self._population.kind[w]],
            offer=world.labels[j] if j >= 0 else "not adopted",
            volume=math.exp(float(self._choices.log_volume[w])) if served else 0.0,
        )
