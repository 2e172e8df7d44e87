"""Looks between the phases of a month: read-only, so that the run stays the stored one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from sim.market.phases import PHASES, Phase

if TYPE_CHECKING:
    from sim.market.model import MarketModel

Look = Callable[["MarketModel"], None]


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
