"""The verbs and where they live; a verb's module is loaded when it is called."""

from __future__ import annotations

import importlib
from typing import Any, NamedTuple

import typer
from typer.core import TyperGroup


class Verb(NamedTuple):
    """A verb: its module, the function in it, and one line of help."""

    module: str
    function: str
    help: str


VERBS = {
    "run": Verb("sim.cli.run", "run", "Run a scenario: verdict, curves, figures, result folder."),
    "sweep": Verb(
        "sim.cli.sweep", "sweep", "Run a study: factors x design x replicates; resumable."
    ),
    "status": Verb("sim.cli.results", "status", "How far the runs of a folder have come."),
    "validate": Verb("sim.cli.validate", "validate", "Each recorded figure beside its band."),
    "forecast": Verb(
        "sim.cli.record", "forecast", "Dated forecasts of the recorded metrics, with bands."
    ),
    "calibrate": Verb("sim.cli.record", "calibrate", "Fit a few declared numbers to the record."),
    "compare": Verb("sim.cli.compare", "compare", "The same seeds under several scenarios."),
    "attribute": Verb("sim.cli.findings", "attribute", "Which move does it, and where."),
    "sensitivity": Verb(
        "sim.cli.findings", "sensitivity", "Which unknowns matter, and where it fails."
    ),
    "train": Verb("sim.cli.games", "train", "Teach a pricing algorithm before a run."),
    "tournament": Verb(
        "sim.cli.games", "tournament", "Named strategies against each other, and who pays."
    ),
    "frontier": Verb(
        "sim.cli.games", "frontier", "Where containment begins and ends in two parameters."
    ),
    "verify": Verb("sim.cli.validate", "verify", "Known-answer cases: id, expected, got, pass."),
    "explain": Verb(
        "sim.cli.results", "explain", "One run made again: compared, or its story told."
    ),
    "export": Verb("sim.cli.results", "export", "Tidy tables of a result for a spreadsheet."),
    "plot": Verb("sim.cli.results", "plot", "Figures from a stored result."),
    "report": Verb("sim.cli.results", "report", "One self-contained page of a stored result."),
    "results": Verb("sim.cli.results", "results", "Result folders: what, when, verdict; diff."),
    "serve": Verb("sim.cli.run", "serve", "Play the market on a page of this machine."),
    "check": Verb("sim.cli.check", "check", "All errors of scenario files at once."),
    "schema": Verb("sim.cli.check", "schema", "The JSON schema of a scenario file."),
    "describe": Verb("sim.cli.check", "describe", "The parameter reference."),
    "new": Verb("sim.cli.check", "new", "Write an annotated starting scenario."),
    "list": Verb("sim.cli.check", "list_names", "Scenarios, strategies, events, measures, plots."),
}


class LazyGroup(TyperGroup):
    """Knows its verbs without loading them."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Names of the verbs in the order of the help."""
        return list(VERBS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Load the verb's module and make its command."""
        verb = VERBS.get(cmd_name)
        if verb is None:
            return None
        single = typer.Typer(add_completion=False, rich_markup_mode=None)
        function = getattr(importlib.import_module(verb.module), verb.function)
        single.command(name=cmd_name)(function)
        return typer.main.get_command(single)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """The verbs with their lines, without loading them."""
        with formatter.section("Verbs"):
            formatter.write_dl([(name, verb.help) for name, verb in VERBS.items()])


app = typer.Typer(
    cls=LazyGroup,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    subcommand_metavar="VERB [ARGUMENTS]...",
)


@app.callback(invoke_without_command=True)
def top(
    context: typer.Context,
    version: bool = typer.Option(False, "--version", help="Print the version and stop."),
) -> None:
    """Agent-based market simulator: does an incumbent's strategy contain a challenger?"""
    if version:
        import sim

        typer.echo(f"sim {sim.__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def command() -> Any:
    """The command that `main` runs."""
    return typer.main.get_command(app)
