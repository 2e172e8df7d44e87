"""`sim sweep`: a study, run in parallel, resumable, its claims judged."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sim.cli.options import (
    RESULTS,
    BranchAt,
    Changes,
    Clients,
    Out,
    Replicates,
    Scheduler,
    Seed,
    Workers,
    executor_of,
    month_of,
)

if TYPE_CHECKING:
    from sim.runs.result import Result
    from sim.runs.study.reader import LoadedStudy

SOME_FAILED = 3
WIDTH = 100


def sweep(
    study: Annotated[Path, typer.Argument(help="Study file (TOML).", show_default=False)],
    replicates: Replicates = None,
    seed: Seed = None,
    set_: Changes = None,
    clients: Clients = None,
    workers: Workers = None,
    scheduler: Scheduler = None,
    branch_at: BranchAt = None,
    posterior: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Each replicate is a draw of it.")
    ] = None,
    out: Out = RESULTS,
    json_: Annotated[
        bool, typer.Option("--json", help="Print the result folder and the claims as JSON.")
    ] = False,
) -> int:
    """Run every point of a study in every replicate and judge its claims.

    The same command goes on where an interrupted one stopped.
    """
    from sim.api import sweep as run_and_judge
    from sim.runs.progress import progress_on_stderr
    from sim.runs.study.reader import load_study

    changes = [*(set_ or []), *([f"population.clients={clients}"] if clients else [])]
    loaded = load_study(study, changes)
    if not json_:
        print("\n".join(_intention(loaded, replicates, seed)), flush=True)
    with executor_of(scheduler, workers) as executor, progress_on_stderr() as told:
        result = run_and_judge(
            loaded,
            replicates=replicates,
            seed=seed,
            workers=workers,
            executor=executor,
            branch_at=month_of(branch_at),
            out=out,
            progress=told,
            posterior=posterior,
        )
    if json_:
        document = {"folder": str(result.path), **result.claims}
        print(json.dumps(document, ensure_ascii=False, indent=2))
    else:
        print("\n".join(["", *_claims(result), *_where(result)]))
    return SOME_FAILED if len(result.failed) else 0


def _intention(loaded: LoadedStudy, replicates: int | None, seed: int | None) -> list[str]:
    from sim.runs.plan import plan_sweep

    plan = plan_sweep(loaded, replicates, seed)
    design = loaded.study.design
    return [
        loaded.study.title or loaded.name,
        f"{len(loaded.factors)} factors, {design.kind}: {plan.grid.points:,} points x "
        f"{plan.grid.replicates} replicates = {plan.grid.runs:,} runs in {plan.grid.blocks:,} "
        f"blocks, root seed {plan.seed}",
    ]


def _claims(result: Result) -> list[str]:
    from sim.analysis.verdict.grounds import claims_grounds, grounds_line

    lines = []
    for name, told in result.claims["claims"].items():
        figures = "no run has a number"
        if "interval" in told:
            low, high = told["interval"]
            figures = (
                f"holds in {100 * told['share_of_runs']:.1f} % of {told['runs']:,} runs, 95 % "
                f"interval {100 * low:.1f} to {100 * high:.1f}, wanted "
                f"{100 * told['probability']:g} %"
            )
        lines += [f"{told['verdict'].upper():<13}{name}: {told['statement']}", f"{'':13}{figures}"]
        if told.get("note"):
            lines.append(f"{'':13}{told['note']}")
    if not lines:
        return []
    ground = grounds_line({**claims_grounds(result.claims), "folder": result.path})
    return [*lines, *textwrap.wrap(ground, WIDTH), ""]


def _where(result: Result) -> list[str]:
    lines = [f"result   {result.path}"]
    failed: Any = result.failed
    if len(failed):
        first, runs = failed.iloc[0], result.manifest["points"] * result.replicates
        lines.append(
            f"FAILED   {len(failed)} of {runs:,} runs; first: {first['point']}/"
            f"{first['replicate']}, {first['stage']}: {first['message']}"
        )
    lines.append(f"next     sim export {result.path} --csv")
    lines.append(f"         sim explain {result.path} --run {result.points[0]}/0")
    return lines
