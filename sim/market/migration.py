"""Phase `grow`: home clouds move toward the platform of the largest spend."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from sim.market.bidding import unit_prices
from sim.market.noise import event_state, stream_key, uniform
from sim.market.packing import USED_BLOCK
from sim.market.population import FIXED_POINT
from sim.market.threads import CACHE_LINE, added, apart, over_ranges
from sim.market.world import HOST
from sim.numeric.compiled import kernel, step
from sim.numeric.elementary import exp

if TYPE_CHECKING:
    from sim.market.model import MarketModel

Floats = npt.NDArray[np.float64]
STREAM = "migration"


class Homes:
    """The homes of a run's clients: a copy of their column where homes move, and counts."""

    def __init__(self, model: MarketModel) -> None:
        table, names = model.scenario.demand.migration, model.world.vendors
        vendors = [model.scenario.vendors[name] for name in names]
        self.moves = model.scenario.mechanisms.migration and table.rate > 0.0
        if self.moves:  # worlds of a replicate share the population
            model.columns = model.columns.replaced(home=model.columns.home.copy())
        depth = np.array([vendor.stack.depth for vendor in vendors])
        self.chance = table.rate * np.append(1.0 - table.hold * depth, 1.0)
        self.cloud = np.array([not vendor.model_company for vendor in vendors])
        self.key = stream_key(model.seed, STREAM)
        threads = len(model.spaces)
        self.spend = [np.zeros(len(names) + CACHE_LINE) for _ in range(threads)]  # of one client
        self.count = np.zeros(len(names) + 1, np.int64)  # last: without a home cloud
        self.moved = np.zeros((len(names) + 1, len(names)), np.int64)
        self.moved_in = apart(threads, self.moved.shape)  # by thread
        count_homes(model.columns.home, model.columns.weight, self.count)


def money_per_unit(model: MarketModel) -> Floats:
    """(J,) yuan that a client pays a platform for a unit of volume; HOST at skill 1."""
    out, hosted = unit_prices(model).copy(), slice(model.world.host_start, model.world.rent_start)
    out[hosted] *= model.terms.unit_hours[hosted]
    return out


def migrate(model: MarketModel) -> None:
    """One month of moves; the counts follow."""
    homes = model.homes
    homes.moved.fill(0)
    if not homes.moves:
        return
    for moved in homes.moved_in:
        moved.fill(0)
    month, money = model.month_number, money_per_unit(model)

    def part(p: int, begin: int, end: int) -> None:
        move_homes(
            begin,
            end,
            homes.key,
            month,
            homes.chance,
            homes.cloud,
            money,
            model.columns,
            model.choices,
            model.layout,
            model.spaces[p].usage,
            homes.spend[p],
            homes.moved_in[p],
        )

    over_ranges(model.population.n_clients, len(homes.spend), part)
    homes.moved[:] = added(homes.moved_in)
    recount(homes.moved, homes.count)


@kernel
def count_homes(home, weight, count):  # type: ignore[no-untyped-def]
    """Weight of clients by home cloud, (V + 1,) whole multiples; last those without."""
    for i in range(home.shape[0]):
        v = home[i] if home[i] >= 0 else count.shape[0] - 1
        count[v] += np.int64(np.float64(weight[i]) * FIXED_POINT + 0.5)


@step
def strike(begin, n, key, month, chance, client_id, home, luck, struck):  # type: ignore[no-untyped-def]
    """Collect those of n clients from `begin` on whose draw strikes; returns how many."""
    for q in range(n):
        event = event_state(key, client_id[begin + q], np.uint64(0), month)
        luck[q] = uniform(event, np.uint32(1))
    none, s = np.int64(chance.shape[0] - 1), np.uint64(0)
    for q in range(n):
        at = np.int64(home[begin + q])
        struck[s] = begin + q
        s += np.uint64(luck[q] < chance[at if at >= 0 else none])
    return np.int64(s)


@kernel
def recount(moved, count):  # type: ignore[no-untyped-def]
    """Counts by home cloud after the moves from each (V + 1) to each (V)."""
    for a in range(moved.shape[0]):
        for b in range(moved.shape[1]):
            count[a] -= moved[a, b]
            count[b] += moved[a, b]


@kernel
def move_homes(  # type: ignore[no-untyped-def]
    begin, end, key, month, chance, cloud, money, clients, state, layout, usage, spend, moved
):
    """Clients begin to end: if its draw strikes, one moves to the cloud of its largest spend."""
    n_v = layout.n_vendors
    for b in range(begin, end, USED_BLOCK):
        n = min(USED_BLOCK, end - b)
        n = strike(
            b, n, key, month, chance, clients.client_id, clients.home, usage.target, usage.used
        )
        for x in range(n):
            i = usage.used[x]
            home = clients.home[i]
            place = home if home >= 0 else n_v
            for v in range(n_v):
                spend[v] = 0.0
            for w in range(clients.first[i], clients.first[i + 1]):
                j = state.current[w]
                if j < 0 or layout.platform[j] >= n_v:
                    continue
                yuan = exp(np.float64(state.log_volume[w])) * money[j]
                if layout.channel[j] == HOST:
                    yuan /= np.float64(clients.skill[i])
                spend[layout.platform[j]] += yuan
            best, most = place, spend[place] if place < n_v else 0.0
            for v in range(n_v):
                if cloud[v] and spend[v] > most:
                    best, most = v, spend[v]
            if best != place:
                clients.home[i] = best
                moved[place, best] += np.int64(np.float64(clients.weight[i]) * FIXED_POINT + 0.5)
