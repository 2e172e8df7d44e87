"""Makes docs/pictures/scarcity.png: what scarce cards do to prices. `python docs/scarcity.py`.

Left: a market that is born with demand from half to fifteen times its capacity; a year later, what
calls cost, which part is served and what a yuan of cost earns. Right: the article's market in which
half of all cards go in January 2026 and come back in July, against the same market without it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

from sim.market.simulation import Simulation
from sim.runs.run import seed_of
from sim.scenario.patches import replace
from sim.scenario.reader import load
from sim.scenario.schema.scenario import Scenario

DOCS = Path(__file__).resolve().parent
SCENARIOS = DOCS.parent / "scenarios"
PICTURE = DOCS / "pictures" / "scarcity.png"
RATIOS = (0.5, 0.8, 1.0, 1.2, 1.5, 2.0, 3.0, 5.0, 8.0, 15.0)
MONTHS, SEEDS, CLIENTS = 12, 12, 2_000
DROUGHT, RELIEF = "2026-01", "2026-07"
LAST_MONTHS = slice(21, 36)  # from October 2025
HALF = 0.5
Changes = dict[str, Any]


def born_short(ratio: float) -> tuple[float, float, float]:
    """Mean price against the market that has twice what it needs, served share, price over cost."""
    scenario = load(SCENARIOS / "tiny.toml")
    changes: Changes = {
        "events": [],
        "calendar.months": MONTHS,
        "containment.window_months": 3,
        "initial.utilisation": min(ratio, 1.0),
    }
    for name in scenario.vendors:
        changes[f"vendors.{name}.pricing"] = {"strategy": "cost_plus"}
    first = Simulation(replace(scenario, changes), 1)
    cards = first.state.own_cards + first.state.external_cards
    for v, name in enumerate(first.world.vendors):
        plan = {"initial": float(cards[v] / 1_000.0 / max(ratio, 1.0)), "order_cap": 0.0}
        changes[f"vendors.{name}.capacity"] = plan
    model = Simulation(replace(scenario, changes), 1).run()
    calls = slice(0, model.world.n_api)
    volumes, paid = model.volumes, model.paid[calls]
    served = float(volumes.served[calls].sum() / volumes.demanded[calls].sum())
    money = float((paid * volumes.served[calls]).sum())
    cost = float((model.account.unit_cost * volumes.served[calls]).sum())
    return float(model.state.mean_price), served, money / cost


def article(dry: bool) -> np.ndarray:
    """(seeds, months) mean price of the article's market, with or without the drought."""
    scenario: Scenario = load(SCENARIOS / "volcano-dam.toml")
    events = [event.model_dump() for event in scenario.events]
    if dry:
        events.append({"what": "supply", "month": DROUGHT, "cards_factor": HALF})
        events.append({"what": "supply", "month": RELIEF, "cards_factor": 1.0 / HALF})
    changed = replace(scenario, {"events": events, "population.clients": CLIENTS})
    runs = [Simulation(changed, seed_of(1, k)).run() for k in range(SEEDS)]
    return np.stack([run.curves["mean_price"] for run in runs])


def main() -> None:
    """Draw the picture and print its numbers."""
    found = np.array([born_short(ratio) for ratio in RATIOS])
    price = found[:, 0] / found[0, 0]
    fig, (left, right) = plt.subplots(1, 2, figsize=(11, 4.2), layout="constrained")
    for values, label in ((price, "price"), (found[:, 1], "served"), (found[:, 2], "price / cost")):
        left.plot(RATIOS, values, marker="o", label=label)
    left.set(xscale="log", yscale="log", xlabel="demand over capacity at the start")
    left.set_title(f"Fifteen times short, calls cost {price[-1]:.0f} times as much a year later")
    left.legend()
    usual, dry = article(dry=False), article(dry=True)
    months = np.arange(usual.shape[1])[LAST_MONTHS]
    for paths, label in ((usual, "cards to be had"), (dry, "half of them from 2026-01 to 2026-06")):
        middle = np.median(paths[:, LAST_MONTHS], axis=0)
        right.plot(months + 1, middle, label=label)
    window = dry[:, LAST_MONTHS]
    short = window[:, 3:]  # from January 2026
    rises = short[:, :6].max(axis=1) > 1.05 * window[:, 2]
    falls = window[:, -1] < 0.95 * window.max(axis=1)
    right.set(xlabel="month of the run (25 = January 2026)", ylabel="mean price, yuan/M tokens")
    right.set_title(
        f"Prices turn upward in {rises.sum()} of {SEEDS} runs and fall again in {falls.sum()}"
    )
    right.legend()
    fig.savefig(PICTURE, dpi=90, metadata={"Software": None})
    for ratio, row in zip(RATIOS, found, strict=True):
        print(f"{ratio:5.1f}  price {row[0]:9.3f}  served {row[1]:.3f}  price/cost {row[2]:8.2f}")
    print(f"rises {rises.sum()}/{SEEDS}, falls again {falls.sum()}/{SEEDS}")
    print(np.round(np.median(window, axis=0), 3))


if __name__ == "__main__":
    main()
