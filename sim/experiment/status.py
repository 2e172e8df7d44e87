"""How far the runs of a folder have come, read from what is stored; nothing is changed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sim.errors import SimError
from sim.experiment.files import read_json
from sim.experiment.grid import Grid
from sim.experiment.lock import holder_of
from sim.experiment.receipts import receipt_path
from sim.experiment.store import MANIFEST, check_schema


@dataclass(frozen=True)
class Status:
    """Runs of an ensemble by state, and who is at work on them."""

    folder: Path
    name: str
    status: str
    pending: int
    done: int
    failed: int
    aborted: int
    blocks: int
    blocks_left: int
    holder: str

    @property
    def runs(self) -> int:
        """All runs that were registered."""
        return self.pending + self.done + self.failed + self.aborted

    def document(self) -> dict[str, Any]:
        """The status, ready for JSON."""
        return {
            "folder": str(self.folder),
            "name": self.name,
            "status": self.status,
            "runs": {
                "all": self.runs,
                "pending": self.pending,
                "done": self.done,
                "failed": self.failed,
                "aborted": self.aborted,
            },
            "blocks": {"all": self.blocks, "left": self.blocks_left},
            "in_use_by": self.holder or None,
        }


def status_of(folder: Path) -> Status:
    """The states of all runs of a result folder.

    Raises
    ------
    SimError
        The folder holds no ensemble of this schema version.
    """
    if not (folder / MANIFEST).exists():
        raise SimError(f"{folder} is no result folder: it has no {MANIFEST}")
    manifest = read_json(folder / MANIFEST)
    check_schema(folder, manifest)
    try:
        grid = Grid(**manifest["grid"])
    except (KeyError, TypeError) as error:
        raise SimError(f"{folder / MANIFEST} is damaged: no valid grid") from error
    counts = {"done": 0, "failed": 0, "aborted": 0}
    left = 0
    lost = set(manifest.get("lost_blocks", ()))
    for block in range(grid.blocks):
        found = _counted(folder, block, grid.runs_of(block))
        if found is None and block in lost:
            found = {"done": 0, "failed": 0, "aborted": grid.runs_of(block)}
        if found is None:
            left += 1
            continue
        counts = {state: number + found[state] for state, number in counts.items()}
    pending = grid.runs - sum(counts.values())
    return Status(
        folder,
        str(manifest.get("name")),
        str(manifest.get("status")),
        pending,
        **counts,
        blocks=grid.blocks,
        blocks_left=left,
        holder=holder_of(folder),
    )


def _counted(folder: Path, block: int, runs: int) -> dict[str, int] | None:
    try:
        receipt = read_json(receipt_path(folder, block))
        failed, aborted = int(receipt["failed"]), int(receipt["aborted"])
    except (SimError, KeyError, TypeError, ValueError):
        return None
    return {"done": runs - failed - aborted, "failed": failed, "aborted": aborted}
