"""A scripted vendor: what it sees and owns is stated, so that its moves can be told exactly."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from sim.economics.mixed import Demand
from sim.strategies.pricing.base import PriceLimits, PricingStrategy
from sim.strategies.pricing.q_learning import LEAST_STEPS, checksum_of
from sim.strategies.view import Books, View

Floats = npt.NDArray[np.float64]
LIMITS = PriceLimits(largest_move=0.5, lowest_price=0.01, inelastic_rise=0.25)
PLATFORM = (0, 0, 1, 2, 4)  # two own offers, two rivals, and postponing
API_NEST, NONE_NEST = 0, 3


def policy_table(**changes: Any) -> dict[str, Any]:
    """A learned policy of three prices: one step above the rival's, at most the highest."""
    content: dict[str, Any] = {
        "format": 1,
        "vendor": "us",
        "rival": "near",
        "own_grid": [1.5, 2.0, 2.5],
        "rival_grid": [1.5, 2.0, 2.5],
        "table": [1, 2, 2, 1, 2, 2, 1, 2, 2],
        "steps": LEAST_STEPS,
        "settled": 10,
        "seed": 1,
        "discount": 0.95,
        "learning_rate": 0.15,
        "exploration_decay": 4e-6,
        "profit_gain": 0.8,
        "scenario": "0" * 64,
    } | changes
    return {"checksum": checksum_of(content), **content}


def sealed(values: Iterable[Any], kind: type = np.float64) -> npt.NDArray[Any]:
    """A read-only array."""
    array: npt.NDArray[Any] = np.array(tuple(values), dtype=kind)
    array.flags.writeable = False
    return array


def panel(alpha: float = 2.0, usage_elasticity: float = 0.7, rivals_sell: bool = True) -> Demand:
    """Demand of three types of clients for the five columns."""
    values = np.array([[0.5, 1.0, 0.8, 0.2, 0.0]] * 3) * np.array([[1.0], [0.5], [2.0]])
    if not rivals_sell:
        values[:, 2:4] = -np.inf
    return Demand(
        weights=sealed([1.0, 2.0, 0.5]),
        values=values,
        alpha=sealed([alpha, 1.2 * alpha, 0.8 * alpha]),
        priced=np.array([True, True, rivals_sell, rivals_sell, False]),
        nest=np.array([API_NEST] * 4 + [NONE_NEST]),
        rho=np.array([0.5, 0.5, 0.5, 0.0]),
        price_shift=0.3,
        usage_elasticity=usage_elasticity,
    )


@dataclass(frozen=True)
class Scene:
    """One month as the vendor meets it."""

    own_price: tuple[float, ...] = (10.0, 20.0)
    rival_price: tuple[float, ...] = (12.0, 8.0)
    unit_cost: tuple[float, ...] = (4.0, 8.0)
    estimate: tuple[float, ...] = (4.0, 8.0, 4.0, 4.0, 0.0)
    share: float = 0.3
    cash: float = 100.0
    funding_limit: float = 500.0
    utilisation: float = 0.5
    excess: float = 1.0
    month: int = 3
    review_hazard: float = 0.12
    churn: float = 0.05
    output: float = 30.0
    experience: float = 1000.0
    learning_exponent: float = 0.08
    forgetting: float = 0.03
    share_value: float = 0.0
    demand: Demand = field(default_factory=panel)

    def view(self) -> View:
        """The public market of last month, read-only."""
        rest = (1.0 - self.share) / 2
        return View(
            month=self.month,
            price=sealed((*self.own_price, *self.rival_price, 0.0)),
            platform=sealed(PLATFORM, np.int64),
            family=sealed((0, 1, 2, 3, -1), np.int64),
            token_share=sealed((self.share, rest, rest)),
            cost_estimate=sealed(self.estimate),
            inelastic_limit=1.05,
            demand=lambda: self.demand,
            review_hazard=self.review_hazard,
            vendors=("us", "near", "far"),
        )

    def books(self, price: Iterable[float] | None = None) -> Books:
        """The vendor's own books; `price` where a run has moved it."""
        return Books(
            vendor=0,
            own=sealed((0, 1), np.int64),
            price=sealed(self.own_price if price is None else price),
            unit_cost=sealed(self.unit_cost),
            utilisation=self.utilisation,
            excess=self.excess,
            token_share=self.share,
            cash=self.cash,
            funding_limit=self.funding_limit,
            churn=self.churn,
            output=self.output,
            experience=self.experience,
            learning_exponent=self.learning_exponent,
            forgetting=self.forgetting,
            share_value=self.share_value,
        )


SCENES: Mapping[str, Scene] = {
    "usual": Scene(),
    "no_rival_sells": Scene(rival_price=(0.0, 0.0), demand=panel(rivals_sell=False)),
    "below_cost": Scene(own_price=(1.0, 2.0)),
    "out_of_money": Scene(own_price=(1.0, 2.0), cash=-600.0),
    "winning": Scene(share=0.9),
    "losing": Scene(share=0.0, utilisation=0.0),
    "inelastic": Scene(demand=panel(alpha=0.02, usage_elasticity=0.1)),
    "inelastic_without_money": Scene(
        own_price=(1.0, 2.0), cash=-600.0, demand=panel(alpha=0.02, usage_elasticity=0.1)
    ),
    "dear_rivals": Scene(rival_price=(500.0, 900.0)),
    "cheap_rivals": Scene(rival_price=(0.02, 0.05)),
}


# parameters without which a strategy cannot be made
NEEDED: Mapping[str, Mapping[str, Any]] = {"q_learning": {"policy": policy_table()}}


class MockVendor:
    """Plays a strategy through scripted months, carrying its own prices along."""

    def __init__(self, strategy: PricingStrategy, seed: int = 0) -> None:
        self.strategy = strategy
        self.rng = np.random.default_rng(seed)
        self.price: Floats | None = None

    def move(self, scene: Scene, limits: PriceLimits = LIMITS) -> Floats:
        """Prices of this month."""
        view, books = scene.view(), scene.books(self.price)
        wanted = self.strategy.wanted(view, books, self.rng)
        self.price = np.asarray(self.strategy.bounded(view, books, wanted, limits))
        return self.price

    def play(self, scenes: Iterable[Scene]) -> Floats:
        """Prices month by month, (months, offers)."""
        return np.stack([self.move(scene) for scene in scenes])
