"""What kernels of clients read and write: named arrays."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import NamedTuple, Self

import numpy as np

from sim.market.clients.population import FIXED_POINT, Population
from sim.market.world import MarketLayout
from sim.numeric.arrays import Array

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
    counted: Array  # int16, offer at which it was last counted, see `presence`
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
    """Whole multiples of 2^-20, int64: sums do not depend on the order of clients or threads."""

    volume: Array  # (cells, K, J)
    pairs: Array  # (J, J): volume by current and second choice
    hours: Array  # (J,): card-hours of HOST offers
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
            flow=np.zeros((v + 2, v + 2), np.int64),
            review=np.zeros(4, np.int64),
        )
