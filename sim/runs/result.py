"""A stored result: curves, runs, verdict and scenario read from its folder, nothing else."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import cached_property, partial
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.errors import SimError
from sim.runs.curves import ROOT
from sim.runs.files import json_bytes, read_json, write_once
from sim.runs.run import DONE
from sim.runs.store import MANIFEST, RUNS, SCENARIO, check_schema
from sim.runs.stored import SWEEP, read_curves, read_runs, refuse_incomplete
from sim.runs.worlds import ON

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from sim.scenario.schema.scenario import Scenario


VERDICT = "verdict.json"
SCOREBOARDS = ("platform_token_share", "family_token_share", "full_stack_revenue_share")


class Result:
    """A finished ensemble in its folder.

    Attributes
    ----------
    path : Path
        The folder.
    manifest : dict
        What was run, with what, when.

    Raises
    ------
    SimError
        The folder holds no finished ensemble of this schema version.
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

    @cached_property
    def curves(self) -> xr.Dataset:
        """Curves over point, replicate, month and vendor, read from disk when used.

        Raises
        ------
        SimError
            A stored file is missing or damaged.
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
        """One row a run: point, replicate, seed, status, stage, message, facts, outcomes.

        Raises
        ------
        SimError
            The table is damaged.
        """
        return read_runs(self.path / RUNS)

    @cached_property
    def scenario(self) -> Scenario:
        """The resolved scenario."""
        from sim.scenario.reader import load

        return load(self.path / SCENARIO)

    @property
    def verdict(self) -> dict[str, Any]:
        """The stored verdict; judged and stored now if that was not yet done."""
        if not (self.path / VERDICT).exists():
            self.store_verdict(_higher("sim.analysis.verdict.judge").judge(self))
        return read_json(self.path / VERDICT)

    def store_verdict(self, verdict: dict[str, Any]) -> None:
        """Write the verdict into the folder; an earlier one that differs is put aside.

        Raises
        ------
        SimError
            The folder cannot be written.
        """
        write_once(self.path / VERDICT, json_bytes(verdict))

    @property
    def plot(self) -> Figures:
        """Figures by name: ``result.plot.curves("platform_token_share")`` -> (figure, axes)."""
        return Figures(self)

    @property
    def seed(self) -> int:
        """Root seed."""
        return int(self.manifest["seed"])

    @property
    def replicates(self) -> int:
        """Replicates of every world."""
        return int(self.manifest["replicates"])

    @property
    def scenario_hash(self) -> str:
        """Hash of the resolved scenario."""
        return str(self.manifest["scenario_hash"])

    @property
    def points(self) -> tuple[str, ...]:
        """Names of the worlds."""
        return tuple(point["name"] for point in self.manifest["points"])

    @cached_property
    def failed(self) -> pd.DataFrame:
        """Rows of the runs that failed."""
        return self.runs[self.runs["status"] != DONE]

    def sound_replicates(self, *points: str) -> list[int]:
        """Replicates that are done in every one of these worlds, so that they can be paired."""
        import numpy as np

        rows = self.runs[self.runs["point"].isin(points) & (self.runs["status"] == DONE)]
        replicates, counts = np.unique(rows["replicate"].to_numpy(), return_counts=True)
        return [int(replicate) for replicate in replicates[counts == len(set(points))]]

    def summary(self) -> pd.DataFrame:
        """Median and 5 % and 95 % quantiles over replicates of each vendor's mean of the last
        `containment.window_months`, world `on`; rows (measure, vendor).

        Raises
        ------
        SimError
            No run of that world was finished.
        """
        import pandas as pd

        window = self.scenario.containment.window_months
        names = [name for name in SCOREBOARDS if name in self.curves]
        sound = self.sound_replicates(ON)
        if not names or not sound:
            raise SimError(f"{self.path} has no finished run to sum up")
        tables = []
        for name in names:
            paths = self.curves[name].sel(point=ON, replicate=sound)
            means = paths.isel(month=slice(-window, None)).mean("month")
            table = means.quantile([0.5, 0.05, 0.95], dim="replicate").transpose("vendor", ...)
            frame = pd.DataFrame(
                table.to_numpy(), index=table["vendor"].to_numpy(), columns=["median", "p05", "p95"]
            )
            tables.append(frame)
        return pd.concat(tables, keys=names, names=["measure", "vendor"])

    def __repr__(self) -> str:
        return (
            f"Result({str(self.path)!r}: {self.manifest['name']}, {len(self.points)} worlds x "
            f"{self.replicates} replicates, seed {self.seed}, {self.manifest['status']})"
        )

    def _repr_html_(self) -> str:
        title = self.manifest["title"] or self.manifest["name"]
        facts = (
            f"{len(self.points)} worlds x {self.replicates} replicates, seed {self.seed}, "
            f"scenario {self.scenario_hash[:8]}, {len(self.failed)} failed"
        )
        said = "".join(f"<p>{escape(s)}</p>" for s in self.verdict.get("sentences", ()))
        table = ""
        if self.sound_replicates(ON):
            table = self.summary().to_html(float_format=lambda value: f"{value:.3f}")
        return (
            f"<h3>{escape(title)}</h3>{said}{table}"
            f"<p>{escape(facts)}; means over the last months, median and 90 % band over "
            f"replicates; <code>{escape(str(self.path))}</code></p>"
        )


class Figures:
    """Every registered plot as a method that draws this result."""

    def __init__(self, result: Result) -> None:
        self._result = result

    def __getattr__(self, name: str) -> Callable[..., tuple[Any, Any]]:
        known = _higher("sim.plot.registry").plots()
        if name not in known:
            raise AttributeError(f"no plot is called {name!r} (known: {', '.join(known)})")
        draw: Callable[..., tuple[Any, Any]] = partial(known[name].draw, self._result)
        return draw

    def __dir__(self) -> list[str]:
        return list(_higher("sim.plot.registry").plots())


def _higher(name: str) -> Any:
    # Judging and drawing stand above experiments; they are reached by name, when asked for.
    return importlib.import_module(name)


def open_result(path: Path | str) -> Result:
    """The result stored in a folder: a `Result`, or a `SweepResult` if a study was run.

    Raises
    ------
    SimError
        The folder holds no finished ensemble of this schema version.
    """
    result = Result(path)
    if result.manifest.get("kind") == SWEEP:
        sweep: Result = _higher("sim.runs.study.result").SweepResult(path)
        return sweep
    return result
