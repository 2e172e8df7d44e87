"""A lasting shift of demand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.events.base import Event
from sim.parts import par

if TYPE_CHECKING:
    from sim.market.model import MarketModel


class DemandShift(Event):
    """Volume of one kind of work grows (or falls) by a log change, spread over some months."""

    kind = "demand_shift"

    work: str = par(..., "kind of work", flag="input")
    log_change: float = par(..., "change of log volume in all", low=-5.0, high=5.0)
    ramp_months: int = par(
        1, "months over which it is spread evenly", unit="month", low=1, high=120
    )

    def problems(self, scenario: object) -> list[str]:
        """The kind of work must exist."""
        kinds = list(scenario.kinds)  # type: ignore[attr-defined]
        return [] if self.work in kinds else [f"no kind of work {self.work!r}; known: {kinds}"]

    def apply(self, model: MarketModel) -> None:
        """Begin the shift."""
        step = self.log_change / self.ramp_months
        k = model.world.kinds.index(self.work)
        model.state.log_shift[k] += step
        if self.ramp_months > 1:
            model.shifts.append((k, step, self.ramp_months - 1))
