"""Draws that belong to an event: keyed by (seed, stream, client, work, month, offer).

The same client has the same draws in every scenario, whatever else is drawn. Keys are made from
stable names and numbers, so adding, removing or reordering an offer leaves every other draw alone.
Mixing: the finalisers of SplitMix64 (Steele, Lea & Flood 2014) and a 32-bit xorshift-multiply.
"""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt

from sim.numeric.arrays import Vector
from sim.numeric.elementary import ln32, sin_pi32
from sim.numeric.jit import formula, inline, kernel

Keys = npt.NDArray[np.uint64]
Floats = npt.NDArray[np.float64]

_U16 = np.uint32(16)
_U15 = np.uint32(15)
_U8 = np.uint32(8)
_M1 = np.uint32(0x7FEB352D)
_M2 = np.uint32(0x846CA68B)
_UNIT32 = 1.0 / 4294967296.0
_UNIT24 = np.float32(1.0 / 16777216.0)
_BELOW_ONE = np.float32(1.0 - 2.0**-24)  # the largest draw would round to 1
_HALF = np.float32(0.5)
_ZERO, _ONE = np.float32(0.0), np.float32(1.0)
_STEP32 = np.float32(1.0 / 4294967296.0)
_HIGH = np.uint64(32)
SECOND_DRAW = np.uint32(0x5BD1E995)  # a nest needs two draws from one name
_MONTH = np.uint64(0x9E3779B97F4A7C15)


def name_key(*names: str) -> int:
    """A 64-bit key of a name that never depends on its place in a list."""
    digest = hashlib.blake2b("\x1f".join(names).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little")


def stream_key(seed: np.random.SeedSequence, stream: str) -> np.uint64:
    """The key of a named stream under a seed."""
    words = seed.generate_state(2, np.uint64)
    with np.errstate(over="ignore"):
        return mix64(words[0] ^ mix64(words[1] ^ np.uint64(name_key(stream))))


@inline
def mix64(x: np.uint64) -> np.uint64:
    """SplitMix64 finaliser: a bijection of 64 bits."""
    x = np.uint64(x) + np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


@inline
def person(client_id: np.uint32 | np.uint64, work_key: np.uint64) -> np.uint64:
    """64 bits of one workload of one client, whatever happens to it."""
    return mix64(np.uint64(client_id) ^ np.uint64(work_key))


@inline
def event_of(stream: np.uint64, who: np.uint64, month: int | np.int64) -> np.uint64:
    """`event_state` of a workload whose `person` is known."""
    return mix64(np.uint64(stream) ^ who ^ (np.uint64(month) * _MONTH))


@formula
def event_state(
    stream: np.uint64, client_id: np.uint32 | np.uint64, work_key: np.uint64, month: int | np.int64
) -> np.uint64:
    """64 bits that belong to one event of one workload."""
    return event_of(stream, person(client_id, work_key), month)


@inline
def low32(state: np.uint64) -> np.uint32:
    """Low half of an event."""
    return np.uint32(state)


@inline
def high32(state: np.uint64) -> np.uint32:
    """High half of an event."""
    return np.uint32(np.uint64(state) >> _HIGH)


@inline
def mixed32(x: np.uint32, high: np.uint32) -> np.uint32:
    """32 bits from the low half of an event, crossed with a key, and its high half."""
    x = np.uint32(x ^ np.uint32(x >> _U16))
    x = np.uint32(x * _M1)
    x = np.uint32(x ^ np.uint32(x >> _U15) ^ high)
    x = np.uint32(x * _M2)
    return np.uint32(x ^ np.uint32(x >> _U16))


@inline
def bits32(state: np.uint64, key: np.uint32) -> np.uint32:
    """32 bits of an event for one offer, nest or platform."""
    return mixed32(np.uint32(low32(state) ^ np.uint32(key)), high32(state))


@formula
def uniform(state: np.uint64, key: np.uint32) -> float:
    """Uniform on (0, 1) in steps of 2^-32, float64."""
    return (np.float64(bits32(state, key)) + 0.5) * _UNIT32


@inline
def exponential_of(bits: np.uint32) -> np.float32:
    """Standard exponential in float32 from the 24 high bits."""
    u = (np.float32(np.int32(np.uint32(bits >> _U8))) + _HALF) * _UNIT24
    return -ln32(min(u, _BELOW_ONE))


@inline
def gumbel_of(bits: np.uint32) -> np.float32:
    """Standard Gumbel in float32 from the 24 high bits."""
    return -ln32(exponential_of(bits))


@formula
def gumbel(state: np.uint64, key: np.uint32) -> np.float32:
    """Standard Gumbel of an event for one offer, float32."""
    return gumbel_of(bits32(state, key))


@inline
def shock_of(angle: np.uint32, size: np.uint32, s: np.float32) -> np.float32:
    """nu = s ln S in float32, S one-sided stable of index s (Cardell 1997; Kanter 1975).

    S = sin(s U) / (sin U)^(1/s) * (sin((1-s) U) / W)^((1-s)/s), with 32 bits for the angle U,
    uniform on (0, pi), and 24 of `size` for W, exponential. s times a standard Gumbel plus nu is a
    standard Gumbel, and the maximum over offers that share nu has the nested-logit probabilities.
    """
    # sines of an angle and of its complement are equal: near pi nothing is lost either
    near = min(np.uint32(angle), np.uint32(~np.uint32(angle)))
    far = near != angle
    u = (np.float32(np.int32(near)) + _HALF) * _STEP32
    rho = _ONE - s
    one = s * u + (rho if far else _ZERO)
    other = rho * u + (s if far else _ZERO)
    along = ln32(sin_pi32(min(one, _ONE - one)))
    across = ln32(sin_pi32(min(other, _ONE - other)))
    rest = across - ln32(exponential_of(size))
    return s * along - ln32(sin_pi32(u)) + rho * rest


@formula
def nest_shock(state: np.uint64, key: np.uint32, rho: float) -> np.float32:
    """Shock that the offers of a nest with correlation rho share, float32."""
    angle = bits32(state, key)
    size = bits32(state, np.uint32(np.uint32(key) ^ SECOND_DRAW))
    return shock_of(angle, size, np.float32(1.0 - rho))


def below(chance: Floats) -> Keys:
    """Whole numbers t such that (bits + 1/2) / 2^32 < chance if and only if bits < t."""
    return np.ceil(np.minimum(np.maximum(chance, 0.0), 1.0) * 2.0**32 - 0.5).astype(np.uint64)


@kernel
def pick(
    stream: np.uint64,
    ids: Vector[np.uint32],
    keys: Vector[np.uint32],
    log_weight: Vector[np.float64],
) -> npt.NDArray[np.int16]:
    """Categorical draws by Gumbel maximum: each row picks among `keys` with log weights (n,).

    The draw of a name does not depend on which other names there are.
    """
    n = len(ids)
    low, high, noise = np.empty(n, np.uint32), np.empty(n, np.uint32), np.empty(n, np.float32)
    taken, best = np.zeros(n, np.int16), np.full(n, -np.inf)
    for i in range(n):
        event = event_state(stream, ids[i], np.uint64(0), 0)
        low[i], high[i] = low32(event), high32(event)
    for j in range(len(keys)):
        for i in range(n):  # loops of their own become vector operations
            noise[i] = gumbel_of(mixed32(np.uint32(low[i] ^ keys[j]), high[i]))
        for i in range(n):
            value = log_weight[j] + np.float64(noise[i])
            if value > best[i]:
                taken[i], best[i] = j, value
    return taken


@kernel
def event_numbers(
    stream: np.uint64, month: int, ids: Vector[np.uint64], work_keys: Vector[np.uint64]
) -> npt.NDArray[np.uint64]:
    """64 keyed bits of each workload, shape (m,): an order that depends on nothing else."""
    out = np.empty(len(ids), np.uint64)
    for i in range(len(ids)):
        out[i] = event_of(stream, person(ids[i], work_keys[i]), month)
    return out


def keys32(names: list[str]) -> npt.NDArray[np.uint32]:
    """32-bit keys of names, refused if two collide."""
    keys = np.array([name_key(name) & 0xFFFFFFFF for name in names], dtype=np.uint32)
    if len(set(keys.tolist())) != len(names):
        raise ValueError("two names have the same 32-bit key; rename one of " + ", ".join(names))
    return keys
