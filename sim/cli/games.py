"""Verbs of games and boundaries: tournament, train, frontier."""

from __future__ import annotations

import json
import shlex
import textwrap
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sim.cli import EXPECTED_ERROR, options
from sim.cli.options import (
    RESULTS,
    SOME_FAILED,
    WIDTH,
    changed,
    draw,
    drawn_over,
    print_json,
    say_at_point,
)

if TYPE_CHECKING:
    from sim.runs.result import Result
    from sim.strategies.pricing.q_learning import Policy

NAME_WIDTH = 22
SHOWN_WEIGHT = 0.005
LEAST = 1_000_000
FACTS = ("vendor", "rival", "steps", "settled", "seed", "profit_gain", "scenario", "checksum")
PERCENT = 100.0
Names = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME",
        help="Strategy of that side, repeatable: NAME, KIND.NAME or NAME:parameter=value,... "
        "[default: six pricing strategies].",
    ),
]


def tournament(
    scenario: options.ScenarioFile,
    incumbent: Names = None,
    challenger: Names = None,
    replicates: options.Replicates = None,
    seed: options.Seed = None,
    discount: Annotated[float, typer.Option(help="Worth of a yuan next month.")] = 0.98,
    set_: options.Changes = None,
    off_variant: options.OffVariants = None,
    clients: options.Clients = None,
    posterior: options.Posterior = None,
    point: options.Point = False,
    workers: options.Workers = None,
    out: options.Out = RESULTS,
    name: options.Name = "",
    verbose: options.Verbose = False,
    json_: options.JsonFinding = False,
) -> int:
    """Let named strategies of incumbent and challenger meet under common seeds.

    Prints payoffs, equilibria of the empirical game, regret of what is played, and whether a
    strategy that contains pays. The same command goes on where an interrupted one stopped.
    """
    from sim.analysis.answers import tournament_answer
    from sim.analysis.games.tournament import tournament as run_all
    from sim.cli.screen import conclude
    from sim.runs.settings import RunSettings, progress_on_stderr
    from sim.scenario.reader import load

    changes = changed(set_, clients, off_variant)
    market = load(scenario, changes)
    with progress_on_stderr() as progress:
        result, found = run_all(
            market,
            incumbent or (),
            challenger or (),
            RunSettings(out, workers, progress=progress, name=name),
            discount=discount,
            replicates=replicates,
            seed=seed,
            draws=drawn_over(market, posterior, point, changes, replicates, seed),
        )
    if json_:
        print_json(found)
    else:
        answer = replace(tournament_answer(found, market), next=_next(result))
        conclude(answer, tournament_lines(found), verbose, market)
    if not draw(result, ["tournament", "replicator", "fingerprints"]):
        return EXPECTED_ERROR
    return SOME_FAILED if len(result.failed) else 0


def _next(result: Result) -> tuple[str, ...]:
    path = shlex.quote(str(result.path))
    return f"sim plot {path}", f"sim report {path}"


def tournament_lines(found: dict[str, Any]) -> list[str]:
    """The findings as lines for the screen."""
    from sim.analysis.verdict.grounds import grounds_line

    ground = grounds_line(found)
    payoff, contest = found["payoff"], found["contest"]
    lines = []
    for side in ("incumbent", "challenger"):
        title = f"payoff of {contest[side]} ({side}): {payoff['measure']}, {payoff['unit']}"
        lines += _grid(title, found, payoff[side], ".1f")
    share = [[PERCENT * x for x in row] for row in found["tables"]["challenger_token_share"]]
    lines += _grid(f"token share of {contest['challenger']}, %", found, share, ".1f")
    surplus = found["tables"]["consumer_surplus"]
    lines += _grid("consumer surplus, price units", found, surplus, ".3f")
    lines += ["extreme equilibria of the game of means (all others are means of these)"]
    lines += [f"  {_equilibrium(one)}" for one in found["equilibria"]] or ["  none found"]
    notes = [_historical(found), *_deviations(found), _imitation(found), *_alike(found)]
    for note in [*notes, *found["notes"]]:
        lines += textwrap.wrap(note, WIDTH, initial_indent="  ", subsequent_indent="    ")
    return [*lines, f"  {ground}"]


def _grid(title: str, found: dict[str, Any], values: list[list[float]], form: str) -> list[str]:
    """A title, a number for each pair of strategies, an empty line."""
    head = [name[:NAME_WIDTH] for name in found["columns"]]
    cells = [head, *([format(value, form) for value in row] for row in values)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    names = ["", *found["rows"]]
    longest = max(map(len, names))
    lines = [title]
    for name, row in zip(names, cells, strict=True):
        numbers = "  ".join(f"{cell:>{width}}" for cell, width in zip(row, widths, strict=True))
        lines.append(f"  {name:<{longest}}  {numbers}")
    return [*lines, ""]


def _equilibrium(one: dict[str, Any]) -> str:
    from sim.report.sections.findings import mix

    pays = ", ".join(f"{value:.1f}" for value in one["payoffs"])
    how = f", in {one['frequency']:.0%} of bootstrapped games" if one["pure"] else ", mixed"
    return f"({mix(one['incumbent'])}; {mix(one['challenger'])}) pays {pays}{how}"


def _historical(found: dict[str, Any]) -> str:
    past = found["historical"]
    best = (
        f"the incumbent's best reply is {past['best_incumbent']} (+{past['gain_incumbent']:.1f}), "
        f"the challenger's {past['best_challenger']} (+{past['gain_challenger']:.1f})"
    )
    flag = "; flagged: 5 % of the payoff or more" if past["flagged"] else ""
    return (
        f"regret of the historical profile: {past['regret']:.1f} [{past['low']:.1f}, "
        f"{past['high']:.1f}], {past['interval_type']}; {best}{flag}"
    )


def _deviations(found: dict[str, Any]) -> list[str]:
    from sim.report.sections.findings import VERDICTS

    lines = []
    for one in found["deviations"]:
        low, high = one["gain_interval"]
        text = (
            f"{one['strategy']}: {one['best_alternative']} would pay {one['gain']:+.1f} "
            f"[{low:+.1f}, {high:+.1f}], p {one['p_holm']:.3f} (Holm): "
            f"the incumbent {VERDICTS[one['incumbent']]}"
        )
        if one["contained"] is not None:
            text += f"; containment {one['contained']}, tau {PERCENT * one['tau']:+.1f} points"
        if one["pyrrhic"]:
            text += "; PYRRHIC: it contains and loses money"
        lines.append(text)
    return lines


def _imitation(found: dict[str, Any]) -> str:
    """Where the replicator ends, and from how many random starts each pure profile is reached."""
    from sim.report.sections.findings import mix

    path = found["replicator"]
    ends = [
        mix({name: w for name, w in zip(names, path[side][-1], strict=True) if w >= SHOWN_WEIGHT})
        for side, names in (("incumbent", found["rows"]), ("challenger", found["columns"]))
    ]
    reached = [
        (part, found["rows"][i], found["columns"][j])
        for i, row in enumerate(path["basins"])
        for j, part in enumerate(row)
        if part > 0.0
    ]
    text = "; ".join(f"({i}; {j}) from {part:.0%}" for part, i, j in sorted(reached, reverse=True))
    return (
        f"where better strategies are copied (replicator), equal weights lead to ({ends[0]}; "
        f"{ends[1]}) after {path['time'][-1]:g} units of time; random starts that end at one "
        f"profile: {text or 'none'}"
    )


def _alike(found: dict[str, Any]) -> list[str]:
    """The two strategies of each side whose fingerprints differ least."""
    lines = []
    for vendor, prints in found["fingerprints"].items():
        names, distance = prints["names"], prints["distance"]
        pairs = [(distance[i][j], i, j) for j in range(len(names)) for i in range(j)]
        if pairs:
            least, i, j = min(pairs)
            lines.append(
                f"fingerprints of {vendor}: most alike are {names[i]} and {names[j]}, log prices "
                f"{least:.2f} apart against the same probes"
            )
    return lines


def train(
    scenario: options.ScenarioFile,
    vendor: Annotated[str, typer.Option(help="Vendor that learns.", show_default=False)],
    out: Annotated[Path, typer.Option(help="File that takes the policy.", show_default=False)],
    steps: Annotated[
        int | None, typer.Option(min=LEAST, help="Periods of training [default: 4,000,000].")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the exploration.")] = 1,
    set_: options.Changes = None,
    json_: Annotated[bool, typer.Option("--json", help="Print the facts as JSON.")] = False,
) -> None:
    """Teach a vendor's pricing algorithm and write its policy, for the strategy `q_learning`."""
    from sim.analysis.games.training import Training
    from sim.analysis.games.training import train as teach
    from sim.errors import SimError
    from sim.files import write_new
    from sim.scenario.reader import load

    if out.exists():
        raise SimError(f"{out}: is there already; nothing is overwritten")
    market = load(scenario, set_ or [])
    how = Training() if steps is None else Training(steps=steps)
    policy = teach(market, vendor, seed=seed, training=how)
    text = json.dumps(policy.model_dump(mode="json"), indent=1, allow_nan=False)
    write_new(out, text + "\n")
    if json_:
        facts = {name: getattr(policy, name) for name in FACTS}
        print_json({"policy": str(out), **facts})
    else:
        print("\n".join(_policy_lines(policy, out)))


def _policy_lines(policy: Policy, out: Path) -> list[str]:
    pricing = f'{{ strategy = "q_learning", policy = {json.dumps(out.name, ensure_ascii=False)} }}'
    return [
        f"{policy.vendor} against {policy.rival}: {policy.steps:,} periods, seed {policy.seed}; "
        f"what it does last changed in period {policy.settled:,}",
        f"profit gain Delta = {policy.profit_gain:.3f} (0 Nash, 1 joint monopoly)",
        f"prices over unit cost from {policy.own_grid[0]:.3f} to {policy.own_grid[-1]:.3f}",
        f"policy   {out}",
        f"next     vendors.{policy.vendor}.pricing = {pricing}",
    ]


Range = tuple[float, float]
NO_RANGE = typer.Option(None, help="Lowest and highest value [default: 0 to twice the value].")


def frontier(
    scenario: options.ScenarioFile,
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
    seed: options.Seed = None,
    set_: options.Changes = None,
    off_variant: options.OffVariants = None,
    clients: options.Clients = None,
    posterior: options.Posterior = None,
    point: options.Point = False,
    workers: options.Workers = None,
    out: options.Out = RESULTS,
    name: options.Name = "",
    verbose: options.Verbose = False,
    json_: options.JsonFinding = False,
) -> int:
    """Find where P(containment) = 1/2 in two parameters, asking only near the boundary.

    Every step of the refinement is a stored ensemble; the same command goes on where an
    interrupted one stopped.
    """
    from sim.analysis.answers import frontier_answer, hysteresis_answer
    from sim.analysis.frontier.frontier import USUAL_OUTCOMES, axis_of, usual_paths
    from sim.analysis.frontier.frontier import frontier as find
    from sim.analysis.frontier.hysteresis import hysteresis as swept
    from sim.cli.screen import conclude
    from sim.runs.settings import RunSettings, progress_on_stderr
    from sim.scenario.reader import load

    changes = changed(set_, clients, off_variant)
    market = load(scenario, changes)
    usual = usual_paths(market) if x is None or (y is None and not hysteresis) else ("", "")
    across = axis_of(market, x or usual[0], x_range)
    with progress_on_stderr() as progress:
        settings = RunSettings(out, workers, progress=progress, name=name)
        if hysteresis:
            say_at_point(market, "hysteresis")
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
    picture = "hysteresis" if hysteresis else "frontier"
    if json_:
        print_json(found)
    else:
        answer = hysteresis_answer(found) if hysteresis else frontier_answer(found)
        behind = sweep_lines(found) if hysteresis else frontier_lines(found)
        conclude(replace(answer, next=_next(result)), behind, verbose, market)
    return 0 if draw(result, [picture]) else EXPECTED_ERROR


def frontier_lines(found: dict[str, Any]) -> list[str]:
    """The frontier as lines for the screen."""
    from sim.analysis.verdict.grounds import grounds_line
    from sim.report.sections.findings import likely

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
        spans = (f"{low:.3g} to {high:.3g}" for low, high in likely(column, y["values"]))
        lines.append(f"  {value:12.4g}  {', '.join(spans) or 'nowhere'}")
    lines.append(
        f"  {len(found['points'])} points, {found['runs']} runs; the whole lattice has "
        f"{found['runs_of_the_whole_lattice']}"
        + ("" if found["finished"] else "; the budget ended the refinement")
    )
    return [*lines, f"  {ground}"]


def _span(axis: dict[str, Any]) -> str:
    return f"({axis['values'][0]:g} to {axis['values'][-1]:g})"


def sweep_lines(found: dict[str, Any]) -> list[str]:
    """A sweep from below and above as lines for the screen."""
    from sim.analysis.verdict.grounds import grounds_line

    ground = grounds_line(found)
    lines = [f"{found['path']} from below and from above: the challenger's token share, %"]
    lines += [f"  {'value':>10}  {'below':>6}  {'above':>6}  gap"]
    for row in found["rows"]:
        low, high = (PERCENT * end for end in row["gap_interval"])
        lines.append(
            f"  {row['value']:10.4g}  {PERCENT * row['up']:6.1f}  {PERCENT * row['down']:6.1f}  "
            f"{PERCENT * row['gap']:+.2f} [{low:+.2f}, {high:+.2f}]"
        )
    low, high = (PERCENT * end for end in found["gap_interval"])
    said = "the past matters" if found["depends_on_the_past"] else "not told from none"
    lines.append(
        f"  mean gap {PERCENT * found['gap']:+.2f} [{low:+.2f}, {high:+.2f}] points: {said}"
    )
    return [*lines, f"  {ground}"]
