"""Self-made and bought accelerators: how much of each there is, and what an order brings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from sim.numeric.arrays import Vector
from sim.numeric.bundle import Bundle
from sim.numeric.compiled import inlined

if TYPE_CHECKING:
    from sim.market.model import MarketModel

Floats = npt.NDArray[np.float64]
CARDS_PER_UNIT = 1_000.0  # cards are stated in thousands


class Chips(Bundle):
    """What the vendors' own chips are, (V,); fixed for a run."""

    planned: Vector[np.float64]  # psi: part of all cards that is meant to be self-made
    limited: Vector[np.bool_]  # whether their output has a limit
    output: Vector[np.float64]  # cards a month in the first month, 0 where there is no limit
    growth: Vector[np.float64]  # of that limit, linear
    performance: Vector[np.float64]  # work against a bought card
    cost: Vector[np.float64]  # against the common cost of a self-made card

    def work_of(self, share: Floats) -> Floats:
        """(V,) work of a card of a mix with that self-made share, against a bought card."""
        return 1.0 + share * (self.performance - 1.0)


def chips_of(model: MarketModel) -> Chips:
    """The chips of a scenario's vendors, in the order of the world."""
    stacks = [model.scenario.vendors[name].stack for name in model.world.vendors]
    return Chips(
        planned=np.array([stack.own_chip_share for stack in stacks]),
        limited=np.array([stack.chip_output is not None for stack in stacks], bool),
        output=np.array([(stack.chip_output or 0.0) * CARDS_PER_UNIT for stack in stacks]),
        growth=np.array([stack.chip_output_growth for stack in stacks]),
        performance=np.array([stack.chip_performance for stack in stacks]),
        cost=np.array([stack.chip_cost for stack in stacks]),
    )


@inlined
def made_at_most(v, month, chips):  # type: ignore[no-untyped-def]
    """Self-made cards that can be ordered in a month, infinite where nothing limits."""
    grown = max(0.0, 1.0 + chips.growth[v] * month)
    return chips.output[v] * grown if chips.limited[v] else np.inf


@inlined
def own_share(v, chips, state):  # type: ignore[no-untyped-def]
    """Part of the cards that is self-made: as planned, or as it is where output is limited."""
    total = state.own_cards[v] + state.external_cards[v]
    known = chips.limited[v] and 0.0 < total < np.inf
    return state.own_cards[v] / total if known else chips.planned[v]


@inlined
def equivalents(v, chips, state):  # type: ignore[no-untyped-def]
    """All cards, counted as bought ones that do the same work."""
    return chips.performance[v] * state.own_cards[v] + state.external_cards[v]


@inlined
def largest_order(v, month, chips, money, availability):  # type: ignore[no-untyped-def]
    """Cards that can be had: A (psi + (1 - psi) availability) without an output limit.

    With one, self-made cards are at most their output, and the rest of the money A waits for the
    world market: own + (A - own) availability, own = min(psi A, output).
    """
    psi = chips.planned[v]
    if not chips.limited[v]:
        return money * (psi + (1.0 - psi) * availability)
    own = min(psi * money, made_at_most(v, month, chips))
    return own + (money - own) * availability


@inlined
def self_made(v, month, chips, ordered, money, availability):  # type: ignore[no-untyped-def]
    """Self-made cards of an order: psi of it, or what output and the world market leave.

    With a limit the vendor makes what it planned up to its output and buys the rest; what the
    world market does not give, it makes if it can.
    """
    planned = chips.planned[v] * ordered
    if not chips.limited[v]:
        return planned
    most = min(chips.planned[v] * money, made_at_most(v, month, chips))
    buyable = (money - most) * availability
    return min(max(min(planned, most), ordered - buyable), ordered)
