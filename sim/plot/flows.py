"""Who loses clients to whom."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sim.experiment.worlds import ON
from sim.plot.bands import quantiles_of
from sim.plot.canvas import in_words, new_axes, write_caption
from sim.plot.registry import plot
from sim.plot.style import SEQUENTIAL

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from sim.plot.material import Material

FLOW = "switching_flow"
INTERVAL = "Cells: median over runs of the mean month; the table beside has 90 % bands"
CELL, MARGIN = 0.72, 2.6
DARK_BELOW = 0.5
LARGE = 100.0  # from here on cells show no decimals


def flow_numbers(data: Material, point: str = ON) -> pd.DataFrame:
    """Mean monthly flow between each pair of vendors: median and 90 % band over the runs.

    Who stays is left out.

    Returns
    -------
    Columns measure, unit, point, vendor, vendor_to, n, p05, median, p95.

    Raises
    ------
    SimError
        If switching_flow or the world is not stored.
    """
    import pandas as pd

    mean = data.world(FLOW, point, "vendor", "vendor_to").mean("month")
    p05, median, p95 = quantiles_of(mean.values, (0.05, 0.5, 0.95))
    rows = [
        (
            FLOW,
            data.unit(FLOW),
            point,
            str(source),
            str(target),
            mean.sizes["replicate"],
            p05[i, j],
            median[i, j],
            p95[i, j],
        )
        for i, source in enumerate(mean["vendor"].values)
        for j, target in enumerate(mean["vendor_to"].values)
        if source != target
    ]
    names = ["measure", "unit", "point", "vendor", "vendor_to", "n", "p05", "median", "p95"]
    return pd.DataFrame(rows, columns=names)


@plot(flow_numbers)
def flows(data: Material, point: str = ON, *, ax: Any = None) -> tuple[Figure, Axes]:
    """Switching flows between vendors as a heat map: from the row to the column.

    Raises
    ------
    SimError
        If switching_flow or the world is not stored.
    """
    table = flow_numbers(data, point)
    names = list(dict.fromkeys(table["vendor"]))
    targets = list(dict.fromkeys([*names, *table["vendor_to"]]))
    grid = table.pivot(index="vendor", columns="vendor_to", values="median")
    values = grid.reindex(index=names, columns=targets).to_numpy(dtype=np.float64)
    size = (MARGIN + CELL * len(targets) + 1.0, MARGIN / 1.3 + CELL * len(names))
    fig, axes = new_axes(ax, size=size)
    image = axes.imshow(np.ma.masked_invalid(values), cmap=SEQUENTIAL, aspect="auto", vmin=0.0)
    _write_cells(axes, values)
    axes.set_xticks(
        range(len(targets)),
        [_label(data, name) for name in targets],
        rotation=40,
        ha="right",
        rotation_mode="anchor",
    )
    axes.set_yticks(range(len(names)), [_label(data, name) for name in names])
    axes.grid(visible=False)
    axes.set_xlabel("to")
    axes.set_ylabel("from")
    bar = fig.colorbar(image, ax=axes)
    bar.set_label(f"{in_words(FLOW)} [{data.unit(FLOW)}]")
    write_caption(fig, data.caption(int(table["n"].max()), INTERVAL))
    return fig, axes


def _label(data: Material, name: str) -> str:
    return data.styles[name].label if name in data.styles else in_words(name)


def _write_cells(ax: Axes, values: np.ndarray[Any, Any]) -> None:
    top = np.nanmax(values) if np.isfinite(values).any() else 0.0
    for (row, column), value in np.ndenumerate(values):
        if not np.isfinite(value):
            ax.text(column, row, "stays", ha="center", va="center", color="#7F7F7F", fontsize=7)
            continue
        colour = "white" if top <= 0.0 or value / top < DARK_BELOW else "black"
        ax.text(column, row, _short(value), ha="center", va="center", color=colour, fontsize=8)


def _short(value: float) -> str:
    """Three digits, or all before the point."""
    return f"{value:,.0f}" if abs(value) >= LARGE else f"{value:.3g}"
