"""Adoption and network effects: Bass diffusion, platforms, agents and builders, lineages."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from sim.economics.arrays import Floats, everywhere, fraction, positive
from sim.numeric import portable
from sim.numeric.arrays import ratio
from sim.numeric.portable import exp, log1p, power


class Joining(NamedTuple):
    """Builders that join, (V, S), and the money they are paid, (V,) in the unit of the budget."""

    builders: Floats
    paid: Floats


def usable_agents(agents: ArrayLike, portability: ArrayLike, open_: ArrayLike) -> Floats:
    """Agents that run on each platform, (V, S): its own and the portable ones of others.

    ``usable_vs = A_vs + sum_u!=v min(pi_us, pi_vs) A_us``, and 0 where the platform is not open:
    an agent runs elsewhere as far as both platforms keep a common interface. With portability 1
    everywhere all platforms run the same agents.

    Parameters
    ----------
    agents, portability, open_
        (V, S) by platform and side: number, share in [0, 1], whether there is a platform.

    Source: Corts & Lederman (2009, IJIO 27:121-136): software that is not exclusive spreads the
    network effect over the market.
    """
    number, share = (np.asarray(x, dtype=np.float64) for x in (agents, portability))
    there = np.asarray(open_, dtype=np.bool_)
    runs = np.minimum(share[:, None, :], share)  # (u, v, s)
    runs.reshape(-1, share.shape[1])[:: len(share) + 1] = 1.0  # u = v
    runs *= there[:, None, :] & there
    return np.asarray((runs * number[:, None, :]).sum(axis=0))


def platform_worth(
    agents: ArrayLike, portability: ArrayLike, open_: ArrayLike, cross_side: float, scale: float
) -> Floats:
    """Worth ``ln(1 + n / scale)`` of platforms to clients of each side, (V, S).

    n = :func:`usable_agents` of the side, and of the other one the share `cross_side`.
    """
    usable = usable_agents(agents, portability, open_)
    return network_benefit(usable + cross_side * usable[:, ::-1], scale)


def network_benefit(members: ArrayLike, scale: float) -> Floats:
    """Benefit ``ln(1 + n / scale)`` of n members of a community or platform, any shape.

    Concave: the first members count most (Katz & Shapiro 1985, AER 75:424-440, with decreasing
    returns). ``scale`` > 0 members give ln 2.
    """
    return log1p(np.asarray(members, dtype=np.float64) / scale)


def hosting_ease(members: ArrayLike, scale: float, exponent: ArrayLike) -> Floats:
    """Factor ``(1 + n / scale)^-e`` on the cost of running a model that n developers support."""
    size = np.asarray(members, dtype=np.float64)
    return np.asarray(power(1.0 + size / scale, -np.asarray(exponent, dtype=np.float64)))


def pulled_innovation(innovation: ArrayLike, pull: ArrayLike, lead: ArrayLike) -> Floats:
    """Bass innovation rate ``min(1, p e^{g l})`` of developers whom a capability lead l pulls."""
    drawn = exp(np.asarray(pull, dtype=np.float64) * np.asarray(lead, dtype=np.float64))
    return np.minimum(1.0, np.asarray(innovation, dtype=np.float64) * drawn)


def next_agents(
    agents: ArrayLike,
    users: ArrayLike,
    builders: ArrayLike,
    pace: ArrayLike,
    by_users: float,
    by_builders: float,
    retirement: float,
) -> Floats:
    """Agents after a month: ``A' = (1 - r) A + pace (e_u U + e_b B)``.

    Inflow is proportional to users and to builders; as builders follow users, agents end at
    ``phi U`` with ``phi`` of :func:`entry_rate` (free entry).

    Source: Church & Gandal (1992, J. Ind. Econ. 40:85-103).
    """
    now, active, makers, speed = (
        np.asarray(x, dtype=np.float64) for x in (agents, users, builders, pace)
    )
    made = speed * (by_users * active + by_builders * makers)
    return np.asarray((1.0 - fraction("retirement", retirement)) * now + made)


def willing_builders(
    builders: ArrayLike, users: ArrayLike, per_user: float, innovation: float, imitation: float
) -> Floats:
    """Builders that join by themselves in a month: ``(p + q B/m)(m - B)``, ``m = per_user U``.

    None join a platform without users, or one with more builders than its users feed.

    Source: Bass (1969, Management Science 15:215-227).
    """
    now = np.asarray(builders, dtype=np.float64)
    potential = per_user * np.asarray(users, dtype=np.float64)
    return np.asarray(bass_step(now, innovation, imitation, potential) - now)


def subsidised_builders(
    willing: ArrayLike,
    left: ArrayLike,
    subsidy: ArrayLike,
    budget: ArrayLike,
    reach: float,
    scale: float,
) -> Joining:
    """Builders that join where each new one is paid, as long as the budget of the month lasts.

    A subsidy s draws the share ``reach s / (s + scale)`` of those who are not there yet. Every new
    builder is paid, also those who would have come anyway: ``n = min(willing + drawn, budget/s)``
    are paid, and not fewer than the willing join. One budget serves both sides pro rata.

    Parameters
    ----------
    willing, left, subsidy
        (V, S) builders that join by themselves, builders not there yet, money per new builder.
    budget
        (V,) money of the month.
    reach, scale
        Largest share drawn in a month, and the subsidy that draws half of it.

    Raises
    ------
    ValueError
        If the reach is no share or the scale is not positive.
    """
    alone, rest, each = (np.asarray(x, dtype=np.float64) for x in (willing, left, subsidy))
    drawn = fraction("reach", reach) * each / (each + positive("scale", scale)) * rest
    wanted = np.where(each > 0.0, alone + drawn, 0.0)
    bill = (each * wanted).sum(axis=1)
    lasts = np.ones_like(bill)
    np.divide(np.asarray(budget, dtype=np.float64), bill, out=lasts, where=bill > 0.0)
    lasts = np.minimum(lasts, 1.0)
    return Joining(np.maximum(alone, lasts[:, None] * wanted), lasts * bill)


def bass_step(cumulative: ArrayLike, p: ArrayLike, q: ArrayLike, m: ArrayLike) -> Floats:
    """Adopters after one period, ``N' = N + (p + q N/m)(m - N)``, kept within [N, m].

    Arrays broadcast; an empty market (m = 0) stays empty, adopters above m stay where they are.

    Raises
    ------
    ValueError
        If p, q, m or N is negative.
    """
    now, most = np.asarray(cumulative, np.float64), np.asarray(m, np.float64)
    innovation, imitation = np.asarray(p, np.float64), np.asarray(q, np.float64)
    least = np.minimum(np.minimum(now, most), np.minimum(innovation, imitation))
    if not everywhere(least >= 0.0):
        raise ValueError("cumulative, p, q and m must be >= 0")
    hazard = np.minimum(innovation + imitation * ratio(now, most), 1.0)
    return np.asarray(now + hazard * np.maximum(most - now, 0.0))


SUM_TOLERANCE = 1e-8  # of a total against its parts, each rounded
STIRLING_FROM = 16.0  # the terms left out are below the last digit


def attachment_exponent(new_probability: float) -> float:
    """Tail exponent ``rho = 1 / (1 - a)`` of sizes when a new family comes with chance a.

    Source: Simon (1955, Biometrika 42:425-440).
    """
    if not 0 <= new_probability < 1:
        raise ValueError(f"new_probability must lie in [0, 1), got {new_probability}")
    return 1 / (1 - new_probability)


def attached_sizes(sizes: ArrayLike, total: float, added: float, new_probability: float) -> Floats:
    """Expected sizes of lineages after `added` more models, by Simon's rule.

    Each new model begins a lineage of its own with probability a, else joins one of the `total`
    models' lineages in proportion to size. Then ``E[k'] = k prod_{t=T}^{T+n-1} (1 + (1-a)/t)
    = k B(T, 1-a) / B(T+n, 1-a)``, exactly; the same whether n come at once or in parts. Sizes grow
    as ``(T+n)/T`` to the power 1 - a, which gives the tail of :func:`attachment_exponent`.

    Parameters
    ----------
    sizes
        Models of some lineages (L,), >= 0; `total` > 0 counts all models, of others too.
    added
        New models, >= 0, not necessarily whole.

    Raises
    ------
    ValueError
        If a size or `added` is negative, the total is less than the sizes, or a is not in [0, 1).

    Source: Simon (1955, Biometrika 42:425-440).
    """
    held, rate = np.asarray(sizes, dtype=np.float64), 1 / attachment_exponent(new_probability)
    models = positive("total", total)
    if not ((held >= 0).all() and added >= 0):
        raise ValueError("sizes and added must be >= 0")
    if held.sum() > models * (1 + SUM_TOLERANCE):
        raise ValueError(f"total must count all models, got {total} for {held.sum()}")
    return np.asarray(held * growth_of_lineages(models, float(added), rate))


def growth_of_lineages(total: float, added: float, joining: float) -> float:
    """Factor ``B(T, r) / B(T + n, r)`` by which expected lineages grow, ``r = 1 - a``.

    T > 0 models are there, n >= 0 are added, and each joins a lineage with probability r.
    """
    return portable.exp(_log_rise(total + added, joining) - _log_rise(total, joining))


def _log_rise(x: float, r: float) -> float:
    """``ln Gamma(x + r) - ln Gamma(x)`` for x > 0 and r >= 0, without the loss of digits of a
    difference of two large logarithms (Stirling's series from 16 on, the recurrence below)."""
    below = 0.0
    while x < STIRLING_FROM:
        below += portable.ln((x + r) / x)
        x += 1.0
    y = x + r
    ahead = (x - 0.5) * portable.log1p(r / x) + r * (portable.ln(y) - 1.0)
    return ahead + _rest(y) - _rest(x) - below


def _rest(x: float) -> float:
    """What Stirling's formula leaves of ln Gamma(x) (Abramowitz & Stegun 1964, 6.1.41)."""
    z = 1.0 / (x * x)
    return (1.0 / 12 - z * (1.0 / 360 - z * (1.0 / 1260 - z * (1.0 / 1680 - z / 1188)))) / x
