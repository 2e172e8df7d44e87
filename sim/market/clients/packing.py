"""Arrays that each thread works in."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from sim.market.clients.columns import Tally, new_tally
from sim.market.clients.presence import Presence, new_presence
from sim.market.world import World
from sim.numeric.arrays import Matrix, Vector
from sim.numeric.bundle import Bundle
from sim.numeric.compiled import inlined

Array = npt.NDArray[Any]
USED_BLOCK = 512  # workloads whose volumes are computed together


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

    usage: Usage
    tally: Tally
    presence: Presence
    homes: HomeRoom


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
    """Arrays of each thread."""
    v = world.n_vendors
    others = [(new_tally(world), new_presence(world)) for _ in range(1, threads)]
    return [
        Workspace(
            new_usage(world),
            *counted,
            HomeRoom(np.zeros(v), np.zeros(world.n_offers), np.zeros((v + 1, v), np.int64)),
        )
        for counted in ((tally, presence), *others)
    ]


@inlined
def below(chance):  # type: ignore[no-untyped-def]
    """Whole number t such that (bits + 1/2) / 2^32 < chance if and only if bits < t."""
    return np.uint64(np.int64(np.ceil(min(max(chance, 0.0), 1.0) * 4294967296.0 - 0.5)))
