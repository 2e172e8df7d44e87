"""Shapley shares of the incumbent's levers in what they do together."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from sim.analysis.attribution.base import (
    Asked,
    Finding,
    Floats,
    Part,
    Row,
    bootstrap_row,
    own_levers,
    register,
    shares,
)
from sim.analysis.shapley import factorial_values, interaction_index, shapley_values
from sim.experiment.worlds import ON, World
from sim.scenario.patches import without_levers
from sim.scenario.schema.scenario import Scenario

if TYPE_CHECKING:
    from sim.experiment.result import Result

MOST_EXACT = 6
"""Beyond this many levers orders are drawn unless all coalitions are asked for."""
NONE = "none"


def _name(levers: tuple[str, ...], present: frozenset[str]) -> str:
    if present == frozenset(levers):
        return ON
    return "+".join(sorted(present)) or NONE


def _is_exact(levers: tuple[str, ...], asked: Asked) -> bool:
    return asked.exact or len(levers) <= MOST_EXACT


def _orders(levers: tuple[str, ...], asked: Asked) -> list[tuple[str, ...]]:
    draws = np.random.Generator(np.random.Philox(asked.draw_seed))
    found: list[tuple[str, ...]] = []
    for _ in range(-(-asked.permutations // 2)):
        order = tuple(levers[i] for i in draws.permutation(len(levers)))
        found += [order, order[::-1]]  # antithetic: each order with its reverse
    return found


def _coalitions(levers: tuple[str, ...], asked: Asked) -> Iterable[frozenset[str]]:
    if _is_exact(levers, asked):
        for index in range(2 ** len(levers)):
            yield frozenset(name for i, name in enumerate(levers) if index >> i & 1)
        return
    for order in _orders(levers, asked):
        for size in range(len(order) + 1):
            yield frozenset(order[:size])


def worlds(scenario: Scenario, asked: Asked) -> tuple[World, ...]:
    """One world a coalition of levers, all of them first."""
    levers = own_levers(scenario)
    found = {ON: World(ON, "as the scenario stands", scenario)}
    for present in _coalitions(levers, asked):
        name = _name(levers, present)
        if name not in found:
            absent = [lever for lever in levers if lever not in present]
            title = f"without {', '.join(absent)}"
            found[name] = World(name, title, without_levers(scenario, absent))
    return tuple(found.values())


def read(result: Result, asked: Asked) -> Finding:
    """Shares of ``tau = s_C(none) - s_C(all)``, one number a replicate, in points."""
    levers = own_levers(result.scenario)
    if _is_exact(levers, asked):
        return _exact(result, levers)
    return _sampled(result, levers, asked)


def _exact(result: Result, levers: tuple[str, ...]) -> Finding:
    coalitions = list(dict.fromkeys(_coalitions(levers, Asked(exact=True))))
    held = -shares(result, [_name(levers, present) for present in coalitions])
    worth = dict(zip(coalitions, held, strict=True))
    values = factorial_values(levers, worth)
    phi = shapley_values(values)
    total = values[-1] - values[0]
    rows = _rows(levers, phi, total)
    if len(levers) > 1:
        pairs = interaction_index(values)
        for i, one in enumerate(levers):
            for j in range(i + 1, len(levers)):
                label = f"interaction {one} x {levers[j]}"
                rows.append(bootstrap_row(label, pairs[i, j], kind="interaction"))
    gap = float(np.abs(phi.sum(axis=0) - total).max())
    notes = (
        f"shares add up to v(all) - v(none): largest difference {gap:.1e} points over "
        f"{total.size} replicates",
        "interaction above 0: the two help each other; below 0: they are substitutes",
    )
    return Finding("shapley", _title(len(coalitions)), tuple(rows), notes)


def _sampled(result: Result, levers: tuple[str, ...], asked: Asked) -> Finding:
    orders = _orders(levers, asked)
    coalitions = list(dict.fromkeys(_coalitions(levers, asked)))
    held = -shares(result, [_name(levers, present) for present in coalitions])
    worth = dict(zip(coalitions, held, strict=True))
    gains = np.zeros((len(orders), len(levers), held.shape[1]))
    for o, order in enumerate(orders):
        for size, name in enumerate(order):
            before, after = frozenset(order[:size]), frozenset(order[: size + 1])
            gains[o, levers.index(name)] = worth[after] - worth[before]
    phi = gains.mean(axis=0)
    total = worth[frozenset(levers)] - worth[frozenset()]
    pairs = gains.mean(axis=2).reshape(-1, 2, len(levers)).mean(axis=1)
    error = pairs.std(axis=0, ddof=1) / np.sqrt(len(pairs))
    rows = _rows(levers, phi, total, error)
    notes = (
        f"{len(orders)} orders drawn in antithetic pairs; sampling_error is the standard error "
        "over the pairs, beside the interval over seeds",
    )
    return Finding("shapley", _title(len(coalitions)), tuple(rows), notes)


def _title(worlds: int) -> str:
    return f"Shapley shares of the incumbent's levers, points of token share ({worlds} worlds)"


def _rows(
    levers: tuple[str, ...], phi: Floats, total: Floats, error: Floats | None = None
) -> list[Row]:
    rows = []
    whole = float(total.mean())
    for i, name in enumerate(levers):
        facts: dict[str, object] = {"kind": "share"}
        if whole != 0.0:
            facts["part_of_total"] = float(phi[i].mean()) / whole
        if error is not None:
            facts["sampling_error"] = float(error[i])
        rows.append(bootstrap_row(name, phi[i], **facts))
    rows.append(bootstrap_row("all together", total, kind="total"))
    return rows


PART = register(Part("shapley", "share of each lever, and how pairs interact", worlds, read))
