"""Errors that a user can correct; everything else is a bug and shows its traceback."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches

LONGEST_LIST_OF_NAMES = 12


class SimError(Exception):
    """An expected error: the command line prints it in plain lines and exits with 2."""


@dataclass(frozen=True)
class Problem:
    """One thing wrong with an input: where, what was found, which rule it breaks."""

    file: str
    path: str
    value: str
    rule: str
    hint: str = ""

    def __str__(self) -> str:
        where = f"{self.file}: {self.path}" if self.file else self.path
        hint = f" ({self.hint})" if self.hint else ""
        # A name may hold a line break; a problem is one line.
        return f"{where} = {self.value}: {self.rule}{hint}".replace("\n", "\\n")


def nearest_hint(name: object, known: list[str]) -> str:
    """The nearest known name, or the list of all when none is near and the list is short."""
    close = get_close_matches(str(name), known, n=1, cutoff=0.5)
    if close:
        return f"nearest: {close[0]}"
    if not known:
        return "no name is known here"
    listed = ", ".join(known[:LONGEST_LIST_OF_NAMES])
    return f"known: {listed}{', ...' if len(known) > LONGEST_LIST_OF_NAMES else ''}"


class ScenarioError(SimError):
    """All problems of a scenario at once."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in problems))

    def __reduce__(self) -> tuple[type[ScenarioError], tuple[list[Problem]]]:
        return type(self), (list(self.problems),)


class RunFailure(SimError):
    """A run that could not go on: the stage it died in and why."""

    def __init__(self, stage: str, message: str) -> None:
        self.stage = stage
        self.message = message
        super().__init__(f"{stage}: {message}")

    def __reduce__(self) -> tuple[type[RunFailure], tuple[str, str]]:
        return type(self), (self.stage, self.message)
