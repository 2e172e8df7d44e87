"""`sim run` as a user types it, ended after the first month of its first run.

python -m benchmarks.first_month SCENARIO FOLDER
"""

from __future__ import annotations

import os
import sys
import threading
import time
from typing import Any

MODEL = "sim.market.simulation"
LOOK_SECONDS = 0.005


def end_after_a_month() -> None:
    """Wait until the model is loaded, which is the command's business, and end its first step."""
    while not hasattr(getattr(sys.modules.get(MODEL), "Simulation", None), "step"):
        time.sleep(LOOK_SECONDS)
    market: Any = getattr(sys.modules[MODEL], "Simulation")  # noqa: B009
    step = market.step

    def last(model: Any) -> None:
        step(model)
        os._exit(0)

    market.step = last


def main() -> None:
    """Run the command; it fails if no month is run."""
    threading.Thread(target=end_after_a_month, daemon=True).start()
    from sim.cli import main

    scenario, folder = sys.argv[1:]
    try:
        main(["run", scenario, "--workers", "1", "--out", folder])
    finally:
        os._exit(1)


if __name__ == "__main__":
    main()
