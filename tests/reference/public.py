"""What everybody can read before clients choose: the market by name, nothing of any client."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

from sim.market.model import MarketModel
from sim.months import months_between
from sim.strategies.agents import SIDES
from tests.reference.draws import short_key

API, HOST, RENT, NONE = "api", "host", "rent", "none"
POSTPONED = "postponed"


@dataclass(frozen=True)
class Offer:
    """One thing a workload can take."""

    label: str
    channel: str
    platform: str
    family: str | None
    key: int


@lru_cache(maxsize=1024)
def offer_named(label: str) -> Offer:
    """The offer of a label such as `api/vendor/family`, `rent/vendor` or `none`."""
    channel, *names = label.split("/")
    platform = names[0] if names else POSTPONED
    return Offer(label, channel, platform, names[1] if len(names) > 1 else None, short_key(label))


@dataclass(frozen=True)
class Market:
    """The published state of a month; dictionaries by name."""

    month: int  # months since the first
    age: int  # months since the throughput figure
    hosting: dict[str, bool]  # by label: the platform serves this family now
    paid: dict[str, float]
    last_paid: dict[str, float]
    weights_open: dict[str, bool]
    capability: dict[tuple[str, str], float]  # family and kind, contributions included
    context: dict[str, float]
    developers: dict[tuple[str, str], float]  # region and family; "" = all regions together
    serving_cost: dict[str, float]
    reliability: dict[str, float]
    last_reliability: dict[str, float]
    awareness: dict[tuple[str, str, str], float]  # segment, region, vendor
    mean_price: float
    mean_capability: dict[str, float]
    market_rent: float
    rent_factor: dict[str, float]  # of each vendor on the market rent, with its premium
    price_shift: float  # p0 of this month
    adopted: dict[str, float]
    log_shift: dict[str, float]
    usable_agents: dict[tuple[str, str], float]  # platform and side, those of others included


def _usable_agents(model: MarketModel) -> dict[tuple[str, str], float]:
    held, names = model.state.platforms, model.world.vendors
    usable: dict[tuple[str, str], float] = {}
    for s, side in enumerate(SIDES):
        for v, name in enumerate(names):
            usable[name, side] = 0.0
            for u in range(len(names)):
                if held.open[v, s] and held.open[u, s]:
                    runs = min(held.portability[u, s], held.portability[v, s]) if u != v else 1.0
                    usable[name, side] += float(runs * held.agents[u, s])
    return usable


def published(model: MarketModel) -> Market:
    """Read the vendor side of a market."""
    world, state = model.world, model.state
    calls = range(world.n_api)
    paid = model.paid
    return Market(
        month=model.month,
        age=months_between(model.scenario.supply.throughput_month, model.date),
        hosting={world.labels[j]: bool(state.hosting[j]) for j in calls},
        paid={world.labels[j]: float(paid[j]) for j in calls},
        last_paid={world.labels[j]: float(state.last_price[j]) for j in calls},
        weights_open=dict(zip(world.families, map(bool, state.weights_open), strict=True)),
        capability={
            (name, kind): float(state.capability[f, k]) + float(state.contribution[f])
            for f, name in enumerate(world.families)
            for k, kind in enumerate(world.kinds)
        },
        context=dict(zip(world.families, map(float, state.context), strict=True)),
        developers=_communities(model),
        serving_cost=dict(zip(world.families, map(float, state.serving_cost), strict=True)),
        reliability=dict(zip(world.vendors, map(float, state.reliability), strict=True)),
        last_reliability=dict(zip(world.vendors, map(float, state.last_reliability), strict=True)),
        awareness={
            (segment, region, vendor): float(model.state.awareness[s * len(world.regions) + r, v])
            for s, segment in enumerate(world.segments)
            for r, region in enumerate(world.regions)
            for v, vendor in enumerate(world.vendors)
        },
        mean_price=float(state.mean_price),
        mean_capability=dict(zip(world.kinds, map(float, state.mean_capability), strict=True)),
        market_rent=float(state.market_rent),
        rent_factor={
            name: model.scenario.vendors[name].rent_factor * float(state.rent_premium[v])
            for v, name in enumerate(world.vendors)
        },
        price_shift=_price_shift(model),
        adopted=dict(zip(world.kinds, map(float, state.adopted), strict=True)),
        log_shift=dict(zip(world.kinds, map(float, state.log_shift), strict=True)),
        usable_agents=_usable_agents(model),
    )


def _price_shift(model: MarketModel) -> float:
    demand = model.scenario.demand
    if demand.price_shift_rule == "fixed":
        return demand.price_shift
    return demand.price_shift_share * float(model.state.mean_price)


def _communities(model: MarketModel) -> dict[tuple[str, str], float]:
    """Developers that count in a region, and everywhere, derivatives among them."""
    scenario, world, state = model.scenario, model.world, model.state
    table = scenario.ecosystem.derivatives
    weight = table.weight if scenario.mechanisms.derivatives else 0.0
    out: dict[tuple[str, str], float] = {}
    for f, name in enumerate(world.families):
        pools = scenario.families[name].community.regions
        counts = {r: float(state.developers_in[f, world.regions.index(r)]) for r in pools}
        common = float(state.developers[f])
        extra = weight * float(state.derivatives[f])
        out["", name] = common + sum(counts.values()) + extra
        for region in world.regions:
            near = counts.get(region, common)
            far = common + sum(counts.values()) - near
            out[region, name] = near + scenario.ecosystem.spill_over * far + extra
    return out


def price_term(price: float, box_cox: float, shift: float) -> float:
    """Box-Cox term of a token price."""
    if box_cox == 0.0:
        return math.log(price + shift)
    if box_cox == 1.0:
        return price + shift
    return float(((price + shift) ** box_cox - 1.0) / box_cox)
