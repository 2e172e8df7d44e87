"""A long context window as a lever."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sim.levers.base import LeverKind
from sim.parts import par


class LongContext(LeverKind):
    """Context windows of all families of the vendor; off = none grows beyond the limit."""

    name = "long_context"

    limit_tokens: int = par(32_000, "window without the move", unit="tokens", low=1)
    cost: float = par(
        3.0, "what the whole move costs, charged to cash", unit="M yuan/month", low=0.0, high=1e6
    )

    def patch(self, tables: Mapping[str, Any]) -> dict[str, Any]:
        """The limit at each family of the vendor, and the further values of `off`."""
        families = tables["families"].items()
        own = [name for name, family in families if family["owner"] == self.vendor]
        limits = {f"families.{name}.context_limit_tokens": self.limit_tokens for name in own}
        return {**limits, **self.off}
