"""`sim explain`: one stored run made again from its row, and compared."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

DISAGREEMENT = 1
SHOWN = 20


def explain(
    result: Annotated[Path, typer.Argument(help="Result folder.", show_default=False)],
    run: Annotated[
        str, typer.Option(metavar="POINT/REPLICATE", help="The run, such as on/3 or p017/0.")
    ],
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the run's scenario here.")
    ] = None,
) -> int:
    """Rebuild exactly one run from its row and compare it with what is stored."""
    from sim.experiment.files import write_once
    from sim.experiment.result import open_result
    from sim.scenario.patches import to_toml
    from sim.study.rebuild import rebuild

    made = rebuild(open_result(result), run)
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
