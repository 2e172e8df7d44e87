"""A package of somebody else adds a strategy by an entry point; nothing of this one changes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "tests" / "plugin_example"
PROGRAM = """
import json, sys
from sim.market.model import MarketModel
from sim.scenario.reader import load

pricing = {"strategy": "follow_leader", "below": 0.1}
market = load(sys.argv[1], {"vendors.third.pricing": pricing, "calendar.months": 6,
                            "containment.window_months": 3})
model = MarketModel(market, 3).run()
price = model.curves["price_index"][:, model.axes["vendor"].index("third")]
print(json.dumps(price.tolist()))
"""


def run_with(folder: Path | None) -> subprocess.CompletedProcess[str]:
    """Play a scenario that names the strategy, in a Python of its own."""
    path = os.pathsep.join([str(ROOT), *([str(folder)] if folder else [])])
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, str(ROOT / "scenarios" / "tiny.toml")],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
        timeout=300,
        check=False,
    )


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example as an installer lays it out: its modules beside a dist-info.

    No build tool is asked: without a network there may be none.
    """
    target = tmp_path_factory.mktemp("site")
    facts = tomllib.loads((EXAMPLE / "pyproject.toml").read_text(encoding="utf-8"))
    project = facts["project"]
    for module in facts["tool"]["setuptools"]["py-modules"]:
        shutil.copy(EXAMPLE / f"{module}.py", target)
    stem = f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    (target / stem).mkdir()
    metadata = f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    (target / stem / "METADATA").write_text(metadata, encoding="utf-8")
    entries = [
        line
        for group, names in project["entry-points"].items()
        for line in (f"[{group}]", *(f"{name} = {place}" for name, place in names.items()))
    ]
    (target / stem / "entry_points.txt").write_text("\n".join(entries) + "\n", encoding="utf-8")
    return target


@pytest.mark.slow
def test_a_strategy_of_another_package_plays(installed: Path) -> None:
    done = run_with(installed)
    assert done.returncode == 0, done.stderr
    price = json.loads(done.stdout)
    assert len(price) == 6
    assert len(set(price)) > 1


@pytest.mark.slow
def test_without_the_package_the_name_is_unknown() -> None:
    done = run_with(None)
    assert done.returncode != 0
    assert "no such pricing strategy" in done.stderr
