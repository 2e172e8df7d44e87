"""What Mesa's own tools collect of a market."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import mesa

if TYPE_CHECKING:
    from sim.market.model import MarketModel

MEASURES = ("platform_token_share", "full_stack_revenue_share")


class Scoreboards(mesa.DataCollector):
    """This month's scoreboards by vendor, for `mesa.batch_run`."""

    def __init__(self, model: MarketModel) -> None:
        reporters: dict[str, Any] = {"month": _month}
        vendors = model.recorder.axes["vendor"]
        self._columns = {measure: [f"{measure}.{name}" for name in vendors] for measure in MEASURES}
        for measure, columns in self._columns.items():
            for v, column in enumerate(columns):
                reporters[column] = partial(_last_recorded, measure=measure, vendor=v)
        super().__init__(model_reporters=reporters)

    def collect(self, model: MarketModel) -> None:
        """As Mesa does it, but numbers need neither copies nor checks every month."""
        self.model_vars["month"].append(model.month)
        for measure, columns in self._columns.items():
            for column, value in zip(columns, model.recorder.last(measure).tolist(), strict=True):
                self.model_vars[column].append(value)


def _month(model: MarketModel) -> int:
    return model.month


def _last_recorded(model: MarketModel, measure: str, vendor: int) -> float:
    return float(model.recorder.last(measure)[vendor])
