"""Options that mean the same at every verb that runs a scenario."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

ScenarioFile = Annotated[Path, typer.Argument(help="Scenario file (TOML).", show_default=False)]
Record = Annotated[Path | None, typer.Option(help="Record (CSV) [default: the one shipped].")]
Replicates = Annotated[
    int | None, typer.Option(min=1, help="Replicates of each world [default: the scenario's].")
]
Seed = Annotated[int | None, typer.Option(min=0, help="Root seed [default: the scenario's].")]
Changes = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="PATH=VALUE", help="Another value at a dotted path."),
]
Clients = Annotated[int | None, typer.Option(min=1, help="Simulated clients.")]
Workers = Annotated[
    int | None, typer.Option(min=1, help="Processes [default: all cores; one if small].")
]
Out = Annotated[Path, typer.Option(help="Folder that takes the result folder.")]

RESULTS = Path("results")
