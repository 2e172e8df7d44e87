"""What kernels of clients read and write: named arrays."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import NamedTuple, Self

import numpy as np

from sim.market.clients.noise import keys32
from sim.market.clients.population import FIXED_POINT, Population
from sim.market.world import World
from sim.numeric.arrays import Array, Cube, Matrix, Vector
from sim.numeric.bundle import Bundle

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


class Layout(Bundle):
    """Where the offers lie."""

    channel: Vector[np.int64]
    platform: Vector[np.int64]
    family: Vector[np.int64]
    offer_keys: Vector[np.uint32]
    vendor_keys: Vector[np.uint32]
    nest_keys: Vector[np.uint32]
    n_api: int
    host_start: int
    n_hosted: int
    rent_start: int
    n_vendors: int
    none: int


@dataclass
class MonthTerms:
    """Everything of a month that a choice needs, (J,) float64 unless said otherwise."""

    open: Array  # (cells, J) bool
    base: Array  # (cells, K, J) utility without price, home, taste, context, switching
    unit_price: Array  # yuan per million tokens (API) or card-hour; 0 of own machines
    price: Array  # price term b(p) of API and RENT offers
    home_bonus: Array  # (V + 1, J) by home cloud + 1
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


class Tally(Bundle):
    """Whole-number accumulators: sums that do not depend on the order of clients or threads."""

    volume: Cube[np.int64]  # (cells, K, J)
    pairs: Matrix[np.int64]  # (J, J): volume by current and second choice
    hours: Vector[np.int64]  # (J,): card-hours of HOST offers
    flow: Matrix[np.int64]  # (V + 2, V + 2): weight of workloads that moved
    review: Vector[np.int64]  # (4,): weight reviewed, moved, with surplus; surplus

    def empty_copy(self) -> Self:
        """All counts of the same shapes are 0."""
        return type(self)(*(np.zeros_like(array) for array in self))


def new_tally(world: World) -> Tally:
    """Empty accumulators."""
    v, j, k = world.n_vendors, world.n_offers, len(world.kinds)
    return Tally(
        volume=np.zeros((world.n_cells, k, j), np.int64),
        pairs=np.zeros((j, j), np.int64),
        hours=np.zeros(j, np.int64),
        flow=np.zeros((v + 2, v + 2), np.int64),
        review=np.zeros(4, np.int64),
    )


def layout_of(world: World) -> Layout:
    """The kernel's view of the offers."""
    return Layout(
        channel=world.channel,
        platform=world.platform,
        family=world.family,
        offer_keys=world.offer_keys,
        vendor_keys=world.vendor_keys,
        nest_keys=keys32(["nest/api", "nest/host", "nest/rent", "nest/none"]),
        n_api=world.n_api,
        host_start=world.host_start,
        n_hosted=len(world.hosted_family),
        rent_start=world.rent_start,
        n_vendors=world.n_vendors,
        none=world.none,
    )
