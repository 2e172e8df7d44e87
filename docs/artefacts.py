"""Makes docs/explanation/start.md and its picture: the start of the main scenario, then and now.

`python docs/artefacts.py` runs the scenario on `SEEDS` and sets eight curves beside those of
docs/explanation/start-before.csv, which `--before FILE` wrote from commit f42079a.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import NamedTuple

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import numpy.typing as npt

from sim.market.simulation import Simulation
from sim.months import month_after, months_between
from sim.scenario.patches import replace
from sim.scenario.reader import load
from sim.scenario.schema.scenario import Scenario

DOCS = Path(__file__).resolve().parent
SCENARIO = "scenarios/volcano-dam.toml"
BEFORE = DOCS / "explanation" / "start-before.csv"
PAGE = DOCS / "explanation" / "start.md"
PICTURE = DOCS / "pictures" / "start.png"
SEEDS = (1, 2, 3, 4)
CLIENTS = 5_000
PERCENT = 100.0
TRILLION = 1e-6  # of million tokens
THOUSAND = 1e-3  # of cards
PER_CARD = 1e3  # T tokens per 1,000 cards -> million tokens per card

Floats = npt.NDArray[np.float64]
Months = dict[str, Floats]


class Curve(NamedTuple):
    """What is drawn, over which months of the run, and what was found and changed."""

    title: str
    unit: str
    months: slice
    fault: str
    repair: str


CURVES: dict[str, Curve] = {
    "huawei_share": Curve(
        "Huawei Cloud, platform tokens",
        "%",
        slice(0, 8),
        "jumps with a list of its own that no record shows",
        "the list of before the war until May 2024, then prices by cost",
    ),
    "challenger_share": Curve(
        "Volcano Engine, platform tokens",
        "%",
        slice(0, 12),
        "the war of May 2024 leaves its leader flat",
        "lists act from the month of which they cover the larger part: rivals answered on 21 May",
    ),
    "hosted_price": Curve(
        "Alibaba Cloud, list price of DeepSeek calls",
        "yuan/M tokens",
        slice(13, 26),
        "falls to less than half in the month in which strategies start",
        "`match` and `undercut` compare a hosted family with the same family of the rivals",
    ),
    "revenue_ratio": Curve(
        "Baidu over Volcano Engine, model revenue",
        "ratio",
        slice(12, 36),
        "above 1 although it serves half of the tokens",
        "its pull belongs to the cheap ERNIE line, not to the platform; no assumed markup",
    ),
    "deepseek_service": Curve(
        "DeepSeek, tokens of its own service",
        "T/month",
        slice(10, 20),
        "3 T in February 2025; 608 + 168 billion a day are on record, about 22 T",
        "an event `own_apps` with the recorded load and nodes",
    ),
    "orders": Curve(
        "Volcano Engine, cards ordered",
        "1000/month",
        slice(12, 36),
        "orders at a low use of the cards for customers",
        "none: its own apps need them, see the next curve",
    ),
    "use": Curve(
        "Volcano Engine, all load over all cards",
        "ratio",
        slice(12, 36),
        "not shown before",
        "none",
    ),
}
RECORDED = {"deepseek_service": (13, (0.608 + 0.168) * 28)}  # F0066, F0067; month of the run


def measured() -> Months:
    """The curves of the scenario as it stands, mean of the seeds."""
    scenario = replace(load(SCENARIO), {"population.clients": CLIENTS})
    models = [Simulation(scenario, seed).run() for seed in SEEDS]
    axes = models[0].axes
    vendor = {name: n for n, name in enumerate(axes["vendor"])}

    def mean(measure: str) -> Floats:
        return np.asarray(np.mean([model.curves[measure] for model in models], axis=0))

    share, revenue = mean("platform_token_share") * PERCENT, mean("maas_revenue")
    baidu, volcano = revenue[:, vendor["baidu_ai_cloud"]], revenue[:, vendor["volcano_engine"]]
    served = (mean("platform_tokens") + mean("own_app_tokens")) * TRILLION
    hosted = axes["offer"].index("api/alibaba_cloud/deepseek_v")
    v = vendor["volcano_engine"]
    return {
        "huawei_share": share[:, vendor["huawei_cloud"]],
        "challenger_share": share[:, v],
        "hosted_price": mean("list_price")[:, hosted],
        "revenue_ratio": baidu / volcano,
        "deepseek_service": served[:, vendor["deepseek"]],
        "orders": mean("cards_ordered")[:, v] * THOUSAND,
        "use": use_of_cards(scenario, mean, v),
    }


def use_of_cards(scenario: Scenario, mean: Callable[[str], Floats], v: int) -> Floats:
    """(months,) cards wanted by customers and own apps over all cards of vendor `v`."""
    supply = scenario.supply
    stack = list(scenario.vendors.values())[v].stack
    start = months_between(supply.throughput_month, scenario.calendar.start)
    ages = start + np.arange(scenario.calendar.months)
    growth = np.exp(supply.throughput_growth * ages)
    per_card = supply.throughput * PER_CARD * growth * supply.utilisation
    apps = mean("own_app_tokens")[:, v] / (per_card * stack.scheduling)
    cards = stack.chip_performance * mean("own_cards")[:, v] + mean("external_cards")[:, v]
    there = np.maximum(cards - supply.internal_priority * apps, 0.0)
    return np.asarray((mean("utilisation")[:, v] * there + apps) / cards)


def write_before(path: Path) -> None:
    """The curves of the package on the path, a row a month."""
    curves = measured()
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["month", *curves])
        for month, row in enumerate(zip(*curves.values(), strict=True)):
            writer.writerow([month, *(f"{value:.6g}" for value in row)])


def read_before() -> Months:
    """The curves of before."""
    with BEFORE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return {name: np.array([float(row[name]) for row in rows]) for name in CURVES}


def draw(before: Months, after: Months, first: date) -> None:
    """One small picture for each curve."""
    figure, axes = plt.subplots(2, 4, figsize=(13.0, 6.0), layout="constrained")
    for axis, (name, curve) in zip(axes.flat, CURVES.items(), strict=False):
        months = np.arange(len(after[name]))[curve.months]
        axis.plot(months, before[name][curve.months], "--", color="#999999", label="before")
        axis.plot(months, after[name][curve.months], color="#0072B2", label="now")
        if name in RECORDED:
            axis.plot(*RECORDED[name], "D", color="#D55E00", label="recorded")
        ticks = months[:: max(1, len(months) // 4)]
        axis.set_xticks(ticks, [f"{month_after(first, int(m)):%Y-%m}" for m in ticks])
        axis.set_title(curve.title, fontsize=9)
        axis.set_ylabel(curve.unit, fontsize=8)
        axis.set_ylim(bottom=0.0)
        axis.tick_params(labelsize=7)
    axes.flat[4].legend(fontsize=8)
    axes.flat[-1].axis("off")
    figure.suptitle("The start of volcano-dam: what looked wrong, before and now")
    figure.savefig(PICTURE, dpi=90, metadata={"Software": None})


def page(before: Months, after: Months, first: date) -> str:
    """The page: a line for each curve with its first, lowest, highest and last number."""
    lines = [
        "# The start of the main scenario, before and now",
        "",
        "Six curves of `volcano-dam` looked wrong. Five were repaired at their cause, with the",
        "record as the only input. The sixth, the orders of the challenger, was right: the seventh",
        "curve shows that its cards are in use once its own apps are counted. Numbers: mean of 4",
        "seeds with 5,000 clients; first month; lowest to highest month; last month.",
        "",
        "![Seven curves before and now](../pictures/start.png)",
        "",
        "| curve | months | before | now | what was wrong | repair |",
        "|---|---|---|---|---|---|",
    ]
    for name, curve in CURVES.items():
        months = np.arange(len(after[name]))[curve.months]
        dates = "..".join(f"{month_after(first, int(m)):%Y-%m}" for m in (months[0], months[-1]))
        cells = [_span(curves[name][curve.months]) for curves in (before, after)]
        lines.append(
            f"| {curve.title}, {curve.unit} | {dates} | {cells[0]} | {cells[1]} | {curve.fault} "
            f"| {curve.repair} |"
        )
    lines += ["", "*Made by `python docs/artefacts.py`.*", ""]
    return "\n".join(lines)


def _span(values: Floats) -> str:
    """First, lowest, highest and last."""
    ends = values[0], values.min(), values.max(), values[-1]
    return "{:.3g}; {:.3g} to {:.3g}; {:.3g}".format(*ends)


def main() -> None:
    """Measure, then write the file of before, or the page and its picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--before", type=Path, help="write the curves of this checkout there")
    given = parser.parse_args()
    if given.before:
        write_before(given.before)
        return
    first = load(SCENARIO).calendar.start
    before, after = read_before(), measured()
    draw(before, after, first)
    PAGE.write_text(page(before, after, first), encoding="utf-8")
    print(f"{PAGE}\n{PICTURE}")


if __name__ == "__main__":
    main()
