"""The two token scoreboards: by platform that serves, and by family that is used."""

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
