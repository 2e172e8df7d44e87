"""Empirical games, the boundary of containment in two parameters, sweeps up and down."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sim.plot.canvas import (
    in_words,
    label_axis,
    label_cells,
    new_axes,
    write_caption,
    write_title,
)
from sim.plot.registry import plot
from sim.plot.style import COLOURS, SEQUENTIAL, palette_style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from sim.plot.canvas import Drawing
    from sim.plot.material import Material


CELL_WIDTH, CELL_HEIGHT, MARGIN = 0.82, 0.46, 3.2
SIDES = ("incumbent", "challenger")


def game_of(data: Material) -> dict[str, Any]:
    """The stored findings of a tournament."""
    return data.finding("tournament.json", "tournament")


def tournament_numbers(data: Material) -> pd.DataFrame:
    """Payoffs of both, regret with its interval, and how often a profile is an equilibrium."""
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
def tournament(data: Material, *, ax: Any = None) -> Drawing:
    """Payoffs of both sides at every profile, pure equilibria framed."""
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
    label_cells(ax, found["rows"], found["columns"])
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
    """Weight of each strategy in its population over time."""
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
def replicator(data: Material, *, ax: Any = None) -> Drawing:
    """Weights of the strategies of both sides where better ones are copied."""
    found, table = game_of(data), replicator_numbers(data)
    fig, axes = new_axes(ax, 1, 2, (9.5, 3.8), sharey=True)
    for axis, side in zip(axes, SIDES, strict=True):
        rows = table[table["side"] == side]
        for i, name in enumerate(found[NAMES[side]]):
            one = rows[rows["strategy"] == name]
            look = palette_style(i, name)
            axis.plot(
                one["time"], one["weight"], linestyle=look.line, color=look.colour, label=name
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
    """Price over unit cost of each strategy at each price of the rivals and own share."""
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
def fingerprints(data: Material, *, ax: Any = None) -> Drawing:
    """Price over cost of each strategy against rivals' price over cost, mean over own shares."""
    found = game_of(data)
    prints = found["fingerprints"]
    fig, axes = new_axes(ax, 1, 2, (9.5, 4.0))
    for axis, (vendor, one) in zip(axes, prints.items(), strict=True):
        response = np.exp(np.log(np.array(one["price_over_cost"])).mean(axis=2))
        for s, name in enumerate(one["names"]):
            look = palette_style(s, name)
            axis.plot(
                one["rival_price_over_cost"],
                response[s],
                color=look.colour,
                linestyle=look.line,
                marker=look.marker,
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


FRONTIER, HYSTERESIS = "frontier.json", "hysteresis.json"
HALF, LOW, HIGH = 0.5, 0.025, 0.975


def frontier_numbers(data: Material) -> pd.DataFrame:
    """Every point that was run: values, share of runs with its interval, n."""
    found = data.finding(FRONTIER, "frontier")
    rows = [
        (point["x"], point["y"], point["share"], *point["interval"], point["n"])
        for point in found["points"]
    ]
    names = [found["x"]["path"], found["y"]["path"], "share", "lower", "upper", "n"]
    return pd.DataFrame(rows, columns=names)


@plot(frontier_numbers)
def frontier(data: Material, *, ax: Any = None) -> Drawing:
    """Boundary of P = 1/2 with its band, over the points that were run."""
    found, table = data.finding(FRONTIER, "frontier"), frontier_numbers(data)
    fig, axes = new_axes(ax, size=(7.0, 5.0))
    x, y = (np.array(found[name]["values"]) for name in ("x", "y"))
    above = np.array(found["above"]).T
    if (above > LOW).any() and (above < HIGH).any():
        axes.contourf(x, y, above, levels=[LOW, HIGH], colors=["#56B4E9"], alpha=0.35)
    probability = np.array(found["probability"]).T
    if probability.min() < HALF < probability.max():
        axes.contour(x, y, probability, levels=[HALF], colors="black", linewidths=2.0)
    dots = axes.scatter(
        table.iloc[:, 0], table.iloc[:, 1], c=table["share"], cmap=SEQUENTIAL, vmin=0.0, vmax=1.0,
        edgecolors="black", linewidths=0.4, s=26, zorder=3, clip_on=False,
    )  # fmt: skip
    bar = fig.colorbar(dots, ax=axes)
    what = " or ".join(in_words(name) for name in found["outcomes"])
    bar.set_label(f"runs that end in {what} [share]")
    axes.set_xlabel(f"{found['x']['path']} [{found['x']['unit']}]")
    axes.set_ylabel(f"{found['y']['path']} [{found['y']['unit']}]")
    write_title(axes, f"Where {what} begins and ends")
    note = (
        f"Line: P = 1/2; band: {'; '.join(found['interval_types'][-1:])}; {len(table)} points, "
        f"{found['runs']} runs ({found['runs_of_the_whole_lattice']} on the whole lattice)"
    )
    write_caption(fig, data.caption(found["n"], found["interval_types"][0], note))
    return fig, axes


WAYS = {"up": ("-", "^", COLOURS[0]), "down": ("--", "v", COLOURS[1])}
LABELS = {"up": "come from below", "down": "come from above"}


def hysteresis_numbers(data: Material) -> pd.DataFrame:
    """Share come from below and from above, and the gap with its interval."""
    found = data.finding(HYSTERESIS, "frontier")
    rows = [
        (row["value"], row["up"], row["down"], row["gap"], *row["gap_interval"], found["n"])
        for row in found["rows"]
    ]
    return pd.DataFrame(rows, columns=[found["path"], "up", "down", "gap", "lower", "upper", "n"])


@plot(hysteresis_numbers)
def hysteresis(data: Material, *, ax: Any = None) -> Drawing:
    """Challenger's share where a parameter came from below and from above."""
    found, table = data.finding(HYSTERESIS, "frontier"), hysteresis_numbers(data)
    fig, axes = new_axes(ax)
    values = table.iloc[:, 0]
    for way, (line, marker, colour) in WAYS.items():
        axes.plot(
            values, table[way], linestyle=line, marker=marker, color=colour, label=LABELS[way]
        )
    half = (table["upper"] - table["lower"]).to_numpy(dtype=float) / 2.0
    axes.errorbar(values, table["down"], yerr=half, fmt="none", color=COLOURS[1], capsize=3.0)
    axes.set_xlabel(f"{found['path']} [{found['unit']}]")
    label_axis(axes.yaxis, "challenger's token share", "share")
    axes.legend()
    write_title(
        axes, f"{found['path']} from below and above: gap {100.0 * found['gap']:+.1f} points"
    )
    note = "Whiskers: half-width of the paired gap"
    write_caption(fig, data.caption(found["n"], found["interval_types"][0], note))
    return fig, axes
