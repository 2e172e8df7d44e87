"""The files of a result folder: receipts of its blocks, tables and curves, how far its runs are.

A receipt says what a finished block holds and the hashes of its files.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, ParamSpec, TypeVar

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sim.errors import SimError, is_shortage, short_of
from sim.files import LARGEST_DOCUMENT, FileError, inside, open_regular, read_bytes
from sim.runs.curves import COMMON_DIMS, FOLDER, CurveLayout, Grid
from sim.runs.files import holder_of, listed_findings, read_json, set_aside, sha256
from sim.runs.rows import ABORTED, DONE, FAILED, IDENTITY, NUMBERS
from sim.runs.study.schema import MOST_POINTS, MOST_REPLICATES

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

P = ParamSpec("P")
R = TypeVar("R")
SCHEMA_VERSION = 1
MANIFEST = "manifest.json"
SCENARIO = "scenario.toml"
RUNS = "runs.parquet"
POINTS = "points.parquet"
STUDY = "study.toml"
LISTING = "points.csv"
DRAWS = "draws.json"
POSTERIOR = "posterior"  # where the draws of a run come from, in the manifest

BLOCKS = "blocks"
SEAL = "sha256_of_receipt"
SEAL_LINE = f',\n  "{SEAL}": '  # its name sorts behind all others
END = b"\n}\n"
ROWS_SUFFIX = "arrow"
KINDS = 256  # of layouts and sets of columns that blocks of one ensemble share
SWEEP = "sweep"  # kind of a result whose points are numbered, not named one by one
MENDING = "the command that made the result mends it"
MOST_LABELS = 2_000_000
STATUSES = (DONE, FAILED, ABORTED)
UNREADABLE = (ValueError, TypeError, KeyError, AttributeError, RuntimeError, OSError, IndexError)
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
        content = read_bytes(path, LARGEST_DOCUMENT, folder)
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
        for name in hashes:
            inside(folder / name, folder)
    except (OSError, SimError, KeyError, TypeError, ValueError, AttributeError):
        return None, [_put_aside(path, label)]
    damaged = [
        _put_aside(folder / name, label)
        for name, expected in hashes.items()
        if (folder / name).exists() and not _is_as_written(folder / name, expected)
    ]
    sound = not damaged and all((folder / name).exists() for name in hashes)
    return (receipt if sound else None), damaged


def _is_as_written(path: Path, expected: str) -> bool:
    try:
        return sha256(read_bytes(path)) == expected
    except FileError:
        return False


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


def altered_findings(folder: Path) -> list[Path]:
    """Findings of a result folder that are not as they were written."""
    listed = listed_findings(folder)
    found = [path for path in sorted(folder.glob("*.json")) if path.name not in (MANIFEST, DRAWS)]
    return [path for path in found if not _is_as_written(path, listed.get(path.name, ""))]


def told_if_altered(function: Callable[P, R]) -> Callable[P, R]:
    """Of a reader of findings, whose first argument is a result: SimError for altered ones.

    Where a finding has other parts than its reader knows and is not as it was written, it says
    so. Where it is, the error is one of the program and stays as it is.
    """

    @wraps(function)
    def read(*arguments: P.args, **options: P.kwargs) -> R:
        try:
            return function(*arguments, **options)
        except SimError:
            raise
        except (*UNREADABLE, AssertionError, OverflowError) as error:
            folder = getattr(arguments[0], "path", None) if arguments else None
            altered = altered_findings(folder) if isinstance(folder, Path) else []
            if not altered:
                raise
            kind = type(error).__name__
            raise SimError(f"{altered[0]} is damaged ({kind}); {MENDING}") from error

    return read


def check_schema(folder: Path, manifest: Mapping[str, Any]) -> None:
    """Refuse a folder of another schema version. SimError names both versions."""
    found = manifest.get("schema_version")
    if found != SCHEMA_VERSION:
        raise SimError(
            f"{folder} has schema version {found}, this program reads and writes "
            f"{SCHEMA_VERSION}; nothing was touched: use the program that made it, or another --out"
        )


class _Fact(BaseModel):
    model_config = ConfigDict(extra="allow", strict=True)


class _GridFacts(_Fact):
    points: int = Field(ge=1, le=MOST_POINTS)
    replicates: int = Field(ge=1, le=MOST_REPLICATES)
    points_a_block: int = Field(ge=1, le=MOST_POINTS)
    replicates_a_block: int = Field(ge=1, le=MOST_REPLICATES)


class _PointFacts(_Fact):
    name: str
    title: str = ""
    scenario_hash: str = ""


class _FactorFacts(_Fact):
    path: str
    kind: Literal["number", "whole", "flag", "text"] = "number"
    role: str = ""


class _CodeFacts(_Fact):
    fingerprint: str = ""
    version: str = ""
    commit: str | None = None


class _SessionFacts(_Fact):
    started: str = ""
    ended: str = ""
    status: str = ""


class _DrawFacts(_Fact):
    draws_sha256: str
    draws: int


class _Facts(_Fact):
    """What every reader of a manifest may rely on."""

    name: str
    title: str
    scenario_hash: str
    seed: int = Field(ge=0, lt=2**63)
    replicates: int = Field(ge=1, le=MOST_REPLICATES)
    points: list[_PointFacts] | Annotated[int, Field(ge=1, le=MOST_POINTS)]
    kind: str = ""
    status: str = ""
    grid: _GridFacts | None = None
    code: _CodeFacts = _CodeFacts()
    factors: list[_FactorFacts] = []
    sessions: list[_SessionFacts] = []
    schema_version: int = 0
    key: str = ""
    seeds: dict[str, Any] = {}
    claims: dict[str, Any] = {}
    design: dict[str, Any] = {}
    outcomes: dict[str, Any] = {}
    runs: dict[str, int] = {}
    lost_blocks: list[int] = []
    posterior: _DrawFacts | None = None
    python: str = ""
    platform: str = ""
    packages: dict[str, str] = {}
    command: list[str] = []


def refuse_incomplete(path: Path, manifest: dict[str, Any]) -> None:
    """Refuse a manifest that lacks what a result needs.

    SimError names what is missing or of another type.
    """
    wrong: list[str] = []
    try:
        _Facts.model_validate(manifest)
    except ValidationError as error:
        wrong = [str(item["loc"][0]) for item in error.errors(include_url=False)]
    if (manifest.get("kind") == SWEEP) != isinstance(manifest.get("points"), int):
        wrong.append("points")
    if wrong:
        raise SimError(f"{path} is damaged: no valid {', '.join(dict.fromkeys(wrong))}")


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
        inside(path, path.parent)
        with open_regular(path) as file:
            known = pq.ParquetFile(file).schema_arrow
            if columns is not None:
                columns = [name for name in dict.fromkeys(columns) if name in known.names]
            file.seek(0)
            table = pd.read_parquet(file, filters=filters, columns=columns)
    except FileError as error:
        raise SimError(f"{path} is damaged: {error.rule}; {MENDING}") from error
    except (MemoryError, *UNREADABLE) as error:
        raise _unreadable(path, error) from error
    missing = [name for name in IDENTITY if name not in table] if columns is None else []
    if missing:
        raise SimError(f"{path} is damaged: no column {', '.join(missing)}; {MENDING}")
    wrong = [
        name
        for name in IDENTITY
        if name in table and (table[name].dtype.kind == "i") != (name in NUMBERS)
    ]
    if wrong or ("status" in table and not table["status"].isin(STATUSES).all()):
        raise SimError(f"{path} is damaged: no valid {(wrong or ['status'])[0]}; {MENDING}")
    return table


def read_points(path: Path) -> pd.DataFrame:
    """Factor values by point. SimError if the table is missing or damaged."""
    import pandas as pd

    try:
        inside(path, path.parent)
        with open_regular(path) as file:
            table = pd.read_parquet(file).set_index("point")
        if not table.index.is_unique or not all(isinstance(p, str) for p in table.index):
            raise ValueError("points have no names")
    except (FileError, MemoryError, *UNREADABLE) as error:
        raise _unreadable(path, error) from error
    return table


def read_curves(folder: Path, block: int | None = None) -> xr.Dataset:
    """The curves of a result folder, with their labels; numbers are read when used.

    `block` is the only one whose numbers are wanted: those of others are not looked at. SimError if
    a chunk is not the one that was stored, or the description over them cannot be read.
    """
    every = (folder / BLOCKS).glob("*.json")
    for receipt in sorted(every) if block is None else [receipt_path(folder, block)]:
        _refuse_damaged_chunks(folder, receipt)
    try:
        _refuse_wild_shapes(folder / FOLDER)
        return _opened(folder / FOLDER)
    except (SimError, MemoryError, *UNREADABLE) as error:
        raise _unreadable(folder / FOLDER, error) from error


def _opened(path: Path) -> xr.Dataset:
    import xarray as xr
    import zarr

    if zarr.config.get("threading.max_workers", None) is None:
        # The chunks are small files; without memory for many threads zarr waits for ever.
        zarr.config.set({"threading.max_workers": 1})
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


def _refuse_wild_shapes(path: Path) -> None:
    """Refuse arrays that are larger than their labels say: nothing is made in memory for them."""
    labels: dict[str, int] = {}
    arrays: dict[str, tuple[list[Any], list[Any]]] = {}
    for file in sorted(path.glob("*/zarr.json")):
        facts = read_json(file, path)
        name, shape = file.parent.name, facts.get("shape")
        dims = facts.get("dimension_names")
        if not (isinstance(shape, list) and all(type(n) is int and n >= 0 for n in shape)):
            raise ValueError(f"{name} has no valid shape")
        if not (isinstance(dims, list) and len(dims) == len(shape)):
            raise ValueError(f"{name} has no valid dimension_names")
        if dims == [name]:
            labels[name] = shape[0]
            if shape[0] > MOST_LABELS:
                raise ValueError(f"{name} has {shape[0]} labels")
            for chunk in file.parent.iterdir():  # no receipt knows them
                read_bytes(chunk, LARGEST_DOCUMENT, path)
        arrays[name] = shape, dims
    for name, (shape, dims) in arrays.items():
        if any(labels.get(dim, size) != size for dim, size in zip(dims, shape, strict=True)):
            raise ValueError(f"{name} has another shape than its labels")


def _refuse_damaged_chunks(folder: Path, receipt: Path) -> None:
    try:
        hashes = {str(k): str(v) for k, v in read_json(receipt, folder)["sha256"].items()}
    except (SimError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise SimError(f"{receipt} is damaged; {MENDING}") from error
    for name, expected in hashes.items():
        path = folder / name
        try:
            inside(path, folder)
            found = sha256(read_bytes(path)) if path.exists() else ""
        except FileError as error:
            raise SimError(f"{path} is damaged: {error.rule}; {MENDING}") from error
        if not found:
            raise SimError(f"{path} is missing; {MENDING}")
        if found != expected:
            raise SimError(f"{path} is damaged; {MENDING}")


def _unreadable(path: Path, error: Exception) -> SimError:
    if is_shortage(error):
        return SimError(f"{path} cannot be read: {short_of(error)}")
    return SimError(f"{path} is damaged: {_line(error)}; {MENDING}")


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
    refuse_incomplete(folder / MANIFEST, manifest)
    grid = grid_of(folder / MANIFEST, manifest)
    runs = {"all": grid.runs, "pending": grid.runs, "done": 0, "failed": 0, "aborted": 0}
    counted = dict.fromkeys((b for b in manifest.get("lost_blocks", ()) if b < grid.blocks), 0)
    for block in counted:
        runs["aborted"] += grid.runs_of(block)
    for block, failed, aborted in _receipts(folder, grid):
        if block in counted:
            runs["aborted"] -= grid.runs_of(block)
        counted[block] = failed + aborted
        runs["done"] += grid.runs_of(block) - failed - aborted
        runs["failed"] += failed
        runs["aborted"] += aborted
    runs["pending"] -= runs["done"] + runs["failed"] + runs["aborted"]
    left = grid.blocks - len(counted)
    return {
        "folder": str(folder),
        "name": str(manifest.get("name")),
        "status": str(manifest.get("status")),
        "runs": runs,
        "blocks": {"all": grid.blocks, "left": left},
        "in_use_by": holder_of(folder) or None,
    }


def grid_of(path: Path, manifest: Mapping[str, Any]) -> Grid:
    """How the runs of a manifest fall into blocks. SimError if it does not say."""
    try:
        return Grid(**manifest["grid"])
    except (KeyError, TypeError) as error:
        raise SimError(f"{path} is damaged: no valid grid") from error


def _receipts(folder: Path, grid: Grid) -> Iterator[tuple[int, int, int]]:
    """Block, failed and aborted runs of each receipt that can be read."""
    for path in sorted((folder / BLOCKS).glob("*.json")):
        try:
            receipt, block = read_json(path, folder), int(path.stem)
            failed, aborted = int(receipt["failed"]), int(receipt["aborted"])
        except (SimError, KeyError, TypeError, ValueError):
            continue
        if (
            block < grid.blocks
            and min(failed, aborted, grid.runs_of(block) - failed - aborted) >= 0
        ):
            yield block, failed, aborted
