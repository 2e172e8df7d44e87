"""The longer run: the same months and then more, found again beside its result, and judged."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sim.analysis.verdict.judge import judge
from sim.analysis.verdict.specification import (
    longer_result,
    longer_scenario,
    longer_worlds,
    run_longer,
)
from sim.errors import SimError
from sim.runs.ensemble import run_ensemble
from sim.runs.settings import RunSettings
from sim.scenario.reader import load
from tests.unit.market.tiny import changed, ran
from tests.unit.runs.fake_market import DUEL, FailingMarket, FakeMarket


@pytest.fixture
def duel() -> Any:
    return load(DUEL).replace({"containment.horizon_months": 5})


def test_the_longer_run_begins_with_the_same_months() -> None:
    market = changed({"population.clients": 60, "containment.horizon_months": 3})
    short, long = ran(market), ran(longer_scenario(market))
    assert len(long.curves["platform_token_share"]) == 9
    for name, curve in short.curves.items():
        assert np.array_equal(curve, long.curves[name][:6], equal_nan=True), name


@pytest.mark.slow
def test_the_verdict_says_how_many_seeds_keep_their_class(duel: Any, tmp_path: Path) -> None:
    result = run_ensemble(duel, RunSettings(workers=1, out=tmp_path), model=FakeMarket)
    before = judge(result)["verdicts"]["money_kept"]
    assert before["longer_run"] is None
    assert "horizon not checked" in before["definitions"]["D1"]["note"]
    further = run_longer(result, RunSettings(out=tmp_path, workers=1), model=FakeMarket)
    assert further.points == ("on", "off_money_kept")
    assert further.path.parent == result.path.parent
    after = judge(result)["verdicts"]
    told = after["money_kept"]["longer_run"]
    assert (told["months"], told["n"], told["of"]) == (19, 4, "outcome class")
    assert told["kept"] == sum(
        a == b
        for a, b in zip(
            after["money_kept"]["classes"]["by_replicate"], told["classes"], strict=True
        )
    )
    share = further.curves["platform_token_share"].sel(vendor="new").isel(month=slice(-12, None))
    tau = (share.sel(point="off_money_kept") - share.sel(point="on")).mean(("month", "replicate"))
    assert told["tau_mean"] == pytest.approx(float(tau))
    assert "longer run" in after["money_kept"]["definitions"]["D1"]["note"]
    assert after["money_in_price"]["longer_run"]["of"] == "path"
    other = after["money_kept_other_hosting"]
    assert other["longer_run"] is None, "the longer run has the scenario's own hosting"
    assert other["n"] == 4


def test_the_longer_run_is_stored_once_and_found_again(duel: Any, tmp_path: Path) -> None:
    result = run_ensemble(duel, RunSettings(workers=1, out=tmp_path), model=FakeMarket)
    assert longer_result(result) is None
    further = run_longer(result, RunSettings(out=tmp_path, workers=1), model=FakeMarket)
    stamp = (further.path / "manifest.json").read_bytes()
    assert longer_result(result).path == further.path
    again = run_longer(result, RunSettings(out=tmp_path, workers=1), model=FakeMarket)
    assert (again.path / "manifest.json").read_bytes() == stamp
    shutil.rmtree(further.path)
    assert longer_result(result) is None
    assert judge(result)["verdicts"]["money_kept"]["longer_run"] is None


def test_runs_that_fail_in_either_are_left_out_of_the_pair(duel: Any, tmp_path: Path) -> None:
    result = run_ensemble(duel, RunSettings(workers=1, out=tmp_path), model=FakeMarket)
    run_longer(result, RunSettings(out=tmp_path, workers=1), model=FailingMarket)
    entry = judge(result)["verdicts"]["money_kept"]
    assert entry["seeds"] == [0, 3]
    assert entry["longer_run"]["n"] == 2


def test_without_levers_only_the_path_is_run_on(duel: Any, tmp_path: Path) -> None:
    alone = duel.replace({"levers": {}})
    assert [world.name for world in longer_worlds(alone)] == ["on"]
    result = run_ensemble(alone, RunSettings(workers=1, out=tmp_path), model=FakeMarket)
    run_longer(result, RunSettings(out=tmp_path, workers=1), model=FakeMarket)
    found = judge(result)
    assert found["primary"] == "no_pair"
    assert found["verdicts"]["no_pair"]["longer_run"]["of"] == "path"


def test_without_a_contest_there_is_no_horizon(duel: Any, tmp_path: Path) -> None:
    bare = duel.replace({"contest": None, "levers": {}})
    result = run_ensemble(bare, RunSettings(workers=1, out=tmp_path), model=FakeMarket)
    with pytest.raises(SimError, match=r"horizon check needs a \[contest\]"):
        run_longer(result, RunSettings(out=tmp_path, workers=1), model=FakeMarket)


@pytest.mark.slow
def test_more_replicates_take_over_the_longer_runs_too(
    duel: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sim
    from sim.runs import run as running

    monkeypatch.setattr(running, "_market_model", lambda: FakeMarket)
    found = sim.run(duel, replicates=2, workers=1, out=tmp_path, horizon=True, until_halfwidth=0.3)
    assert found.replicates > 2
    told = found.verdict["verdicts"]["money_kept"]["longer_run"]
    assert told["n"] == found.replicates
    assert not list(found.path.glob("verdict.json.old*")), "judged once, with the longer run"
