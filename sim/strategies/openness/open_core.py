"""Give the small models away, sell the best one."""

from __future__ import annotations

from fnmatch import fnmatchcase

from sim.parts import Part, par
from sim.strategies.openness.base import OpennessStrategy, OwnFamily


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
