"""Price responses of strategies to scripted rivals, and how far strategies are apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sim.plot.canvas import new_axes, write_caption, write_title
from sim.plot.registry import plot
from sim.plot.style import COLOURS, LINES, MARKERS
from sim.plot.tournament import game_of

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from sim.plot.material import Material

NOTE = "Scripted rivals that never move, market of the first month; no draw but the strategy's own"


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
    write_caption(fig, data.caption(found["n"], "No interval: a probe of the rules", NOTE))
    return fig, axes
