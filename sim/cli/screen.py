"""One screen: an answer, its figures and the next commands in 24 lines of 80 columns.

Widths are those of the terminal, where a Chinese character takes two columns. Rich writes colour
where the terminal has it and `NO_COLOR` is not set.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.text import Text

from sim.analysis.verdict.details import Definition, Detail
from sim.analysis.verdict.flips import CONTAINED, NOT_CONTAINED, NOT_KNOWN
from sim.analysis.verdict.words import Answer, Belts, in_currency
from sim.scenario.schema.scenario import Scenario

COLUMNS, LINES = 80, 24
NARROW = 60
LABEL = 12
LEAST_NAME = 6
STYLES = {CONTAINED: "bold green", NOT_CONTAINED: "bold red", NOT_KNOWN: "bold yellow"}
BRACKETS = re.compile(r" \([^()]*\)$")
CUT = " ..."


def columns() -> int:
    """Columns of the terminal, 80 at most; 80 where there is none."""
    return min(COLUMNS, Console().width)


def say(lines: Iterable[Text | str]) -> None:
    """Print lines as they are; colour only where it can be shown."""
    console = Console(soft_wrap=True, highlight=False, markup=False, emoji=False)
    for line in lines:
        console.print(line)


def wrapped(text: str, width: int, first: str = "", rest: str = "", style: str = "") -> list[Text]:
    """A text in lines of a width, broken at spaces; a longer word stands in its own line."""
    lines, line = [], first
    empty = True
    for word in text.split():
        room = cell_len(line) + (0 if empty else 1) + cell_len(word) <= width
        if not (room or empty):
            lines.append(line)
            line, empty = rest, True
        if empty and cell_len(line) + cell_len(word) > width and not word.isascii():
            # Chinese is written without spaces: such a word may break anywhere.
            while cell_len(line) + cell_len(word) > width:
                part = _fitting(word, width - cell_len(line))
                lines.append(line + part)
                line, word = rest, word[len(part) :]
        line += word if empty else f" {word}"
        empty = False
    if not empty or not lines:
        lines.append(line)
    return [Text(found.rstrip(), style=style) for found in lines]


def _fitting(word: str, width: int) -> str:
    """The longest beginning of a word that fits, one character at least."""
    taken = 1
    while taken < len(word) and cell_len(word[: taken + 1]) <= width:
        taken += 1
    return word[:taken]


def clipped(lines: Sequence[Text], most: int, width: int = COLUMNS) -> list[Text]:
    """So many lines at most; three dots end the last where there were more."""
    if len(lines) <= most:
        return list(lines)
    last = lines[most - 1].copy()
    text = last.plain
    while cell_len(text) + len(CUT) > width and " " in text:
        text = text.rpartition(" ")[0]
    if cell_len(text) + len(CUT) > width:
        text = set_cell_size(text, width - len(CUT))
    last.plain = text.rstrip(";, ") + CUT
    return [*lines[: most - 1], last]


def table(rows: Sequence[Sequence[str]], width: int, indent: str = "") -> list[Text]:
    """Rows in columns of one width.

    Where they are too wide the intervals go first, then the names are cut.
    """
    grid = [[str(cell) for cell in row] for row in rows]
    if not grid:
        return []
    if _wide(grid, indent) > width:
        grid = [[row[0], *(BRACKETS.sub("", cell) for cell in row[1:])] for row in grid]
    over = _wide(grid, indent) - width
    if over > 0:
        longest = max(cell_len(row[0]) for row in grid)
        room = max(LEAST_NAME, longest - over)
        grid = [[_cut(row[0], room), *row[1:]] for row in grid]
    widths = [max(map(cell_len, column)) for column in zip(*grid, strict=True)]
    lines = (
        "  ".join(set_cell_size(cell, size) for cell, size in zip(row, widths, strict=True))
        for row in grid
    )
    return [Text(_cut(f"{indent}{line.rstrip()}", width)) for line in lines]


def _wide(grid: Sequence[Sequence[str]], indent: str) -> int:
    sizes = [max(map(cell_len, column)) for column in zip(*grid, strict=True)]
    return len(indent) + sum(sizes) + 2 * (len(sizes) - 1)


def _cut(text: str, width: int) -> str:
    return text if cell_len(text) <= width else set_cell_size(text, width - 1).rstrip() + "…"


def named(name: str, text: str, width: int) -> list[Text]:
    """A text beside its name; on a narrow terminal after it."""
    if width < NARROW:
        lines = wrapped(f"{name}: {text}", width, rest="  ")
        lines[0].stylize("bold", 0, len(name) + 1)
    else:
        lines = wrapped(text, width, f"{name:<{LABEL}}", " " * LABEL)
        lines[0].stylize("bold", 0, LABEL)
    return lines


def command(text: str, width: int, label: str) -> list[Text]:
    """A command that can be copied: broken at spaces with a backslash where it is too long."""
    lines = wrapped(text, width - 2, label, " " * len(label) + "  ")
    for line in lines[:-1]:
        line.append(" \\")
    lines[0].stylize("bold", 0, len(label))
    return lines


@dataclass(frozen=True)
class Room:
    """How much of each part is shown; a smaller one is tried where the screen is too full."""

    belts: int = 6
    answer: int = 9
    row: int = 9
    flips: int = 4
    blanks: bool = True
    next: int = 9


def rooms() -> Iterator[Room]:
    """From all to the least, step by step."""
    room = Room()
    yield room
    for belts in (5, 4):
        room = replace(room, belts=belts)
        yield room
    for change in (
        {"next": 2},
        {"flips": 3},
        {"belts": 3},
        {"row": 3},
        {"flips": 2},
        {"blanks": False},
        {"row": 2, "answer": 4},
        {"belts": 2},
        {"answer": 3},
        {"next": 1},
        {"flips": 1, "row": 1, "answer": 2},
    ):
        room = replace(room, **change)
        yield room


def answer_lines(answer: Answer, width: int | None = None, height: int = LINES) -> list[Text]:
    """An answer as lines of the screen, fewer words where it would not fit."""
    wide = columns() if width is None else width
    lines: list[Text] = []
    for room in rooms():
        lines = _answer_in(answer, wide, room)
        if len(lines) <= height or wide < NARROW:
            break
    return lines


def _answer_in(answer: Answer, width: int, room: Room) -> list[Text]:
    gap = [Text("")] if room.blanks else []
    style = STYLES.get(answer.holds, "bold")
    lines = clipped(wrapped(answer.question, width, style="bold"), 2, width)
    lines += gap
    lines += clipped(wrapped(answer.answer, width, style=style), room.answer, width)
    lines += gap
    for name, text in answer.rows:
        most = room.flips if name == "Would flip" else room.row
        lines += clipped(named(name, text, width), most, width)
    if answer.belts is not None:
        lines += [*gap, *_belts(answer.belts, width, room.belts)]
    lines += gap
    for number, text in enumerate(answer.next[: room.next]):
        lines += command(text, width, f"{'Next' if not number else '':<{LABEL}}")
    lines += wrapped(answer.foot, width, style="dim")
    return lines


def _belts(belts: Belts, width: int, most: int) -> list[Text]:
    lines = table([(belts.title, *belts.head[1:]), *belts.rows[:most]], width)
    lines[0].stylize("dim")
    return lines


def definition_lines(found: Iterable[Definition], width: int | None = None) -> Iterator[Text]:
    """The definitions of containment, each with its claim, what was found and whether it holds."""
    wide = columns() if width is None else width
    for one in found:
        head = f"{one.code} {one.title}: {one.holds}"
        yield Text(head, style="bold")
        yield from wrapped(f"claim: {one.claim}", wide, "   ", "   ")
        yield from wrapped(f"found: {one.found}", wide, "   ", "   ")


def detail_lines(details: Iterable[Detail], width: int | None = None) -> Iterator[Text]:
    """What stands behind an answer, block by block."""
    wide = columns() if width is None else width
    for detail in details:
        if not (detail.lines or detail.rows):
            continue
        yield Text("")
        yield from wrapped(detail.title, wide, style="bold")
        yield from table(detail.rows, wide, "  ")
        for line in detail.lines:
            yield from wrapped(line, wide, "  ", "  ")


def lines_in_currency(lines: Iterable[Text | str], of: Scenario) -> Iterator[Text | str]:
    """Lines of the screen in the currency of a scenario."""
    for line in lines:
        if isinstance(line, Text):
            line.plain = of.currency.words(line.plain)
            yield line
        else:
            yield of.currency.words(line)


def conclude(
    answer: Answer, behind: Iterable[str] = (), verbose: bool = False, of: Scenario | None = None
) -> None:
    """Print an answer on one screen and, where asked for, all that stands behind it.

    Money is told in the currency of the scenario `of`.
    """
    say(answer_lines(answer if of is None else in_currency(answer, of)))
    if verbose:
        say(["", *(behind if of is None else lines_in_currency(behind, of))])
