"""Options that mean the same at every verb that runs a scenario."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import Executor
from contextlib import AbstractContextManager, nullcontext
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from sim.runs.worlds import Draws
    from sim.scenario.schema.scenario import Scenario

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

Scheduler = Annotated[
    str | None,
    typer.Option(metavar="ADDRESS", help="Dask scheduler, tcp://host:port, or local-cluster."),
]
BranchAt = Annotated[
    str | None,
    typer.Option(metavar="YYYY-MM", help="Run up to this month once, go on from there."),
]

Posterior = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", help="Each replicate is a draw of this posterior [default: the scenario's]."
    ),
]
Point = Annotated[
    bool, typer.Option("--point", help="The numbers as they stand; no posterior is used.")
]

RESULTS = Path("results")


def drawn_over(
    market: Scenario,
    posterior: Path | None,
    point: bool,
    changes: Iterable[str],
    replicates: int | None,
    seed: int | None,
) -> Draws | None:
    """The draws of runs over a posterior; None where the numbers are those of the scenario.

    Raises
    ------
    SimError
        The posterior is not of this scenario, or a change is of a number that is drawn.
    """
    if posterior is None and market.posterior is None:
        return None
    from sim.analysis.predictive import draws_of, posterior_of, refuse_drawn
    from sim.scenario.reader import parse_override

    file = posterior_of(market, posterior, point)
    if file is None:
        return None
    runs = market.ensemble.replicates if replicates is None else replicates
    root = market.ensemble.seed if seed is None else seed
    found = draws_of(file, market, runs, root)
    refuse_drawn(found, [parse_override(text)[0] for text in changes])
    return found


def executor_of(
    scheduler: str | None, workers: int | None
) -> AbstractContextManager[Executor | None]:
    """The executor of a scheduler, or none for processes of this machine."""
    if scheduler is None:
        return nullcontext()
    from sim.runs.executors import cluster_executor

    return cluster_executor(scheduler, workers)


def month_of(text: str | None) -> date | None:
    """The first day of a month that is written YYYY-MM.

    Raises
    ------
    SimError
        It is none.
    """
    from sim.errors import SimError
    from sim.months import first_of_month

    if text is None:
        return None
    try:
        month = first_of_month(text)
    except ValueError:
        month = text
    if not isinstance(month, date):
        raise SimError(f"{text}: a month is written YYYY-MM")
    return month
