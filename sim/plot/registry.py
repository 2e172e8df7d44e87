"""Plots by name: a new plot is a new file with one decorated function."""

from __future__ import annotations

import functools
import inspect
import warnings
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from sim.plot.material import material
from sim.plot.style import settings
from sim.registry import Registry

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
    of: str = "runs"
    """Whether it shows worlds, points of a sweep, or either: `RUNS`, `SWEEPS`, `BOTH`."""

    def takes(self, option: str) -> bool:
        """Does it have this option?"""
        return option in inspect.signature(self.draw).parameters

    @property
    def takes_measure(self) -> bool:
        """Can it be drawn for any measure of the result?"""
        return self.takes("measure")


RUNS, SWEEPS, BOTH = "runs", "sweeps", "both"
PLOTS: Registry[Plot] = Registry("plot", "sim.plot", "sim.plots")


def plot(numbers: Numbers, *, of: str = RUNS) -> Callable[[Draw], Draw]:
    """Register a drawing function under its name, with the function that gives its numbers.

    `of` says whether it shows worlds or points of a sweep. An option `by` takes names of factors,
    `where` the values of factors at which points are kept.

    Raises
    ------
    ValueError
        If two plots have one name.
    """

    def register(draw: Draw) -> Draw:
        @functools.wraps(draw)
        def styled(data: Any, *args: Any, **options: Any) -> tuple[Figure, Any]:
            import matplotlib.style

            with matplotlib.style.context(["default", settings()]), warnings.catch_warnings():
                # A character that no installed font has is drawn as a box; `tell_boxes` says so.
                warnings.filterwarnings("ignore", message="Glyph .* missing from font")
                return draw(material(data), *args, **options)

        @functools.wraps(numbers)
        def table(data: Any, *args: Any, **options: Any) -> pd.DataFrame:
            return numbers(material(data), *args, **options)

        name = draw.__name__
        doc = (inspect.getdoc(draw) or "").split("\n")[0]
        PLOTS.add(name, Plot(name, doc, styled, table, of), draw)
        return styled

    return register


def plots() -> Mapping[str, Plot]:
    """All plots by name, sorted."""
    return PLOTS.all()
