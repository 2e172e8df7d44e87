"""The type check refuses an attribute that the market does not have, wherever a phase names it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WRONG = "hosting_eaze"
PLANTED = {  # file: a line of a function that receives the market
    "sim/market/month.py": "    fill_terms(model)\n",
    "sim/market/vendors/campaigns.py": "    view = public_campaigns(model)\n",
    "sim/market/vendors/decisions.py": "    decide_openness(model)\n",
    "sim/market/ecosystem/agents.py": "    open_platforms(model)\n",
    "sim/measures/supply.py": "    return model.state.utilisation\n",
    "sim/events/market.py": "        state = model.state\n",
}
UNREAD = (  # libraries that give the market no attribute; to read them is half of the work
    "IPython",
    "dask",
    "distributed",
    "ipywidgets",
    "jinja2",
    "matplotlib",
    "networkx",
    "numba",
    "pandas",
    "rich",
    "scipy",
    "xarray",
    "zarr",
)
LEFT_OUT = f"""
[[tool.mypy.overrides]]
module = {[f"{name}.*" for name in UNREAD]}
follow_imports = "skip"
follow_imports_for_stubs = true
"""


@pytest.mark.slow
def test_a_wrong_attribute_in_a_phase_a_measure_or_an_event_is_refused(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "sim", tmp_path / "sim", ignore=shutil.ignore_patterns("__pycache__"))
    rules = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    (tmp_path / "pyproject.toml").write_text(rules + LEFT_OUT, encoding="utf-8")
    lines = []
    for name, line in PLANTED.items():
        path = tmp_path / name
        before, found, after = path.read_text(encoding="utf-8").partition(line)
        assert found, f"{name} has no line {line!r}"
        indent = line[: len(line) - len(line.lstrip())]
        path.write_text(f"{before}{indent}model.{WRONG}()\n{found}{after}", encoding="utf-8")
        lines.append((name, before.count("\n") + 1))
    command = [sys.executable, "-m", "mypy", "--strict", *PLANTED]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    for name, line in lines:
        assert any(
            text.startswith(f"{name}:{line}: error:") and WRONG in text
            for text in done.stdout.splitlines()
        ), (name, done.stdout)
