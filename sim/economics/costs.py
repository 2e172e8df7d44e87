"""Unit costs: experience, forgetting, scarcity, and shocks to bought accelerators."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from sim.economics.arrays import Floats, everywhere, fraction, positive
from sim.numeric.arrays import sums_by_group
from sim.numeric.portable import exp, power

NEGLIGIBLE = 1e-12  # discounted part of a saving beyond which months are not added up


def experience_unit_cost(
    first_cost: ArrayLike, experience: ArrayLike, first_experience: ArrayLike, exponent: ArrayLike
) -> Floats:
    """Unit cost ``c = c_1 (E / E_0)^(-b)``, in the units of ``first_cost``; arrays broadcast.

    Raises
    ------
    ValueError
        If an experience is not positive.
    """
    now = np.asarray(experience, dtype=np.float64)
    then = np.asarray(first_experience, dtype=np.float64)
    if not (everywhere(now > 0) and everywhere(then > 0)):
        raise ValueError("experience must be > 0")
    factor = power(now / then, -np.asarray(exponent, dtype=np.float64))
    return np.asarray(np.asarray(first_cost, dtype=np.float64) * factor)


def next_experience(experience: ArrayLike, output: ArrayLike, depreciation: ArrayLike) -> Floats:
    """Experience after a month, ``E' = (1 - d) E + q``; arrays broadcast.

    Source: Argote, Beckman & Epple (1990, Management Science 36:140-154); Benkard (2000, AER 90).
    """
    kept = 1 - np.asarray(depreciation, dtype=np.float64)
    return np.asarray(kept * np.asarray(experience, dtype=np.float64) + np.asarray(output))


def steady_state_experience(output: float, depreciation: float) -> float:
    """Experience ``q / d`` at which forgetting offsets constant output, d > 0."""
    return output / positive("depreciation", depreciation)


def learning_value(
    experience: float, output: float, exponent: float, depreciation: float, discount: float
) -> float:
    """Discounted future saving by one unit made today, as a share of today's unit cost.

    ``sum_k delta^k (1-d)^(k-1) b (E_k/E)^(-b) Q / E_k`` over the months k = 1, 2, ... in which
    output stays at Q: a unit adds to experience, less what is forgotten, and each unit made later
    costs ``b / E_k`` less. Below 1 unless experience shrinks; ``b d delta / (1 - delta (1-d))``
    where it stands still.

    Raises
    ------
    ValueError
        If the experience is not positive, output or exponent is negative, the depreciation lies
        outside [0, 1] or the discount outside [0, 1).

    Source: Spence (1981, Bell Journal of Economics 12:49-70); Cabral & Riordan (1994, Econometrica
    62:1115-1140).
    """
    start, kept = positive("experience", experience), 1 - fraction("depreciation", depreciation)
    delta = fraction("discount", discount, below_one=True)
    if not (output >= 0 and exponent >= 0):
        raise ValueError(f"output and exponent must be >= 0, got {output} and {exponent}")
    if delta * output * exponent == 0:
        return 0.0
    lasts = delta * kept
    months = 1 if lasts == 0 else math.ceil(math.log(NEGLIGIBLE) / math.log(lasts)) + 1
    k = np.arange(months, dtype=np.float64)
    remains = power(kept, k + 1.0)
    added = k + 1.0 if kept == 1 else (1 - remains) / (1 - kept)
    ratio = remains + added * (output / start)
    saved = delta * power(lasts, k) * exponent * power(ratio, -exponent - 1) * (output / start)
    return float(saved.sum())


def insulated_cost_shock(shock: ArrayLike, own_chip_share: ArrayLike) -> Floats:
    """Response of log unit cost ``(1 - psi) z`` to an external chip shock z; psi in [0, 1]."""
    psi = np.asarray(own_chip_share, dtype=np.float64)
    if not everywhere((psi >= 0) & (psi <= 1)):
        raise ValueError("own_chip_share must lie in [0, 1]")
    return np.asarray((1 - psi) * np.asarray(shock, dtype=np.float64))


def accelerator_cost(
    own_share: ArrayLike,
    own_cost: ArrayLike,
    bought_cost: ArrayLike,
    shock: ArrayLike,
    performance: ArrayLike,
) -> Floats:
    """Monthly cost of what does the work of one bought accelerator; arrays broadcast.

    ``(psi c_own + (1 - psi) c_bought) e^{(1 - psi) z} / (1 + psi (w - 1))``: a shock z to the log
    price of bought accelerators moves the cost by :func:`insulated_cost_shock`.

    Parameters
    ----------
    own_share
        psi: share of accelerators that the vendor makes itself, 0-1.
    own_cost, bought_cost
        Money a month of one of each kind.
    performance
        w: work of a self-made accelerator against a bought one, > 0.
    """
    psi = np.asarray(own_share, dtype=np.float64)
    mix = psi * np.asarray(own_cost) + (1 - psi) * np.asarray(bought_cost)
    work = 1 + psi * (np.asarray(performance, dtype=np.float64) - 1)
    return np.asarray(mix * exp(insulated_cost_shock(shock, psi)) / work)


def next_market_price(
    price: float, demand: float, supply: float, target: float, response: float
) -> float:
    """Price after a month of scarcity, ``p' = p (D / (u S))^g``, in the units of ``price``.

    Tatonnement in logarithms: the price rises while demand D is above the part u of supply S.
    It stays where nothing is demanded or supplied, and where the response g is 0.

    Source: Walras (1874); Arrow & Hurwicz (1958, Econometrica 26:522-552).
    """
    if not (demand > 0.0 and supply > 0.0 and response > 0.0):
        return price
    return price * float(power(demand / (target * supply), response))


def next_premium(premium: ArrayLike, tightness: ArrayLike, response: float) -> Floats:
    """Factor on a price after a month of scarcity, ``m' = max(1, m u^g)``; arrays broadcast.

    It rises while demand over capacity u is above 1, falls while it is below, and ends at 1: an
    idle seller has no premium. Source: as :func:`next_market_price`.
    """
    moved = power(np.asarray(tightness, dtype=np.float64), response)
    return np.maximum(1.0, np.asarray(premium, dtype=np.float64) * moved)


def adaptive_expectation(expected: ArrayLike, observed: ArrayLike, memory: ArrayLike) -> Floats:
    """Expectation after a month, ``m e + (1 - m) x``; memory m in [0, 1]; arrays broadcast.

    Source: Cagan (1956); Nerlove (1958, QJE 72:227-240).
    """
    kept = np.asarray(memory, dtype=np.float64)
    return np.asarray(kept * np.asarray(expected) + (1 - kept) * np.asarray(observed))


def scarcity_factor(
    utilisation: ArrayLike, threshold: float, exponent: float, beyond: float
) -> Floats:
    """Factor ``max(1, (min(u, 1) / threshold)^exponent) max(u, 1)^beyond`` on accounting cost.

    Congestion up to full use; beyond it the opportunity cost of a full capacity, which is the price
    that clears demand of elasticity ``1 / beyond``.

    Parameters
    ----------
    utilisation
        Demand over capacity, any shape, >= 0; may exceed 1.
    threshold
        Utilisation from which a unit costs more, > 0.
    exponent
        Steepness up to full use; the smooth congestion form of the Bureau of Public Roads (1964).
    beyond
        Steepness beyond it (Kreps & Scheinkman 1983, Bell J. Econ. 14:326-337).

    Raises
    ------
    ValueError
        If a utilisation is negative or the threshold is not positive.
    """
    load = np.asarray(utilisation, dtype=np.float64)
    if not everywhere(load >= 0):
        raise ValueError("utilisation must be >= 0")
    used = np.minimum(load, 1.0) / positive("threshold", threshold)
    return np.maximum(1.0, power(used, exponent)) * power(np.maximum(load, 1.0), beyond)


def served_fraction(load: ArrayLike, capacity: ArrayLike) -> Floats:
    """Pro-rata rationing ``min(1, capacity / load)``; 1 where nothing is asked for."""
    asked = np.asarray(load, dtype=np.float64)
    there = np.asarray(capacity, dtype=np.float64)
    out = np.ones(np.broadcast(asked, there).shape)
    np.divide(there, asked, out=out, where=asked > there)
    return np.maximum(out, 0.0)


def served_by_rank(asked: ArrayLike, rank: ArrayLike, capacity: float) -> Floats:
    """(n,) served fractions where short capacity goes to the highest rank first.

    Work of equal rank is rationed pro rata: ``min(1, max(0, K - sum of higher ranks) / sum of the
    rank)``, and 1 where nothing is asked for. One rank for all is :func:`served_fraction`.

    Parameters
    ----------
    asked, rank
        (n,) capacity wanted, >= 0, and its rank.
    capacity
        K, in the unit of `asked`.

    Source: Levitan & Shubik (1972, IER 13:111-122) for efficient, Beckmann (1965) for
    proportional rationing.
    """
    wanted = np.asarray(asked, dtype=np.float64)
    _, group = np.unique(-np.asarray(rank, dtype=np.float64), return_inverse=True)
    by_rank = sums_by_group(wanted, group, int(group.max(initial=-1)) + 1)
    left = capacity - (np.cumsum(by_rank) - by_rank)
    return served_fraction(by_rank, np.maximum(left, 0.0))[group]


def ar1_with_jumps(
    normals: Floats,
    persistence: float,
    sd: float,
    jump_probability: float = 0.0,
    jump_mean: float = 0.0,
    jump_sd: float = 0.0,
) -> Floats:
    """Path (M,) of ``z_t = rho z_{t-1} + sd n_t + J_t``, z before the first month being 0.

    ``J_t`` is ``jump_mean + jump_sd m_t`` with the jump probability and 0 otherwise; a jump fades
    like any other shock (Merton 1976 for the jumps, AR(1) for the rest).

    Parameters
    ----------
    normals
        (M, 3) independent standard normals: shock, whether there is a jump, its size. A path is a
        function of them alone, so that worlds that share them have the same shocks, and a longer
        path begins with the shorter.
    persistence
        rho, in [0, 1).
    sd, jump_sd
        Standard deviations, at least 0.
    jump_probability
        In [0, 1], a month.

    Raises
    ------
    ValueError
        If a parameter lies outside its range or the normals are not (M, 3).
    """
    from scipy.special import ndtri  # loaded when a supply has shocks

    drawn = np.asarray(normals, dtype=np.float64)
    if drawn.ndim != 2 or drawn.shape[1] != 3:
        raise ValueError(f"normals must be (months, 3), got {drawn.shape}")
    if not (0 <= persistence < 1 and 0 <= jump_probability <= 1 and sd >= 0 and jump_sd >= 0):
        raise ValueError("persistence must lie in [0, 1), the probability in [0, 1], sd be >= 0")
    jumps = drawn[:, 1] < ndtri(jump_probability)
    shocks = sd * drawn[:, 0] + np.where(jumps, jump_mean + jump_sd * drawn[:, 2], 0.0)
    path = np.zeros(len(shocks))
    now = 0.0
    for month, shock in enumerate(shocks):
        now = persistence * now + shock
        path[month] = now
    return path
