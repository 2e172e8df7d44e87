"""Key-account business of a run: limits of vendors, running deals, and what they come to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sim.market.clients.auction import AuctionQueue, ConcessionLimits, DealCounts
from sim.market.clients.columns import ChoiceState, ClientColumns, MonthTerms
from sim.market.clients.threads import added, over_ranges
from sim.market.world import HOST, MarketLayout
from sim.numeric.arrays import Vector
from sim.numeric.elementary import exp
from sim.numeric.jit import kernel

if TYPE_CHECKING:
    from sim.scenario.schema.scenario import Scenario


class Bidding:
    """Key-account business of a run: limits of this month, running deals, counts.

    Attributes
    ----------
    open
        Whether key accounts are auctioned this month: somebody bids, or has bid before (deals end
        at the next review of their workload).
    limits
        How far each platform goes.
    discount
        (m,) float32 share off the list bill of each workload, in the order of storage; empty until
        somebody bids.
    queue
        What is auctioned this month.
    """

    def __init__(self, scenario: Scenario, world: MarketLayout) -> None:
        platforms = world.n_vendors + 2
        self.open = False
        hazard = max(scenario.demand.review.key_account, 1.0 / scenario.calendar.months)
        self.limits = ConcessionLimits.none(platforms, 1.0 / hazard)
        self.discount = np.zeros(0, np.float32)
        self.queue = AuctionQueue.joined([], platforms)
        sizes = [platforms] * 5 + [world.n_offers]
        self.counts = DealCounts(*(np.zeros(n, np.int64) for n in sizes))


def count_deals(
    bidding: Bidding,
    columns: ClientColumns,
    choices: ChoiceState,
    world: MarketLayout,
    terms: MonthTerms,
    scale: float,
    threads: int,
) -> None:
    """Count the volume whose price running deals lower, in units of 1 / `scale`."""

    def part(p: int, begin: int, end: int) -> Vector[np.int64]:
        return conceded_volume(
            begin,
            end,
            bidding.discount,
            columns.client,
            columns.weight,
            columns.skill,
            choices.current,
            choices.log_volume,
            world.channel,
            terms.unit_hours,
            scale,
        )

    if len(bidding.discount):
        parts = over_ranges(len(bidding.discount), threads, part)
        bidding.counts.conceded[:] = added(parts)


@kernel
def conceded_volume(
    begin: int,
    end: int,
    discount: Vector[np.float32],
    client: Vector[np.int32],
    weight: Vector[np.float32],
    skill: Vector[np.float32],
    current: Vector[np.int16],
    log_volume: Vector[np.float32],
    channel: Vector[np.int64],
    unit_hours: Vector[np.float64],
    scale: float,
) -> Vector[np.int64]:
    """(J,) volume x discount of workloads begin to end, whole multiples of 1 / `scale`."""
    conceded = np.zeros(len(channel), np.int64)
    for w in range(begin, end):
        i, j = client[w], current[w]
        if discount[w] <= 0.0 or j < 0 or j == len(channel) - 1:
            continue
        volume = exp(np.float64(log_volume[w])) * np.float64(weight[i])
        if channel[j] == HOST:
            volume *= unit_hours[j] / np.float64(skill[i])
        conceded[j] += np.int64(volume * discount[w] * scale + 0.5)
    return conceded
