"""What every openness strategy is asked."""

from __future__ import annotations

from dataclasses import dataclass

from sim.strategies.registry import Strategy


@dataclass(frozen=True)
class OwnFamily:
    """What an owner knows of a family of its own."""

    name: str
    flagship: bool  # no released family of the owner is more capable


class OpennessStrategy(Strategy):
    """Decides about the weights of own families marked `as_owner`, and about hosting rivals'."""

    kind = "openness"

    def opens(self, months_since_release: int) -> bool:
        """Whether the weights of an own family are open this month."""
        return False

    def opens_family(self, family: OwnFamily, months_since_release: int) -> bool:
        """The same where it depends on which family it is."""
        return self.opens(months_since_release)

    def hosts(self, months_since_open: int) -> bool:
        """Whether to serve a rival's family whose weights have been open that long."""
        return False
