"""Errors that a user can correct; everything else is a bug and shows its traceback."""

from __future__ import annotations

import errno
from collections.abc import Collection
from dataclasses import dataclass, replace
from difflib import get_close_matches
from itertools import islice

LONGEST_LIST_OF_NAMES = 12
MOST_LINES = 50
"""Problems that are written out; of the others their number is told."""
LONGEST_PART = 400
MOST_COMPARED = 300
"""Known names among which the nearest is looked for; of more, those that begin alike."""


class SimError(Exception):
    """An expected error: the command line prints it in plain lines and exits with 2."""


@dataclass(frozen=True)
class Problem:
    """One thing wrong with an input: where, what was found, which rule it breaks."""

    file: str
    path: str
    value: str
    rule: str
    hint: str | Nearest = ""

    def __str__(self) -> str:
        where = f"{cut(self.file)}: {cut(self.path)}" if self.file else cut(self.path)
        text = cut(str(self.hint))
        hint = f" ({text})" if text else ""
        # A name may hold a line break; a problem is one line.
        return f"{where} = {cut(self.value)}: {cut(self.rule)}{hint}".replace("\n", "\\n")


def cut(text: str) -> str:
    """The text, cut if it is very long."""
    return text if len(text) <= LONGEST_PART else f"{text[: LONGEST_PART - 4]} ..."


@dataclass(frozen=True)
class Nearest:
    """A hint that is looked for when it is read: of ten thousand problems few are."""

    name: object
    known: Collection[str]

    def __str__(self) -> str:
        return nearest_hint(self.name, self.known)


def nearest_hint(name: object, known: Collection[str]) -> str:
    """The nearest known name, or the list of all when none is near and the list is short."""
    wanted = str(name)[:LONGEST_PART]
    likely = known
    if len(known) > MOST_COMPARED:
        likely = [one for one in known if one[:2].lower() == wanted[:2].lower()][:MOST_COMPARED]
    close = get_close_matches(wanted, likely, n=1, cutoff=0.5)
    if close:
        return f"nearest: {close[0]}"
    if not known:
        return "no name is known here"
    listed = ", ".join(islice(known, LONGEST_LIST_OF_NAMES))
    return f"known: {listed}{', ...' if len(known) > LONGEST_LIST_OF_NAMES else ''}"


class ScenarioError(SimError):
    """All problems of a scenario at once."""

    def __init__(self, problems: list[Problem]) -> None:
        shown = [replace(problem, hint=str(problem.hint)) for problem in problems[:MOST_LINES]]
        self.problems = (*shown, *problems[MOST_LINES:])
        lines = [str(problem) for problem in shown]
        if len(problems) > MOST_LINES:
            lines.append(f"... and {len(problems) - MOST_LINES:,} problems more")
        super().__init__("\n".join(lines))

    def __reduce__(self) -> tuple[type[ScenarioError], tuple[list[Problem]]]:
        return type(self), ([replace(p, hint=str(p.hint)) for p in self.problems],)


class RunFailure(SimError):
    """A run that could not go on: the stage it died in and why."""

    def __init__(self, stage: str, message: str) -> None:
        self.stage = stage
        self.message = message
        super().__init__(f"{stage}: {message}")

    def __reduce__(self) -> tuple[type[RunFailure], tuple[str, str]]:
        return type(self), (self.stage, self.message)


NUMBERS = "EAGAIN EDQUOT EIO EMFILE ENFILE ENOMEM ENOSPC EROFS EACCES EPERM"
SCARCE = {getattr(errno, name) for name in NUMBERS.split() if hasattr(errno, name)}
SHORTAGES = (
    "can't start new thread",
    "cannot cache function",
    "failed to map segment",
    "cannot allocate memory",
    "Unable to allocate",
    "Failed to launch worker thread",
)
"""Words of errors of Python, its loader, numba, NumPy and Arrow that no type calls a shortage."""


def is_shortage(error: BaseException | None) -> bool:
    """Whether the machine is short of something: the same work may end well another time.

    Memory, disk, files, threads, and whatever these were the cause of.
    """
    if error is None:
        return False
    if isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno in SCARCE):
        return True
    return any(words in str(error) for words in SHORTAGES) or is_shortage(error.__cause__)


def short_of(error: BaseException) -> str:
    """What a shortage is, in a line."""
    words = " ".join(str(error).split()) or type(error).__name__
    return (
        f"this machine is short of memory, disk, files or threads ({words}); the same command goes "
        "on when it has more"
    )
