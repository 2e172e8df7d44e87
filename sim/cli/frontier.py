"""`sim frontier`: where containment begins and ends in two parameters."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from sim.cli import EXPECTED_ERROR, complain
from sim.cli.options import (
    RESULTS,
    Changes,
    Clients,
    Out,
    Point,
    Posterior,
    ScenarioFile,
    Seed,
    Workers,
    drawn_over,
)
from sim.cli.tournament import pictures

Range = tuple[float, float]
NO_RANGE = typer.Option(None, help="Lowest and highest value [default: 0 to twice the value].")


def frontier(
    scenario: ScenarioFile,
    x: Annotated[
        str | None, typer.Option(help="Path of a number [default: demand.switching_cost.api].")
    ] = None,
    y: Annotated[
        str | None,
        typer.Option(help="Path of a number [default: intensity of the openness lever]."),
    ] = None,
    x_range: Range | None = NO_RANGE,
    y_range: Range | None = NO_RANGE,
    outcome: Annotated[
        list[str] | None,
        typer.Option(help="Outcome class that counts, repeatable [default: containment]."),
    ] = None,
    runs_a_point: Annotated[
        int, typer.Option(min=2, help="Replicates at each point, each with its pair.")
    ] = 12,
    budget: Annotated[int | None, typer.Option(min=1, help="Runs at most.")] = None,
    depth: Annotated[int, typer.Option(min=0, max=6, help="Halvings of the coarse cells.")] = 2,
    hysteresis: Annotated[
        bool,
        typer.Option(
            "--hysteresis", help="Bring x to each value from below and from above instead."
        ),
    ] = False,
    steps: Annotated[int, typer.Option(min=2, help="Values of that sweep.")] = 5,
    seed: Seed = None,
    set_: Changes = None,
    clients: Clients = None,
    posterior: Posterior = None,
    point: Point = False,
    workers: Workers = None,
    out: Out = RESULTS,
    json_: Annotated[bool, typer.Option("--json", help="Print folder and findings.")] = False,
) -> int:
    """Find where P(containment) = 1/2 in two parameters, asking only near the boundary.

    Every step of the refinement is a stored ensemble; the same command goes on where an
    interrupted one stopped.
    """
    from sim.analysis.frontier.frontier import USUAL_OUTCOMES, axis_of, usual_paths
    from sim.analysis.frontier.frontier import frontier as find
    from sim.analysis.frontier.hysteresis import hysteresis as swept
    from sim.runs.progress import progress_on_stderr
    from sim.runs.settings import RunSettings
    from sim.scenario.reader import load

    changes = [*(set_ or []), *([f"population.clients={clients}"] if clients else [])]
    market = load(scenario, changes)
    usual = usual_paths(market) if x is None or (y is None and not hysteresis) else ("", "")
    across = axis_of(market, x or usual[0], x_range)
    with progress_on_stderr() as told:
        settings = RunSettings(out, workers, progress=told)
        if hysteresis:
            result, found = swept(
                market, across, settings, replicates=runs_a_point, steps=steps, seed=seed
            )
        else:
            result, found = find(
                market,
                across,
                axis_of(market, y or usual[1], y_range),
                settings,
                outcomes=outcome or USUAL_OUTCOMES,
                runs_a_point=runs_a_point,
                budget=budget,
                depth=depth,
                seed=seed,
                draws=drawn_over(market, posterior, point, changes, runs_a_point, seed),
            )
    lines = sweep_lines(found) if hysteresis else frontier_lines(found)
    picture = "hysteresis" if hysteresis else "frontier"
    if json_:
        print(json.dumps(found, ensure_ascii=False, indent=2, allow_nan=False))
    else:
        print("\n".join(lines), flush=True)
    trouble = pictures(result, (picture,))
    if trouble:
        complain(trouble)
        return EXPECTED_ERROR
    return 0


def frontier_lines(found: dict[str, Any]) -> list[str]:
    """The frontier as lines for the screen.

    Raises
    ------
    SimError
        It has lost what a conclusion must carry.
    """
    from sim.analysis.verdict.grounds import grounds_line

    ground = grounds_line(found)
    x, y = found["x"], found["y"]
    low, high = found["area_interval"]
    what = " or ".join(found["outcomes"])
    lines = [
        f"P({what}) = 1/2 over {x['path']} {_span(x)} and {y['path']} {_span(y)}",
        f"  {what} is the rule in {found['area']:.0%} of the plane [{low:.0%}, {high:.0%}]; the "
        f"boundary is uncertain in {found['band_area']:.0%}",
        f"  {'value of x'.rjust(12)}  P >= 1/2 where y is",
    ]
    for value, column in zip(x["values"], found["probability"], strict=True):
        lines.append(f"  {value:12.4g}  {_where(column, y['values'])}")
    lines.append(
        f"  {len(found['points'])} points, {found['runs']} runs; the whole lattice has "
        f"{found['runs_of_the_whole_lattice']}"
        + ("" if found["finished"] else "; the budget ended the refinement")
    )
    return [*lines, f"  {ground}"]


def _span(axis: dict[str, Any]) -> str:
    return f"({axis['values'][0]:g} to {axis['values'][-1]:g})"


def _where(column: list[float], values: list[float]) -> str:
    """Ranges of y in which the outcome is the rule."""
    spans: list[list[float]] = []
    before = False
    for probability, value in zip(column, values, strict=True):
        if probability >= 0.5 and before:
            spans[-1][1] = value
        elif probability >= 0.5:
            spans.append([value, value])
        before = probability >= 0.5
    return ", ".join(f"{low:.3g} to {high:.3g}" for low, high in spans) or "nowhere"


def sweep_lines(found: dict[str, Any]) -> list[str]:
    """A sweep from below and above as lines for the screen.

    Raises
    ------
    SimError
        It has lost what a conclusion must carry.
    """
    from sim.analysis.verdict.grounds import grounds_line

    ground = grounds_line(found)
    lines = [f"{found['path']} from below and from above: the challenger's token share, %"]
    lines += [f"  {'value':>10}  {'below':>6}  {'above':>6}  gap"]
    for row in found["rows"]:
        low, high = (100.0 * end for end in row["gap_interval"])
        lines.append(
            f"  {row['value']:10.4g}  {100.0 * row['up']:6.1f}  {100.0 * row['down']:6.1f}  "
            f"{100.0 * row['gap']:+.2f} [{low:+.2f}, {high:+.2f}]"
        )
    low, high = (100.0 * end for end in found["gap_interval"])
    said = "the past matters" if found["depends_on_the_past"] else "not told from none"
    lines.append(f"  mean gap {100.0 * found['gap']:+.2f} [{low:+.2f}, {high:+.2f}] points: {said}")
    return [*lines, f"  {ground}"]
