"""Phase `grow`: home clouds move toward the platform of the largest spend."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from sim.market.clients.columns import Clients, Layout, State, Terms
from sim.market.clients.noise import bits32, event_state, stream_key
from sim.market.clients.packing import USED_BLOCK, HomeRoom, Usage, Workspace, below
from sim.market.clients.presence import whole_weight
from sim.market.clients.threads import over_ranges
from sim.market.world import HOST, World
from sim.numeric.arrays import Matrix, Vector
from sim.numeric.bundle import Bundle
from sim.numeric.compiled import inlined, kernel, step
from sim.numeric.elementary import exp

if TYPE_CHECKING:
    from sim.scenario.schema.scenario import Scenario


Floats = npt.NDArray[np.float64]
STREAM = "migration"


class HomeRules(Bundle):
    """How homes move."""

    key: np.uint64
    below: Vector[np.uint64]  # (V + 1,) 32 bits that strike; last without a home cloud
    cloud: Vector[np.bool_]  # (V,) whether it can be a home


class HomeCounts(Bundle):
    """Whole weights of clients by home cloud."""

    clients: Vector[np.int64]  # (V + 1,), last without a home cloud
    moved: Matrix[np.int64]  # (V + 1, V), this month, by old and new home


class Homes:
    """The homes of a run's clients: a copy of their column where homes move, and counts."""

    def __init__(
        self,
        scenario: Scenario,
        world: World,
        seed: np.random.SeedSequence,
        columns: Clients,
        moved: npt.NDArray[np.int64],
    ) -> None:
        table = scenario.demand.migration
        vendors = [scenario.vendors[name] for name in world.vendors]
        self.moves = homes_move(scenario)
        depth = np.array([vendor.stack.depth for vendor in vendors])
        chance = table.rate * np.append(1.0 - table.hold * depth, 1.0)
        self.rules = HomeRules(
            key=stream_key(seed, STREAM),
            below=np.zeros(len(chance), np.uint64),
            cloud=np.array([not vendor.model_company for vendor in vendors]),
        )
        self.counts = HomeCounts(np.zeros(len(vendors) + 1, np.int64), moved)
        begin_homes(columns, chance, self.rules, self.counts)


def homes_move(scenario: Scenario) -> bool:
    """Whether clients can change their home cloud."""
    return scenario.mechanisms.migration and scenario.demand.migration.rate > 0.0


def migrate(
    homes: Homes,
    month: int,
    columns: Clients,
    choices: State,
    layout: Layout,
    terms: Terms,
    spaces: list[Workspace],
) -> None:
    """One month of moves; the counts follow."""
    if not homes.moves:
        return

    def part(p: int, begin: int, end: int) -> None:
        space, market = spaces[p], (columns, choices, layout, terms)
        move_homes(begin, end, month, homes.rules, *market, space.usage, space.homes)

    over_ranges(len(columns.client_id), len(spaces), part)
    for space in spaces[1:]:
        homes.counts.moved[:] += space.homes.moved
    recount(homes.counts)


@kernel
def begin_homes(
    clients: Clients,
    chance: Vector[np.float64],
    rules: HomeRules,
    counts: HomeCounts,
) -> None:
    """Chances as whole numbers; weight of clients by home cloud."""
    count = counts.clients
    for v in range(len(chance)):
        rules.below[v] = below(chance[v])
    for i in range(len(clients.home)):
        v = clients.home[i] if clients.home[i] >= 0 else len(count) - 1
        count[v] += whole_weight(i, clients)


@kernel
def recount(counts: HomeCounts) -> None:
    """Counts by home cloud after the moves of the month."""
    moved, count = counts.moved, counts.clients
    for a in range(moved.shape[0]):
        for b in range(moved.shape[1]):
            count[a] -= moved[a, b]
            count[b] += moved[a, b]


@step
def fill_money(layout, terms, money):  # type: ignore[no-untyped-def]
    """(J,) yuan that a client pays a platform for a unit of volume; HOST at skill 1."""
    for j in range(len(money)):
        money[j] = terms.unit_price[j]
        if layout.channel[j] == HOST:
            money[j] *= terms.unit_hours[j]


@step
def strike(begin, n, month, rules, clients, luck, struck):  # type: ignore[no-untyped-def]
    """Collect those of n clients from `begin` on whose draw strikes; returns how many."""
    client_id, home = clients.client_id[begin : begin + n], clients.home[begin : begin + n]
    none, s, key = np.int64(len(rules.below) - 1), np.uint64(0), rules.key
    for q in range(n):
        luck[q] = bits32(event_state(key, client_id[q], np.uint64(0), month), np.uint32(1))
    for q in range(n):
        at = np.int64(home[q])
        struck[s] = begin + q
        s += np.uint64(np.uint64(luck[q]) < rules.below[at if at >= 0 else none])
    return np.int64(s)


@inlined
def spend_of(i, clients, choices, layout, room):  # type: ignore[no-untyped-def]
    """Money that a client pays each platform, into `room.spend`."""
    spend, platform = room.spend, layout.platform
    spend[:] = 0.0
    for w in range(clients.first[i], clients.first[i + 1]):
        j = choices.current[w]
        if j < 0 or platform[j] >= len(spend):
            continue
        yuan = exp(np.float64(choices.log_volume[w])) * room.money[j]
        if layout.channel[j] == HOST:
            yuan /= np.float64(clients.skill[i])
        spend[platform[j]] += yuan


@kernel
def move_homes(
    begin: int,
    end: int,
    month: int,
    rules: HomeRules,
    clients: Clients,
    choices: State,
    layout: Layout,
    terms: Terms,
    usage: Usage,
    room: HomeRoom,
) -> None:
    """Clients begin to end: if its draw strikes, one moves to the cloud of its largest spend."""
    room.moved[:] = 0
    fill_money(layout, terms, room.money)
    for b in range(begin, end, USED_BLOCK):
        n = min(USED_BLOCK, end - b)
        n = strike(b, n, month, rules, clients, usage.luck, usage.struck)
        for x in range(n):
            i = usage.struck[x]
            home = clients.home[i]
            place = home if home >= 0 else layout.n_vendors
            spend_of(i, clients, choices, layout, room)
            best, most = place, room.spend[place] if place < layout.n_vendors else 0.0
            for v in range(layout.n_vendors):
                if rules.cloud[v] and room.spend[v] > most:
                    best, most = v, room.spend[v]
            if best != place:
                clients.home[i] = best
                room.moved[place, best] += whole_weight(i, clients)
