"""What vendors know before they decide: last month's market, their own books, market research."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from sim.economics.mixed import Demand
from sim.market.clients.choice import values_without_listed_prices
from sim.market.clients.population import draw_panel
from sim.market.supply.costs import supply_rules
from sim.market.tables import fill_terms
from sim.market.world import API
from sim.numeric.arrays import ratio, sums_by_group
from sim.numeric.portable import exp
from sim.strategies.view import Books, View

if TYPE_CHECKING:
    from sim.market.agent import VendorAgent
    from sim.market.base import BaseMarket
    from sim.market.world import MarketLayout
    from sim.scenario.schema.scenario import Scenario


Floats = npt.NDArray[np.float64]
MILLION = 1e6
POINTS = 100.0  # share points in the whole market


class PrivateFigures(NamedTuple):
    """Last month's figures of a vendor, which it alone knows."""

    churn: float  # share of its workloads that left; the review hazard before any could
    output: float  # million tokens of model calls
    utilisation: float
    excess: float  # calls asked for over those served
    token_share: float
    cash: float
    experience: float
    share_value: float  # yuan that a further million tokens is worth beside its profit


class Information(NamedTuple):
    """The public view, and by vendor what it alone knows; unit costs (J,) are opportunity costs."""

    view: View
    private: list[PrivateFigures]
    unit_cost: Floats


def information(model: BaseMarket) -> Information:
    """What is known now; an offer that begins shows its first price."""
    state, world = model.state, model.world
    price, cost, unit_cost = np.zeros((3, world.n_offers))
    cost[: world.n_api], unit_cost[: world.n_api] = model.costs.accounting, model.costs.opportunity
    first = np.where(state.last_price > 0.0, state.last_price, state.list_price)
    price[:] = np.where(model.on_sale, first, 0.0)
    view = View(
        month=model.month,
        price=_sealed(price),
        token_share=_sealed(state.token_share.copy()),
        cost_estimate=_sealed(cost),
        demand=_Research(model),
        **model.rules(_fixed_view),
    )
    return Information(view, private_figures(model), unit_cost)


def private_figures(model: BaseMarket) -> list[PrivateFigures]:
    """What each vendor alone knows of last month.

    The worth of a further million tokens is omega dS/dq with S = q/Q: omega x 100 points x
    (1 - S) / Q.
    """
    state, tokens = model.state, model.volumes.tokens
    total, share = math.fsum(tokens.tolist()), state.token_share
    worth = model.rules(share_points) * MILLION * POINTS
    value = worth * (1.0 - share) / total if total > 0.0 else np.zeros_like(share)
    columns = (  # the fields of `PrivateFigures`
        _churn(model),
        tokens,
        state.utilisation,
        state.excess,
        share,
        state.cash,
        state.experience,
        value,
    )
    rows = zip(*(column.tolist() for column in columns), strict=True)
    return [PrivateFigures(*row) for row in rows]


def _churn(model: BaseMarket) -> Floats:
    """(V,) workloads that left last month, as a share; the review hazard before any could."""
    usual, world = model.scenario.demand.review.api, model.world
    if model.month == 0:
        return np.full(world.n_vendors, usual)
    flow = model.tally.flow
    here = sums_by_group(model.presence.active, world.platform, world.n_vendors + 2)
    left = np.add.reduce(flow, axis=1)
    before = here + (left - np.add.reduce(flow, axis=0))
    return np.minimum(ratio(left, before, otherwise=usual), 1.0)[: world.n_vendors]


def share_points(scenario: Scenario, world: MarketLayout) -> Floats:
    """(V,) worth that each vendor gives to a point of its token share, million yuan."""
    tables = [scenario.vendors[name] for name in world.vendors]
    return np.array([table.objective.share_point for table in tables])


def public_view(model: BaseMarket) -> View:
    """Last month's market as a read-only snapshot."""
    return information(model).view


def _fixed_view(scenario: Scenario, world: MarketLayout) -> dict[str, Any]:
    """What is the same in the view of every month."""
    return {
        "platform": _sealed(world.platform.copy()),
        "family": _sealed(world.family.copy()),
        "inelastic_limit": scenario.decisions.inelastic_limit,
        "review_hazard": scenario.demand.review.api,
        "vendors": world.vendors,
    }


def _sealed(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    array.flags.writeable = False
    return array


class _Research:
    """The demand that the panel shows, computed when it is first asked for in a month."""

    def __init__(self, model: BaseMarket) -> None:
        self.model = model
        self.demand: Demand | None = None

    def __call__(self) -> Demand:
        if self.demand is None:
            self.demand = panel_demand(self.model)
        return self.demand


def private_books(
    model: BaseMarket, vendor: VendorAgent, unit_cost: Floats, figures: PrivateFigures | None = None
) -> Books:
    """What only this vendor knows; `figures` spares computing them again."""
    own, figures = model.own_offers(vendor.index), figures or private_figures(model)[vendor.index]
    rules = model.rules(supply_rules)
    return Books(
        own=own,
        price=model.state.list_price[own],
        unit_cost=unit_cost[own],
        vendor=vendor.index,
        funding_limit=vendor.funding_limit,
        learning_exponent=rules.learning,
        forgetting=rules.table.learning.forgetting,
        **figures._asdict(),
    )


def panel_demand(model: BaseMarket) -> Demand:
    """Long-run demand at last month's public state: every panel workload chooses anew."""
    world, terms = model.world, fill_terms(model)
    if model.panel is None:
        size, tokens = model.scenario.decisions.panel, ~terms.hours_kind
        model.panel = draw_panel(model.population, tokens, model.seed, size)
    panel = model.panel
    values = values_without_listed_prices(
        panel.members, model.columns, model.choices, world, terms, model.streams
    )
    # the tables' price terms count from the market's mean price, the panel's from zero
    priced = (world.channel == API) & model.on_sale
    values[:, priced] += panel.alpha[:, None] * terms.mean_price_term
    values.flags.writeable = False
    return Demand(
        weights=panel.weights * exp(terms.log_growth[panel.kind]),
        values=values,
        alpha=panel.alpha,
        priced=priced,
        nest=world.channel,
        rho=terms.rho,
        box_cox=terms.box_cox,
        price_shift=terms.price_shift,
        usage_elasticity=terms.elasticity[panel.kind],
    )
