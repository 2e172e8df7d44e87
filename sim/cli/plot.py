"""`sim plot`: figures from a stored result, never from a live model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def plot(
    result: Annotated[Path, typer.Argument(help="Result folder.", show_default=False)],
    kinds: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[KIND]...", help="Plots by name (see `sim list`) [default: all that can be]."
        ),
    ] = None,
    measure: Annotated[
        list[str] | None,
        typer.Option(help="Measure for the plots that take one, repeatable."),
    ] = None,
    svg: Annotated[bool, typer.Option("--svg", help="Write SVG beside PNG.")] = False,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the files [default: figures in the result].")
    ] = None,
) -> None:
    """Draw figures of a stored result, each with its numbers as CSV beside it."""
    from sim.cli import complain
    from sim.experiment.result import open_result
    from sim.plot.save import save

    paths = save(
        open_result(result),
        kinds or None,
        out,
        measures=measure or None,
        svg=svg,
        skipped=lambda name, reason: complain(f"left out {name}: {reason}"),
    )
    for path in paths:
        print(path)
