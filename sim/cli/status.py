"""`sim status`: how far the runs of a folder have come."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer


def status(
    folder: Annotated[Path, typer.Argument(help="Result folder.", show_default=False)],
    json_: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
) -> None:
    """Say how many runs are pending, done, failed and aborted; nothing is changed."""
    from sim.experiment.status import status_of

    found = status_of(folder)
    if json_:
        print(json.dumps(found.document(), ensure_ascii=False, indent=2))
        return
    told = found.status
    if told == "running" and not found.holder:
        told = "stopped; the command that began it goes on"
    elif found.holder:
        told = f"in use by {found.holder}"
    print(f"{found.name}: {told}")
    for state in ("done", "failed", "aborted", "pending"):
        print(f"{state:<9}{getattr(found, state):>10,} of {found.runs:,} runs")
    print(f"blocks   {found.blocks - found.blocks_left:>10,} of {found.blocks:,}")
