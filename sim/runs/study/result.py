"""A stored sweep and its tidy tables."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Sequence
from functools import cached_property
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.errors import SimError, nearest_hint
from sim.runs.files import cannot_write, json_bytes, read_json, set_aside, write_once
from sim.runs.result import Result
from sim.runs.run import DONE
from sim.runs.store import RUNS

if TYPE_CHECKING:
    import pandas as pd

    from sim.runs.study.schema import Study


CLAIMS = "claims.json"
POINTS = "points.parquet"
STUDY = "study.toml"
LISTING = "points.csv"


class SweepResult(Result):
    """A finished sweep in its folder.

    `runs` has a column for each factor under its dotted path; `curves` has the points as their
    names; `table` has a row for each point.
    """

    @cached_property
    def table(self) -> pd.DataFrame:
        """Factor values by point; missing where a factor does not act.

        Raises
        ------
        SimError
            The table is missing or damaged.
        """
        import pandas as pd

        from sim.runs.stored import MENDING, UNREADABLE

        path = self.path / POINTS
        try:
            return pd.read_parquet(path).set_index("point")
        except UNREADABLE as error:
            raise SimError(f"{path} is damaged; {MENDING}") from error

    @cached_property
    def study(self) -> Study:
        """The study as it was run."""
        from sim.runs.study.schema import Study
        from sim.scenario.reader import parsed, read_text

        path = self.path / STUDY
        return Study.model_validate(parsed(read_text(path, str(path)), str(path)))

    @property
    def points(self) -> tuple[str, ...]:
        """Names of the points."""
        return tuple(self.table.index)

    def columns(self, *names: str) -> pd.DataFrame:
        """Some columns of the table of runs beside point, replicate and status.

        Raises
        ------
        SimError
            The table is damaged.
        """
        import pandas as pd
        import pyarrow.parquet as pq

        from sim.runs.stored import MENDING, UNREADABLE

        path = self.path / RUNS
        try:
            known = pq.ParquetFile(path).schema_arrow.names
            wanted = ["point", "replicate", "status", *(n for n in names if n in known)]
            return pd.read_parquet(path, columns=list(dict.fromkeys(wanted)))
        except UNREADABLE as error:
            raise SimError(f"{path} is damaged; {MENDING}") from error

    @cached_property
    def failed(self) -> pd.DataFrame:
        """Rows of the runs that failed or were aborted."""
        known = self.manifest["runs"]
        rows = self.runs if known["failed"] or known["aborted"] else self.columns()
        return rows[rows["status"] != DONE]

    @property
    def factors(self) -> tuple[str, ...]:
        """Dotted paths of the factors."""
        return tuple(factor["path"] for factor in self.manifest["factors"])

    @property
    def claims(self) -> dict[str, Any]:
        """The judged claims; judged and stored now if that was not yet done."""
        if not (self.path / CLAIMS).exists():
            judge = importlib.import_module("sim.analysis.verdict.claims").judge_claims
            self.store_claims(judge(self))
        return read_json(self.path / CLAIMS)

    @property
    def verdict(self) -> dict[str, Any]:
        """A sweep has claims instead of a verdict."""
        return self.claims

    def store_claims(self, claims: dict[str, Any]) -> None:
        """Write the claims into the folder; earlier ones that differ are put aside.

        Raises
        ------
        SimError
            The folder cannot be written.
        """
        write_once(self.path / CLAIMS, json_bytes(claims))

    def __repr__(self) -> str:
        return (
            f"SweepResult({str(self.path)!r}: {self.manifest['name']}, {self.manifest['points']} "
            f"points x {self.replicates} replicates, seed {self.seed}, {self.manifest['status']})"
        )

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<li>{escape(name)}: {escape(told['verdict'])}</li>"
            for name, told in self.claims["claims"].items()
        )
        return f"<p><code>{escape(repr(self))}</code></p><ul>{rows}</ul>"


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
