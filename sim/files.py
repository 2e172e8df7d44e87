"""The door for every file that a user names or a result holds: what is read, what is written.

Only regular files are opened, without waiting for them, up to a size, inside a folder if one is
given. What lies in the way of a new file and is none of ours stays as it is.
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
import stat
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

from sim.errors import Problem, ScenarioError, SimError, cut

LARGEST_DOCUMENT = 64_000_000
LARGEST_TABLE = 4_000_000_000
PIECE = 1 << 20
SAME_HEAD = 100
"""First bytes that a file of ours shares with what takes its place."""
LONGEST_NAME = 120
NOT_REGULAR = "is no regular file"
_QUOTED = re.compile(r" (\(.*\)|'.*'|\".*\")")


class FileError(SimError):
    """A file that is not read or not written: which, and the rule that it breaks."""

    def __init__(self, path: Path | str, rule: str) -> None:
        self.path = brief(path)
        self.rule = rule
        super().__init__(f"{self.path}: {rule}")

    def __reduce__(self) -> tuple[type[FileError], tuple[str, str]]:
        return type(self), (self.path, self.rule)


def brief(path: Path | str) -> str:
    """A path, cut in the middle if it is very long."""
    text = str(path)
    if len(text) <= LONGEST_NAME:
        return text
    return f"{text[: LONGEST_NAME // 2]} ... {text[-LONGEST_NAME // 3 :]}"


def inside(path: Path, root: Path) -> Path:
    """The path with its links followed. FileError if it leads out of the folder `root`."""
    try:
        found = path.resolve()
        if found.is_relative_to(root.resolve()):
            return found
    except (OSError, RuntimeError, ValueError) as error:
        raise FileError(path, f"cannot be followed: {_reason(error)}") from None
    raise FileError(path, f"leads out of {root.name or root}/")


def _reason(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error)


def open_regular(path: Path | str) -> BinaryIO:
    """A regular file, opened for reading. FileError for anything else: nothing is waited for."""
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):  # an open alone may do things to a device
            raise FileError(path, NOT_REGULAR)
        descriptor = os.open(path, flags)
    except FileNotFoundError:
        raise FileError(path, "no such file") from None
    except (OSError, ValueError) as error:
        raise FileError(path, _reason(error)) from None
    file = os.fdopen(descriptor, "rb")
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        file.close()
        raise FileError(path, NOT_REGULAR)
    return file


def read_bytes(path: Path | str, largest: int = LARGEST_TABLE, root: Path | None = None) -> bytes:
    """What a regular file holds.

    Parameters
    ----------
    largest
        Most bytes that are read.
    root
        The folder out of which the path may not lead, its links followed.

    Raises
    ------
    FileError
        There is no such file, it is no regular one, leads out of the folder, or is larger.
    """
    if root is not None:
        inside(Path(path), root)
    with open_regular(path) as file:
        if os.fstat(file.fileno()).st_size > largest:
            raise FileError(path, f"is larger than {largest} bytes")
        try:
            content = bytearray()
            while len(content) <= largest and (piece := file.read(PIECE)) != b"":
                if piece is None:  # a file that has nothing yet, such as a log of the system
                    raise FileError(path, NOT_REGULAR)
                content += piece
        except OSError as error:
            raise FileError(path, _reason(error)) from None
    if len(content) > largest:
        raise FileError(path, f"is larger than {largest} bytes")
    return bytes(content)


def read_text(path: Path | str, largest: int = LARGEST_DOCUMENT, root: Path | None = None) -> str:
    """The text of a regular file in UTF-8. FileError as `read_bytes`, or if it is no such text."""
    content = read_bytes(path, largest, root)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise FileError(path, f"line {line} is no UTF-8 text") from None


def json_of(text: str | bytes) -> Any:
    """What a JSON text says. ValueError, without a word of the text, if it is none."""
    try:
        return json.loads(text, parse_constant=_no_constant)
    except RecursionError:
        raise ValueError("nested too deep") from None
    except UnicodeDecodeError:
        raise ValueError("no UTF-8 text") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"{error.msg}: line {error.lineno} column {error.colno}") from None


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")


def csv_rows(text: str, file: str) -> list[tuple[int, list[str]]]:
    """Line and cells of every row of a CSV that holds something; the first are the column names.

    ScenarioError with all problems at once: lines or cells that are parted otherwise, columns
    without a name or with that of another, rows with more or fewer cells than there are columns.
    """
    bare = re.search("\r(?!\n)|\0", text)
    if bare:
        line = text.count("\n", 0, bare.start()) + 1
        rule = "must hold text whose lines end with a line feed"
        raise ScenarioError([Problem(file, f"line {line}", repr(bare[0]), rule)])
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows: list[tuple[int, list[str]]] = []
    problems: list[Problem] = []
    last = 0
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                rows.append((last + 1, [cell.strip() for cell in row]))
            last = reader.line_num
    except csv.Error as error:
        raise ScenarioError(
            [Problem(file, f"line {last + 1}", "(text)", f"is no CSV: {error}")]
        ) from None
    for line, row in rows[:1]:
        for number, name in enumerate(row, 1):
            place, twice = f"line {line}, column {number}", name in row[: number - 1]
            if not name or twice:
                rule = "another column has this name" if twice else "needs a name"
                problems.append(Problem(file, place, f'"{cut(name)}"', rule))
            if len(row) == 1 and (found := [sign for sign in ";\t|" if sign in name]):
                rule = f"cells must be parted by commas, not {found[0]!r}"
                problems.append(Problem(file, place, f'"{cut(name)}"', rule))
    width = len(rows[0][1]) if rows else 0
    for line, row in rows[1:]:
        if len(row) != width:
            more = "write decimals with a point, and cells with commas in quotes"
            hint = more if len(row) > width else "leave a cell empty, but do not leave it out"
            value = f"{len(row)} cells, columns: {width}"
            problems.append(Problem(file, f"line {line}", value, "must be as many", hint))
    if problems:
        raise ScenarioError(problems)
    return rows


DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+(?:[eE][+-]?\d+)?")


def without_content(message: str) -> str:
    """What a parser says, without what it quotes of the text."""
    return _QUOTED.sub("", message)


def refuse_irregular(path: Path) -> bool:
    """Whether a file lies at a path. FileError for what is no regular file; that stays."""
    try:
        mode = os.stat(path).st_mode
    except FileNotFoundError:
        return False
    except (OSError, ValueError) as error:
        raise FileError(path, _reason(error)) from None
    if not stat.S_ISREG(mode):
        raise FileError(path, f"{NOT_REGULAR}; nothing was written")
    return True


def refuse_foreign(path: Path, content: bytes, head: int = SAME_HEAD) -> None:
    """Refuse to write where a file lies whose first `head` bytes are not those of the content.

    FileError for such a file, and for what is no regular file.
    """
    if not refuse_irregular(path):
        return
    with open_regular(path) as file:
        found = file.read(head)
    if found and found != content[:head]:
        raise FileError(
            path, "is there already and was not written by this command; choose another file"
        )


def write_new(path: Path, text: str) -> None:
    """Write a file that is not there yet. FileExistsError if it is; FileError if it cannot be."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
    except FileExistsError:
        raise
    except (OSError, ValueError) as error:
        raise FileError(path, f"cannot be written: {_reason(error)}") from None


def append_line(path: Path, text: str) -> None:
    """Add a line to a regular file. OSError if the disk refuses, FileError for a device."""
    refuse_irregular(path)
    with path.open("a", encoding="utf-8", newline="\n") as file:
        file.write(text + "\n")
