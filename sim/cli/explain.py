"""`sim explain`: one stored run made again, and its story told."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from sim.runs.result import Result

DISAGREEMENT = 1
SHOWN = 20


def explain(
    result: Annotated[Path, typer.Argument(help="Result folder.", show_default=False)],
    run: Annotated[
        str | None,
        typer.Option(metavar="POINT/REPLICATE", help="Compare the run, such as on/3 or p017/0."),
    ] = None,
    client: Annotated[
        int | None, typer.Option(metavar="N", help="Tell the story of this client.")
    ] = None,
    vendor: Annotated[
        str | None, typer.Option(metavar="NAME", help="Tell the decisions of this vendor.")
    ] = None,
    phases: Annotated[
        bool, typer.Option("--phases", help="List the phases of a month in order.")
    ] = False,
    point: Annotated[
        str | None, typer.Option(help="Point of the story [default: on, else the first].")
    ] = None,
    replicate: Annotated[int, typer.Option(min=0, help="Replicate of the story.")] = 0,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the scenario of --run here.")
    ] = None,
    json_: Annotated[bool, typer.Option("--json", help="The story as JSON.")] = False,
) -> int:
    """Make exactly one run again: compare it with its row, or tell what happened in it."""
    from sim.analysis.verdict.grounds import refuse_altered
    from sim.api import open_result
    from sim.errors import SimError

    if sum((run is not None, client is not None, vendor is not None, phases)) != 1:
        raise SimError("say one of --run, --client, --vendor and --phases")
    stored = open_result(result)
    refuse_altered(stored)
    if run is not None:
        return _compared(stored, run, out)
    if phases:
        from sim.analysis.explain.watching import phase_lines

        print("\n".join(phase_lines()))
        return 0
    lines, story = _story(stored, client, vendor, point, replicate)
    if json_:
        print(json.dumps(story, ensure_ascii=False, indent=2, default=str))
    else:
        print("\n".join(lines))
    return 0


def _story(
    stored: Result, client: int | None, vendor: str | None, point: str | None, replicate: int
) -> tuple[list[str], dict[str, Any]]:
    from sim.analysis.explain.client import client_lines, tell_client
    from sim.analysis.explain.vendor import tell_vendor, vendor_lines
    from sim.analysis.explain.watching import model_of, scenario_of
    from sim.analysis.verdict.grounds import plain
    from sim.runs.provenance import code_fingerprint

    name, scenario = scenario_of(stored, point, replicate)
    model = model_of(stored, scenario, replicate)
    head = {
        "point": name,
        "replicate": replicate,
        "root_seed": stored.seed,
        "scenario_hash": stored.scenario_hash,
    }
    told = (
        f"run {name}/{replicate}, root seed {stored.seed}, scenario {stored.scenario_hash[:8]}, "
        f"{stored.path}"
    )
    if stored.manifest["code"]["fingerprint"] != code_fingerprint():
        told += "\nthe result was made by other code than this: sim explain --run compares the two"
    if client is not None:
        of_client = tell_client(model, client)
        lines, story = client_lines(of_client), dataclasses.asdict(of_client)
    else:
        of_vendor = tell_vendor(model, str(vendor))
        lines, story = vendor_lines(of_vendor), dataclasses.asdict(of_vendor)
    return [told, *lines], plain(head | story)


def _compared(stored: Result, run: str, out: Path | None) -> int:
    from sim.runs.files import write_once
    from sim.runs.rebuild import rebuild
    from sim.scenario.patches import to_toml

    made = rebuild(stored, run)
    print(f"run       {made.point}/{made.replicate}, root seed {made.seed}, {made.status}")
    for path, value in made.factors.items():
        print(f"factor    {path} = {value}")
    if out is not None:
        write_once(out, to_toml(made.scenario).encode())
        print(f"scenario  {out}")
    for line in made.different[:SHOWN]:
        print(f"DIFFERS   {line}")
    if made.different:
        if not made.same_code:
            print("code      the result was made by other code than this")
        return DISAGREEMENT
    print(f"compared  {made.compared:,} numbers: all equal to the last bit")
    return 0
