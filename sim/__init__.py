"""Agent-based simulator of a market for model calls and accelerators: who contains whom, and why.

The public names are loaded when they are first used, so that `import sim` costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sim.analysis.headline import headline
    from sim.api import JudgedResult as Result
    from sim.api import JudgedResult as SweepResult
    from sim.api import compare, open_result, run, sweep
    from sim.api import open_result as open
    from sim.market.model import MarketModel
    from sim.runs.study.reader import load_study
    from sim.scenario.reader import load
    from sim.scenario.schema.scenario import Scenario

__all__ = [
    "MarketModel",
    "Result",
    "Scenario",
    "SweepResult",
    "__version__",
    "compare",
    "headline",
    "load",
    "load_study",
    "open",
    "open_result",
    "run",
    "sweep",
]

_HOMES = {
    "MarketModel": ("sim.market.model", "MarketModel"),
    "Result": ("sim.api", "JudgedResult"),
    "Scenario": ("sim.scenario.schema.scenario", "Scenario"),
    "SweepResult": ("sim.api", "JudgedResult"),
    "compare": ("sim.api", "compare"),
    "headline": ("sim.analysis.headline", "headline"),
    "load": ("sim.scenario.reader", "load"),
    "load_study": ("sim.runs.study.reader", "load_study"),
    "open": ("sim.api", "open_result"),
    "open_result": ("sim.api", "open_result"),
    "run": ("sim.api", "run"),
    "sweep": ("sim.api", "sweep"),
}


def __getattr__(name: str) -> Any:
    import importlib

    if name == "__version__":
        from importlib.metadata import version

        value: Any = version("sim")
    elif name in _HOMES:
        module, own_name = _HOMES[name]
        value = getattr(importlib.import_module(module), own_name)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
