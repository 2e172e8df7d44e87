from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import sim
from sim.analysis.uncertainty.exploring import refuse_holes
from sim.analysis.verdict.claims import judge_claims
from sim.errors import SimError
from sim.runs.curves import Grid
from sim.runs.rebuild import rebuild
from sim.runs.result import Result, export_csv
from sim.runs.run import point_scenario, run_world
from sim.runs.stored import rows_name, status_of
from sim.runs.study.reader import LoadedStudy, load_study
from sim.scenario.patches import replace
from tests.unit.runs.fake_market import FailingMarket, FakeMarket
from tests.unit.runs.helpers import BackwardsExecutor, stored_bytes
from tests.unit.study.markets import DyingAtAPoint, FailingAtAPoint

Run = Callable[..., Result]
API, STRATEGY = "vendors.new.appeal.api", "vendors.new.pricing.strategy"


def test_blocks_tile_points_and_replicates_once() -> None:
    grid = Grid(7, 5, 3, 2)
    runs = [
        (p, r) for b in range(grid.blocks) for p in grid.points_of(b) for r in grid.replicates_of(b)
    ]
    assert sorted(runs) == [(p, r) for p in range(7) for r in range(5)]
    assert sum(grid.runs_of(b) for b in range(grid.blocks)) == grid.runs == 35
    assert [list(row) for row in grid.row_blocks()] == [[0, 1, 2], [3, 4, 5], [6, 7, 8]]
    assert grid.label(8) == "point 6, replicate 4"


@pytest.mark.slow
def test_bytes_depend_neither_on_workers_nor_on_order(whole_sweep: Result, run_sweep: Run) -> None:
    blocks = whole_sweep.manifest["grid"]
    count = Grid(**blocks).blocks
    assert count > 4
    backwards = run_sweep(executor=BackwardsExecutor(count))
    assert stored_bytes(backwards.path) == stored_bytes(whole_sweep.path)
    two = run_sweep(workers=2, out=backwards.path.parent / "two")
    assert stored_bytes(two.path) == stored_bytes(whole_sweep.path)


def test_every_row_has_its_factors_and_its_seed(whole_sweep: Result, loaded: LoadedStudy) -> None:
    runs = whole_sweep.runs
    assert runs["point"].tolist() == [f"p{p}" for p in range(7) for _ in range(5)]
    assert runs["replicate"].tolist() == list(range(5)) * 7
    assert set(runs["seed"]) == {7}
    for number, point in enumerate(loaded.points):
        rows = runs[runs["point"] == f"p{number}"]
        assert set(rows[API]) == {point[API]}
        assert set(rows[STRATEGY]) == {point[STRATEGY]}
    assert whole_sweep.settings.index.tolist() == list(whole_sweep.points)


def test_stored_numbers_are_those_of_the_runs(whole_sweep: Result, loaded: LoadedStudy) -> None:
    for number in (0, 6):
        scenario = point_scenario(whole_sweep.scenario, loaded.points[number])
        record = run_world(scenario, 7, 3, model=FakeMarket)
        name = "platform_token_share"
        stored = whole_sweep.curves[name].sel(point=f"p{number}", replicate=3)
        own = stored.sel(vendor=list(record.axes["vendor"])).to_numpy()
        assert np.array_equal(own, record.curves[name])
        row = whole_sweep.runs.query("point == @stored.point.item() and replicate == 3").iloc[0]
        assert row["claim_new_stays_small"] == row["challenger_platform_token_share"]
        assert row["hhi"] == record.outcomes["hhi"]


def test_a_point_is_run_even_if_a_move_could_not_be_taken_away_from_it() -> None:
    base = sim.load("scenarios/tiny.toml")
    values = {"levers.open_source.off": {"families.old_open.start_markup": -5.0}}
    with pytest.raises(SimError, match=r"levers.open_source.off"):
        replace(base, values)
    assert point_scenario(base, values).levers["open_source"].off
    with pytest.raises(SimError, match=r"start_markup"):
        point_scenario(base, values | {"world": "off_money_kept"})
    with pytest.raises(SimError, match=r"decisions.largest_move"):
        point_scenario(base, {"decisions.largest_move": -1.0})


def test_replicates_are_paired_across_points_and_differ_from_each_other(
    whole_sweep: Result,
) -> None:
    share = whole_sweep.curves["platform_token_share"].sel(vendor="new").to_numpy()
    logit = np.log(share / (1.0 - share))
    across = logit - logit[:1]
    assert np.allclose(across, across[:, :, :1])
    assert len({tuple(row) for row in share[0]}) == 5


def test_measures_and_stride_choose_what_is_kept(
    study_file: Callable[..., Path], run_sweep: Run
) -> None:
    text = '[outcomes]\nmeasures = ["profit"]\nstride_months = 3\n\n[claims.new'
    result = run_sweep(load_study(study_file(("[claims.new", text))))
    assert list(result.curves.data_vars) == ["profit"]
    months = result.curves["month"].dt.strftime("%Y-%m").to_numpy().tolist()
    assert months == ["2024-03", "2024-06", "2024-09", "2024-12"]
    assert {"challenger_profit", "claim_new_stays_small"} <= set(result.runs)
    every = load_study(study_file(("[claims.new", '[outcomes]\nmeasures = ["*"]\n\n[claims.new')))
    assert len(run_sweep(every).curves.data_vars) == len(FakeMarket.dims)


def test_curves_are_chunked_as_blocks(whole_sweep: Result) -> None:
    data = xr.open_zarr(whole_sweep.path / "curves.zarr")
    grid = Grid(**whole_sweep.manifest["grid"])
    assert data["platform_token_share"].encoding["chunks"][:2] == grid.shape


def test_pandas_and_xarray_alone_can_read_it(whole_sweep: Result) -> None:
    runs = pd.read_parquet(whole_sweep.path / "runs.parquet")
    data = xr.open_zarr(whole_sweep.path / "curves.zarr")
    points = pd.read_parquet(whole_sweep.path / "points.parquet")
    assert len(runs) == 35
    assert data.sizes["point"] == len(points) == 7
    assert runs.groupby("point")[API].nunique().eq(1).all()


def test_the_whole_sweep_is_registered_before_the_first_run(run_sweep: Run, tmp_path: Path) -> None:
    seen: list[tuple[int, int, bool]] = []

    def look(done: int, total: int, *_: object) -> None:
        (folder,) = tmp_path.iterdir()
        runs = status_of(folder)["runs"]
        seen.append((runs["done"], runs["pending"], (folder / "points.parquet").exists()))

    run_sweep(progress=look)
    assert seen[0] == (0, 35, True)
    assert seen[-1] == (35, 0, True)


def test_the_same_call_runs_nothing_twice(run_sweep: Run) -> None:
    first = run_sweep()
    before = (first.path / "manifest.json").read_bytes()
    calls: list[tuple[Any, ...]] = []
    run_sweep(progress=lambda *told: calls.append(told))
    assert calls == [(35, 35, 0, 0.0)]
    assert (first.path / "manifest.json").read_bytes() == before


def test_a_point_that_makes_no_sense_is_failed_rows_and_the_sweep_goes_on(run_sweep: Run) -> None:
    result = run_sweep(model=FailingAtAPoint)
    assert set(result.failed["status"]) == {"failed"}
    assert set(result.failed["stage"]) == {"decide"}
    assert 0 < len(result.failed) < 35
    assert status_of(result.path)["runs"]["failed"] == len(result.failed)
    assert result.failed[API].gt(0.5).all()


@pytest.mark.slow
def test_a_run_that_kills_its_worker_is_aborted_and_its_block_is_saved(run_sweep: Run) -> None:
    result = run_sweep(model=DyingAtAPoint, workers=2)
    lost = result.failed
    assert lost["status"].tolist() == ["aborted"]
    assert lost[["stage", "replicate"]].to_numpy().tolist() == [["worker", 2]]
    assert lost[API].notna().all()
    assert status_of(result.path)["runs"] == {
        "all": 35,
        "pending": 0,
        "done": 34,
        "failed": 0,
        "aborted": 1,
    }


@pytest.mark.parametrize("run", ["p0/0", "p6/4"])
def test_a_run_is_rebuilt_from_its_row(whole_sweep: Result, run: str) -> None:
    made = rebuild(whole_sweep, run, FakeMarket)
    assert made.different == ()
    assert made.same_code
    assert made.compared > 50
    assert set(made.factors) == {API, STRATEGY}


def test_a_run_that_was_tampered_with_is_told(run_sweep: Run) -> None:
    result = run_sweep()
    table = result.runs.copy()
    table.loc[table.eval("point == 'p2' and replicate == 1"), "hhi"] += 1e-12
    table.to_parquet(result.path / "runs.parquet")
    again = sim.open(result.path)
    assert rebuild(again, "p2/2", FakeMarket).different == ()
    (line,) = rebuild(again, "p2/1", FakeMarket).different
    assert line.startswith("hhi: stored")


@pytest.mark.parametrize("run", ["p9/0", "p0/5", "p0", "p0/x"])
def test_a_run_that_is_not_there_is_refused(whole_sweep: Result, run: str) -> None:
    with pytest.raises(SimError, match=run):
        rebuild(whole_sweep, run, FakeMarket)


def test_a_run_is_rebuilt_from_its_own_block_alone(run_sweep: Run) -> None:
    result = run_sweep()
    grid = Grid(**result.manifest["grid"])
    own, other = grid.block_of(2, 2), grid.block_of(0, 0)
    assert 2 in grid.points_of(own)
    assert 2 in grid.replicates_of(own)
    assert own != other
    (result.path / rows_name(other)).write_bytes(b"scrap")
    assert rebuild(result, "p2/2", FakeMarket).different == ()
    (result.path / rows_name(own)).write_bytes(b"scrap")
    with pytest.raises(SimError, match="is damaged"):
        rebuild(result, "p2/2", FakeMarket)


def test_worlds_of_a_plain_result_are_rebuilt_too(whole: Any) -> None:
    assert rebuild(whole, "off_money_kept/2", FakeMarket).different == ()


def test_tables_for_a_spreadsheet(whole_sweep: Result, tmp_path: Path) -> None:
    paths = export_csv(whole_sweep, tmp_path, ["platform_token_share"])
    names = ["runs.csv", "points.csv", "platform_token_share.csv"]
    assert [path.name for path in paths] == names
    tidy = pd.read_csv(paths[2])
    facts = ["point", "setting", *whole_sweep.factors, "replicate", "month", "vendor"]
    assert list(tidy) == [*facts, "platform_token_share"]
    assert len(tidy) == 7 * 5 * 14 * 2
    assert (
        tidy.groupby(["point", "replicate", "month"])["platform_token_share"]
        .sum()
        .sub(1)
        .abs()
        .max()
        < 1e-9
    )
    assert len(pd.read_csv(paths[0])) == 35
    export_csv(whole_sweep, tmp_path, ["platform_token_share"])
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(names)
    with pytest.raises(SimError, match="nearest: platform_token_share"):
        export_csv(whole_sweep, tmp_path, ["platform_token_shar"])


def test_an_opened_sweep_is_what_was_stored(whole_sweep: Result) -> None:
    again = sim.open(whole_sweep.path)
    assert isinstance(again, sim.SweepResult)
    assert again.is_sweep
    assert again.runs.equals(whole_sweep.runs)
    assert "7 points x 5 replicates" in repr(again)
    assert again.factors == (STRATEGY, API)


def test_a_failed_run_of_a_design_is_named_and_no_index_is_computed(
    study_file: Callable[..., Path], run_sweep: Run
) -> None:
    old = 'kind = "latin_hypercube", points = 7'
    saltelli = load_study(study_file((old, 'kind = "sobol", points = 2, saltelli = true')))
    fine = run_sweep(saltelli)
    refuse_holes(fine, "challenger_platform_token_share")
    holes = run_sweep(saltelli, model=FailingMarket)
    with pytest.raises(
        SimError, match=r"24 of 60 runs .* over holes: p00/1: serve: capacity"
    ) as told:
        refuse_holes(holes, "hhi")
    assert "and 19 more" in str(told.value)
    with pytest.raises(SimError, match="no outcome"):
        refuse_holes(fine, "hhj")


def test_more_replicates_take_the_finished_ones_over(run_sweep: Run, tmp_path: Path) -> None:
    few = run_sweep(replicates=4, out=tmp_path / "few")
    calls: list[tuple[Any, ...]] = []
    more = run_sweep(replicates=8, earlier=few, progress=lambda *told: calls.append(told))
    assert calls[0][:2] == (28, 56)
    straight = run_sweep(replicates=8, out=tmp_path / "straight")
    assert stored_bytes(more.path) == stored_bytes(straight.path)


def test_replicates_are_added_until_the_claims_are_known_well_enough(
    study_file: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sim.runs import run as running

    monkeypatch.setattr(running, "_market_model", lambda: FakeMarket)
    rule = "replicates = { until_halfwidth = 0.2, at_first = 4, at_most = 64 }"
    path = study_file(("replicates = 5", rule), ("points = 7", "points = 3"))
    result = sim.sweep(path, workers=1, out=tmp_path / "out")
    told = result.claims["claims"]["new_stays_small"]
    low, high = told["interval_given_points"]
    assert (high - low) / 2 <= 0.2
    assert result.replicates in (8, 16, 32, 64)
    looks = [json.loads(p.read_text()) for p in (tmp_path / "out").glob("*/manifest.json")]
    assert sorted(look["replicates"] for look in looks)[0] == 4
    last = next(look for look in looks if look["replicates"] == result.replicates)
    assert last["sessions"][0]["reused"] > 0


def test_claims_are_stored_beside_the_runs(whole_sweep: Result) -> None:
    told = judge_claims(whole_sweep)["claims"]["new_stays_small"]
    values = whole_sweep.runs["claim_new_stays_small"]
    assert told["share_of_runs"] == (values < 0.6).mean()
    assert told["runs"] == 35
    assert whole_sweep.claims["claims"]["new_stays_small"] == told
    assert (whole_sweep.path / "claims.json").exists()
