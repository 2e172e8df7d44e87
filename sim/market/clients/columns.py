"""What the compiled kernels read and write, as named tuples of arrays."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import numpy.typing as npt

from sim.market.clients.noise import keys32
from sim.market.clients.population import FIXED_POINT, Population
from sim.market.world import World
from sim.numeric.arrays import Cube, Matrix, Vector
from sim.numeric.bundle import Bundle

Array = npt.NDArray[Any]
UNSET = -1e30  # log volume of a workload that has not started


class Clients(Bundle):
    """Columns of clients and workloads, read-only."""

    client_id: Vector[np.uint32]
    cell: Vector[np.int32]  # (n,), segment x region
    home: Vector[np.int16]
    own_machines: Vector[np.bool_]
    key_account: Vector[np.bool_]
    weight: Vector[np.float32]
    alpha: Vector[np.float32]
    skill: Vector[np.float32]
    log_skill: Vector[np.float64]
    taste: Matrix[np.float32]
    first: Vector[np.int64]
    client: Vector[np.int32]
    kind: Vector[np.int16]
    row: Vector[np.uint16]
    work_weight: Vector[np.float32]
    work_key: Vector[np.uint64]
    log_base: Vector[np.float32]
    log_need: Vector[np.float32]
    adopts_at: Vector[np.float32]
    whole_weight: int  # all weights, as whole multiples of 2^-20


class State(Bundle):
    """Columns of workloads that change."""

    current: Vector[np.int16]  # (m,) offer, -1 before adoption
    second: Vector[np.int16]  # (m,) best offer on another platform at the last review
    counted: Vector[np.int16]  # (m,) offer at which it was last counted, see `presence`
    log_volume: Vector[np.float32]  # (m,)


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


class Terms(Bundle):
    """Everything of a month that a choice needs, (J,) unless said otherwise."""

    open: Matrix[np.bool_]  # (cells, J)
    base: Cube[np.float64]  # (cells, K, J) utility without price, home, taste, context, switching
    unit_price: Vector[np.float64]  # yuan per million tokens (API) or card-hour; 0 of own machines
    price: Vector[np.float64]  # price term b(p) of API and RENT offers
    home_bonus: Matrix[np.float64]  # (V + 1, J) by home cloud + 1
    switching: Matrix[np.float64]  # (J + 1, J) cost of moving, by offer left + 1
    log_context: Vector[np.float64]  # log2 of the window
    cut_up: Vector[np.float64]  # (K,)
    awareness: Matrix[np.float64]  # (cells, V)
    host_cost: Vector[np.float64]  # yuan per million tokens at skill 1
    operations: float  # yuan a month of running a family oneself
    none_base: Matrix[np.float64]  # (cells, K)
    none_slope: Vector[np.float64]  # (K,) multiplies alpha
    hours_kind: Vector[np.bool_]  # (K,)
    rho: Vector[np.float64]  # (4,)
    adopted: Vector[np.float64]  # (K,)
    hazard: Matrix[np.float64]  # (2, J): ordinary clients, key accounts
    price_shift: float
    box_cox: float
    mean_price_term: float  # bc(mean price)
    welfare: Matrix[np.float64]  # (cells, K) theta x mean capability, for U in absolute terms
    log_price_ratio: Vector[np.float64]  # ln(p / p_ref) for volumes
    elasticity: Vector[np.float64]  # (K,)
    log_growth: Vector[np.float64]  # (K,)
    adjustment: float
    unit_hours: Vector[np.float64]  # card-hours per million tokens at skill 1 (HOST)
    auctions: bool  # key accounts are auctioned in phase `bid`


class Streams(Bundle):
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


def client_columns(population: Population, own_homes: bool = False) -> Clients:
    """The kernel's view of a population; `own_homes` copies homes, which worlds else share."""
    names = set(Clients._fields) - {"whole_weight"}
    whole = (population.weight.astype(np.float64) * FIXED_POINT + 0.5).astype(np.int64)
    columns = {name: getattr(population, name) for name in names}
    if own_homes:
        columns["home"] = columns["home"].copy()
    return Clients(whole_weight=int(whole.sum()), **columns)


def new_state(population: Population) -> State:
    """Workloads before the first month."""
    m = population.n_workloads
    return State(
        current=np.full(m, -1, np.int16),
        second=np.full(m, -1, np.int16),
        counted=np.full(m, -1, np.int16),
        log_volume=np.full(m, UNSET, np.float32),
    )


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
