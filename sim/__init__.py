"""Agent-based simulator of a market for model calls and accelerators: who contains whom, and why.

The public names are loaded when they are first used, so that `import sim` costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sim.analysis.compare import compare
    from sim.api import run, sweep
    from sim.experiment.result import Result, open_result
    from sim.experiment.result import open_result as open
    from sim.market.model import MarketModel
    from sim.scenario.reader import load
    from sim.scenario.schema.scenario import Scenario
    from sim.study.reader import load_study
    from sim.study.result import SweepResult

__all__ = [
    "MarketModel",
    "Result",
    "Scenario",
    "SweepResult",
    "__version__",
    "compare",
    "load",
    "load_study",
    "open",
    "open_result",
    "run",
    "sweep",
]

_HOMES = {
    "MarketModel": "sim.market.model",
    "Result": "sim.experiment.result",
    "Scenario": "sim.scenario.schema.scenario",
    "SweepResult": "sim.study.result",
    "compare": "sim.analysis.compare",
    "load": "sim.scenario.reader",
    "load_study": "sim.study.reader",
    "open_result": "sim.experiment.result",
    "run": "sim.api",
    "sweep": "sim.api",
}


def __getattr__(name: str) -> Any:
    import importlib

    if name == "__version__":
        from importlib.metadata import version

        value: Any = version("sim")
    elif name == "open":
        value = __getattr__("open_result")
    elif name in _HOMES:
        value = getattr(importlib.import_module(_HOMES[name]), name)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
