"""What an offer is worth to a client, term by term, from the numbers of the scenario."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from tests.reference.draws import event_of, exp_single, gumbel, nest_shock, short_key
from tests.reference.public import API, HOST, NONE, RENT, Market, Offer, price_term

if TYPE_CHECKING:
    from sim.scenario.schema.scenario import Scenario
    from tests.reference.client import ClientAgent, Workload
    from tests.reference.market import PlainMarket


def utility(client: ClientAgent, offer: Offer, work: Workload, news: Market) -> float:
    """Everything but the shocks."""
    value = _of_platform(client, offer, news)
    if offer.family is not None:
        value += _of_family(client, offer, work, news)
    if offer.channel == API:
        value += _of_agents(client, offer, work, news)
    if scenario_of(client).mechanisms.cross_channel:
        value += _across_channels(client, offer, work)
    value -= client.traits.alpha * _price(client, offer, work, news)
    return value - _switching(client, offer, work)


def _of_platform(client: ClientAgent, offer: Offer, news: Market) -> float:
    scenario, traits = client.market.scenario, client.traits
    vendor = scenario.vendors.get(offer.platform)
    if vendor is None:
        return 0.0
    value = float(getattr(vendor.appeal, offer.channel))
    value += vendor.roots.get(traits.segment, 0.0)
    value += traits.taste[offer.platform]
    if scenario.mechanisms.reliability:
        value += scenario.demand.reliability_weight * (news.reliability[offer.platform] - 1.0)
    if scenario.mechanisms.home_cloud and offer.platform == traits.home:
        pull = getattr(vendor.stack.integration, offer.channel)
        value += getattr(scenario.demand.home_bonus, offer.channel) * pull
    return value


def _across_channels(client: ClientAgent, offer: Offer, work: Workload) -> float:
    """What the lines in which the platform served the client's other work last month add."""
    table, line = scenario_of(client).demand.cross_channel, client.line(work, offer)
    if offer.platform not in scenario_of(client).vendors:
        return 0.0
    held = {
        client.line(other, taken)
        for other, taken in client.served
        if other is not work and taken.platform == offer.platform
    }
    return sum(table.weight * getattr(table, f"{other}_to_{line}") for other in held - {line})


def scenario_of(client: ClientAgent) -> Scenario:
    """The scenario of a client's market."""
    return client.market.scenario


def _theta(client: ClientAgent, work: Workload) -> float:
    scenario = client.market.scenario
    factor = scenario.segments[client.traits.segment].capability_factor
    return factor * scenario.kinds[work.kind].capability_weight


def _of_family(client: ClientAgent, offer: Offer, work: Workload, news: Market) -> float:
    scenario = client.market.scenario
    demand, on, name = scenario.demand, scenario.mechanisms, str(offer.family)
    segment, family = scenario.segments[client.traits.segment], scenario.families[name]
    ahead = news.capability[name, work.kind] - news.mean_capability[work.kind]
    value = _theta(client, work) * ahead
    if on.communities and news.weights_open[name]:
        region = client.traits.region
        gamma = demand.community_weight * segment.community_factor
        gamma *= scenario.regions[region].community_factor
        value += gamma * math.log(1.0 + news.developers[region, name] / demand.community_scale)
    if on.long_documents:
        missing = max(0.0, work.log_need - math.log2(news.context[name]))
        value -= scenario.kinds[work.kind].cut_up_penalty * missing
    if offer.channel == API and family.owner == offer.platform:
        value += family.appeal
    if offer.channel == HOST:
        value += demand.self_hosting.appeal + segment.self_host_appeal
    return value


def _of_agents(client: ClientAgent, offer: Offer, work: Workload, news: Market) -> float:
    scenario, segment = client.market.scenario, client.traits.segment
    if not scenario.mechanisms.agent_platforms:
        return 0.0
    table, vendor = scenario.agents, scenario.vendors[offer.platform]
    sides = ["enterprises", "creators"]
    if segment in table.creator_segments:
        sides.reverse()
    usable = news.usable_agents[offer.platform, sides[0]]
    usable += table.cross_side * news.usable_agents[offer.platform, sides[1]]
    phi = table.weight * scenario.kinds[work.kind].agent_work
    phi *= scenario.segments[segment].agent_factor * vendor.agent_fit.get(segment, 1.0)
    return phi * math.log(1.0 + usable / table.scale)


def hosting_cost(client: ClientAgent, offer: Offer, news: Market) -> float:
    """Yuan of accelerators for a million tokens at skill 1."""
    scenario, name = client.market.scenario, str(offer.family)
    supply, table = scenario.supply, scenario.demand.self_hosting
    throughput = supply.throughput * 1000.0 * math.exp(supply.throughput_growth * news.age)
    hours = supply.card_hours / (throughput * table.utilisation) * news.serving_cost[name]
    if scenario.mechanisms.communities and news.weights_open[name]:
        ease = scenario.families[name].community.hosting_ease
        hours *= (1.0 + news.developers["", name] / scenario.demand.community_scale) ** -ease
    factor = news.rent_factor.get(offer.platform, table.own_machine_factor)
    return hours * news.market_rent * factor / supply.card_hours


def _price(client: ClientAgent, offer: Offer, work: Workload, news: Market) -> float:
    scenario = client.market.scenario
    demand, kind = scenario.demand, scenario.kinds[work.kind]
    if offer.channel == RENT:
        return math.log(news.rent_factor[offer.platform])
    if offer.channel == API:
        price = news.paid[offer.label]
    else:
        volume = work.log_volume
        if volume is None:
            volume = work.log_base + kind.growth * news.month + news.log_shift[work.kind]
        price = hosting_cost(client, offer, news) / client.traits.skill
        price += demand.self_hosting.operations_cost * exp_single(-volume)
    mean = price_term(news.mean_price, demand.box_cox, news.price_shift)
    return price_term(price, demand.box_cox, news.price_shift) - mean


def _switching(client: ClientAgent, offer: Offer, work: Workload) -> float:
    scenario, current = client.market.scenario, work.current
    if current is None or current.channel == NONE or not scenario.mechanisms.switching_costs:
        return 0.0
    table, cost = scenario.demand.switching_cost, 0.0
    if offer.platform != current.platform:
        cost += getattr(table, offer.channel)
    if offer.family != current.family:
        cost += table.family
    return cost


def postponing_utility(client: ClientAgent, work: Workload, news: Market) -> float:
    """Waiting is worse the better and cheaper the market has become."""
    scenario, alpha = client.market.scenario, client.traits.alpha
    demand, table = scenario.demand, scenario.demand.outside
    if scenario.kinds[work.kind].unit == "accelerator_hours":
        dearer = math.log(demand.usage.reference_rent / news.market_rent)
        return table.rent_n0 - table.discount * alpha * dearer
    first = demand.price_shift
    if demand.price_shift_rule == "price_level":
        first = demand.price_shift_share * table.reference_price
    reference = price_term(table.reference_price, demand.box_cox, first)
    dearer = reference - price_term(news.mean_price, demand.box_cox, news.price_shift)
    progress = _theta(client, work) * news.mean_capability[work.kind]
    return table.n0 - table.discount * (alpha * dearer + progress)


def surplus(client: ClientAgent, work: Workload, taken: float, news: Market) -> float:
    """Consumer surplus of a utility, in units of the price term."""
    demand = client.market.scenario.demand
    absolute = taken + _theta(client, work) * news.mean_capability[work.kind]
    mean = price_term(news.mean_price, demand.box_cox, news.price_shift)
    return absolute / client.traits.alpha - mean


def shocks(market: PlainMarket, client: int, work: int, month: int) -> Callable[[Offer], float]:
    """Nested extreme-value shocks of one decision: one draw an offer, one a nest."""
    event = event_of(market.luck["choice"], client, work, month)
    nests = event_of(market.luck["nest"], client, work, month)
    common: dict[str, float] = {}

    def shock(offer: Offer) -> float:
        if offer.channel == NONE:
            return gumbel(event, offer.key)
        rho: float = getattr(market.scenario.demand.nest_correlation, offer.channel)
        if offer.channel not in common:
            common[offer.channel] = nest_shock(nests, short_key(f"nest/{offer.channel}"), rho)
        return (1.0 - rho) * gumbel(event, offer.key) + common[offer.channel]

    return shock
