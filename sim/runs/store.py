"""The result folder: what is finished in it, and how it is finished."""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sim.errors import SimError
from sim.files import read_bytes, read_text
from sim.runs.blocks import BlockTask, widen_block
from sim.runs.curves import EMPTY, ROOT, chunk_path, described
from sim.runs.files import (
    cannot_write,
    json_bytes,
    locked,
    made_with,
    read_json,
    sha256,
    stream_once,
    write_atomically,
    write_once,
)
from sim.runs.plan import RunPlan
from sim.runs.rows import (
    FAILED,
    in_order,
    read_rows,
    schema_of,
    table_of,
    write_joined,
)
from sim.runs.stored import (
    MANIFEST,
    RUNS,
    SCENARIO,
    Receipt,
    check_schema,
    read_receipt,
    receipt_path,
    rows_name,
    sealed,
)
from sim.scenario.patches import to_toml

SUMS = "blocks/tables.sha256"
RUNNING = "running"
INTERRUPTED = "interrupted"
COMPLETE = "done"

log = logging.getLogger(__name__)


class Store:
    """A result folder that this process alone writes the common files of."""

    def __init__(self, folder: Path, plan: RunPlan) -> None:
        self.folder = folder
        self.plan = plan
        self.receipts: dict[int, Receipt] = {}
        self._session: dict[str, Any] | None = None

    @classmethod
    @contextmanager
    def opened(cls, out: Path, plan: RunPlan, name: str = "") -> Iterator[Store]:
        """The folder of a plan under `out`, made if need be, locked while open.

        It is called by a name of its own, if one is given, else by that of the plan.

        SimError if the folder is of another schema version, of another ensemble or no result
        folder, is in use, or cannot be written.
        """
        folder = out / (name or plan.folder_name)
        check_folder(folder, plan)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise cannot_write(folder, error) from error
        with locked(folder):
            store = cls(folder, plan)
            store.look()
            yield store

    def look(self) -> None:
        """Find the sound blocks; damaged files are put aside and logged.

        A block with aborted runs is not among them: its machine failed it, so it is run again.
        """
        for block in range(self.plan.grid.blocks):
            receipt, damaged = self._read(block)
            for line in damaged:
                log.warning(line)
            if receipt is not None and not receipt.aborted:
                self.receipts[block] = receipt

    def _read(self, block: int) -> tuple[Receipt | None, list[str]]:
        return read_receipt(self.folder, block, self.plan.key, self.plan.grid.label(block))

    def take(self, block: int) -> None:
        """Note a block that a worker has just written.

        SimError if the block is not there or not sound.
        """
        receipt, damaged = self._read(block)
        if receipt is None:
            raise SimError(
                f"{self.plan.grid.label(block)} left no sound block; {'; '.join(damaged)}"
            )
        self.receipts[block] = receipt

    def missing(self) -> list[int]:
        """Blocks that are still to be run."""
        return [block for block in range(self.plan.grid.blocks) if block not in self.receipts]

    def task(self, block: int) -> BlockTask:
        """What a worker needs to run a block."""
        work = self.plan.block_runs(block)
        return BlockTask(self.folder, self.plan.key, block, self.plan.grid, work)

    def is_finished(self) -> bool:
        """Whether an earlier run came to its end here and every block of it is still sound."""
        path = self.folder / MANIFEST
        status = read_json(path).get("status") if path.exists() else None
        return status in (COMPLETE, FAILED) and not self.missing()

    def is_whole(self) -> bool:
        """Whether, besides its blocks, all tables are there as the last run left them."""
        path = self.folder / SUMS
        if not self.is_finished() or not path.is_file():
            return False
        try:
            lines = [line.split("  ", 1) for line in read_text(path).splitlines()]
            return all(sha256(read_bytes(self.folder / name)) == sum_ for sum_, name in lines)
        except (SimError, OSError, ValueError):
            return False

    def _write_sums(self, names: Iterable[str | Path]) -> None:
        """Check sums of the tables, as `sha256sum --check` reads them in the result folder."""
        lines = [f"{sha256(read_bytes(self.folder / name))}  {name}\n" for name in names]
        write_atomically(self.folder / SUMS, "".join(lines).encode())

    def start(self, workers: int) -> None:
        """Register the whole ensemble and the beginning of this stretch of work."""
        reused = len(self.receipts)
        self._session = {**made_with(), "started": _now(), "workers": workers, "reused": reused}
        self._write_inputs()
        self._write_manifest(RUNNING, ())

    def _write_inputs(self) -> None:
        write_once(self.folder / SCENARIO, to_toml(self.plan.scenario).encode())
        for name, content in self.plan.files.items():
            write_once(self.folder / name, content)

    def interrupted(self, lost: Collection[int] = ()) -> None:
        """Note that work stopped before the end."""
        self._write_manifest(INTERRUPTED, lost)

    def finish(self, lost: Collection[int], run_seconds: float) -> None:
        """Write the table of runs, the description of the curves and the manifest.

        Runs of `lost` blocks, which ended their worker and were never stored, are aborted.
        `run_seconds` is the computing time of the runs of this stretch.
        """
        plan, layout = self.plan, EMPTY
        for shared in {id(r.layout): r.layout for r in self.receipts.values()}.values():
            layout = layout.joined(shared)
        for receipt in self.receipts.values():
            if any(layout.axes[name] != held for name, held in receipt.layout.axes.items()):
                widen_block(self.folder, receipt, plan.grid, len(plan.months), layout)
        self._write_inputs()
        attributes = measure_attributes(sorted(layout.dims))
        start = plan.scenario.calendar.start
        files = described(layout, plan.names, plan.grid, start, plan.months, attributes)
        for path, content in files.items():
            write_once(self.folder / path, content, settle=path == ROOT)
        write_runs(self.folder, plan, self.receipts)
        self._write_sums([SCENARIO, *plan.files, *files, RUNS])
        if self._session is not None:
            counts = self._counts(lost)
            without = counts["failed"] + counts["aborted"]
            self._session |= {"run_seconds": round(run_seconds, 3), "failed_runs": without}
            self._write_manifest(FAILED if without else COMPLETE, lost)

    def _counts(self, lost: Collection[int]) -> dict[str, int]:
        grid = self.plan.grid
        failed = sum(r.failed for r in self.receipts.values())
        aborted = sum(r.aborted for r in self.receipts.values())
        aborted += sum(grid.runs_of(block) for block in lost)
        stored = sum(grid.runs_of(block) for block in self.receipts)
        done = stored - sum(r.without_numbers for r in self.receipts.values())
        pending = grid.runs - done - failed - aborted
        return {"pending": pending, "done": done, "failed": failed, "aborted": aborted}

    def _write_manifest(self, status: str, lost: Collection[int]) -> None:
        plan = self.plan
        path = self.folder / MANIFEST
        before = read_json(path).get("sessions", []) if path.exists() else []
        session = dict(self._session or {})
        if status != RUNNING:
            session["ended"] = _now()
        earlier = [entry for entry in before if entry.get("started") != session.get("started")]
        spawned = [[replicate] for replicate in range(plan.grid.replicates)]
        document = {
            **plan.inputs,
            **made_with(),
            **plan.facts,
            "key": plan.key,
            "seeds": {"entropy": plan.seed, "spawn_keys": spawned},
            "grid": asdict(plan.grid),
            "runs": self._counts(lost),
            "lost_blocks": sorted(lost),
            "status": status,
            "sessions": [*earlier, {**session, "status": status}],
        }
        write_atomically(path, json_bytes(document))


def adopt_blocks(store: Store, folder: Path, earlier: RunPlan) -> None:
    """Take over the sound blocks of an earlier plan that differs in its replicates alone.

    Where replicates have draws, those of the earlier plan are the first of this one.

    Files are linked, or copied where the disk knows no links; the earlier folder stays as it is.
    SimError if the disk refuses.
    """
    grid, before = store.plan.grid, earlier.grid
    places = {
        (before.points_of(block), before.replicates_of(block)): block
        for block in range(before.blocks)
    }
    draws, drawn = store.plan.recipe.draws, earlier.recipe.draws
    if draws is not None and (drawn is None or draws.of[: len(drawn.of)] != drawn.of):
        return
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
        rows = rows_name(block)
        _link(folder / rows_name(old), store.folder / rows)
        hashes[rows] = hashes.pop(rows_name(old))
        changed = {"key": store.plan.key, "block": block, "rows": rows, "sha256": hashes}
        content = sealed({**document, **changed})
        write_atomically(receipt_path(store.folder, block), content)
        store.take(block)


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


def write_runs(folder: Path, plan: RunPlan, receipts: Mapping[int, Receipt]) -> None:
    """Write the rows of all blocks in the order of points, then replicates, a few at a time.

    Runs of blocks that are not there were aborted.
    """
    facts = {name for columns in {r.facts for r in receipts.values()} for name in columns}
    outcomes = {name for columns in {r.outcomes for r in receipts.values()} for name in columns}
    schema = schema_of(plan.recipe.kinds, facts, outcomes)

    def rows(block: int) -> Any:
        if block in receipts:
            return read_rows(read_bytes(folder / rows_name(block), root=folder))
        return table_of(plan.block_runs(block).aborted(), plan.recipe.kinds)

    def groups() -> Iterator[Any]:
        for blocks in plan.grid.row_blocks():
            points = [plan.names[number] for number in plan.grid.points_of(blocks[0])]
            yield in_order([rows(block) for block in blocks], points, schema)

    stream_once(folder / RUNS, lambda file: write_joined(groups(), schema, file))


def check_folder(folder: Path, plan: RunPlan) -> None:
    """Refuse a folder that is not this plan's; nothing is touched.

    SimError says what the folder is instead.
    """
    if not folder.exists():
        return
    manifest = folder / MANIFEST
    if not manifest.exists():
        own = {SCENARIO, *plan.files}
        held = [path.name for path in folder.iterdir() if path.name not in own]
        strange = sorted(name for name in held if not name.startswith(("run.lock", ".")))
        if strange:
            raise SimError(f"{folder} is no result folder: it has no {MANIFEST} but {strange[0]}")
        return
    document = read_json(manifest)
    check_schema(folder, document)
    if document.get("key") != plan.key:
        raise SimError(f"{folder} holds other inputs; choose another --name or --out")


def measure_attributes(names: Sequence[str]) -> dict[str, dict[str, str]]:
    """Unit and long name of curves, as the measures have them."""
    from sim.market.recorder import measures

    known = measures()
    return {
        name: {"unit": known[name].unit, "long_name": known[name].doc}
        for name in names
        if name in known
    }


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
