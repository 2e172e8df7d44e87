from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sim.api import JudgedResult as Result
from sim.api import open_result
from sim.runs.ensemble import run_study
from sim.runs.settings import RunSettings
from sim.runs.study.reader import LoadedStudy, load_study
from tests.unit.runs.conftest import duel, light_workers, run_duel, settings_of, whole
from tests.unit.runs.fake_market import DUEL, FakeMarket

__all__ = ["duel", "light_workers", "run_duel", "whole"]

TEXT = f"""
scenario = "{DUEL}"
title = "Appeal of the new cloud"
design = {{ kind = "latin_hypercube", points = 7, seed = 3 }}
replicates = 5
runs_per_block = 4

[levers]
"vendors.new.pricing.strategy" = ["list", "nash"]

[levers."vendors.new.pricing.markup"]
values = [0.1, 0.3]
when = {{ "vendors.new.pricing.strategy" = "cost_plus" }}

[uncertainties]
"vendors.new.appeal.api" = {{ low = 0.0, high = 1.0 }}

[claims.new_stays_small]
statement = "the new cloud stays below 60 % of tokens"
measure = "platform_token_share"
of = "new"
below = 0.6
"""
PLAIN = TEXT.replace(TEXT[TEXT.index('[levers."vend') : TEXT.index("[uncer")], "")


@pytest.fixture
def study_file(tmp_path: Path) -> Callable[..., Path]:
    """Write a study: the plain one, with texts replaced."""

    def write(*changes: tuple[str, str], text: str = PLAIN) -> Path:
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        path = tmp_path / "appeal.toml"
        path.write_text(text)
        return path

    return write


@pytest.fixture(scope="session")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> LoadedStudy:
    path = tmp_path_factory.mktemp("study") / "appeal.toml"
    path.write_text(PLAIN)
    return load_study(path)


@pytest.fixture(scope="session")
def whole_sweep(loaded: LoadedStudy, tmp_path_factory: pytest.TempPathFactory) -> Result:
    """A sweep run in one go in this process; tests read it and leave it alone."""
    out = tmp_path_factory.mktemp("sweep")
    return open_result(run_study(loaded, RunSettings(workers=1, out=out), model=FakeMarket).path)


@pytest.fixture
def run_sweep(loaded: LoadedStudy, tmp_path: Path, light_workers: None) -> Callable[..., Result]:
    """Run the study in a folder of this test; the same call goes on in the same folder."""

    def run(study: Any = loaded, **options: Any) -> Result:
        settings, others = settings_of(
            {"workers": 1, "out": tmp_path, "model": FakeMarket} | options
        )
        return open_result(run_study(study, settings, **others).path)

    return run
