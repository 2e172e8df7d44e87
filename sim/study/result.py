"""A stored sweep: its points, runs, curves and claims, read from its folder, nothing else."""

from __future__ import annotations

import importlib
from functools import cached_property
from html import escape
from typing import TYPE_CHECKING, Any

from sim.errors import SimError
from sim.experiment.files import json_bytes, read_json, write_once
from sim.experiment.result import Result
from sim.experiment.run import DONE
from sim.experiment.store import RUNS

if TYPE_CHECKING:
    import pandas as pd

    from sim.study.schema import Study

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

        from sim.experiment.stored import MENDING, UNREADABLE

        path = self.path / POINTS
        try:
            return pd.read_parquet(path).set_index("point")
        except UNREADABLE as error:
            raise SimError(f"{path} is damaged; {MENDING}") from error

    @cached_property
    def study(self) -> Study:
        """The study as it was run."""
        from sim.scenario.files import parsed, read_text
        from sim.study.schema import Study

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

        from sim.experiment.stored import MENDING, UNREADABLE

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
            judge = importlib.import_module("sim.analysis.claims").judge_claims
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
