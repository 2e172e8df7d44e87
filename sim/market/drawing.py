"""Clients and workloads drawn by keys, compiled: a block of clients at a time, trait by trait.

Every draw is keyed by the client and the name of its trait, so neither blocks nor threads nor which
other traits there are change it.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from sim.market.compiled import kernel, step
from sim.market.noise import event_state, uniform
from sim.market.normal import normals

Array = npt.NDArray[Any]
BLOCK = 256  # clients that are drawn together
SIZE, OWN_MACHINES, ALPHA, SKILL, PER_VENDOR = range(5)  # traits; then a taste for each vendor,
HAS, VOLUME, NEED, ADOPTS, PER_KIND = range(5)  # and these for each kind of work
_LN2 = math.log(2.0)


class Traits(NamedTuple):
    """Keys of each trait."""

    stream: Array  # (T,) uint64
    key: Array  # (T,) uint64


class Sizes(NamedTuple):
    """ln s = sigma z + shift + tilted; weight = scale s^-tilt; key accounts above the cut."""

    sigma: float
    shift: float
    tilted: float
    tilt: float
    scale: float
    cut: float
    taste_sd: float


class Segments(NamedTuple):
    """What each segment is like, (S,)."""

    own_machines: Array  # share
    factor: Array  # of sizes
    mean_factor: float
    alpha: Array  # (S, 2) mean and log-sd
    skill: Array  # (S, 2)


class Kinds(NamedTuple):
    """What each kind of work is like, (K,)."""

    presence: Array
    volume: Array  # of a client of mean size
    noise: Array  # log-sd of volumes
    noise_mean: Array
    need: Array  # ln median tokens
    need_sigma: Array
    key: Array  # uint64
    adoption: bool


class People(NamedTuple):
    """Columns of clients that are written."""

    client_id: Array
    segment: Array
    own_machines: Array
    key_account: Array
    weight: Array
    size: Array
    alpha: Array
    skill: Array
    taste: Array
    first: Array


class Work(NamedTuple):
    """Columns of workloads that are written."""

    client: Array
    kind: Array
    work_key: Array
    log_base: Array
    log_need: Array
    adopts_at: Array


class Room(NamedTuple):
    """Room for one block."""

    ids: Array  # (block,) uint32
    row: Array  # (block,) int64, clients that have the kind of work
    next: Array  # (block,) int64, where the next workload of each client goes
    size: Array  # (block,)
    u: Array  # (block,)
    z: Array  # (block,)
    tails: Array  # (block,) int64
    far: Array  # (block,)


def new_room() -> Room:
    """Room for one thread."""
    whole = np.zeros((3, BLOCK), np.int64)
    real = np.zeros((4, BLOCK))
    return Room(np.zeros(BLOCK, np.uint32), whole[0], whole[1], *real[:3], whole[2], real[3])


@step
def uniforms(n, trait, traits, ids, out):  # type: ignore[no-untyped-def]
    """Uniform draws of n clients for one trait."""
    stream, key = traits.stream[trait], traits.key[trait]
    for q in range(n):
        out[q] = uniform(event_state(stream, ids[q], key, 0), np.uint32(key))


@step
def standard(n, trait, traits, room):  # type: ignore[no-untyped-def]
    """Standard normal draws of the block's first n clients for one trait, in `room.z`."""
    uniforms(n, trait, traits, room.ids, room.u)
    normals(n, room.u, room.tails, room.far, room.z)


@step
def spread(begin, n, trait, traits, segment, law, room, column):  # type: ignore[no-untyped-def]
    """Lognormal with the mean and log-sd of each client's segment."""
    standard(n, trait, traits, room)
    for q in range(n):
        mean, sd = law[segment[begin + q], 0], law[segment[begin + q], 1]
        column[begin + q] = mean * math.exp(sd * room.z[q] - sd * sd / 2.0)


@step
def draw_block(begin, n, traits, sizes, segments, people, room):  # type: ignore[no-untyped-def]
    """Traits of clients begin to begin + n; their sizes stay in `room.size`."""
    segment, key_account, weight, size = (
        people.segment,
        people.key_account,
        people.weight,
        people.size,
    )
    for q in range(n):
        room.ids[q] = people.client_id[begin + q]
    standard(n, SIZE, traits, room)
    for q in range(n):
        log_size = sizes.sigma * room.z[q] - sizes.shift + sizes.tilted
        key_account[begin + q] = log_size > sizes.cut
        weight[begin + q] = sizes.scale * math.exp(-sizes.tilt * log_size)
        room.size[q] = math.exp(log_size)
        size[begin + q] = room.size[q]
    uniforms(n, OWN_MACHINES, traits, room.ids, room.u)
    for q in range(n):
        people.own_machines[begin + q] = room.u[q] < segments.own_machines[segment[begin + q]]
    spread(begin, n, ALPHA, traits, segment, segments.alpha, room, people.alpha)
    spread(begin, n, SKILL, traits, segment, segments.skill, room, people.skill)
    taste = people.taste
    for v in range(taste.shape[1]):
        standard(n, PER_VENDOR + v, traits, room)
        for q in range(n):
            taste[begin + q, v] = sizes.taste_sd * room.z[q]


@step
def draw_kind(begin, n, k, traits, segments, kinds, people, work, room):  # type: ignore[no-untyped-def]
    """Workloads of kind k of the block's clients."""
    base = PER_VENDOR + people.taste.shape[1] + k * PER_KIND
    segment, place, row, u, z = people.segment, room.next, room.row, room.u, room.z
    for q in range(n):
        room.ids[q] = people.client_id[begin + q]
    uniforms(n, base + HAS, traits, room.ids, u)
    m = np.uint64(0)
    for q in range(n):
        row[m] = q
        m += np.uint64(u[q] < kinds.presence[k])
    for x in range(m):
        w = place[row[x]]
        room.ids[x] = people.client_id[begin + row[x]]
        work.client[w] = begin + row[x]
        work.kind[w] = k
        work.work_key[w] = kinds.key[k]
    standard(m, base + VOLUME, traits, room)
    volume, noise, mean = kinds.volume[k], kinds.noise[k], kinds.noise_mean[k]
    for x in range(m):
        q = row[x]
        factor = segments.factor[segment[begin + q]]
        mine = math.log(volume * room.size[q] * factor / segments.mean_factor)
        work.log_base[place[q]] = mine + (noise * z[x] - mean)
    standard(m, base + NEED, traits, room)
    for x in range(m):
        work.log_need[place[row[x]]] = (kinds.need[k] + kinds.need_sigma[k] * z[x]) / _LN2
    uniforms(m, base + ADOPTS, traits, room.ids, u)
    for x in range(m):
        work.adopts_at[place[row[x]]] = u[x] if kinds.adoption else 0.0
        place[row[x]] += 1


@kernel
def count_work(begin, end, traits, kinds, people):  # type: ignore[no-untyped-def]
    """Number of workloads of clients begin to end, at `first` of the client after each."""
    base = PER_VENDOR + people.taste.shape[1]
    first, client_id = people.first, people.client_id
    for i in range(begin, end):
        first[i + 1] = 0
    for k in range(kinds.presence.shape[0]):
        stream = traits.stream[base + k * PER_KIND + HAS]
        key = traits.key[base + k * PER_KIND + HAS]
        for i in range(begin, end):
            u = uniform(event_state(stream, client_id[i], key, 0), np.uint32(key))
            first[i + 1] += np.int64(u < kinds.presence[k])


@kernel
def draw_range(begin, end, traits, sizes, segments, kinds, people, work, room):  # type: ignore[no-untyped-def]
    """Clients begin to end, whose segments are known, and their workloads."""
    for b in range(begin, end, BLOCK):
        n = min(BLOCK, end - b)
        draw_block(b, n, traits, sizes, segments, people, room)
        for q in range(n):
            room.next[q] = people.first[b + q]
        for k in range(kinds.presence.shape[0]):
            draw_kind(b, n, k, traits, segments, kinds, people, work, room)
