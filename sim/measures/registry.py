"""Measures by name: pure functions of the market at the end of a month."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar, cast

import numpy as np
import numpy.typing as npt

from sim.registry import Registry

if TYPE_CHECKING:
    from sim.market.model import MarketModel

Floats = npt.NDArray[np.float64]
Read = TypeVar("Read", bound=Callable[..., Any])
DIMENSIONS = ("vendor", "vendor_to", "kind", "segment", "region", "family", "offer")
_MEASURES: Registry[Measure] = Registry("measure", "sim.measures", "sim.measures")


@dataclass(frozen=True)
class Measure:
    """A name, a unit, the dimensions beside the month, a sentence, and how it is read."""

    name: str
    unit: str
    dims: tuple[str, ...]
    doc: str
    read: Callable[[MarketModel], Floats | float]


def read_once(read: Read) -> Read:
    """A function of the market that is computed once while a month is recorded.

    For what several measures build on: nothing changes while they are read.
    """
    name = f"{read.__module__}.{read.__name__}"

    @wraps(read)
    def once(model: MarketModel) -> Any:
        known = model.measured
        if known is None:
            return read(model)
        if name not in known:
            known[name] = read(model)
        return known[name]

    return cast(Read, once)


def measure(unit: str, *dims: str) -> Callable[[Read], Read]:
    """Register a function under its own name; its docstring's first line is the sentence."""
    unknown = set(dims) - set(DIMENSIONS)
    if unknown:
        raise ValueError(f"unknown dimension {sorted(unknown)}; known: {', '.join(DIMENSIONS)}")

    def register(read: Read) -> Read:
        name = read.__name__
        doc = (read.__doc__ or "").strip().split("\n")[0]
        _MEASURES.add(name, Measure(name, unit, dims, doc, read), read)
        return read

    return register


def measures() -> Mapping[str, Measure]:
    """All measures by name."""
    return _MEASURES.all()
