"""Clients and their workloads as columns, drawn once from keyed draws.

Sizes are lognormal with mean 1. Clients are drawn with density proportional to size^a times the
population density and carry the weight size^-a (importance sampling, exact in expectation): with
ln s ~ N(-sigma^2/2, sigma^2) the tilted law is N(-sigma^2/2 + a sigma^2, sigma^2).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from sim.market.noise import keys32, name_key, pick, stream_key, uniforms
from sim.market.shared import shared
from sim.market.threads import over_items
from sim.market.world import World

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
    home: Column  # (n,) int16, -1 without a home cloud
    own_machines: Column  # (n,) bool
    key_account: Column  # (n,) bool
    weight: Column  # (n,) float32, real enterprises a client stands for
    size: Column  # (n,) float32
    alpha: Column  # (n,) float32, price sensitivity
    skill: Column  # (n,) float32
    taste: Column  # (n, V) float32, lasting taste for each platform
    first: Column  # (n + 1,) int64, first workload of each client
    client: Column  # (m,) int32
    kind: Column  # (m,) int16
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
    "home",
    "own_machines",
    "key_account",
    "weight",
    "size",
    "alpha",
    "skill",
    "taste",
)
WORK_COLUMNS = ("client", "kind", "work_key", "log_base", "log_need", "adopts_at")


def exact_total(values: Column) -> float:
    """Sum that does not depend on the order of its terms."""
    return (
        float(np.rint(values.astype(np.float64) * FIXED_POINT).astype(np.int64).sum()) / FIXED_POINT
    )


def effective_clients(population: Population) -> float:
    """Kish's effective sample size of token weights, (sum w)^2 / sum w^2 over clients."""
    volume = population.weight.astype(np.float64) * population.size
    mean = exact_total(volume) / max(len(volume), 1)
    scaled = volume / mean
    return exact_total(scaled) ** 2 / exact_total(scaled * scaled)


class _Draws:
    """Keyed draws of one population."""

    def __init__(self, seed: np.random.SeedSequence, ids: Column) -> None:
        self.seed, self.ids = seed, ids

    def uniform(self, trait: str) -> npt.NDArray[np.float64]:
        return uniforms(
            stream_key(self.seed, f"population/{trait}"), self.ids, np.uint64(name_key(trait))
        )

    def normal(self, trait: str) -> npt.NDArray[np.float64]:
        return ndtri(self.uniform(trait))

    def pick(
        self, trait: str, names: tuple[str, ...], shares: npt.NDArray[np.float64]
    ) -> npt.NDArray[np.int64]:
        with np.errstate(divide="ignore"):
            log_weight = np.log(np.atleast_2d(shares))
        return pick(
            stream_key(self.seed, f"population/{trait}"), self.ids, keys32(list(names)), log_weight
        )

    def spread(self, trait: str, spreads: list[Spread], row: Column) -> Column:
        """Lognormal with the mean and log-sd of each client's segment."""
        mean = np.array([spread.mean for spread in spreads])[row]
        sd = np.array([spread.sd for spread in spreads])[row]
        return (mean * np.exp(sd * self.normal(trait) - sd**2 / 2)).astype(np.float32)


def _sizes(scenario: Scenario, draws: _Draws) -> tuple[Column, Column, Column]:
    """Size, weight and key-account mark of each client."""
    table = scenario.population
    sigma, tilt = table.size_sigma, table.size_tilt
    log_size = sigma * draws.normal("size") - sigma**2 / 2 + tilt * sigma**2
    mean_tilted = math.exp(tilt * (tilt - 1) * sigma**2 / 2)
    weight = table.represents / table.clients * mean_tilted * np.exp(-tilt * log_size)
    cut = -(sigma**2) / 2 + sigma * float(ndtri(1 - table.key_account_share))
    key = log_size > cut if sigma > 0 else np.zeros(len(log_size), bool)
    return np.exp(log_size), weight, key


def _workloads(
    scenario: Scenario, world: World, draws: _Draws, segment: Column, size: Column
) -> dict[str, Column]:
    """Columns of workloads, client by client."""
    n = len(size)
    tables = [scenario.kinds[name] for name in world.kinds]
    has = np.stack(
        [
            draws.uniform(f"has/{name}") < table.presence
            for name, table in zip(world.kinds, tables, strict=True)
        ],
        axis=1,
    )
    client, kind = np.nonzero(has)
    factor = np.array([scenario.segments[name].size_factor for name in world.segments])
    share = np.array([scenario.segments[name].share for name in world.segments])
    mean_factor = math.fsum((factor * share).tolist())
    log_base, log_need, adopts = (np.empty((n, len(tables)), np.float32) for _ in range(3))
    for k, (name, table) in enumerate(zip(world.kinds, tables, strict=True)):
        each = table.volume / (scenario.population.represents * max(table.presence, LEAST_PRESENCE))
        noise = table.size_noise * draws.normal(f"volume/{name}") - table.size_noise**2 / 2
        log_base[:, k] = (
            np.log(max(each, LEAST_VOLUME) * size * factor[segment] / mean_factor) + noise
        )
        need = math.log(table.need_median_tokens) + table.need_sigma * draws.normal(f"need/{name}")
        log_need[:, k] = need / math.log(2.0)
        adopts[:, k] = draws.uniform(f"adopts/{name}")
    if not scenario.mechanisms.adoption:
        adopts[:] = 0.0
    keys = np.array([name_key("kind", name) for name in world.kinds], np.uint64)
    return {
        "first": np.concatenate([[0], np.cumsum(has.sum(axis=1))]).astype(np.int64),
        "client": client.astype(np.int32),
        "kind": kind.astype(np.int16),
        "work_key": keys[kind],
        "log_base": log_base[client, kind],
        "log_need": log_need[client, kind],
        "adopts_at": adopts[client, kind],
    }


def draw_population(scenario: Scenario, world: World, seed: np.random.SeedSequence) -> Population:
    """Draw the clients of a scenario under a seed, a chunk of clients at a time.

    Draws are keyed, so chunks change nothing; they bound the room for intermediate columns, and
    threads share them.
    """
    ids = np.arange(scenario.population.clients, dtype=np.uint32)
    chunks = [ids[begin : begin + CHUNK] for begin in range(0, len(ids), CHUNK)]
    return _joined(over_items(lambda part: _drawn(scenario, world, seed, part), chunks))


def _joined(parts: list[Population]) -> Population:
    """Chunks of clients as one population; each column's chunks are freed when it is done."""
    if len(parts) == 1:
        return parts[0]
    clients = np.cumsum([0, *(part.n_clients for part in parts)])
    works = np.cumsum([0, *(part.n_workloads for part in parts)])
    for part, before, works_before in zip(parts, clients[:-1], works[:-1], strict=True):
        part.client += np.int32(before)
        part.first = part.first[(0 if before == 0 else 1) :] + works_before
    columns = {}
    for name in ("first", *CLIENT_COLUMNS, *WORK_COLUMNS):
        columns[name] = np.concatenate([getattr(part, name) for part in parts])
        for part in parts:
            delattr(part, name)
    return Population(**columns)


def _drawn(
    scenario: Scenario, world: World, seed: np.random.SeedSequence, ids: Column
) -> Population:
    draws = _Draws(seed, ids)
    segments = [scenario.segments[name] for name in world.segments]
    segment = draws.pick("segment", world.segments, np.array([s.share for s in segments]))
    region = draws.pick(
        "region", world.regions, np.array([scenario.regions[name].share for name in world.regions])
    )
    shares = [scenario.vendors[name].home_share for name in world.vendors]
    shares.append(max(0.0, 1.0 - math.fsum(shares)))
    home = draws.pick("home", (*world.vendors, "no_home"), np.array(shares))
    home[home == world.n_vendors] = -1
    size, weight, key = _sizes(scenario, draws)
    sd = scenario.population.taste_sd if scenario.mechanisms.lasting_taste else 0.0
    taste = np.stack(
        [(sd * draws.normal(f"taste/{name}")).astype(np.float32) for name in world.vendors], axis=1
    )
    own = (
        draws.uniform("own_machines") < np.array([s.own_machines_share for s in segments])[segment]
    )
    return Population(
        client_id=ids,
        segment=segment.astype(np.int16),
        region=region.astype(np.int16),
        home=home.astype(np.int16),
        own_machines=own,
        key_account=key,
        weight=weight.astype(np.float32),
        size=size.astype(np.float32),
        alpha=draws.spread("alpha", [s.price_sensitivity for s in segments], segment),
        skill=draws.spread("skill", [s.skill for s in segments], segment),
        taste=np.ascontiguousarray(taste),
        **_workloads(scenario, world, draws, segment, size),
    )


def _tables(scenario: Scenario, world: World) -> str:
    """All that a population is drawn from."""
    tables = scenario.model_dump_json(
        include={"population", "segments", "regions", "kinds", "mechanisms"}
    )
    homes = ",".join(f"{name}={scenario.vendors[name].home_share!r}" for name in world.vendors)
    return tables + homes


_CACHE: dict[tuple[str, str], Population] = {}
_CACHE_SIZE = 2


def population_for(scenario: Scenario, world: World, seed: np.random.SeedSequence) -> Population:
    """The population of a scenario and seed, shared by worlds that have the same clients.

    Columns are never changed by a run, so worlds of a replicate may share them.
    """
    tables = shared(scenario, "population", lambda: _tables(scenario, world))
    key = (tables, f"{seed.entropy}/{seed.spawn_key}")
    if key not in _CACHE:
        while len(_CACHE) >= _CACHE_SIZE:
            _CACHE.pop(next(iter(_CACHE)))
        _CACHE[key] = draw_population(scenario, world, seed)
    return _CACHE[key]


def clear_populations() -> None:
    """Forget shared populations (to free their memory, or to time their drawing)."""
    _CACHE.clear()
