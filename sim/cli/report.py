"""`sim report`: one self-contained page of a stored result."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer


def report(
    result: Annotated[Path, typer.Argument(help="Result folder.", show_default=False)],
    with_: Annotated[
        list[Path] | None,
        typer.Option("--with", metavar="FOLDER", help="Further findings, repeatable."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The page [default: RESULT/report.html].")
    ] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print where the page is.")] = False,
) -> None:
    """Write question, verdict, figures, thresholds, parameters and provenance on one page."""
    from sim.experiment.files import write_once
    from sim.experiment.result import open_result
    from sim.report.page import page

    target = out or result / "report.html"
    content = page(open_result(result), [open_result(folder) for folder in with_ or ()])
    write_once(target, content.encode())
    print(json.dumps({"page": str(target)}) if json_ else target)
