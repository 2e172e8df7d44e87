"""Blocks: some points in some replicates, run by a worker and written."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sim.files import read_bytes
from sim.runs.curves import EMPTY, CurveLayout, Grid, chunk_path, decoded_chunk, encoded_chunk
from sim.runs.files import read_json, sha256, write_atomically
from sim.runs.rows import ABORTED, DONE, FAILED, RunRecord, rows_bytes, table_of
from sim.runs.run import BlockRuns
from sim.runs.stored import Receipt, receipt_path, rows_name, sealed

# Seconds of computing from which on a block is waited for until the disk has it. A quicker one may
# have to run again after a power cut. A kill loses none: the hash shows a half-written file.
WORTH_WAITING = 0.25


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

    SimError if the block cannot be written.
    """
    records = task.work.records()
    write_block(task, records)
    return sum(record.seconds for record in records)


def write_block(task: BlockTask, records: Sequence[RunRecord]) -> None:
    """Store the runs of a block, given in the order of points, then replicates.

    SimError if the disk refuses, or the runs disagree about their curves.
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

    Needed where a world failed in this block alone and took labels of its own with it. SimError if
    the disk refuses.
    """
    path = receipt_path(folder, receipt.block)
    document = read_json(path)
    for name, dims in receipt.layout.dims.items():
        place = chunk_path(name, grid.chunk(receipt.block), len(dims))
        extent = (*grid.shape, months, *receipt.layout.extent(name))
        values = decoded_chunk(read_bytes(folder / place, root=folder), extent)
        content = encoded_chunk(receipt.layout.widened(values, name, layout))
        document["sha256"][place] = sha256(content)
        write_atomically(folder / place, content)
    document["axes"] = {name: layout.axes[name] for name in receipt.layout.axes}
    write_atomically(path, sealed(document))
