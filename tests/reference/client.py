"""One enterprise as one Mesa agent: what it knows, what it may take, when it looks, how much."""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import mesa

from tests.reference.draws import event_of, short_key, uniform
from tests.reference.public import API, HOST, NONE, RENT, Market, Offer
from tests.reference.utility import hosting_cost, postponing_utility, shocks, utility

if TYPE_CHECKING:
    from tests.reference.market import PlainMarket

SINGLE = struct.Struct("f")


def single(x: float) -> float:
    """Volumes are kept in single precision."""
    return float(SINGLE.unpack(SINGLE.pack(x))[0])


@dataclass
class Workload:
    """One kind of work of one client."""

    place: int  # row of the engine's columns
    kind: str
    key: int
    log_base: float
    log_need: float
    adopts_at: float
    current: Offer | None = None
    second: Offer | None = None
    log_volume: float | None = None


class Decision(NamedTuple):
    """A workload that was looked at."""

    work: Workload
    before: Offer | None
    utility: float


@dataclass
class Traits:
    """What a client is; it never changes."""

    number: int
    segment: str
    region: str
    home: str | None
    own_machines: bool
    key_account: bool
    weight: float
    alpha: float
    skill: float
    taste: dict[str, float]


class ClientAgent(mesa.Agent):
    """A client with its workloads."""

    def __init__(self, model: PlainMarket, traits: Traits, workloads: list[Workload]) -> None:
        super().__init__(model)
        self.market = model
        self.traits, self.workloads = traits, workloads
        event = event_of(model.luck["awareness"], traits.number, 0, 0)
        self.served: list[tuple[Workload, Offer]] = []  # as last month was served
        self.threshold = {name: uniform(event, short_key(name)) for name in model.world.vendors}

    def may_take(self, offer: Offer, news: Market) -> bool:
        """Whether the offer is there and no hard rule forbids it."""
        if offer.channel == NONE:
            return True
        scenario, traits = self.market.scenario, self.traits
        rules = scenario.segments[traits.segment].rules
        vendor = scenario.vendors.get(offer.platform)
        if vendor is not None:
            if offer.platform in scenario.regions[traits.region].excluded_vendors:
                return False
            if "data_residency" in rules and (vendor.foreign or vendor.model_company):
                return False
            if offer.channel != API and not vendor.rents:
                return False
        if offer.family is None:
            return True
        if offer.channel == HOST:
            return news.weights_open[offer.family]
        if "open_weights_only" in rules and not news.weights_open[offer.family]:
            return False
        return news.hosting[offer.label]

    def considers(self, offer: Offer, work: Workload, news: Market) -> bool:
        """Whether the offer is compared at all."""
        if offer.channel == NONE:
            return True
        hours = self.market.scenario.kinds[work.kind].unit == "accelerator_hours"
        if hours != (offer.channel == RENT) or not self.may_take(offer, news):
            return False
        traits = self.traits
        if offer.platform == traits.home or offer is work.current:
            return True
        if offer.channel == HOST:
            return offer.platform == "own_machines" and traits.own_machines
        aware = news.awareness[traits.segment, traits.region, offer.platform]
        return self.threshold[offer.platform] < aware

    def hazard(self, offer: Offer, news: Market) -> float:
        """Chance a month that a contract ends, or that a change makes the client look."""
        scenario, table = self.market.scenario, self.market.scenario.demand.review
        usual: float = getattr(table, offer.channel)
        if offer.channel == NONE:
            return usual
        if self.traits.key_account:
            usual = table.key_account
        if not scenario.mechanisms.triggers:
            return usual
        fired = False
        if offer.channel == API:
            before = news.last_paid[offer.label]
            fired = 0.0 < before * (1.0 + table.price_rise_trigger) < news.paid[offer.label]
        if offer.platform in scenario.vendors:
            was, now = news.last_reliability[offer.platform], news.reliability[offer.platform]
            fired = fired or now < table.reliability_trigger <= was
        return max(usual, table.triggered) if fired else usual

    def due(self, work: Workload, month: int, everyone: bool, news: Market) -> bool:
        """Whether a workload is looked at this month."""
        if work.adopts_at > news.adopted[work.kind]:
            return False
        if everyone or work.current is None or not self.may_take(work.current, news):
            return True
        event = event_of(self.market.luck["review"], self.traits.number, work.key, month)
        return uniform(event, 1) < self.hazard(work.current, news)

    def choose(self, work: Workload, month: int, news: Market) -> float:
        """Take the best offer; remember the best one on another platform. Utility taken."""
        draw = shocks(self.market, self.traits.number, work.key, month)
        found: list[tuple[float, Offer]] = []
        for offer in self.market.offers:
            if not self.considers(offer, work, news):
                continue
            if offer.channel == NONE:
                value = postponing_utility(self, work, news)
            else:
                value = utility(self, offer, work, news)
            found.append((value + draw(offer), offer))
        top, best = max(found, key=lambda pair: pair[0])
        elsewhere = [pair for pair in found if pair[1].platform != best.platform]
        work.current = best
        work.second = max(elsewhere, key=lambda pair: pair[0])[1] if elsewhere else found[-1][1]
        if best.channel == NONE:
            work.log_volume = None
        return top

    def review(self, month: int, everyone: bool, news: Market) -> list[Decision]:
        """Look at every workload that is due."""
        decisions = []
        for work in self.workloads:
            if self.due(work, month, everyone, news):
                before = work.current
                decisions.append(Decision(work, before, self.choose(work, month, news)))
        return decisions

    def target(self, work: Workload, offer: Offer, news: Market) -> float:
        """Log volume wanted at this month's price."""
        scenario = self.market.scenario
        usage, kind = scenario.demand.usage, scenario.kinds[work.kind]
        floor = scenario.decisions.lowest_price
        if offer.channel == RENT:
            rent = news.market_rent * news.rent_factor[offer.platform]
            ratio = math.log(rent / usage.reference_rent)
        elif offer.channel == HOST:
            ratio = math.log(max(hosting_cost(self, offer, news), floor) / usage.reference_price)
            ratio -= math.log(self.traits.skill)
        else:
            ratio = math.log(max(news.paid[offer.label], floor) / usage.reference_price)
        eta = kind.usage_elasticity if scenario.mechanisms.usage_response else 0.0
        return work.log_base + kind.growth * news.month + news.log_shift[work.kind] - eta * ratio

    def use(self, news: Market) -> None:
        """Volumes move a part of the way to their targets."""
        for work in self.workloads:
            offer = work.current
            if offer is None or offer.channel == NONE:
                continue
            wanted = self.target(work, offer, news)
            if work.log_volume is not None:
                part = self.market.scenario.demand.usage.adjustment
                wanted = work.log_volume + part * (wanted - work.log_volume)
            work.log_volume = single(wanted)
        self.served = [(work, work.current) for work in self.workloads if work.current]

    def line(self, work: Workload, offer: Offer) -> str:
        """Line of business in which an offer serves a workload."""
        if offer.channel == API:
            agents = self.market.scenario.kinds[work.kind].agent_work > 0.0
            return "agents" if agents else "calls"
        return {HOST: "hosting", RENT: "rent"}[offer.channel]
