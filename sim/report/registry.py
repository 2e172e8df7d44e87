"""Sections of further findings by name: a new kind is a new file with one decorated function."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from sim.registry import Registry
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
    """What `sim.report.verdicts.finding_line` reads; the finding itself if it carries it."""

    def holds(self, found: Found) -> bool:
        """Is there anything to show? A study without claims has a file of them all the same."""
        return bool(found.get(self.name, True))


_SECTIONS: Registry[Section] = Registry("section", "sim.report.sections", "sim.sections")
_FILES: Registry[str] = Registry("section of a finding", "sim.report.sections", "sim.sections")


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
        _FILES.add(file, name, content)
        doc = (inspect.getdoc(content) or "").split("\n")[0]
        _SECTIONS.add(name, Section(name, doc, file, pictures, content, grounds), content)
        return content

    return register


def sections() -> Mapping[str, Section]:
    """All sections by name, sorted."""
    return _SECTIONS.all()
