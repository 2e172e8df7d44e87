"""What depends on the scenario alone, made once for all its replicates."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from sim.scenario.schema.scenario import Scenario


T = TypeVar("T")
MOST_SCENARIOS = 32  # worlds of one ensemble
_SHARED: dict[int, tuple[Scenario, dict[Hashable, Any]]] = {}


def shared(scenario: Scenario, name: Hashable, make: Callable[[], T]) -> T:
    """What `make` gives, made once for a scenario; nobody may change it.

    Scenarios are frozen, so the object itself is the key; it is held, so that its id stays its own.
    """
    held = _SHARED.get(id(scenario))
    if held is None:
        while len(_SHARED) >= MOST_SCENARIOS:
            _SHARED.pop(next(iter(_SHARED)))
        held = _SHARED[id(scenario)] = (scenario, {})
    known = held[1]
    if name not in known:
        known[name] = make()
    value: T = known[name]
    return value
