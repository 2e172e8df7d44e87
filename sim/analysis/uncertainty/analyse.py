"""The methods one after the other: screening, variance shares, failing, strategies' regrets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from sim.analysis.attribution.base import Estimate, wilson_estimate
from sim.analysis.statistics import ROUNDING
from sim.analysis.uncertainty import failing, indices
from sim.analysis.uncertainty.exploring import (
    POINTS,
    QUESTION,
    TOKENS,
    Budget,
    Explored,
    Finding,
    document,
    explore,
    sample_of,
)
from sim.analysis.uncertainty.unknowns import Unknowns
from sim.economics.arrays import Floats
from sim.errors import SimError, nearest_hint
from sim.runs.files import json_bytes, write_once
from sim.runs.worlds import contest_of
from sim.scenario.schema.scenario import Scenario
from sim.strategies.registry import strategies as known_strategies

SENSITIVITY = "sensitivity.json"
MORRIS, SOBOL, PRIM, ROBUST = "morris", "sobol", "prim", "robust"
METHODS = (MORRIS, SOBOL, PRIM)
HISTORICAL = "historical"
OBJECTIVE = "incumbent_objective"
MILLION = 1e6
RESAMPLES = 2_000
BOOTSTRAP = "bootstrap over draws, 95 %"
REGRET, SATISFIES = "regret", "satisfies"


@dataclass(frozen=True)
class Sizes:
    """How many runs the methods make."""

    trajectories: int = 10  # of Morris
    base: int = 32  # base sample of Sobol, a power of two
    draws: int = 100  # of the latin hypercubes
    keep: int = 8  # unknowns that screening hands on to Sobol


def analyse(
    unknowns: Unknowns,
    budget: Budget,
    methods: Sequence[str] = METHODS,
    strategies: Sequence[str] = (),
    sizes: Sizes | None = None,
) -> Iterator[tuple[Explored, Finding]]:
    """Each method's runs and finding, stored beside its runs; stored runs are reused.

    The name of the budget is that of the folder, and goes on with the method if there are several.

    Sobol takes the unknowns that Morris found to matter most, if both are asked for; the others
    then stay as the scenario has them. Strategies add the table of regrets.

    SimError: a method does not exist, or a run failed: it is named, and the method says nothing.
    """
    known = (*METHODS, ROBUST)
    for method in methods:
        if method not in known:
            raise SimError(f"no method is called {method!r} ({nearest_hint(method, list(known))})")
    if ROBUST in methods and not strategies:
        raise SimError("robust: name the strategies to compare with --strategies")
    profiles = profiles_of(unknowns.scenario, strategies) if strategies else {}
    size, left = sizes or Sizes(), unknowns
    asked = [method for method in known if method in methods or (method == ROBUST and strategies)]
    for method in asked:
        several = budget.name and len(asked) > 1
        own = replace(budget, name=f"{budget.name}-{method}") if several else budget
        if method == MORRIS:
            found = indices.screen(unknowns, size.trajectories, own)
            names = indices.kept(found[1], size.keep)
            left = unknowns.only(names) if len(names) > 1 else unknowns
        elif method == SOBOL:
            found = indices.apportion(left, size.base, own)
        elif method == PRIM:
            found = failing.discover(unknowns, size.draws, own)
        else:
            levels = sample_of(unknowns, size.draws)
            explored = explore(ROBUST, profiles, unknowns, levels, own)
            found = explored, weighed(explored)
        write_once(found[0].first.path / SENSITIVITY, json_bytes(document(*found)))
        yield found


def profiles_of(scenario: Scenario, names: Sequence[str]) -> dict[str, Scenario]:
    """The scenario under each pricing strategy of the incumbent; `historical` is its own."""
    incumbent, known = contest_of(scenario, QUESTION).incumbent, known_strategies("pricing")
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


def regrets(payoffs: Floats) -> Floats:
    """(S, n) best payoff of a draw less that of each strategy (Savage 1951)."""
    return np.asarray(payoffs.max(axis=0) - payoffs)


def weighed(explored: Explored) -> Finding:
    """Regret in the incumbent's own objective, and in how many draws the challenger is held.

    A strategy satisfies in a draw if the challenger's mean share over the window stays below
    `containment.ceiling_share` (Starr 1962: domain criterion).
    """
    names = tuple(explored.results)
    payoffs = np.stack([explored.column(name, OBJECTIVE).mean(axis=1) for name in names]) / MILLION
    gaps = regrets(payoffs)
    n = gaps.shape[1]
    ceiling = explored.unknowns.scenario.containment.ceiling_share
    draws = np.random.Generator(np.random.Philox(1)).integers(n, size=(RESAMPLES, n))
    regret_rows, held_rows = [], []
    for name, gap in zip(names, gaps, strict=True):
        low, high = np.quantile(gap[draws].mean(axis=1), [0.025, 0.975]).tolist()
        facts = {
            "largest": float(gap.max()),
            "p90": float(np.quantile(gap, 0.9)),
            "best_in": int((gap <= ROUNDING * np.abs(payoffs).max(axis=0)).sum()),
        }
        regret_rows.append(Estimate(name, float(gap.mean()), low, high, n, BOOTSTRAP, facts))
        share = explored.column(name, f"challenger_{TOKENS}").mean(axis=1)
        held = int((share < ceiling).sum())
        points = POINTS * float(np.mean(share))
        held_rows.append(wilson_estimate(name, held, n, challenger_share=points))
    tables = {
        REGRET: tuple(sorted(regret_rows, key=lambda row: row.facts["largest"])),
        SATISFIES: tuple(sorted(held_rows, key=lambda row: -row.mean)),
    }
    notes = (
        "regret: the incumbent's own objective, million yuan a month, best strategy of a draw less "
        "this one; least largest regret first",
        f"satisfies: part of the draws in which the challenger's share stays below {ceiling:g}",
    )
    return Finding(ROBUST, "Strategies of the incumbent over the unknowns", tables, notes)
