"""ln, exp and what follows from them, by additions and multiplications only.

Library functions differ in the last bit between systems, and do not vectorise inside compiled
loops; these give the same bits everywhere. Sources: fdlibm (ln, exp), Kahan's corrections (log1p,
expm1; Goldberg 1991, ACM Computing Surveys 23:5-48, theorem 4), Cephes logf and expf, Taylor
series (sine).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.numeric.jit import formula, inline

_LN2_HI = 6.93147180369123816490e-01
_LN2_LO = 1.90821492927058770002e-10
_INV_LN2 = 1.44269504088896338700e00
_LN2 = 6.93147180559945286227e-01
LARGEST_EXPONENT = 700.0  # beyond it `exp` is clipped
_LEAST_EXPONENT = np.float32(-87.0)
_LARGEST_EXPONENT = np.float32(88.0)


@formula
def ln32(x: Any) -> Any:
    """Natural logarithm of a positive normal float32; error below 5e-7."""
    bits = np.float32(x).view(np.int32)
    e = np.int32(np.int32(bits - np.int32(0x3F3504F3)) >> np.int32(23))
    m = np.int32(bits - np.int32(e << np.int32(23))).view(np.float32)
    f = m - np.float32(1.0)
    z = f * f
    y = np.float32(7.0376836292e-2)
    y = y * f + np.float32(-1.1514610310e-1)
    y = y * f + np.float32(1.1676998740e-1)
    y = y * f + np.float32(-1.2420140846e-1)
    y = y * f + np.float32(1.4249322787e-1)
    y = y * f + np.float32(-1.6668057665e-1)
    y = y * f + np.float32(2.0000714765e-1)
    y = y * f + np.float32(-2.4999993993e-1)
    y = y * f + np.float32(3.3333331174e-1)
    y = y * f * z
    ef = np.float32(e)
    y = y + ef * np.float32(-2.12194440e-4)
    y = y - np.float32(0.5) * z
    return f + y + ef * np.float32(0.693359375)


@inline
def ln(x: Any) -> Any:
    """Natural logarithm of a positive normal float64; error below 1 ulp."""
    bits = np.float64(x).view(np.int64)
    e = (bits - np.int64(0x3FE6A09E667F3BCD)) >> np.int64(52)
    m = np.int64(bits - (e << np.int64(52))).view(np.float64)
    f = m - 1.0
    s = f / (2.0 + f)
    z = s * s
    w = z * z
    t1 = w * (
        3.999999999940941908e-01 + w * (2.222219843214978396e-01 + w * 1.531383769920937332e-01)
    )
    t2 = z * (
        6.666666666666735130e-01
        + w
        * (2.857142874366239149e-01 + w * (1.818357216161805012e-01 + w * 1.479819860511658591e-01))
    )
    r = t1 + t2
    h = 0.5 * f * f
    return e * _LN2_HI - ((h - (s * (h + r) + e * _LN2_LO)) - f)


@inline
def exp(x: Any) -> Any:
    """Exponential; 0 below -700 and clipped above 700, error below 1 ulp between."""
    if x < -LARGEST_EXPONENT:
        return 0.0
    x = min(x, LARGEST_EXPONENT)
    k = np.int64(x * _INV_LN2 + (0.5 if x >= 0.0 else -0.5))
    hi = x - k * _LN2_HI
    lo = k * _LN2_LO
    r = hi - lo
    t = r * r
    c = r - t * (
        1.66666666666666019037e-01
        + t
        * (
            -2.77777777770155933842e-03
            + t
            * (
                6.61375632143793436117e-05
                + t * (-1.65339022054652515390e-06 + t * 4.13813679705723846039e-08)
            )
        )
    )
    y = 1.0 - ((lo - (r * c) / (2.0 - c)) - hi)
    return y * np.int64((k + 1023) << np.int64(52)).view(np.float64)


@inline
def log1p(x: Any) -> Any:
    """ln(1 + x) for x > -1, exact to some ulp where x is tiny too."""
    u = 1.0 + x
    return x if u == 1.0 else ln(u) * (x / (u - 1.0))


@inline
def expm1(x: Any) -> Any:
    """exp(x) - 1, exact to some ulp where x is tiny too; clipped as `exp`."""
    u = exp(x)
    if u == 1.0:
        return x
    if u - 1.0 == -1.0:
        return -1.0
    return (u - 1.0) * (x / ln(u))


@inline
def log2(x: Any) -> Any:
    """Binary logarithm of a positive normal float64, exact for powers of two."""
    bits = np.float64(x).view(np.int64)
    e = (bits - np.int64(0x3FE6A09E667F3BCD)) >> np.int64(52)
    m = np.int64(bits - (e << np.int64(52))).view(np.float64)
    return e + ln(m) * _INV_LN2


@inline
def exp2(x: Any) -> Any:
    """2 to the power of x, exact for whole numbers; clipped where `exp` is."""
    x = min(max(x, -LARGEST_EXPONENT), LARGEST_EXPONENT)
    k = np.floor(x + 0.5)
    return exp((x - k) * _LN2) * np.int64((np.int64(k) + 1023) << np.int64(52)).view(np.float64)


@inline
def power(x: Any, y: Any) -> Any:
    """x^y = exp(y ln x) for x >= 0 (y > 0 at 0), exact for y = 0 and y = 1; clipped as `exp`."""
    if y == 1.0:
        return x
    if x == 0.0:
        return 1.0 if y == 0.0 else 0.0
    return exp(y * ln(x))


@formula
def exp32(x: Any) -> Any:
    """Exponential in float32, clipped to [-87, 88]; relative error below 2e-7."""
    x = min(max(np.float32(x), _LEAST_EXPONENT), _LARGEST_EXPONENT)
    k = np.floor(x * np.float32(1.44269504088896341) + np.float32(0.5))
    r = x - k * np.float32(0.693359375)
    r = r - k * np.float32(-2.12194440e-4)
    y = np.float32(1.9875691500e-4)
    y = y * r + np.float32(1.3981999507e-3)
    y = y * r + np.float32(8.3334519073e-3)
    y = y * r + np.float32(4.1665795894e-2)
    y = y * r + np.float32(1.6666665459e-1)
    y = y * r + np.float32(5.0000001201e-1)
    y = y * (r * r) + r + np.float32(1.0)
    return y * np.int32((np.int32(k) + np.int32(127)) << np.int32(23)).view(np.float32)


@inline
def sin_pi32(u: Any) -> Any:
    """sin(pi u) in float32 for u in [0, 1/2]; relative error below 3e-7."""
    x = np.float32(3.14159265358979) * u
    z = x * x
    s = np.float32(-1.0 / 39916800.0)
    s = s * z + np.float32(1.0 / 362880.0)
    s = s * z - np.float32(1.0 / 5040.0)
    s = s * z + np.float32(1.0 / 120.0)
    s = s * z - np.float32(1.0 / 6.0)
    return x + x * z * s
