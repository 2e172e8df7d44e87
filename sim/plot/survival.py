"""How long until containment begins, and how long it lasts: survival curves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sim.analysis.dated import spells_of, states_of
from sim.analysis.ensemble import Ensemble
from sim.analysis.passages import survival as kaplan_meier
from sim.errors import SimError
from sim.experiment.worlds import OFF_MONEY_KEPT, ON
from sim.plot.canvas import PERCENT, new_axes, write_caption, write_legend
from sim.plot.registry import plot
from sim.plot.style import COLOURS, LINES, WIDE_BAND

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from sim.plot.material import Material

SIZE = (11.0, 4.6)
INTERVAL = "Kaplan-Meier estimates with 95 % log-log band (Wilson at 0 and 100 %)"
PARTS = {"waiting": "Not yet begun", "lasting": "Still lasting"}
DRAWN = ("held_back", "incumbent_regains", "above_ceiling", "below_ceiling")
BOARDS = ("platform_token_share", "full_stack_revenue_share")


def _worlds(data: Material) -> tuple[Ensemble, Ensemble | None]:
    """ON and, if it was run, OFF, in the replicates that are finished in both."""
    incumbent, challenger = data.contest
    points = [point for point in (ON, OFF_MONEY_KEPT) if point in data.points]
    if ON not in points:
        raise SimError(f"no world {ON} in this result (there: {', '.join(data.points)})")
    tables = {
        (point, board): data.world(board, point, "vendor").dropna("replicate")
        for point in points
        for board in BOARDS
    }
    sound = sorted(set.intersection(*(set(t["replicate"].values) for t in tables.values())))
    if not sound:
        raise SimError("no run is finished in all worlds")
    vendors = [str(vendor) for vendor in tables[(ON, BOARDS[0])]["vendor"].values]
    worlds = []
    for point in points:
        token, revenue = (tables[(point, board)].sel(replicate=sound).values for board in BOARDS)
        worlds.append(
            Ensemble(
                token_share=token,
                revenue_share=revenue,
                token_volume=np.ones_like(token),
                profit=np.zeros_like(token),
                incumbent=vendors.index(incumbent),
                challenger=vendors.index(challenger),
                seeds=np.array(sound, dtype=np.int64),
                scenario_hash=data.provenance.scenario_hash,
            )
        )
    return worlds[0], worlds[1] if len(worlds) > 1 else None


def survival_numbers(data: Material) -> pd.DataFrame:
    """Kaplan-Meier estimates of the time until each state begins and of how long it lasts.

    Returns
    -------
    Columns state, title, part (waiting or lasting), months, share, lower, upper, at_risk, n,
    happened.

    Raises
    ------
    SimError
        If the scenario names no contest or the world as it stands was not run.
    """
    import pandas as pd

    on, off = _worlds(data)
    rows: list[tuple[Any, ...]] = []
    for state in states_of(on, off, data.thresholds):
        if state.name not in DRAWN:
            continue
        found = spells_of(state, data.thresholds)
        for part in PARTS:
            times, seen = getattr(found, part)()
            if not times.size:
                continue
            curve = kaplan_meier(times, seen, data.thresholds.confidence)
            facts = (len(times), int(seen.sum()))
            begin = (0.0, 1.0, 1.0, 1.0, len(times))
            steps = [begin] if curve.months[0] > 0.0 else []
            steps += list(zip(*(np.asarray(c).tolist() for c in curve), strict=True))
            rows += [(state.name, state.title, part, *step, *facts) for step in steps]
    columns = ["state", "title", "part", "months", "share", "lower", "upper", "at_risk"]
    return pd.DataFrame(rows, columns=[*columns, "n", "happened"])


@plot(survival_numbers)
def survival(data: Material, *, ax: Any = None) -> tuple[Figure, np.ndarray[Any, Any]]:
    """Share of runs in which a state has not yet begun, and in which it still lasts, by month.

    Raises
    ------
    SimError
        If the scenario names no contest or the world as it stands was not run.
    """
    table = survival_numbers(data)
    fig, axes = new_axes(ax, columns=len(PARTS), size=SIZE, sharey=True)
    names = list(dict.fromkeys(table["state"]))
    for axis, (part, title) in zip(axes, PARTS.items(), strict=True):
        for place, name in enumerate(names):
            rows = table[(table["state"] == name) & (table["part"] == part)]
            if len(rows):
                _draw(axis, rows, place)
        axis.set_title(title)
        axis.set_ylim(-3.0, 103.0)
        since = "since it could begin" if part == "waiting" else "since it began"
        axis.set_xlabel(f"time {since} [months]")
    axes[0].set_ylabel("runs [%]")
    write_legend(fig, axes, ax is None)
    row = data.thresholds.event_months
    note = f"A state begins, or ends, with {row} months in a row; censored when the run stops"
    on = int(table["n"].max())
    write_caption(fig, data.caption(on, INTERVAL, note))
    return fig, axes


def _draw(ax: Axes, table: pd.DataFrame, place: int) -> None:
    colour, line = COLOURS[place % len(COLOURS)], LINES[place % len(LINES)]
    months = table["months"].to_numpy()
    share, low, high = (PERCENT * table[c].to_numpy() for c in ("share", "lower", "upper"))
    label = str(table["title"].iloc[0])
    ax.fill_between(months, low, high, step="post", color=colour, alpha=WIDE_BAND, linewidth=0.0)
    ax.step(months, share, where="post", color=colour, linestyle=line, label=label)
    ax.plot(months[-1:], share[-1:], "|", color=colour, markersize=8)
