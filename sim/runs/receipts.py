"""Receipts of finished blocks: what a block holds, and the hashes of its files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from sim.errors import SimError
from sim.runs.curves import CurveLayout
from sim.runs.files import set_aside, sha256

FOLDER = "blocks"
SEAL = "sha256_of_receipt"
SEAL_LINE = f',\n  "{SEAL}": '  # its name sorts behind all others
END = b"\n}\n"
ROWS_SUFFIX = "arrow"
KINDS = 256  # of layouts and sets of columns that blocks of one ensemble share


@dataclass(frozen=True, slots=True)
class Receipt:
    """A finished block: how many of its runs have no numbers, which columns and curves it has."""

    block: int
    failed: int
    aborted: int
    facts: tuple[str, ...]
    outcomes: tuple[str, ...]
    layout: CurveLayout

    @property
    def without_numbers(self) -> int:
        """Runs that failed or were aborted."""
        return self.failed + self.aborted


def receipt_path(folder: Path, block: int) -> Path:
    """Where the receipt of a block lies."""
    return folder / FOLDER / f"{block:06d}.json"


def rows_path(folder: Path, block: int) -> Path:
    """Where the rows of a block lie."""
    return folder / rows_name(block)


def rows_name(block: int) -> str:
    """Path of the rows of a block inside the result folder."""
    return f"{FOLDER}/{block:06d}.{ROWS_SUFFIX}"


def sealed(document: Mapping[str, Any]) -> bytes:
    """A receipt that carries the hash of the rest of itself; a line for each key."""
    lines = [f'  "{name}": {_line(document[name])}' for name in sorted(document) if name != SEAL]
    return _closed(("{\n" + ",\n".join(lines)).encode() + END)


def _line(value: Any) -> str:
    # Without an indent json writes ten times as fast.
    return json.dumps(value, sort_keys=True, ensure_ascii=False, allow_nan=False)


def _closed(bare: bytes) -> bytes:
    return bare.removesuffix(END) + f'{SEAL_LINE}"{sha256(bare)}"'.encode() + END


def _is_sound(content: bytes) -> bool:
    """Whether a receipt carries its own hash."""
    rest = content.rpartition(SEAL_LINE.encode())[0]
    return _closed(rest + END) == content


def read_receipt(
    folder: Path, block: int, key: str, label: str
) -> tuple[Receipt | None, list[str]]:
    """The receipt of a block if the whole block is sound, and what had to be put aside.

    Returns
    -------
    tuple
        None as receipt means that the block must be run (again); each line of the list tells of
        one damaged file, which was renamed.
    """
    path = receipt_path(folder, block)
    if not path.exists():
        return None, []
    try:
        content = path.read_bytes()
        if not _is_sound(content):
            raise SimError("does not carry its own hash")
        document = json.loads(content)
        if document["key"] != key or document["block"] != block:
            raise SimError("belongs to another ensemble")
        receipt = Receipt(
            block,
            int(document["failed"]),
            int(document["aborted"]),
            _names("\n".join(document["facts"])),
            _names("\n".join(document["outcomes"])),
            _layout(json.dumps([document["dims"], document["axes"]])),
        )
        hashes = dict(document["sha256"])
        if rows_name(block) not in hashes:
            raise SimError("has its rows in another form")
    except (OSError, SimError, KeyError, TypeError, ValueError, AttributeError):
        return None, [_put_aside(path, label)]
    damaged = [
        _put_aside(folder / name, label)
        for name, expected in hashes.items()
        if (folder / name).exists() and sha256((folder / name).read_bytes()) != expected
    ]
    sound = not damaged and all((folder / name).exists() for name in hashes)
    return (receipt if sound else None), damaged


@lru_cache(KINDS)
def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split("\n")) if text else ()


@lru_cache(KINDS)
def _layout(text: str) -> CurveLayout:
    # Thousands of blocks have the same labels; they are kept once.
    dims, axes = json.loads(text)
    return CurveLayout(_tuples(dims), _tuples(axes))


def _tuples(lists: dict[str, list[str]]) -> dict[str, tuple[str, ...]]:
    return {name: tuple(items) for name, items in lists.items()}


def _put_aside(path: Path, label: str) -> str:
    aside = set_aside(path, "bad")
    verb = "runs" if label.startswith("replicate ") else "run"
    return f"{path} is damaged: kept as {aside.name}, {label} {verb} again"
