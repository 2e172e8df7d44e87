"""Keyed draws of clients' traits: uniform and standard normal."""

from __future__ import annotations

import math

import numpy as np

from sim.numeric.arrays import Vector
from sim.numeric.draws import event_state, uniform
from sim.numeric.elementary import ln
from sim.numeric.jit import inline, kernel

TAIL = 0.13533528323661269189  # exp(-2)
_ROOT_2PI = 2.50662827463100050242


@kernel
def uniforms(stream: np.uint64, key: np.uint64, ids: Vector[np.uint32]) -> Vector[np.float64]:
    """Uniform draws on (0, 1) of clients for one trait."""
    out = np.empty(len(ids))
    for i in range(len(ids)):
        out[i] = uniform(event_state(stream, ids[i], key, 0), np.uint32(key))
    return out


@kernel
def normals(u: Vector[np.float64]) -> Vector[np.float64]:
    """Standard normal draws, the quantiles of uniform ones.

    Source: Cephes `ndtri` (Moshier 1989), with logarithms that have the same bits everywhere.
    """
    out = np.empty(len(u))
    for i in range(len(u)):
        if TAIL < u[i] <= 1.0 - TAIL:
            out[i] = _middle(u[i])
        else:
            x = math.sqrt(-2.0 * ln(min(u[i], 1.0 - u[i])))
            far = _tail(x, ln(x))
            out[i] = -far if u[i] < 0.5 else far
    return out


@inline
def _middle(u: float) -> float:
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


@inline
def _tail(x: float, log_x: float) -> float:
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
