"""What plain clients did, added up where the engine's vendors and recorders read it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.market.clients.population import FIXED_POINT
from sim.strategies.agents import SIDES
from tests.reference.client import ClientAgent, Decision, Workload
from tests.reference.draws import exp_single
from tests.reference.public import API, HOST, NONE, POSTPONED, Market
from tests.reference.utility import hosting_cost, surplus

if TYPE_CHECKING:
    from tests.reference.market import ReferenceMarket


def whole(amount: float) -> int:
    """Amounts are added up as whole multiples of 2^-20."""
    return int(amount * FIXED_POINT + 0.5)


def count_decisions(
    market: ReferenceMarket, decisions: list[tuple[ClientAgent, Decision]], news: Market
) -> None:
    """Workloads reviewed and moved, flows between platforms, surplus."""
    tally, platforms = market.tally, market.world.platform_names()
    tally.review.fill(0)
    tally.flow.fill(0)
    for client, (work, before, taken) in decisions:
        weight = whole(client.traits.weight)
        tally.review[0] += weight
        if market.scenario.kinds[work.kind].unit == "tokens":
            gain = client.traits.weight * surplus(client, work, taken, news)
            tally.review[2] += weight
            tally.review[3] += int(gain * FIXED_POINT)
        assert work.current is not None
        if before is not None and before.platform != work.current.platform:
            tally.review[1] += weight
            tally.flow[
                platforms.index(before.platform), platforms.index(work.current.platform)
            ] += weight


def count_volumes(market: ReferenceMarket, news: Market) -> None:
    """Volumes by cell, kind and offer, second choices, card-hours, and who is where."""
    tally, presence = market.tally, market.presence
    for array in (tally.volume, tally.pairs, tally.hours, *vars(presence).values()):
        array.fill(0)
    for client in market.plain_clients:
        visited = set()
        for work in client.workloads:
            if work.current is None:
                continue
            place = market.place_of_offers[work.current.label]
            presence.active[place] += whole(client.traits.weight)
            if work.current.channel != NONE:
                _count_volume(market, client, work, news)
                visited.add(work.current.platform)
        _count_client(market, client, visited)


def _count_client(market: ReferenceMarket, client: ClientAgent, visited: set[str]) -> None:
    """A client counts once at each platform, and once on each for its agent work."""
    presence, platforms = market.presence, market.world.platform_names()
    weight = whole(client.traits.weight)
    for name in visited - {POSTPONED}:
        presence.clients[platforms.index(name)] += weight
        if client.traits.key_account:
            presence.accounts[platforms.index(name)] += weight
    presence.homing[len(visited)] += weight
    kinds, creators = market.scenario.kinds, market.scenario.agents.creator_segments
    begun = [
        work.current
        for work in client.workloads
        if work.current is not None and kinds[work.kind].agent_work > 0.0
    ]
    side = SIDES.index("creators" if client.traits.segment in creators else "enterprises")
    for name in {offer.platform for offer in begun if offer.channel == API}:
        presence.agent_users[side, platforms.index(name)] += weight
    presence.agent_users[side, -1] += weight if begun else 0


def _count_volume(
    market: ReferenceMarket, client: ClientAgent, work: Workload, news: Market
) -> None:
    world, tally, place = market.world, market.tally, market.place_of_offers
    offer, second = work.current, work.second
    assert offer is not None
    assert second is not None
    assert work.log_volume is not None
    traits = client.traits
    cell = world.segments.index(traits.segment) * len(world.regions)
    cell += world.regions.index(traits.region)
    volume = exp_single(work.log_volume) * traits.weight
    tally.volume[cell, world.kinds.index(work.kind), place[offer.label]] += whole(volume)
    tally.pairs[place[offer.label], place[second.label]] += whole(volume)
    if offer.channel == HOST:
        own = market.scenario.demand.self_hosting.own_machine_factor
        card = news.market_rent * news.rent_factor.get(offer.platform, own)
        hours = hosting_cost(client, offer, news) / card * market.scenario.supply.card_hours
        tally.hours[place[offer.label]] += whole(volume * hours / traits.skill)
