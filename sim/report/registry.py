"""Sections of further findings by name: a new kind is a new file with one decorated function."""

from __future__ import annotations

import functools
import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from sim.report.html import Block

Found = Mapping[str, Any]
Content = Callable[[Found], Iterator[Block]]
Grounds = Callable[[Found], Found]


class Section(NamedTuple):
    """A kind of finding: the file it is stored in, its pictures, and its tables."""

    name: str
    doc: str
    file: str
    """Name of the finding in a result folder."""
    pictures: tuple[str, ...]
    """Plots of that folder; one that cannot be drawn of a finding is left out."""
    content: Content
    """``content(found)`` -> tables and paragraphs; the page adds pictures and grounds."""
    grounds: Grounds
    """What `sim.report.grounds.finding_line` reads; the finding itself if it carries it."""

    def holds(self, found: Found) -> bool:
        """Is there anything to tell? A study without claims has a file of them all the same."""
        return bool(found.get(self.name, True))


_SECTIONS: dict[str, Section] = {}


def _itself(found: Found) -> Found:
    return found


def section(
    file: str, pictures: tuple[str, ...] = (), grounds: Grounds = _itself
) -> Callable[[Content], Content]:
    """Register a function that makes a section of the findings stored under a file name.

    Raises
    ------
    ValueError
        Two sections have one name or read one file.
    """

    def register(content: Content) -> Content:
        name = content.__name__
        for known in _SECTIONS.values():
            own = known.content.__module__ == content.__module__ and known.name == name
            if not own and (known.name == name or known.file == file):
                raise ValueError(f"two sections are called {name!r} or read {file}")
        doc = (inspect.getdoc(content) or "").split("\n")[0]
        _SECTIONS[name] = Section(name, doc, file, pictures, content, grounds)
        return content

    return register


@functools.cache
def _load() -> None:
    package = importlib.import_module("sim.report.sections")
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"{package.__name__}.{module.name}")


def sections() -> MappingProxyType[str, Section]:
    """All sections by name, sorted."""
    _load()
    return MappingProxyType(dict(sorted(_SECTIONS.items())))
