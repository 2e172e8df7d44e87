"""Small models with the face of the market model, for tests of everything around it."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from sim.errors import RunFailure

HERE = Path(__file__).parent
DUEL = HERE / "duel.toml"


def load_nothing() -> bool:
    """Stands in for `sim.runs.executors.load_market`: a fake market needs none of it."""
    return True


class FakeMarket:
    """Shares follow appeal, hosting and a draw of the seed; the same seed gives the same draw."""

    dims: ClassVar[dict[str, tuple[str, ...]]] = {
        "full_stack_revenue_share": ("vendor",),
        "hhi": (),
        "list_price": ("offer",),
        "platform_token_share": ("vendor",),
        "platform_tokens": ("vendor",),
        "profit": ("vendor",),
        "switching_flow": ("vendor", "vendor_to"),
    }

    def __init__(self, scenario: Any, rng: np.random.SeedSequence) -> None:
        self.scenario = scenario
        self.seed = rng
        vendors = tuple(sorted(scenario.vendors))
        self.axes = {
            "offer": ("api/old/oak", "api/new/reed")
            + tuple(f"api/{host.vendor}/{host.family}" for host in scenario.hosts),
            "segment": ("unused",),
            "vendor": vendors,
            "vendor_to": (*vendors, "own_machines", "postponed"),
        }
        self.facts = {"n_eff": 90.0, "postponed_share": 0.1}
        self.curves: dict[str, np.ndarray] = {}

    @property
    def replicate(self) -> int:
        return int(self.seed.spawn_key[-1])

    def run(self) -> None:
        months = self.scenario.calendar.months
        draws = np.random.default_rng(self.seed).normal(0.0, 0.02, (months, 1)).cumsum(axis=0)
        appeal = np.array(
            [
                self.scenario.vendors[name].appeal.api
                + 0.1 * sum(host.vendor == name for host in self.scenario.hosts)
                - 0.05 * self.scenario.budget.freed.get(name, 0.0) / 15.0
                for name in self.axes["vendor"]
            ]
        )
        weights = np.exp(appeal + draws * np.array([1.0, -1.0]))
        tokens = weights / weights.sum(axis=1, keepdims=True)
        revenue = 0.5 * tokens + 0.25
        self.curves = {
            "full_stack_revenue_share": revenue,
            "hhi": (tokens**2).sum(axis=1),
            "list_price": np.tile(1.0 + np.arange(len(self.axes["offer"])), (months, 1)),
            "platform_token_share": tokens,
            "platform_tokens": 1e6 * tokens,
            "profit": revenue - 0.1,
            "switching_flow": np.ones((months, 2, 4)),
        }


class FailingMarket(FakeMarket):
    """Fails in replicate 1 as a model says it, in replicate 2 as a bug does."""

    def run(self) -> None:
        super().run()
        if self.replicate == 1:
            raise RunFailure("serve", "capacity fell below zero in month 3")
        if self.replicate == 2:
            del self.curves["nothing"]


class ScarceMarket(FakeMarket):
    """Finds too little memory in replicate 1, and no file in replicate 2, while `short` holds."""

    short = True

    def run(self) -> None:
        if self.short and self.replicate == 1:
            raise MemoryError
        if self.short and self.replicate == 2:
            try:
                raise OSError(28, "No space left on device")
            except OSError as error:
                raise ValueError("no numbers to begin with") from error
        super().run()


class FailingHostMarket(FakeMarket):
    """Fails in replicate 1 in those worlds alone that have a host, and an offer of its own."""

    def run(self) -> None:
        if self.replicate == 1 and self.scenario.hosts:
            raise RunFailure("start", "no first month")
        super().run()


class AlwaysFailingMarket(FakeMarket):
    """Never gets through."""

    def run(self) -> None:
        raise RunFailure("decide", "no price")


class DyingMarket(FakeMarket):
    """Takes its process with it in replicate 1."""

    def run(self) -> None:
        if self.replicate == 1:
            os._exit(9)
        super().run()


class SlowMarket(FakeMarket):
    """Takes a little while."""

    def run(self) -> None:
        time.sleep(0.04)
        super().run()
