"""The files of a finished result, read with an eye for damage; nothing is written or renamed."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.errors import SimError
from sim.experiment import receipts
from sim.experiment.curves import COMMON_DIMS, FOLDER
from sim.experiment.files import read_json, sha256

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

FACTS: dict[str, type] = {
    "name": str,
    "title": str,
    "scenario_hash": str,
    "seed": int,
    "replicates": int,
    "points": list,
}
SWEEP = "sweep"  # kind of a result whose points are numbered, not named one by one
COLUMNS = ("point", "replicate", "seed", "status", "stage", "message")
MENDING = "the command that made the result mends it"
UNREADABLE = (ValueError, TypeError, KeyError, RuntimeError, OSError)
"""What the readers of zarr and Parquet raise when a file is cut off or altered."""


def refuse_incomplete(path: Path, manifest: dict[str, Any]) -> None:
    """Refuse a manifest that lacks what a result needs.

    Raises
    ------
    SimError
        Names what is missing or of another type.
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


def read_runs(path: Path, only: Mapping[str, Any] | None = None) -> pd.DataFrame:
    """The table of runs, or those rows of it that have the values of `only` in its columns.

    Raises
    ------
    SimError
        It cannot be read or is no table of runs.
    """
    import pandas as pd

    try:
        wanted = [(name, "==", value) for name, value in only.items()] if only else None
        table = pd.read_parquet(path, filters=wanted)
    except UNREADABLE as error:
        raise SimError(f"{path} is damaged: {_line(error)}; {MENDING}") from error
    missing = [name for name in COLUMNS if name not in table]
    if missing:
        raise SimError(f"{path} is damaged: no column {', '.join(missing)}; {MENDING}")
    return table


def read_curves(folder: Path, block: int | None = None) -> xr.Dataset:
    """The curves of a result folder, with their labels; numbers are read when used.

    `block` is the only one whose numbers are wanted: those of others are not looked at.

    Raises
    ------
    SimError
        A chunk is not the one that was stored, or the description over them cannot be read.
    """
    every = (folder / receipts.FOLDER).glob("*.json")
    for receipt in sorted(every) if block is None else [receipts.receipt_path(folder, block)]:
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
