"""What every openness strategy is asked."""

from __future__ import annotations

from sim.strategies.registry import Strategy


class OpennessStrategy(Strategy):
    """Decides about the weights of own families marked `as_owner`, and about hosting rivals'."""

    kind = "openness"

    def opens(self, months_since_release: int) -> bool:
        """Whether the weights of an own family are open this month."""
        return False

    def hosts(self, months_since_open: int) -> bool:
        """Whether to serve a rival's family whose weights have been open that long."""
        return False
