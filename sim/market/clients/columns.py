"""Columns of clients: named arrays that kernels read and write, and a client as an object."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np

from sim.market.clients.population import FIXED_POINT, Population
from sim.market.world import MarketLayout
from sim.numeric.arrays import Array

if TYPE_CHECKING:
    import pandas as pd


UNSET = -1e30  # log volume of a workload that has not started


@dataclass(frozen=True)
class ClientColumns:
    """Columns of clients (n,) and of workloads (m,), see :class:`Population`; read-only."""

    client_id: Array  # uint32
    cell: Array  # int32, segment x region
    home: Array  # int16; the one column that may change, see `migration`
    own_machines: Array  # bool
    key_account: Array  # bool
    weight: Array  # float32
    alpha: Array  # float32
    skill: Array  # float32
    log_skill: Array  # float64
    taste: Array  # (n, V) float32
    first: Array  # (n + 1,) int64
    client: Array  # (m,) int32
    kind: Array  # (m,) int16
    row: Array  # (m,) uint16
    work_weight: Array  # (m,) float32
    work_key: Array  # (m,) uint64
    log_base: Array  # (m,) float32
    log_need: Array  # (m,) float32
    adopts_at: Array  # (m,) float32

    @classmethod
    def of(cls, population: Population, own_homes: bool = False) -> Self:
        """Columns that kernels read; `own_homes` copies homes, which worlds else share."""
        columns = {field.name: getattr(population, field.name) for field in fields(cls)}
        if own_homes:
            columns["home"] = columns["home"].copy()
        return cls(**columns)

    @property
    def whole_weight(self) -> Array:
        """(n,) weights as whole multiples of 2^-20."""
        return (self.weight.astype(np.float64) * FIXED_POINT + 0.5).astype(np.int64)


@dataclass(frozen=True)
class ChoiceState:
    """Columns of workloads that change, (m,)."""

    current: Array  # int16, offer, -1 before adoption
    second: Array  # int16, best offer on another platform at the last review
    counted: Array  # int16, offer at which it was last counted, see `usage`
    log_volume: Array  # float32

    @classmethod
    def before(cls, workloads: int) -> Self:
        """Workloads before the first month."""
        return cls(
            current=np.full(workloads, -1, np.int16),
            second=np.full(workloads, -1, np.int16),
            counted=np.full(workloads, -1, np.int16),
            log_volume=np.full(workloads, UNSET, np.float32),
        )


@dataclass
class MonthTerms:
    """Everything of a month that a choice needs, (J,) float64 unless said otherwise."""

    open: Array  # (cells, J) bool
    base: Array  # (cells, K, J) utility without price, home, taste, context, switching
    unit_price: Array  # yuan per million tokens (API) or card-hour; 0 of own machines
    price: Array  # price term b(p) of API and RENT offers
    home_bonus: Array  # (V + 1, J) by home cloud + 1
    line: Array  # (K, J) line of business of an offer to a kind of work
    cross: Array  # (lines, 2^lines) utility from the other lines that the platform serves
    switching: Array  # (J + 1, J) cost of moving, by offer left + 1
    log_context: Array  # log2 of the window
    cut_up: Array  # (K,)
    awareness: Array  # (cells, V)
    host_cost: Array  # yuan per million tokens at skill 1
    operations: float  # yuan a month of running a family oneself
    none_base: Array  # (cells, K)
    none_slope: Array  # (K,) multiplies alpha
    hours_kind: Array  # (K,) bool
    rho: Array  # (4,)
    adopted: Array  # (K,)
    hazard: Array  # (2, J): ordinary clients, key accounts
    price_shift: float
    box_cox: float
    mean_price_term: float  # bc(mean price)
    welfare: Array  # (cells, K) theta x mean capability, for U in absolute terms
    log_price_ratio: Array  # ln(p / p_ref) for volumes
    elasticity: Array  # (K,)
    log_growth: Array  # (K,)
    adjustment: float
    unit_hours: Array  # card-hours per million tokens at skill 1 (HOST)
    auctions: bool  # key accounts are auctioned in phase `bid`


class StreamKeys(NamedTuple):
    """Keys of the client streams under the seed of the run."""

    choice: np.uint64
    nest: np.uint64
    review: np.uint64
    awareness: np.uint64
    auction: np.uint64


@dataclass(frozen=True)
class MonthCounts:
    """Whole numbers, int64: sums do not depend on the order of clients or threads.

    They are multiples of 2^-20; the first three of 1 / `scale`, which is less where a market is
    so large that its sums would pass 2^61.
    """

    volume: Array  # (cells, K, J)
    pairs: Array  # (J, J): volume by current and second choice
    hours: Array  # (J,): card-hours of HOST offers
    scale: Array  # () float64
    flow: Array  # (V + 2, V + 2): weight of workloads that moved
    review: Array  # (4,): weight reviewed, moved, with surplus; surplus

    @classmethod
    def empty(cls, world: MarketLayout) -> Self:
        """Nothing counted yet."""
        v, j = world.n_vendors, world.n_offers
        return cls(
            volume=np.zeros((world.n_cells, len(world.kinds), j), np.int64),
            pairs=np.zeros((j, j), np.int64),
            hours=np.zeros(j, np.int64),
            scale=np.array(FIXED_POINT),
            flow=np.zeros((v + 2, v + 2), np.int64),
            review=np.zeros(4, np.int64),
        )


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
