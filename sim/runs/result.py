"""A stored result: what is read from its folder, and its tables for a spreadsheet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from sim.errors import SimError, nearest_hint
from sim.files import FileError, inside, json_of, read_bytes
from sim.runs.curves import ROOT
from sim.runs.files import json_bytes, read_json, sha256, stream_once, write_once
from sim.runs.rows import ABORTED, DONE, IDENTITY
from sim.runs.stored import (
    DRAWS,
    MANIFEST,
    MENDING,
    POINTS,
    POSTERIOR,
    RUNS,
    SCENARIO,
    STUDY,
    SWEEP,
    check_schema,
    read_curves,
    read_points,
    read_runs,
    refuse_incomplete,
)
from sim.runs.study.schema import Study
from sim.runs.worlds import ON, Draws
from sim.scenario.reader import load, parsed, read_text
from sim.scenario.schema.scenario import Scenario

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

VERDICT = "verdict.json"
CLAIMS = "claims.json"
POINTS_AT_A_TIME = 16  # of a table for a spreadsheet
DIGITS = "%.10g"
RUN, POINT = "run", "point"  # levels of a table
SCOREBOARDS = ("platform_token_share", "family_token_share", "full_stack_revenue_share")


class Result:
    """Finished runs in their folder: worlds of a scenario, or points of a study.

    Attributes
    ----------
    path : Path
        The folder.
    manifest : dict
        What was run, with what, when.

    Raises
    ------
    SimError
        The folder holds no finished runs of this schema version.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        if not (self.path / MANIFEST).exists():
            raise SimError(f"{self.path} is no result folder: it has no {MANIFEST}")
        self.manifest = read_json(self.path / MANIFEST)
        check_schema(self.path, self.manifest)
        refuse_incomplete(self.path / MANIFEST, self.manifest)
        if not all((self.path / name).exists() for name in (RUNS, ROOT, SCENARIO)):
            raise SimError(
                f"{self.path} is not finished (status: {self.manifest.get('status')}); "
                "the command that began it goes on where it stopped"
            )

    @property
    def is_sweep(self) -> bool:
        """Whether the points of a study were run, and not the worlds of a scenario."""
        return self.manifest.get("kind") == SWEEP

    @cached_property
    def curves(self) -> xr.Dataset:
        """Curves over point, replicate, month and vendor, read from disk when used.

        SimError if a stored file is missing or damaged.
        """
        data = read_curves(self.path)
        data.attrs.update(
            seed=self.seed,
            replicates=self.replicates,
            scenario_hash=self.scenario_hash,
            name=self.manifest["name"],
        )
        return data

    @cached_property
    def runs(self) -> pd.DataFrame:
        """One row a run: point, replicate, seed, status, stage, message, factors, facts, outcomes.

        Factors stand under their dotted paths. SimError if the table is damaged.
        """
        return read_runs(self.path / RUNS)

    def columns(self, *names: str) -> pd.DataFrame:
        """Those of these columns of `runs` that exist, beside point, replicate and status.

        SimError if the table is damaged.
        """
        return read_runs(self.path / RUNS, columns=("point", "replicate", "status", *names))

    @cached_property
    def scenario(self) -> Scenario:
        """The resolved scenario."""
        return load(inside(self.path / SCENARIO, self.path))

    @property
    def posterior(self) -> dict[str, Any] | None:
        """Where the draws of the runs come from; None where there are none."""
        facts: dict[str, Any] | None = self.manifest.get(POSTERIOR)
        return facts

    @cached_property
    def draws(self) -> Draws | None:
        """The draw of each replicate; None where the scenario was run as it stands.

        SimError if the stored draws are missing or damaged.
        """
        if self.posterior is None:
            return None
        facts = {k: v for k, v in self.posterior.items() if k not in ("draws", "draws_sha256")}
        try:
            content = read_bytes(self.path / DRAWS, root=self.path)
            if sha256(content) != self.posterior["draws_sha256"]:
                raise ValueError("other draws than those of the runs")
            return Draws.stored(json_of(content), facts)
        except (FileError, KeyError, TypeError, ValueError, AttributeError) as error:
            raise SimError(f"{self.path / DRAWS} is damaged; {MENDING}") from error

    @cached_property
    def study(self) -> Study:
        """The study of a sweep as it was run."""
        path = inside(self.path / STUDY, self.path)
        try:
            return Study.model_validate(parsed(read_text(path, str(path)), str(path)))
        except ValueError as error:
            raise SimError(f"{path} is damaged: no study; {MENDING}") from error

    @cached_property
    def settings(self) -> pd.DataFrame:
        """Factor values by point of a sweep; missing where a factor does not act.

        SimError if the table is missing or damaged.
        """
        return read_points(self.path / POINTS)

    def table(self, level: str = RUN) -> pd.DataFrame:
        """One row a run, or one a point with `level="point"`: factor values, then outcomes.

        A row of a point holds how many of its runs are done and the means of their outcomes.
        ValueError if the level is neither; SimError if the table of runs is damaged.
        """
        if level not in (RUN, POINT):
            raise ValueError(f"level = {level!r}: run or point")
        runs, factors = self.runs, list(self.factors)
        if level == RUN:
            first = ["point", *factors, "replicate"]
            return runs[[*first, *(name for name in runs if name not in first)]]
        known = {*IDENTITY, *factors}
        numbers = [name for name in runs if name not in known]
        held = runs[numbers].where(runs["status"] == DONE).assign(done=runs["status"] == DONE)
        by_point = held.groupby(runs["point"], sort=False)
        out = by_point["done"].sum().to_frame().join(by_point[numbers].mean())
        if self.is_sweep:
            out = self.settings.loc[list(out.index)].join(out)
        return out.reset_index(names="point")

    @property
    def points(self) -> tuple[str, ...]:
        """Names of the worlds, or of the points of a sweep."""
        if self.is_sweep:
            return tuple(self.settings.index)
        return tuple(point["name"] for point in self.manifest["points"])

    @property
    def factors(self) -> tuple[str, ...]:
        """Dotted paths of the factors."""
        return tuple(factor["path"] for factor in self.manifest.get("factors", ()))

    @property
    def judgement_path(self) -> Path:
        """Where the verdict lies, or the judged claims of a sweep."""
        return self.path / (CLAIMS if self.is_sweep else VERDICT)

    @property
    def verdict(self) -> dict[str, Any]:
        """The stored verdict; the judged claims of a sweep.

        SimError if the result was not judged yet.
        """
        if not self.judgement_path.exists():
            raise SimError(f"{self.path} is not judged yet: it has no {self.judgement_path.name}")
        return read_json(self.judgement_path)

    @property
    def claims(self) -> dict[str, Any]:
        """The judged claims of a sweep; see `verdict`."""
        return self.verdict

    def store_verdict(self, verdict: dict[str, Any]) -> None:
        """Write the verdict into the folder; an earlier one that differs is put aside.

        SimError if the folder cannot be written.
        """
        write_once(self.judgement_path, json_bytes(verdict))

    @property
    def seed(self) -> int:
        """Root seed."""
        return int(self.manifest["seed"])

    @property
    def replicates(self) -> int:
        """Replicates of every point."""
        return int(self.manifest["replicates"])

    @property
    def scenario_hash(self) -> str:
        """Hash of the resolved scenario."""
        return str(self.manifest["scenario_hash"])

    @cached_property
    def failed(self) -> pd.DataFrame:
        """Rows of the runs that failed or were aborted."""
        known = self.manifest.get("runs", {})
        all_done = self.is_sweep and not known.get("failed") and not known.get("aborted")
        rows = self.columns() if all_done else self.runs
        return rows[rows["status"] != DONE]

    def failures(self) -> str:
        """How many runs have no numbers, by whose fault, and why the first; empty if all have."""
        rows = self.failed
        if rows.empty:
            return ""
        runs, first = len(self.points) * self.replicates, rows.iloc[0]
        stopped = int((rows["status"] == ABORTED).sum())
        found = [f"{len(rows) - stopped:,} of {runs:,} runs failed"] if len(rows) > stopped else []
        if stopped:
            found += [
                f"this machine stopped {stopped:,} of {runs:,} runs: the same command goes on"
            ]
        first_of = f"first {first.point}/{first.replicate}, {first.stage}: {first.message}"
        return "; ".join([*found, first_of])

    def sound_replicates(self, *points: str) -> list[int]:
        """Replicates that are done in every one of these points, so that they can be paired."""
        rows = self.runs[self.runs["point"].isin(points) & (self.runs["status"] == DONE)]
        replicates, counts = np.unique(rows["replicate"].to_numpy(), return_counts=True)
        return [int(replicate) for replicate in replicates[counts == len(set(points))]]

    def summary(self) -> pd.DataFrame:
        """Median and 5 % and 95 % quantiles over runs of each vendor's mean of the last
        `containment.window_months`; rows (measure, vendor).

        Runs are the finished ones: of the world `on`, or of all points of a sweep.
        SimError if none was finished, or the curves of no share are kept.
        """
        import pandas as pd

        window = self.scenario.containment.window_months
        if self.is_sweep:
            window = -(-window // self.manifest["outcomes"]["stride_months"])
        names = [name for name in SCOREBOARDS if name in self.curves]
        done = self.runs[self.runs["status"] == DONE]
        if not self.is_sweep:
            done = done[done["point"] == ON]
        if not names or done.empty:
            what = "curve of a share" if len(done) else "finished run"
            raise SimError(f"{self.path} has no {what} to sum up")
        levels, tables = {"median": 0.5, "p05": 0.05, "p95": 0.95}, []
        for name in names:
            paths = self.curves[name].isel(month=slice(-window, None)).mean("month")
            points = pd.Index(paths["point"].values).get_indexer(done["point"])
            replicates = pd.Index(paths["replicate"].values).get_indexer(done["replicate"])
            means = paths.transpose("point", "replicate", "vendor").to_numpy()[points, replicates]
            quantiles = np.quantile(means, list(levels.values()), axis=0).T
            tables.append(pd.DataFrame(quantiles, index=paths["vendor"].values, columns=[*levels]))
        return pd.concat(tables, keys=names, names=["measure", "vendor"])

    def __repr__(self) -> str:
        noun = "points" if self.is_sweep else "worlds"
        number = self.manifest["points"] if self.is_sweep else len(self.points)
        return (
            f"Result({str(self.path)!r}: {self.manifest['name']}, {number} {noun} x "
            f"{self.replicates} replicates, seed {self.seed}, {self.manifest['status']})"
        )


def export_csv(
    result: Result, folder: Path | None = None, measures: Sequence[str] | None = None
) -> list[Path]:
    """Write `runs.csv` and one tidy CSV for each measure; nothing is overwritten.

    A tidy table has a row for every number: point, factor values, replicate, month, further labels,
    value. The columns of factors have their dotted paths, `setting` holds them in words. The
    files lie in `tables/` of the result unless a folder is given. SimError if there is no such
    measure, or the disk refuses.
    """
    known = [str(name) for name in result.curves.data_vars]
    for name in measures or ():
        if name not in known:
            raise SimError(f"{result.path} has no measure {name} ({nearest_hint(name, known)})")
    target = folder or result.path / "tables"
    paths = [_written(target / "runs.csv", [_labelled(result, result.table())])]
    if result.is_sweep:
        points = _labelled(result, result.table(POINT))
        paths.append(_written(target / "points.csv", [points]))
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
        frame = frame[np.isfinite(frame[name])]
        if result.is_sweep:
            frame = frame.join(result.settings, on="point")
        yield _labelled(result, frame)


def _labelled(result: Result, frame: pd.DataFrame) -> pd.DataFrame:
    """Rows with the setting of their point in words and the factors beside it."""
    if not result.is_sweep:
        return frame
    words = {point: setting_of(row) for point, row in result.settings.iterrows()}
    first = ["point", "setting", *result.factors]
    frame = frame.assign(setting=frame["point"].map(words))
    return frame[[*first, *(name for name in frame if name not in first)]]


def setting_of(row: pd.Series[Any]) -> str:
    """Factor values of a point in words, those that act: `openness.strategy = closed, ...`."""
    held = row.dropna().items()
    return ", ".join(f"{'.'.join(str(path).split('.')[-2:])} = {value}" for path, value in held)


def _written(path: Path, frames: Iterable[pd.DataFrame]) -> Path:
    def write(file: BinaryIO) -> None:
        for number, frame in enumerate(frames):
            frame.to_csv(file, index=False, header=number == 0, float_format=DIGITS)

    stream_once(path, write)
    return path
