"""Empirical games: equilibria, regret with its uncertainty over seeds, replicator paths."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sim.economics.arrays import Bools, Floats
from sim.economics.games import MOST_BASES, NashEquilibrium, bases, nash_equilibria

PLAYED = 1e-6  # weight above which a mix plays an action
MOST_DRAWN_BASES = 4_000_000  # over all bootstrapped games
SLACK = 1e-9  # regret, in parts of the range of payoffs, that counts as none
DRAWS_SEED = 20_260_401
BOOTSTRAP = "seed bootstrap, 95 %"
HORIZON = 200.0  # units of replicator time; payoffs are scaled to a range of one
STEPS = 201
SETTLED = 0.99  # weight above which a strategy has taken its population over


def undominated(row_payoffs: npt.ArrayLike, col_payoffs: npt.ArrayLike) -> tuple[list[int], ...]:
    """Rows and columns left when strictly dominated actions are removed again and again.

    No equilibrium gives weight to what is removed (domination by pure actions). Osborne &
    Rubinstein (1994, A Course in Game Theory), section 4.2.
    """
    a, b = (np.asarray(p, dtype=np.float64) for p in (row_payoffs, col_payoffs))
    rows, cols = list(range(a.shape[0])), list(range(a.shape[1]))
    while True:
        kept_rows = _not_dominated(a[np.ix_(rows, cols)])
        kept_cols = _not_dominated(b[np.ix_(rows, cols)].T)
        if len(kept_rows) == len(rows) and len(kept_cols) == len(cols):
            return rows, cols
        rows, cols = [rows[i] for i in kept_rows], [cols[j] for j in kept_cols]


def _not_dominated(payoffs: Floats) -> list[int]:
    beats = (payoffs[:, None, :] > payoffs[None, :, :]).all(axis=2)
    return [int(i) for i in np.flatnonzero(~beats.any(axis=0))]


def equilibria(row_payoffs: npt.ArrayLike, col_payoffs: npt.ArrayLike) -> list[NashEquilibrium]:
    """Extreme Nash equilibria of a two-player game (`nash_equilibria`), pure ones first.

    Strictly dominated actions are removed first. Where what is left is too large to enumerate
    (`enumerable`), only the pure equilibria are found. ValueError if the payoffs are no finite
    matrices of one shape.
    """
    a, b = np.asarray(row_payoffs, dtype=np.float64), np.asarray(col_payoffs, dtype=np.float64)
    rows, cols = undominated(a, b)
    small_a, small_b = a[np.ix_(rows, cols)], b[np.ix_(rows, cols)]
    if bases(*small_a.shape) > MOST_BASES:
        return _pure(a, b)
    found = []
    for one in nash_equilibria(small_a, small_b):
        x, y = np.zeros(a.shape[0]), np.zeros(a.shape[1])
        x[rows], y[cols] = one.row, one.col
        found.append(NashEquilibrium(x, y, one.payoffs))
    return found


def enumerable(row_payoffs: npt.ArrayLike, col_payoffs: npt.ArrayLike) -> bool:
    """Whether `equilibria` finds all extreme equilibria of a game, and not the pure ones alone."""
    rows, cols = undominated(row_payoffs, col_payoffs)
    return bases(len(rows), len(cols)) <= MOST_BASES


def _pure(a: Floats, b: Floats) -> list[NashEquilibrium]:
    rows, cols = np.eye(a.shape[0]), np.eye(a.shape[1])
    return [
        NashEquilibrium(rows[i], cols[j], (float(a[i, j]), float(b[i, j])))
        for i, j in np.argwhere(pure(a, b))
    ]


def pure(row: Floats, col: Floats) -> Bools:
    """Which profiles are pure equilibria; games may be stacked in front.

    Payoffs are computed, so a gain within 1e-9 of the range of a player's payoffs counts as none.
    """
    axes = (-2, -1)
    gain_row, gain_col = gains(row, col)
    slack_row, slack_col = (SLACK * np.ptp(p, axis=axes, keepdims=True) for p in (row, col))
    return (gain_row <= slack_row) & (gain_col <= slack_col)


@dataclass(frozen=True, eq=False)
class GameEstimate:
    """What replicates of an m x n game say; a profile is one action of each player.

    Attributes
    ----------
    row, col
        (m, n) mean payoffs of the two players.
    gain_row, gain_col
        (m, n) what each gains by its best other action.
    regret, regret_low, regret_high
        (m, n) the larger of the two gains, and the ends of its bootstrap interval.
    pure_frequency
        (m, n) part of the bootstrapped games in which the profile is a pure equilibrium.
    equilibria
        Extreme ones of the game of means.
    all_found
        Whether these are all; else the pure ones alone, the game being too large.
    support_row, support_col
        (m,), (n,) part of the first `resamples_mixed` bootstrapped games with an equilibrium that
        plays the action; fewer games than asked for where they are large.
    """

    row: Floats
    col: Floats
    gain_row: Floats
    gain_col: Floats
    regret: Floats
    regret_low: Floats
    regret_high: Floats
    pure_frequency: Floats
    equilibria: tuple[NashEquilibrium, ...]
    all_found: bool
    support_row: Floats
    support_col: Floats
    resamples: int
    resamples_mixed: int


def gains(row: Floats, col: Floats) -> tuple[Floats, Floats]:
    """Gain of the best unilateral deviation from each profile; games may be stacked in front."""
    return row.max(axis=-2, keepdims=True) - row, col.max(axis=-1, keepdims=True) - col


def estimate_game(
    row: npt.ArrayLike,
    col: npt.ArrayLike,
    *,
    resamples: int = 2_000,
    resamples_mixed: int = 200,
) -> GameEstimate:
    """The game of mean payoffs, and how it varies when whole replicates are drawn anew.

    Payoffs are (R, m, n). A replicate has the same draws in all profiles, so it is resampled as a
    whole. ValueError if shapes disagree, R < 2 or a payoff is not finite.

    Notes
    -----
    Wellman, Tuyls & Greenwald (2025, JAIR 82:1017-1076); Wiedenbeck, Cassell & Wellman
    (2014, AAMAS): bootstrap of regret in simulation-based games.
    """
    a, b = np.asarray(row, dtype=np.float64), np.asarray(col, dtype=np.float64)
    if a.ndim != 3 or a.shape != b.shape or a.shape[0] < 2:
        raise ValueError("payoffs must be (replicates >= 2, rows, columns) for both players")
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise ValueError("payoffs must be finite")
    draws = np.random.Generator(np.random.Philox(DRAWS_SEED))
    picked = draws.integers(len(a), size=(resamples, len(a)))
    counts = np.stack([np.bincount(p, minlength=len(a)) for p in picked]) / len(a)
    drawn_a, drawn_b = np.tensordot(counts, a, 1), np.tensordot(counts, b, 1)
    drawn_row, drawn_col = gains(drawn_a, drawn_b)
    regret = np.maximum(drawn_row, drawn_col)
    low, high = np.quantile(regret, [0.025, 0.975], axis=0)
    mean_a, mean_b = a.mean(axis=0), b.mean(axis=0)
    gain_row, gain_col = gains(mean_a, mean_b)
    some = max(1, min(resamples, resamples_mixed, MOST_DRAWN_BASES // bases(*mean_a.shape)))
    support = [_supports(drawn_a[i], drawn_b[i]) for i in range(some)]
    return GameEstimate(
        row=mean_a,
        col=mean_b,
        gain_row=gain_row,
        gain_col=gain_col,
        regret=np.maximum(gain_row, gain_col),
        regret_low=low,
        regret_high=high,
        pure_frequency=pure(drawn_a, drawn_b).mean(axis=0),
        equilibria=tuple(equilibria(mean_a, mean_b)),
        all_found=enumerable(mean_a, mean_b),
        support_row=np.mean([rows for rows, _ in support], axis=0),
        support_col=np.mean([cols for _, cols in support], axis=0),
        resamples=resamples,
        resamples_mixed=some,
    )


def _supports(a: Floats, b: Floats) -> tuple[Bools, Bools]:
    found = equilibria(a, b)
    rows, cols = np.zeros(a.shape[0], bool), np.zeros(a.shape[1], bool)
    for one in found:
        rows |= one.row > PLAYED
        cols |= one.col > PLAYED
    return rows, cols


def replicator(
    row: npt.ArrayLike,
    col: npt.ArrayLike,
    start: tuple[npt.ArrayLike, npt.ArrayLike] | None = None,
) -> tuple[Floats, Floats, Floats]:
    """Two-population replicator dynamics from a mixed start.

    ``dx_i/dt = x_i ((A y)_i - x'A y)`` and ``dy_j/dt = y_j ((x'B)_j - x'B y)``, payoffs scaled to
    a range of one; solved for log weights, so that none becomes negative.

    The start has positive weights (ValueError), uniform unless given. Found are times (k,) and the
    weights of rows (k, m) and of columns (k, n).

    Notes
    -----
    Taylor & Jonker (1978, Mathematical Biosciences 40:145-156); Weibull (1995), Evolutionary Game
    Theory, section 5.2.
    """
    from scipy.integrate import solve_ivp

    a, b = (np.asarray(p, dtype=np.float64) / (np.ptp(p) or 1.0) for p in (row, col))
    m, n = a.shape
    weights = start if start is not None else (np.full(m, 1.0 / m), np.full(n, 1.0 / n))
    begin = np.concatenate(weights, dtype=np.float64)
    if not (begin > 0.0).all():
        raise ValueError("every strategy needs a positive weight at the start")

    def slope(_: float, logs: Floats) -> Floats:
        x, y = _weights(logs[:m]), _weights(logs[m:])
        return np.concatenate([a @ y, x @ b])

    times = np.linspace(0.0, HORIZON, STEPS)
    path = solve_ivp(slope, (0.0, HORIZON), np.log(begin), t_eval=times, rtol=1e-8, atol=1e-8).y.T
    return times, _weights(path[:, :m]), _weights(path[:, m:])


def _weights(logs: Floats) -> Floats:
    with np.errstate(under="ignore"):
        raised = np.exp(logs - logs.max(axis=-1, keepdims=True))
        return np.asarray(raised / raised.sum(axis=-1, keepdims=True))


def basins(row: npt.ArrayLike, col: npt.ArrayLike, starts: int = 40) -> Floats:
    """(m, n) part of random starts whose replicator path ends at each pure profile.

    Starts are uniform over both simplices; paths that end in a mix or a cycle count nowhere.
    """
    a = np.asarray(row, dtype=np.float64)
    draws = np.random.Generator(np.random.Philox(DRAWS_SEED))
    ends = np.zeros(a.shape)
    for _ in range(starts):
        start = draws.dirichlet(np.ones(a.shape[0])), draws.dirichlet(np.ones(a.shape[1]))
        _, x, y = replicator(row, col, start)
        if x[-1].max() > SETTLED and y[-1].max() > SETTLED:
            ends[x[-1].argmax(), y[-1].argmax()] += 1.0
    return ends / starts


def names_of(weights: Floats, names: Iterable[str]) -> dict[str, float]:
    """The actions with weight in a mix, by name."""
    pairs = zip(weights.tolist(), names, strict=True)
    return {name: weight for weight, name in pairs if weight > PLAYED}
