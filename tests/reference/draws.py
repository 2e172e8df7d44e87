"""The keyed draws, written out once more with whole numbers of Python and `math`.

A draw belongs to an event: stream, client, workload, month, and the name of the offer, nest or
platform. Shocks are in single precision: NumPy scalars round after every operation.
"""

from __future__ import annotations

import hashlib
import math

import numpy as np

MASK32, MASK64 = 2**32 - 1, 2**64 - 1
GOLDEN = 0x9E3779B97F4A7C15
SECOND_DRAW = 0x5BD1E995  # a nest needs two uniforms from one name

# Cephes logf
ROOT_HALF = float(np.float32(math.sqrt(0.5)))
LN2_HIGH, LN2_LOW = np.float32(0.693359375), np.float32(-2.12194440e-4)
POLYNOMIAL = [
    np.float32(c)
    for c in (
        7.0376836292e-2,
        -1.1514610310e-1,
        1.1676998740e-1,
        -1.2420140846e-1,
        1.4249322787e-1,
        -1.6668057665e-1,
        2.0000714765e-1,
        -2.4999993993e-1,
        3.3333331174e-1,
    )
]
EXPONENTIAL = [
    np.float32(c)
    for c in (
        1.9875691500e-4,
        1.3981999507e-3,
        8.3334519073e-3,
        4.1665795894e-2,
        1.6666665459e-1,
        5.0000001201e-1,
    )
]
ONE, HALF = np.float32(1.0), np.float32(0.5)
STEP, STEP32 = np.float32(2.0**-24), np.float32(2.0**-32)
BELOW_ONE = np.float32(1.0) - STEP


def name_key(name: str) -> int:
    """64 bits of a name."""
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "little")


def short_key(name: str) -> int:
    """32 bits of a name."""
    return name_key(name) & MASK32


def mix64(x: int) -> int:
    """SplitMix64 (Steele, Lea & Flood 2014)."""
    x = (x + GOLDEN) & MASK64
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & MASK64
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & MASK64
    return x ^ (x >> 31)


def stream_key(seed: np.random.SeedSequence, stream: str) -> int:
    """The key of a named stream."""
    first, second = (int(word) for word in seed.generate_state(2, np.uint64))
    return mix64(first ^ mix64(second ^ name_key(stream)))


def event_of(stream: int, client: int, work: int, month: int) -> int:
    """64 bits of an event."""
    return mix64(stream ^ mix64(client ^ work) ^ ((month * GOLDEN) & MASK64))


def bits32(event: int, key: int) -> int:
    """32 bits of an event for one name."""
    x = (event & MASK32) ^ key
    x ^= x >> 16
    x = (x * 0x7FEB352D) & MASK32
    x ^= (x >> 15) ^ (event >> 32)
    x = (x * 0x846CA68B) & MASK32
    return x ^ (x >> 16)


def uniform(event: int, key: int) -> float:
    """Uniform on (0, 1)."""
    return (bits32(event, key) + 0.5) / 2.0**32


def ln_single(x: np.float32) -> np.float32:
    """Natural logarithm in single precision."""
    mantissa, exponent = math.frexp(float(x))
    if mantissa < ROOT_HALF:
        mantissa, exponent = 2.0 * mantissa, exponent - 1
    f, e = np.float32(mantissa) - ONE, np.float32(exponent)
    z = f * f
    y = POLYNOMIAL[0]
    for coefficient in POLYNOMIAL[1:]:
        y = y * f + coefficient
    y = y * f * z + e * LN2_LOW - HALF * z
    return f + y + e * LN2_HIGH


def exp_single(x: float) -> float:
    """Exponential in single precision, from powers of two and a polynomial (Cephes expf)."""
    y = min(max(np.float32(x), np.float32(-87.0)), np.float32(88.0))
    k = np.floor(y * np.float32(1.0 / math.log(2.0)) + HALF)
    r = y - k * LN2_HIGH
    r = r - k * LN2_LOW
    value = EXPONENTIAL[0]
    for coefficient in EXPONENTIAL[1:]:
        value = value * r + coefficient
    value = value * (r * r) + r + ONE
    return float(value * np.float32(2.0 ** int(k)))


def exponential(bits: int) -> np.float32:
    """Standard exponential."""
    return -ln_single(min((np.float32(bits >> 8) + HALF) * STEP, BELOW_ONE))


def gumbel(event: int, key: int) -> float:
    """Standard Gumbel."""
    return float(-ln_single(exponential(bits32(event, key))))


def sin_pi(u: np.float32) -> np.float32:
    """sin(pi u) in single precision, u in [0, 1/2]: the series of Taylor up to x^11."""
    x = np.float32(math.pi) * u
    z = x * x
    y = np.float32(-1.0 / math.factorial(11))
    for power, sign in ((9, 1), (7, -1), (5, 1), (3, -1)):
        y = y * z + np.float32(sign / math.factorial(power))
    return x + x * z * y


def nest_shock(event: int, key: int, rho: float) -> float:
    """(1 - rho) ln S in single precision, S one-sided stable of index s = 1 - rho (Kanter 1975).

    The angle is taken from its nearer end, u or 1 - u, so that neither end loses bits.
    """
    s = np.float32(1.0 - rho)
    left = ONE - s
    angle = bits32(event, key)
    near = min(angle, MASK32 - angle)
    beyond_half = near != angle
    u = (np.float32(near) + HALF) * STEP32
    one, other = s * u, left * u
    if beyond_half:
        one, other = one + left, other + s
    along = ln_single(sin_pi(min(one, ONE - one)))
    across = ln_single(sin_pi(min(other, ONE - other)))
    rest = across - ln_single(exponential(bits32(event, key ^ SECOND_DRAW)))
    return float(s * along - ln_single(sin_pi(u)) + left * rest)
