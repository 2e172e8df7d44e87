"""Market research: a panel of workloads from which vendors compute long-run demand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sim.economics.mixed import Demand
from sim.market.clients.choice import values_without_listed_prices
from sim.market.clients.noise import event_numbers, stream_key
from sim.market.tables import fill_terms
from sim.market.world import API
from sim.numeric.portable import exp

if TYPE_CHECKING:
    from sim.market.model import MarketModel


class Panel:
    """The token workloads with the smallest keyed numbers: the same members in every order."""

    def __init__(self, model: MarketModel) -> None:
        self.model = model
        population, world = model.population, model.world
        kinds = [model.scenario.kinds[name] for name in world.kinds]
        tokens = np.array([kind.unit == "tokens" for kind in kinds])
        members = np.flatnonzero(tokens[population.kind])
        key = np.uint64(stream_key(model.seed, "panel"))
        who = population.client_id[population.client[members]].astype(np.uint64)
        numbers = event_numbers(key, 0, who, population.work_key[members])
        order = np.lexsort((population.work_key[members], who, numbers))
        self.members = members[order[: model.scenario.decisions.panel]].astype(np.int64)
        self.owners = population.client[self.members].astype(np.int64)
        weight = population.weight[self.owners].astype(np.float64)
        self.weights = weight * exp(population.log_base[self.members].astype(np.float64))
        self.alpha = population.alpha[self.owners].astype(np.float64)
        self.kind = population.kind[self.members]

    def demand(self) -> Demand:
        """Long-run demand at last month's public state: every panel workload looks again."""
        model, world = self.model, self.model.world
        terms = fill_terms(model)
        values = values_without_listed_prices(
            self.members, model.columns, model.choices, model.world, terms, model.streams
        )
        # the tables' price terms count from the market's mean price, the panel's from zero
        priced = (world.channel == API) & model.on_sale
        values[:, priced] += self.alpha[:, None] * terms.mean_price_term
        values.flags.writeable = False
        usage = terms.elasticity[self.kind]
        return Demand(
            weights=self.weights * exp(terms.log_growth[self.kind]),
            values=values,
            alpha=self.alpha,
            priced=priced,
            nest=world.channel,
            rho=terms.rho,
            box_cox=terms.box_cox,
            price_shift=terms.price_shift,
            usage_elasticity=usage,
        )
