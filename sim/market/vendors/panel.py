"""BaseMarket research: long-run demand of the panel, from which vendors compute prices."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.economics.mixed import Demand
from sim.market.clients.choice import values_without_listed_prices
from sim.market.clients.panel import draw_panel
from sim.market.tables import fill_terms
from sim.market.world import API
from sim.numeric.portable import exp

if TYPE_CHECKING:
    from sim.market.base import BaseMarket


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
