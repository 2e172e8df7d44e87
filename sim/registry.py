"""Things by name: strategies, events, levers, measures, plots, sections of a report."""

from __future__ import annotations

import importlib
import logging
import pkgutil
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from importlib.metadata import entry_points
from types import MappingProxyType
from typing import Any, Generic, TypeVar

from sim.errors import SimError, cut, nearest_hint

T = TypeVar("T")
log = logging.getLogger(__name__)

LOADING_SECONDS = 30.0
"""How long an entry point may take to load."""
on_hang: Callable[[str], None] = log.warning
"""What follows when one takes longer; the command ends itself."""
MAIN = ("__main__", "__mp_main__")
"""The main script, in its own process and in workers that it starts."""
_of_main: set[tuple[str, str]] = set()


def of_main() -> frozenset[tuple[str, str]]:
    """Kind and name of everything that the main script itself defines."""
    return frozenset(_of_main)


class UnknownNameError(SimError, ValueError):
    """Nothing of the wanted kind has that name."""


class Registry(Generic[T]):
    """Things of one kind by name.

    Modules register what they define when they are imported. The first question imports all
    modules of `package` and loads the entry points of `group`, by which other packages add theirs.
    """

    def __init__(self, kind: str, package: str, group: str = "") -> None:
        self.kind = kind
        self.package = package
        self.group = group
        self._items: dict[str, T] = {}
        self._makers: dict[str, tuple[str, str]] = {}

    def add(self, name: str, item: T, maker: type | Callable[..., Any]) -> T:
        """Register the item that this class or function makes.

        ValueError if another class or function has taken the name. The same one may come again
        (reload).
        """
        home = maker.__module__, maker.__qualname__
        known = self._makers.setdefault(name, home)
        if known != home:
            raise ValueError(
                f"two of one name: {self.kind} {name!r} in {'.'.join(known)} and {'.'.join(home)}"
            )
        self._items[name] = item
        if maker.__module__ in MAIN:
            _of_main.add((self.kind, name))
        return item

    def all(self) -> Mapping[str, T]:
        """All by name, sorted; an entry point that cannot be loaded is logged and left out."""
        _load(self.package, self.group)
        return MappingProxyType(dict(sorted(self._items.items())))

    def get(self, name: str) -> T:
        """The one of that name.

        UnknownNameError if there is none; the message names the nearest. SimError if an entry point
        of that name cannot be loaded.
        """
        known = self.all()
        if name not in known:
            if why := _load(self.package, self.group).get(name):
                raise SimError(why)
            hint = nearest_hint(name, list(known))
            raise UnknownNameError(f"no {self.kind} is called {name!r} ({hint})")
        return known[name]


@cache
def _load(package: str, group: str) -> Mapping[str, str]:
    """Import all modules of a package and load the entry points of a group.

    Found are the entry points that cannot be loaded, each with the reason: the code is somebody
    else's, may raise anything or end the process, and the rest works without it.
    """
    folder = importlib.import_module(package).__path__
    for module in pkgutil.walk_packages(folder, f"{package}."):
        importlib.import_module(module.name)
    broken = {}
    for entry in entry_points(group=group) if group else ():
        named = f"entry point {entry.name} = {entry.value} of {group}"
        try:
            with _told_if_it_hangs(named):
                entry.load()
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            why = cut(" ".join(f"{type(error).__name__}: {error}".split()))
            broken[entry.name] = f"{named} cannot be loaded: {why}"
            log.warning("%s; it is left out", broken[entry.name])
    return broken


@contextmanager
def _told_if_it_hangs(named: str) -> Iterator[None]:
    """Tell whose import takes too long, and where: it may hang, in C and with signals blocked."""
    thread = threading.get_ident()

    def tell() -> None:
        frame = sys._current_frames().get(thread)
        where = f", at line {frame.f_lineno} of {frame.f_code.co_filename}" if frame else ""
        late = f"is not loaded in {LOADING_SECONDS:g} s{where}"
        on_hang(f"{named} {late}; without its package all works")

    timer = threading.Timer(LOADING_SECONDS, tell)
    timer.daemon = True
    with suppress(RuntimeError):  # no room for a thread
        timer.start()
    try:
        yield
    finally:
        timer.cancel()
