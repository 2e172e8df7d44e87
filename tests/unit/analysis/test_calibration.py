"""Calibration: known numbers are found again, and what the figures do not tell is said."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sim.analysis.calibration import evaluations
from sim.analysis.calibration.calibrate import CHECKPOINT, REPORT, calibrate
from sim.analysis.calibration.evaluations import Task, work
from sim.analysis.calibration.identification import Profile, precision
from sim.analysis.calibration.matching import moments, targets
from sim.analysis.calibration.record import Record
from sim.analysis.calibration.space import FitSpace
from sim.errors import ScenarioError, SimError
from sim.scenario.patches import replace
from sim.scenario.reader import load
from sim.scenario.schema.scenario import Scenario

TINY = Path(__file__).parents[3] / "scenarios" / "tiny.toml"
PERIOD = (date(2024, 1, 1), date(2024, 6, 30))
SHARE = "share_public_cloud_llm_tokens_external_IDC"
RANK = "rank_public_cloud_llm_tokens_external_IDC"
TRUTH = {"vendors.volcano.appeal.api": 1.1, "kinds.assistant.volume": 2_600_000.0}
APPEAL = {
    "name": "appeal",
    "paths": ["vendors.volcano.appeal.api"],
    "low": -1.0,
    "high": 3.0,
}
VOLUME = {
    "name": "volume",
    "paths": ["kinds.assistant.volume"],
    "low": 0.5,
    "high": 2.0,
    "scale": True,
}
NOTHING = {
    "name": "nothing",
    "paths": ["containment.ceiling_share"],
    "low": 0.0,
    "high": 1.0,
}
QUIET = {
    "population.clients": 1_500,
    "population.size_sigma": 0.3,
    "mechanisms.adoption": False,
    "mechanisms.capacity": False,
    "vendors.volcano.pricing": {"strategy": "list"},
    "vendors.third.pricing": {"strategy": "list"},
}
"""Little noise, so that few runs tell much."""
SURE = 3.0
SETTINGS = {"seeds": 2, "check_seeds": 3, "iterations": 5, "error": 0.02}


def market(*fits: dict[str, Any], **settings: Any) -> Scenario:
    """A tiny market that declares these fits."""
    changes: dict[str, Any] = {
        **QUIET,
        "levers": {},
        "fit": list(fits),
        "calibration": {**SETTINGS, **settings},
    }
    return load(TINY, changes)


def record(scenario: Scenario, changes: dict[str, float]) -> tuple[Record, ...]:
    """Figures that the market would leave behind with other numbers, from seeds of its own."""
    rows = (
        Record("S1", *PERIOD, "Volcano Cloud", SHARE, 50.0, "%"),
        Record("S2", *PERIOD, "Third Cloud", SHARE, 20.0, "%"),
        Record("T1", *PERIOD, "China market", "external_llm_tokens_IDC", 1.0, "trillion tokens"),
    )
    found = tuple(targets(rows, scenario))
    months = replace(scenario, {"calendar.months": 6, "containment.window_months": 6})
    figures = work(Task(months, changes, (), 99, tuple(range(10)), found))
    means = np.array(figures).mean(axis=0)
    return tuple(
        Record(row.id, *PERIOD, row.entity, row.metric, float(mean), row.unit)
        for row, mean in zip(rows, means, strict=True)
    )


@pytest.fixture(scope="module")
def rows() -> tuple[Record, ...]:
    return record(market(APPEAL, VOLUME), TRUTH)


class Counter:
    """Counts the runs that are made."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.runs = 0
        original = evaluations.run_world

        def counted(*arguments: Any, **options: Any) -> Any:
            self.runs += 1
            return original(*arguments, **options)

        monkeypatch.setattr(evaluations, "run_world", counted)


@pytest.mark.slow
def test_known_numbers_are_found_again_within_the_stated_uncertainty(
    rows: tuple[Record, ...], tmp_path: Path
) -> None:
    found = calibrate(market(APPEAL, VOLUME), rows, out=tmp_path, workers=1)
    appeal, volume = found.numbers
    for number, truth, start in ((appeal, 1.1, 0.5), (volume, 1.3, 1.0)):
        assert number.start == start
        assert number.p05 < number.value < number.p95
        assert abs(number.value - truth) < SURE * number.standard_error
        assert abs(number.value - start) > SURE * number.standard_error
        assert number.standard_error < 0.15
        assert not number.flat
        assert not number.at_bound
    assert found.misfit.fitted < 0.1 * found.misfit.start
    assert found.misfit.fitted_other < 0.2 * found.misfit.start_other
    assert set(found.fitting_replicates).isdisjoint(found.other_replicates)


def test_the_new_scenario_holds_the_numbers_and_the_old_file_stays(
    rows: tuple[Record, ...], tmp_path: Path
) -> None:
    old = tmp_path / "old.toml"
    base = tmp_path / "tiny.toml"
    base.write_bytes(TINY.read_bytes())
    old.write_text(
        'extends = "tiny.toml"\nlevers = {}\npopulation.clients = 300\n[[fit]]\nname = "volume"\n'
        'paths = ["kinds.assistant.volume", "kinds.documents.volume"]\nlow = 0.5\nhigh = 2.0\n'
        "scale = true\n[calibration]\nseeds = 1\ncheck_seeds = 2\niterations = 2\n"
    )
    before = {path: path.read_bytes() for path in (old, base)}
    scenario = load(old)
    found = calibrate(scenario, rows, out=tmp_path, workers=1)
    assert {path: path.read_bytes() for path in before} == before
    assert found.scenario_file == found.folder / "tiny-calibrated.toml"
    new = load(found.scenario_file)
    factor = found.numbers[0].value
    assert factor != 1.0
    assert new.name == "tiny-calibrated"
    assert new.kinds["assistant"].volume == 2_000_000 * factor
    assert new.kinds["documents"].volume == 800_000 * factor
    assert new.calendar == scenario.calendar
    assert "extends" not in found.scenario_file.read_text()
    assert json.loads((found.folder / REPORT).read_text()) == found.as_dict()


def test_an_interrupted_search_goes_on_and_ends_the_same(
    rows: tuple[Record, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scenario = market(VOLUME, iterations=1, seeds=1, check_seeds=2)
    counter = Counter(monkeypatch)
    whole = calibrate(scenario, rows, out=tmp_path / "whole", workers=1)
    needed, counter.runs = counter.runs, 0

    def stop(done: int, total: int, failed: int, left: float | None) -> None:
        if done >= needed // 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        calibrate(scenario, rows, out=tmp_path / "parts", workers=1, progress=stop)
    assert needed // 2 <= counter.runs < needed
    checkpoint = tmp_path / "parts" / whole.folder.name / CHECKPOINT
    with checkpoint.open("a") as file:
        file.write('{"values": [1.2], "repl')
    resumed = calibrate(scenario, rows, out=tmp_path / "parts", workers=1)
    assert counter.runs == needed
    assert resumed.as_dict() == whole.as_dict()
    assert resumed.scenario_file.read_bytes() == whole.scenario_file.read_bytes()
    assert checkpoint.with_name(f"{CHECKPOINT}.bad-1").exists()
    calibrate(scenario, rows, out=tmp_path / "parts", workers=1)
    assert counter.runs == needed


def test_a_direction_that_no_figure_tells_is_flagged(
    rows: tuple[Record, ...], tmp_path: Path
) -> None:
    scenario = market(VOLUME, NOTHING, iterations=2, seeds=1, check_seeds=2, targets=["T1"])
    volume, nothing = calibrate(scenario, rows, out=tmp_path, workers=1).numbers
    assert nothing.flat
    assert nothing.standard_error == np.inf
    assert (nothing.p05, nothing.p95) == (0.0, 1.0)
    assert nothing.as_dict()["standard_error"] is None
    assert not volume.flat
    assert volume.standard_error < 0.1


@pytest.mark.parametrize(
    ("listed", "message"),
    [
        (["S9"], "no row S9 in the record (nearest: S2)"),
        (["S1", "R1"], "R1 cannot be fitted: a rank does not answer to small changes"),
        (["X1"], "X1 cannot be fitted: no measure of a run answers to this metric"),
        (["Z1"], "Z1 cannot be fitted: its value gives no relative error"),
    ],
)
def test_targets_that_cannot_be_fitted_are_refused(
    rows: tuple[Record, ...], tmp_path: Path, listed: list[str], message: str
) -> None:
    more = (
        Record("R1", *PERIOD, "Volcano Cloud", RANK, 1.0, "rank"),
        Record("X1", *PERIOD, "Volcano Cloud", "applause", 3.0, "claps"),
        Record("Z1", *PERIOD, "Volcano Cloud", SHARE, 0.0, "%"),
    )
    with pytest.raises(SimError) as refused:
        calibrate(market(APPEAL, targets=listed), (*rows, *more), out=tmp_path, workers=1)
    assert str(refused.value) == f"calibration.targets: {message}"
    assert not list(tmp_path.iterdir())


def test_only_listed_targets_and_their_months_count(rows: tuple[Record, ...]) -> None:
    late = Record("S3", date(2024, 7, 1), date(2024, 9, 30), "Volcano Cloud", SHARE, 40.0, "%")
    scenario = market(APPEAL, targets=["T1", "S1"], errors={SHARE: 0.1})
    found = moments((*rows, late), scenario)
    assert [target.id for target in found.targets] == ["T1", "S1"]
    assert found.errors == (0.02, 0.1)
    assert found.months(scenario) == 6
    assert moments((*rows, late), market(APPEAL)).months(scenario) == 9


def test_residuals_are_logs_of_totals_and_parts_of_shares(rows: tuple[Record, ...]) -> None:
    found = moments(rows, market(APPEAL))
    figures = found.recorded * np.array([1.1, 0.9, np.e])
    np.testing.assert_allclose(found.residuals(figures), [5.0, -5.0, 50.0])
    pair = np.array([figures, figures])
    np.testing.assert_allclose(found.misses(pair), [5.0, -5.0, 50.0])
    np.testing.assert_array_equal(found.spread(pair), 0.0)
    assert np.all(found.spread(np.array([figures, found.recorded])) > 0.0)


@pytest.mark.parametrize(
    ("fits", "message"),
    [
        ([], "tiny declares nothing to fit: add [[fit]] tables"),
        ([{**APPEAL, "low": 0.6}], "fit appeal: starts at 0.5, outside 0.6 to 3"),
        (
            [{**APPEAL, "paths": ["vendors.volcano.appeal.api", "vendors.dam.appeal.api"]}],
            "fit appeal: its paths differ (0, 0.5); use scale = true",
        ),
    ],
)
def test_a_space_without_a_start_is_refused(fits: list[dict[str, Any]], message: str) -> None:
    with pytest.raises(SimError) as refused:
        FitSpace.of(market(*fits))
    assert str(refused.value) == message


def test_a_range_that_the_scenario_refuses_is_refused() -> None:
    with pytest.raises(ScenarioError, match=r"vendors\.volcano\.appeal\.api = 30"):
        FitSpace.of(market({**APPEAL, "high": 30.0}))


def test_the_space_maps_there_and_back() -> None:
    space = FitSpace.of(market(APPEAL, VOLUME))
    assert space.values(np.array([0.0, 1.0])) == (-1.0, 2.0)
    assert space.values(np.array([0.5, 0.5])) == (1.0, 1.0)
    np.testing.assert_allclose(space.values(space.unit((0.3, 0.8))), (0.3, 0.8))
    assert space.changes((0.3, 0.8)) == {
        "vendors.volcano.appeal.api": 0.3,
        "kinds.assistant.volume": 1_600_000.0,
    }
    np.testing.assert_allclose(
        space.natural_errors((0.3, 0.8), np.array([0.1, 0.1])), (0.4, 0.08 * np.log(4.0))
    )


def test_precision_is_that_of_linear_least_squares() -> None:
    jacobian = np.array([[2.0, 0.0], [0.0, 4.0], [0.0, 0.0]])
    found = precision(jacobian, np.zeros(3), np.zeros(3))
    np.testing.assert_allclose(found.errors, [0.5, 0.25])
    np.testing.assert_allclose(found.correlations, np.eye(2), atol=1e-12)
    noisy = precision(jacobian, np.array([0.0, 0.0, 4.0]), np.full(3, 3.0))
    assert noisy.birge == 2.0
    np.testing.assert_allclose(noisy.errors, [2.0, 1.0])


def test_precision_of_directions_that_are_not_told() -> None:
    unseen = precision(np.array([[1.0, 0.0], [1.0, 0.0]]), np.zeros(2), np.zeros(2))
    assert np.isfinite(unseen.errors[0])
    assert unseen.errors[1] == np.inf
    together = precision(np.array([[1.0, 1.0], [2.0, 2.0]]), np.zeros(2), np.zeros(2))
    assert np.all(np.isinf(together.errors))
    assert np.all(np.isinf(precision(np.zeros((2, 1)), np.zeros(2), np.zeros(2)).errors))


def test_a_profile_is_flat_below_three_units() -> None:
    assert Profile((0.0, 1.0), (0.5, 2.9)).flat
    assert not Profile((0.0, 1.0), (0.5, 3.1)).flat
    assert not Profile((0.0, 1.0), (0.5, np.inf)).flat
