"""The boundary of containment in two parameters, and sweeps up and down."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.analysis.verdict.grounds import refuse_bare
from sim.errors import SimError
from sim.plot.canvas import in_words, label_axis, new_axes, write_caption, write_title
from sim.plot.registry import plot
from sim.plot.style import COLOURS, SEQUENTIAL

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from sim.plot.material import Material


HALF, LOW, HIGH = 0.5, 0.025, 0.975


def stored(data: Material, name: str) -> dict[str, Any]:
    """Stored findings of that name.

    Raises
    ------
    SimError
        The result holds none, or they have lost what a conclusion must carry.
    """
    path = None if data.folder is None else data.folder / name
    if path is None or not path.exists():
        raise SimError("this figure needs a result of `sim frontier`")
    document: dict[str, Any] = json.loads(path.read_bytes())
    refuse_bare(document)
    return document


def frontier_numbers(data: Material) -> pd.DataFrame:
    """Every point that was run: values, share of runs with its interval, n.

    Raises
    ------
    SimError
        The result holds no frontier.
    """
    import pandas as pd

    found = stored(data, "frontier.json")
    rows = [
        (point["x"], point["y"], point["share"], *point["interval"], point["n"])
        for point in found["points"]
    ]
    names = [found["x"]["path"], found["y"]["path"], "share", "lower", "upper", "n"]
    return pd.DataFrame(rows, columns=names)


@plot(frontier_numbers)
def frontier(data: Material, *, ax: Any = None) -> tuple[Figure, Axes]:
    """Boundary of P = 1/2 with its band, over the points that were run.

    Raises
    ------
    SimError
        The result holds no frontier.
    """
    found, table = stored(data, "frontier.json"), frontier_numbers(data)
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
    """Share come from below and from above, and the gap with its interval.

    Raises
    ------
    SimError
        The result holds no sweep up and down.
    """
    import pandas as pd

    found = stored(data, "hysteresis.json")
    rows = [
        (row["value"], row["up"], row["down"], row["gap"], *row["gap_interval"], found["n"])
        for row in found["rows"]
    ]
    return pd.DataFrame(rows, columns=[found["path"], "up", "down", "gap", "lower", "upper", "n"])


@plot(hysteresis_numbers)
def hysteresis(data: Material, *, ax: Any = None) -> tuple[Figure, Axes]:
    """Challenger's share where a parameter came from below and from above.

    Raises
    ------
    SimError
        The result holds no sweep up and down.
    """
    found, table = stored(data, "hysteresis.json"), hysteresis_numbers(data)
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
