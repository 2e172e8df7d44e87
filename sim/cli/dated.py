"""Dated events and final states of a verdict as lines for the screen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

SHOWN = {
    "held_back": "held back",
    "incumbent_regains": "incumbent regains",
    "above_ceiling": "passes kappa",
    "below_ceiling": "falls below it",
}
SMALL_P = 0.05


def dated_lines(verdict: Mapping[str, Any]) -> Iterator[str]:
    """One line on when containment begins and whether it lasts; one more if runs form humps."""
    events = verdict.get("events")
    if events:
        states = events["states"]
        told = "; ".join(
            _state(SHOWN[s], states[s]) for s in SHOWN if s in states and states[s]["first"]["n"]
        )
        yield f"Dated, runs: {told}"
    for board, vendors in (verdict.get("final_states") or {"shares": {}})["shares"].items():
        for vendor, test in vendors.items():
            if test is not None and test["p_value"] <= SMALL_P:
                places = " and ".join(f"{100.0 * place:.1f}" for place in test["modes"])
                yield (
                    f"Two humps: {board.replace('_', ' ')} of {vendor} near {places} % "
                    f"(Silverman, p = {test['p_value']:.3f}, n = {test['n']})"
                )


def _state(name: str, state: Mapping[str, Any]) -> str:
    first, duration, relapse = state["first"], state["duration"], state["relapse"]
    text = f"{name} {first['happened']}/{first['n']}"
    if not first["happened"]:
        return text
    text += f" (from {state['median_first_date'][:7]}"
    again = f", {relapse['happened']} again" if relapse["happened"] else ""
    return f"{text}, {duration['happened']} ended{again})"
