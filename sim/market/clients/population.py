"""Clients and their workloads as columns, drawn once from keyed draws.

Sizes are lognormal with mean 1. Clients are drawn with density proportional to size^a times the
population density and carry the weight size^-a (importance sampling, exact in expectation): with
ln s ~ N(-sigma^2/2, sigma^2) the tilted law is N(-sigma^2/2 + a sigma^2, sigma^2).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from sim.market.clients.drawing import (
    Kinds,
    People,
    Segments,
    Sizes,
    Traits,
    Work,
    add_powers,
    count_work,
    draw_range,
    new_room,
)
from sim.market.clients.noise import keys32, name_key, pick, stream_key
from sim.market.clients.threads import over_items
from sim.market.shared import shared
from sim.market.world import World
from sim.numeric.portable import exp, ln

if TYPE_CHECKING:
    from sim.scenario.schema.population import Spread
    from sim.scenario.schema.scenario import Scenario


Column = npt.NDArray[Any]
FIXED_POINT = 2.0**20  # volumes and weights are added up as whole multiples of 2^-20
LEAST_PRESENCE = 1e-12  # keeps the volume of an absent kind of work defined
LEAST_VOLUME = 1e-30  # and its logarithm
CHUNK = 2**15  # clients that are drawn together


@dataclass
class Population:
    """Columns of clients (n,) and of workloads (m,); workloads of a client lie together."""

    client_id: Column  # (n,) uint32, the stable number that keys every draw
    segment: Column  # (n,) int16
    region: Column  # (n,) int16
    cell: Column  # (n,) int32, segment x region
    home: Column  # (n,) int16, -1 without a home cloud
    own_machines: Column  # (n,) bool
    key_account: Column  # (n,) bool
    weight: Column  # (n,) float32, real enterprises a client stands for
    size: Column  # (n,) float32
    alpha: Column  # (n,) float32, price sensitivity
    skill: Column  # (n,) float32
    log_skill: Column  # (n,) float64
    taste: Column  # (n, V) float32, lasting taste for each platform
    first: Column  # (n + 1,) int64, first workload of each client
    client: Column  # (m,) int32
    kind: Column  # (m,) int16
    row: Column  # (m,) uint16, cell x kind: row of the tables of volumes
    work_weight: Column  # (m,) float32, the client's
    work_key: Column  # (m,) uint64
    log_base: Column  # (m,) float32, ln volume at reference price in the first month
    log_need: Column  # (m,) float32, log2 of the context needed
    adopts_at: Column  # (m,) float32, adopted share at which this workload begins

    @property
    def n_clients(self) -> int:
        """Simulated clients."""
        return len(self.client_id)

    @property
    def n_workloads(self) -> int:
        """Workloads, adopted or not."""
        return len(self.client)

    @cached_property
    def nbytes(self) -> int:
        """Memory that the columns take."""
        names = (*CLIENT_COLUMNS, *WORK_COLUMNS, "first")
        return sum(getattr(self, name).nbytes for name in names)

    def permuted(self, order: npt.NDArray[np.int64]) -> Population:
        """The same clients stored in another order (results must not change)."""
        counts = np.diff(self.first)[order]
        spans = [np.arange(self.first[c], self.first[c + 1]) for c in order]
        work = np.concatenate(spans)
        moved = {name: getattr(self, name)[order] for name in CLIENT_COLUMNS}
        moved |= {name: getattr(self, name)[work] for name in WORK_COLUMNS}
        moved["client"] = np.repeat(np.arange(len(order), dtype=np.int32), counts)
        moved["first"] = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        return Population(**moved)


CLIENT_COLUMNS = (
    "client_id",
    "segment",
    "region",
    "cell",
    "home",
    "own_machines",
    "key_account",
    "weight",
    "size",
    "alpha",
    "skill",
    "log_skill",
    "taste",
)
WORK_COLUMNS = (
    "client",
    "kind",
    "row",
    "work_weight",
    "work_key",
    "log_base",
    "log_need",
    "adopts_at",
)


def effective_clients(population: Population) -> float:
    """Kish's effective sample size of token weights, (sum w)^2 / sum w^2 over clients.

    Sums are of whole multiples of 2^-20, so that they do not depend on the order of the clients.
    """
    columns, sums = (population.weight, population.size), np.zeros(2, np.int64)
    add_powers(*columns, 1.0, FIXED_POINT, sums)
    mean = float(sums[0] / FIXED_POINT) / max(population.n_clients, 1)
    add_powers(*columns, mean, FIXED_POINT, sums)
    total, squares = (sums / FIXED_POINT).tolist()
    return float(total**2 / squares)


def _traits(world: World, seed: np.random.SeedSequence) -> Traits:
    """Keys of each trait, in the order of `sim.market.clients.drawing`."""
    names = ["size", "own_machines", "alpha", "skill"]
    names += [f"taste/{name}" for name in world.vendors]
    for kind in world.kinds:
        names += [f"{trait}/{kind}" for trait in ("has", "volume", "need", "adopts")]
    streams = [stream_key(seed, f"population/{name}") for name in names]
    return Traits(np.array(streams), np.array([name_key(name) for name in names], np.uint64))


def _sizes(scenario: Scenario) -> Sizes:
    """Law of sizes, weights and key accounts."""
    table = scenario.population
    sigma, tilt = table.size_sigma, table.size_tilt
    mean_tilted = exp(tilt * (tilt - 1) * sigma**2 / 2)
    cut = -(sigma**2) / 2 + sigma * float(ndtri(1 - table.key_account_share))
    return Sizes(
        sigma=sigma,
        shift=sigma**2 / 2,
        tilted=tilt * sigma**2,
        tilt=tilt,
        scale=table.represents / table.clients * mean_tilted,
        cut=cut if sigma > 0 else math.inf,
        taste_sd=table.taste_sd if scenario.mechanisms.lasting_taste else 0.0,
    )


def _segments(scenario: Scenario, world: World) -> Segments:
    tables = [scenario.segments[name] for name in world.segments]
    factor = np.array([table.size_factor for table in tables])
    share = np.array([table.share for table in tables])
    return Segments(
        own_machines=np.array([table.own_machines_share for table in tables], float),
        factor=factor.astype(float),
        mean_factor=math.fsum((factor * share).tolist()),
        alpha=_laws([table.price_sensitivity for table in tables]),
        skill=_laws([table.skill for table in tables]),
        n_regions=len(world.regions),
    )


def _laws(spreads: list[Spread]) -> npt.NDArray[np.float64]:
    return np.array([[spread.mean, spread.sd] for spread in spreads], np.float64)


def _kinds(scenario: Scenario, world: World) -> Kinds:
    tables = [scenario.kinds[name] for name in world.kinds]
    represents = scenario.population.represents
    each = [t.volume / (represents * max(t.presence, LEAST_PRESENCE)) for t in tables]
    return Kinds(
        presence=np.array([t.presence for t in tables], float),
        volume=np.array([max(volume, LEAST_VOLUME) for volume in each], float),
        noise=np.array([t.size_noise for t in tables], float),
        noise_mean=np.array([t.size_noise**2 / 2 for t in tables], float),
        need=np.array([ln(t.need_median_tokens) for t in tables], float),
        need_sigma=np.array([t.need_sigma for t in tables], float),
        key=np.array([name_key("kind", name) for name in world.kinds], np.uint64),
        adoption=scenario.mechanisms.adoption,
    )


def _pick(
    seed: np.random.SeedSequence, trait: str, ids: Column, shares: dict[str, float]
) -> npt.NDArray[np.int16]:
    log_weight = np.array([ln(share) if share > 0.0 else -math.inf for share in shares.values()])
    return pick(stream_key(seed, f"population/{trait}"), ids, keys32(list(shares)), log_weight)


def _empty(n: int, m: int, n_vendors: int) -> Population:
    """Columns of n clients and m workloads, to be filled; each client numbered by its place."""
    return Population(
        client_id=np.arange(n, dtype=np.uint32),
        segment=np.empty(n, np.int16),
        region=np.empty(n, np.int16),
        cell=np.empty(n, np.int32),
        home=np.empty(n, np.int16),
        own_machines=np.empty(n, bool),
        key_account=np.empty(n, bool),
        weight=np.empty(n, np.float32),
        size=np.empty(n, np.float32),
        alpha=np.empty(n, np.float32),
        skill=np.empty(n, np.float32),
        log_skill=np.empty(n, np.float64),
        taste=np.empty((n, n_vendors), np.float32),
        first=np.zeros(n + 1, np.int64),
        client=np.empty(m, np.int32),
        kind=np.empty(m, np.int16),
        row=np.empty(m, np.uint16),
        work_weight=np.empty(m, np.float32),
        work_key=np.empty(m, np.uint64),
        log_base=np.empty(m, np.float32),
        log_need=np.empty(m, np.float32),
        adopts_at=np.empty(m, np.float32),
    )


def draw_population(scenario: Scenario, world: World, seed: np.random.SeedSequence) -> Population:
    """Draw the clients of a scenario under a seed, a chunk of clients at a time.

    Draws are keyed, so chunks change nothing; threads share them.
    """
    n = scenario.population.clients
    chunks = [(begin, min(begin + CHUNK, n)) for begin in range(0, n, CHUNK)]
    drawn = _empty(n, 0, world.n_vendors)
    people = People(**{name: getattr(drawn, name) for name in People._fields})
    traits, kinds = _traits(world, seed), _kinds(scenario, world)
    over_items(lambda chunk: count_work(*chunk, traits, kinds, people), chunks)
    np.cumsum(drawn.first, out=drawn.first)
    rest = _empty(0, int(drawn.first[-1]), 0)
    for name in WORK_COLUMNS:
        setattr(drawn, name, getattr(rest, name))
    work = Work(**{name: getattr(drawn, name) for name in Work._fields})
    sizes, segments = _sizes(scenario), _segments(scenario, world)
    shares = _shares(scenario, world)

    def draw(chunk: tuple[int, int]) -> None:
        mine = slice(*chunk)
        for trait, share in shares.items():
            getattr(drawn, trait)[mine] = _pick(seed, trait, drawn.client_id[mine], share)
        home = drawn.home[mine]
        home[home == world.n_vendors] = -1
        draw_range(*chunk, traits, sizes, segments, kinds, people, work, new_room())

    over_items(draw, chunks)
    return drawn


def _shares(scenario: Scenario, world: World) -> dict[str, dict[str, float]]:
    """Among what each client picks its segment, region and home, and how likely each is."""
    homes = {name: scenario.vendors[name].home_share for name in world.vendors}
    return {
        "segment": {name: scenario.segments[name].share for name in world.segments},
        "region": {name: scenario.regions[name].share for name in world.regions},
        "home": homes | {"no_home": max(0.0, 1.0 - math.fsum(homes.values()))},
    }


def _tables(scenario: Scenario, world: World) -> str:
    """All that a population is drawn from."""
    tables = scenario.model_dump_json(
        include={"population", "segments", "regions", "kinds", "mechanisms"}
    )
    homes = ",".join(f"{name}={scenario.vendors[name].home_share!r}" for name in world.vendors)
    return tables + homes


_CACHE: dict[tuple[str, str], Population] = {}
_CACHED = 2  # populations are kept in any case,
CACHE_BYTES = 64 * 2**20  # and more, while they take no more than this together


def population_for(scenario: Scenario, world: World, seed: np.random.SeedSequence) -> Population:
    """The population of a scenario and seed, shared by worlds that have the same clients.

    Columns are never changed by a run, so worlds of a replicate may share them.
    """
    tables = shared(scenario, "population", lambda: _tables(scenario, world))
    key = (tables, f"{seed.entropy}/{seed.spawn_key}")
    if key not in _CACHE:
        while len(_CACHE) >= _CACHED and _bytes_with_one_more() > CACHE_BYTES:
            _CACHE.pop(next(iter(_CACHE)))
        _CACHE[key] = draw_population(scenario, world, seed)
    return _CACHE[key]


def _bytes_with_one_more() -> float:
    """Bytes of the shared populations and of another one, as large as they are on average."""
    held = sum(population.nbytes for population in _CACHE.values())
    return held * (len(_CACHE) + 1) / len(_CACHE)


def clear_populations() -> None:
    """Forget shared populations (to free their memory, or to time their drawing)."""
    _CACHE.clear()
