"""A new version of a family."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.events.base import Event
from sim.parts import par

if TYPE_CHECKING:
    from sim.market.model import MarketModel


class Release(Event):
    """A version that changes capability, context window or serving cost."""

    kind = "release"

    family: str = par(..., "family", flag="input")
    capability: float | None = par(None, "new capability", unit="point", low=-20.0, high=20.0)
    context_tokens: int | None = par(
        None, "new context window", unit="tokens", low=1, high=1_000_000_000
    )
    serving_cost: float | None = par(None, "new accelerator time per token", above=0.0, high=1e3)

    def apply(self, model: MarketModel) -> None:
        """Put the version in place; a context limit of the family holds."""
        f = model.world.families.index(self.family)
        table = model.scenario.families[self.family]
        if self.capability is not None:
            for k, kind in enumerate(model.world.kinds):
                extra = table.strengths.get(kind, 0.0)
                model.state.capability[f, k] = self.capability + extra
        if self.context_tokens is not None:
            limit = table.context_limit_tokens
            model.state.context[f] = min(self.context_tokens, limit or self.context_tokens)
        if self.serving_cost is not None:
            model.state.serving_cost[f] = self.serving_cost
