"""Shapley shares of the incumbent's levers in what they do together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import comb
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from sim.analysis.attribution.base import (
    Asked,
    Finding,
    Floats,
    Part,
    Row,
    bootstrap_row,
    own_levers,
    register,
    shares,
)
from sim.runs.worlds import ON, World
from sim.scenario.patches import without_levers
from sim.scenario.schema.scenario import Scenario

if TYPE_CHECKING:
    from sim.runs.result import Result


FloatArray = npt.NDArray[np.float64]

MOST_PLAYERS = 20
"""A full factorial of more levers than this does not fit in memory."""


def factorial_values(
    players: Sequence[str], worth: Mapping[frozenset[str], npt.ArrayLike]
) -> FloatArray:
    """Values of all coalitions in the order that the other functions read.

    Coalition S stands at index ``sum over players i in S of 2^i``: index 0 holds nobody, the last
    one everybody.

    Parameters
    ----------
    players
        n names.
    worth
        Value of every one of the 2^n coalitions; numbers, or arrays of one shape such as one
        entry a seed.

    Returns
    -------
    (2^n, ...)

    Raises
    ------
    ValueError
        If a name is given twice or a coalition is missing or unknown.
    """
    count = _check_players(len(players))
    if len(set(players)) != count:
        raise ValueError("players: a name is given twice")
    coalitions = [
        frozenset(player for i, player in enumerate(players) if index >> i & 1)
        for index in range(2**count)
    ]
    missing = [coalition for coalition in coalitions if coalition not in worth]
    if missing or len(worth) != len(coalitions):
        strangers = [c for c in worth if c not in set(coalitions)]
        named = ", ".join(sorted(_spell(c) for c in [*missing, *strangers])[:5])
        raise ValueError(f"worth: needs exactly the {2**count} coalitions; check {named}")
    return np.array([worth[coalition] for coalition in coalitions], dtype=np.float64)


def shapley_values(values: npt.ArrayLike) -> FloatArray:
    """Share of each player in ``v(all) - v(none)``.

    ``phi_i = sum over S without i of |S|! (n-|S|-1)! / n! [v(S+i) - v(S)]``. Shares add up to
    ``v(all) - v(none)``, players who change nothing get 0, and equal players equal shares.

    Parameters
    ----------
    values
        (2^n, ...) values of coalitions as ordered by `factorial_values`; further axes, such as
        seeds, are kept apart.

    Returns
    -------
    (n, ...) in the units of the values.

    Raises
    ------
    ValueError
        If the first axis is no power of two or a value is not finite.

    Notes
    -----
    Shapley (1953, Contributions to the Theory of Games II, 307-317).
    """
    table, count = _check_values(values)
    index = np.arange(2**count)
    shares = np.zeros((count, *table.shape[1:]))
    for i in range(count):
        without = index[index >> i & 1 == 0]
        # |S|! (n-|S|-1)! / n! = 1 / (n C(n-1, |S|))
        weight = np.array([1.0 / (count * comb(count - 1, size)) for size in _sizes(without)])
        shares[i] = np.tensordot(weight, table[without | 1 << i] - table[without], axes=1)
    return shares


def interaction_index(values: npt.ArrayLike) -> FloatArray:
    """Shapley interaction of each pair: above 0 complements, below 0 substitutes.

    ``I_ij = sum over S without i, j of |S|! (n-|S|-2)! / (n-1)! d_ij(S)`` with
    ``d_ij(S) = v(S+ij) - v(S+i) - v(S+j) + v(S)``.

    Parameters
    ----------
    values
        (2^n, ...) values of coalitions as ordered by `factorial_values`.

    Returns
    -------
    (n, n, ...) symmetric, zero on the diagonal, in the units of the values.

    Raises
    ------
    ValueError
        As `shapley_values`.

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
            weight = np.array(
                [1.0 / ((count - 1) * comb(count - 2, size)) for size in _sizes(without)]
            )
            alone = table[without | first] + table[without | second]
            joint = table[without | first | second] + table[without] - alone
            pairs[i, j] = pairs[j, i] = np.tensordot(weight, joint, axes=1)
    return pairs


def _sizes(coalitions: npt.NDArray[np.int_]) -> list[int]:
    return [int(coalition).bit_count() for coalition in coalitions]


def _check_players(count: int) -> int:
    if not 1 <= count <= MOST_PLAYERS:
        raise ValueError(f"players: needs 1 to {MOST_PLAYERS}, got {count}")
    return count


def _check_values(values: npt.ArrayLike) -> tuple[FloatArray, int]:
    table = np.asarray(values, dtype=np.float64)
    rows = len(table) if table.ndim else 0
    if rows < 2 or rows & (rows - 1):
        raise ValueError(f"values: needs 2^n rows, one a coalition, got {rows}")
    if not np.isfinite(table).all():
        raise ValueError("values: every number must be finite")
    return table, _check_players(rows.bit_length() - 1)


def _spell(coalition: Iterable[str]) -> str:
    return "{" + " + ".join(sorted(coalition)) + "}"


MOST_EXACT = 6
"""Beyond this many levers orders are drawn unless all coalitions are asked for."""
NONE = "none"


def _name(levers: tuple[str, ...], present: frozenset[str]) -> str:
    if present == frozenset(levers):
        return ON
    return "+".join(sorted(present)) or NONE


def _is_exact(levers: tuple[str, ...], asked: Asked) -> bool:
    return asked.exact or len(levers) <= MOST_EXACT


def _orders(levers: tuple[str, ...], asked: Asked) -> list[tuple[str, ...]]:
    draws = np.random.Generator(np.random.Philox(asked.draw_seed))
    found: list[tuple[str, ...]] = []
    for _ in range(-(-asked.permutations // 2)):
        order = tuple(levers[i] for i in draws.permutation(len(levers)))
        found += [order, order[::-1]]  # antithetic: each order with its reverse
    return found


def _coalitions(levers: tuple[str, ...], asked: Asked) -> Iterable[frozenset[str]]:
    if _is_exact(levers, asked):
        for index in range(2 ** len(levers)):
            yield frozenset(name for i, name in enumerate(levers) if index >> i & 1)
        return
    for order in _orders(levers, asked):
        for size in range(len(order) + 1):
            yield frozenset(order[:size])


def worlds(scenario: Scenario, asked: Asked) -> tuple[World, ...]:
    """One world a coalition of levers, all of them first."""
    levers = own_levers(scenario)
    found = {ON: World(ON, "as the scenario stands", scenario)}
    for present in _coalitions(levers, asked):
        name = _name(levers, present)
        if name not in found:
            absent = [lever for lever in levers if lever not in present]
            title = f"without {', '.join(absent)}"
            found[name] = World(name, title, without_levers(scenario, absent))
    return tuple(found.values())


def read(result: Result, asked: Asked) -> Finding:
    """Shares of ``tau = s_C(none) - s_C(all)``, one number a replicate, in points."""
    levers = own_levers(result.scenario)
    if _is_exact(levers, asked):
        return _exact(result, levers)
    return _sampled(result, levers, asked)


def _exact(result: Result, levers: tuple[str, ...]) -> Finding:
    coalitions = list(dict.fromkeys(_coalitions(levers, Asked(exact=True))))
    held = -shares(result, [_name(levers, present) for present in coalitions])
    worth = dict(zip(coalitions, held, strict=True))
    values = factorial_values(levers, worth)
    phi = shapley_values(values)
    total = values[-1] - values[0]
    rows = _rows(levers, phi, total)
    if len(levers) > 1:
        pairs = interaction_index(values)
        for i, one in enumerate(levers):
            for j in range(i + 1, len(levers)):
                label = f"interaction {one} x {levers[j]}"
                rows.append(bootstrap_row(label, pairs[i, j], kind="interaction"))
    gap = float(np.abs(phi.sum(axis=0) - total).max())
    notes = (
        f"shares add up to v(all) - v(none): largest difference {gap:.1e} points over "
        f"{total.size} replicates",
        "interaction above 0: the two help each other; below 0: they are substitutes",
    )
    return Finding("shapley", _title(len(coalitions)), tuple(rows), notes)


def _sampled(result: Result, levers: tuple[str, ...], asked: Asked) -> Finding:
    orders = _orders(levers, asked)
    coalitions = list(dict.fromkeys(_coalitions(levers, asked)))
    held = -shares(result, [_name(levers, present) for present in coalitions])
    worth = dict(zip(coalitions, held, strict=True))
    gains = np.zeros((len(orders), len(levers), held.shape[1]))
    for o, order in enumerate(orders):
        for size, name in enumerate(order):
            before, after = frozenset(order[:size]), frozenset(order[: size + 1])
            gains[o, levers.index(name)] = worth[after] - worth[before]
    phi = gains.mean(axis=0)
    total = worth[frozenset(levers)] - worth[frozenset()]
    pairs = gains.mean(axis=2).reshape(-1, 2, len(levers)).mean(axis=1)
    error = pairs.std(axis=0, ddof=1) / np.sqrt(len(pairs))
    rows = _rows(levers, phi, total, error)
    notes = (
        f"{len(orders)} orders drawn in antithetic pairs; sampling_error is the standard error "
        "over the pairs, beside the interval over seeds",
    )
    return Finding("shapley", _title(len(coalitions)), tuple(rows), notes)


def _title(worlds: int) -> str:
    return f"Shapley shares of the incumbent's levers, points of token share ({worlds} worlds)"


def _rows(
    levers: tuple[str, ...], phi: Floats, total: Floats, error: Floats | None = None
) -> list[Row]:
    rows = []
    whole = float(total.mean())
    for i, name in enumerate(levers):
        facts: dict[str, object] = {"kind": "share"}
        if whole != 0.0:
            facts["part_of_total"] = float(phi[i].mean()) / whole
        if error is not None:
            facts["sampling_error"] = float(error[i])
        rows.append(bootstrap_row(name, phi[i], **facts))
    rows.append(bootstrap_row("all together", total, kind="total"))
    return rows


PART = register(Part("shapley", "share of each lever, and how pairs interact", worlds, read))
