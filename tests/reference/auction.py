"""Auctions of key accounts among plain clients, beside the compiled ones."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple
from unittest import mock

from scipy.optimize import brentq

import sim.market.vendors.decisions
from sim.market.clients.auction import OTHERS, OWN, hold_auctions
from tests.reference.client import ClientAgent, Decision, Workload
from tests.reference.draws import event_of, stream_key
from tests.reference.public import (
    API,
    HOST,
    NONE,
    POSTPONED,
    RENT,
    Market,
    Offer,
    price_term,
    published,
)
from tests.reference.shadow import ShadowedMarket
from tests.reference.utility import hosting_cost, postponing_utility, shocks, utility

NOBODY = ("own_machines", POSTPONED)


class Sealed(NamedTuple):
    """What one platform brings into an auction."""

    offer: Offer
    value: float  # utility at list price
    limit: float  # largest concession, share of the bill
    score: float


@dataclass
class Found:
    """What the auctions of a run were like, and where plain and compiled ones differ."""

    auctions: int = 0
    conceded: int = 0
    with_credit: int = 0
    stopped_by_budget: int = 0
    committed: int = 0  # bids that a commitment raised
    discount_gap: float = 0.0
    money_gap: float = 0.0


class AuctionedMarket(ShadowedMarket):
    """Compiled and plain key accounts auction their workloads; both must agree on every one."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.found = Found()
        super().__init__(*args, **kwargs)

    @contextmanager
    def _kernels(self) -> Iterator[None]:
        with (
            super()._kernels(),
            mock.patch.object(sim.market.vendors.decisions, "hold_auctions", self.auction_kernel),
        ):
            yield

    def review_plainly(
        self, month: int, everyone: bool
    ) -> tuple[Market, list[tuple[ClientAgent, Decision]]]:
        """All clients but the key accounts that wait for their auctions."""
        news = published(self)
        looking = [
            client
            for client in self.plain_clients
            if not (self.bidding.open and client.traits.key_account)
        ]
        return news, [(c, d) for c in looking for d in c.review(month, everyone, news)]

    def auction_kernel(self, *arrays: Any) -> None:
        """Both auction; compare winners, second choices, discounts and money."""
        month = self.month_number
        news, key = published(self), stream_key(self.seed_sequence, "auction")
        due = []
        for client in self.plain_clients:
            for work in client.workloads if client.traits.key_account else ():
                if client.due(work, month, False, news):
                    number = event_of(key, client.traits.number, work.key, month)
                    due.append((number, client.traits.number, work.key, client, work))
        left = dict(zip(self.world.vendors, self.bidding.limits.budget.tolist(), strict=False))
        start, credits = dict(left), dict.fromkeys(left, 0.0)
        discounts = {
            work.place: self.hold(client, work, month, news, left, credits)
            for *_, client, work in sorted(due, key=lambda item: item[:3])
        }
        hold_auctions(*arrays)
        for *_, client, work in due:
            self._compare_choice(client, work, month)
            compiled = float(self.bidding.discount[work.place])
            gap = abs(compiled - discounts[work.place])
            self.found.discount_gap = max(self.found.discount_gap, gap)
        self.found.auctions += len(due)
        paid = self.counted(self.bidding.counts.credit)
        for v, name in enumerate(self.world.vendors):
            assert left[name] >= -1e-9 * start[name]
            gap = abs(float(paid[v]) - credits[name]) / max(1.0, credits[name])
            self.found.money_gap = max(self.found.money_gap, gap)

    def hold(
        self,
        client: ClientAgent,
        work: Workload,
        month: int,
        news: Market,
        left: dict[str, float],
        credits: dict[str, float],
    ) -> float:
        """One auction; returns the discount that was won."""
        bids = self.sealed(client, work, month, news, left)
        ranked = sorted(bids, key=lambda bid: bid.score, reverse=True)
        best = ranked[0]
        share = 0.0
        if len(ranked) > 1 and best.limit > 0.0 and best.value < ranked[1].score:
            share = brentq(
                lambda s: best.value + worth(client, best.offer, work, news, s) - ranked[1].score,
                0.0,
                best.limit,
                xtol=1e-14,
            )
        elsewhere = [bid for bid in bids if bid.offer.platform != best.offer.platform]
        elsewhere = elsewhere or [bid for bid in bids if bid.offer.channel == NONE]
        name, off = best.offer.platform, 0.0
        if name not in NOBODY:
            discount, _ = self.largest(client, name, work, news)
            off = min(share, discount)
            bill = bill_of(client, best.offer, work, news)
            left[name] -= bill * self.bidding.limits.months * share
            credits[name] += bill * self.bidding.limits.months * (share - off)
            self.found.conceded += share > 0.0
            self.found.with_credit += share > off
        work.second = max(elsewhere, key=lambda bid: bid.value).offer
        work.current = best.offer
        if best.offer.channel == NONE:
            work.log_volume = None
        return off

    def largest(
        self, client: ClientAgent, name: str, work: Workload, news: Market
    ) -> tuple[float, float]:
        """Largest discount and credit of a vendor for an account."""
        v, limits = self.world.vendors.index(name), self.bidding.limits
        row = OWN if work.current is not None and work.current.platform == name else OTHERS
        discount, credit = float(limits.discount[row, v]), float(limits.credit[row, v])
        weight = client.traits.weight
        spent = sum(
            bill_of(client, offer, other, news) / weight
            for other, offer in client.served
            if other is not work and offer.platform == name
        )
        if limits.committed[v] > 0.0 and spent >= limits.commitment[v]:
            discount += float(limits.committed[v])
            self.found.committed += 1
        return discount, credit

    def sealed(
        self,
        client: ClientAgent,
        work: Workload,
        month: int,
        news: Market,
        left: dict[str, float],
    ) -> list[Sealed]:
        """The best offer of each platform at list price with the most it concedes."""
        draw = shocks(self, client.traits.number, work.key, month)
        best: dict[str, tuple[float, Offer]] = {}
        for offer in self.offers:
            if not client.considers(offer, work, news):
                continue
            if offer.channel == NONE:
                value = postponing_utility(client, work, news)
            else:
                value = utility(client, offer, work, news)
            value += draw(offer)
            if offer.platform not in best or value > best[offer.platform][0]:
                best[offer.platform] = value, offer
        out = []
        for name, (value, offer) in best.items():
            limit = 0.0
            if name not in NOBODY:
                limit = most = sum(self.largest(client, name, work, news))
                bill = bill_of(client, offer, work, news) * self.bidding.limits.months
                limit = min(most, left[name] / bill)
                self.found.stopped_by_budget += limit < most
            score = value + (worth(client, offer, work, news, limit) if limit > 0.0 else 0.0)
            out.append(Sealed(offer, value, limit, score))
        return out


def worth(client: ClientAgent, offer: Offer, work: Workload, news: Market, share: float) -> float:
    """Utility that a client gains by paying only (1 - share) of the price."""
    demand, alpha = client.market.scenario.demand, client.traits.alpha
    if offer.channel == RENT:
        return -alpha * math.log1p(-share)
    fixed = 0.0
    if offer.channel == API:
        price = news.paid[offer.label]
    else:
        price = hosting_cost(client, offer, news) / client.traits.skill
        volume = work.log_volume
        if volume is None:
            kind = client.market.scenario.kinds[work.kind]
            volume = work.log_base + kind.growth * news.month + news.log_shift[work.kind]
        fixed = demand.self_hosting.operations_cost / math.exp(volume)
    full = price_term(price + fixed, demand.box_cox, news.price_shift)
    return alpha * (
        full - price_term(price * (1.0 - share) + fixed, demand.box_cox, news.price_shift)
    )


def bill_of(client: ClientAgent, offer: Offer, work: Workload, news: Market) -> float:
    """List bill of a month, million yuan, of all enterprises that the client stands for."""
    scenario = client.market.scenario
    if offer.channel == RENT:
        price = news.market_rent * news.rent_factor[offer.platform]
        price /= scenario.supply.card_hours
    elif offer.channel == HOST:
        price = hosting_cost(client, offer, news) / client.traits.skill
    else:
        price = news.paid[offer.label]
    return math.exp(client.target(work, offer, news)) * price * client.traits.weight / 1e6
