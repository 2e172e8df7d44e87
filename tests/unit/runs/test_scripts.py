"""A script that has imported compiled code before its workers start."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
SCRIPT = """
import numba
import sim.market.model

import sim

if __name__ == "__main__":
    tiny = sim.load("{scenario}").replace({{"population.clients": 50}})
    result = sim.run(tiny, replicates=2, workers=2, out="{out}")
    print(sorted(set(result.runs["status"])))
"""


@pytest.mark.slow
def test_workers_that_import_a_script_with_numba_run(tmp_path: Path) -> None:
    script = tmp_path / "study.py"
    scenario = (ROOT / "scenarios" / "tiny.toml").as_posix()
    script.write_text(SCRIPT.format(scenario=scenario, out=tmp_path.as_posix()))
    ran = subprocess.run(
        [sys.executable, str(script)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    assert ran.stdout.strip() == "['done']"
