"""Every name that users can write, as sorted lists; run it from the project's root.

`python -m tests.inventory.names` prints them, `python -m tests.inventory.refresh` writes the
baseline anew.
"""

from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner

import sim
from sim.analysis.attribution.attribute import PARTS
from sim.cli.app import VERBS, app
from sim.report.registry import sections

ROOT = Path(__file__).resolve().parents[2]
BASELINE = Path(__file__).parent / "baseline.json"


def listed() -> dict[str, list[str]]:
    """What `sim list` knows."""
    scenarios = str(ROOT / "scenarios")
    done = CliRunner().invoke(app, ["list", "--json", "--folder", scenarios])
    assert done.exit_code == 0, done.output
    tables = json.loads(done.stdout)
    return {kind: [row["name"] for row in rows] for kind, rows in tables.items()}


def inventory() -> dict[str, list[str]]:
    """All names by kind, each list sorted; a lever stands behind its scenario's path."""
    told = listed()
    files = [Path(name) for name in told["scenarios"]]
    paths = {file.relative_to(ROOT).as_posix(): sim.load(file) for file in files}
    found = {
        "verbs": list(VERBS),
        "strategies": [name.replace(": ", "/") for name in told["strategies"]],
        "events": told["events"],
        "lever kinds": told["levers"],
        "measures": told["measures"],
        "plots": told["plots"],
        "report sections": list(sections()),
        "attribution parts": list(PARTS),
        "scenarios": list(paths),
        "levers": [f"{path}/{lever}" for path, market in paths.items() for lever in market.levers],
    }
    return {kind: sorted(names) for kind, names in found.items()}


if __name__ == "__main__":
    print(json.dumps(inventory(), indent=1, ensure_ascii=False))
