"""How long the page takes from a moved lever to new curves: `python -m benchmarks.moves`.

Starts the page on the main scenario, opens it in headless Chromium, waits until it is warm, moves a
lever 30 times and prints the median and the 95 % quantile from the event in the browser to drawn
curves with bands (8 quick pairs, 2,000 clients), and the first visit. Stop other programs first.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from playwright.sync_api import Page

from tests.browser.audit import chromium, started

ROOT = Path(__file__).parents[1]
MOVES = 30
LEVERS = ("open_source", "full_stack", "scale", "long_context", "exclusive_marketing")
LIMITS = {"median_seconds": 1.0, "p95_seconds": 2.0, "first_curve_seconds": 5.0}
CHARTS = 1  # seconds between moves

# The time from the event of a slider to the end of the drawing whose medians differ.
MOVE = """([selector, value]) => new Promise(done => {
  const slider = document.querySelector(selector);
  const node = document.querySelector(".chart");
  const chart = Object.values(mounted_app.$refs).find(ref => ref && ref.$el === node).chart;
  const medians = () => JSON.stringify(chart.getOption().series.map(one => one.data));
  const before = medians();
  const began = performance.now();
  const finished = () => {
    if (medians() === before) return;
    chart.off("finished", finished);
    done((performance.now() - began) / 1000);
  };
  chart.on("finished", finished);
  slider.value = value;
  slider.dispatchEvent(new Event("input", {bubbles: true}));
})"""


def moved(page: Page, count: int) -> list[float]:
    """Seconds of each move."""
    found = []
    for k in range(count):
        lever = LEVERS[k % len(LEVERS)]
        value = 0.05 * (1 + (7 * (k // len(LEVERS)) + 3) % 19)
        found.append(float(page.evaluate(MOVE, [f"#lever-{lever}-part", f"{value:.2f}"])))
        time.sleep(CHARTS)
    return found


def measured(moves: int, point: bool) -> dict[str, float]:
    """The figures, from a server and a browser of their own."""
    path = chromium()
    if path is None:
        raise SystemExit("no Chromium: run .ci/browser")
    code = "from sim.cli import main; main(['serve', '--no-browser'])"
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    with tempfile.TemporaryDirectory() as folder, started(path) as browser:
        process = subprocess.Popen(
            [sys.executable, "-c", code],
            cwd=folder,
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert process.stdout is not None
            found = re.search(r"http://\S+", process.stdout.readline())
            assert found is not None
            link = found[0] + ("&point=1" if point else "")
            cold = browser.new_page()
            cold.goto(link)
            ready = "document.getElementById('badge')?.textContent.includes('quick')"
            cold.wait_for_function(ready, timeout=180_000)
            cold.close()
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            began = time.perf_counter()
            page.goto(link)
            page.wait_for_function(ready, timeout=180_000)
            first = time.perf_counter() - began
            time.sleep(CHARTS)
            page.evaluate(MOVE, ["#lever-full_stack-part", "0.45"])
            seconds = moved(page, moves)
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(60)
    return {
        "first_curve_seconds": first,
        "median_seconds": float(np.median(seconds)),
        "p95_seconds": float(np.quantile(seconds, 0.95)),
        "longest_seconds": max(seconds),
    }


def main() -> int:
    """Print the figures, and whether they keep their limits."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--moves", type=int, default=MOVES)
    parser.add_argument("--point", action="store_true", help="the numbers as they stand")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    figures = measured(given.moves, given.point)
    for name, value in figures.items():
        limit = LIMITS.get(name)
        print(f"{name:<22}{value:8.2f}" + (f"   limit {limit:g}" if limit else ""))
    if given.json:
        given.json.write_text(json.dumps(figures, indent=2), encoding="utf-8")
    return int(any(figures[name] > limit for name, limit in LIMITS.items()))


if __name__ == "__main__":
    sys.exit(main())
