"""The month as an ordered list of phases, and the time that each takes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from sim.market.clients.choice import review
from sim.market.clients.deals import count_deals
from sim.market.clients.usage import use
from sim.market.growth import grow
from sim.market.supply import accelerators, books, serving
from sim.market.tables import fill_terms
from sim.market.vendors.bidding import bid
from sim.market.vendors.campaigns import inform
from sim.market.vendors.decisions import decide

if TYPE_CHECKING:
    from sim.market.model import MarketModel


class Phase(NamedTuple):
    """One step of a month."""

    name: str
    does: str
    act: Callable[[MarketModel], None]


def happen(model: MarketModel) -> None:
    """Apply the events of this month, in the order of their kinds and names."""
    for event in model.events_of.get(model.month, ()):
        event.apply(model)


def deliver(model: MarketModel) -> None:
    """The world market moves, ordered cards arrive, old ones wear out, new ones are ordered."""
    rules, state, month = model.supply, model.state, model.month
    state.app_tokens[:] = rules.app_tokens[month]
    accelerators.move_world_market(rules, month, float(model.shocks[month]), state)
    if rules.capacity:
        strategies = [vendor.investment for vendor in model.vendors.values()]
        accelerators.deliver(rules, month, model.date, strategies, state)


def serve(model: MarketModel) -> None:
    """Clients use what they chose; volumes meet capacity."""
    market = model.columns, model.choices, model.world, model.terms, model.masks
    use(*market, model.tally, model.presence, model.threads)
    model.volumes = serving.serve(model.supply, model.month, model.world, model.tally, model.state)


def settle(model: MarketModel) -> None:
    """Book the month; everybody sees its means and shares."""
    count_deals(
        model.bidding, model.columns, model.choices, model.world, model.terms, model.threads
    )
    model.account = books.settle(
        model.supply,
        model.month,
        model.world,
        model.volumes,
        model.terms.unit_price,
        model.bidding.counts.conceded,
        model.spending,
        model.state,
    )
    books.publish(model.world, model.volumes, model.state)


def look(model: MarketModel, number: int, everyone: bool) -> None:
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


def look_again(model: MarketModel) -> None:
    """Due workloads choose; everyone else stays."""
    look(model, model.month_number, everyone=False)


def measure(model: MarketModel) -> None:
    """Recorders read; they never draw and never change."""
    model.recorder.record(model.month, model)


PHASES: tuple[Phase, ...] = (
    Phase("events", "dated events of the scenario take effect", happen),
    Phase("deliveries", "ordered cards arrive, old ones wear out, new ones are ordered", deliver),
    Phase("decide", "all vendors decide at once from last month's public market", decide),
    Phase("inform", "awareness follows goodwill, attention and last month's share", inform),
    Phase("review", "workloads whose contract ends or whose trigger fires choose", look_again),
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
