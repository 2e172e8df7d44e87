"""A pricing policy that a Q-learner was taught before the run."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

import numpy as np
import numpy.typing as npt
from pydantic import WithJsonSchema, field_validator, model_validator

from sim.numeric.portable import ln
from sim.parts import Part, par
from sim.strategies.pricing.base import Floats, PricingStrategy
from sim.strategies.registry import NamedTables, rival_problems
from sim.strategies.view import Books, View

LEAST_STEPS = 1_000_000  # an algorithm with less training plays noise
MADE_BY = "sim train"


def checksum_of(content: Mapping[str, Any]) -> str:
    """SHA-256 (hex) of a policy's values but its checksum, over canonical JSON."""
    data = {key: value for key, value in content.items() if key != "checksum"}
    text = json.dumps(data, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


class Policy(Part):
    """What a Q-learner does in each state, and how it learned it: data, never code."""

    format: Literal[1] = par(..., "version of this format", flag="input")
    vendor: str = par(..., "who learned", flag="input")
    rival: str = par(..., "against whom, the other half of the state", flag="input")
    own_grid: list[float] = par(..., "its prices over unit cost, rising", flag="data")
    rival_grid: list[float] = par(..., "the rival's prices over unit cost, rising", flag="data")
    table: list[int] = par(
        ...,
        "own price by last prices: place in its grid, own price first, then the rival's",
        flag="data",
    )
    steps: int = par(
        ...,
        "periods of training",
        unit="periods",
        low=LEAST_STEPS,
        high=10**12,
        source="Calvano et al. (2020, AER 110:3267-3297): 1e5 to 1e6 periods to converge",
        flag="literature",
    )
    settled: int = par(
        ...,
        "last period that changed what it does",
        unit="periods",
        low=0,
        high=10**12,
        flag="data",
    )
    seed: int = par(..., "seed of its draws", low=0, high=2**63 - 1, flag="input")
    discount: float = par(..., "delta", low=0.0, high=1.0, source=MADE_BY, flag="literature")
    learning_rate: float = par(..., "alpha", low=0.0, high=1.0, source=MADE_BY, flag="literature")
    exploration_decay: float = par(
        ..., "beta", unit="1/period", low=0.0, high=1.0, source=MADE_BY, flag="literature"
    )
    profit_gain: float = par(
        ...,
        "Delta: 0 at the Nash, 1 at the joint-monopoly profit",
        low=-1e6,
        high=2.0,
        source=MADE_BY,
        flag="data",
    )
    scenario: str = par(..., "SHA-256 of the scenario it learned in", flag="input")
    checksum: str = par(..., "SHA-256 of all other values", flag="input")

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        size = len(self.own_grid)
        for grid in (self.own_grid, self.rival_grid):
            if len(grid) < 2 or grid[0] <= 0.0 or (np.diff(grid) <= 0.0).any():
                raise ValueError("each grid must hold at least two rising prices above 0")
        if len(self.rival_grid) != size or len(self.table) != size * size:
            raise ValueError(f"grids of {size} prices need a table of {size * size} entries")
        if not all(0 <= action < size for action in self.table):
            raise ValueError(f"entries of the table must lie in 0 to {size - 1}")
        if self.checksum != checksum_of(self.model_dump(mode="json")):
            raise ValueError("checksum does not match: changed after training")
        return self


class QLearningParameters(Part):
    """The policy."""

    policy: Annotated[
        Policy,
        WithJsonSchema(
            {
                "type": ["string", "object"],
                "description": "file written by `sim train`, or its content",
            }
        ),
    ] = par(..., "what was learned: the path of a file, or its content", flag="input")

    @field_validator("policy", mode="before")
    @classmethod
    def _is_read(cls, value: Any) -> Any:
        if isinstance(value, str):
            raise ValueError("is a file name: only scenario files can name files, see sim.load")
        return value


class QLearning(PricingStrategy):
    """The price that a Q-learner trained offline takes after last month's prices.

    Learning takes 1e5 to 1e6 periods (Calvano et al. 2020), so that nothing is learned in the
    months of a run: `sim train` teaches, the policy is data of the scenario.
    """

    name = "q_learning"
    source = "Calvano, Calzolari, Denicolo & Pastorello (2020, AER 110:3267-3297)"
    observes = ("rival prices", "published costs", "own cost")
    Parameters = QLearningParameters
    files = ("policy",)

    def problems(self, scenario: NamedTables, vendor: str) -> list[str]:
        """The policy answers to the prices of another vendor of the scenario."""
        return rival_problems("policy.rival", self.parameters.policy.rival, scenario, vendor)

    def wanted(self, view: View, books: Books, rng: np.random.Generator) -> Floats:
        """Unit cost times the learned multiple in the nearest state."""
        policy: Policy = self.parameters.policy
        mine = ln(books.price / books.unit_cost).mean()
        other = _log_markup(view, policy.rival)
        own = _nearest(policy.own_grid, float(mine))
        rival = _nearest(policy.rival_grid, float(mine) if other is None else other)
        action = policy.table[own * len(policy.rival_grid) + rival]
        return books.unit_cost * policy.own_grid[action]


def _log_markup(view: View, rival: str) -> float | None:
    """Mean ln(price / published cost) of a vendor's offers; None if it sells nothing."""
    if rival not in view.vendors:
        return None
    theirs = (view.platform == view.vendors.index(rival)) & (view.price > 0)
    if not theirs.any():
        return None
    return float(ln(view.price[theirs] / view.cost_estimate[theirs]).mean())


def _nearest(grid: list[float], log_markup: float) -> int:
    points: npt.NDArray[np.float64] = ln(np.array(grid))
    return int(np.abs(points - log_markup).argmin())
