"""Markets that go wrong at some points of a study."""

from __future__ import annotations

import os
import time

from sim.errors import RunFailure
from tests.unit.runs.fake_market import FakeMarket


class FailingAtAPoint(FakeMarket):
    """Fails where the new cloud is dear to its clients."""

    def run(self) -> None:
        if self.scenario.vendors["new"].appeal.api > 0.5:
            raise RunFailure("decide", "no price")
        super().run()


class DyingAtAPoint(FakeMarket):
    """Takes its process with it in one replicate of the points with the highest appeal."""

    def run(self) -> None:
        if self.replicate == 2 and self.scenario.vendors["new"].appeal.api > 6 / 7:
            os._exit(9)
        super().run()


class SlowMarket(FakeMarket):
    """Takes a little while."""

    def run(self) -> None:
        time.sleep(0.03)
        super().run()
