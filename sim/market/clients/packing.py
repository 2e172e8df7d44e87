"""Room that kernels work in, and the terms of a month laid out as the kernels read them.

What a client of a cell may take lies together, so that a choice reads neighbouring numbers; due
workloads are handled in blocks, so that their draws are long vector operations.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from sim.market.clients.accounts import Counts, new_counts
from sim.market.clients.columns import Layout, Tally, Terms, new_tally
from sim.market.clients.presence import Presence, new_presence
from sim.market.world import World
from sim.numeric.arrays import Cube, Matrix, Vector
from sim.numeric.bundle import Bundle
from sim.numeric.compiled import inlined, kernel

Array = npt.NDArray[Any]
BLOCK = 64  # due workloads that choose together
USED_BLOCK = 512  # workloads whose volumes are computed together
LANES = np.uint64(16)  # rows of model calls are filled up to a multiple of it
ALWAYS = 2**32  # above every draw of 32 bits


class Packed(Bundle):
    """Model calls that a client of a cell may take this month, and thresholds of its draws."""

    calls: Vector[np.int64]  # (cells,), how many model calls are open
    code: Matrix[np.int32]  # (cells, A), their codes, in order
    base: Cube[np.float64]  # (cells, K, A)
    price: Matrix[np.float64]  # (cells, A)
    context: Matrix[np.float64]  # (cells, A)
    bonus: Matrix[np.float64]  # (cells, A)
    cost: Matrix[np.float64]  # (cells, A) of coming from another platform
    platform: Matrix[np.int32]  # (cells, A)
    family: Matrix[np.int32]  # (cells, A)
    key: Matrix[np.uint32]  # (cells, A)
    due_below: Cube[np.uint64]  # (2, cells, J + 1), by current offer + 1
    aware_below: Matrix[np.uint64]  # (cells, V)


class Scratch(Bundle):
    """Room for the choices of one block; E entries are considered offers of all its workloads."""

    work: Vector[np.int64]  # (block + K,), rows of due workloads
    owner: Vector[np.int64]  # (block + K,), rows of their clients
    who: Vector[np.uint64]  # (block + K,)
    waits: Vector[np.bool_]  # (block + K,), whether it is auctioned
    low: Vector[np.uint32]  # (2 block,), events of nests or of awareness
    high: Vector[np.uint32]  # (2 block,)
    part: Vector[np.float32]  # (2 block,), 1 - rho of the nest
    shock: Vector[np.float32]  # (2 block,)
    heard: Matrix[np.uint32]  # (V, block), draws of awareness
    seen: Vector[np.bool_]  # (V,)
    taste: Vector[np.float64]  # (V,)
    row: Vector[np.float64]  # (A,)
    first: Matrix[np.int64]  # (block + 1, 3), first entry, first HOST entry, last
    fixed: Vector[np.float32]  # (block + K,), 1 / volume
    found: Vector[np.int32]  # (E,), codes of offers
    value: Vector[np.float64]  # (E,) utilities before shocks
    mixed: Vector[np.uint32]  # (E,)
    upper: Vector[np.uint32]  # (E,)
    noise: Vector[np.float32]  # (E,)
    best: Vector[np.int32]  # (block + K,)
    second: Vector[np.int32]  # (block + K,), best on another platform
    top: Vector[np.float64]  # (block + K,) utility of the best
    place: int  # in the docket, of the next auction


class Usage(Bundle):
    """Room for the volumes of one block of workloads, and what offers mean for them."""

    hosted: Vector[np.int64]  # (block,), those that run a model themselves
    moved: Vector[np.int64]  # (block,), those whose offer is not the one last counted
    struck: Vector[np.int64]  # (block,), rows of clients
    luck: Vector[np.uint32]  # (block,), their draws
    target: Vector[np.float64]  # (block,) log volumes that workloads move towards
    volume: Vector[np.float32]  # (block,)
    amount: Vector[np.int64]  # (block,), volumes of all that the client stands for
    shift: Matrix[np.float64]  # (K, J + 1) what moves log volumes this month, by current offer + 1


class HomeRoom(Bundle):
    """Room for moves of home clouds."""

    spend: Vector[np.float64]  # (V,) of one client
    money: Vector[np.float64]  # (J,) yuan for a unit of volume
    moved: Matrix[np.int64]  # (V + 1, V), weight of clients by old and new home


class Workspace(Bundle):
    """What one thread needs. The first counts into the market's own tables, others add to them."""

    packed: Packed
    scratch: Scratch
    usage: Usage
    tally: Tally
    presence: Presence
    counts: Counts  # of auctions
    homes: HomeRoom


def _padded(calls: int) -> int:
    lanes = int(LANES)
    return (calls + lanes - 1) // lanes * lanes


def new_packed(world: World) -> Packed:
    """Room for the terms of a world."""
    c, k, a = world.n_cells, len(world.kinds), _padded(world.n_api)
    return Packed(
        calls=np.zeros(c, np.int64),
        code=np.zeros((c, a), np.int32),
        base=np.zeros((c, k, a)),
        price=np.zeros((c, a)),
        context=np.zeros((c, a)),
        bonus=np.zeros((c, a)),
        cost=np.zeros((c, a)),
        platform=np.zeros((c, a), np.int32),
        family=np.zeros((c, a), np.int32),
        key=np.zeros((c, a), np.uint32),
        due_below=np.zeros((2, c, world.n_offers + 1), np.uint64),
        aware_below=np.zeros((c, world.n_vendors), np.uint64),
    )


def new_scratch(world: World) -> Scratch:
    """Room for one block of choices."""
    due, v = BLOCK + len(world.kinds), world.n_vendors
    entries = due * (world.n_offers + 1)
    return Scratch(
        work=np.zeros(due, np.int64),
        owner=np.zeros(due, np.int64),
        who=np.zeros(due, np.uint64),
        waits=np.zeros(due, bool),
        low=np.zeros(2 * due, np.uint32),
        high=np.zeros(2 * due, np.uint32),
        part=np.zeros(2 * due, np.float32),
        shock=np.zeros(2 * due, np.float32),
        heard=np.zeros((v, due), np.uint32),
        seen=np.zeros(v, bool),
        taste=np.zeros(v),
        row=np.zeros(_padded(world.n_api)),
        first=np.zeros((due + 1, 3), np.int64),
        fixed=np.zeros(due, np.float32),
        found=np.zeros(entries, np.int32),
        value=np.zeros(entries),
        mixed=np.zeros(entries, np.uint32),
        upper=np.zeros(entries, np.uint32),
        noise=np.zeros(entries, np.float32),
        best=np.zeros(due, np.int32),
        second=np.zeros(due, np.int32),
        top=np.zeros(due),
        place=0,
    )


def new_usage(world: World) -> Usage:
    """Room for one block of volumes."""
    rows = [np.zeros(USED_BLOCK + 1, np.int64) for _ in range(4)]
    return Usage(
        hosted=rows[0],
        moved=rows[1],
        struck=rows[2],
        luck=np.zeros(USED_BLOCK, np.uint32),
        target=np.zeros(USED_BLOCK),
        volume=np.zeros(USED_BLOCK, np.float32),
        amount=rows[3],
        shift=np.zeros((len(world.kinds), world.n_offers + 1)),
    )


def new_workspace(world: World, threads: int, tally: Tally, presence: Presence) -> list[Workspace]:
    """Room for each thread; what is packed once a month they share."""
    packed, v = new_packed(world), world.n_vendors
    others = [(new_tally(world), new_presence(world)) for _ in range(1, threads)]
    return [
        Workspace(
            packed,
            new_scratch(world),
            new_usage(world),
            *counted,
            new_counts(world),
            HomeRoom(np.zeros(v), np.zeros(world.n_offers), np.zeros((v + 1, v), np.int64)),
        )
        for counted in ((tally, presence), *others)
    ]


@inlined
def below(chance):  # type: ignore[no-untyped-def]
    """Whole number t such that (bits + 1/2) / 2^32 < chance if and only if bits < t."""
    return np.uint64(np.int64(np.ceil(min(max(chance, 0.0), 1.0) * 4294967296.0 - 0.5)))


@kernel
def pack(everyone: bool, layout: Layout, terms: Terms, packed: Packed) -> None:
    """Lay out the terms of a month: open model calls of each cell together, chances as whole
    numbers that 32-bit draws are compared with."""
    cells, kinds = terms.base.shape[0], terms.base.shape[1]
    offers = terms.base.shape[2]
    for cell in range(cells):
        n = 0
        for j in range(layout.n_api):
            if not terms.open[cell, j]:
                continue
            packed.code[cell, n] = layout.code[j]
            packed.price[cell, n] = terms.price[j]
            packed.context[cell, n] = terms.log_context[j]
            packed.bonus[cell, n] = terms.home_bonus[j]
            packed.cost[cell, n] = terms.platform_cost[j]
            packed.platform[cell, n] = layout.platform[j]
            packed.family[cell, n] = layout.family[j]
            packed.key[cell, n] = layout.offer_keys[j]
            for k in range(kinds):
                packed.base[cell, k, n] = terms.base[cell, k, j]
            n += 1
        packed.calls[cell] = n
        for size in range(2):
            packed.due_below[size, cell, 0] = ALWAYS
            for j in range(offers):
                sure = everyone or not terms.open[cell, j]
                chance = 1.0 if sure else terms.hazard[size, j]
                packed.due_below[size, cell, j + 1] = below(chance)
        for v in range(layout.n_vendors):
            packed.aware_below[cell, v] = below(terms.awareness[cell, v])
