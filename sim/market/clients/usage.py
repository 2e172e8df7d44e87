"""Volumes of workloads: partial adjustment to target, added up in whole numbers."""

from __future__ import annotations

import numpy as np

from sim.market.clients.columns import UNSET, ChoiceState, ClientColumns, MonthCounts, MonthTerms
from sim.market.clients.population import FIXED_POINT
from sim.market.clients.presence import OfferMasks, Presence, count_moves
from sim.market.clients.threads import over_ranges
from sim.market.world import MarketLayout
from sim.numeric.arrays import Array, Cube, Matrix, Vector
from sim.numeric.elementary import exp32
from sim.numeric.jit import kernel, step

BLOCK = 512  # workloads whose volumes are computed together, so that they stay in fast memory


def use(
    clients: ClientColumns,
    state: ChoiceState,
    world: MarketLayout,
    terms: MonthTerms,
    masks: OfferMasks,
    tally: MonthCounts,
    presence: Presence,
    threads: int,
) -> None:
    """Volumes of all workloads, into `tally`; `presence` follows the moves of the month."""
    shift, hosts = log_shifts(terms), world.hosts_or_none
    counted = [(tally, presence)]  # the first thread counts into the market's own
    counted += [(MonthCounts.empty(world), presence.empty_copy()) for _ in range(1, threads)]

    def part(p: int, begin: int, end: int) -> None:
        first, last = int(clients.first[begin]), int(clients.first[end])
        own, there = counted[p]
        move_volumes(
            first,
            last,
            clients.client,
            clients.kind,
            clients.row,
            clients.work_weight,
            clients.log_base,
            clients.log_skill,
            clients.skill,
            state.current,
            state.second,
            state.log_volume,
            hosts,
            shift,
            terms.elasticity,
            terms.adjustment,
            terms.unit_hours,
            own.volume,
            own.pairs,
            own.hours,
        )
        count_moves(first, last, clients, state, masks, there)

    over_ranges(len(clients.client_id), threads, part)
    for own, there in counted[1:]:
        tally.volume[:] += own.volume
        tally.pairs[:] += own.pairs
        tally.hours[:] += own.hours
        presence.add(there)


def log_shifts(terms: MonthTerms) -> Array:
    """(K, J + 1) log volume less `log_base` that a workload moves towards, by current offer + 1.

    ``log_growth - elasticity ln(p / p_ref)``; UNSET without an offer and where it is postponed.
    """
    shift = np.empty((len(terms.elasticity), len(terms.log_price_ratio) + 1))
    shift[:, 0] = shift[:, -1] = UNSET
    moved = terms.elasticity[:, None] * terms.log_price_ratio[:-1]
    shift[:, 1:-1] = terms.log_growth[:, None] - moved
    return shift


@kernel
def move_volumes(
    begin: int,
    end: int,
    client: Vector[np.int32],
    kind: Vector[np.int16],
    row: Vector[np.uint16],
    weight: Vector[np.float32],
    log_base: Vector[np.float32],
    log_skill: Vector[np.float64],
    skill: Vector[np.float32],
    current: Vector[np.int16],
    second: Vector[np.int16],
    log_volume: Vector[np.float32],
    hosts: Vector[np.bool_],
    shift: Matrix[np.float64],
    elasticity: Vector[np.float64],
    adjustment: float,
    unit_hours: Vector[np.float64],
    volumes: Cube[np.int64],
    pairs: Matrix[np.int64],
    hours: Vector[np.int64],
) -> None:
    """Log volumes of workloads begin to end move towards their targets and are added up.

    Volumes (cells, K, J), volumes by current and second choice (J, J), and card-hours of
    self-hosting (J,) become whole multiples of 2^-20. `hosts` and `shift` are by current offer + 1.
    """
    volumes[:] = 0
    pairs[:] = 0
    hours[:] = 0
    table = volumes.reshape(-1, len(unit_hours))  # by `row`
    target, volume = np.empty(BLOCK), np.empty(BLOCK, np.float32)
    hosted = np.empty(BLOCK + 1, np.int64)
    for b in range(begin, end, BLOCK):
        e = min(b + BLOCK, end)
        h = adjust(
            client[b:e],
            kind[b:e],
            log_base[b:e],
            current[b:e],
            log_volume[b:e],
            log_skill,
            hosts,
            shift,
            elasticity,
            adjustment,
            target,
            volume,
            hosted,
        )
        for q in range(e - b):
            w = b + q
            whole = np.int64(np.float64(volume[q]) * np.float64(weight[w]) * FIXED_POINT + 0.5)
            j, other = np.uint64(max(current[w], 0)), np.uint64(max(second[w], 0))
            table[np.uint64(row[w]), j] += whole
            pairs[j, other] += whole
        for x in range(h):
            w = b + hosted[x]
            used = np.float64(volume[hosted[x]]) * np.float64(weight[w])
            asked = used * unit_hours[current[w]] / np.float64(skill[client[w]])
            hours[current[w]] += np.int64(asked * FIXED_POINT + 0.5)


@step
def adjust(
    client: Vector[np.int32],
    kind: Vector[np.int16],
    log_base: Vector[np.float32],
    current: Vector[np.int16],
    log_volume: Vector[np.float32],
    log_skill: Vector[np.float64],
    hosts: Vector[np.bool_],
    shift: Matrix[np.float64],
    elasticity: Vector[np.float64],
    adjustment: float,
    target: Vector[np.float64],
    volume: Vector[np.float32],
    hosted: Vector[np.int64],
) -> np.uint64:
    """Log volumes of a block move towards their targets, and volumes follow; idle ones stay.

    Returns how many run a model themselves, listed in `hosted`: skill raises their targets by
    ``elasticity ln(skill)``. Short loops over neighbouring numbers become vector operations.
    """
    h = np.uint64(0)
    for q in range(len(client)):
        j = np.uint64(np.int64(current[q]) + 1)
        target[q] = np.float64(log_base[q]) + shift[np.uint64(kind[q]), j]
    for q in range(len(client)):
        hosted[h] = q
        h += np.uint64(hosts[np.uint64(np.int64(current[q]) + 1)])
    for x in range(h):
        own = hosted[x]
        target[own] += elasticity[kind[own]] * log_skill[client[own]]
    for q in range(len(client)):
        before = np.float64(log_volume[q])
        moved = before + adjustment * (target[q] - before)
        if before <= UNSET * 0.5:
            moved = target[q]
        log_volume[q] = before if target[q] <= UNSET * 0.5 else moved
    for q in range(len(client)):
        volume[q] = exp32(log_volume[q])
    return h
