"""Releases, open weights and hosting: which offers exist this month, and at which first price."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from sim.market.world import openable
from sim.months import month_after, months_between
from sim.strategies.openness import OwnFamily

if TYPE_CHECKING:
    from sim.market.base import BaseMarket
    from sim.market.world import MarketLayout
    from sim.scenario.schema.families import Host
    from sim.scenario.schema.scenario import Scenario


def decide_openness(model: BaseMarket) -> None:
    """Part of phase `decide`: what is released, whose weights are open, who serves what."""
    _release_and_open(model)
    state, month = model.state, model.month
    agents = list(model.vendors.values())
    released, opened, since, hosting = (
        column.tolist()
        for column in (state.released, state.weights_open, state.open_month, state.hosting)
    )
    table = model.rules(entries_in_force)
    entries, before = table[month], table[max(month - 1, 0)]
    for j, (v, f, owner) in enumerate(model.rules(_calls)):
        entry = entries[j]
        serves = released[f] and (
            owner == v
            or (opened[f] and (entry is not None or agents[v].openness.hosts(month - since[f])))
        )
        if serves and not hosting[j]:
            _start_price(model, j, entry)
        elif serves and entry != before[j]:
            _next_entry(model, j, entry)
        elif hosting[j] and not serves:
            state.list_price[j] = 0.0
        if serves != hosting[j]:
            state.hosting[j] = serves


def _calls(scenario: Scenario, world: MarketLayout) -> list[tuple[int, int, int]]:
    """Platform, family and owner of the family of each offer of model calls."""
    platform, family = world.platform[: world.n_api], world.family[: world.n_api]
    owner = world.owner[family]
    return list(zip(platform.tolist(), family.tolist(), owner.tolist(), strict=True))


def _release_and_open(model: BaseMarket) -> None:
    state, world, scenario = model.state, model.world, model.scenario
    ages = model.rules(_months_since_release)[model.month]
    released, opened = state.released.tolist(), state.weights_open.tolist()
    for f, age in enumerate(ages):
        if age >= 0 and not released[f]:
            released[f] = state.released[f] = True
    # published weights cannot be taken back
    asked = [f for f in model.rules(_openable) if released[f] and not opened[f]]
    if not asked:
        return
    agents, flagship = list(model.vendors.values()), flagships(model)
    for f in asked:
        name = world.families[f]
        table, since = scenario.families[name], ages[f]
        owner = agents[world.owner[f]].openness
        own = OwnFamily(name, bool(flagship[f]))
        # a family older than the run may have been open for long; later it is asked every month
        for age in range(since + 1) if model.month == 0 else (since,):
            if table.weights == "open" or owner.opens_family(own, age):
                state.weights_open[f] = True
                state.open_month[f] = model.month - (since - age)
                break


def _openable(scenario: Scenario, world: MarketLayout) -> list[int]:
    """Families whose weights are or may become open."""
    return [f for f, name in enumerate(world.families) if openable(scenario, name)]


def _months_since_release(scenario: Scenario, world: MarketLayout) -> list[list[int]]:
    """(months, F), negative before; families of the first month are as old as the run."""
    dates = [scenario.families[name].released for name in world.families]
    months = enumerate(_dates(scenario))
    return [[m if d is None else months_between(d, today) for d in dates] for m, today in months]


def _dates(scenario: Scenario) -> list[date]:
    """First day of each month of the calendar."""
    calendar = scenario.calendar
    return [month_after(calendar.start, month) for month in range(calendar.months)]


def flagships(model: BaseMarket) -> npt.NDArray[np.bool_]:
    """(F,) released families of which the owner has none more capable, over all kinds of work."""
    state, owner = model.state, model.world.owner
    level = np.where(state.released, overall_capability(model), -np.inf)
    best = np.full(model.world.n_vendors, -np.inf)
    np.maximum.at(best, owner, level)
    return np.asarray(state.released & (level >= best[owner]))


def overall_capability(model: BaseMarket) -> npt.NDArray[np.float64]:
    """(F,) mean over the kinds of token work, by their stated volume and presence."""
    kinds = [model.scenario.kinds[name] for name in model.world.kinds]
    weight = np.array([k.volume if k.unit == "tokens" and k.presence > 0.0 else 0.0 for k in kinds])
    if not weight.any():
        weight = np.ones(len(kinds))
    return np.asarray((model.capability * (weight / weight.sum())).sum(axis=1))


def entries_in_force(scenario: Scenario, world: MarketLayout) -> list[list[Host | None]]:
    """(months, n_api) dated entries by which platforms serve somebody's family."""
    labels = [label.split("/") for label in world.labels[: world.n_api]]
    hosts = [
        [h for h in scenario.hosts if (h.vendor, h.family) == (vendor, family)]
        for _, vendor, family in labels
    ]
    return [[_in_force(entries, today) for entries in hosts] for today in _dates(scenario)]


def _in_force(entries: list[Host], today: date) -> Host | None:
    """The entry of one offer that holds on a day; of several the one that began last."""
    held = [h for h in entries if h.start <= today and (h.end is None or today < h.end)]
    return max(held, key=lambda host: (host.start, host.price or 0.0), default=None)


def _next_entry(model: BaseMarket, j: int, entry: Host | None) -> None:
    """An entry that follows another without a gap brings its own price to who follows lists."""
    vendor = model.vendors[model.world.vendors[model.world.platform[j]]]
    if entry is not None and entry.price is not None and vendor.pricing.follows_list:
        model.state.list_price[j] = max(entry.price, model.scenario.decisions.lowest_price)


def _start_price(model: BaseMarket, j: int, entry: Host | None) -> None:
    """First price of an offer: stated, or unit cost with the family's markup."""
    world, state = model.world, model.state
    if state.list_price[j] > 0.0:
        return  # a dated price list has already set it
    family = model.scenario.families[world.families[world.family[j]]]
    stated = family.price if world.owner[world.family[j]] == world.platform[j] else None
    if entry is not None and entry.price is not None:
        stated = entry.price
    if stated is None:
        stated = float(model.costs.accounting[j]) * family.start_markup
    state.list_price[j] = max(stated, model.scenario.decisions.lowest_price)
