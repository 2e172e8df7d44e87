"""What a strategy may see: the public market of last month and its own books."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from sim.economics.mixed import Demand

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class View:
    """Last month as everybody could see it. Arrays are read-only; J offers, V platforms.

    `demand()` is the long-run demand of the market-research panel: every workload of the panel
    looks again once at the prices it is asked about (columns = offers). `cost_estimate` is the
    accounting cost of each offer as analysts publish it (complete information, as in static
    Bertrand-Nash).
    """

    month: int
    price: Floats  # (J,) yuan per million tokens
    platform: Ints  # (J,)
    family: Ints  # (J,)
    token_share: Floats  # (V,) of platform tokens
    cost_estimate: Floats  # (J,)
    inelastic_limit: float  # elasticity below which the first-order condition has no useful optimum
    demand: Callable[[], Demand] = field(repr=False)
    review_hazard: float = 1.0  # share of model-call workloads looked at in a month
    vendors: tuple[str, ...] = ()  # names of the platforms


@dataclass(frozen=True)
class Books:
    """What only the vendor itself knows. `own` lists its columns of the view."""

    vendor: int
    own: Ints  # (n,) columns of its priced offers
    price: Floats  # (n,)
    unit_cost: Floats  # (n,) opportunity cost, yuan per million tokens
    utilisation: float
    token_share: float
    cash: float  # million yuan
    funding_limit: float  # million yuan
    excess: float = 1.0  # model calls asked for over those served, last month
    churn: float = 1.0  # share of its workloads that left in the last month
    output: float = 0.0  # million tokens of model calls served last month
    experience: float = 1.0  # million tokens, forgotten over time
    learning_exponent: float = 0.0  # unit cost falls with experience^-exponent
    forgetting: float = 0.0  # share of experience lost in a month
    share_value: float = 0.0  # worth of a million tokens to its objective, beside profit, yuan
