from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sim.runs.ensemble import run_ensemble
from sim.runs.result import Result
from sim.scenario.reader import load
from tests.unit.runs.fake_market import DUEL, FakeMarket


@pytest.fixture(scope="session")
def duel() -> Any:
    return load(DUEL)


@pytest.fixture(scope="session")
def whole(duel: Any, tmp_path_factory: pytest.TempPathFactory) -> Result:
    """An ensemble run in one go in this process; tests read it and leave it alone."""
    return run_ensemble(duel, workers=1, out=tmp_path_factory.mktemp("whole"), model=FakeMarket)


@pytest.fixture
def run_duel(duel: Any, tmp_path: Path) -> Callable[..., Result]:
    """Run the duel in a folder of this test; the same call goes on in the same folder."""

    def run(**options: Any) -> Result:
        settings = {"workers": 1, "out": tmp_path, "model": FakeMarket} | options
        return run_ensemble(duel, **settings)

    return run
