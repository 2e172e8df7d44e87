"""Tables for a spreadsheet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.errors import SimError, nearest_hint
from sim.runs.files import cannot_write, set_aside
from sim.runs.result import Result

if TYPE_CHECKING:
    import pandas as pd

POINTS_AT_A_TIME = 16
DIGITS = "%.10g"


def export_csv(
    result: Result, folder: Path | None = None, measures: Sequence[str] | None = None
) -> list[Path]:
    """Write `runs.csv` and one tidy CSV for each measure; nothing is overwritten.

    A tidy table has a row for every number: point, replicate, month, further labels, value.

    Parameters
    ----------
    result
        What is written.
    folder
        Takes the files; `tables/` in the result folder unless given.
    measures
        Curves that are written; all unless given.

    Raises
    ------
    SimError
        There is no such measure, or the disk refuses.
    """
    known = [str(name) for name in result.curves.data_vars]
    for name in measures or ():
        if name not in known:
            raise SimError(f"{result.path} has no measure {name} ({nearest_hint(name, known)})")
    target = folder or result.path / "tables"
    paths = [_written(target / "runs.csv", iter([result.runs]))]
    for name in known if measures is None else measures:
        paths.append(_written(target / f"{name}.csv", _tidy(result, name)))
    return paths


def _tidy(result: Result, name: str) -> Iterator[pd.DataFrame]:
    """Rows of a curve, some points at a time; runs without numbers have none."""
    data = result.curves[name]
    for first in range(0, data.sizes["point"], POINTS_AT_A_TIME):
        part = data.isel(point=slice(first, first + POINTS_AT_A_TIME))
        frame = part.to_series().rename(name).reset_index()
        frame["month"] = frame["month"].dt.strftime("%Y-%m")
        yield frame[np.isfinite(frame[name])]


def _written(path: Path, frames: Iterator[Any]) -> Path:
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with temporary.open("w", encoding="utf-8", newline="") as file:
                for number, frame in enumerate(frames):
                    frame.to_csv(file, index=False, header=number == 0, float_format=DIGITS)
            if path.exists() and path.read_bytes() != temporary.read_bytes():
                set_aside(path, "old")
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise cannot_write(path, error) from error
    return path
