"""The month as an ordered list that can be printed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from sim.market.awareness import hear
from sim.market.bidding import bid
from sim.market.books import settle
from sim.market.choice import review
from sim.market.growth import grow
from sim.market.serving import serve
from sim.market.supply import deliver
from sim.market.vendors import decide

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


def look(model: MarketModel, number: int, everyone: bool) -> None:
    """Due workloads (or everyone) choose under the draws of month `number`."""
    model.terms = model.builder.build()
    model.tally.flow.fill(0)
    model.tally.review.fill(0)
    model.bidding.call(model)
    review(
        number,
        everyone,
        model.columns,
        model.choices,
        model.layout,
        model.terms,
        model.streams,
        model.spaces,
        model.bidding.docket,
    )


def look_again(model: MarketModel) -> None:
    """Due workloads choose; everyone else stays."""
    look(model, model.month_number, everyone=False)


def measure(model: MarketModel) -> None:
    """Recorders read; they never draw and never change."""
    model.recorder.record(model)


PHASES: tuple[Phase, ...] = (
    Phase("events", "dated events of the scenario take effect", happen),
    Phase("deliveries", "ordered cards arrive, old ones wear out, new ones are ordered", deliver),
    Phase("decide", "all vendors decide at once from last month's public market", decide),
    Phase("inform", "awareness follows goodwill, attention and last month's share", hear),
    Phase("review", "workloads whose contract ends or whose trigger fires choose", look_again),
    Phase("bid", "key accounts under review are auctioned, where a vendor bids for them", bid),
    Phase("serve", "volumes meet capacity: rationing, second choices, reliability", serve),
    Phase("settle", "revenue by layer, cost, cash, experience", settle),
    Phase("grow", "adoption, attention, communities, agents, homes, capability move on", grow),
    Phase("measure", "recorders read the month", measure),
)
