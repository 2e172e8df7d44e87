"""Agent-based simulator of a market for model calls and accelerators: who contains whom, and why.

The public names are loaded when they are first used, so that `import sim` costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sim.analysis.compare.run import compare
    from sim.api import run, sweep
    from sim.market.model import MarketModel
    from sim.runs.result import Result, open_result
    from sim.runs.result import open_result as open
    from sim.runs.study.reader import load_study
    from sim.runs.study.result import SweepResult
    from sim.scenario.reader import load
    from sim.scenario.schema.scenario import Scenario

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
    "Result": "sim.runs.result",
    "Scenario": "sim.scenario.schema.scenario",
    "SweepResult": "sim.runs.study.result",
    "compare": "sim.analysis.compare.run",
    "load": "sim.scenario.reader",
    "load_study": "sim.runs.study.reader",
    "open_result": "sim.runs.result",
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
