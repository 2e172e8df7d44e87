"""The result folder: what is finished in it, and how it is finished."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sim.errors import SimError
from sim.experiment.blocks import BlockTask, Receipt, read_receipt, widen_block
from sim.experiment.curves import EMPTY, Layout, described
from sim.experiment.files import cannot_write, json_bytes, read_json, write_atomically, write_once
from sim.experiment.lock import FolderLock
from sim.experiment.plan import SCHEMA_VERSION, Plan
from sim.experiment.provenance import made_with
from sim.experiment.rows import joined_table, parquet_bytes
from sim.experiment.run import FAILED, RunRecord, failed_run
from sim.scenario.patches import to_toml

MANIFEST = "manifest.json"
SCENARIO = "scenario.toml"
RUNS = "runs.parquet"
RUNNING = "running"
INTERRUPTED = "interrupted"
COMPLETE = "done"

log = logging.getLogger(__name__)


class Store:
    """A result folder that this process alone writes the common files of."""

    def __init__(self, folder: Path, plan: Plan) -> None:
        self.folder = folder
        self.plan = plan
        self.receipts: dict[int, Receipt] = {}
        self._session: dict[str, Any] | None = None

    @classmethod
    @contextmanager
    def opened(cls, out: Path, plan: Plan) -> Iterator[Store]:
        """The folder of a plan under `out`, made if need be, locked while open.

        Raises
        ------
        SimError
            The folder is of another schema version, of another ensemble or no result folder, is in
            use, or cannot be written.
        """
        folder = out / plan.folder_name
        check_folder(folder, plan)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise cannot_write(folder, error) from error
        with FolderLock(folder):
            store = cls(folder, plan)
            store.look()
            yield store

    def look(self) -> None:
        """Find the sound blocks; damaged files are put aside and told."""
        for replicate in range(self.plan.replicates):
            receipt, told = read_receipt(self.folder, replicate, self.plan.key)
            for line in told:
                log.warning(line)
            if receipt is not None:
                self.receipts[replicate] = receipt

    def take(self, replicate: int) -> None:
        """Note a block that a worker has just written.

        Raises
        ------
        SimError
            The block is not there or not sound.
        """
        receipt, told = read_receipt(self.folder, replicate, self.plan.key)
        if receipt is None:
            raise SimError(f"replicate {replicate} left no sound block; {'; '.join(told)}")
        self.receipts[replicate] = receipt

    def tasks(self) -> list[BlockTask]:
        """A task for every block that is missing."""
        plan = self.plan
        return [
            BlockTask(
                self.folder, plan.key, plan.worlds, plan.seed, replicate, plan.same_as, plan.model
            )
            for replicate in range(plan.replicates)
            if replicate not in self.receipts
        ]

    def is_finished(self) -> bool:
        """Whether an earlier run came to its end here and every block of it is still sound."""
        path = self.folder / MANIFEST
        status = read_json(path).get("status") if path.exists() else None
        return status in (COMPLETE, FAILED) and len(self.receipts) == self.plan.replicates

    def start(self, workers: int) -> None:
        """Register the whole ensemble and the beginning of this stretch of work."""
        reused = len(self.receipts)
        self._session = {**made_with(), "started": _now(), "workers": workers, "reused": reused}
        write_once(self.folder / SCENARIO, to_toml(self.plan.scenario).encode())
        self._write_manifest(RUNNING)

    def interrupted(self) -> None:
        """Note that work stopped before the end."""
        self._write_manifest(INTERRUPTED)

    def finish(self, lost: Mapping[int, str], run_seconds: float) -> None:
        """Write the table of runs, the description of the curves and the manifest.

        Parameters
        ----------
        lost
            Message for each replicate that left no block: its runs become failed rows.
        run_seconds
            Computing time of the runs of this stretch.
        """
        plan = self.plan
        failed = sum(r.failed for r in self.receipts.values()) + len(lost) * len(plan.worlds)
        facts = {name for receipt in self.receipts.values() for name in receipt.facts}
        outcomes = {name for receipt in self.receipts.values() for name in receipt.outcomes}
        receipts = [self.receipts[replicate] for replicate in sorted(self.receipts)]
        table = joined_table(
            [receipt.rows for receipt in receipts],
            self._lost_runs(lost),
            plan.points,
            [*sorted(facts), *sorted(outcomes)],
        )
        layout = EMPTY
        for receipt in receipts:
            layout = layout.joined(receipt.layout)
        months = plan.scenario.calendar.months
        for receipt in receipts:
            if any(receipt.layout.axes[name] != layout.axes[name] for name in receipt.layout.axes):
                widen_block(self.folder, receipt, layout, len(plan.worlds), months)
        write_once(self.folder / SCENARIO, to_toml(plan.scenario).encode())
        for path, content in self._described(layout).items():
            write_once(self.folder / path, content)
        write_once(self.folder / RUNS, parquet_bytes(table))
        if self._session is not None:
            self._session["run_seconds"] = round(run_seconds, 3)
            self._session["failed_runs"] = failed
            self._write_manifest(FAILED if failed else COMPLETE)

    def _described(self, layout: Layout) -> dict[str, bytes]:
        plan = self.plan
        calendar = plan.scenario.calendar
        attributes = measure_attributes(sorted(layout.dims))
        return described(
            layout, plan.points, plan.replicates, calendar.start, calendar.months, attributes
        )

    def _lost_runs(self, lost: Mapping[int, str]) -> list[RunRecord]:
        return [
            failed_run(point, replicate, self.plan.seed, "worker", message)
            for replicate, message in sorted(lost.items())
            for point in self.plan.points
        ]

    def _write_manifest(self, status: str) -> None:
        plan = self.plan
        path = self.folder / MANIFEST
        before = read_json(path).get("sessions", []) if path.exists() else []
        session = dict(self._session or {})
        if status != RUNNING:
            session["ended"] = _now()
        earlier = [entry for entry in before if entry.get("started") != session.get("started")]
        document = {
            **plan.inputs,
            **made_with(),
            "key": plan.key,
            "name": plan.scenario.name,
            "title": plan.scenario.title,
            "seeds": {"entropy": plan.seed, "spawn_keys": [[r] for r in range(plan.replicates)]},
            "status": status,
            "sessions": [*earlier, {**session, "status": status}],
        }
        write_atomically(path, json_bytes(document))


def check_folder(folder: Path, plan: Plan) -> None:
    """Refuse a folder that is not this plan's; nothing is touched.

    Raises
    ------
    SimError
        Says what the folder is instead.
    """
    if not folder.exists():
        return
    manifest = folder / MANIFEST
    if not manifest.exists():
        strange = sorted(p.name for p in folder.iterdir() if not _may_precede_manifest(p))
        if strange:
            raise SimError(f"{folder} is no result folder: it has no {MANIFEST} but {strange[0]}")
        return
    document = read_json(manifest)
    check_schema(folder, document)
    if document.get("key") != plan.key:
        raise SimError(f"{folder} holds another ensemble; choose another --out")


def _may_precede_manifest(path: Path) -> bool:
    return path.name == SCENARIO or path.name.startswith(("run.lock", "."))


def check_schema(folder: Path, manifest: Mapping[str, Any]) -> None:
    """Refuse a folder of another schema version.

    Raises
    ------
    SimError
        Names both versions.
    """
    found = manifest.get("schema_version")
    if found != SCHEMA_VERSION:
        raise SimError(
            f"{folder} has schema version {found}, this program reads and writes "
            f"{SCHEMA_VERSION}; nothing was touched: use the program that made it, or another --out"
        )


def measure_attributes(names: Sequence[str]) -> dict[str, dict[str, str]]:
    """Unit and long name of curves, as the measures tell them."""
    from sim.measures.registry import measures

    known = measures()
    return {
        name: {"unit": known[name].unit, "long_name": known[name].doc}
        for name in names
        if name in known
    }


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
