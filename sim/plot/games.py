"""Empirical games, the boundary of containment in two parameters, sweeps up and down."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sim.analysis.rounding import spread
from sim.plot.canvas import (
    LABEL_SIZE,
    PERCENT,
    label_axis,
    label_cells,
    label_end,
    new_axes,
    wrap,
    write_frame,
    write_title,
)
from sim.plot.registry import plot
from sim.plot.style import (
    CHALLENGER_COLOUR,
    INCUMBENT_COLOUR,
    SEQUENTIAL,
    VendorStyle,
    capital,
    palette_style,
    text_on,
)
from sim.plot.words import in_words, path_in_words

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from sim.plot.canvas import Drawing
    from sim.plot.material import Material


CELL_WIDTH, CELL_HEIGHT, MARGIN = 0.85, 0.5, 1.4
NAME_WIDTH = 1.5
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
    size = (2 * (MARGIN / 2 + CELL_WIDTH * n) + MARGIN, MARGIN + CELL_HEIGHT * m)
    fig, axes = new_axes(ax, 1, 2, size, sharey=True)
    for axis, side in zip(axes, SIDES, strict=True):
        values = np.array(found["payoff"][side])
        image = axis.imshow(values, cmap=SEQUENTIAL, aspect="auto")
        label_cells(axis, *(_strategies(fig, found[side]) for side in ("rows", "columns")))
        pure = _pure(found)
        digits = decimals(np.ptp(values))
        for (i, j), value in np.ndenumerate(values):
            colour = text_on(image.cmap(image.norm(value)))
            text = f"{value:,.{digits}f}"
            if (i, j) in pure:
                text += f"\n{pure[i, j]:.0%}".replace("%", "\u00a0%")
            axis.text(j, i, text, ha="center", va="center", color=colour, fontsize=LABEL_SIZE)
        _frame(axis, pure)
        axis.set_xlabel(f"{_party(data, found, 'challenger')} plays")
        write_title(axis, f"Payoff of {_party(data, found, side)}")
    axes[0].set_ylabel(f"{_party(data, found, 'incumbent')} plays")
    payoff = found["payoff"]
    subtitle = f"Payoff: {in_words(payoff['measure'])}, {payoff['unit']}; the lighter, the more."
    note = "Framed: pure equilibria of the game of means, with their frequency over the bootstrap"
    caption = data.caption(found["n"], found["game"]["interval_type"], note)
    write_frame(fig, axes, ax is None, _game_title(data, found), subtitle, caption)
    return fig, axes


def decimals(spread: float) -> int:
    """Decimals with which numbers of a range are told apart: a twentieth of it is seen."""
    return int(np.clip(np.ceil(-np.log10(max(spread, 1e-12) / 20.0)), 0, 3))


def _party(data: Material, found: dict[str, Any], side: str) -> str:
    return data.style(found["contest"][side]).label


def _strategies(fig: Any, names: list[str]) -> list[str]:
    return [wrap(in_words(name), NAME_WIDTH, LABEL_SIZE) for name in names]


def _pure(found: dict[str, Any]) -> dict[tuple[int, int], float]:
    """Cells of the pure equilibria and how often each is one."""
    return {
        (
            found["rows"].index(next(iter(one["incumbent"]))),
            found["columns"].index(next(iter(one["challenger"]))),
        ): one["frequency"]
        for one in found["equilibria"]
        if one["pure"]
    }


def _game_title(data: Material, found: dict[str, Any]) -> str:
    """Who plays what where nobody gains by a change."""
    pure = _pure(found)
    incumbent, challenger = (_party(data, found, side) for side in SIDES)
    if not pure:
        return f"No pair of strategies is best for both {incumbent} and {challenger}"
    (i, j), frequency = max(pure.items(), key=lambda item: item[1])
    mine, theirs = in_words(found["rows"][i]), in_words(found["columns"][j])
    return (
        f"Equilibrium: {incumbent} plays {mine}, {challenger} {theirs}, in "
        f"{PERCENT * frequency:.0f} % of resamples"
    )


def _frame(ax: Axes, pure: dict[tuple[int, int], float]) -> None:
    from matplotlib.patches import Rectangle

    for i, j in pure:
        for colour, width in (("white", 5.0), ("black", 2.0)):  # seen on light and dark cells
            kind: dict[str, Any] = {"fill": False, "edgecolor": colour, "linewidth": width}
            ax.add_patch(Rectangle((j - 0.48, i - 0.46), 0.96, 0.92, **kind))


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
    fig, axes = new_axes(ax, 1, 2, (10.5, 3.4), sharey=True)
    winners = []
    for axis, side in zip(axes, SIDES, strict=True):
        rows = table[table["side"] == side]
        last = rows.groupby("strategy", sort=False)["weight"].last()
        for i, name in enumerate(found[NAMES[side]]):
            one = rows[rows["strategy"] == name]
            look = palette_style(i, in_words(name))
            axis.plot(one["time"], one["weight"], linestyle=look.line, color=look.colour)
            label_end(axis, float(last[name]), look.label, look.colour)
        axis.margins(x=0.02)
        axis.set_xlabel("rounds of copying")
        label_axis(axis.yaxis, "part of the population", "share")
        write_title(axis, f"{capital(side)}: {_party(data, found, side)}")
        winners.append(f"{_party(data, found, side)}: {in_words(str(last.idxmax()))}")
    axes[0].set_ylim(-0.02, 1.02)
    axes[1].set_ylabel("")
    subtitle = "Weight of each strategy in its population, %, where the better ones are copied."
    caption = data.caption(found["n"], "No interval: dynamics of mean payoffs", NOTE)
    title = f"Most copied in the end: {'; '.join(winners)}"
    write_frame(fig, axes, ax is None, title, subtitle, caption)
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
    fig, axes = new_axes(ax, 1, 2, (10.5, 3.6))
    dearest = []
    for axis, (vendor, one) in zip(axes, prints.items(), strict=True):
        response = np.exp(np.log(np.array(one["price_over_cost"])).mean(axis=2))
        for s, name in enumerate(one["names"]):
            look = palette_style(s, in_words(name))
            axis.plot(
                one["rival_price_over_cost"],
                response[s],
                color=look.colour,
                linestyle=look.line,
                marker=look.marker,
            )
            label_end(axis, float(response[s][-1]), look.label, look.colour)
        axis.set_ylim(bottom=0.0)
        axis.margins(x=0.02)
        axis.set_xlabel("rivals' price, times unit cost")
        axis.set_ylabel("own price, times unit cost")
        label = data.style(vendor).label
        write_title(axis, f"{label} after {one['months']} months")
        top = in_words(one["names"][int(np.argmax(response.mean(axis=1)))])
        dearest.append(f"{top} for {label}")
    subtitle = "Own price over unit cost at each price of the rivals, mean over own shares."
    caption = data.caption(found["n"], "No interval: a probe of the rules", NOTE_FINGERPRINTS)
    title = f"Highest prices: {', '.join(dearest)}"
    write_frame(fig, axes, ax is None, title, subtitle, caption)
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
    fig, axes = new_axes(ax, size=(7.5, 4.6))
    x, y = (np.array(found[name]["values"]) for name in ("x", "y"))
    probability, above = (np.array(found[name]).T for name in ("probability", "above"))
    levels = np.linspace(0.0, 1.0, 11)
    shade = axes.contourf(x, y, probability, levels=levels, cmap=SEQUENTIAL)
    if (above > LOW).any() and (above < HIGH).any():
        axes.contourf(x, y, above, levels=[LOW, HIGH], colors="none", hatches=["////"])
    if probability.min() < HALF < probability.max():
        axes.contour(x, y, probability, levels=[HALF], colors="white", linewidths=4.0)
        axes.contour(x, y, probability, levels=[HALF], colors="black", linewidths=1.8)
    kind = {"s": 9, "c": "white", "edgecolors": "black", "linewidths": 0.5, "clip_on": False}
    axes.scatter(table.iloc[:, 0], table.iloc[:, 1], zorder=3, label="points run", **kind)
    bar = fig.colorbar(shade, ax=axes)
    what = " or ".join(in_words(name) for name in found["outcomes"])
    label_axis(bar.ax.yaxis, f"runs that end in {what}", "share")
    for side, axis in (("x", axes.xaxis), ("y", axes.yaxis)):
        label_axis(axis, path_in_words(data, found[side]["path"]), found[side]["unit"])
    axes.grid(visible=False)
    low, high = found["area_interval"]
    area, _, bounds = spread(PERCENT * found["area"], PERCENT * low, PERCENT * high, 0).partition(
        " "
    )
    title = f"{capital(what)} is the likelier end in {area} % of the plane {bounds}".rstrip()
    subtitle = f"Runs that end in {what}, %. Black line: half of them; hatched: where it may lie."
    note = (
        f"Hatched: {'; '.join(found['interval_types'][-1:])}; dots: the {len(table)} points run, "
        f"{found['runs']} runs ({found['runs_of_the_whole_lattice']} on the whole lattice); "
        f"{found['x']['path']}, {found['y']['path']}"
    )
    caption = data.caption(found["n"], found["interval_types"][0], note)
    write_frame(fig, axes, ax is None, title, subtitle, caption)
    return fig, axes


WAYS = {
    "up": VendorStyle("come from below", CHALLENGER_COLOUR, "-", "^"),
    "down": VendorStyle("come from above", INCUMBENT_COLOUR, "--", "v"),
}


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
    for way, look in WAYS.items():
        kind = {"linestyle": look.line, "marker": look.marker, "color": look.colour}
        axes.plot(values, table[way], **kind)
        label_end(axes, float(table[way].iloc[-1]), look.label, look.colour)
    half = (table["upper"] - table["lower"]).to_numpy(dtype=float) / 2.0
    whiskers = {"fmt": "none", "color": INCUMBENT_COLOUR, "capsize": 3.0}
    axes.errorbar(values, table["down"], yerr=half, **whiskers)
    path = path_in_words(data, found["path"])
    label_axis(axes.xaxis, path, found["unit"])
    label_axis(axes.yaxis, "challenger's token share", "share")
    axes.margins(x=0.03)
    low, high = (PERCENT * end for end in found["gap_interval"])
    gap = spread(PERCENT * found["gap"], low, high)
    does = "depends" if found["depends_on_the_past"] else "does not depend"
    who = data.style(data.contest[1]).label
    title = f"{who}'s share {does} on where {path.lower()} came from: gap {gap} points"
    subtitle = f"Token share of {who}, %, at each value of {found['path']}."
    note = "Whiskers: half-width of the paired gap"
    caption = data.caption(found["n"], found["interval_types"][0], note)
    write_frame(fig, axes, ax is None, title, subtitle, caption)
    return fig, axes
