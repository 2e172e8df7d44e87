from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sim.errors import SimError
from sim.runs.plan import plan_ensemble
from sim.runs.result import Result
from sim.runs.run import run_world
from sim.runs.worlds import worlds_of
from sim.scenario.schema.scenario import Scenario
from tests.unit.runs.fake_market import (
    FailingHostMarket,
    FailingMarket,
    FakeMarket,
    ScarceMarket,
)
from tests.unit.runs.helpers import BackwardsExecutor, stored_bytes

Run = Callable[..., Result]


@pytest.mark.slow
def test_bytes_do_not_depend_on_workers(whole: Result, run_duel: Run) -> None:
    assert stored_bytes(run_duel(workers=2).path) == stored_bytes(whole.path)


def test_bytes_do_not_depend_on_order(whole: Result, run_duel: Run) -> None:
    backwards = BackwardsExecutor(whole.replicates)
    assert stored_bytes(run_duel(executor=backwards).path) == stored_bytes(whole.path)


def test_same_inputs_same_folder_and_nothing_runs_twice(run_duel: Run) -> None:
    first = run_duel()
    manifest = (first.path / "manifest.json").read_bytes()
    calls: list[tuple[Any, ...]] = []
    second = run_duel(progress=lambda *told: calls.append(told))
    assert second.path == first.path
    assert calls == [(28, 28, 0, 0.0)]
    assert (second.path / "manifest.json").read_bytes() == manifest


def test_other_inputs_other_folder(duel: Scenario) -> None:
    plans = [
        plan_ensemble(duel, 4, 7),
        plan_ensemble(duel, 5, 7),
        plan_ensemble(duel, 4, 8),
        plan_ensemble(duel, 4, 7, worlds=worlds_of(duel)[:1]),
        plan_ensemble(duel, 4, 7, model=FakeMarket),
    ]
    assert len({plan.folder_name for plan in plans}) == len(plans)
    assert plan_ensemble(duel).key == plans[0].key


def test_equal_worlds_run_once_and_are_stored_under_each_name(whole: Result, duel: Any) -> None:
    plan = plan_ensemble(duel)
    first = [plan.names.index(point.same_as) for point in plan.points]
    assert first == [0, 1, 2, 3, 1, 2, 6]
    shares = whole.curves["platform_token_share"]
    own, other = (
        shares.sel(point=p) for p in ("off_money_kept", "off_money_kept_challenger_hosts")
    )
    assert np.array_equal(own, other)
    assert not np.array_equal(own, shares.sel(point="on"))


def test_stored_numbers_are_those_of_the_run(whole: Result) -> None:
    for world in worlds_of(whole.scenario):
        record = run_world(world.scenario, 7, 2, model=FakeMarket)
        for name, curve in record.curves.items():
            stored = whole.curves[name].sel(point=world.name, replicate=2)
            own = {dim: list(record.axes[dim]) for dim in record.dims[name]}
            assert np.array_equal(stored.sel(own).to_numpy(), curve)
        row = whole.runs.query("point == @world.name and replicate == 2").iloc[0]
        assert {k: row[k] for k in record.outcomes} == dict(record.outcomes)


def test_worlds_with_other_offers_share_one_axis(whole: Result) -> None:
    prices = whole.curves["list_price"]
    assert prices["offer"].to_numpy().tolist() == ["api/new/oak", "api/new/reed", "api/old/oak"]
    assert "segment" not in whole.curves.dims
    hosted = prices.sel(offer="api/new/oak")
    assert (hosted.sel(point="on_challenger_hosts") == 3.0).all()
    assert hosted.sel(point="on").isnull().all()


def test_a_world_that_fails_alone_takes_no_label_with_it(run_duel: Run) -> None:
    result = run_duel(model=FailingHostMarket)
    prices = result.curves["list_price"].sel(month="2024-05-01")
    assert len(prices["offer"]) == 3
    assert prices.sel(point="on", replicate=1, offer="api/new/reed") == 2.0
    assert prices.sel(point="on_challenger_hosts", replicate=1).isnull().all()
    assert prices.sel(point="on_challenger_hosts", replicate=0, offer="api/new/oak") == 3.0
    before = stored_bytes(result.path)
    assert stored_bytes(run_duel(model=FailingHostMarket).path) == before


def test_progress_counts_runs(run_duel: Run) -> None:
    calls: list[tuple[Any, ...]] = []
    run_duel(progress=lambda *told: calls.append(told))
    assert [told[0] for told in calls] == [0, 7, 14, 21, 28]
    assert calls[0][3] is None
    assert all(told[1:3] == (28, 0) for told in calls)
    assert all(told[3] >= 0.0 for told in calls[1:])


def test_failed_runs_are_rows_and_the_rest_counts(run_duel: Run) -> None:
    result = run_duel(model=FailingMarket)
    assert len(result.runs) == 28
    assert set(result.failed["replicate"]) == {1, 2}
    assert set(result.failed.query("replicate == 1")["stage"]) == {"serve"}
    assert result.failed["challenger_platform_token_share"].isna().all()
    assert result.manifest["status"] == "failed"
    assert result.sound_replicates("on", "off_money_kept") == [0, 3]
    shares = result.curves["platform_token_share"].sel(point="on")
    assert np.isnan(shares.sel(replicate=1)).all()
    assert np.isfinite(shares.sel(replicate=3)).all()


def test_runs_that_the_machine_stopped_are_run_again_by_the_same_command(
    run_duel: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    short = run_duel(model=ScarceMarket)
    assert set(short.failed["status"]) == {"aborted"}
    assert set(short.failed["replicate"]) == {1, 2}
    assert "this machine stopped" in short.failures()
    assert short.manifest["runs"]["failed"] == 0
    monkeypatch.setattr(ScarceMarket, "short", False)
    healthy = run_duel(model=ScarceMarket)
    assert healthy.path == short.path
    assert healthy.failed.empty
    assert healthy.failures() == ""
    assert len(healthy.runs) == len(short.runs)


def test_manifest_tells_what_was_run_with_what(whole: Result) -> None:
    manifest = json.loads((whole.path / "manifest.json").read_text())
    assert manifest["schema_version"] == 1
    assert manifest["status"] == "done"
    assert manifest["seeds"] == {"entropy": 7, "spawn_keys": [[0], [1], [2], [3]]}
    assert manifest["packages"]["numpy"] == np.__version__
    assert len(manifest["code"]["fingerprint"]) == 64
    (session,) = manifest["sessions"]
    assert session["started"] <= session["ended"]


def test_times_live_in_the_manifest_alone(whole: Result) -> None:
    assert not [name for name in whole.runs if "second" in name or "time" in name]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"replicates": 0}, "replicates"),
        ({"seed": -1}, "seed"),
        ({"workers": 0}, "workers"),
        ({"workers": 10**8}, "workers"),
    ],
)
def test_senseless_numbers_are_refused(
    run_duel: Run, tmp_path: Path, options: dict[str, int], words: str
) -> None:
    with pytest.raises(SimError, match=words):
        run_duel(**options)
    assert not list(tmp_path.iterdir())
