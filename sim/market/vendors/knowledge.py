"""What vendors are told before they decide: last month's public market, and their own books."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from sim.economics.mixed import Demand
from sim.market.clients.columns import Layout, Tally
from sim.market.clients.presence import Presence
from sim.market.state import MarketState
from sim.market.supply.books import Ledger
from sim.market.supply.costs import Chips, CostRules, Costs, fill_costs
from sim.numeric.arrays import Matrix, Vector
from sim.numeric.bundle import Bundle
from sim.numeric.compiled import kernel, step
from sim.numeric.exact import ROOM, exact_sum
from sim.strategies.view import View, told

if TYPE_CHECKING:
    from sim.market.model import MarketModel


Floats = npt.NDArray[np.float64]
MILLION = 1e6
POINTS = 100.0  # share points in the whole market


class PrivateFigures(NamedTuple):
    """Last month's figures of a vendor, told to it alone."""

    churn: float  # share of its workloads that left; the review hazard before any could
    output: float  # million tokens of model calls
    utilisation: float
    token_share: float
    cash: float
    experience: float
    share_value: float  # yuan that a further million tokens is worth beside its profit


CHURN, OUTPUT, UTILISATION, SHARE, CASH, EXPERIENCE, VALUE = range(len(PrivateFigures._fields))
PRICE, COST, UNIT_COST = range(3)  # rows of what is told of offers


class KnowledgeDesk(Bundle):
    """Room for what is told, and what the scenario says of it."""

    usual_churn: float
    share_point: Vector[np.float64]  # (V,) worth of a point of share, million yuan
    private: Matrix[np.float64]  # (V, figures)
    offers: Matrix[np.float64]  # (3, J)
    parts: Vector[np.float64]  # for exact sums


def new_knowledge_desk(model: MarketModel) -> KnowledgeDesk:
    """Room for what is told in a month."""
    names, tables = model.world.vendors, model.scenario.vendors
    return KnowledgeDesk(
        usual_churn=model.scenario.demand.review.api,
        share_point=np.array([tables[name].objective.share_point for name in names]),
        private=np.zeros((len(names), len(PrivateFigures._fields))),
        offers=np.zeros((3, model.world.n_offers)),
        parts=np.zeros(ROOM),
    )


class Knowledge(NamedTuple):
    """The public view, and by vendor what it alone knows; unit costs (J,) are opportunity costs."""

    view: View
    private: list[PrivateFigures]
    unit_cost: Floats


def known(model: MarketModel) -> Knowledge:
    """What is known now; an offer that begins shows its first price."""
    state, desk = model.state, model.knowledge_desk
    market = model.cost_rules, model.chips, model.layout, model.tally, model.presence
    tell(model.month, *market, model.ledger, state, model.costs, desk)
    offers = _sealed(desk.offers.copy())
    view = told(
        View,
        month=model.month,
        price=offers[PRICE],
        token_share=_sealed(state.token_share.copy()),
        cost_estimate=offers[COST],
        demand=_Research(model),
        **model.fixed("view", lambda: _fixed_view(model)),
    )
    private = [PrivateFigures._make(row) for row in desk.private.tolist()]
    return Knowledge(view, private, offers[UNIT_COST])


def public_view(model: MarketModel) -> View:
    """Last month's market as a read-only snapshot."""
    return known(model).view


def _fixed_view(model: MarketModel) -> dict[str, Any]:
    """What is the same in the view of every month."""
    return {
        "platform": _sealed(model.world.platform.copy()),
        "family": _sealed(model.world.family.copy()),
        "inelastic_limit": model.scenario.decisions.inelastic_limit,
        "review_hazard": model.scenario.demand.review.api,
        "vendors": model.world.vendors,
    }


def _sealed(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    array.flags.writeable = False
    return array


class _Research:
    """The demand that the panel tells when it is first asked in a month."""

    def __init__(self, model: MarketModel) -> None:
        self.model = model
        self.told: Demand | None = None

    def __call__(self) -> Demand:
        if self.told is None:
            self.told = self.model.panel.demand()
        return self.told


@kernel
def tell(
    month: int,
    rules: CostRules,
    chips: Chips,
    layout: Layout,
    tally: Tally,
    presence: Presence,
    ledger: Ledger,
    state: MarketState,
    costs: Costs,
    desk: KnowledgeDesk,
) -> None:
    """Fill in prices and costs of model calls, 0 where none is on sale, and private figures."""
    fill_costs(month, rules, chips, layout, state, costs)
    offers = desk.offers
    offers[:] = 0.0
    for j in range(layout.n_api):
        offers[COST, j], offers[UNIT_COST, j] = costs.accounting[j], costs.opportunity[j]
        if state.hosting[j]:
            last = state.last_price[j]
            offers[PRICE, j] = last if last > 0.0 else state.list_price[j]
    tell_private(month, layout, tally, presence, ledger, state, desk)


@step
def tell_private(month, layout, tally, presence, ledger, state, desk):  # type: ignore[no-untyped-def]
    """What each vendor is told alone.

    The worth of a further million tokens is omega dS/dq with S = q/Q: omega x 100 points x
    (1 - S) / Q.
    """
    flow, platform, out = tally.flow, layout.platform, desk.private
    total = exact_sum(ledger.tokens, desk.parts)
    for v in range(len(out)):
        before, left = 0, 0  # in the unit of `active`: the ratio has none
        for j in range(len(platform)):
            before += presence.active[j] if platform[j] == v else 0
        for w in range(len(flow)):
            before += flow[v, w] - flow[w, v]
            left += flow[v, w]
        moved = min(float(left) / float(before), 1.0) if before > 0 else desk.usual_churn
        share, worth = state.token_share[v], desk.share_point[v] * MILLION * POINTS
        out[v, CHURN] = desk.usual_churn if month == 0 else moved
        out[v, OUTPUT], out[v, UTILISATION] = ledger.tokens[v], state.utilisation[v]
        out[v, SHARE], out[v, CASH], out[v, EXPERIENCE] = share, state.cash[v], state.experience[v]
        out[v, VALUE] = worth * (1.0 - share) / total if worth != 0.0 and total > 0.0 else 0.0
