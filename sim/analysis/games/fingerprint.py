"""Fingerprints of pricing strategies: what each asks when a scripted rival asks this or that."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import numpy.typing as npt

from sim.analysis.games.profiles import HISTORICAL, Named, parse_named
from sim.errors import SimError
from sim.strategies.pricing.base import PriceLimits, PricingStrategy
from sim.strategies.registry import make

if TYPE_CHECKING:
    from sim.scenario.schema.scenario import Scenario
    from sim.strategies.view import Books, View


Floats = npt.NDArray[np.float64]

LEVELS = (0.5, 1.0, 1.5, 2.0, 3.0, 5.0)
"""Prices of the scripted rivals over their published unit cost."""
SHARES = (0.1, 0.3, 0.5, 0.7)
"""Own shares of tokens at which the price is asked for."""
MONTHS = 12
DRAWS_SEED = 20_260_402


@dataclass(frozen=True, eq=False)
class Fingerprints:
    """Price over unit cost of each strategy against each probe, and how far apart they are."""

    vendor: str
    names: tuple[str, ...]
    levels: tuple[float, ...]
    shares: tuple[float, ...]
    response: Floats
    """(S, L, K) geometric mean of price over unit cost after some months."""
    distance: Floats
    """(S, S) root mean square distance of log responses over all probes."""

    def document(self) -> dict[str, Any]:
        """Plain numbers for JSON."""
        return {
            "vendor": self.vendor,
            "names": list(self.names),
            "rival_price_over_cost": list(self.levels),
            "own_token_share": list(self.shares),
            "price_over_cost": self.response.tolist(),
            "distance": self.distance.tolist(),
            "months": MONTHS,
        }


def fingerprints(
    scenario: Scenario,
    vendor: str,
    names: Sequence[str],
    *,
    levels: Sequence[float] = LEVELS,
    shares: Sequence[float] = SHARES,
) -> Fingerprints:
    """Play each strategy against rivals that never move, in the first month's market.

    All rivals ask `level` times their published unit cost and the vendor is told one share of
    tokens, month after month; what it asks after `MONTHS` months is its response.

    Parameters
    ----------
    names
        Pricing strategies, see `parse_named`; what names no pricing strategy is left out.

    Raises
    ------
    SimError
        The vendor does not exist or sells no model calls in the first month, or no name is a
        pricing strategy.

    Notes
    -----
    Source: Ashlock & Kim (2008, IEEE Trans. Evolutionary Computation 12:647-659), fingerprints of
    strategies by probes.
    """
    if vendor not in scenario.vendors:
        raise SimError(f"no vendor is called {vendor!r}")
    known = [one for one in (_pricing(scenario, vendor, name) for name in names) if one is not None]
    if not known:
        raise SimError("fingerprints need a pricing strategy")
    view, books, limits = _met(scenario, vendor)
    if len(books.own) == 0:
        raise SimError(f"{vendor} sells no model calls in the first month")
    response = np.array(
        [
            [
                [_answer(one, view, books, limits, level, share) for share in shares]
                for level in levels
            ]
            for one in known
        ]
    )
    logs = np.log(response).reshape(len(known), -1)
    gaps = logs[:, None, :] - logs[None, :, :]
    return Fingerprints(
        vendor,
        tuple(one.name for one in known),
        tuple(levels),
        tuple(shares),
        response,
        np.sqrt((gaps**2).mean(axis=2)),
    )


def _pricing(scenario: Scenario, vendor: str, text: str) -> Named | None:
    named = parse_named(text)
    if named.name == HISTORICAL:
        table = dict(scenario.vendors[vendor].pricing)
        strategy = str(table.pop("strategy"))
        return Named(HISTORICAL, "pricing", strategy, tuple(table.items()))
    return named if named.kind == "pricing" and named.strategy else None


def _met(scenario: Scenario, vendor: str) -> tuple[View, Books, PriceLimits]:
    """What the vendor sees and owns when it decides in the first month."""
    from sim.market.model import MarketModel
    from sim.market.vendors.decisions import price_limits
    from sim.market.vendors.information import information, private_books

    model = MarketModel(scenario, rng=scenario.ensemble.seed)
    view, _, unit_cost = information(model)
    books = private_books(model, model.vendors[vendor], unit_cost)
    return view, books, price_limits(model)


def _answer(
    named: Named, view: View, books: Books, limits: PriceLimits, level: float, share: float
) -> float:
    strategy = cast(PricingStrategy, make("pricing", named.strategy, dict(named.parameters)))
    draws = np.random.Generator(np.random.Philox(DRAWS_SEED))
    on_sale = view.price > 0.0
    scripted = np.where(on_sale, level * view.cost_estimate, 0.0)
    tokens = _with_share(view.token_share, books.vendor, share)
    price = books.price
    for month in range(MONTHS):
        seen = scripted.copy()
        seen[books.own] = price
        for array in (seen, tokens):
            array.flags.writeable = False
        month_view = dataclasses.replace(view, month=month, price=seen, token_share=tokens)
        own = dataclasses.replace(books, price=price, token_share=share)
        wanted = strategy.wanted(month_view, own, draws)
        price = np.asarray(strategy.bounded(month_view, own, wanted, limits))
    return float(np.exp(np.log(price / books.unit_cost).mean()))


def _with_share(shares: Floats, vendor: int, share: float) -> Floats:
    """The vendor has `share`; what is left is divided as before."""
    others = np.delete(shares, vendor)
    left = others / others.sum() if others.sum() > 0.0 else np.full(others.size, 1.0)
    return np.insert((1.0 - share) * left, vendor, share)
