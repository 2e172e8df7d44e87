"""What Mesa's own tools collect of a market."""

from __future__ import annotations

from typing import TYPE_CHECKING

import mesa

if TYPE_CHECKING:
    from sim.market.model import MarketModel

MEASURES = ("platform_token_share", "full_stack_revenue_share")


class Scoreboards(mesa.DataCollector):
    """This month's scoreboards by vendor, for `mesa.batch_run`."""

    def __init__(self, model: MarketModel) -> None:
        super().__init__(model_reporters={"month": _month})
        vendors = model.recorder.axes["vendor"]
        self._columns = {measure: [f"{measure}.{name}" for name in vendors] for measure in MEASURES}
        self.model_vars |= {name: [] for names in self._columns.values() for name in names}

    def collect(self, model: MarketModel) -> None:
        """As Mesa does it, but shares need neither copies nor checks every month."""
        super().collect(model)
        for measure, columns in self._columns.items():
            for column, value in zip(columns, model.recorder.last(measure).tolist(), strict=True):
                self.model_vars[column].append(value)


def _month(model: MarketModel) -> int:
    return model.month
