"""The files of a result folder: receipts of its blocks, tables and curves, how far its runs are.

A receipt says what a finished block holds and the hashes of its files.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.errors import SimError
from sim.runs.curves import COMMON_DIMS, FOLDER, CurveLayout, Grid
from sim.runs.files import holder_of, read_json, set_aside, sha256
from sim.runs.rows import IDENTITY

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

SCHEMA_VERSION = 1
MANIFEST = "manifest.json"
SCENARIO = "scenario.toml"
RUNS = "runs.parquet"
POINTS = "points.parquet"
STUDY = "study.toml"
LISTING = "points.csv"
DRAWS = "draws.json"
POSTERIOR = "posterior"  # where the draws of a run come from, in the manifest

FACTS: dict[str, type] = {
    "name": str,
    "title": str,
    "scenario_hash": str,
    "seed": int,
    "replicates": int,
    "points": list,
}
BLOCKS = "blocks"
SEAL = "sha256_of_receipt"
SEAL_LINE = f',\n  "{SEAL}": '  # its name sorts behind all others
END = b"\n}\n"
ROWS_SUFFIX = "arrow"
KINDS = 256  # of layouts and sets of columns that blocks of one ensemble share
SWEEP = "sweep"  # kind of a result whose points are numbered, not named one by one
MENDING = "the command that made the result mends it"
UNREADABLE = (ValueError, TypeError, KeyError, RuntimeError, OSError)
"""What the readers of zarr and Parquet raise when a file is cut off or altered."""


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
    return folder / BLOCKS / f"{block:06d}.json"


def rows_name(block: int) -> str:
    """Path of the rows of a block inside the result folder."""
    return f"{BLOCKS}/{block:06d}.{ROWS_SUFFIX}"


def sealed(document: Mapping[str, Any]) -> bytes:
    """A receipt that carries the hash of the rest of itself; a line for each key."""
    # Without an indent json writes ten times as fast.
    written = partial(json.dumps, sort_keys=True, ensure_ascii=False, allow_nan=False)
    lines = [f'  "{name}": {written(document[name])}' for name in sorted(document) if name != SEAL]
    return _closed(("{\n" + ",\n".join(lines)).encode() + END)


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

    Without a receipt the block must be run (again). Each line is about one damaged file, which was
    renamed.
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


def check_schema(folder: Path, manifest: Mapping[str, Any]) -> None:
    """Refuse a folder of another schema version. SimError names both versions."""
    found = manifest.get("schema_version")
    if found != SCHEMA_VERSION:
        raise SimError(
            f"{folder} has schema version {found}, this program reads and writes "
            f"{SCHEMA_VERSION}; nothing was touched: use the program that made it, or another --out"
        )


def refuse_incomplete(path: Path, manifest: dict[str, Any]) -> None:
    """Refuse a manifest that lacks what a result needs.

    SimError names what is missing or of another type.
    """
    wrong = [name for name, kind in FACTS.items() if not isinstance(manifest.get(name), kind)]
    points = manifest.get("points")
    if manifest.get("kind") == SWEEP:
        wrong = [name for name in wrong if name != "points"]
        wrong += [] if isinstance(points, int) else ["points"]
    if isinstance(points, list) and not all(isinstance(p, dict) and "name" in p for p in points):
        wrong.append("points")
    if wrong:
        raise SimError(f"{path} is damaged: no valid {', '.join(wrong)}")


def read_runs(
    path: Path, only: Mapping[str, Any] | None = None, columns: Sequence[str] | None = None
) -> pd.DataFrame:
    """The table of runs: rows with these values in these columns, those columns that exist.

    SimError if it cannot be read or is no table of runs.
    """
    import pandas as pd
    import pyarrow.parquet as pq

    try:
        filters = [(name, "==", value) for name, value in only.items()] if only else None
        if columns is not None:
            known = pq.ParquetFile(path).schema_arrow.names
            columns = [name for name in dict.fromkeys(columns) if name in known]
        table = pd.read_parquet(path, filters=filters, columns=columns)
    except UNREADABLE as error:
        raise SimError(f"{path} is damaged: {_line(error)}; {MENDING}") from error
    missing = [name for name in IDENTITY if name not in table] if columns is None else []
    if missing:
        raise SimError(f"{path} is damaged: no column {', '.join(missing)}; {MENDING}")
    return table


def read_points(path: Path) -> pd.DataFrame:
    """Factor values by point. SimError if the table is missing or damaged."""
    import pandas as pd

    try:
        return pd.read_parquet(path).set_index("point")
    except UNREADABLE as error:
        raise SimError(f"{path} is damaged; {MENDING}") from error


def read_curves(folder: Path, block: int | None = None) -> xr.Dataset:
    """The curves of a result folder, with their labels; numbers are read when used.

    `block` is the only one whose numbers are wanted: those of others are not looked at. SimError if
    a chunk is not the one that was stored, or the description over them cannot be read.
    """
    every = (folder / BLOCKS).glob("*.json")
    for receipt in sorted(every) if block is None else [receipt_path(folder, block)]:
        _refuse_damaged_chunks(folder, receipt)
    try:
        return _opened(folder / FOLDER)
    except UNREADABLE as error:
        raise SimError(f"{folder / FOLDER} is damaged: {_line(error)}; {MENDING}") from error


def _opened(path: Path) -> xr.Dataset:
    import xarray as xr

    with warnings.catch_warnings():
        # What was put aside lies beside what took its place.
        warnings.filterwarnings("ignore", message="Object at .* is not recognized")
        data = xr.open_zarr(path, consolidated=False, chunks=None)
    bare = [str(name) for name in (*COMMON_DIMS, *data.dims) if name not in data.coords]
    if bare:
        raise ValueError(f"no labels of {', '.join(dict.fromkeys(bare))}")
    # A folder lists its files in any order.
    return data[sorted(data.data_vars)].assign_coords(
        {
            name: (name, np.array([str(label) for label in labels.to_numpy()]))
            for name, labels in data.coords.items()
            if labels.dtype.kind not in "iM"
        }
    )


def _refuse_damaged_chunks(folder: Path, receipt: Path) -> None:
    try:
        hashes = dict(read_json(receipt)["sha256"])
    except (SimError, KeyError, TypeError, ValueError) as error:
        raise SimError(f"{receipt} is damaged; {MENDING}") from error
    for name, expected in hashes.items():
        path = folder / name
        if not path.is_file():
            raise SimError(f"{path} is missing; {MENDING}")
        if sha256(path.read_bytes()) != expected:
            raise SimError(f"{path} is damaged; {MENDING}")


def _line(error: Exception) -> str:
    return " ".join(str(error).split())


def status_of(folder: Path) -> dict[str, Any]:
    """Runs of a result folder by state, and who is at work on them, ready for JSON.

    SimError if the folder holds no ensemble of this schema version.
    """
    if not (folder / MANIFEST).exists():
        raise SimError(f"{folder} is no result folder: it has no {MANIFEST}")
    manifest = read_json(folder / MANIFEST)
    check_schema(folder, manifest)
    try:
        grid = Grid(**manifest["grid"])
    except (KeyError, TypeError) as error:
        raise SimError(f"{folder / MANIFEST} is damaged: no valid grid") from error
    runs = {"all": grid.runs, "pending": grid.runs, "done": 0, "failed": 0, "aborted": 0}
    left = 0
    lost = set(manifest.get("lost_blocks", ()))
    for block in range(grid.blocks):
        number = grid.runs_of(block)
        try:
            receipt = read_json(receipt_path(folder, block))
            failed, aborted = int(receipt["failed"]), int(receipt["aborted"])
        except (SimError, KeyError, TypeError, ValueError):
            if block not in lost:
                left += 1
                continue
            failed, aborted = 0, number
        runs["pending"] -= number
        runs["done"] += number - failed - aborted
        runs["failed"] += failed
        runs["aborted"] += aborted
    return {
        "folder": str(folder),
        "name": str(manifest.get("name")),
        "status": str(manifest.get("status")),
        "runs": runs,
        "blocks": {"all": grid.blocks, "left": left},
        "in_use_by": holder_of(folder) or None,
    }
