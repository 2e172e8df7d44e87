"""Who has work where, counted by the moves of a month in whole numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from sim.market.clients.columns import ChoiceState, ClientColumns
from sim.market.clients.population import FIXED_POINT
from sim.market.world import NONE, MarketLayout
from sim.numeric.arrays import Array, Matrix, Vector
from sim.numeric.jit import inline, kernel
from sim.strategies.agents import SIDES

if TYPE_CHECKING:
    from sim.scenario.schema.scenario import Scenario


@dataclass(frozen=True)
class OfferMasks:
    """Bits of what an offer says of a client that takes it, by current offer + 1."""

    platform: Array  # (J + 1,) int64: where its work is; 0 of who is idle
    agents: Array  # (K, J + 1): bit v for agent work whose calls v serves, bit V for any
    side: Array  # (cells,), place in `SIDES` of the side that serves the clients


@dataclass(frozen=True)
class Presence:
    """Whole multiples of 2^-20 of weights, int64."""

    active: Array  # (J,) adopted workloads by offer
    clients: Array  # (V + 2,) clients with work at a platform
    homing: Array  # (V + 3,) clients by their number of platforms
    accounts: Array  # (V + 2,) key accounts with work at a platform
    agent_users: Array  # (S, V + 1) clients whose agent work it serves; last with any

    @classmethod
    def empty(cls, world: MarketLayout, clients: int) -> Self:
        """Nobody is anywhere yet; `clients` is the weight of all, which have no platform."""
        v = world.n_vendors
        sizes = (world.n_offers, v + 2, v + 3, v + 2, (len(SIDES), v + 1))
        out = cls(*(np.zeros(size, np.int64) for size in sizes))
        out.homing[0] = clients
        return out

    def empty_copy(self) -> Self:
        """All counts of the same shapes are 0."""
        return type(self)(*(np.zeros_like(array) for array in vars(self).values()))

    def add(self, other: Presence) -> None:
        """Add the counts of another."""
        for array, more in zip(vars(self).values(), vars(other).values(), strict=True):
            array += more


def agent_side(scenario: Scenario, segment: str) -> int:
    """Place in `SIDES` of the side of agent platforms that serves a segment."""
    creators = segment in scenario.agents.creator_segments
    return SIDES.index("creators" if creators else "enterprises")


def masks_of(scenario: Scenario, world: MarketLayout) -> OfferMasks:
    """The masks of a world's offers."""
    calls = np.where(world.calls, np.int64(1) << world.platform, 0)
    agents = [scenario.kinds[name].agent_work > 0.0 for name in world.kinds]
    sides = [agent_side(scenario, name) for name in world.segments]
    where = np.where(world.channel == NONE, 0, np.int64(1) << world.platform)
    by_offer = np.append([0], calls | np.int64(1) << world.n_vendors)
    return OfferMasks(
        platform=np.append([0], where).astype(np.int64),
        agents=np.outer(agents, by_offer).astype(np.int64),
        side=np.repeat(np.array(sides, np.int64), len(world.regions)),
    )


def count_moves(
    begin: int,
    end: int,
    clients: ClientColumns,
    state: ChoiceState,
    masks: OfferMasks,
    presence: Presence,
) -> None:
    """Workloads begin to end are counted in `presence` as they are now."""
    follow_moves(
        begin,
        end,
        clients.client,
        clients.first,
        clients.row,
        clients.kind,
        clients.work_weight,
        clients.key_account,
        state.current,
        state.counted,
        masks.platform,
        masks.agents,
        masks.side,
        presence.active,
        presence.clients,
        presence.homing,
        presence.accounts,
        presence.agent_users,
    )


@inline
def bits_of(mask: np.int64, bits: int) -> np.int64:
    """How many of so many bits are set."""
    number = np.int64(0)
    for p in range(bits):
        number += mask >> p & 1
    return number


@inline
def shift_bits(
    counts: Vector[np.int64], before: np.int64, after: np.int64, weight: np.int64
) -> None:
    """Take a weight from the counts of bits that are gone, and add it to those that are new."""
    for p in range(len(counts)):
        counts[p] += (weight & -(after >> p & 1)) - (weight & -(before >> p & 1))


@kernel
def follow_moves(
    begin: int,
    end: int,
    client: Vector[np.int32],
    first: Vector[np.int64],
    row: Vector[np.uint16],
    kind: Vector[np.int16],
    work_weight: Vector[np.float32],
    key_account: Vector[np.bool_],
    current: Vector[np.int16],
    counted: Vector[np.int16],
    platform: Vector[np.int64],
    agents: Matrix[np.int64],
    sides: Vector[np.int64],
    active: Vector[np.int64],
    with_work: Vector[np.int64],
    homing: Vector[np.int64],
    accounts: Vector[np.int64],
    agent_users: Matrix[np.int64],
) -> None:
    """Count clients of workloads begin to end anew that have moved; the last five arrays change."""
    for moved in range(begin, end):
        if counted[moved] == current[moved]:  # or it was counted with another of its client
            continue
        i, weight = client[moved], np.int64(np.float64(work_weight[moved]) * FIXED_POINT + 0.5)
        before = after = agent_before = agent_after = np.int64(0)
        for w in range(first[i], first[i + 1]):
            old, new = np.int64(counted[w]) + 1, np.int64(current[w]) + 1
            before |= platform[old]
            after |= platform[new]
            agent_before |= agents[kind[w], old]
            agent_after |= agents[kind[w], new]
            counted[w] = current[w]
            if old > 0:
                active[old - 1] -= weight
            if new > 0:
                active[new - 1] += weight
        if before != after:
            shift_bits(with_work, before, after, weight)
            homing[bits_of(before, len(with_work))] -= weight
            homing[bits_of(after, len(with_work))] += weight
            if key_account[i]:
                shift_bits(accounts, before, after, weight)
        if agent_before != agent_after:
            side = sides[row[moved] // len(agents)]
            shift_bits(agent_users[side], agent_before, agent_after, weight)
