"""The month: its phases in order, those that are short, and the time that each takes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from sim.economics.goodwill import next_goodwill
from sim.economics.networks import bass_step
from sim.events.base import Event
from sim.market.clients.choice import review
from sim.market.clients.deals import count_deals
from sim.market.clients.migration import migrate
from sim.market.clients.presence import masks_of
from sim.market.clients.usage import use
from sim.market.ecosystem.agents import grow_agents
from sim.market.ecosystem.communities import community_rules, develop
from sim.market.state import MarketState
from sim.market.supply import accelerators, books, serving
from sim.market.supply.costs import load_apps, planned_costs, unit_costs
from sim.market.tables import fill_terms
from sim.market.vendors.campaigns import inform
from sim.market.vendors.decisions import bid, decide
from sim.market.vendors.research import discover, imitate
from sim.market.world import MarketLayout
from sim.months import months_between
from sim.numeric.portable import exp

if TYPE_CHECKING:
    from sim.market.base import BaseMarket
    from sim.scenario.schema.scenario import Scenario


class Phase(NamedTuple):
    """One step of a month."""

    name: str
    does: str
    act: Callable[[BaseMarket], None]


def dated_events(scenario: Scenario, world: MarketLayout) -> dict[int, list[Event]]:
    """Events by month number, in the order of their kinds and names.

    Those before the first month act at the start (-1).
    """
    out: dict[int, list[Event]] = {}
    for event in sorted(scenario.events, key=Event.order):
        month = months_between(scenario.calendar.start, event.month)
        out.setdefault(max(month, -1), []).append(event)
    return out


def apply_events(model: BaseMarket) -> None:
    """Phase `events`: those of this month take effect."""
    for event in model.rules(dated_events).get(model.month, ()):
        event.apply(model)


def deliver(model: BaseMarket) -> None:
    """The world market moves, ordered cards arrive, old ones wear out, new ones are ordered."""
    rules, state, month = model.supply, model.state, model.month
    load_apps(rules, month, state)
    accelerators.move_world_market(rules, float(model.shocks[month]), state)
    planned = planned_costs(rules, state)
    if rules.capacity:
        strategies = [vendor.investment for vendor in model.vendors.values()]
        accelerators.deliver(rules, month, model.date, strategies, planned, state)
    model.costs = unit_costs(rules, month, model.world, planned, state)


def serve(model: BaseMarket) -> None:
    """Clients use what they chose; volumes meet capacity."""
    market = model.columns, model.choices, model.world, model.terms, model.rules(masks_of)
    use(*market, model.tally, model.presence, model.threads)
    allocations = [vendor.allocation for vendor in model.vendors.values()]
    model.volumes = serving.serve(
        model.supply,
        model.world,
        model.tally,
        model.costs,
        model.terms.unit_price,
        allocations,
        model.state,
    )


def settle(model: BaseMarket) -> None:
    """Book the month; everybody sees its means and shares."""
    market = model.columns, model.choices, model.world, model.terms
    count_deals(model.bidding, *market, float(model.tally.scale), model.threads)
    model.account = books.settle(
        model.supply,
        model.world,
        model.volumes,
        model.terms.unit_price,
        model.bidding.counts.conceded / model.tally.scale,
        model.state.spending,
        model.state,
    )
    books.publish(model.world, model.volumes, model.state)


def choose(model: BaseMarket, number: int, everyone: bool) -> None:
    """Due workloads (or everyone) choose under the draws of month `number`."""
    fill_terms(model)
    model.bidding.queue = review(
        number,
        everyone,
        model.columns,
        model.choices,
        model.world,
        model.terms,
        model.streams,
        model.tally,
        model.threads,
    )


def review_due(model: BaseMarket) -> None:
    """Due workloads choose; everyone else stays."""
    choose(model, model.month_number, everyone=False)


def measure(model: BaseMarket) -> None:
    """Recorders read; they never draw and never change."""
    model.recorder.record(model.month, model)


@dataclass(frozen=True)
class GrowthRules:
    """What the scenario says of adoption and attention, (K,) by kind of work."""

    adopts: bool
    innovation: npt.NDArray[np.float64]
    imitation: npt.NDArray[np.float64]
    attention_decay: float  # part of attention that a month forgets


def growth_rules(scenario: Scenario, world: MarketLayout) -> GrowthRules:
    """The scenario's rules of adoption and attention."""
    tables = [scenario.kinds[name].adoption for name in world.kinds]
    return GrowthRules(
        adopts=scenario.mechanisms.adoption,
        innovation=np.array([table.innovation for table in tables]),
        imitation=np.array([table.imitation for table in tables]),
        attention_decay=scenario.demand.awareness.attention_decay,
    )


def grow(model: BaseMarket) -> None:
    """Phase `grow`: let the slow states move on."""
    rules, state = model.rules(growth_rules), model.state
    if rules.adopts:
        adopt(rules, state)
    state.attention[:] = next_goodwill(state.attention, 0.0, rules.attention_decay)
    state.adoption_boost *= 1.0 - rules.attention_decay
    if model.scenario.mechanisms.communities:
        develop(model.rules(community_rules), state)
    grow_agents(model)
    shift_demand(model)
    market = model.columns, model.choices, model.world, model.terms
    migrate(model.homes, model.month_number, *market, model.threads)
    imitate(model)
    discover(model)


def adopt(rules: GrowthRules, state: MarketState) -> None:
    """Bass diffusion of workloads by kind; attention speeds innovators and imitators alike."""
    boost = exp(state.adoption_boost)
    speeds = rules.innovation * boost, rules.imitation * boost
    state.adopted[:] = bass_step(state.adopted, *speeds, 1.0)


def shift_demand(model: BaseMarket) -> None:
    """Dated shifts of demand go on, an equal step a month."""
    if not model.state.shifts:
        return
    going = []
    for kind, change, left in model.state.shifts:
        model.state.log_shift[kind] += change
        if left > 1:
            going.append((kind, change, left - 1))
    model.state.shifts = going


PHASES: tuple[Phase, ...] = (
    Phase("events", "dated events of the scenario take effect", apply_events),
    Phase("deliveries", "ordered cards arrive, old ones wear out, new ones are ordered", deliver),
    Phase("decide", "all vendors decide at once from last month's public market", decide),
    Phase("inform", "awareness follows goodwill, attention and last month's share", inform),
    Phase("review", "workloads whose contract ends or whose trigger fires choose", review_due),
    Phase("bid", "key accounts under review are auctioned, where a vendor bids for them", bid),
    Phase("serve", "volumes meet capacity: rationing, second choices, reliability", serve),
    Phase("settle", "revenue by layer, cost, cash, experience", settle),
    Phase("grow", "adoption, attention, communities, agents, homes, capability move on", grow),
    Phase("measure", "recorders read the month", measure),
)


T = TypeVar("T")
_BOOKS: list[dict[str, float]] = []  # whoever collects times now


@contextmanager
def profiled() -> Iterator[dict[str, float]]:
    """Seconds by part of all runs made inside, in the order in which parts first ended."""
    book: dict[str, float] = {}
    _BOOKS.append(book)
    try:
        yield book
    finally:
        _BOOKS.remove(book)


class timed:
    """Book the time of what happens inside under the name of a part."""

    __slots__ = ("began", "part")

    def __init__(self, part: str) -> None:
        self.part = part

    def __enter__(self) -> None:
        self.began = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        for book in _BOOKS:
            book[self.part] = book.get(self.part, 0.0) + time.perf_counter() - self.began


def booked(part: str, act: Callable[[T], None], given: T) -> None:
    """Call `act`, and book its time where somebody collects times."""
    if not _BOOKS:
        act(given)
        return
    with timed(part):
        act(given)


def profile_lines(book: dict[str, float], total: float) -> list[str]:
    """A table of the parts and of what is left of the total."""
    rows = dict(book)
    rows["everything else"] = max(0.0, total - sum(book.values()))
    lines = [f"{'part':18s} {'seconds':>9s} {'share':>7s}"]
    for part, seconds in rows.items():
        share = seconds / total if total > 0.0 else 0.0
        lines.append(f"{part:18s} {seconds:9.3f} {share:7.1%}")
    return [*lines, f"{'total':18s} {total:9.3f} {1.0:7.1%}"]
