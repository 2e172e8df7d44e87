"""Volumes of workloads: partial adjustment to target, added up in whole numbers."""

from __future__ import annotations

import math

import numpy as np

from sim.market.clients.columns import UNSET, ChoiceState, ClientColumns, MonthCounts, MonthTerms
from sim.market.clients.population import FIXED_POINT, LARGEST_COUNT
from sim.market.clients.presence import OfferMasks, Presence, count_moves
from sim.market.clients.threads import over_ranges
from sim.market.world import MarketLayout
from sim.numeric.arrays import Array, Cube, Matrix, Vector
from sim.numeric.elementary import exp32
from sim.numeric.jit import kernel, step
from sim.numeric.portable import exp

LARGEST_LOG = 87.0  # of the volume of a client, as a float32
SURELY = 0.5  # part of the largest count up to which amounts fit, in whatever order they are added
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
    """Volumes of all workloads, into `tally`; `presence` follows the moves of the month.

    Raises
    ------
    ValueError
        The volume of a client is too large for a number.
    """
    shift, hosts = log_shifts(terms), world.hosts_or_none
    counted = [(tally, presence)]  # the first thread counts into the market's own
    counted += [(MonthCounts.empty(world), presence.empty_copy()) for _ in range(1, threads)]
    amounts = [0.0] * threads

    def part(p: int, begin: int, end: int) -> None:
        first, last = int(clients.first[begin]), int(clients.first[end])
        own, there = counted[p]
        amounts[p] = move_volumes(
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
    tally.scale[...] = FIXED_POINT
    if not sum(amounts) < SURELY * LARGEST_COUNT / FIXED_POINT:
        refuse_endless(state)
        count_in_larger_units(clients, state, terms, hosts, tally)


def refuse_endless(state: ChoiceState) -> None:
    """ValueError if the volume of a client is too large for a number."""
    most = float(state.log_volume.max(initial=UNSET))
    if most > LARGEST_LOG:
        raise ValueError(
            f"the volume of a client is e^{most:.0f} million tokens (or card-hours) a month, above "
            f"e^{LARGEST_LOG:.0f}: too many months, too much growth or too low a price"
        )


def count_in_larger_units(
    clients: ClientColumns,
    state: ChoiceState,
    terms: MonthTerms,
    hosts: Array,
    tally: MonthCounts,
) -> None:
    """Count anew in units so large that whole numbers suffice; a power of 2, often still 2^-20.

    What is below a unit is below 2^-60 of the whole, less than a number of 53 bits holds. The sum
    that tells the unit is exact, so that it does not depend on the order of clients either.
    """
    volume = exp(state.log_volume.astype(np.float64)) * clients.work_weight
    asked = np.where(
        hosts[state.current.astype(np.intp) + 1],
        volume * terms.unit_hours[state.current] / clients.skill[clients.client],
        0.0,
    )
    total = max(1.0, math.fsum(np.maximum(volume, asked)))
    scale = min(FIXED_POINT, power_of_2_below(LARGEST_COUNT / total))
    if scale == FIXED_POINT:
        return
    tally.scale[...] = scale
    whole, own = (np.floor(a * scale + 0.5).astype(np.int64) for a in (volume, asked))
    current, second = np.maximum(state.current, 0), np.maximum(state.second, 0)
    for counts, place, amount in (
        (tally.volume.reshape(-1, len(terms.unit_hours)), (clients.row, current), whole),
        (tally.pairs, (current, second), whole),
        (tally.hours, (current,), own),
    ):
        counts[:] = 0
        np.add.at(counts, place, amount)


def power_of_2_below(x: float) -> float:
    """The largest power of 2 up to a positive number."""
    return math.ldexp(0.5, math.frexp(x)[1])


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
) -> float:
    """Log volumes of workloads begin to end move towards their targets and are added up.

    Volumes (cells, K, J), volumes by current and second choice (J, J), and card-hours of
    self-hosting (J,) become whole multiples of 2^-20. `hosts` and `shift` are by current offer + 1.
    Returns roughly what is counted, volumes and hours.
    """
    amount = 0.0
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
            used = np.float64(volume[q]) * np.float64(weight[w])
            amount += used
            whole = np.int64(used * FIXED_POINT + 0.5)
            j, other = np.uint64(max(current[w], 0)), np.uint64(max(second[w], 0))
            table[np.uint64(row[w]), j] += whole
            pairs[j, other] += whole
        for x in range(h):
            w = b + hosted[x]
            used = np.float64(volume[hosted[x]]) * np.float64(weight[w])
            asked = used * unit_hours[current[w]] / np.float64(skill[client[w]])
            amount += asked
            hours[current[w]] += np.int64(asked * FIXED_POINT + 0.5)
    return amount


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
