"""Blocks: some points in some replicates, run and written by a worker, and their receipts.

A receipt says what a block holds and the hashes of its files.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from sim.errors import SimError
from sim.runs.curves import EMPTY, CurveLayout, Grid, chunk_path, decoded_chunk, encoded_chunk
from sim.runs.files import read_json, set_aside, sha256, write_atomically
from sim.runs.rows import ABORTED, DONE, FAILED, RunRecord, rows_bytes, table_of
from sim.runs.run import BlockRuns

FOLDER = "blocks"
SEAL = "sha256_of_receipt"
SEAL_LINE = f',\n  "{SEAL}": '  # its name sorts behind all others
END = b"\n}\n"
ROWS_SUFFIX = "arrow"
KINDS = 256  # of layouts and sets of columns that blocks of one ensemble share
# Seconds of computing from which on a block is waited for until the disk has it. A quicker one may
# have to run again after a power cut. A kill loses none: the hash shows a half-written file.
WORTH_WAITING = 0.25


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


@dataclass(frozen=True)
class BlockTask:
    """What a worker needs to run and store a block."""

    folder: Path
    key: str
    block: int
    grid: Grid
    work: BlockRuns


def run_block(task: BlockTask) -> float:
    """Run a block and store it; the seconds of computing. The numbers are on disk.

    Raises
    ------
    SimError
        The block cannot be written.
    """
    records = task.work.records()
    write_block(task, records)
    return sum(record.seconds for record in records)


def write_block(task: BlockTask, records: Sequence[RunRecord]) -> None:
    """Store the runs of a block, given in the order of points, then replicates.

    Raises
    ------
    SimError
        The disk refuses, or the runs disagree about their curves.
    """
    layout = EMPTY
    own = [CurveLayout.of(record.dims, record.axes) for record in records]
    for one in own:
        if one != layout:
            layout = layout.joined(one)
    rows = rows_name(task.block)
    files = {
        chunk_path(name, task.grid.chunk(task.block), len(dims)): encoded_chunk(
            _stacked(task, records, own, name, layout)
        )
        for name, dims in layout.dims.items()
    }
    files[rows] = rows_bytes(table_of(records, task.work.kinds))
    for path, content in files.items():
        write_atomically(task.folder / path, content, settle=False)
    receipt = {
        "key": task.key,
        "block": task.block,
        "failed": sum(record.status == FAILED for record in records),
        "aborted": sum(record.status == ABORTED for record in records),
        "rows": rows,
        "facts": sorted({name for record in records for name in record.facts}),
        "outcomes": sorted({name for record in records for name in record.outcomes}),
        "dims": layout.dims,
        "axes": layout.axes,
        "sha256": {path: sha256(content) for path, content in files.items()},
    }
    waited_for = sum(record.seconds for record in records) >= WORTH_WAITING
    write_atomically(receipt_path(task.folder, task.block), sealed(receipt), settle=waited_for)


def _stacked(
    task: BlockTask,
    records: Sequence[RunRecord],
    own: Sequence[CurveLayout],
    name: str,
    layout: CurveLayout,
) -> Any:
    """Curves of a whole chunk, (points, replicates, months, *dims); NaN where there is no run."""
    months = next(len(r.curves[name]) for r in records if name in r.curves)
    shape, replicates = task.grid.shape, len(task.work.replicates)
    if len(records) == math.prod(shape) and all(one == layout for one in own):
        together = np.stack([record.curves[name] for record in records])
        return together.reshape(*shape, months, *layout.extent(name))
    out = np.full((*shape, months, *layout.extent(name)), np.nan)
    for number, record in enumerate(records):
        if record.status == DONE and name in record.curves:
            place = divmod(number, replicates)
            out[place] = own[number].widened(record.curves[name], name, layout)
    return out


def widen_block(
    folder: Path, receipt: Receipt, grid: Grid, months: int, layout: CurveLayout
) -> None:
    """Store the chunks of a block, of so many months, again under all labels of the ensemble.

    Needed where a world failed in this block alone and took labels of its own with it.

    Raises
    ------
    SimError
        The disk refuses.
    """
    path = receipt_path(folder, receipt.block)
    document = read_json(path)
    for name, dims in receipt.layout.dims.items():
        place = chunk_path(name, grid.chunk(receipt.block), len(dims))
        extent = (*grid.shape, months, *receipt.layout.extent(name))
        values = decoded_chunk((folder / place).read_bytes(), extent)
        content = encoded_chunk(receipt.layout.widened(values, name, layout))
        document["sha256"][place] = sha256(content)
        write_atomically(folder / place, content)
    document["axes"] = {name: layout.axes[name] for name in receipt.layout.axes}
    write_atomically(path, sealed(document))
