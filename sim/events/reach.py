"""What an event can reach: the part of the market that it reads and changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from sim.strategies.marketing import Stage
from sim.strategies.registry import NamedTables

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


class Switches(Protocol):
    """Mechanisms of the scenario that events depend on."""

    attention: bool
    goodwill: bool
    agent_platforms: bool


class FamilyTable(Protocol):
    """A model family as the scenario states it."""

    strengths: dict[str, float]
    context_limit_tokens: int | None


class DemandFacts(Protocol):
    """Demand as the scenario states it."""

    output_token_share: float


class DecisionFacts(Protocol):
    """Limits on prices as the scenario states them."""

    lowest_price: float


class ScenarioFacts(NamedTables, Protocol):
    """The scenario."""

    @property
    def mechanisms(self) -> Switches: ...
    @property
    def demand(self) -> DemandFacts: ...
    @property
    def decisions(self) -> DecisionFacts: ...
    @property
    def families(self) -> Mapping[str, FamilyTable]: ...
    @property
    def kinds(self) -> Mapping[str, Any]: ...


class Names(Protocol):
    """Names in the order of the arrays."""

    @property
    def vendors(self) -> tuple[str, ...]: ...
    @property
    def families(self) -> tuple[str, ...]: ...
    @property
    def kinds(self) -> tuple[str, ...]: ...
    @property
    def segments(self) -> tuple[str, ...]: ...
    @property
    def regions(self) -> tuple[str, ...]: ...
    def api_offer(self, vendor: str, family: str) -> int:
        """The column of the vendor's calls of the family."""


class Platforms(Protocol):
    """Agent platforms by vendor and side."""

    @property
    def open(self) -> Bools: ...
    @property
    def agents(self) -> Floats: ...
    @property
    def builders(self) -> Floats: ...
    @property
    def days(self) -> Floats: ...
    @property
    def portability(self) -> Floats: ...


class Changeable(Protocol):
    """The state of the month."""

    availability: float
    external_cost_factor: float
    market_rent: float  # yuan per card-month
    rent_response: float
    adoption_boost: float
    stages: list[tuple[int, Stage]]  # of this month's campaigns, with their vendors
    shifts: list[tuple[int, float, int]]  # kind of work, log change a month, months left

    @property
    def own_cards(self) -> Floats: ...
    @property
    def external_cards(self) -> Floats: ...
    @property
    def app_factor(self) -> Floats: ...
    @property
    def cash(self) -> Floats: ...
    @property
    def attention(self) -> Floats: ...
    @property
    def log_shift(self) -> Floats: ...
    @property
    def capability(self) -> Floats: ...
    @property
    def context(self) -> Floats: ...
    @property
    def serving_cost(self) -> Floats: ...
    @property
    def developers(self) -> Floats: ...
    @property
    def list_price(self) -> Floats: ...
    @property
    def platforms(self) -> Platforms: ...


class Prices(Protocol):
    """A pricing strategy."""

    @property
    def follows_list(self) -> bool: ...


class Vendors(Protocol):
    """A vendor of the market."""

    @property
    def pricing(self) -> Prices: ...
    def set_strategy(self, field: str, table: dict[str, Any]) -> None:
        """Act by another strategy from now on."""


class Market(Protocol):
    """The market of a month."""

    @property
    def scenario(self) -> ScenarioFacts: ...
    @property
    def world(self) -> Names: ...
    @property
    def state(self) -> Changeable: ...
    @property
    def vendors(self) -> Mapping[str, Vendors]: ...
