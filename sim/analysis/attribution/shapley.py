"""Shapley shares of the incumbent's levers in what they do together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from math import comb
from typing import Any

import numpy as np
import numpy.typing as npt

from sim.analysis.attribution.base import (
    Attribution,
    Choices,
    Estimate,
    bootstrap_estimate,
    own_levers,
    shares,
)
from sim.analysis.statistics import ROUNDING
from sim.economics.arrays import Floats
from sim.runs.result import Result
from sim.runs.worlds import AS_IT_STANDS, ON, World
from sim.scenario.patches import without_levers
from sim.scenario.schema.scenario import Scenario

MOST_EXACT = 6
"""Beyond this many levers orders are drawn unless all coalitions are asked for."""
MOST_PLAYERS = 20
"""A full factorial of more levers than this does not fit in memory."""


def all_coalitions(players: Sequence[str]) -> list[frozenset[str]]:
    """All 2^n coalitions; S stands at index ``sum over players i in S of 2^i``."""
    return [
        frozenset(player for i, player in enumerate(players) if index >> i & 1)
        for index in range(2 ** len(players))
    ]


def shapley_values(values: npt.ArrayLike) -> Floats:
    """(n, ...) share of each player in ``v(all) - v(none)``.

    ``phi_i = sum over S without i of |S|! (n-|S|-1)! / n! [v(S+i) - v(S)]``. Shares add up to
    ``v(all) - v(none)``, players who change nothing get 0, and equal players equal shares.

    ValueError if the first axis is no power of two or a value is not finite.

    Parameters
    ----------
    values
        (2^n, ...) values of coalitions as ordered by `all_coalitions`; further axes, such as
        seeds, are kept apart.

    Notes
    -----
    Shapley (1953, Contributions to the Theory of Games II, 307-317).
    """
    table, count = _check_values(values)
    index = np.arange(2**count)
    shares = np.zeros((count, *table.shape[1:]))
    for i in range(count):
        without = index[index >> i & 1 == 0]
        gain = table[without | 1 << i] - table[without]
        shares[i] = np.tensordot(_weights(without, count), gain, axes=1)
    return shares


def interaction_index(values: npt.ArrayLike) -> Floats:
    """(n, n, ...) Shapley interaction of pairs: above 0 complements, below 0 substitutes.

    ``I_ij = sum over S without i, j of |S|! (n-|S|-2)! / (n-1)! d_ij(S)`` with
    ``d_ij(S) = v(S+ij) - v(S+i) - v(S+j) + v(S)``.
    Values and errors as of `shapley_values`.

    Notes
    -----
    Grabisch & Roubens (1999, International Journal of Game Theory 28:547-565).
    """
    table, count = _check_values(values)
    index = np.arange(2**count)
    pairs = np.zeros((count, count, *table.shape[1:]))
    for i in range(count):
        for j in range(i + 1, count):
            first, second = 1 << i, 1 << j
            without = index[index & (first | second) == 0]
            alone = table[without | first] + table[without | second]
            joint = table[without | first | second] + table[without] - alone
            pairs[i, j] = pairs[j, i] = np.tensordot(_weights(without, count - 1), joint, axes=1)
    return pairs


def _weights(coalitions: npt.NDArray[np.int_], n: int) -> Floats:
    """``|S|! (n-|S|-1)! / n! = 1 / (n C(n-1, |S|))`` of each coalition S."""
    return np.array([1.0 / (n * comb(n - 1, int(c).bit_count())) for c in coalitions])


def _check_values(values: npt.ArrayLike) -> tuple[Floats, int]:
    table = np.asarray(values, dtype=np.float64)
    rows = len(table) if table.ndim else 0
    if rows < 2 or rows & (rows - 1):
        raise ValueError(f"values: needs 2^n rows, one a coalition, got {rows}")
    if not np.isfinite(table).all():
        raise ValueError("values: every number must be finite")
    if rows > 2**MOST_PLAYERS:
        raise ValueError(f"players: needs 1 to {MOST_PLAYERS}, got {rows.bit_length() - 1}")
    return table, rows.bit_length() - 1


def _name(levers: tuple[str, ...], present: frozenset[str]) -> str:
    if present == frozenset(levers):
        return ON
    return "+".join(sorted(present)) or "none"


def _is_exact(levers: tuple[str, ...], choices: Choices) -> bool:
    return choices.exact or len(levers) <= MOST_EXACT


def _orders(levers: tuple[str, ...], choices: Choices) -> list[tuple[str, ...]]:
    draws = np.random.Generator(np.random.Philox(choices.draw_seed))
    found: list[tuple[str, ...]] = []
    for _ in range(-(-choices.permutations // 2)):
        order = tuple(levers[i] for i in draws.permutation(len(levers)))
        found += [order, order[::-1]]  # antithetic: each order with its reverse
    return found


def _coalitions(levers: tuple[str, ...], choices: Choices) -> list[frozenset[str]]:
    """Coalitions that are run, each once: all of them, or the beginnings of drawn orders."""
    if _is_exact(levers, choices):
        return all_coalitions(levers)
    begun = (
        frozenset(order[:size])
        for order in _orders(levers, choices)
        for size in range(len(order) + 1)
    )
    return list(dict.fromkeys(begun))


def shapley_worlds(scenario: Scenario, choices: Choices) -> tuple[World, ...]:
    """One world a coalition of levers, all of them first."""
    levers = own_levers(scenario)
    found = {ON: World(ON, AS_IT_STANDS, scenario)}
    for present in _coalitions(levers, choices):
        absent = [lever for lever in levers if lever not in present]
        if absent:
            name, title = _name(levers, present), f"without {', '.join(absent)}"
            found[name] = World(name, title, without_levers(scenario, absent))
    return tuple(found.values())


def read_shapley(result: Result, choices: Choices) -> Attribution:
    """Shares of ``tau = s_C(none) - s_C(all)``, one number a replicate, in points."""
    levers = own_levers(result.scenario)
    coalitions = _coalitions(levers, choices)
    table = -shares(result, [_name(levers, present) for present in coalitions])
    if _is_exact(levers, choices):
        rows, notes = _exact(levers, table)
    else:
        worth = dict(zip(coalitions, table, strict=True))
        rows, notes = _sampled(levers, worth, _orders(levers, choices))
    title = "Shapley shares of the incumbent's levers, points of token share"
    return Attribution("shapley", f"{title} ({len(coalitions)} worlds)", tuple(rows), notes)


Read = tuple[list[Estimate], tuple[str, ...]]


def _exact(levers: tuple[str, ...], values: Floats) -> Read:
    """From the values of all coalitions, ordered as by `all_coalitions`."""
    phi = shapley_values(values)
    total = values[-1] - values[0]
    rows = _share_rows(levers, phi, total)
    if len(levers) > 1:
        pairs = interaction_index(values)
        rows += [
            bootstrap_estimate(
                f"interaction {levers[i]} x {levers[j]}", pairs[i, j], kind="interaction"
            )
            for i, j in combinations(range(len(levers)), 2)
        ]
    gap = float(np.abs(phi.sum(axis=0) - total).max())
    notes = (
        f"shares add up to v(all) - v(none): largest difference {gap:.1e} points over "
        f"{total.size} replicates",
        "interaction above 0: the two help each other; below 0: they are substitutes",
    )
    return rows, notes


def _sampled(
    levers: tuple[str, ...],
    worth: Mapping[frozenset[str], Floats],
    orders: list[tuple[str, ...]],
) -> Read:
    total = worth[frozenset(levers)] - worth[frozenset()]
    gains = np.zeros((len(orders), len(levers), total.size))
    for o, order in enumerate(orders):
        for size, name in enumerate(order):
            before, after = frozenset(order[:size]), frozenset(order[: size + 1])
            gains[o, levers.index(name)] = worth[after] - worth[before]
    pairs = gains.mean(axis=2).reshape(-1, 2, len(levers)).mean(axis=1)
    error = pairs.std(axis=0, ddof=1) / np.sqrt(len(pairs))
    notes = (
        f"{len(orders)} orders drawn in antithetic pairs; sampling_error is the standard error "
        "over the pairs, beside the interval over seeds",
    )
    return _share_rows(levers, gains.mean(axis=0), total, error), notes


def _share_rows(
    levers: tuple[str, ...], phi: Floats, total: Floats, error: Floats | None = None
) -> list[Estimate]:
    rows = []
    whole = float(total.mean())
    for i, name in enumerate(levers):
        facts: dict[str, Any] = {"kind": "share"}
        if abs(whole) > ROUNDING * float(np.abs(phi).max()):
            facts["part_of_total"] = float(phi[i].mean()) / whole
        if error is not None:
            facts["sampling_error"] = float(error[i])
        rows.append(bootstrap_estimate(name, phi[i], **facts))
    rows.append(bootstrap_estimate("all together", total, kind="total"))
    return rows
