"""Plots by name: a new plot is a new file with one decorated function."""

from __future__ import annotations

import functools
import importlib
import inspect
import pkgutil
from collections.abc import Callable
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from sim.plot.material import material
from sim.plot.style import settings

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

Draw = Callable[..., "tuple[Figure, Any]"]
Numbers = Callable[..., "pd.DataFrame"]


class Plot(NamedTuple):
    """A kind of figure: what it shows, how it is drawn, and the numbers it draws."""

    name: str
    doc: str
    draw: Draw
    """``draw(data, ..., ax=None) -> (fig, axes)``; data is a result or a `Material`."""
    numbers: Numbers
    """``numbers(data, ...)`` -> the plotted numbers as a tidy table, same options as `draw`."""

    @property
    def takes_measure(self) -> bool:
        """Can it be drawn for any measure of the result?"""
        return "measure" in inspect.signature(self.draw).parameters


_PLOTS: dict[str, Plot] = {}


def plot(numbers: Numbers) -> Callable[[Draw], Draw]:
    """Register a drawing function under its name, with the function that gives its numbers.

    Raises
    ------
    ValueError
        If two plots have one name.
    """

    def register(draw: Draw) -> Draw:
        @functools.wraps(draw)
        def styled(data: Any, *args: Any, **options: Any) -> tuple[Figure, Any]:
            import matplotlib.style

            with matplotlib.style.context(["default", settings()]):
                return draw(material(data), *args, **options)

        @functools.wraps(numbers)
        def table(data: Any, *args: Any, **options: Any) -> pd.DataFrame:
            return numbers(material(data), *args, **options)

        name = draw.__name__
        known = _PLOTS.get(name)
        if known is not None and known.draw.__module__ != draw.__module__:
            raise ValueError(f"two plots are called {name!r}")
        doc = (inspect.getdoc(draw) or "").split("\n")[0]
        _PLOTS[name] = Plot(name, doc, styled, table)
        return styled

    return register


@functools.cache
def _load() -> None:
    package = importlib.import_module("sim.plot")
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"{package.__name__}.{module.name}")


def plots() -> MappingProxyType[str, Plot]:
    """All plots by name, sorted."""
    _load()
    return MappingProxyType(dict(sorted(_PLOTS.items())))
