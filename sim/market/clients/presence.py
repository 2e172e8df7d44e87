"""Who is where, compiled: weights of clients and workloads by what serves them.

Few workloads move in a month, so the counts follow the moves: a client with a workload whose offer
is another than the one last counted is taken out as it was and put in as it is. Weights are whole
numbers, so nothing is lost on the way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sim.market.clients.population import FIXED_POINT
from sim.market.world import NONE, World
from sim.numeric.arrays import Matrix, Vector
from sim.numeric.bundle import Bundle
from sim.numeric.compiled import inlined, step
from sim.strategies.agents import SIDES

if TYPE_CHECKING:
    from sim.scenario.schema.scenario import Scenario


class Marks(Bundle):
    """What an offer says of a client that takes it, as bits, by current offer + 1."""

    platform: Vector[np.int64]  # (J + 1,), where its work is; 0 of who is idle
    agents: Matrix[np.int64]  # (K, J + 1): bit v for agent work whose calls v serves, bit V for any
    side: Vector[np.int64]  # (cells,), place in `SIDES` of the side that serves the clients
    hosts: Vector[np.bool_]  # (J + 1,), whether the client runs a model itself


class Presence(Bundle):
    """Whole multiples of 2^-20 of weights."""

    active: Vector[np.int64]  # (J,) adopted workloads by offer
    clients: Vector[np.int64]  # (V + 2,) clients with work at a platform
    homing: Vector[np.int64]  # (V + 3,) clients by their number of platforms
    accounts: Vector[np.int64]  # (V + 2,) key accounts with work at a platform
    agent_users: Matrix[np.int64]  # (S, V + 1) clients whose agent work it serves; last with any


def agent_side(scenario: Scenario, segment: str) -> int:
    """Place in `SIDES` of the side of agent platforms that serves a segment."""
    creators = segment in scenario.agents.creator_segments
    return SIDES.index("creators" if creators else "enterprises")


def marks_of(scenario: Scenario, world: World) -> Marks:
    """The marks of a world's offers."""
    calls = np.where(world.calls, np.int64(1) << world.platform, 0)
    agents = [scenario.kinds[name].agent_work > 0.0 for name in world.kinds]
    sides = [agent_side(scenario, name) for name in world.segments]
    where = np.where(world.channel == NONE, 0, np.int64(1) << world.platform)
    return Marks(
        platform=np.append([0], where).astype(np.int64),
        agents=np.outer(agents, np.append([0], calls | np.int64(1) << world.n_vendors)).astype(
            np.int64
        ),
        side=np.repeat(np.array(sides, np.int64), len(world.regions)),
        hosts=np.append([False], world.hosting),
    )


def new_presence(world: World, clients: int = 0) -> Presence:
    """Nobody is anywhere yet; `clients` is the weight of all, which have no platform."""
    v = world.n_vendors
    sizes = (world.n_offers, v + 2, v + 3, v + 2, (len(SIDES), v + 1))
    out = Presence(*(np.zeros(size, np.int64) for size in sizes))
    out.homing[0] = clients
    return out


@inlined
def whole_weight(i, clients):  # type: ignore[no-untyped-def]
    """Weight of a client in whole multiples of 2^-20."""
    return np.int64(np.float64(clients.weight[i]) * FIXED_POINT + 0.5)


@inlined
def bits_of(marks, bits):  # type: ignore[no-untyped-def]
    """How many of so many bits are set."""
    number = 0
    for p in range(bits):
        number += marks >> p & 1
    return number


@inlined
def shift_bits(counts, before, after, weight):  # type: ignore[no-untyped-def]
    """Take a weight from the counts of bits that are gone, and add it to those that are new."""
    for p in range(len(counts)):
        counts[p] += (weight & -(after >> p & 1)) - (weight & -(before >> p & 1))


@step
def follow_client(w, clients, state, marks, presence):  # type: ignore[no-untyped-def]
    """Count the client of workload w as it is now; reads columns of workloads, which lie near."""
    kind, current, counted = clients.kind, state.current, state.counted
    platform, agents, active = marks.platform, marks.agents, presence.active
    weight = np.int64(np.float64(clients.work_weight[w]) * FIXED_POINT + 0.5)
    i, row = clients.client[w], clients.row[w]
    before = after = agent_before = agent_after = np.int64(0)
    for w in range(clients.first[i], clients.first[i + 1]):
        k, old, new = kind[w], np.int64(counted[w]) + 1, np.int64(current[w]) + 1
        before |= platform[old]
        after |= platform[new]
        agent_before |= agents[k, old]
        agent_after |= agents[k, new]
        if old != new:
            counted[w] = current[w]
            if old > 0:
                active[old - 1] -= weight
            if new > 0:
                active[new - 1] += weight
    if before != after:
        shift_bits(presence.clients, before, after, weight)
        presence.homing[bits_of(before, len(presence.clients))] -= weight
        presence.homing[bits_of(after, len(presence.clients))] += weight
        if clients.key_account[i]:
            shift_bits(presence.accounts, before, after, weight)
    if agent_before != agent_after:
        side = marks.side[row // len(agents)]
        shift_bits(presence.agent_users[side], agent_before, agent_after, weight)


@step
def follow_block(begin, m, clients, state, marks, presence, moved):  # type: ignore[no-untyped-def]
    """Count the clients of those of m workloads from `begin` on that have moved."""
    current, counted = state.current[begin : begin + m], state.counted[begin : begin + m]
    n = np.uint64(0)
    for q in range(m):
        moved[n] = q
        n += np.uint64(current[q] != counted[q])
    for x in range(n):
        w = begin + moved[x]
        if state.counted[w] != state.current[w]:  # not yet counted with another workload
            follow_client(w, clients, state, marks, presence)
