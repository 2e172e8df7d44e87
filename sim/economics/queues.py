"""Congestion: waiting in a pool of servers, and the share that congestion allows."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sim.economics.arrays import positive


class QueueTimes(NamedTuple):
    """Probability of waiting and mean times of a stable M/M/c queue."""

    wait_probability: float
    wait: float
    time_in_system: float


class CongestedShare(NamedTuple):
    """Share at the congestion fixed point, its utilisation and the share without congestion."""

    share: float
    utilisation: float
    uncongested: float


def utilisation(arrival_rate: float, service_rate: float, servers: int = 1) -> float:
    """Load ``arrival / (servers * service)`` of a pool; rates per the same unit of time."""
    return positive("arrival_rate", arrival_rate) / (
        _servers(servers) * positive("service_rate", service_rate)
    )


def erlang_b(arrival_rate: float, service_rate: float, servers: int) -> float:
    """Loss probability by ``B_n = a B_{n-1} / (n + a B_{n-1})``, ``a = arrival / service``.

    Source: Erlang (1917).
    """
    offered = utilisation(arrival_rate, service_rate)
    loss = 1.0
    for used in range(1, _servers(servers) + 1):
        loss = offered * loss / (used + offered * loss)
    return loss


def erlang_c(arrival_rate: float, service_rate: float, servers: int) -> QueueTimes:
    """Waiting in M/M/c: ``C = B / (1 - rho (1 - B))``, ``W_q = C / (c mu - lambda)``.

    Raises
    ------
    ValueError
        If a rate is not positive, or demand reaches capacity.

    Source: Gross et al., Fundamentals of Queueing Theory, ch. 3.
    """
    load = utilisation(arrival_rate, service_rate, servers)
    if load >= 1:
        raise ValueError(f"the queue has no steady state at utilisation {load:.3g}")
    loss = erlang_b(arrival_rate, service_rate, servers)
    waits = loss / (1 - load * (1 - loss))
    wait = waits / (servers * service_rate - arrival_rate)
    return QueueTimes(waits, wait, wait + 1 / service_rate)


def mm1_time(service_rate: float, load: float) -> float:
    """Mean time in an M/M/1 system, ``1 / (mu (1 - rho))``, rho < 1."""
    if not 0 <= load < 1:
        raise ValueError(f"load must lie in [0, 1), got {load}")
    return 1 / (positive("service_rate", service_rate) * (1 - load))


def congested_share(
    utility: float, clients: float, capacity: float, gamma: float, exponent: float
) -> CongestedShare:
    """Share at which quality lost to congestion and demand agree.

    Solves ``s = 1 / (1 + exp(-(V - gamma (N s / K)^nu)))``: the right side falls in s, so the
    fixed point is unique.

    Raises
    ------
    ValueError
        If clients, capacity or the exponent is not positive, or gamma < 0.
    """
    from scipy.optimize import brentq
    from scipy.special import expit

    load = positive("clients", clients) / positive("capacity", capacity)
    nu = positive("exponent", exponent)
    if not gamma >= 0:
        raise ValueError(f"gamma must be >= 0, got {gamma}")
    free = float(expit(utility))

    def excess(share: float) -> float:
        return share - float(expit(utility - gamma * (load * share) ** nu))

    with np.errstate(under="ignore"):
        share = float(brentq(excess, 0.0, 1.0, xtol=1e-15)) if gamma > 0 else free
    return CongestedShare(share, load * share, free)


def _servers(servers: int) -> int:
    if servers < 1 or servers != int(servers):
        raise ValueError(f"servers must be a whole number >= 1, got {servers}")
    return int(servers)
