"""`sim export`: tidy tables of a result for a spreadsheet."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def export(
    result: Annotated[Path, typer.Argument(help="Result folder.", show_default=False)],
    csv: Annotated[bool, typer.Option("--csv", help="Write CSV, the one format there is.")] = False,
    measure: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Only this measure; repeatable.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder of the tables [default: tables/].")
    ] = None,
) -> None:
    """Write one row a run, and one row a number for every curve."""
    from sim.errors import SimError
    from sim.experiment.result import open_result
    from sim.study.export import export_csv

    if not csv:
        raise SimError("sim export: say which format: --csv")
    for path in export_csv(open_result(result), out, measure):
        print(path)
