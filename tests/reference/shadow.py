"""Plain clients beside the compiled ones: same market, own memory, every choice compared."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from sim.market.clients.auction import AuctionQueue
from sim.market.clients.choice import review as compiled_review
from sim.market.clients.columns import UNSET, ChoiceState
from sim.market.clients.usage import use as compiled_use
from tests.reference.client import ClientAgent, Workload
from tests.reference.market import PlainMarket
from tests.reference.tallies import whole


@dataclass
class Agreement:
    """How far plain and compiled clients agree."""

    reviewed: int = 0  # decisions evaluated
    states: int = 0  # adopted workloads x months
    differing: int = 0  # states with another current or second offer
    reviews_differing: int = 0  # months in which others were reviewed or moved
    volumes: int = 0
    volume_gap: float = 0.0  # largest relative difference of a volume
    taken: dict[str, int] = field(default_factory=dict)  # decisions by channel
    differences: list[str] = field(default_factory=list)

    def add(self, other: Agreement) -> None:
        """Take in what another market found."""
        self.reviewed += other.reviewed
        self.states += other.states
        self.differing += other.differing
        self.reviews_differing += other.reviews_differing
        self.volumes += other.volumes
        self.volume_gap = max(self.volume_gap, other.volume_gap)
        self.differences += other.differences
        for channel, number in other.taken.items():
            self.taken[channel] = self.taken.get(channel, 0) + number


class ShadowedMarket(PlainMarket):
    """Compiled clients decide; plain clients decide beside them, from their own memory.

    Parameters
    ----------
    everyone_every
        Every so many months all workloads are reviewed, for more decisions; 0 is never.
    """

    def __init__(self, *args: Any, everyone_every: int = 0, **kwargs: Any) -> None:
        self.agreement, self.everyone_every = Agreement(), everyone_every
        super().__init__(*args, **kwargs)

    def review_kernel(self, month: int, everyone: bool, *arrays: Any) -> AuctionQueue:
        """Both choose; compare who looked, who moved, and every choice."""
        if self.everyone_every and month % self.everyone_every == 0:
            everyone = True
        queue = compiled_review(month, everyone, *arrays)
        _, decisions = self.review_plainly(month, everyone)
        reviewed = moved = 0
        for client, (work, was, _) in decisions:
            assert work.current is not None
            weight, channel = whole(client.traits.weight), work.current.channel
            self.agreement.taken[channel] = self.agreement.taken.get(channel, 0) + 1
            reviewed += weight
            moved += weight * (was is not None and was.platform != work.current.platform)
        self.agreement.reviewed += len(decisions)
        seen = self.tally.review[:2].tolist()
        self.agreement.reviews_differing += seen != [reviewed, moved]
        for client in self.plain_clients:
            for work in client.workloads:
                self._compare_choice(client, work, month)
        return queue

    def _compare_choice(self, client: ClientAgent, work: Workload, month: int) -> None:
        choices: ChoiceState = self.choices
        compiled = tuple(
            self.world.labels[j] if j >= 0 else None
            for j in (int(choices.current[work.place]), int(choices.second[work.place]))
        )
        plain = tuple(offer.label if offer else None for offer in (work.current, work.second))
        if plain == (None, None) == compiled:
            return
        self.agreement.states += 1
        if plain != compiled:
            self.agreement.differing += 1
            self.agreement.differences.append(
                f"{self.scenario.name} month {month} client {client.traits.number} "
                f"{work.kind}: plain {plain}, compiled {compiled}"
            )

    def use_kernel(self, *arrays: Any) -> None:
        """Both use; compare every volume."""
        compiled_use(*arrays)
        self.use_plainly()
        for client in self.plain_clients:
            for work in client.workloads:
                compiled = float(self.choices.log_volume[work.place])
                unset = compiled <= UNSET / 2
                if unset and work.log_volume is None:
                    continue
                self.agreement.volumes += 1
                gap = math.inf
                if not unset and work.log_volume is not None:
                    gap = abs(math.expm1(work.log_volume - compiled))
                self.agreement.volume_gap = max(self.agreement.volume_gap, gap)
