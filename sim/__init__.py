"""Agent-based simulator of a market for model calls and accelerators: who contains whom, and why.

The public names are loaded when they are first used, so that `import sim` costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sim.api import run
    from sim.experiment.result import Result, open_result
    from sim.market.model import MarketModel
    from sim.scenario.reader import load
    from sim.scenario.schema.scenario import Scenario

__all__ = ["MarketModel", "Result", "Scenario", "__version__", "load", "open_result", "run"]

_HOMES = {
    "MarketModel": "sim.market.model",
    "Result": "sim.experiment.result",
    "Scenario": "sim.scenario.schema.scenario",
    "load": "sim.scenario.reader",
    "open_result": "sim.experiment.result",
    "run": "sim.api",
}


def __getattr__(name: str) -> Any:
    import importlib

    if name == "__version__":
        from importlib.metadata import version

        value: Any = version("sim")
    elif name in _HOMES:
        value = getattr(importlib.import_module(_HOMES[name]), name)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
