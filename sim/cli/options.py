"""What verbs share: options, tables, JSON, pictures."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import AbstractContextManager, nullcontext
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sim.cli import complain
from sim.errors import SimError
from sim.runs.settings import RESULTS as RESULTS

if TYPE_CHECKING:
    from sim.runs.result import Result
    from sim.runs.worlds import Draws
    from sim.scenario.schema.scenario import Scenario

ScenarioFile = Annotated[
    Path,
    typer.Argument(help="Scenario file (TOML), or the name of a shipped one.", show_default=False),
]


def _result_folder(given: Path) -> Path:
    from sim.runs.folders import result_folder

    return result_folder(given)


def result_folders(given: list[Path] | None) -> list[Path]:
    """Each folder that is meant; SimError where one is not found."""
    return [_result_folder(one) for one in given or ()]


ResultFolder = Annotated[
    Path,
    typer.Argument(
        callback=_result_folder,
        help="Result folder, a beginning of its name, or latest.",
        show_default=False,
    ),
]
Name = Annotated[
    str, typer.Option("--name", help="Name of the result folder [default: made of the inputs].")
]
PartName = Annotated[
    str,
    typer.Option(
        "--name",
        help="Name of the result folder; NAME-PART where several are made [default: made of the "
        "inputs].",
    ),
]
Record = Annotated[Path | None, typer.Option(help="Record (CSV) [default: the one shipped].")]
Replicates = Annotated[
    int | None, typer.Option(min=1, help="Replicates of each world [default: the scenario's].")
]
Seed = Annotated[int | None, typer.Option(min=0, help="Root seed [default: the scenario's].")]
Changes = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="PATH=VALUE", help="Another value at a dotted path."),
]
OffVariants = Annotated[
    list[str] | None,
    typer.Option("--off-variant", metavar="LEVER=NAME", help="What off means for a lever."),
]
Clients = Annotated[int | None, typer.Option(min=1, help="Simulated clients.")]
Workers = Annotated[
    int | None, typer.Option(min=1, help="Processes [default: all cores; one if small].")
]
Out = Annotated[Path, typer.Option(help="Folder that takes the result folder (or SIM_RESULTS).")]
JsonFinding = Annotated[bool, typer.Option("--json", help="Print folder and findings.")]
JsonFindings = Annotated[bool, typer.Option("--json", help="Print folders and findings.")]
Verbose = Annotated[bool, typer.Option("--verbose", help="All figures behind the answer as well.")]
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

WIDTH = 80
SOME_FAILED = 3


def changed(
    changes: Iterable[str] | None, clients: int | None, off_variants: Iterable[str] | None = None
) -> list[str]:
    """The values of `--set`, `--off-variant` and `--clients` as changes of a scenario.

    Raises
    ------
    SimError
        A variant is not written LEVER=NAME.
    """
    out = list(changes or ())
    for text in off_variants or ():
        lever, is_there, name = text.partition("=")
        if not (lever and is_there and name):
            raise SimError(f"--off-variant {text}: is written LEVER=NAME")
        out.append(f"levers.{lever}.off_variant={name}")
    return [*out, *([f"population.clients={clients}"] if clients else [])]


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


def say_at_point(market: Scenario, what: str) -> None:
    """Say on the error stream that runs are at the scenario's numbers although it has others."""
    if market.posterior is not None:
        say = f"{what}: at the scenario's own numbers; the posterior that it names is not used"
        print(say, file=sys.stderr)


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


def run_as_it_stands(
    market: Scenario,
    replicates: int | None,
    seed: int | None,
    workers: int | None,
    out: Path,
    posterior: Path | None = None,
    known: date | None = None,
) -> Result:
    """Run the one world in which the scenario holds, without counterfactuals; see `run_alone`."""
    from sim.analysis.forecasts.running import run_alone
    from sim.runs.settings import RunSettings, progress_on_stderr

    with progress_on_stderr() as progress:
        return run_alone(
            market,
            RunSettings(workers=workers, out=out, progress=progress),
            posterior=posterior,
            replicates=replicates,
            seed=seed,
            known=known,
        )


def draw(result: Result, names: Sequence[str], measures: Sequence[str] | None = None) -> bool:
    """Draw pictures of a result; False, and the reason on the error stream, if it cannot be."""
    from sim.plot.save import save

    try:
        save(result, names, measures=measures)
    except SimError as error:
        complain(f"no figure: {error}")
        return False
    return True


def print_json(document: Mapping[str, Any]) -> None:
    """A document as JSON text.

    Raises
    ------
    ValueError
        A number is not finite.
    """
    print(json.dumps(document, ensure_ascii=False, indent=2, allow_nan=False))


def table_lines(rows: Sequence[Sequence[object]], indent: str = "") -> list[str]:
    """Rows of cells as lines with columns of one width."""
    widths = [max(len(str(cell)) for cell in column) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(f"{cell!s:<{width}}" for cell, width in zip(row, widths, strict=True))
        for row in rows
    ]
    return [f"{indent}{line.rstrip()}" for line in lines]
