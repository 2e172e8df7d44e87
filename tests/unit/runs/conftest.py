from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from sim.api import JudgedResult as Result
from sim.api import open_result
from sim.runs.ensemble import run_ensemble
from sim.runs.settings import RunSettings
from sim.scenario.reader import load
from tests.unit.runs.fake_market import DUEL, FakeMarket, load_nothing


@pytest.fixture(scope="session")
def duel() -> Any:
    return load(DUEL)


@pytest.fixture(scope="session")
def whole(duel: Any, tmp_path_factory: pytest.TempPathFactory) -> Result:
    """An ensemble run in one go in this process; tests read it and leave it alone."""
    settings = RunSettings(workers=1, out=tmp_path_factory.mktemp("whole"))
    return open_result(run_ensemble(duel, settings, model=FakeMarket).path)


@pytest.fixture
def light_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers that start without the real market."""
    monkeypatch.setattr("sim.runs.executors.load_market", load_nothing)


@pytest.fixture
def run_duel(duel: Any, tmp_path: Path, light_workers: None) -> Callable[..., Result]:
    """Run the duel in a folder of this test; the same call goes on in the same folder."""

    def run(**options: Any) -> Result:
        settings, others = settings_of(
            {"workers": 1, "out": tmp_path, "model": FakeMarket} | options
        )
        return open_result(run_ensemble(duel, settings, **others).path)

    return run


def settings_of(options: dict[str, Any]) -> tuple[RunSettings, dict[str, Any]]:
    """Options split into the settings of runs and all others."""
    names = {field.name for field in fields(RunSettings)}
    own = {name: value for name, value in options.items() if name in names}
    return RunSettings(**own), {k: v for k, v in options.items() if k not in names}
