"""Time of a run against what makes it larger: `python -m benchmarks.scaling [--quick]`.

Writes benchmarks/scaling.csv and benchmarks/scaling.png: one row a run, with the number of clients,
vendors, model calls on offer, months, or worker processes that was varied.
"""

from __future__ import annotations

import argparse
import csv
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import matplotlib as mpl

from benchmarks.problem import market
from sim.market.clients.population import DRAWN
from sim.market.model import MarketModel
from sim.runs.ensemble import run_ensemble
from sim.runs.settings import RunSettings
from sim.scenario.checks.sense import validated
from sim.scenario.schema.scenario import Scenario

HERE = Path(__file__).parent
CLIENTS = (10_000, 30_000, 100_000, 300_000, 1_000_000, 3_000_000, 10_000_000)
VENDORS = (2, 4, 8, 12, 16, 20)
FAMILIES = (1, 2, 4, 8)  # of each vendor: more offers with as many vendors
MONTHS = (6, 12, 24, 48, 96)
WORKERS = (1, 2)
ENSEMBLE_RUNS = 120  # so that starting processes does not hide what they gain
USUAL_CLIENTS = 20_000
QUICK = 100  # times fewer clients
FIELDS = ("varied", "value", "seconds")


def plain_market(
    vendors: int, families: int, clients: int, months: int = 24, share: float = 0.8
) -> Scenario:
    """A market of like vendors, each with so many families, a quarter of them open."""
    names = [f"cloud_{number:02d}" for number in range(vendors)]
    data: dict[str, Any] = {
        "name": f"plain-{vendors}-{families}",
        "calendar": {"start": "2024-01", "months": months},
        "containment": {"window_months": 3},
        "population": {"clients": clients, "represents": 100_000},
        "segments": {"everyone": {"share": 1.0}},
        "regions": {"domestic": {"share": 1.0}},
        "kinds": {
            "assistant": {"presence": 0.9, "volume": 1e6},
            "training": {"unit": "accelerator_hours", "presence": 0.3, "volume": 1e7},
        },
        "vendors": {name: {"home_share": share / vendors} for name in names},
        "families": {
            f"{name}_model_{number}": {
                "owner": name,
                "price": 4.0 + number,
                "weights": "open" if number % 4 == 3 else "closed",
            }
            for name in names
            for number in range(families)
        },
    }
    return validated(data)


def seconds_of(scenario: Scenario) -> float:
    """Time of one run, clients drawn included; the better of two if it is short."""
    best = float("inf")
    for _ in range(2):
        DRAWN.clear()
        began = time.perf_counter()
        MarketModel(scenario, 1).run()
        best = min(best, time.perf_counter() - began)
        if best > 10.0:
            break
    return best


def ensemble_seconds(workers: int, clients: int) -> float:
    """Time of a run of a market whose replicates share so many processes."""
    scenario = plain_market(7, 2, clients)
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        run_ensemble(scenario, RunSettings(workers=workers, out=folder), replicates=ENSEMBLE_RUNS)
        return (time.perf_counter() - began) / ENSEMBLE_RUNS


def measured(fewer: int) -> Iterator[tuple[str, int, float]]:
    """All points, one after the other."""
    MarketModel(plain_market(2, 1, 1_000), 1).step()
    usual = USUAL_CLIENTS * 10 // min(fewer, 10)
    for clients in CLIENTS:
        yield "clients", clients // fewer, seconds_of(market(clients // fewer))
    for vendors in VENDORS:
        yield "vendors", vendors, seconds_of(plain_market(vendors, 2, usual))
    for families in FAMILIES:
        yield "model calls", 5 * families, seconds_of(plain_market(5, families, usual))
    for months in MONTHS:
        yield "months", months, seconds_of(plain_market(5, 2, usual, months))
    for workers in WORKERS:
        yield "workers", workers, ensemble_seconds(workers, usual)


def draw(rows: list[tuple[str, int, float]], path: Path) -> None:
    """One panel for what is varied, both axes logarithmic, times on one scale."""
    mpl.use("Agg")
    from matplotlib import pyplot as plt
    from matplotlib.ticker import NullFormatter

    kinds = list(dict.fromkeys(kind for kind, _, _ in rows))
    size = 3.2 * len(kinds), 3.0
    figure, axes = plt.subplots(1, len(kinds), figsize=size, sharey=True, layout="tight")
    for ax, kind in zip(axes, kinds, strict=True):
        points = [(value, seconds) for name, value, seconds in rows if name == kind]
        ax.loglog(*zip(*points, strict=True), marker="o")
        places = [value for value, _ in points]
        ax.set_xticks(places, [f"{n:g}" for n in places], rotation=60, fontsize=7)
        ax.xaxis.set_minor_formatter(NullFormatter())
        ax.set(xlabel=kind, ylabel="seconds a run" if kind == kinds[0] else "")
        ax.grid(visible=True, which="both", alpha=0.3)
    figure.savefig(path, dpi=120)


def main() -> int:
    """Measure, write the table and the picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a hundredth of the clients")
    parser.add_argument("--out", type=Path, default=HERE, help="folder of the table and picture")
    given = parser.parse_args()
    rows = []
    for row in measured(QUICK if given.quick else 1):
        print(f"{row[0]:12s} {row[1]:>12,} {row[2]:10.3f} s", flush=True)
        rows.append(row)
    with (given.out / "scaling.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(FIELDS)
        writer.writerows((kind, value, f"{seconds:.4f}") for kind, value, seconds in rows)
    draw(rows, given.out / "scaling.png")
    return 0


if __name__ == "__main__":
    sys.exit(main())
