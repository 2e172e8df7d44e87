"""Allocation: whom a vendor serves while its cards are too few."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sim.strategies.registry import Strategy

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Shortage:
    """What a vendor is asked for, (n,) by own offer; its own apps come last.

    Rent and hosted models are sold by contract, model calls by use.
    """

    cards: Floats  # card-months wanted
    value: Floats  # yuan that a card-month earns; of own apps the value that the vendor states
    contracted: npt.NDArray[np.bool_]


class AllocationStrategy(Strategy):
    """Ranks the work that wants cards; the market serves ranks from the highest to the lowest.

    Work of equal rank is rationed pro rata. The market has served a first part of the own apps,
    `supply.internal_priority`, before it asks.
    """

    kind = "allocation"
    proportional: bool = False  # all customers alike: nothing to rank

    def ranks(self, shortage: Shortage) -> Floats:
        """(n,) rank of each offer and, last, of the rest of the own apps."""
        raise TypeError(f"{type(self).__name__} does not say whom it serves first")


class ProRata(AllocationStrategy):
    """Everything that customers ask for is cut alike; own apps take what is left."""

    name = "pro_rata"
    source = "proportional rationing: Beckmann (1965); Davidson & Deneckere (1986, RAND 17:404-415)"
    observes = ("own load",)
    proportional = True

    def ranks(self, shortage: Shortage) -> Floats:
        """Customers alike, own apps last."""
        return np.append(np.ones(len(shortage.cards) - 1), 0.0)


class ByMargin(AllocationStrategy):
    """What earns most for a card goes first: own apps compete at the value the vendor states."""

    name = "by_margin"
    source = "efficient rationing: Levitan & Shubik (1972, IER 13:111-122); Littlewood (1972)"
    observes = ("own load", "own prices")

    def ranks(self, shortage: Shortage) -> Floats:
        """The value of a card-month."""
        return shortage.value


class ContractsFirst(AllocationStrategy):
    """Rented cards and hosted models are contracts and go first, then calls, then own apps."""

    name = "contracts_first"
    source = "priority service: Harris & Raviv (1981, AER 71:347-365); Wilson (1989)"
    observes = ("own load",)

    def ranks(self, shortage: Shortage) -> Floats:
        """Contracts, calls, own apps."""
        customers = np.where(shortage.contracted[:-1], 2.0, 1.0)
        return np.append(customers, 0.0)
