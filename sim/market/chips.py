"""Self-made and bought accelerators: how much of each there is, and what an order brings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from sim.market.model import MarketModel

Floats = npt.NDArray[np.float64]
CARDS_PER_UNIT = 1_000.0  # cards are stated in thousands


@dataclass(frozen=True)
class Chips:
    """What the vendors' own chips are, (V,); fixed for a run."""

    planned: Floats  # psi: part of all cards that is meant to be self-made
    limited: npt.NDArray[np.bool_]  # whether their output has a limit
    any_limited: bool
    output: Floats  # cards a month in the first month, 0 where there is no limit
    growth: Floats  # of that limit, linear
    performance: Floats  # work against a bought card
    cost: Floats  # against the common cost of a self-made card

    def most(self, month: int) -> Floats:
        """(V,) self-made cards that can be ordered in a month, infinite where nothing limits."""
        grown = np.maximum(0.0, 1.0 + self.growth * month)
        return np.where(self.limited, self.output * grown, np.inf)


def chips_of(model: MarketModel) -> Chips:
    """The chips of a scenario's vendors, in the order of the world."""
    stacks = [model.scenario.vendors[name].stack for name in model.world.vendors]
    limited = [stack.chip_output is not None for stack in stacks]
    return Chips(
        planned=np.array([stack.own_chip_share for stack in stacks]),
        limited=np.array(limited),
        any_limited=any(limited),
        output=np.array([(stack.chip_output or 0.0) * CARDS_PER_UNIT for stack in stacks]),
        growth=np.array([stack.chip_output_growth for stack in stacks]),
        performance=np.array([stack.chip_performance for stack in stacks]),
        cost=np.array([stack.chip_cost for stack in stacks]),
    )


def own_share(model: MarketModel) -> Floats:
    """(V,) part of the cards that is self-made: as planned, or as it is where output is limited."""
    chips, state = model.chips, model.state
    if not chips.any_limited:
        return chips.planned
    total = state.own_cards + state.external_cards
    known = chips.limited & (total > 0.0) & np.isfinite(total)
    out = chips.planned.copy()
    np.divide(state.own_cards, total, out=out, where=known)
    return out


def output_per_card(model: MarketModel, share: Floats) -> Floats:
    """(V,) work of a card of a mix with that self-made share, against a bought card."""
    return 1.0 + share * (model.chips.performance - 1.0)


def equivalents(model: MarketModel) -> Floats:
    """(V,) all cards, counted as bought ones that do the same work."""
    return model.chips.performance * model.state.own_cards + model.state.external_cards


def largest_order(model: MarketModel, money: Floats, availability: float) -> Floats:
    """(V,) cards that can be had: A (psi + (1 - psi) availability) without an output limit.

    With one, self-made cards are at most their output, and the rest of the money A waits for the
    world market: own + (A - own) availability, own = min(psi A, output).
    """
    chips = model.chips
    psi = chips.planned
    free = money * (psi + (1.0 - psi) * availability)
    if not chips.any_limited:
        return free
    own = np.minimum(psi * money, chips.most(model.month))
    return np.where(chips.limited, own + (money - own) * availability, free)


def self_made(model: MarketModel, ordered: Floats, money: Floats, availability: float) -> Floats:
    """(V,) self-made cards of an order: psi of it, or what output and the world market leave.

    With a limit the vendor makes what it planned up to its output and buys the rest; what the
    world market does not give, it makes if it can.
    """
    chips = model.chips
    planned = chips.planned * ordered
    if not chips.any_limited:
        return planned
    most = np.minimum(chips.planned * money, chips.most(model.month))
    buyable = (money - most) * availability
    own = np.maximum(np.minimum(planned, most), ordered - buyable)
    return np.where(chips.limited, np.minimum(own, ordered), planned)
