"""What a price cut cost for each point of share, as a line for the screen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sim.experiment.result import Result


def burn_lines(result: Result, verdict: Mapping[str, Any]) -> Iterator[str]:
    """One line if the scenario has a price cut of the challenger, else none."""
    told, contest = verdict.get("burn_per_point"), verdict.get("contest")
    if not told or not contest:
        return
    found = told["vendors"].get(contest["challenger"])
    if not found or not found["since_price_cut"]:
        return
    who = result.scenario.vendors[contest["challenger"]].label or contest["challenger"]
    since = f"since its price cut of {found['since'][:7]}"
    spent = f"{found['burn_million_yuan']:,.4g} million yuan below cost"
    if found["estimate"] is None:
        yield (
            f"Burn: {who} sold {spent} {since} and gained no share "
            f"({found['points_gained']:+.1f} points; n = {told['n']})"
        )
        return
    interval = found["interval"]
    bounds = ", no bounds"
    if interval and None not in interval:
        bounds = f" [{interval[0]:,.4g}, {interval[1]:,.4g}]"
    yield (
        f"Burn: {who} sold {spent} {since}, {found['estimate']:,.4g}{bounds} a point of token "
        f"share gained ({told['interval_type']}; n = {told['n']})"
    )
