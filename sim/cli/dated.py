"""Dated events and final states of a verdict as lines for the screen."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

WIDTH = 100
SHOWN = ("held_back", "incumbent_regains", "above_ceiling", "below_ceiling")
SMALL_P = 0.05


def dated_lines(verdict: Mapping[str, Any]) -> Iterator[str]:
    """One line on when containment begins and whether it lasts; one more if runs form humps."""
    events = verdict.get("events")
    if events:
        told = "; ".join(_state(events["states"][s]) for s in SHOWN if s in events["states"])
        yield from textwrap.wrap(f"Dated: {told}", WIDTH, subsequent_indent="  ")
    for board, vendors in (verdict.get("final_states") or {"shares": {}})["shares"].items():
        for vendor, test in vendors.items():
            if test is not None and test["p_value"] <= SMALL_P:
                places = " and ".join(f"{100.0 * place:.1f}" for place in test["modes"])
                yield (
                    f"Two humps: {board.replace('_', ' ')} of {vendor} near {places} % "
                    f"(Silverman, p = {test['p_value']:.3f}, n = {test['n']})"
                )


def _state(state: Mapping[str, Any]) -> str:
    first, duration, relapse = state["first"], state["duration"], state["relapse"]
    if not first["n"]:
        return f"{state['title']} in no run that could"
    text = f"{state['title']} in {first['happened']} of {first['n']} runs"
    if not first["happened"]:
        return text
    text += f" (median {state['median_first_date'][:7]}"
    ended = duration["happened"]
    if not ended:
        return f"{text}, to the end)"
    again = f", {relapse['happened']} again" if relapse["happened"] else ""
    return f"{text}, ended in {ended}{again})"
