"""Scripts that define a strategy, and import compiled code, before their workers start."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
STRATEGY = """
import numba
import sim.market.model

import sim
from sim.strategies.pricing.base import PricingStrategy
class Half(PricingStrategy):
    \"\"\"Half price.\"\"\"
    name = "half_price"
    def wanted(self, view, books, rng):
        return 0.5 * books.price

if __name__ == "__main__":
    asked = {{"vendors.third.pricing": {{"strategy": "half_price"}}, "population.clients": 50}}
    result = sim.run(sim.load("{scenario}", asked), replicates=2, workers=2, out="{out}")
    print(sorted(set(result.runs["status"])))
"""


@pytest.mark.slow
@pytest.mark.parametrize("seen", [True, False])
def test_a_strategy_of_the_script_reaches_workers_or_is_refused(tmp_path: Path, seen: bool) -> None:
    scenario = (ROOT / "scenarios" / "tiny.toml").as_posix()
    text = STRATEGY.format(scenario=scenario, out=tmp_path.as_posix())
    if not seen:
        head, run = text.split('if __name__ == "__main__":')
        first, *rest = head.split("class Half")
        body = textwrap.indent(f"class Half{rest[0]}", "    ")
        text = f'{first}if __name__ == "__main__":\n{body}{run}'
    script = tmp_path / "study.py"
    script.write_text(text)
    ran = subprocess.run(
        [sys.executable, str(script)], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    if seen:
        assert ran.stdout.strip() == "['done']", ran.stderr
    else:
        assert ran.returncode == 1
        last = ran.stderr.strip().splitlines()[-1]
        assert "pricing strategy 'half_price' is defined where worker processes" in last
        assert not list(tmp_path.glob("tiny-*/runs.parquet"))
