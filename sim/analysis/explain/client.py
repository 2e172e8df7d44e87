"""The story of one client: when it looked, what it compared, what it took and why it left."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

from sim.analysis.explain.options import (
    Occasion,
    Option,
    awareness_draws,
    options,
    review_draw,
)
from sim.analysis.explain.watching import with_watch
from sim.errors import SimError

if TYPE_CHECKING:
    from sim.market.base import BaseMarket
    from sim.market.simulation import Simulation

NEW, GONE, CHOSEN_TO_LOOK = "new work", "its offer is gone", "looked again"
AUCTION = "its business is auctioned"
UNADOPTED = "not adopted"


@dataclass(frozen=True)
class Review:
    """One workload at one review; the options are sorted, best first.

    `draw` and `hazard` decide whether it looks; `unseen` are platforms it does not know of (draw
    of the client, awareness); `left` says what changed most, if it moved to another platform.
    """

    month: date
    work: int
    kind: str
    why: str
    draw: float
    hazard: float
    before: str
    taken: str
    options: tuple[Option, ...]
    unseen: dict[str, tuple[float, float]]
    left: str = ""


@dataclass
class ClientStory:
    """A client over a run. `volumes` has (month, workload, offer, volume) of every month."""

    number: int
    segment: str
    region: str
    home: str
    size: float
    weight: float
    price_sensitivity: float
    skill: float
    key_account: bool
    kinds: tuple[str, ...]
    at_start: tuple[str, ...]
    homes: dict[date, str] = field(default_factory=dict)
    reviews: list[Review] = field(default_factory=list)
    volumes: list[tuple[date, int, str, float]] = field(default_factory=list)


def tell_client(model: Simulation, number: int) -> ClientStory:
    """Run a model to its end and watch one client.

    Parameters
    ----------
    model
        Before its first month; it is run.
    number
        Of the client, as in ``model.clients[number]``.

    Raises
    ------
    SimError
        There is no such client.
    """
    if not 0 <= number < len(model.clients):
        raise SimError(f"client {number}: they go from 0 to {len(model.clients) - 1}")
    watcher = Watcher(model, number)
    model.phases = with_watch(model.phases, {"review": watcher.before, "serve": watcher.after})
    while model.month < model.scenario.calendar.months:
        month = model.date
        model.step()
        watcher.close(month)
    return watcher.story


class Watcher:
    """Notes what one client does while a model is stepped; changes nothing."""

    def __init__(self, model: BaseMarket, number: int) -> None:
        self.model, self.number = model, number
        view = model.clients[number]
        self.story = ClientStory(
            number=view.number,
            segment=view.segment,
            region=view.region,
            home=view.home_cloud,
            size=view.size,
            weight=view.weight,
            price_sensitivity=view.price_sensitivity,
            skill=view.skill,
            key_account=view.key_account,
            kinds=tuple(work.kind for work in view.workloads),
            at_start=tuple(work.offer for work in view.workloads),
        )
        first = model.columns.first
        self.works = range(int(first[number]), int(first[number + 1]))
        self.held: list[Occasion] = []
        self.compared: dict[int, dict[str, Option]] = {}

    def before(self, model: BaseMarket) -> None:
        """Note where the workloads are before anybody looks."""
        choices = model.choices
        self.held = [
            Occasion(
                self.number,
                w,
                int(choices.current[w]),
                float(choices.log_volume[w]),
                model.month_number,
            )
            for w in self.works
        ]

    def after(self, model: BaseMarket) -> None:
        """Note what was looked at, when everybody has chosen."""
        for at in self.held:
            self._review(at)

    def _review(self, at: Occasion) -> None:
        model = self.model
        columns, terms = model.columns, model.terms
        if columns.adopts_at[at.work] > terms.adopted[columns.kind[at.work]]:
            return
        draw, hazard = review_draw(model, at)
        if at.current < 0:
            why = NEW
        elif not terms.open[columns.cell[at.client], at.current]:
            why = GONE
        elif draw < hazard:
            why = CHOSEN_TO_LOOK
        else:
            return
        if getattr(terms, "auctions", False) and columns.key_account[at.client]:
            why = AUCTION
        found = options(model, at)
        taken = model.world.labels[int(model.choices.current[at.work])]
        before = model.world.labels[at.current] if at.current >= 0 else UNADOPTED
        unseen = {
            name: (draw, level)
            for name, (draw, level) in awareness_draws(model, at.client).items()
            if draw >= level and name != model.clients[self.number].home_cloud
        }
        self.story.reviews.append(
            Review(
                month=model.date,
                work=at.work - self.works.start,
                kind=model.world.kinds[columns.kind[at.work]],
                why=why,
                draw=draw,
                hazard=hazard,
                before=before,
                taken=taken,
                options=tuple(found),
                unseen=unseen,
                left=self._left(at, before, taken, found),
            )
        )
        self.compared[at.work] = {option.label: option for option in found}

    def _left(self, at: Occasion, before: str, taken: str, found: list[Option]) -> str:
        world = self.model.world
        if at.current < 0 or before == world.labels[world.none]:
            return ""
        now = {option.label: option for option in found}
        if taken not in now or before == taken:
            return ""
        if world.platform[at.current] == world.platform[now[taken].offer]:
            return ""
        if before not in now:
            return f"{before} is no longer offered to it"
        earlier = self.compared.get(at.work, {})
        return largest_change(now[taken], now[before], earlier.get(taken), earlier.get(before))

    def close(self, month: date) -> None:
        """Note volumes and home at the end of a month."""
        view = self.model.clients[self.number]
        self.story.homes[month] = view.home_cloud
        self.story.volumes += [
            (month, place, work.offer, work.volume) for place, work in enumerate(view.workloads)
        ]


def largest_change(
    taken: Option, before: Option, taken_then: Option | None, before_then: Option | None
) -> str:
    """What moved the gap between the taken and the earlier offer most since they were compared.

    Switching costs are those of leaving now. Without an earlier comparison the largest part of
    the gap itself is told.
    """
    gap = _gap(taken, before)
    if taken_then is None or before_then is None:
        name = max(gap, key=lambda part: gap[part])
        return f"{name}: {gap[name]:+.2f} in favour of {taken.label}, first compared now"
    then = _gap(taken_then, before_then)
    moved = {
        name: gap.get(name, 0.0) - then.get(name, 0.0)
        for name in {*gap, *then}
        if name != "switching"
    }
    name = max(sorted(moved), key=lambda part: moved[part])
    return (
        f"{name}: {then.get(name, 0.0):+.2f} at its last review, now {gap.get(name, 0.0):+.2f} "
        f"in favour of {taken.label}"
    )


def _gap(one: Option, other: Option) -> dict[str, float]:
    names = {*one.parts, *other.parts}
    return {name: one.parts.get(name, 0.0) - other.parts.get(name, 0.0) for name in sorted(names)}


def client_lines(story: ClientStory) -> list[str]:
    """The story as lines for the screen."""
    account = ", key account" if story.key_account else ""
    lines = [
        f"client {story.number}: {story.segment}, {story.region}, home cloud "
        f"{story.home or 'none'}{account}",
        f"size {story.size:.3g}, stands for {story.weight:.3g} enterprises, price sensitivity "
        f"{story.price_sensitivity:.2f}, skill {story.skill:.2f}",
    ]
    for place, (kind, offer) in enumerate(zip(story.kinds, story.at_start, strict=True)):
        lines.append(f"workload {place}: {kind}, at the start {offer}")
    moves = [
        f"{month:%Y-%m} {home or 'none'}" for month, home in _changes(story) if home != story.home
    ]
    if moves:
        lines.append(f"home cloud moves: {', '.join(moves)}")
    for review in story.reviews:
        lines += ["", *_review_lines(review)]
    last = max((month for month, *_ in story.volumes), default=None)
    for month, place, offer, volume in story.volumes:
        if month == last:
            lines.append(f"end {month:%Y-%m}, workload {place}: {offer}, volume {volume:,.4g}")
    return lines


def _changes(story: ClientStory) -> list[tuple[date, str]]:
    before, found = story.home, []
    for month, home in story.homes.items():
        if home != before:
            found.append((month, home))
        before = home
    return found


def _review_lines(review: Review) -> list[str]:
    hazard = (
        "" if review.why != CHOSEN_TO_LOOK else f" (draw {review.draw:.3f} < {review.hazard:.3f})"
    )
    lines = [
        f"{review.month:%Y-%m} workload {review.work} ({review.kind}): {review.why}{hazard}, "
        f"{review.before} -> {review.taken}"
    ]
    for option in review.options:
        mark = "*" if option.label == review.taken else " "
        parts = ", ".join(f"{name} {value:+.2f}" for name, value in option.parts.items())
        lines.append(f"  {mark} {option.label:<32} {option.utility:8.3f} = {parts}")
    if review.unseen:
        told = ", ".join(
            f"{name} (draw {draw:.2f}, awareness {level:.2f})"
            for name, (draw, level) in review.unseen.items()
        )
        lines.append(f"    not aware of {told}")
    if review.left:
        lines.append(f"    left: {review.left}")
    if review.options[0].label != review.taken:
        lines.append("    decided by bids, not by list prices")
    return lines
