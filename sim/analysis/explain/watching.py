"""One stored run made again, looked at between the phases of a month."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from sim.errors import SimError, nearest_hint
from sim.market.month import PHASES, Phase
from sim.market.simulation import Simulation
from sim.runs.rebuild import world_scenario
from sim.runs.result import Result
from sim.runs.run import point_scenario, seed_of
from sim.runs.study.reader import lay_out
from sim.runs.worlds import ON

if TYPE_CHECKING:
    from sim.market.base import BaseMarket
    from sim.runs.result import Result
    from sim.scenario.schema.scenario import Scenario


def scenario_of(
    result: Result, point: str | None = None, replicate: int = 0
) -> tuple[str, Scenario]:
    """Name of a stored point (the first one, or `on`, unless named) and its scenario in a run.

    Raises
    ------
    SimError
        There is no such point, or it does not follow from what is stored.
    """
    name = point or (ON if ON in result.points else result.points[0])
    if name not in result.points:
        hint = nearest_hint(name, list(result.points))
        raise SimError(f"{result.path} has no point {name} ({hint})")
    _refuse_absent(result, replicate)
    if result.is_sweep:
        study = result.study
        loaded = lay_out(study, result.scenario, study.name, result.path)
        draws, base = result.draws, result.scenario
        base = base if draws is None else draws.scenario(base, replicate)
        return name, point_scenario(base, loaded.points[result.points.index(name)])
    return name, world_scenario(result, name, replicate)


def model_of(result: Result, scenario: Scenario, replicate: int) -> Simulation:
    """The model of a stored run before its first month.

    Raises
    ------
    SimError
        There is no such replicate.
    """
    _refuse_absent(result, replicate)
    return Simulation(scenario, seed_of(result.seed, replicate))


def _refuse_absent(result: Result, replicate: int) -> None:
    if not 0 <= replicate < result.replicates:
        raise SimError(f"replicate {replicate}: they go from 0 to {result.replicates - 1}")


Look = Callable[["BaseMarket"], None]


def with_watch(phases: tuple[Phase, ...], looks: Mapping[str, Look]) -> tuple[Phase, ...]:
    """The phases with a look before each one that is named.

    Raises
    ------
    ValueError
        No phase has that name.
    """
    missing = set(looks) - {phase.name for phase in phases}
    if missing:
        raise ValueError(f"no phase is called {', '.join(sorted(missing))}")
    watched: list[Phase] = []
    for phase in phases:
        if phase.name in looks:
            watched.append(Phase(f"before {phase.name}", "look", looks[phase.name]))
        watched.append(phase)
    return tuple(watched)


def phase_lines() -> list[str]:
    """The ordered phases of a month, one a line."""
    width = max(len(phase.name) for phase in PHASES)
    return [
        f"{number}. {phase.name.ljust(width)}  {phase.does}"
        for number, phase in enumerate(PHASES, start=1)
    ]
