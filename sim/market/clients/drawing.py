"""Clients and workloads drawn by keys, compiled: a block of clients at a time."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from sim.market.clients.noise import event_state, uniform
from sim.numeric.arrays import Matrix, Vector
from sim.numeric.bundle import Bundle
from sim.numeric.compiled import inlined, kernel, step
from sim.numeric.elementary import exp, ln

TAIL = 0.13533528323661269189  # exp(-2)
_ROOT_2PI = 2.50662827463100050242


@inlined
def _middle(u):  # type: ignore[no-untyped-def]
    """Quantile between the tails."""
    y = u - 0.5
    z = y * y
    p = -5.99633501014107895267e1
    p = p * z + 9.80010754185999661536e1
    p = p * z + -5.66762857469070293439e1
    p = p * z + 1.39312609387279679503e1
    p = p * z + -1.23916583867381258016e0
    q = z + 1.95448858338141759834e0
    q = q * z + 4.67627912898881538453e0
    q = q * z + 8.63602421390890590575e1
    q = q * z + -2.25462687854119370527e2
    q = q * z + 2.00260212380060660359e2
    q = q * z + -8.20372256168333339912e1
    q = q * z + 1.59056225126211695515e1
    q = q * z + -1.18331621121330003142e0
    return (y + y * (z * p / q)) * _ROOT_2PI


@inlined
def _tail(x, log_x):  # type: ignore[no-untyped-def]
    """Distance of a quantile in a tail from 0, by x = sqrt(-2 ln of the tail's weight)."""
    z = 1.0 / x
    p = 4.05544892305962419923e0
    p = p * z + 3.15251094599893866154e1
    p = p * z + 5.71628192246421288162e1
    p = p * z + 4.40805073893200834700e1
    p = p * z + 1.46849561928858024014e1
    p = p * z + 2.18663306850790267539e0
    p = p * z + -1.40256079171354495875e-1
    p = p * z + -3.50424626827848203418e-2
    p = p * z + -8.57456785154685413611e-4
    q = z + 1.57799883256466749731e1
    q = q * z + 4.53907635128879210584e1
    q = q * z + 4.13172038254672030440e1
    q = q * z + 1.50425385692907503408e1
    q = q * z + 2.50464946208309415979e0
    q = q * z + -1.42182922854787788574e-1
    q = q * z + -3.80806407691578277194e-2
    q = q * z + -9.33259480895457427372e-4
    return x - log_x / x - z * p / q


@step
def normals(n, u, tails, far, out):  # type: ignore[no-untyped-def]
    """Standard normal draws of the first n uniforms; `tails` and `far` are room of that length."""
    for q in range(n):
        out[q] = _middle(u[q])
    t = np.uint64(0)
    for q in range(n):
        tails[t] = q
        t += np.uint64((u[q] <= TAIL) | (u[q] > 1.0 - TAIL))
    for x in range(t):
        far[x] = ln(min(u[tails[x]], 1.0 - u[tails[x]]))
    for x in range(t):
        far[x] = math.sqrt(-2.0 * far[x])
    for x in range(t):
        far[x] = _tail(far[x], ln(far[x]))
    for x in range(t):
        q = tails[x]
        out[q] = -far[x] if u[q] < 0.5 else far[x]


Array = npt.NDArray[Any]
BLOCK = 256  # clients that are drawn together
SIZE, OWN_MACHINES, ALPHA, SKILL, PER_VENDOR = range(5)  # traits; then a taste for each vendor,
HAS, VOLUME, NEED, ADOPTS, PER_KIND = range(5)  # and these for each kind of work
_LN2 = math.log(2.0)


class Traits(Bundle):
    """Keys of each trait."""

    stream: Vector[np.uint64]  # (T,)
    key: Vector[np.uint64]  # (T,)


class Sizes(Bundle):
    """ln s = sigma z + shift + tilted; weight = scale s^-tilt; key accounts above the cut."""

    sigma: float
    shift: float
    tilted: float
    tilt: float
    scale: float
    cut: float
    taste_sd: float


class Segments(Bundle):
    """What each segment is like, (S,)."""

    own_machines: Vector[np.float64]  # share
    factor: Vector[np.float64]  # of sizes
    mean_factor: float
    alpha: Matrix[np.float64]  # (S, 2) mean and log-sd
    skill: Matrix[np.float64]  # (S, 2)
    n_regions: int


class Kinds(Bundle):
    """What each kind of work is like, (K,)."""

    presence: Vector[np.float64]
    volume: Vector[np.float64]  # of a client of mean size
    noise: Vector[np.float64]  # log-sd of volumes
    noise_mean: Vector[np.float64]
    need: Vector[np.float64]  # ln median tokens
    need_sigma: Vector[np.float64]
    key: Vector[np.uint64]
    adoption: bool


class People(Bundle):
    """Columns of clients that are written."""

    client_id: Vector[np.uint32]
    segment: Vector[np.int16]
    region: Vector[np.int16]
    cell: Vector[np.int32]
    own_machines: Vector[np.bool_]
    key_account: Vector[np.bool_]
    weight: Vector[np.float32]
    size: Vector[np.float32]
    alpha: Vector[np.float32]
    skill: Vector[np.float32]
    log_skill: Vector[np.float64]
    taste: Matrix[np.float32]
    first: Vector[np.int64]


class Work(Bundle):
    """Columns of workloads that are written."""

    client: Vector[np.int32]
    kind: Vector[np.int16]
    row: Vector[np.uint16]
    work_weight: Vector[np.float32]
    work_key: Vector[np.uint64]
    log_base: Vector[np.float32]
    log_need: Vector[np.float32]
    adopts_at: Vector[np.float32]


class Room(Bundle):
    """Room for one block."""

    ids: Vector[np.uint32]  # (block,)
    row: Vector[np.int64]  # (block,), clients that have the kind of work
    next: Vector[np.int64]  # (block,), where the next workload of each client goes
    size: Vector[np.float64]  # (block,)
    u: Vector[np.float64]  # (block,)
    z: Vector[np.float64]  # (block,)
    tails: Vector[np.int64]  # (block,)
    far: Vector[np.float64]  # (block,)


def new_room() -> Room:
    """Room for one thread."""
    return Room(
        ids=np.zeros(BLOCK, np.uint32),
        row=np.zeros(BLOCK, np.int64),
        next=np.zeros(BLOCK, np.int64),
        size=np.zeros(BLOCK),
        u=np.zeros(BLOCK),
        z=np.zeros(BLOCK),
        tails=np.zeros(BLOCK, np.int64),
        far=np.zeros(BLOCK),
    )


@step
def uniforms(n, trait, traits, ids, out):  # type: ignore[no-untyped-def]
    """Uniform draws of n clients for one trait."""
    stream, key = traits.stream[trait], traits.key[trait]
    for q in range(n):
        out[q] = uniform(event_state(stream, ids[q], key, np.int64(0)), np.uint32(key))


@step
def draw(n, trait, normal, traits, room):  # type: ignore[no-untyped-def]
    """Draws of the block's first n clients for one trait: uniform, and normal if wanted."""
    uniforms(n, trait, traits, room.ids, room.u)
    if normal:
        normals(n, room.u, room.tails, room.far, room.z)


@step
def draw_sizes(begin, n, sizes, people, room):  # type: ignore[no-untyped-def]
    """Sizes, weights and key accounts by the normal draws in `room.z`."""
    key_account, weight, size = people.key_account, people.weight, people.size
    sigma, shift, tilted, tilt = sizes.sigma, sizes.shift, sizes.tilted, sizes.tilt
    scale, cut = sizes.scale, sizes.cut
    z, kept = room.z, room.size
    for q in range(n):
        log_size = sigma * z[q] - shift + tilted
        key_account[begin + q] = log_size > cut
        weight[begin + q] = scale * exp(-tilt * log_size)
        kept[q] = exp(log_size)
        size[begin + q] = kept[q]


@step
def draw_spread(begin, n, segment, law, z, column):  # type: ignore[no-untyped-def]
    """Lognormal with the mean and log-sd of each client's segment."""
    for q in range(n):
        mean, sd = law[segment[begin + q], 0], law[segment[begin + q], 1]
        column[begin + q] = mean * exp(sd * z[q] - sd * sd / 2.0)


@step
def fill_derived(begin, n, n_regions, people):  # type: ignore[no-untyped-def]
    """What follows from traits and is read every month."""
    segment, region, cell = people.segment, people.region, people.cell
    for i in range(begin, begin + n):
        cell[i] = np.int32(segment[i]) * n_regions + region[i]
    for i in range(begin, begin + n):
        people.log_skill[i] = ln(np.float64(people.skill[i]))


@step
def draw_block(begin, n, traits, sizes, segments, people, room):  # type: ignore[no-untyped-def]
    """Traits of clients begin to begin + n; their sizes stay in `room.size`."""
    taste, segment, own_machines = people.taste, people.segment, people.own_machines
    ids, u, z, client_id, taste_sd = room.ids, room.u, room.z, people.client_id, sizes.taste_sd
    owning = segments.own_machines
    for q in range(n):
        ids[q] = client_id[begin + q]
    # one place that draws: each more is one more copy to compile
    for trait in range(PER_VENDOR + taste.shape[1]):
        draw(n, trait, trait != OWN_MACHINES, traits, room)
        if trait == SIZE:
            draw_sizes(begin, n, sizes, people, room)
        elif trait == OWN_MACHINES:
            for q in range(n):
                own_machines[begin + q] = u[q] < owning[segment[begin + q]]
        elif trait < PER_VENDOR:
            law = segments.alpha if trait == ALPHA else segments.skill
            column = people.alpha if trait == ALPHA else people.skill
            draw_spread(begin, n, segment, law, z, column)
        else:
            for q in range(n):
                taste[begin + q, trait - PER_VENDOR] = taste_sd * z[q]
    fill_derived(begin, n, segments.n_regions, people)


@step
def draw_kind(begin, n, k, traits, segments, kinds, people, work, room):  # type: ignore[no-untyped-def]
    """Workloads of kind k of the block's clients."""
    base = PER_VENDOR + people.taste.shape[1] + k * PER_KIND
    segment, place, row, u, z = people.segment, room.next, room.row, room.u, room.z
    cell, weight, table_row, work_weight = people.cell, people.weight, work.row, work.work_weight
    ids, sizes, client_id = room.ids, room.size, people.client_id
    factors, mean_factor = segments.factor, segments.mean_factor
    client, kind, work_key, log_base, log_need, adopts_at = (
        work.client,
        work.kind,
        work.work_key,
        work.log_base,
        work.log_need,
        work.adopts_at,
    )
    presence, volume, sd = kinds.presence[k], kinds.volume[k], kinds.noise[k]
    mean, need, sigma, key = kinds.noise_mean[k], kinds.need[k], kinds.need_sigma[k], kinds.key[k]
    adoption = kinds.adoption
    for q in range(n):
        ids[q], row[q] = client_id[begin + q], q
    m = n
    for trait in range(PER_KIND):
        draw(m, base + trait, trait in (VOLUME, NEED), traits, room)
        if trait == HAS:
            m = 0
            for q in range(n):
                row[m] = q
                m += np.int64(u[q] < presence)
            for x in range(m):
                w = place[row[x]]
                ids[x] = client_id[begin + row[x]]
                i = begin + row[x]
                client[w], kind[w], work_key[w] = i, k, key
                table_row[w], work_weight[w] = cell[i] * len(kinds.presence) + k, weight[i]
        elif trait == VOLUME:
            for x in range(m):
                size = volume * sizes[row[x]] * factors[segment[begin + row[x]]]
                log_base[place[row[x]]] = ln(size / mean_factor) + (sd * z[x] - mean)
        elif trait == NEED:
            for x in range(m):
                log_need[place[row[x]]] = (need + sigma * z[x]) / _LN2
        else:
            for x in range(m):
                adopts_at[place[row[x]]] = u[x] if adoption else 0.0
                place[row[x]] += 1


@kernel
def count_work(begin: int, end: int, traits: Traits, kinds: Kinds, people: People) -> None:
    """Number of workloads of clients begin to end, at `first` of the client after each."""
    base = PER_VENDOR + people.taste.shape[1]
    first, client_id = people.first, people.client_id
    for i in range(begin, end):
        first[i + 1] = 0
    for k in range(kinds.presence.shape[0]):
        stream = traits.stream[base + k * PER_KIND + HAS]
        key = traits.key[base + k * PER_KIND + HAS]
        for i in range(begin, end):
            u = uniform(event_state(stream, client_id[i], key, np.int64(0)), np.uint32(key))
            first[i + 1] += np.int64(u < kinds.presence[k])


@kernel
def add_powers(
    weight: Vector[np.float32],
    size: Vector[np.float32],
    unit: float,
    whole: float,
    sums: Vector[np.int64],
) -> None:
    """Sums of volumes (weight x size, in units) and of their squares, as multiples of 1 / whole."""
    first, second = np.int64(0), np.int64(0)
    for i in range(weight.shape[0]):
        volume = np.float64(weight[i]) * np.float64(size[i]) / unit
        first += np.int64(np.rint(volume * whole))
        second += np.int64(np.rint(volume * volume * whole))
    sums[0], sums[1] = first, second


@kernel
def draw_range(
    begin: int,
    end: int,
    traits: Traits,
    sizes: Sizes,
    segments: Segments,
    kinds: Kinds,
    people: People,
    work: Work,
    room: Room,
) -> None:
    """Clients begin to end, whose segments are known, and their workloads."""
    for b in range(begin, end, BLOCK):
        n = min(BLOCK, end - b)
        draw_block(b, n, traits, sizes, segments, people, room)
        for q in range(n):
            room.next[q] = people.first[b + q]
        for k in range(kinds.presence.shape[0]):
            draw_kind(b, n, k, traits, segments, kinds, people, work, room)
