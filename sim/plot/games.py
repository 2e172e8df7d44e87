"""Empirical games: payoffs, survival of strategies, fingerprints."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.analysis.verdict.grounds import refuse_bare
from sim.errors import SimError
from sim.plot.canvas import new_axes, write_caption, write_title
from sim.plot.registry import plot
from sim.plot.style import COLOURS, LINES, MARKERS, SEQUENTIAL

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from sim.plot.material import Material


CELL_WIDTH, CELL_HEIGHT, MARGIN = 0.82, 0.46, 3.2
SIDES = ("incumbent", "challenger")


def game_of(data: Material) -> dict[str, Any]:
    """The stored findings of a tournament.

    Raises
    ------
    SimError
        The result holds none, or they have lost what a conclusion must carry.
    """
    path = None if data.folder is None else data.folder / "tournament.json"
    if path is None or not path.exists():
        raise SimError("this figure needs a result of `sim tournament`")
    document: dict[str, Any] = json.loads(path.read_bytes())
    refuse_bare(document)
    return document


def tournament_numbers(data: Material) -> pd.DataFrame:
    """Payoffs of both, regret with its interval, and how often a profile is an equilibrium.

    Raises
    ------
    SimError
        The result holds no tournament.
    """
    import pandas as pd

    found = game_of(data)
    game, payoff = found["game"], found["payoff"]
    rows = [
        {
            "incumbent_plays": row,
            "challenger_plays": column,
            **{f"payoff_{side}": payoff[side][i][j] for side in SIDES},
            "unit": payoff["unit"],
            "regret": game["regret"][i][j],
            "regret_low": game["regret_low"][i][j],
            "regret_high": game["regret_high"][i][j],
            "equilibrium_frequency": game["pure_frequency"][i][j],
            "n": found["n"],
        }
        for i, row in enumerate(found["rows"])
        for j, column in enumerate(found["columns"])
    ]
    return pd.DataFrame(rows)


@plot(tournament_numbers)
def tournament(data: Material, *, ax: Any = None) -> tuple[Figure, np.ndarray[Any, Any]]:
    """Payoffs of both sides at every profile, pure equilibria framed.

    Raises
    ------
    SimError
        The result holds no tournament.
    """
    found = game_of(data)
    m, n = len(found["rows"]), len(found["columns"])
    size = (2 * (1.0 + MARGIN / 1.6 + CELL_WIDTH * n), MARGIN / 1.4 + CELL_HEIGHT * m)
    fig, axes = new_axes(ax, 1, 2, size)
    for axis, side in zip(axes, SIDES, strict=True):
        values = np.array(found["payoff"][side])
        image = axis.imshow(values, cmap=SEQUENTIAL, aspect="auto")
        _label(axis, found)
        middle = (values.max() + values.min()) / 2.0
        for (i, j), value in np.ndenumerate(values):
            colour = "white" if value < middle else "black"
            axis.text(j, i, f"{value:.3g}", ha="center", va="center", color=colour, fontsize=8)
        _frame(axis, found)
        bar = fig.colorbar(image, ax=axis)
        bar.set_label(f"{found['payoff']['measure']} [M yuan/month]")
        write_title(axis, f"payoff of {found['contest'][side]}")
    note = "Framed: pure equilibria of the game of means, with their frequency over the bootstrap"
    write_caption(fig, data.caption(found["n"], found["game"]["interval_type"], note))
    return fig, axes


def _label(ax: Axes, found: dict[str, Any]) -> None:
    columns, rows = found["columns"], found["rows"]
    ax.set_xticks(range(len(columns)), columns, rotation=40, ha="right", rotation_mode="anchor")
    ax.set_yticks(range(len(rows)), rows)
    ax.grid(visible=False)
    ax.set_xlabel(f"{found['contest']['challenger']} plays")
    ax.set_ylabel(f"{found['contest']['incumbent']} plays")


def _frame(ax: Axes, found: dict[str, Any]) -> None:
    from matplotlib.patches import Rectangle

    for one in found["equilibria"]:
        if not one["pure"]:
            continue
        i = found["rows"].index(next(iter(one["incumbent"])))
        j = found["columns"].index(next(iter(one["challenger"])))
        ax.add_patch(
            Rectangle((j - 0.5, i - 0.5), 1.0, 1.0, fill=False, edgecolor="#D55E00", linewidth=2.5)
        )
        ax.text(
            j, i + 0.33, f"{one['frequency']:.0%}", ha="center", va="center", fontsize=7,
            color="#D55E00", weight="bold",
        )  # fmt: skip


NAMES = {"incumbent": "rows", "challenger": "columns"}
NOTE = (
    "Two-population replicator dynamics of the game of means from equal weights; payoffs scaled to "
    "a range of one"
)


def replicator_numbers(data: Material) -> pd.DataFrame:
    """Weight of each strategy in its population over time.

    Raises
    ------
    SimError
        The result holds no tournament.
    """
    import pandas as pd

    found = game_of(data)
    path = found["replicator"]
    rows = [
        (side, strategy, time, path[side][k][i])
        for side in SIDES
        for i, strategy in enumerate(found[NAMES[side]])
        for k, time in enumerate(path["time"])
    ]
    return pd.DataFrame(rows, columns=["side", "strategy", "time", "weight"])


@plot(replicator_numbers)
def replicator(data: Material, *, ax: Any = None) -> tuple[Figure, np.ndarray[Any, Any]]:
    """Weights of the strategies of both sides where better ones are copied.

    Raises
    ------
    SimError
        The result holds no tournament.
    """
    found, table = game_of(data), replicator_numbers(data)
    fig, axes = new_axes(ax, 1, 2, (9.5, 3.8), sharey=True)
    for axis, side in zip(axes, SIDES, strict=True):
        rows = table[table["side"] == side]
        for i, name in enumerate(found[NAMES[side]]):
            one = rows[rows["strategy"] == name]
            axis.plot(
                one["time"],
                one["weight"],
                color=COLOURS[i % len(COLOURS)],
                linestyle=LINES[i % len(LINES)],
                label=name,
            )
        axis.set_ylim(-0.02, 1.02)
        axis.set_xlabel("time [rounds of copying]")
        axis.set_ylabel("weight in the population [-]")
        axis.legend(loc="best")
        write_title(axis, f"{side}: {found['contest'][side]}")
    write_caption(fig, data.caption(found["n"], "No interval: dynamics of mean payoffs", NOTE))
    return fig, axes


NOTE_FINGERPRINTS = (
    "Scripted rivals that never move, market of the first month; no draw but the strategy's own"
)


def fingerprint_numbers(data: Material) -> pd.DataFrame:
    """Price over unit cost of each strategy at each price of the rivals and own share.

    Raises
    ------
    SimError
        The result holds no tournament.
    """
    import pandas as pd

    rows = [
        (vendor, name, level, share, one["price_over_cost"][s][i][k])
        for vendor, one in game_of(data)["fingerprints"].items()
        for s, name in enumerate(one["names"])
        for i, level in enumerate(one["rival_price_over_cost"])
        for k, share in enumerate(one["own_token_share"])
    ]
    columns = ["vendor", "strategy", "rival_price_over_cost", "own_share", "price_over_cost"]
    return pd.DataFrame(rows, columns=columns)


@plot(fingerprint_numbers)
def fingerprints(data: Material, *, ax: Any = None) -> tuple[Figure, np.ndarray[Any, Any]]:
    """Price over cost of each strategy against rivals' price over cost, mean over own shares.

    Raises
    ------
    SimError
        The result holds no tournament.
    """
    found = game_of(data)
    prints = found["fingerprints"]
    fig, axes = new_axes(ax, 1, 2, (9.5, 4.0))
    for axis, (vendor, one) in zip(axes, prints.items(), strict=True):
        response = np.exp(np.log(np.array(one["price_over_cost"])).mean(axis=2))
        for s, name in enumerate(one["names"]):
            axis.plot(
                one["rival_price_over_cost"],
                response[s],
                color=COLOURS[s % len(COLOURS)],
                linestyle=LINES[s % len(LINES)],
                marker=MARKERS[s % len(MARKERS)],
                label=name,
            )
        axis.set_ylim(bottom=0.0)
        axis.set_xlabel("rivals' price over unit cost [-]")
        axis.set_ylabel("own price over unit cost [-]")
        axis.legend(loc="best")
        write_title(axis, f"{vendor} after {one['months']} months")
    write_caption(
        fig, data.caption(found["n"], "No interval: a probe of the rules", NOTE_FINGERPRINTS)
    )
    return fig, axes
