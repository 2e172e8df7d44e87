"""Draws that belong to an event: keyed by (seed, stream, client, work, month, offer).

The same client has the same luck in every scenario, whatever else is drawn. Keys are made from
stable names and numbers, so adding, removing or reordering an offer leaves every other draw alone.
Mixing: the finalisers of SplitMix64 (Steele, Lea & Flood 2014) and a 32-bit xorshift-multiply.
"""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt

from sim.market.compiled import allocating, inlined
from sim.market.elementary import ln, ln32, sin_pi

Keys = npt.NDArray[np.uint64]
Floats = npt.NDArray[np.float64]

_U16 = np.uint32(16)
_U15 = np.uint32(15)
_U8 = np.uint32(8)
_M1 = np.uint32(0x7FEB352D)
_M2 = np.uint32(0x846CA68B)
_UNIT32 = 1.0 / 4294967296.0
_UNIT24 = np.float32(1.0 / 16777216.0)
_BELOW_ONE = np.float32(1.0 - 2.0**-24)  # the luckiest draw would round to 1
_HALF = np.float32(0.5)
_MONTH = np.uint64(0x9E3779B97F4A7C15)


def name_key(*names: str) -> int:
    """A 64-bit key of a name that never depends on its place in a list."""
    digest = hashlib.blake2b("\x1f".join(names).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little")


def stream_key(seed: np.random.SeedSequence, stream: str) -> np.uint64:
    """The key of a named stream under a seed."""
    words = seed.generate_state(2, np.uint64)
    return np.uint64(mix64(words[0] ^ mix64(words[1] ^ np.uint64(name_key(stream)))))


@inlined
def mix64(x):  # type: ignore[no-untyped-def]
    """SplitMix64 finaliser: a bijection of 64 bits."""
    x = np.uint64(x) + np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


@inlined
def event_state(stream, client_id, work_key, month):  # type: ignore[no-untyped-def]
    """64 bits that belong to one event of one workload."""
    who = mix64(np.uint64(client_id) ^ np.uint64(work_key))
    return mix64(np.uint64(stream) ^ who ^ (np.uint64(month) * _MONTH))


@inlined
def bits32(state, key):  # type: ignore[no-untyped-def]
    """32 bits of an event for one offer, nest or platform."""
    lo = np.uint32(state)
    hi = np.uint32(np.uint64(state) >> np.uint64(32))
    x = np.uint32(lo ^ np.uint32(key))
    x = np.uint32(x ^ np.uint32(x >> _U16))
    x = np.uint32(x * _M1)
    x = np.uint32(x ^ np.uint32(x >> _U15) ^ hi)
    x = np.uint32(x * _M2)
    return np.uint32(x ^ np.uint32(x >> _U16))


@inlined
def uniform(state, key):  # type: ignore[no-untyped-def]
    """Uniform on (0, 1) in steps of 2^-32, float64."""
    return (np.float64(bits32(state, key)) + 0.5) * _UNIT32


@inlined
def gumbel(state, key):  # type: ignore[no-untyped-def]
    """Standard Gumbel in float32 from the 24 high bits."""
    x = bits32(state, key)
    u = (np.float32(np.int32(np.uint32(x >> _U8))) + _HALF) * _UNIT24
    return -ln32(-ln32(min(u, _BELOW_ONE)))


@inlined
def nest_shock(state, key, rho):  # type: ignore[no-untyped-def]
    """nu = (1 - rho) ln S, S one-sided stable of index 1 - rho (Cardell 1997; Kanter 1975).

    (1 - rho) times a standard Gumbel plus nu is a standard Gumbel, and the maximum over offers that
    share nu has the nested-logit probabilities.
    """
    s = 1.0 - rho
    if s >= 1.0:
        return 0.0
    u = uniform(state, key)
    w = -ln(uniform(state, np.uint32(key) ^ np.uint32(0x5BD1E995)))
    top = ln(sin_pi(s * u)) - ln(sin_pi(u)) / s
    return s * (top + (1.0 - s) / s * (ln(sin_pi((1.0 - s) * u)) - ln(w)))


@allocating
def uniforms(stream, ids, key):  # type: ignore[no-untyped-def]
    """Uniform draws of many clients for one named trait, shape (n,)."""
    out = np.empty(ids.shape[0], np.float64)
    for i in range(ids.shape[0]):
        out[i] = uniform(event_state(stream, ids[i], key, 0), np.uint32(key))
    return out


@allocating
def pick(stream, ids, keys, log_weight):  # type: ignore[no-untyped-def]
    """Categorical draws by Gumbel maximum: row i picks among `keys` with its log weights.

    `log_weight` has shape (rows, n) with rows 1 (all alike) or one a client. The draw of a name
    does not depend on which other names there are.
    """
    n = ids.shape[0]
    out = np.empty(n, np.int64)
    for i in range(n):
        row = i if log_weight.shape[0] > 1 else 0
        state = event_state(stream, ids[i], np.uint64(0), 0)
        best = -np.inf
        choice = 0
        for j in range(keys.shape[0]):
            value = log_weight[row, j]
            if value > -np.inf:
                value += gumbel(state, np.uint32(keys[j]))
                if value > best:
                    best = value
                    choice = j
        out[i] = choice
    return out


@allocating
def event_numbers(stream, ids, work_keys):  # type: ignore[no-untyped-def]
    """64 keyed bits of each workload, shape (m,): an order that depends on nothing else."""
    out = np.empty(ids.shape[0], np.uint64)
    for i in range(ids.shape[0]):
        out[i] = event_state(stream, ids[i], work_keys[i], 0)
    return out


def keys32(names: list[str]) -> npt.NDArray[np.uint32]:
    """32-bit keys of names, refused if two collide."""
    keys = np.array([name_key(name) & 0xFFFFFFFF for name in names], dtype=np.uint32)
    if len(set(keys.tolist())) != len(names):
        raise ValueError("two names have the same 32-bit key; rename one of " + ", ".join(names))
    return keys
