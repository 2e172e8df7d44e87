"""Strategies by kind and name; others add theirs by the entry-point group `sim.strategies`."""

from __future__ import annotations

import importlib
import pkgutil
from difflib import get_close_matches
from functools import cache
from importlib.metadata import entry_points
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel

import sim.strategies as package
from sim.parts import Part

KINDS = ("accounts", "agents", "capacity", "marketing", "openness", "pricing", "research")
_CLASSES: dict[str, dict[str, type[Strategy]]] = {kind: {} for kind in KINDS}


class NoParameters(Part):
    """A strategy without parameters."""


class Strategy:
    """A rule of behaviour: `kind` (folder), `name` (in files), its facts and its parameters."""

    kind: str = ""
    name: str = ""
    source: str = ""
    observes: tuple[str, ...] = ()
    deterministic: bool = True
    Parameters: type[Part] = NoParameters
    files: tuple[str, ...] = ()  # parameters that a scenario file may state as a file's name

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if not cls.name:
            return
        if cls.kind not in _CLASSES:
            raise ValueError(f"{cls.__name__}: kind {cls.kind!r} is none of {', '.join(KINDS)}")
        known = _CLASSES[cls.kind].get(cls.name)
        if known is not None and _home(known) != _home(cls):
            raise ValueError(f"two {cls.kind} strategies are called {cls.name!r}")
        _CLASSES[cls.kind][cls.name] = cls

    def __init__(self, parameters: BaseModel | None = None) -> None:
        self.parameters: Any = parameters if parameters is not None else self.Parameters()
        self.reset()

    def reset(self) -> None:
        """Forget everything learned in a run."""


def _home(cls: type) -> tuple[str, str]:
    return cls.__module__, cls.__qualname__


@cache
def _load() -> None:
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        importlib.import_module(module.name)
    for entry in entry_points(group="sim.strategies"):
        entry.load()


def strategies(kind: str) -> MappingProxyType[str, type[Strategy]]:
    """All strategies of a kind by name."""
    _load()
    return MappingProxyType(dict(sorted(_CLASSES[kind].items())))


def nearest(name: str, known: list[str]) -> str:
    """The nearest known name, as a hint, or the list of all."""
    close = get_close_matches(str(name), known, n=1)
    return f"nearest: {close[0]}" if close else f"known: {', '.join(known)}"


class Recipe:
    """A strategy's class and checked parameters, from which it is made as often as wanted.

    Raises
    ------
    ValueError
        No strategy has that name (the message lists the nearest), or a parameter is refused.
    """

    def __init__(self, kind: str, name: str, parameters: dict[str, Any]) -> None:
        known = strategies(kind)
        if name not in known:
            hint = nearest(name, list(known))
            raise ValueError(f"no {kind} strategy is called {name!r} ({hint})")
        self._class = known[name]
        self._parameters = self._class.Parameters.model_validate(parameters)

    def strategy(self) -> Strategy:
        """A new strategy, which has learned nothing yet."""
        return self._class(self._parameters)


def make(kind: str, name: str, parameters: dict[str, Any]) -> Strategy:
    """The strategy of that name with those parameters; errors of `Recipe`."""
    return Recipe(kind, name, parameters).strategy()
