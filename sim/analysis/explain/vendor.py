"""The story of one vendor: what it decided each month, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from sim.analysis.explain.watching import with_watch
from sim.errors import SimError, nearest_hint
from sim.market.month import dated_events
from sim.scenario.schema.vendors import strategy_tables

if TYPE_CHECKING:
    from sim.events.base import Event
    from sim.market.base import BaseMarket
    from sim.market.simulation import Simulation

SAME = 1e-9
"""Relative change of a price below which it is told as held."""
PERCENT = 100.0


@dataclass(frozen=True)
class Position:
    """What a vendor has at one moment."""

    prices: dict[str, float]
    open_families: tuple[str, ...]
    hosted: tuple[str, ...]


@dataclass(frozen=True)
class VendorMonth:
    """Decisions of a month and its outcome. Money in million yuan, cards in accelerators."""

    month: date
    strategies: dict[str, str]
    events: tuple[str, ...]
    prices: dict[str, tuple[float | None, float]]  # before, after; yuan per million tokens
    opened: tuple[str, ...]
    closed: tuple[str, ...]
    hosted: tuple[str, ...]
    dropped: tuple[str, ...]
    discount: float
    ordered: float
    cards: float
    spending: dict[str, float]
    profit: float
    cash: float
    token_share: float
    utilisation: float
    reliability: float


@dataclass
class VendorStory:
    """A vendor over a run."""

    name: str
    label: str
    months: list[VendorMonth]


def tell_vendor(model: Simulation, name: str) -> VendorStory:
    """Run a model to its end and watch one vendor.

    Raises
    ------
    SimError
        There is no such vendor.
    """
    if name not in model.vendors:
        raise SimError(f"no vendor {name} in this run ({nearest_hint(name, list(model.vendors))})")
    held: list[Position] = []
    model.phases = with_watch(
        model.phases, {"events": lambda market: held.append(_position(market, name))}
    )
    story = VendorStory(name, model.scenario.vendors[name].label or name, [])
    while model.month < model.scenario.calendar.months:
        month, number = model.date, model.month
        model.step()
        story.months.append(_month(model, name, month, number, held[-1]))
    return story


def _position(model: BaseMarket, name: str) -> Position:
    world, state = model.world, model.state
    owned = [f for f, owner in enumerate(world.owner) if world.vendors[int(owner)] == name]
    return Position(
        prices=model.vendors[name].prices,
        open_families=tuple(world.families[f] for f in owned if state.weights_open[f]),
        hosted=tuple(model.vendors[name].prices),
    )


def _month(model: BaseMarket, name: str, month: date, number: int, before: Position) -> VendorMonth:
    v, state, after = model.vendors[name].index, model.state, _position(model, name)
    spent = {purpose: float(money[v]) for purpose, money in sorted(model.state.spending.items())}
    if model.account.levers[v]:
        spent["levers"] = float(model.account.levers[v])
    return VendorMonth(
        month=month,
        strategies=_strategies(model, name),
        events=tuple(
            _event(e) for e in model.rules(dated_events).get(number, ()) if _concerns(e, name)
        ),
        prices={f: (before.prices.get(f), price) for f, price in after.prices.items()},
        opened=_without(after.open_families, before.open_families),
        closed=_without(before.open_families, after.open_families),
        hosted=_without(after.hosted, before.hosted),
        dropped=_without(before.hosted, after.hosted),
        discount=float(state.discount[v]),
        ordered=float(state.ordered[v]),
        cards=model.vendors[name].cards,
        spending={purpose: money for purpose, money in spent.items() if money},
        profit=float(model.account.profit[v]),
        cash=model.vendors[name].cash,
        token_share=float(state.token_share[v]),
        utilisation=float(state.utilisation[v]),
        reliability=float(state.reliability[v]),
    )


def _without(names: tuple[str, ...], others: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for name in names if name not in others)


def _strategies(model: BaseMarket, name: str) -> dict[str, str]:
    """Name of the strategy in force by field; openness included."""
    vendor = model.vendors[name]
    fields = [*strategy_tables(), "openness"]
    found = {field: getattr(vendor, field, None) for field in fields}
    return {field: strategy.name for field, strategy in found.items() if strategy is not None}


def _concerns(event: Event, name: str) -> bool:
    return name in event.vendors_named()


def _event(event: Event) -> str:
    return " ".join([event.what, *event.families_named()])


def vendor_lines(story: VendorStory) -> list[str]:
    """The story as lines for the screen: a month a block, only what was decided."""
    lines = [f"{story.name}: {story.label}"]
    before: dict[str, str] = {}
    for month in story.months:
        lines += ["", *_month_lines(month, before)]
        before = month.strategies
    return lines


def _month_lines(month: VendorMonth, before: dict[str, str]) -> list[str]:
    head = (
        f"{month.month:%Y-%m}  {PERCENT * month.token_share:.1f} % of platform tokens, profit "
        f"{month.profit:,.1f}, cash {month.cash:,.0f} million yuan, {month.cards:,.0f} cards used "
        f"to {PERCENT * month.utilisation:.0f} %, reliability {month.reliability:.3f}"
    )
    lines = [head]
    new = {f: name for f, name in month.strategies.items() if before.get(f) != name}
    if new:
        lines.append(f"  plays {', '.join(f'{field} {name}' for field, name in new.items())}")
    if month.events:
        lines.append(f"  dated events: {', '.join(month.events)}")
    lines += [f"  prices: {', '.join(told)}"] if (told := _prices(month)) else []
    for word, names in (
        ("opens", month.opened),
        ("closes", month.closed),
        ("begins to serve", month.hosted),
        ("no longer serves", month.dropped),
    ):
        lines += [f"  {word} {', '.join(names)}"] if names else []
    if month.discount:
        lines.append(f"  discount of {PERCENT * month.discount:.1f} % paid by freed money")
    if month.ordered:
        lines.append(f"  orders {month.ordered:,.0f} cards")
    if month.spending:
        spent = ", ".join(f"{name} {money:,.2f}" for name, money in month.spending.items())
        lines.append(f"  spends on {spent}")
    return lines


def _prices(month: VendorMonth) -> list[str]:
    found = []
    for family, (before, after) in month.prices.items():
        if before is None:
            found.append(f"{family} starts at {after:.4g}")
        elif abs(after - before) > SAME * before:
            found.append(f"{family} {before:.4g} -> {after:.4g}")
    return found
