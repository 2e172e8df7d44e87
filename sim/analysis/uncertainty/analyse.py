"""The methods one after the other: screen all unknowns, apportion the rest, find where it fails."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sim.analysis.uncertainty import failing, robust, screening, variance
from sim.analysis.uncertainty.exploring import Budget, Explored
from sim.analysis.uncertainty.findings import Finding, store
from sim.analysis.uncertainty.unknowns import Unknowns
from sim.errors import SimError, nearest_hint

MORRIS, SOBOL, PRIM, ROBUST = "morris", "sobol", "prim", "robust"
METHODS = (MORRIS, SOBOL, PRIM)


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

    Sobol takes the unknowns that Morris found to matter most, if both are asked for; the others
    then stay as the scenario has them. Strategies add the table of regrets.

    Raises
    ------
    SimError
        A method does not exist, or a run failed: it is named, and the method says nothing.
    """
    known = (*METHODS, ROBUST)
    for method in methods:
        if method not in known:
            raise SimError(f"no method is called {method!r} ({nearest_hint(method, list(known))})")
    if ROBUST in methods and not strategies:
        raise SimError("robust: name the strategies to compare with --strategies")
    if strategies:
        robust.profiles_of(unknowns.scenario, strategies)
    size, left = sizes or Sizes(), unknowns
    asked = [method for method in known if method in methods or (method == ROBUST and strategies)]
    for method in asked:
        if method == MORRIS:
            found = screening.screen(unknowns, size.trajectories, budget)
            names = screening.kept(found[1], size.keep)
            left = unknowns.only(names) if len(names) > 1 else unknowns
        elif method == SOBOL:
            found = variance.apportion(left, size.base, budget)
        elif method == PRIM:
            found = failing.discover(unknowns, size.draws, budget)
        else:
            found = robust.weigh(unknowns, strategies, size.draws, budget)
        store(*found)
        yield found
