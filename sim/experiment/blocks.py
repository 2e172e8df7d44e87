"""Blocks: all worlds of one replicate, run by a worker and written so that they count or do not.

A block is its chunks of the curves, its rows, and last of all a receipt with the SHA-256 of both:
without a receipt the block does not exist.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from sim.errors import SimError
from sim.experiment.curves import EMPTY, Layout, chunk_path, decoded_chunk, encoded_chunk
from sim.experiment.files import json_bytes, read_json, set_aside, sha256, write_atomically
from sim.experiment.rows import parquet_bytes, table_of
from sim.experiment.run import FAILED, ModelMaker, RunRecord, run_world
from sim.experiment.worlds import World

FOLDER = "blocks"
SEAL = "sha256_of_receipt"


@dataclass(frozen=True)
class BlockTask:
    """What a worker needs to run one replicate of every world.

    `same_as` gives for each world the first one of equal scenario: that one alone is run.
    """

    folder: Path
    key: str
    worlds: tuple[World, ...]
    seed: int
    replicate: int
    same_as: tuple[int, ...]
    model: ModelMaker | None = None


@dataclass(frozen=True)
class BlockDone:
    """What a worker hands back: no numbers, those are on disk."""

    replicate: int
    failed: int
    seconds: float


@dataclass(frozen=True)
class Receipt:
    """A finished block: where its rows are, which columns and curves it has."""

    replicate: int
    failed: int
    rows: Path
    facts: tuple[str, ...]
    outcomes: tuple[str, ...]
    layout: Layout


def run_block(task: BlockTask) -> BlockDone:
    """Run every world of a replicate and store the block.

    Raises
    ------
    SimError
        The block cannot be written.
    """
    own = {
        index: run_world(
            task.worlds[index].scenario,
            task.seed,
            task.replicate,
            point=task.worlds[index].name,
            model=task.model,
        )
        for index in sorted(set(task.same_as))
    }
    records = [
        replace(own[first], point=world.name)
        for world, first in zip(task.worlds, task.same_as, strict=True)
    ]
    write_block(task.folder, task.key, records)
    failed = sum(record.status == FAILED for record in records)
    return BlockDone(task.replicate, failed, sum(record.seconds for record in own.values()))


def receipt_path(folder: Path, replicate: int) -> Path:
    """Where the receipt of a replicate lies."""
    return folder / FOLDER / f"{replicate:06d}.json"


def write_block(folder: Path, key: str, records: Sequence[RunRecord]) -> None:
    """Store the runs of one replicate, given in the order of the points.

    Raises
    ------
    SimError
        The disk refuses, or the runs disagree about their curves.
    """
    replicate = records[0].replicate
    layout = EMPTY
    for record in records:
        layout = layout.joined(Layout.of(record.dims, record.axes))
    rows = f"{FOLDER}/{replicate:06d}.parquet"
    files = {
        chunk_path(name, replicate, len(dims)): encoded_chunk(_stacked(records, name, layout))
        for name, dims in layout.dims.items()
    }
    files[rows] = parquet_bytes(table_of(records))
    for path, content in files.items():
        write_atomically(folder / path, content)
    receipt = {
        "key": key,
        "replicate": replicate,
        "failed": sum(record.status == FAILED for record in records),
        "rows": rows,
        "facts": sorted({name for record in records for name in record.facts}),
        "outcomes": sorted({name for record in records for name in record.outcomes}),
        "dims": layout.dims,
        "axes": layout.axes,
        "sha256": {path: sha256(content) for path, content in files.items()},
    }
    write_atomically(receipt_path(folder, replicate), _sealed(receipt))


def _stacked(records: Sequence[RunRecord], name: str, layout: Layout) -> Any:
    months = next(len(r.curves[name]) for r in records if name in r.curves)
    out = np.full((len(records), 1, months, *layout.extent(name)), np.nan)
    for point, record in enumerate(records):
        if name in record.curves:
            own = Layout.of(record.dims, record.axes)
            out[point, 0] = own.widened(record.curves[name], name, layout)
    return out


def widen_block(folder: Path, receipt: Receipt, layout: Layout, worlds: int, months: int) -> None:
    """Store the chunks of a block again under all labels of the ensemble.

    Needed where a world failed in this replicate alone and took labels of its own with it.

    Raises
    ------
    SimError
        The disk refuses.
    """
    path = receipt_path(folder, receipt.replicate)
    document = read_json(path)
    for name, dims in receipt.layout.dims.items():
        chunk = chunk_path(name, receipt.replicate, len(dims))
        shape = (worlds, 1, months, *receipt.layout.extent(name))
        values = decoded_chunk((folder / chunk).read_bytes(), shape)
        content = encoded_chunk(receipt.layout.widened(values, name, layout))
        document["sha256"][chunk] = sha256(content)
        write_atomically(folder / chunk, content)
    document["axes"] = {name: layout.axes[name] for name in receipt.layout.axes}
    write_atomically(path, _sealed(document))


def read_receipt(folder: Path, replicate: int, key: str) -> tuple[Receipt | None, list[str]]:
    """The receipt of a replicate if the whole block is sound, and what had to be put aside.

    Returns
    -------
    tuple
        None as receipt means that the block must be run (again); each line of the list tells of
        one damaged file, which was renamed.
    """
    path = receipt_path(folder, replicate)
    if not path.exists():
        return None, []
    try:
        document = read_json(path)
        if _sealed(document) != path.read_bytes():
            raise SimError("does not carry its own hash")
        if document["key"] != key or document["replicate"] != replicate:
            raise SimError("belongs to another ensemble")
        receipt = Receipt(
            replicate,
            int(document["failed"]),
            folder / document["rows"],
            tuple(document["facts"]),
            tuple(document["outcomes"]),
            Layout(_tuples(document["dims"]), _tuples(document["axes"])),
        )
        hashes = dict(document["sha256"])
    except (SimError, KeyError, TypeError, ValueError, AttributeError):
        return None, [_put_aside(path, replicate)]
    told = [
        _put_aside(folder / name, replicate)
        for name, expected in hashes.items()
        if (folder / name).exists() and sha256((folder / name).read_bytes()) != expected
    ]
    sound = not told and all((folder / name).exists() for name in hashes)
    return (receipt if sound else None), told


def _sealed(document: Mapping[str, Any]) -> bytes:
    """A receipt that carries the hash of the rest of itself."""
    bare = {name: value for name, value in document.items() if name != SEAL}
    return json_bytes(bare | {SEAL: sha256(json_bytes(bare))})


def _tuples(lists: dict[str, list[str]]) -> dict[str, tuple[str, ...]]:
    return {name: tuple(items) for name, items in lists.items()}


def _put_aside(path: Path, replicate: int) -> str:
    aside = set_aside(path, "bad")
    return f"{path} is damaged: kept as {aside.name}, replicate {replicate} runs again"
