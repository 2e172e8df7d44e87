"""The tables of a month from which every choice is computed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from sim.economics.prices import price_term
from sim.market.agents import agent_weights, agent_worth, side_of_cells
from sim.market.columns import Terms
from sim.market.community import community_by_region
from sim.market.costs import hosting_hours, rent_of
from sim.market.shared import shared
from sim.market.tables import fill_prices, fill_progress, fill_utilities
from sim.market.world import API, HOST, NONE
from sim.numeric.portable import expm1, ln, log1p, log2

if TYPE_CHECKING:
    from sim.market.model import MarketModel

Floats = npt.NDArray[np.float64]
NO_AGENTS, NO_WORTH = np.zeros((0, 0, 0)), np.zeros((0, 0))


class TermsBuilder:
    """Keeps what does not change in a run and fills in the rest each month."""

    def __init__(self, model: MarketModel) -> None:
        scenario, world = model.scenario, model.world
        demand, on = scenario.demand, scenario.mechanisms
        self.model = model
        segments = [scenario.segments[name] for name in world.segments]
        kinds = [scenario.kinds[name] for name in world.kinds]
        self.regions = len(world.regions)
        cells = [(s, r) for s in world.segments for r in world.regions]
        capability = np.array([s.capability_factor for s in segments])
        self.theta = np.repeat(
            np.outer(capability, [k.capability_weight for k in kinds]), self.regions, axis=0
        )
        gamma = demand.community_weight if on.communities else 0.0
        self.gamma = np.repeat([gamma * s.community_factor for s in segments], self.regions)
        self.agents, self.side = agent_weights(model), side_of_cells(model)
        near = [scenario.regions[name].community_factor for name in world.regions]
        self.gamma = self.gamma * np.tile(near, len(segments))
        self.fixed = shared(scenario, "constants", lambda: self._constants(cells))
        self.eligible = shared(scenario, "eligibility", lambda: self._eligibility(cells))
        self.hours_kind = np.array([k.unit == "accelerator_hours" for k in kinds])
        self.cut_up = np.array([k.cut_up_penalty if on.long_documents else 0.0 for k in kinds])
        self.growth = np.array([k.growth for k in kinds])
        self.slowdown = np.array([k.growth_slowdown for k in kinds])
        eta = [k.usage_elasticity if on.usage_response else 0.0 for k in kinds]
        self.elasticity = np.array(eta)
        outside = demand.outside
        self.n0 = np.where(self.hours_kind, outside.rent_n0, outside.n0)
        self.outside = outside.discount
        self.discount = np.where(self.hours_kind, 0.0, outside.discount)
        self.reference = float(
            price_term(outside.reference_price, demand.box_cox, demand.price_shift)
        )
        self.growing = shared(scenario, "growth", self._growth)
        rho = demand.nest_correlation
        self.rho = np.array([rho.api, rho.host, rho.rent, 0.0])
        self.family_cost = demand.switching_cost.family if on.switching_costs else 0.0
        self._by_channel(model)

    def _by_channel(self, model: MarketModel) -> None:
        demand, world, on = model.scenario.demand, model.world, model.scenario.mechanisms
        kappa, eta, review = demand.switching_cost, demand.home_bonus, demand.review
        scale = 1.0 if on.switching_costs else 0.0
        self.platform_cost = (
            scale * np.array([kappa.api, kappa.host, kappa.rent, 0.0])[world.channel]
        )
        home = np.array([eta.api, eta.host, eta.rent, 0.0])[world.channel]
        pull = np.ones((world.n_vendors + 2, 4))
        for v, name in enumerate(world.vendors):
            table = model.scenario.vendors[name].stack.integration
            pull[v, :3] = table.api, table.host, table.rent
        home *= pull[world.platform, world.channel]
        self.home_bonus = home if on.home_cloud else np.zeros_like(home)
        hazard = np.array([review.api, review.host, review.rent, review.none])[world.channel]
        key = np.where(world.channel == NONE, review.none, review.key_account)
        self.hazard = np.stack([hazard, key])

    def _constants(self, cells: list[tuple[str, str]]) -> Floats:
        """(cells, J): platform and family constants, sector roots, control and privacy."""
        scenario, world = self.model.scenario, self.model.world
        out = np.zeros((len(cells), world.n_offers))
        for c, (segment, _) in enumerate(cells):
            for j in range(world.n_offers - 1):
                v, f, channel = world.platform[j], world.family[j], world.channel[j]
                value = 0.0
                if v < world.n_vendors:
                    table = scenario.vendors[world.vendors[v]]
                    value = (table.appeal.api, table.appeal.host, table.appeal.rent)[channel]
                    value += table.roots.get(segment, 0.0)
                if channel == HOST:
                    value += scenario.demand.self_hosting.appeal
                    value += scenario.segments[segment].self_host_appeal
                if channel == API and world.owner[f] == v:
                    value += scenario.families[world.families[f]].appeal
                out[c, j] = value
        return out

    def _eligibility(self, cells: list[tuple[str, str]]) -> npt.NDArray[np.int8]:
        """(cells, J): 0 never, 1 always, 2 only while the weights are open."""
        scenario, world = self.model.scenario, self.model.world
        out = np.ones((len(cells), world.n_offers), np.int8)
        for c, (segment, region) in enumerate(cells):
            rules = scenario.segments[segment].rules
            for j in range(world.n_offers - 1):
                v = world.platform[j]
                if v < world.n_vendors:
                    table = scenario.vendors[world.vendors[v]]
                    if world.vendors[v] in scenario.regions[region].excluded_vendors:
                        out[c, j] = 0
                    if "data_residency" in rules and (table.foreign or table.model_company):
                        out[c, j] = 0
                if "open_weights_only" in rules and world.channel[j] == API and out[c, j]:
                    out[c, j] = 2
        return out

    def open_offers(self) -> npt.NDArray[np.bool_]:
        """(cells, J): offers that a client of the cell may take this month."""
        model, world = self.model, self.model.world
        there, opened = model.available(), model.state.weights_open

        def table() -> npt.NDArray[np.bool_]:
            weights = np.append(opened, True)[world.family]
            return np.asarray((self.eligible > 0) & there & ((self.eligible < 2) | weights))

        return model.memo.of("open offers", (there.tobytes(), opened.tobytes()), table)

    def build(self) -> Terms:
        """The tables of this month."""
        model, world, state = self.model, self.model.world, self.model.state
        demand = model.scenario.demand
        paid, rent = model.paid, rent_of(model)
        seen = np.empty(world.n_api + 1)
        seen[:-1], seen[-1] = paid[: world.n_api], state.mean_price
        seen = price_term(seen, demand.box_cox, demand.price_shift)
        mean_term = float(seen[-1])
        hours, cost, ratio, price = [np.zeros(world.n_offers) for _ in range(4)]
        np.subtract(seen[:-1], mean_term, out=price[: world.n_api])
        self._prices(rent, paid, (hours, cost, ratio, price))
        welfare, none_base, none_slope, log_growth = self._progress(mean_term)
        return Terms(
            open=self.open_offers(),
            base=self._utilities(),
            price=price,
            home_bonus=self.home_bonus,
            platform_cost=self.platform_cost,
            family_cost=self.family_cost,
            log_context=self._log_context(),
            cut_up=self.cut_up,
            awareness=model.awareness,
            host_cost=cost,
            operations=demand.self_hosting.operations_cost,
            none_base=none_base,
            none_slope=none_slope,
            hours_kind=self.hours_kind,
            rho=self.rho,
            adopted=state.adopted,
            hazard=model.hazard(self.hazard),
            price_shift=demand.price_shift,
            box_cox=demand.box_cox,
            mean_price_term=mean_term,
            welfare=welfare,
            log_price_ratio=ratio,
            elasticity=self.elasticity,
            log_growth=log_growth,
            adjustment=demand.usage.adjustment,
            unit_hours=hours,
            auctions=model.bidding.open,
        )

    def _utilities(self) -> Floats:
        """(cells, K, J): see `fill_utilities`."""
        model, world, state = self.model, self.model.world, self.model.state
        demand = model.scenario.demand
        out = np.empty((*self.theta.shape, world.n_offers))
        counts = model.scenario.mechanisms.reliability
        fill_utilities(
            self.fixed,
            self.theta,
            state.capability,
            state.contribution,
            state.mean_capability,
            self.gamma,
            log1p(community_by_region(model) / demand.community_scale),
            state.reliability,
            demand.reliability_weight if counts else 0.0,
            NO_AGENTS if self.agents is None else self.agents,
            NO_WORTH if self.agents is None else agent_worth(model),
            self.side,
            world.family,
            world.platform,
            world.n_api,
            out,
        )
        return out

    def _prices(self, rent: Floats, paid: Floats, out: tuple[Floats, ...]) -> None:
        """Card-hours and yuan per million tokens of HOST offers; log price ratios of all; price
        terms of RENT offers."""
        model, scenario, world = self.model, self.model.scenario, self.model.world
        market_rent, demand = model.state.market_rent, scenario.demand
        fill_prices(
            world.platform,
            world.family,
            (world.host_start, world.rent_start, world.none),
            hosting_hours(model),
            rent,
            market_rent,
            market_rent * demand.self_hosting.own_machine_factor,
            scenario.supply.card_hours,
            paid,
            scenario.decisions.lowest_price,
            demand.usage.reference_price,
            demand.usage.reference_rent,
            *out,
        )

    def _growth(self) -> Floats:
        """(months + 1, K): growth x age, the age of growth that fades being (1 - e^(-s t)) / s."""
        fading = self.slowdown > 0.0
        fades = np.where(fading, self.slowdown, 1.0)
        months = range(self.model.scenario.calendar.months + 1)
        ages = [np.where(fading, -expm1(-fades * float(t)) / fades, float(t)) for t in months]
        return self.growth * np.array(ages)

    def _log_context(self) -> Floats:
        """(J,): log2 of the window."""
        context, family = self.model.state.context, self.model.world.family
        return self.model.memo.of(
            "log context",
            context.tobytes(),
            lambda: log2(np.append(context, 1.0))[family],
        )

    def _progress(self, mean_term: float) -> tuple[Floats, Floats, Floats, Floats]:
        """Welfare, base and slope of postponing, and log growth: see `fill_progress`."""
        state, usage = self.model.state, self.model.scenario.demand.usage
        welfare, none_base = np.empty(self.theta.shape), np.empty(self.theta.shape)
        none_slope, log_growth = np.empty(len(self.growth)), np.empty(len(self.growth))
        fill_progress(
            self.theta,
            state.mean_capability,
            self.n0,
            self.discount,
            self.outside,
            self.hours_kind,
            ln(usage.reference_rent / state.market_rent),
            self.reference - mean_term,
            self.growing[self.model.month],
            state.log_shift,
            welfare,
            none_base,
            none_slope,
            log_growth,
        )
        return welfare, none_base, none_slope, log_growth
