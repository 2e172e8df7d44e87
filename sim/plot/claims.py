"""Claims of a study against its runs: how often each holds, how surely, and what was wanted."""

from __future__ import annotations

import json
import textwrap
from typing import TYPE_CHECKING, Any

from sim.analysis.conclusion import claims_grounds, refuse_bare
from sim.errors import SimError
from sim.plot.canvas import PERCENT, new_axes, write_caption, write_legend
from sim.plot.registry import plot
from sim.plot.style import PALE

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from sim.plot.material import Material

LOOKS = {"supported": ("#0072B2", "o"), "undetermined": (PALE, "s"), "refuted": ("#D55E00", "v")}
WIDTH, LEAST_HEIGHT, ROW_HEIGHT, LABEL = 9.0, 2.4, 0.55, 44
NOTE = "Bar: the part of the runs that was wanted"


def _document(data: Material) -> dict[str, Any]:
    path = None if data.folder is None else data.folder / "claims.json"
    told: dict[str, Any] = {}
    if path is not None and path.exists():
        told = json.loads(path.read_bytes())
    if not told.get("claims"):
        raise SimError("this figure needs a sweep of a study with claims")
    refuse_bare(claims_grounds(told))
    return told


def claims_numbers(data: Material) -> pd.DataFrame:
    """One row a claim: verdict, part of the runs in which it holds, its interval, wanted, n.

    Raises
    ------
    SimError
        The result is no sweep with judged claims.
    """
    import pandas as pd

    rows = []
    for name, claim in _document(data)["claims"].items():
        low, high = claim.get("interval") or (None, None)
        share, worth = claim.get("share_of_runs"), claim.get("effective_runs")
        rows.append(
            (name, claim["verdict"], share, low, high, claim["probability"], claim["runs"], worth)
        )
    columns = ["claim", "verdict", "share", "low", "high", "wanted", "n", "effective_runs"]
    return pd.DataFrame(rows, columns=columns)


@plot(claims_numbers)
def claims(data: Material, *, ax: Any = None) -> tuple[Figure, Axes]:
    """Part of the runs in which each claim holds, with its interval, against what was wanted.

    Raises
    ------
    SimError
        The result is no sweep with judged claims.
    """
    told, table = _document(data), claims_numbers(data)
    fig, axes = new_axes(ax, size=(WIDTH, max(LEAST_HEIGHT, 1.4 + ROW_HEIGHT * len(table))))
    for verdict, (colour, marker) in LOOKS.items():
        rows = table[(table["verdict"] == verdict) & table["share"].notna()]
        if len(rows):
            shares = PERCENT * rows["share"].astype(float)
            ends = [PERCENT * rows[end].astype(float) for end in ("low", "high")]
            axes.hlines(rows.index, *ends, colors=colour)
            axes.scatter(shares, rows.index, c=colour, marker=marker, label=verdict, zorder=3)
    axes.scatter(PERCENT * table["wanted"], table.index, s=160, c="black", marker="|", zorder=4)
    labels = [told["claims"][name]["statement"] or name for name in table["claim"]]
    axes.set_yticks(table.index, [textwrap.fill(label, LABEL) for label in labels])
    axes.set_xlim(-2.0, 102.0)
    axes.set_ylim(len(table) - 0.5, -0.5)
    axes.set_xlabel("runs in which it holds [%]")
    write_legend(fig, axes, ax is None)
    kind = claims_grounds(told)["interval_types"][0]
    runs = f"{NOTE}; {table['n'].min()} runs a claim at least, {told['points']} points"
    write_caption(fig, data.caption(told["replicates"], kind, runs))
    return fig, axes
