"""Shapley shares of an effect among the levers of a full factorial."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import comb

import numpy as np
import numpy.typing as npt

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
