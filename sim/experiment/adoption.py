"""Blocks of an ensemble taken over by a larger one of the same runs."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from sim.experiment.curves import chunk_path
from sim.experiment.files import cannot_write, read_json, write_atomically
from sim.experiment.plan import AnyPlan
from sim.experiment.receipts import read_receipt, receipt_path, rows_path, sealed
from sim.experiment.store import Store


def adopt_blocks(store: Store, folder: Path, earlier: AnyPlan) -> int:
    """Take over the sound blocks of an earlier plan that differs in its replicates alone.

    Files are linked, or copied where the disk knows no links; the earlier folder stays as it is.

    Returns
    -------
    int
        How many were taken.

    Raises
    ------
    SimError
        The disk refuses.
    """
    grid, before = store.plan.grid, earlier.grid
    places = {
        (before.points_of(block), before.replicates_of(block)): block
        for block in range(before.blocks)
    }
    taken = 0
    for block in store.missing():
        old = places.get((grid.points_of(block), grid.replicates_of(block)))
        if old is None or grid.shape != before.shape:
            continue
        receipt, _ = read_receipt(folder, old, earlier.key, before.label(old))
        if receipt is None:
            continue
        document = read_json(receipt_path(folder, old))
        hashes = dict(document["sha256"])
        for name, dims in receipt.layout.dims.items():
            place = chunk_path(name, grid.chunk(block), len(dims))
            _link(folder / place, store.folder / place)
        rows = rows_path(store.folder, block)
        _link(rows_path(folder, old), rows)
        digest = hashes.pop(rows_path(folder, old).relative_to(folder).as_posix())
        name = rows.relative_to(store.folder).as_posix()
        changed = {"key": store.plan.key, "block": block, "rows": name}
        content = sealed({**document, **changed, "sha256": {**hashes, name: digest}})
        write_atomically(receipt_path(store.folder, block), content)
        store.take(block)
        taken += 1
    return taken


def _link(source: Path, target: Path) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        try:
            os.link(source, target)
        except OSError:
            shutil.copyfile(source, target)
    except OSError as error:
        raise cannot_write(target, error) from error
