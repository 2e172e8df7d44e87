"""Room that kernels work in, and the terms of a month laid out as the kernels read them.

What a client of a cell may take lies together, so that a choice reads neighbouring numbers; due
workloads are handled in blocks, so that their draws are long vector operations.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from sim.market.columns import Tally, new_tally
from sim.market.key_accounts import Counts, new_counts
from sim.market.marks import VALUES, bytes_of
from sim.market.world import NONE, World
from sim.numeric.bundle import Bundle
from sim.numeric.compiled import inlined, kernel

Array = npt.NDArray[Any]
BLOCK = 64  # due workloads that choose together
USED_BLOCK = 512  # workloads whose volumes are computed together
LANES = np.uint64(16)  # rows of model calls are filled up to a multiple of it
ALWAYS = 2**32  # above every draw of 32 bits


class Packed(Bundle):
    """Model calls that a client of a cell may take this month, and thresholds of its draws."""

    calls: Array  # (cells,) int64, how many model calls are open
    code: Array  # (cells, A) int32, their codes, in order
    base: Array  # (cells, K, A)
    price: Array  # (cells, A)
    context: Array  # (cells, A)
    bonus: Array  # (cells, A)
    cost: Array  # (cells, A) of coming from another platform
    platform: Array  # (cells, A) int32
    family: Array  # (cells, A) int32
    key: Array  # (cells, A) uint32
    due_below: Array  # (2, cells, J + 1) uint64, by current offer + 1
    aware_below: Array  # (cells, V) uint64


class Scratch(Bundle):
    """Room for the choices of one block; E entries are considered offers of all its workloads."""

    work: Array  # (block + K,) int64, rows of due workloads
    owner: Array  # (block + K,) int64, rows of their clients
    who: Array  # (block + K,) uint64
    low: Array  # (2 block,) uint32, events of nests or of awareness
    high: Array  # (2 block,) uint32
    part: Array  # (2 block,) float32, 1 - rho of the nest
    shock: Array  # (2 block,) float32
    heard: Array  # (V, block) uint32, draws of awareness
    seen: Array  # (V,) bool
    taste: Array  # (V,)
    row: Array  # (A,)
    first: Array  # (block + 1, 3) int64, first entry, first HOST entry, last
    fixed: Array  # (block + K,) float32, 1 / volume
    found: Array  # (E,) int32, codes of offers
    value: Array  # (E,) utilities before shocks
    mixed: Array  # (E,) uint32
    upper: Array  # (E,) uint32
    noise: Array  # (E,) float32
    best: Array  # (block + K,) int32
    second: Array  # (block + K,) int32, best on another platform
    top: Array  # (block + K,) utility of the best


class Usage(Bundle):
    """Room for the volumes of one block of workloads, and what offers mean for them."""

    used: Array  # (block,) int64, places of those in use
    owner: Array  # (block,) int64, rows of their clients
    hosted: Array  # (block,) int64, which of them run a model themselves
    visitor: Array  # (block,) int64, rows of all clients, from place 1 on
    visited: Array  # (block,) int64, their platforms as bits
    target: Array  # (block,) log volumes that workloads move towards
    volume: Array  # (block,) float32
    shift: Array  # (K x (J + 1),) what moves log volumes this month, by current offer + 1
    bits: Array  # (J + 1,) int64, platform as a bit, by current offer + 1; 0 of who is idle
    hosts: Array  # (J + 1,) bool, by current offer + 1
    active: Array  # (J + 1,) int64, by current offer + 1
    by_byte: Array  # (bytes, 256) int64, weight of clients by each byte of `visited`
    reached: Array  # (V + 3,) int64, weight of clients by their number of platforms


class Workspace(Bundle):
    """What one thread needs."""

    packed: Packed
    scratch: Scratch
    usage: Usage
    tally: Tally
    counts: Counts  # of auctions


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
    )


def new_usage(world: World) -> Usage:
    """Room for one block of volumes."""
    size = USED_BLOCK + len(world.kinds)
    bits, hosts = np.zeros(world.n_offers + 1, np.int64), np.zeros(world.n_offers + 1, bool)
    bits[1:] = np.where(world.channel == NONE, 0, np.int64(1) << world.platform)
    hosts[1:] = world.hosting
    return Usage(
        used=np.zeros(size + 1, np.int64),
        owner=np.zeros(size + 1, np.int64),
        hosted=np.zeros(size + 1, np.int64),
        visitor=np.zeros(size + 1, np.int64),
        visited=np.zeros(size + 1, np.int64),
        target=np.zeros(size),
        volume=np.zeros(size, np.float32),
        shift=np.zeros(len(world.kinds) * len(bits)),
        bits=bits,
        hosts=hosts,
        active=np.zeros(len(bits), np.int64),
        by_byte=np.zeros((bytes_of(world.n_vendors + 2), VALUES), np.int64),
        reached=np.zeros(world.n_vendors + 3, np.int64),
    )


def new_workspace(world: World, threads: int) -> list[Workspace]:
    """Room for each thread; what is packed once a month they share."""
    packed = new_packed(world)
    return [
        Workspace(packed, new_scratch(world), new_usage(world), new_tally(world), new_counts(world))
        for _ in range(threads)
    ]


@inlined
def below(chance):  # type: ignore[no-untyped-def]
    """Whole number t such that (bits + 1/2) / 2^32 < chance if and only if bits < t."""
    return np.uint64(np.int64(np.ceil(min(max(chance, 0.0), 1.0) * 4294967296.0 - 0.5)))


@kernel
def pack(everyone, layout, terms, packed):  # type: ignore[no-untyped-def]
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
