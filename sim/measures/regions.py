"""What happens region by region."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.measures.registry import Floats, measure
from sim.measures.tokens import boards, figures

if TYPE_CHECKING:
    from sim.market.model import MarketModel


@measure("share", "region", "vendor")
def region_token_share(model: MarketModel) -> Floats:
    """Share of platform tokens asked for, within each region."""
    return boards(model).by_region


@measure("share", "region", "family")
def region_family_share(model: MarketModel) -> Floats:
    """Share of model-family tokens asked for, self-hosted work included, within each region."""
    return boards(model).families_by_region


@measure("share", "vendor")
def overseas_family_share(model: MarketModel) -> Floats:
    """Share of model-family tokens that clients outside the domestic regions ask for, by owner."""
    return boards(model).abroad_share


@measure("developers", "region", "family")
def developers_by_region(model: MarketModel) -> Floats:
    """Developers of each open family in regions with a pool of their own.

    The others share one pool, shown in each of them.
    """
    return figures(model).developers_by_region
