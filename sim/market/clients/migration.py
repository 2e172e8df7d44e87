"""Part of phase `grow`: home clouds move toward the platform that serves most of the client."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sim.market.clients.columns import ChoiceState, ClientColumns, MonthTerms
from sim.market.clients.population import FIXED_POINT
from sim.market.clients.threads import added, over_ranges
from sim.market.world import MarketLayout
from sim.numeric.arrays import Array, Matrix, Vector
from sim.numeric.draws import below, bits32, event_state, stream_key
from sim.numeric.elementary import exp
from sim.numeric.jit import kernel

if TYPE_CHECKING:
    from sim.scenario.schema.scenario import Scenario

STREAM = "migration"


class Homes:
    """How home clouds move, and whole weights of clients by home cloud.

    Attributes
    ----------
    moves
        Whether clients can change their home cloud.
    rule
        What counts as most: `spend`, `workloads` or `tokens`.
    below
        (V + 1,) draws of 32 bits below it look at who serves them, by home cloud, last without one.
    cloud
        (V,) whether a vendor can be a home.
    clients
        (V + 1,) whole weight of clients, last without a home cloud.
    moved
        (V + 1, V) the same of this month's moves, by old and new home.
    """

    def __init__(
        self,
        scenario: Scenario,
        world: MarketLayout,
        seed: np.random.SeedSequence,
        columns: ClientColumns,
    ) -> None:
        table = scenario.demand.migration
        vendors = [scenario.vendors[name] for name in world.vendors]
        self.moves, self.rule = homes_move(scenario), table.rule
        depth = np.array([vendor.stack.depth for vendor in vendors])
        self.key = stream_key(seed, STREAM)
        self.below = below(table.rate * np.append(1.0 - table.hold * depth, 1.0))
        self.cloud = np.array([not vendor.model_company for vendor in vendors])
        self.clients = np.zeros(len(vendors) + 1, np.int64)
        np.add.at(
            self.clients, columns.home, columns.whole_weight
        )  # without a home, -1 is the last place
        self.moved = np.zeros((len(vendors) + 1, len(vendors)), np.int64)


def homes_move(scenario: Scenario) -> bool:
    """Whether clients can change their home cloud."""
    return scenario.mechanisms.migration and scenario.demand.migration.rate > 0.0


def migrate(
    homes: Homes,
    month: int,
    columns: ClientColumns,
    choices: ChoiceState,
    world: MarketLayout,
    terms: MonthTerms,
    threads: int,
) -> None:
    """One month of moves; the counts follow."""
    if not homes.moves:
        return
    unit, per_skill = units_of(homes.rule, world, terms)

    def part(p: int, begin: int, end: int) -> Array:
        return move_homes(
            begin,
            end,
            month,
            homes.key,
            homes.below,
            homes.cloud,
            columns.client_id,
            columns.weight,
            columns.skill,
            columns.first,
            columns.home,
            choices.current,
            choices.log_volume,
            world.platform,
            homes.rule != "workloads",
            unit,
            per_skill,
        )

    homes.moved[:] = added(over_ranges(len(columns.client_id), threads, part))
    homes.clients -= homes.moved.sum(axis=1)
    homes.clients[:-1] += homes.moved.sum(axis=0)


def units_of(rule: str, world: MarketLayout, terms: MonthTerms) -> tuple[Array, Array]:
    """(J,) what a unit of volume (or, by `workloads`, a workload) counts at each offer at skill 1,
    and whether a client's skill divides it."""
    if rule == "spend":
        hours = np.where(world.hosting, terms.unit_hours, 1.0)
        return terms.unit_price * hours, world.hosting
    counts = np.where(world.renting, 0.0, 1.0) if rule == "tokens" else np.ones(world.n_offers)
    return counts, np.zeros(world.n_offers, bool)


@kernel
def move_homes(
    begin: int,
    end: int,
    month: int,
    key: np.uint64,
    looks_below: Vector[np.uint64],
    cloud: Vector[np.bool_],
    client_id: Vector[np.uint32],
    weight: Vector[np.float32],
    skill: Vector[np.float32],
    first: Vector[np.int64],
    home: Vector[np.int16],
    current: Vector[np.int16],
    log_volume: Vector[np.float32],
    platform: Vector[np.int64],
    by_volume: bool,
    unit: Vector[np.float64],
    per_skill: Vector[np.bool_],
) -> Matrix[np.int64]:
    """Clients begin to end that look at who serves them move to the cloud that serves most.

    Returns the whole weight that moved, (V + 1, V) by old and new home.
    """
    n_vendors = len(cloud)
    moved, served = np.zeros((n_vendors + 1, n_vendors), np.int64), np.zeros(n_vendors)
    bits, looks = np.empty(end - begin, np.uint32), np.empty(end - begin + 1, np.int64)
    for q in range(end - begin):  # a loop of its own becomes vector operations
        event = event_state(key, client_id[begin + q], np.uint64(0), month)
        bits[q] = bits32(event, np.uint32(1))
    n = np.uint64(0)
    for q in range(end - begin):
        looks[n] = begin + q
        n += np.uint64(np.uint64(bits[q]) < looks_below[home[begin + q]])  # last without a home
    for i in looks[:n]:
        before = np.int64(home[i]) if home[i] >= 0 else n_vendors
        served[:] = 0.0
        for w in range(first[i], first[i + 1]):
            j = current[w]
            if j < 0 or platform[j] >= n_vendors:
                continue
            amount = unit[j]
            if by_volume:
                amount = exp(np.float64(log_volume[w])) * unit[j]
            if per_skill[j]:
                amount /= np.float64(skill[i])
            served[platform[j]] += amount
        best, most = before, served[before] if before < n_vendors else 0.0
        for v in range(n_vendors):
            if cloud[v] and served[v] > most:
                best, most = np.int64(v), served[v]
        if best != before:
            home[i] = best
            moved[before, best] += np.int64(np.float64(weight[i]) * FIXED_POINT + 0.5)
    return moved
