"""`sim train`: a pricing algorithm learns offline, against the rival of a scenario."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sim.cli.options import Changes, ScenarioFile

if TYPE_CHECKING:
    from sim.strategies.pricing.q_learning import Policy

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
    from sim.analysis.training import Training
    from sim.analysis.training import train as teach
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
