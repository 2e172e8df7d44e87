"""Key-account business of a run: limits of vendors, running deals, and what they come to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sim.market.clients.accounts import count_conceded, new_docket, new_limits
from sim.market.clients.auction import start_auctions
from sim.market.clients.columns import Clients, Layout, State, Terms
from sim.market.clients.packing import Workspace
from sim.market.clients.threads import edges, over_ranges
from sim.market.world import World

if TYPE_CHECKING:
    from sim.scenario.schema.scenario import Scenario


class Bidding:
    """Key-account business of a run: limits of this month, running deals, counts.

    Attributes
    ----------
    open
        Whether key accounts are auctioned this month: somebody bids, or has bid before (deals end
        at the next review of their workload).
    limits, budget
        How far each platform goes, and (V + 2,) million yuan.
    discount
        (m,) float32 share off the list bill of each workload, in the order of storage; empty until
        somebody bids.
    docket, order
        What is auctioned this month, and its rows in the order of the auctions.
    """

    def __init__(self, scenario: Scenario, world: World, spaces: list[Workspace]) -> None:
        size = world.n_vendors + 2
        self.open = False
        hazard = max(scenario.demand.review.key_account, 1.0 / scenario.calendar.months)
        self.months = 1.0 / hazard
        self.limits = new_limits(size, world.n_offers, self.months)
        self.budget = np.zeros(size)
        self.discount = np.zeros(0, np.float32)
        self.docket = new_docket(0, self.limits)
        self.begins = [0] * len(spaces)  # of the stretches that threads fill
        self.order = np.zeros(0, np.int64)
        self.counts = spaces[0].counts

    def begin(self, columns: Clients, spaces: list[Workspace]) -> None:
        """Room for the deals of all key-account workloads."""
        if len(self.discount):
            return
        self.discount = np.zeros(len(columns.client), np.float32)
        works = np.where(columns.key_account, np.diff(columns.first), 0)
        before = np.append(0, np.cumsum(works))  # workloads of key accounts before each client
        self.docket = new_docket(int(before[-1]), self.limits)
        self.begins = [int(before[i]) for i in edges(len(works), len(spaces))[:-1]]

    def prepare(self, layout: Layout, terms: Terms, spaces: list[Workspace]) -> None:
        """Before the review: the month's terms of business; nothing is auctioned yet."""
        for space, begin in zip(spaces, self.begins, strict=False):
            space.scratch.place = begin
        if self.open:
            self.limits.left = self.budget
            start_auctions(layout, terms, self.limits)

    def stretches(self, spaces: list[Workspace]) -> list[tuple[int, int]]:
        """Rows of the docket that the threads have filled."""
        ends = (space.scratch.place for space in spaces)
        return list(zip(self.begins, ends, strict=True))


def count_deals(
    bidding: Bidding,
    columns: Clients,
    choices: State,
    layout: Layout,
    terms: Terms,
    spaces: list[Workspace],
) -> None:
    """Count the volume whose price running deals lower."""
    conceded = bidding.counts.conceded
    if not len(bidding.discount):  # nothing was ever counted
        return
    market = columns, choices, layout, terms

    def part(p: int, begin: int, end: int) -> None:
        own = spaces[p].counts.conceded
        own.fill(0)
        count_conceded(begin, end, bidding.discount, *market, own)

    over_ranges(len(bidding.discount), len(spaces), part)
    for space in spaces[1:]:
        conceded += space.counts.conceded
