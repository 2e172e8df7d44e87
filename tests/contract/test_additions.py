"""The table of CONTRIBUTING: each addition is made in a copy of the package, and used."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
EXTRAS = ROOT / "tests" / "plugin_example" / "market_extras"
ROW = re.compile(r"^\| ([a-z ]+) \| (\d+) \| (`.+?`) \|", re.MULTILINE)
KINDS = ("strategies", "measures", "events", "levers", "plots", "sections")
LISTED = f"""
import contextlib, io, json, sim
from sim.cli import main
from sim.report.registry import sections
printed = [sim.__file__]
for kind in {KINDS[:-1]!r}:
    with contextlib.redirect_stdout(io.StringIO()) as text, contextlib.suppress(SystemExit):
        main(["list", kind, "--json"])
    printed.append(text.getvalue())
print(json.dumps([*printed, repr(sorted(sections()))]))
"""
CHARGED = """
import contextlib
import numpy

class Quiet(contextlib.ContextDecorator):  # whole numbers of plain kernels overflow on purpose
    def __init__(self, **_): ...
    def __enter__(self): ...
    def __exit__(self, *_): ...

numpy.errstate = Quiet
import sim
market = sim.load("scenarios/tiny.toml", {"supply.levy": 0.5, "population.clients": 60})
plain = sim.load("scenarios/tiny.toml", {"population.clients": 60})
costs = [sim.MarketModel(one, 1) for one in (market, plain)]
for model in costs:
    model.step()
one, two = (model.curves["unit_cost"][0] for model in costs)
print(float((one / two).max()))
"""
FIELD = """    levy: float = par(0.0, "charge on unit cost", unit="share", low=0.0, high=10.0)
"""


class Addition(NamedTuple):
    """A row of the table."""

    files: int
    places: tuple[str, ...]


def additions() -> dict[str, Addition]:
    """The rows of the table by what is added."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    rows = ROW.findall(text[text.index("## One file per addition") :])
    return {name: Addition(int(n), tuple(re.findall("`(.+?)`", where))) for name, n, where in rows}


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the package, with scenarios."""
    for name in ("sim", "scenarios"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def python(copy: Path, *arguments: str) -> str:
    """What a Python prints that imports the copy."""
    settings = os.environ | {"PYTHONPATH": str(copy), "NUMBA_DISABLE_JIT": "1"}  # compile nothing
    command = [sys.executable, "-W", "ignore", *arguments]
    ran = subprocess.run(command, cwd=copy, env=settings, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def verb(copy: Path, *arguments: str) -> str:
    """What a verb of the copy prints."""
    return python(copy, "-c", f"from sim.cli import main; main({list(arguments)!r})")


def added(copy: Path, name: str, module: str) -> None:
    """Put a module of the example package into the room that the table names."""
    found = additions()[name]
    assert found.files == len(found.places) == 1
    room = copy / found.places[0]
    assert room.is_dir()
    shutil.copy(EXTRAS / module, room / f"added_{module}")


ADDED = {  # kind of addition: module of the example package, what `sim list` shows it in, its name
    "strategy": ("strategy.py", "strategies", "follow_leader"),
    "measure": ("measure.py", "measures", "token_lead"),
    "event": ("event.py", "events", "outage"),
    "lever": ("lever.py", "levers", "long_context"),
    "plot": ("plot.py", "plots", "conversion"),
    "report section": ("section.py", "sections", "leaders"),
}


def listed(copy: Path) -> dict[str, str]:
    """What `sim list` prints of each kind, and the report sections, from the copy."""
    file, *printed = json.loads(python(copy, "-c", LISTED).splitlines()[-1])
    assert file.startswith(str(copy))
    return dict(zip(KINDS, printed, strict=True))


@pytest.mark.slow
def test_one_file_adds_each(copy: Path) -> None:
    before = listed(copy)
    for name, (module, _, _) in ADDED.items():
        added(copy, name, module)
    after = listed(copy)
    for _, kind, wanted in ADDED.values():
        assert wanted not in before[kind]
        assert wanted in after[kind]


@pytest.mark.slow
def test_two_files_add_a_parameter(copy: Path) -> None:
    found = additions()["parameter"]
    assert found.files == len(found.places) <= 3
    schema, use = (copy / place for place in found.places)
    head = '    """Accelerators of the world and what they give."""\n\n'
    text = schema.read_text(encoding="utf-8")
    assert head in text
    schema.write_text(text.replace(head, head + FIELD), encoding="utf-8")
    text, cost = use.read_text(encoding="utf-8"), "card[platform] * cards"
    assert cost in text
    use.write_text(text.replace(cost, f"{cost} * (1.0 + rules.table.levy)", 1), encoding="utf-8")
    assert "charge on unit cost" in verb(copy, "describe")
    assert float(python(copy, "-c", CHARGED)) == pytest.approx(1.5)


def test_every_row_is_tried() -> None:
    tried = {"strategy", "measure", "event", "lever", "plot", "report section", "parameter"}
    assert additions().keys() == tried
