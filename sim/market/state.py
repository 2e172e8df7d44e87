"""What changes from month to month outside the client columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from sim.market.world import MarketLayout
from sim.strategies.agents import SIDES, Launch
from sim.strategies.marketing import Stage

if TYPE_CHECKING:
    from sim.scenario.schema.scenario import Scenario


Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass
class AgentPlatforms:
    """Arrays (V, S) by platform and side (see `SIDES`) unless said otherwise."""

    open: Bools
    agents: Floats
    builders: Floats
    days: Floats  # to build an agent
    portability: Floats
    joining: Floats  # builders that join this month
    users: Floats  # clients whose agent work it serves; 0 while none is open
    clients: Floats  # (S,) clients that have begun agent work, wherever

    def launch(self, v: int, opened: Launch) -> None:
        """Open sides of a platform; agents and builders are added to what is there."""
        for s in np.flatnonzero(opened.sides):
            self.open[v, s] = True
            self.agents[v, s] += opened.agents
            self.builders[v, s] += opened.builders
            self.portability[v, s] = opened.portability
            if opened.days_to_build is not None:
                self.days[v, s] = opened.days_to_build


def no_platforms(scenario: Scenario, world: MarketLayout) -> AgentPlatforms:
    """Nobody has opened a platform yet."""
    shape = (world.n_vendors, len(SIDES))
    return AgentPlatforms(
        open=np.zeros(shape, bool),
        agents=np.zeros(shape),
        builders=np.zeros(shape),
        days=np.full(shape, scenario.agents.days_to_build),
        portability=np.zeros(shape),
        joining=np.zeros(shape),
        users=np.zeros(shape),
        clients=np.zeros(len(SIDES)),
    )


@dataclass
class MarketState:
    """Arrays by vendor (V,), family (F,), kind (K,) and offer (J,)."""

    # supply side of the world
    availability: float
    external_cost_factor: float
    market_rent: float  # yuan per card-month
    rent_response: float  # how fast it answers scarcity, 1/month
    supply_shock: float  # z: log price of bought cards over its dated path
    obtainable: float  # availability this month, the shock included
    # vendors
    own_cards: Floats  # (V,) cards
    external_cards: Floats  # (V,)
    pipeline: Floats  # (V, lead) cards ordered, by months until delivery
    own_pipeline: Floats  # (V, lead) those of them that are self-made
    ordered: Floats  # (V,) cards ordered this month
    app_tokens: Floats  # (V,) million tokens of the vendors' own apps this month
    app_cards: Floats  # (V,) cards that these need
    app_factor: Floats  # (V,) what events have multiplied them with
    load_cards: Floats  # (V,) cards wanted by customers last month
    load_trend: Floats  # (V,) expected log growth of that load a month
    utilisation: Floats  # (V,) customers' load over the cards for them, at most 1
    rent_premium: Floats  # (V,) factor on its rent while its cards are short, at least 1
    tightness: Floats  # (V,) the same without a limit
    excess: Floats  # (V,) calls asked for over those served, last month; see `note_excess`
    experience: Floats  # (V,) million tokens, forgotten over time
    experience_start: Floats  # (V,)
    reliability: Floats  # (V,)
    last_reliability: Floats  # (V,)
    cash: Floats  # (V,) million yuan
    attention: Floats  # (V,)
    goodwill: Floats  # (cells, V) million yuan, forgotten over time
    campaign: Floats  # (V,) million yuan of campaigns last month, seen by all
    token_share: Floats  # (V,) platform tokens of last month
    call_revenue: Floats  # (V,) million yuan of model calls last month
    revenue: Floats  # (V,) million yuan of the full stack last month
    research: Floats  # (V,) million yuan spent on research this month
    research_steps: npt.NDArray[np.int64]  # (V,) steps up the quality ladder so far
    discount: Floats  # (V,) price cut paid by freed money
    # moves of this month
    stages: list[tuple[int, Stage]]  # of campaigns, with their vendors
    spending: dict[str, Floats]  # on moves by purpose, (V,) million yuan
    # families
    released: Bools  # (F,)
    weights_open: Bools  # (F,)
    open_month: npt.NDArray[np.int64]  # (F,) month in which the weights were published
    capability: Floats  # (F, K) stated at releases
    contribution: Floats  # (F,) capability that communities added
    context: Floats  # (F,) tokens
    serving_cost: Floats  # (F,)
    developers: Floats  # (F,) of the regions without a pool of their own
    developers_in: Floats  # (F, R) of the regions with one
    derivatives: Floats  # (F,) derivative models
    other_models: float  # models of lineages outside the scenario
    # agent platforms of the vendors
    platforms: AgentPlatforms
    # demand side of the world
    adopted: Floats  # (K,)
    adoption_boost: float  # log factor on adoption, fades
    log_shift: Floats  # (K,) dated shifts of demand reached so far
    shifts: list[tuple[int, float, int]]  # going on: kind, log change a month, months left
    awareness: Floats  # (cells, V) share of clients that know a platform
    mean_capability: Floats  # (K,) token-weighted, last month
    tokens_by_kind: Floats  # (K,) asked for last month
    mean_price: float  # token-weighted, last month
    # offers
    hosting: Bools  # (J,) platform serves this family now
    list_price: Floats  # (J,) yuan per million tokens, API only
    last_price: Floats  # (J,) what was paid last month


def start_state(scenario: Scenario, world: MarketLayout) -> MarketState:
    """The state before the first month, without loads (see `start.py`)."""
    v, f, k, j = world.n_vendors, len(world.families), len(world.kinds), world.n_offers
    vendors = [scenario.vendors[name] for name in world.vendors]
    families = [scenario.families[name] for name in world.families]
    capability = np.array(
        [[t.capability + t.strengths.get(kind, 0.0) for kind in world.kinds] for t in families]
    ).reshape(f, k)
    kinds = [scenario.kinds[name] for name in world.kinds]
    adopts = scenario.mechanisms.adoption
    limit = [t.context_limit_tokens or np.inf for t in families]
    return MarketState(
        availability=scenario.supply.availability,
        external_cost_factor=1.0,
        market_rent=scenario.supply.rent,
        rent_response=scenario.supply.rent_response,
        supply_shock=0.0,
        obtainable=scenario.supply.availability,
        own_cards=np.zeros(v),
        external_cards=np.zeros(v),
        pipeline=np.zeros((v, max(scenario.supply.lead_months, 1))),
        own_pipeline=np.zeros((v, max(scenario.supply.lead_months, 1))),
        ordered=np.zeros(v),
        app_tokens=np.zeros(v),
        app_cards=np.zeros(v),
        app_factor=np.ones(v),
        load_cards=np.zeros(v),
        load_trend=np.zeros(v),
        utilisation=np.zeros(v),
        rent_premium=np.ones(v),
        tightness=np.zeros(v),
        excess=np.ones(v),
        experience=np.ones(v),
        experience_start=np.ones(v),
        reliability=np.ones(v),
        last_reliability=np.ones(v),
        cash=np.array([t.finance.cash for t in vendors]),
        attention=np.zeros(v),
        goodwill=np.zeros((world.n_cells, v)),
        campaign=np.zeros(v),
        token_share=np.zeros(v),
        call_revenue=np.zeros(v),
        revenue=np.zeros(v),
        research=np.zeros(v),
        research_steps=np.zeros(v, np.int64),
        discount=np.zeros(v),
        stages=[],
        spending={},
        released=np.zeros(f, bool),
        weights_open=np.zeros(f, bool),
        open_month=np.zeros(f, np.int64),
        capability=capability,
        contribution=np.zeros(f),
        context=np.minimum([float(t.context_tokens) for t in families], limit),
        serving_cost=np.array([t.serving_cost for t in families]),
        developers=np.array([t.community.developers for t in families]),
        platforms=no_platforms(scenario, world),
        developers_in=_developers_in(scenario, world),
        derivatives=np.array([t.community.derivatives for t in families]),
        other_models=scenario.ecosystem.derivatives.other_models,
        adopted=np.array([t.adoption.start if adopts else 1.0 for t in kinds]),
        adoption_boost=0.0,
        log_shift=np.zeros(k),
        shifts=[],
        awareness=np.ones((world.n_cells, v)),
        mean_capability=np.zeros(k),
        tokens_by_kind=np.zeros(k),
        mean_price=0.0,
        hosting=np.zeros(j, bool),
        list_price=np.zeros(j),
        last_price=np.zeros(j),
    )


def _developers_in(scenario: Scenario, world: MarketLayout) -> Floats:
    out = np.zeros((len(world.families), len(world.regions)))
    for f, name in enumerate(world.families):
        for region, pool in scenario.families[name].community.regions.items():
            out[f, world.regions.index(region)] = pool.developers
    return out
