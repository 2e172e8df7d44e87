"""Phase `grow`: home clouds move toward the platform of the largest spend."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from sim.market.compiled import kernel
from sim.market.costs import rent_of
from sim.market.elementary import exp
from sim.market.noise import event_state, stream_key, uniform
from sim.market.population import FIXED_POINT
from sim.market.world import HOST

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
            model.columns = model.columns._replace(home=model.columns.home.copy())
        depth = np.array([vendor.stack.depth for vendor in vendors])
        self.chance = table.rate * np.append(1.0 - table.hold * depth, 1.0)
        self.cloud = np.array([not vendor.model_company for vendor in vendors])
        self.key = stream_key(model.seed, STREAM)
        self.spend = np.zeros(len(names))  # room for one client
        self.count = np.zeros(len(names) + 1, np.int64)  # last: without a home cloud
        self.moved = np.zeros((len(names) + 1, len(names)), np.int64)
        count_homes(model.columns.home, model.columns.weight, self.count)


def money_per_unit(model: MarketModel) -> Floats:
    """(J,) yuan that a client pays a platform for a unit of volume; HOST at skill 1."""
    world, out = model.world, np.zeros(model.world.n_offers)
    hourly = np.append(rent_of(model), [0.0, 0.0]) / model.scenario.supply.card_hours
    calls, hosting, renting = world.calls, world.hosting, world.renting
    out[calls] = model.paid[calls]
    out[hosting] = (model.terms.unit_hours * hourly[world.platform])[hosting]
    out[renting] = hourly[world.platform][renting]
    return out


def migrate(model: MarketModel) -> None:
    """One month of moves; the counts follow."""
    homes = model.homes
    homes.moved[:] = 0
    if not homes.moves:
        return
    move_homes(
        homes.key,
        model.month_number,
        homes.chance,
        homes.cloud,
        money_per_unit(model),
        model.columns,
        model.choices,
        model.layout,
        homes.spend,
        homes.moved,
    )
    homes.count[:-1] += homes.moved.sum(axis=0)
    homes.count -= homes.moved.sum(axis=1)


@kernel
def count_homes(home, weight, count):  # type: ignore[no-untyped-def]
    """Weight of clients by home cloud, (V + 1,) whole multiples; last those without."""
    for i in range(home.shape[0]):
        v = home[i] if home[i] >= 0 else count.shape[0] - 1
        count[v] += np.int64(np.float64(weight[i]) * FIXED_POINT + 0.5)


@kernel
def move_homes(  # type: ignore[no-untyped-def]
    key, month, chance, cloud, money, clients, state, layout, spend, moved
):
    """Clients whose draw strikes move to the cloud of their largest spend, if it is another."""
    n_v = layout.n_vendors
    for i in range(clients.client_id.shape[0]):
        home = clients.home[i]
        place = home if home >= 0 else n_v
        event = event_state(key, clients.client_id[i], np.uint64(0), month)
        if uniform(event, np.uint32(1)) >= chance[place]:
            continue
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
