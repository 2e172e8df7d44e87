"""The two token scoreboards, by region and segment, and their concentration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.measures.registry import Floats, measure, read_once

if TYPE_CHECKING:
    from sim.market.boards import Boards
    from sim.market.figures import Figures
    from sim.market.model import MarketModel


@read_once
def boards(model: MarketModel) -> Boards:
    """Sums of the month by platform, owner, family, segment and region."""
    return model.boards()


@read_once
def figures(model: MarketModel) -> Figures:
    """What the state of the month tells by vendor, family and in all."""
    return model.figures()


@measure("million tokens/month", "vendor")
def platform_tokens(model: MarketModel) -> Floats:
    """Tokens of model calls served by each platform."""
    return boards(model).tokens


@measure("million tokens/month", "vendor")
def platform_tokens_domestic(model: MarketModel) -> Floats:
    """Tokens of domestic clients served by each cloud platform (IDC scope; model companies 0)."""
    return boards(model).scope_tokens


@measure("share", "vendor")
def platform_token_share(model: MarketModel) -> Floats:
    """Share of platform tokens in the IDC scope: domestic, cloud platforms."""
    return boards(model).scope_share


@measure("million tokens/month", "vendor")
def family_tokens(model: MarketModel) -> Floats:
    """Tokens of each vendor's own families, whoever serves or runs them."""
    return boards(model).family_tokens


@measure("share", "vendor")
def family_token_share(model: MarketModel) -> Floats:
    """Share of model-family tokens (Frost & Sullivan scope)."""
    return boards(model).family_share


@measure("million tokens/month")
def total_tokens(model: MarketModel) -> Floats:
    """Tokens served by platforms and by clients themselves."""
    return boards(model).total


@measure("million tokens/month")
def self_hosted_tokens(model: MarketModel) -> Floats:
    """Tokens that clients serve themselves."""
    return boards(model).self_hosted


@measure("million tokens/month", "kind")
def tokens_by_kind(model: MarketModel) -> Floats:
    """Tokens asked for by kind of work (0 for accelerator-hours)."""
    return boards(model).kinds


@measure("share", "segment", "vendor")
def segment_token_share(model: MarketModel) -> Floats:
    """Share of platform tokens asked for, within each segment."""
    return boards(model).by_segment


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


@measure("-")
def hhi_platform_tokens(model: MarketModel) -> Floats:
    """HHI of platform tokens."""
    return boards(model).scope_index


@measure("-")
def hhi_family_tokens(model: MarketModel) -> Floats:
    """HHI of model-family tokens."""
    return boards(model).family_index


@measure("-")
def hhi_revenue(model: MarketModel) -> Floats:
    """HHI of full-stack revenue."""
    return figures(model).revenue_index
