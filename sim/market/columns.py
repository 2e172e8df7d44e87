"""What the compiled kernels read and write, as named tuples of arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from sim.market.noise import keys32
from sim.market.population import FIXED_POINT, Population
from sim.market.world import World
from sim.numeric.bundle import Bundle

Array = npt.NDArray[Any]
UNSET = -1e30  # log volume of a workload that has not started
OFFER = 8  # an offer's code is its column shifted by so many bits, and its platform below
PLATFORMS = np.int32(2**OFFER - 1)


class Clients(Bundle):
    """Columns of clients and workloads, read-only."""

    client_id: Array
    cell: Array  # (n,) int32, segment x region
    home: Array
    own_machines: Array
    key_account: Array
    weight: Array
    alpha: Array
    skill: Array
    log_skill: Array
    taste: Array
    first: Array
    client: Array
    kind: Array
    row: Array
    work_weight: Array
    work_key: Array
    log_base: Array
    log_need: Array
    adopts_at: Array
    whole_weight: int  # all weights, as whole multiples of 2^-20


class State(Bundle):
    """Columns of workloads that change."""

    current: Array  # (m,) int16 offer, -1 before adoption
    second: Array  # (m,) int16 best offer on another platform at the last review
    counted: Array  # (m,) int16 offer at which it was last counted, see `presence`
    log_volume: Array  # (m,) float32


class Layout(Bundle):
    """Where the offers lie."""

    channel: Array
    platform: Array
    code: Array  # (J,) int32, column and platform in one
    family: Array
    offer_keys: Array
    vendor_keys: Array
    nest_keys: Array
    rent_factor: Array  # (V,) on the market rent
    n_api: int
    host_start: int
    n_hosted: int
    rent_start: int
    n_vendors: int
    none: int


class Terms(Bundle):
    """Everything of a month that a choice needs, (J,) unless said otherwise."""

    open: Array  # (cells, J) bool
    base: Array  # (cells, K, J) utility without price, home, taste, context, switching
    price: Array  # price term b(p) of API and RENT offers
    home_bonus: Array
    platform_cost: Array  # switching cost of coming from another platform
    family_cost: float
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
    welfare: Array  # (cells, K) theta x mean capability: brings U back to absolute terms
    log_price_ratio: Array  # ln(p / p_ref) for volumes
    elasticity: Array  # (K,)
    log_growth: Array  # (K,)
    adjustment: float
    unit_hours: Array  # card-hours per million tokens at skill 1 (HOST)
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

    volume: Array  # (cells, K, J) int64
    pairs: Array  # (J, J) int64: volume by current and second choice
    hours: Array  # (J,) int64: card-hours of HOST offers
    flow: Array  # (V + 2, V + 2) int64: weight of workloads that moved
    review: Array  # (4,) int64: weight reviewed, moved, with surplus; surplus


def client_columns(population: Population) -> Clients:
    """The kernel's view of a population."""
    names = set(Clients._fields) - {"whole_weight"}
    whole = (population.weight.astype(np.float64) * FIXED_POINT + 0.5).astype(np.int64)
    columns = {name: getattr(population, name) for name in names}
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


def offer_codes(world: World) -> Array:
    """(J,) column and platform of each offer in one whole number."""
    if world.n_vendors + 2 > PLATFORMS:
        raise ValueError(f"at most {PLATFORMS - 2} vendors, not {world.n_vendors}")
    return (np.arange(world.n_offers, dtype=np.int32) << OFFER) | world.platform.astype(np.int32)


def layout_of(world: World, rent_factor: Array | None = None) -> Layout:
    """The kernel's view of the offers; all clouds rent at the market's price unless told."""
    return Layout(
        channel=world.channel,
        platform=world.platform,
        code=offer_codes(world),
        family=world.family,
        offer_keys=world.offer_keys,
        vendor_keys=world.vendor_keys,
        nest_keys=keys32(["nest/api", "nest/host", "nest/rent", "nest/none"]),
        rent_factor=np.ones(world.n_vendors) if rent_factor is None else rent_factor,
        n_api=world.n_api,
        host_start=world.host_start,
        n_hosted=len(world.hosted_family),
        rent_start=world.rent_start,
        n_vendors=world.n_vendors,
        none=world.none,
    )
