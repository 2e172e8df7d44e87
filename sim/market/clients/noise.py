"""Draws that belong to an event: keyed by (seed, stream, client, work, month, offer).

The same client has the same luck in every scenario, whatever else is drawn. Keys are made from
stable names and numbers, so adding, removing or reordering an offer leaves every other draw alone.
Mixing: the finalisers of SplitMix64 (Steele, Lea & Flood 2014) and a 32-bit xorshift-multiply.
"""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt

from sim.numeric.arrays import Matrix, Vector
from sim.numeric.compiled import allocating, formula, inlined, step
from sim.numeric.elementary import ln32, sin_pi32

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
_ZERO, _ONE = np.float32(0.0), np.float32(1.0)
_STEP32 = np.float32(1.0 / 4294967296.0)
_HIGH = np.uint64(32)
SECOND_DRAW = np.uint32(0x5BD1E995)  # a nest needs two draws from one name
_PICKED = 512  # rows that pick together
_MONTH = np.uint64(0x9E3779B97F4A7C15)


def name_key(*names: str) -> int:
    """A 64-bit key of a name that never depends on its place in a list."""
    digest = hashlib.blake2b("\x1f".join(names).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little")


def stream_key(seed: np.random.SeedSequence, stream: str) -> np.uint64:
    """The key of a named stream under a seed."""
    words = seed.generate_state(2, np.uint64)
    mixed = mix64.py_func  # compiling it for a few keys a run would take longer than the run
    with np.errstate(over="ignore"):
        return np.uint64(mixed(words[0] ^ mixed(words[1] ^ np.uint64(name_key(stream)))))


@inlined
def mix64(x):  # type: ignore[no-untyped-def]
    """SplitMix64 finaliser: a bijection of 64 bits."""
    x = np.uint64(x) + np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


@inlined
def person(client_id, work_key):  # type: ignore[no-untyped-def]
    """64 bits of one workload of one client, whatever happens to it."""
    return mix64(np.uint64(client_id) ^ np.uint64(work_key))


@inlined
def event_of(stream, who, month):  # type: ignore[no-untyped-def]
    """`event_state` of a workload whose `person` is known."""
    return mix64(np.uint64(stream) ^ who ^ (np.uint64(month) * _MONTH))


@formula
def event_state(stream, client_id, work_key, month):  # type: ignore[no-untyped-def]
    """64 bits that belong to one event of one workload."""
    return event_of(stream, person(client_id, work_key), month)


@inlined
def low32(state):  # type: ignore[no-untyped-def]
    """Low half of an event."""
    return np.uint32(state)


@inlined
def high32(state):  # type: ignore[no-untyped-def]
    """High half of an event."""
    return np.uint32(np.uint64(state) >> _HIGH)


@inlined
def mixed32(x, high):  # type: ignore[no-untyped-def]
    """32 bits from the low half of an event, crossed with a key, and its high half."""
    x = np.uint32(x ^ np.uint32(x >> _U16))
    x = np.uint32(x * _M1)
    x = np.uint32(x ^ np.uint32(x >> _U15) ^ high)
    x = np.uint32(x * _M2)
    return np.uint32(x ^ np.uint32(x >> _U16))


@inlined
def bits32(state, key):  # type: ignore[no-untyped-def]
    """32 bits of an event for one offer, nest or platform."""
    return mixed32(np.uint32(low32(state) ^ np.uint32(key)), high32(state))


@formula
def uniform(state, key):  # type: ignore[no-untyped-def]
    """Uniform on (0, 1) in steps of 2^-32, float64."""
    return (np.float64(bits32(state, key)) + 0.5) * _UNIT32


@inlined
def exponential_of(bits):  # type: ignore[no-untyped-def]
    """Standard exponential in float32 from the 24 high bits."""
    u = (np.float32(np.int32(np.uint32(bits >> _U8))) + _HALF) * _UNIT24
    return -ln32(min(u, _BELOW_ONE))


@inlined
def gumbel_of(bits):  # type: ignore[no-untyped-def]
    """Standard Gumbel in float32 from the 24 high bits."""
    return -ln32(exponential_of(bits))


@formula
def gumbel(state, key):  # type: ignore[no-untyped-def]
    """Standard Gumbel of an event for one offer, float32."""
    return gumbel_of(bits32(state, key))


@inlined
def shock_of(angle, size, s):  # type: ignore[no-untyped-def]
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
def nest_shock(state, key, rho):  # type: ignore[no-untyped-def]
    """Shock that the offers of a nest with correlation rho share, float32."""
    angle = bits32(state, key)
    size = bits32(state, np.uint32(np.uint32(key) ^ SECOND_DRAW))
    return shock_of(angle, size, np.float32(1.0 - rho))


@step
def _compete(n, j, weight, key, low, high, noise, best, taken):  # type: ignore[no-untyped-def]
    """The first n rows take name j if it is worth more than their best so far."""
    for q in range(n):
        noise[q] = gumbel_of(mixed32(np.uint32(low[q] ^ key), high[q]))
    for q in range(n):
        value = weight + np.float64(noise[q])
        better = value > best[q]
        taken[q] = j if better else taken[q]
        best[q] = value if better else best[q]


@allocating
def pick(
    stream: np.uint64,
    ids: Vector[np.uint32],
    keys: Vector[np.uint32],
    log_weight: Matrix[np.float64],
) -> npt.NDArray[np.int16]:
    """Categorical draws by Gumbel maximum: each row picks among `keys` with log weights (1, n).

    The draw of a name does not depend on which other names there are.
    """
    low, high = np.empty(_PICKED, np.uint32), np.empty(_PICKED, np.uint32)
    noise, best = np.empty(_PICKED, np.float32), np.empty(_PICKED)
    taken, out = np.zeros(_PICKED, np.int64), np.zeros(ids.shape[0], np.int16)
    for begin in range(0, ids.shape[0], _PICKED):
        n = min(_PICKED, ids.shape[0] - begin)
        for q in range(n):
            event = event_state(stream, ids[begin + q], np.uint64(0), np.int64(0))
            low[q], high[q], best[q], taken[q] = low32(event), high32(event), -np.inf, 0
        for j in range(keys.shape[0]):
            _compete(n, j, log_weight[0, j], keys[j], low, high, noise, best, taken)
        for q in range(n):
            out[begin + q] = taken[q]
    return out


@allocating
def event_numbers(
    stream: np.uint64, ids: Vector[np.uint64], work_keys: Vector[np.uint64]
) -> npt.NDArray[np.uint64]:
    """64 keyed bits of each workload, shape (m,): an order that depends on nothing else."""
    out = np.empty(ids.shape[0], np.uint64)
    for i in range(ids.shape[0]):
        out[i] = event_state(stream, ids[i], work_keys[i], np.int64(0))
    return out


def keys32(names: list[str]) -> npt.NDArray[np.uint32]:
    """32-bit keys of names, refused if two collide."""
    keys = np.array([name_key(name) & 0xFFFFFFFF for name in names], dtype=np.uint32)
    if len(set(keys.tolist())) != len(names):
        raise ValueError("two names have the same 32-bit key; rename one of " + ", ".join(names))
    return keys
