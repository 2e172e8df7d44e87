"""Robustness of the incumbent's strategies when nobody knows in which world they are played."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from sim.analysis.attribution.base import Estimate
from sim.analysis.statistics import wilson_interval
from sim.analysis.uncertainty.exploring import (
    POINTS,
    TOKENS,
    Budget,
    Explored,
    contest_of,
    explore,
)
from sim.analysis.uncertainty.failing import WILSON, sample_of
from sim.analysis.uncertainty.findings import Finding
from sim.analysis.uncertainty.unknowns import Unknowns
from sim.errors import SimError, nearest_hint
from sim.scenario.schema.scenario import Scenario
from sim.strategies.registry import strategies

Floats = npt.NDArray[np.float64]
HISTORICAL = "historical"
OBJECTIVE = "incumbent_objective"
MILLION = 1e6
RESAMPLES = 2_000
BOOTSTRAP = "bootstrap over draws, 95 %"
REGRET, SATISFIES = "regret", "satisfies"


def profiles_of(scenario: Scenario, names: Sequence[str]) -> dict[str, Scenario]:
    """The scenario under each pricing strategy of the incumbent; `historical` is its own.

    Raises
    ------
    SimError
        A strategy does not exist or is named twice, or there are fewer than two.
    """
    incumbent, known = contest_of(scenario).incumbent, strategies("pricing")
    found: dict[str, Scenario] = {}
    for name in names:
        if name in found:
            raise SimError(f"--strategies: {name} is named twice")
        if name == HISTORICAL:
            found[name] = scenario
        elif name in known:
            found[name] = scenario.replace({f"vendors.{incumbent}.pricing": {"strategy": name}})
        else:
            hint = nearest_hint(name, [HISTORICAL, *known])
            raise SimError(f"--strategies: no pricing strategy is called {name!r} ({hint})")
    if len(found) < 2:
        raise SimError("--strategies: regret needs two strategies or more")
    return found


def weigh(
    unknowns: Unknowns, names: Sequence[str], points: int, budget: Budget, seed: int = 1
) -> tuple[Explored, Finding]:
    """Play every strategy in the same draws and compare their worst and usual regrets.

    Raises
    ------
    SimError
        As `profiles_of`, or a run failed: it is named.
    """
    profiles = profiles_of(unknowns.scenario, names)
    explored = explore("robust", profiles, unknowns, sample_of(unknowns, points, seed), budget)
    return explored, read(explored)


def regrets(payoffs: npt.ArrayLike) -> Floats:
    """(S, n) best payoff of a draw less that of each strategy (Savage 1951).

    Raises
    ------
    ValueError
        The payoffs are no (S, n) table of finite numbers.
    """
    table = np.asarray(payoffs, dtype=np.float64)
    if table.ndim != 2 or not np.isfinite(table).all():
        raise ValueError(f"payoffs: needs a row a strategy of finite numbers, got {table.shape}")
    gap: Floats = table.max(axis=0) - table
    return gap


def read(explored: Explored) -> Finding:
    """Regret in the incumbent's own objective, and in how many draws the challenger is held.

    A strategy satisfies in a draw if the challenger's mean share over the window stays below
    `containment.ceiling_share` (Starr 1962: domain criterion).
    """
    names = tuple(explored.results)
    payoffs = np.stack([explored.column(name, OBJECTIVE).mean(axis=1) for name in names]) / MILLION
    shares = [explored.column(name, f"challenger_{TOKENS}").mean(axis=1) for name in names]
    gaps = regrets(payoffs)
    ceiling = explored.unknowns.scenario.containment.ceiling_share
    draws = np.random.Generator(np.random.Philox(1)).integers(
        gaps.shape[1], size=(RESAMPLES, gaps.shape[1])
    )
    regret_rows, held_rows = [], []
    for i, name in enumerate(names):
        low, high = np.quantile(gaps[i][draws].mean(axis=1), [0.025, 0.975])
        facts = {
            "largest": float(gaps[i].max()),
            "p90": float(np.quantile(gaps[i], 0.9)),
            "best_in": int((gaps[i] == 0.0).sum()),
        }
        regret_rows.append(
            Estimate(
                name,
                float(gaps[i].mean()),
                float(low),
                float(high),
                gaps.shape[1],
                BOOTSTRAP,
                facts,
            )
        )
        held = int((shares[i] < ceiling).sum())
        interval = wilson_interval(held, len(shares[i]))
        facts = {"challenger_share": POINTS * float(np.mean(shares[i]))}
        held_rows.append(
            Estimate(
                name,
                held / len(shares[i]),
                interval.lower,
                interval.upper,
                len(shares[i]),
                WILSON,
                facts,
            )
        )
    tables = {
        REGRET: tuple(sorted(regret_rows, key=lambda row: row.facts["largest"])),
        SATISFIES: tuple(sorted(held_rows, key=lambda row: -row.mean)),
    }
    notes = (
        "regret: the incumbent's own objective, million yuan a month, best strategy of a draw less "
        "this one; least largest regret first",
        f"satisfies: part of the draws in which the challenger's share stays below {ceiling:g}",
    )
    return Finding("robust", "Strategies of the incumbent over the unknowns", tables, notes)
