"""Effects of factors: known answers, intervals that hold what they say, and the stored tables."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sim.analysis import effects
from sim.analysis.sweep import Sweep, SweepFactor, SweepOutcome, factor_labels, sweep_of
from sim.api import JudgedResult as Result
from sim.errors import SimError
from sim.runs.result import export_csv
from sim.runs.study.reader import load_study
from tests.unit.study.markets import FailingAtAPoint

Write = Callable[..., Path]
SHARE = "share"


def made_up(points: pd.DataFrame, values: np.ndarray, drawn: bool) -> Sweep:
    """A sweep over these points; ``values`` (points, replicates) is its one outcome."""
    rows = [
        {"point": f"p{p}", "replicate": r, **row, SHARE: values[p, r]}
        for p, row in enumerate(points.to_dict("records"))
        for r in range(values.shape[1])
    ]
    factors = tuple(
        SweepFactor(name, name, (0.0, 1.0), True)
        if drawn and held.dtype.kind == "f"
        else SweepFactor(name, name, tuple(sorted(held.dropna().unique())), False)
        for name, held in points.items()
    )
    outcome = SweepOutcome(SHARE, SHARE, "share")
    return Sweep(pd.DataFrame(rows), factors, {SHARE: outcome}, "new", "New", drawn)


def test_in_a_grid_effects_are_differences_of_means_paired_by_seed() -> None:
    grid = pd.MultiIndex.from_product([["a", "b", "c"], [0.0, 1.0]], names=["kind", "x"])
    points = grid.to_frame(index=False)
    rng = np.random.default_rng(1)
    bumps = {"a": 0.0, "b": 0.1, "c": 0.2}
    base = points["kind"].map(bumps) + 0.3 * points["x"] * (points["kind"] == "c")
    # What the seeds share is ten times what they do not.
    values = base.to_numpy()[:, None] + rng.normal(0.0, 0.5, 6) + rng.normal(0.0, 0.05, (6, 6))
    sweep = made_up(points, values, drawn=False)
    found = {(e.factor.path, e.end): e.found for e in effects.effects(sweep, SHARE)}
    means = pd.DataFrame(values).groupby(points["kind"]).mean().T
    assert found["kind", "c"].value == pytest.approx((means["c"] - means["a"]).mean())
    half = (found["kind", "c"].high - found["kind", "c"].low) / 2.0
    paired = (means["c"] - means["a"]).std() / 6**0.5
    assert half == pytest.approx(2.5706 * paired, rel=1e-4)  # t with 5 degrees of freedom
    (clearest,) = effects.interactions(sweep, SHARE)
    assert (clearest.first.end, clearest.second.end) == ("c", 1.0)
    assert clearest.found.low < 0.3 < clearest.found.high
    assert clearest.found.p < 0.05


@pytest.mark.slow
def test_the_interval_of_a_drawn_design_holds_the_slope_and_finds_nothing_in_noise() -> None:
    rng = np.random.default_rng(2)
    held = false = 0
    for _ in range(200):
        points = pd.DataFrame(rng.random((24, 3)), columns=["x", "y", "z"])
        curved = 0.4 * points["x"] + 0.5 * (points["y"] - 0.5) ** 2
        values = curved.to_numpy()[:, None] + rng.normal(0.0, 0.2, 3)
        sweep = made_up(points, values + rng.normal(0.0, 0.1, (24, 3)), drawn=True)
        found = {e.factor.path: e.found for e in effects.effects(sweep, SHARE)}
        held += found["x"].low <= 0.4 <= found["x"].high
        false += found["z"].p < 0.05
    assert held >= 180
    assert false <= 20


def test_a_factor_that_acts_at_some_points_is_measured_there() -> None:
    points = pd.DataFrame(
        {"kind": ["a", "b", "b"] * 2, "delay": [np.nan, 3.0, 9.0] * 2, "x": [0.0] * 3 + [1.0] * 3}
    )
    base = np.array([0.0, 0.2, 0.4, 0.5, 0.7, 0.9])
    sweep = made_up(points, base[:, None] + np.arange(4), drawn=False)
    found = {e.factor.path: e.found for e in effects.effects(sweep, SHARE)}
    assert found["kind"].value == pytest.approx(0.3)
    assert found["delay"].value == pytest.approx(0.2)
    assert found["x"].value == pytest.approx(0.5)


def test_findings_summary_and_tables_speak_of_the_runs_that_finished(
    run_sweep: Callable[..., Result], tmp_path: Path
) -> None:
    result = run_sweep(model=FailingAtAPoint)
    done = int((result.runs["status"] == "done").sum())
    found = result.findings
    assert (found["n"], found["failed"]) == (done, 35 - done)
    assert 0 < done < 35
    first = found["outcomes"][0]
    assert first["name"] == "platform_token_share"
    shares = result.runs["challenger_platform_token_share"]
    assert first["mean"] == pytest.approx(shares.mean())
    assert result.summary().loc["platform_token_share", "new"]["median"] == pytest.approx(
        shares.median()
    )
    assert list(result.table()["vendors.new.appeal.api"]) == list(
        result.runs["vendors.new.appeal.api"]
    )
    by_point = result.table(level="point").set_index("point")
    assert by_point["done"].sum() == done
    assert list(by_point.index) == list(result.points)
    runs, points, curve = (
        pd.read_csv(path)
        for path in export_csv(result, tmp_path / "tables", ["platform_token_share"])
    )
    for frame in (runs, points, curve):
        assert list(frame.columns[:2]) == ["point", "setting"]
        assert "vendors.new.appeal.api" in frame
    assert curve["setting"].str.contains("pricing.strategy = (?:list|nash)").all()


def test_worlds_as_a_factor_give_tau(run_sweep: Callable[..., Result], study_file: Write) -> None:
    study = study_file(
        ('kind = "latin_hypercube", points = 7, seed = 3', 'kind = "grid", levels = 2'),
        ('"vendors.new.pricing.strategy" = ["list", "nash"]', 'world = ["on", "off_money_kept"]'),
    )
    sweep = sweep_of(run_sweep(load_study(study)))
    shares = sweep.runs.pivot(
        index=["vendors.new.appeal.api", "replicate"],
        columns="world",
        values="platform_token_share",
    )
    tau = sweep.runs.dropna(subset=["tau"]).set_index(["vendors.new.appeal.api", "replicate"])
    pd.testing.assert_series_equal(
        tau["tau"], shares["off_money_kept"] - shares["on"], check_names=False
    )
    assert {e.factor.path for e in effects.effects(sweep, "tau")} == {"vendors.new.appeal.api"}


def test_where_keeps_points_and_names_the_nearest_value(whole_sweep: Result) -> None:
    sweep = sweep_of(whole_sweep, {"pricing.strategy": ["nash"]})
    assert set(sweep.runs["vendors.new.pricing.strategy"]) == {"nash"}
    with pytest.raises(SimError, match="nearest: nash"):
        sweep_of(whole_sweep, {"pricing.strategy": ["nas"]})
    with pytest.raises(SimError, match=r"no factor appeal\.app"):
        sweep_of(whole_sweep, {"appeal.app": ["1"]})


def test_labels_are_short_and_tell_factors_apart(whole_sweep: Result) -> None:
    paths = ["vendors.old.appeal.api", "vendors.new.appeal.api", "demand.box_cox"]
    assert list(factor_labels(paths, whole_sweep.scenario).values()) == [
        "Old Cloud appeal api",
        "New Cloud appeal api",
        "box cox",
    ]
