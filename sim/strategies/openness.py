"""Openness: which weights are published, and whose families are hosted."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase

from sim.parts import Part, par
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


class Closed(OpennessStrategy):
    """No own weights are published, no rival's family is served beyond the dated entries."""

    name = "closed"
    source = "the closed firm of Casadesus-Masanell & Ghemawat (2006)"


class DelayedOpenParameters(Part):
    """The lag."""

    delay_months: int = par(6, "months from release to open weights", unit="month", low=0, high=120)


class DelayedOpen(OpennessStrategy):
    """Sell first, open later (versioning in time)."""

    name = "delayed_open"
    source = "Varian (2000), Buying, sharing and renting information goods"
    observes = ("age of the family",)
    Parameters = DelayedOpenParameters

    def opens(self, months_since_release: int) -> bool:
        """Once the lag is over."""
        return months_since_release >= self.parameters.delay_months


class OpenWeights(OpennessStrategy):
    """Every family marked `as_owner` is open from its release."""

    name = "open_weights"
    source = "Casadesus-Masanell & Ghemawat (2006, Management Science 52:1072-1084)"
    observes = ("age of the family",)

    def opens(self, months_since_release: int) -> bool:
        """Always."""
        return True


class OpenCoreParameters(Part):
    """Which families are the open core, and when the rest follows."""

    open: tuple[str, ...] = par(
        (),
        "families that are open from their release, by name or pattern (* stands for anything); "
        "none = all but the owner's most capable",
        flag="input",
        strict=False,
    )
    delay_months: int = par(
        12, "months from release until a closed one opens", unit="month", low=0, high=1_200
    )


class OpenCore(OpennessStrategy):
    """Small and older families are open; the flagship stays closed until the lag is over.

    Without names a family opens when the owner releases a more capable one.
    """

    name = "open_core"
    source = "Economides & Katsamakas (2006, Management Science 52:1057-1071); Varian (2000)"
    observes = ("age of the family", "own capabilities")
    Parameters = OpenCoreParameters

    def opens(self, months_since_release: int) -> bool:
        """The flagship: once the lag is over."""
        return months_since_release >= self.parameters.delay_months

    def opens_family(self, family: OwnFamily, months_since_release: int) -> bool:
        """The core at once, the flagship after the lag."""
        names = self.parameters.open
        core = any(fnmatchcase(family.name, n) for n in names) if names else not family.flagship
        return core or self.opens(months_since_release)


class HostRivalsParameters(Part):
    """The lag."""

    delay_months: int = par(
        1, "months from open weights to an offer", unit="month", low=0, high=120
    )


class HostRivals(OpennessStrategy):
    """Own weights stay closed; rivals' open families are served after a lag."""

    name = "host_rivals"
    source = "open weights may be served on any cloud (licences of the open families)"
    observes = ("age of rivals' open weights",)
    Parameters = HostRivalsParameters

    def hosts(self, months_since_open: int) -> bool:
        """Once the lag is over."""
        return months_since_open >= self.parameters.delay_months
