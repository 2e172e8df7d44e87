"""Verbs of games: tournament, train."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sim.cli import EXPECTED_ERROR, complain
from sim.cli.options import (
    RESULTS,
    Changes,
    Clients,
    Out,
    Point,
    Posterior,
    Replicates,
    ScenarioFile,
    Seed,
    Workers,
    drawn_over,
)

if TYPE_CHECKING:
    from sim.runs.result import Result
    from sim.strategies.pricing.q_learning import Policy


WIDTH = 100
NAME_WIDTH = 22
PICTURES = ("tournament", "replicator", "fingerprints")
SOME_FAILED = 3
Names = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME",
        help="Strategy of that side, repeatable: NAME, KIND.NAME or NAME:parameter=value,... "
        "[default: six pricing strategies].",
    ),
]


def tournament(
    scenario: ScenarioFile,
    incumbent: Names = None,
    challenger: Names = None,
    replicates: Replicates = None,
    seed: Seed = None,
    discount: Annotated[float, typer.Option(help="Worth of a yuan next month.")] = 0.98,
    set_: Changes = None,
    clients: Clients = None,
    posterior: Posterior = None,
    point: Point = False,
    workers: Workers = None,
    out: Out = RESULTS,
    json_: Annotated[bool, typer.Option("--json", help="Print folder and findings.")] = False,
) -> int:
    """Let named strategies of incumbent and challenger meet under common seeds.

    Prints payoffs, equilibria of the empirical game, regret of what is played, and whether a
    strategy that contains pays. The same command goes on where an interrupted one stopped.
    """
    from sim.analysis.games.tournament import tournament as run_all
    from sim.runs.progress import progress_on_stderr
    from sim.runs.settings import RunSettings
    from sim.scenario.reader import load

    changes = [*(set_ or []), *([f"population.clients={clients}"] if clients else [])]
    market = load(scenario, changes)
    with progress_on_stderr() as told:
        result, found = run_all(
            market,
            incumbent or (),
            challenger or (),
            RunSettings(out, workers, progress=told),
            discount=discount,
            replicates=replicates,
            seed=seed,
            draws=drawn_over(market, posterior, point, changes, replicates, seed),
        )
    if json_:
        print(json.dumps(found, ensure_ascii=False, indent=2, allow_nan=False))
    else:
        print("\n".join(tournament_lines(found)), flush=True)
    trouble = pictures(result, PICTURES)
    if trouble:
        complain(trouble)
        return EXPECTED_ERROR
    return SOME_FAILED if len(result.failed) else 0


def pictures(result: Result, names: tuple[str, ...]) -> str:
    """Draw pictures of a result; why not, if that cannot be."""
    from sim.errors import SimError
    from sim.plot.save import save

    try:
        save(result, list(names))
    except SimError as error:
        return f"no figure: {error}"
    return ""


def tournament_lines(found: dict[str, Any]) -> list[str]:
    """The findings as lines for the screen.

    Raises
    ------
    SimError
        They have lost what a conclusion must carry.
    """
    from sim.analysis.verdict.grounds import grounds_line

    ground = grounds_line(found)
    payoff, contest = found["payoff"], found["contest"]
    lines = []
    for side in ("incumbent", "challenger"):
        title = f"payoff of {contest[side]} ({side}): {payoff['measure']}, {payoff['unit']}"
        lines += [*_grid(title, found, payoff[side], "{:.1f}"), ""]
    share = [[100.0 * x for x in row] for row in found["tables"]["challenger_token_share"]]
    lines += [*_grid(f"token share of {contest['challenger']}, %", found, share, "{:.1f}"), ""]
    surplus = found["tables"]["consumer_surplus"]
    lines += [*_grid("consumer surplus, price units", found, surplus, "{:.3f}"), ""]
    lines += ["equilibria of the game of means"]
    lines += [f"  {_equilibrium(one)}" for one in found["equilibria"]] or ["  none found"]
    notes = [_historical(found), *_deviations(found), *_imitation(found), *_alike(found)]
    for note in [*notes, *found["notes"]]:
        lines += textwrap.wrap(note, WIDTH, initial_indent="  ", subsequent_indent="    ")
    return [*lines, f"  {ground}"]


def _grid(title: str, found: dict[str, Any], values: list[list[float]], form: str) -> list[str]:
    columns, rows = found["columns"], found["rows"]
    wide = max(len(name) for name in rows)
    cells = [[form.format(value) for value in row] for row in values]
    widths = [
        max(min(len(name), NAME_WIDTH), *(len(row[j]) for row in cells))
        for j, name in enumerate(columns)
    ]
    head = "  ".join(n[:NAME_WIDTH].rjust(w) for n, w in zip(columns, widths, strict=True))
    lines = [title, f"  {''.ljust(wide)}  {head}"]
    for name, row in zip(rows, cells, strict=True):
        told = "  ".join(cell.rjust(w) for cell, w in zip(row, widths, strict=True))
        lines.append(f"  {name.ljust(wide)}  {told}")
    return lines


def _mix(weights: dict[str, float]) -> str:
    if len(weights) == 1:
        return next(iter(weights))
    return " + ".join(f"{weight:.2f} {name}" for name, weight in weights.items())


def _equilibrium(one: dict[str, Any]) -> str:
    pays = ", ".join(f"{value:.1f}" for value in one["payoffs"])
    how = f", in {one['frequency']:.0%} of bootstrapped games" if one["pure"] else ", mixed"
    return f"({_mix(one['incumbent'])}; {_mix(one['challenger'])}) pays {pays}{how}"


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
    lines = []
    for one in found["deviations"]:
        low, high = one["gain_interval"]
        text = (
            f"{one['strategy']}: {one['best_alternative']} would pay {one['gain']:+.1f} "
            f"[{low:+.1f}, {high:+.1f}], p {one['p_holm']:.3f} (Holm): "
            f"the incumbent {WORDS[one['incumbent']]}"
        )
        if one["contained"] is not None:
            text += f"; containment {one['contained']}, tau {100.0 * one['tau']:+.1f} points"
        if one["pyrrhic"]:
            text += "; PYRRHIC: it contains and loses money"
        lines.append(text)
    return lines


def _imitation(found: dict[str, Any]) -> list[str]:
    """Where the replicator ends, and from how many random starts each pure profile is reached."""
    told = found["replicator"]
    ends = [
        _mix({name: w for name, w in zip(names, told[side][-1], strict=True) if w >= SHOWN_WEIGHT})
        for side, names in (("incumbent", found["rows"]), ("challenger", found["columns"]))
    ]
    reached = [
        (part, found["rows"][i], found["columns"][j])
        for i, row in enumerate(told["basins"])
        for j, part in enumerate(row)
        if part > 0.0
    ]
    text = "; ".join(f"({i}; {j}) from {part:.0%}" for part, i, j in sorted(reached, reverse=True))
    return [
        f"where better strategies are copied (replicator), equal weights lead to ({ends[0]}; "
        f"{ends[1]}) after {told['time'][-1]:g} units of time; random starts that end at one "
        f"profile: {text or 'none'}"
    ]


def _alike(found: dict[str, Any]) -> list[str]:
    """The two strategies of each side whose fingerprints differ least."""
    lines = []
    for vendor, told in found["fingerprints"].items():
        names, distance = told["names"], told["distance"]
        pairs = [(distance[i][j], i, j) for j in range(len(names)) for i in range(j)]
        if pairs:
            least, i, j = min(pairs)
            lines.append(
                f"fingerprints of {vendor}: most alike are {names[i]} and {names[j]}, log prices "
                f"{least:.2f} apart against the same probes"
            )
    return lines


SHOWN_WEIGHT = 0.005
WORDS = {"leaves": "would leave it", "stays": "would stay", "undetermined": "may stay or leave"}


LEAST = 1_000_000
SHOWN = ("vendor", "rival", "steps", "settled", "seed", "profit_gain", "scenario", "checksum")


def train(
    scenario: ScenarioFile,
    vendor: Annotated[str, typer.Option(help="Vendor that learns.", show_default=False)],
    out: Annotated[Path, typer.Option(help="File that takes the policy.", show_default=False)],
    steps: Annotated[
        int | None, typer.Option(min=LEAST, help="Periods of training [default: 4,000,000].")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the exploration.")] = 1,
    set_: Changes = None,
    json_: Annotated[bool, typer.Option("--json", help="Print the facts as JSON.")] = False,
) -> None:
    """Teach a vendor's pricing algorithm and write its policy, for the strategy `q_learning`."""
    from sim.analysis.games.training import Training
    from sim.analysis.games.training import train as teach
    from sim.errors import SimError
    from sim.scenario.reader import load

    if out.exists():
        raise SimError(f"{out}: is there already; nothing is overwritten")
    market = load(scenario, set_ or [])
    how = Training() if steps is None else Training(steps=steps)
    policy = teach(market, vendor, seed=seed, training=how)
    text = json.dumps(policy.model_dump(mode="json"), indent=1, allow_nan=False)
    with out.open("x", encoding="utf-8", newline="\n") as stream:
        stream.write(text + "\n")
    if json_:
        facts = {name: getattr(policy, name) for name in SHOWN}
        print(json.dumps({"policy": str(out), **facts}, ensure_ascii=False, indent=2))
    else:
        print("\n".join(_lines(policy, out)))


def _lines(policy: Policy, out: Path) -> list[str]:
    pricing = f'{{ strategy = "q_learning", policy = {json.dumps(out.name, ensure_ascii=False)} }}'
    return [
        f"{policy.vendor} against {policy.rival}: {policy.steps:,} periods, seed {policy.seed}; "
        f"what it does last changed in period {policy.settled:,}",
        f"profit gain Delta = {policy.profit_gain:.3f} (0 Nash, 1 joint monopoly)",
        f"prices over unit cost from {policy.own_grid[0]:.3f} to {policy.own_grid[-1]:.3f}",
        f"policy   {out}",
        f"next     vendors.{policy.vendor}.pricing = {pricing}",
    ]
