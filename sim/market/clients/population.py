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

from sim.market.clients.drawing import normals, uniforms
from sim.market.clients.threads import over_items
from sim.market.world import MarketLayout, shared
from sim.numeric.draws import event_numbers, keys32, name_key, pick, stream_key
from sim.numeric.portable import exp, ln

if TYPE_CHECKING:
    from sim.scenario.schema.population import Spread
    from sim.scenario.schema.scenario import Scenario


Column = npt.NDArray[Any]
FIXED_POINT = 2.0**20  # volumes and weights are added up as whole multiples of 2^-20
LARGEST_COUNT = 2.0**61  # of the 63 bits of a whole number
LEAST_PRESENCE = 1e-12  # keeps the volume of an absent kind of work defined
LEAST_VOLUME = 1e-30  # and its logarithm
CHUNK = 2**15  # clients that are drawn together
_LN2 = math.log(2.0)


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
    volume = population.weight.astype(np.float64) * population.size.astype(np.float64)

    def total(values: Column) -> float:
        return float(np.rint(values * FIXED_POINT).astype(np.int64).sum() / FIXED_POINT)

    volume = volume / (total(volume) / max(population.n_clients, 1))
    return total(volume) ** 2 / total(volume * volume)


class TraitDraws:
    """Keyed draws of a seed: the name of a trait is its stream and its key."""

    def __init__(self, seed: np.random.SeedSequence) -> None:
        self.seed = seed

    def uniform(self, trait: str, ids: Column) -> Column:
        """Uniform on (0, 1)."""
        key = np.uint64(name_key(trait))
        drawn: Column = uniforms(stream_key(self.seed, f"population/{trait}"), key, ids)
        return drawn

    def normal(self, trait: str, ids: Column) -> Column:
        """Standard normal."""
        drawn: Column = normals(self.uniform(trait, ids))
        return drawn

    def lognormal(self, trait: str, ids: Column, spreads: list[Spread], segment: Column) -> Column:
        """Lognormal with the mean and log-sd of each client's segment."""
        mean = np.array([spread.mean for spread in spreads], float)[segment]
        sd = np.array([spread.sd for spread in spreads], float)[segment]
        return mean * exp(sd * self.normal(trait, ids) - sd * sd / 2.0)


def _draw_clients(
    scenario: Scenario, world: MarketLayout, draws: TraitDraws, people: Population, mine: slice
) -> Column:
    """Fill the columns of some clients whose segments are known; returns their sizes."""
    table, segment, ids = scenario.population, people.segment[mine], people.client_id[mine]
    segments = [scenario.segments[name] for name in world.segments]
    sigma, tilt = table.size_sigma, table.size_tilt
    log_size = sigma * draws.normal("size", ids) - sigma**2 / 2 + tilt * sigma**2
    mean_tilted = exp(tilt * (tilt - 1) * sigma**2 / 2)
    cut = -(sigma**2) / 2 + sigma * float(ndtri(1 - table.key_account_share))
    people.key_account[mine] = log_size > (cut if sigma > 0 else math.inf)
    people.weight[mine] = table.represents / table.clients * mean_tilted * exp(-tilt * log_size)
    people.size[mine] = size = exp(log_size)
    owning = np.array([part.own_machines_share for part in segments], float)
    people.own_machines[mine] = draws.uniform("own_machines", ids) < owning[segment]
    sensitivity = [part.price_sensitivity for part in segments]
    people.alpha[mine] = draws.lognormal("alpha", ids, sensitivity, segment)
    skill = draws.lognormal("skill", ids, [part.skill for part in segments], segment)
    people.skill[mine] = skill
    people.log_skill[mine] = ln(people.skill[mine].astype(np.float64))
    taste_sd = table.taste_sd if scenario.mechanisms.lasting_taste else 0.0
    for v, name in enumerate(world.vendors):
        people.taste[mine, v] = taste_sd * draws.normal(f"taste/{name}", ids)
    people.cell[mine] = segment.astype(np.int32) * len(world.regions) + people.region[mine]
    return size


def _draw_work(
    scenario: Scenario,
    world: MarketLayout,
    draws: TraitDraws,
    people: Population,
    mine: slice,
    size: Column,
    has: Column,
) -> None:
    """Fill the columns of the workloads of some clients; `has` (n, K) says who has which."""
    segments = [scenario.segments[name] for name in world.segments]
    factor = np.array([part.size_factor for part in segments])
    share = np.array([part.share for part in segments])
    mean_factor, represents = math.fsum((factor * share).tolist()), scenario.population.represents
    place = slice(people.first[mine.start], people.first[mine.stop])
    row, kind = np.nonzero(has)  # by client, then by kind: as they are stored
    people.client[place], people.kind[place] = mine.start + row, kind
    people.row[place] = people.cell[mine][row] * len(world.kinds) + kind
    people.work_weight[place] = people.weight[mine][row]
    factor_of = factor.astype(float)[people.segment[mine]]
    for k, name in enumerate(world.kinds):
        table, at, its = (
            scenario.kinds[name],
            place.start + np.flatnonzero(kind == k),
            row[kind == k],
        )
        ids = people.client_id[mine][its]
        volume = table.volume / (represents * max(table.presence, LEAST_PRESENCE))
        people.work_key[at] = name_key("kind", name)
        volumes = max(volume, LEAST_VOLUME) * size[its] * factor_of[its]
        noise = table.size_noise * draws.normal(f"volume/{name}", ids) - table.size_noise**2 / 2
        people.log_base[at] = ln(volumes / mean_factor) + noise
        need = ln(table.need_median_tokens) + table.need_sigma * draws.normal(f"need/{name}", ids)
        people.log_need[at] = need / _LN2
        adopts = draws.uniform(f"adopts/{name}", ids) if scenario.mechanisms.adoption else 0.0
        people.adopts_at[at] = adopts


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


def draw_population(
    scenario: Scenario, world: MarketLayout, seed: np.random.SeedSequence
) -> Population:
    """Draw the clients of a scenario under a seed, a chunk of clients at a time.

    Draws are keyed, so chunks change nothing; threads share them.
    """
    n = scenario.population.clients
    chunks = [(begin, min(begin + CHUNK, n)) for begin in range(0, n, CHUNK)]
    drawn, draws = _empty(n, 0, world.n_vendors), TraitDraws(seed)
    has = np.zeros((n, len(world.kinds)), bool)

    def draw_presence(chunk: tuple[int, int]) -> None:
        mine = slice(*chunk)
        for k, name in enumerate(world.kinds):
            drawn_of = draws.uniform(f"has/{name}", drawn.client_id[mine])
            has[mine, k] = drawn_of < scenario.kinds[name].presence

    over_items(draw_presence, chunks)
    np.cumsum(has.sum(axis=1), out=drawn.first[1:])
    rest = _empty(0, int(drawn.first[-1]), 0)
    for name in WORK_COLUMNS:
        setattr(drawn, name, getattr(rest, name))
    shares = _shares(scenario, world)

    def draw(chunk: tuple[int, int]) -> None:
        mine = slice(*chunk)
        for trait, share in shares.items():
            getattr(drawn, trait)[mine] = _pick(seed, trait, drawn.client_id[mine], share)
        home = drawn.home[mine]
        home[home == world.n_vendors] = -1
        size = _draw_clients(scenario, world, draws, drawn, mine)
        _draw_work(scenario, world, draws, drawn, mine, size, has[mine])

    over_items(draw, chunks)
    return drawn


def _shares(scenario: Scenario, world: MarketLayout) -> dict[str, dict[str, float]]:
    """Among what each client picks its segment, region and home, and how likely each is."""
    homes = {name: scenario.vendors[name].home_share for name in world.vendors}
    return {
        "segment": {name: scenario.segments[name].share for name in world.segments},
        "region": {name: scenario.regions[name].share for name in world.regions},
        "home": homes | {"no_home": max(0.0, 1.0 - math.fsum(homes.values()))},
    }


def _tables(scenario: Scenario, world: MarketLayout) -> str:
    """All that a population is drawn from."""
    tables = scenario.model_dump_json(
        include={"population", "segments", "regions", "kinds", "mechanisms"}
    )
    homes = ",".join(f"{name}={scenario.vendors[name].home_share!r}" for name in world.vendors)
    return tables + homes


DRAWN: dict[tuple[str, str], Population] = {}  # shared by the worlds of a replicate
_CACHED = 2  # populations are kept in any case,
CACHE_BYTES = 64 * 2**20  # and more, while they take no more than this together


def population_for(
    scenario: Scenario, world: MarketLayout, seed: np.random.SeedSequence
) -> Population:
    """The population of a scenario and seed, shared by worlds that have the same clients.

    Columns are never changed by a run, so worlds of a replicate may share them.
    """
    tables = shared(scenario, "population", lambda: _tables(scenario, world))
    key = (tables, f"{seed.entropy}/{seed.spawn_key}")
    if key not in DRAWN:
        while len(DRAWN) >= _CACHED and _bytes_with_one_more() > CACHE_BYTES:
            DRAWN.pop(next(iter(DRAWN)))
        DRAWN[key] = draw_population(scenario, world, seed)
    return DRAWN[key]


def _bytes_with_one_more() -> float:
    """Bytes of the shared populations and of another one, as large as they are on average."""
    held = sum(population.nbytes for population in DRAWN.values())
    return held * (len(DRAWN) + 1) / len(DRAWN)


Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Panel:
    """Token workloads, (T,)."""

    members: Ints  # workloads
    owners: Ints  # their clients
    weights: Floats  # volume at the reference price, of all that they stand for
    alpha: Floats
    kind: npt.NDArray[np.int16]


def draw_panel(
    population: Population, tokens: npt.NDArray[np.bool_], seed: np.random.SeedSequence, size: int
) -> Panel:
    """The workloads with the smallest keyed numbers: the same members in every order.

    `tokens` (K,) are the kinds of work that buy tokens.
    """
    members = np.flatnonzero(tokens[population.kind])
    key = np.uint64(stream_key(seed, "panel"))
    who = population.client_id[population.client[members]].astype(np.uint64)
    numbers = event_numbers(key, 0, who, population.work_key[members])
    order = np.lexsort((population.work_key[members], who, numbers))
    members = members[order[:size]].astype(np.int64)
    owners = population.client[members].astype(np.int64)
    weight = population.weight[owners].astype(np.float64)
    return Panel(
        members=members,
        owners=owners,
        weights=weight * exp(population.log_base[members].astype(np.float64)),
        alpha=population.alpha[owners].astype(np.float64),
        kind=population.kind[members],
    )
