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
        for measure in MEASURES:
            for v, name in enumerate(model.recorder.axes["vendor"]):
                reporters[f"{measure}.{name}"] = partial(_last_recorded, measure=measure, vendor=v)
        super().__init__(model_reporters=reporters)

    def collect(self, model: MarketModel) -> None:
        """As Mesa does it, but numbers need neither copies nor checks every month."""
        for name, report in self.model_reporters.items():
            self.model_vars[name].append(report(model))


def _month(model: MarketModel) -> int:
    return model.month


def _last_recorded(model: MarketModel, measure: str, vendor: int) -> float:
    return float(model.curves[measure][model.month - 1, vendor])
