"""The posterior of a small market: recovery, resuming, workers, and rows that must not matter."""

from __future__ import annotations

import dataclasses
import json
import math
import os
import signal
import subprocess
import sys
import time
from datetime import date
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.stats import multivariate_normal
from threadpoolctl import threadpool_limits

from sim.analysis.calibration import inference
from sim.analysis.calibration.emulator import Emulated, Emulator
from sim.analysis.calibration.evaluations import dataset
from sim.analysis.calibration.inference import Inferred, infer
from sim.analysis.calibration.learnt import flat_directions, learnt
from sim.analysis.calibration.matching import match
from sim.analysis.calibration.record import Record
from sim.analysis.calibration.search import Search, SearchBudget
from sim.analysis.calibration.targets import Target
from sim.analysis.calibration.validation import simulated
from sim.analysis.posterior import read_posterior
from sim.analysis.priors import Entries, Normal, Prior, free_priors
from sim.errors import SimError
from sim.runs.executors import cluster_executor
from sim.runs.run import run_world
from sim.scenario.reader import load
from sim.scenario.schema.scenario import Scenario
from tests.unit.market.tiny import TINY

BUDGET = inference.LEAST_SIMULATIONS


@cache
def market() -> Scenario:
    """A tiny market with three uncertain numbers."""
    fits = [
        {"name": "volcano_api", "paths": ["vendors.volcano.appeal.api"], "low": -1.0, "high": 2.0},
        {
            "name": "volume",
            "paths": ["kinds.assistant.volume", "kinds.documents.volume"],
            "scale": True,
            "low": 0.3,
            "high": 3.0,
        },
        {"name": "ceiling", "paths": ["containment.ceiling_share"], "low": 0.5, "high": 0.7},
    ]
    scenario = load(TINY, ["levers={}", "mechanisms.adoption=false", "mechanisms.capacity=false"])
    return scenario.replace({"fit": fits})


NUMBERS = ("volcano_api", "volume", "ceiling", "usage_elasticity")


def rows(truth: dict[str, float], seed: int) -> list[Record]:
    """A record of the market at some numbers, with errors."""
    scenario = market()
    world = scenario.replace(
        Entries.of(scenario, free_priors(scenario, list(truth))).changes(truth)
    )
    blank = []
    for first, last in ((1, 2), (3, 4), (5, 6)):
        start, end = date(2024, first, 1), date(2024, last, 28)
        blank.append(
            Record(
                f"T{first}",
                start,
                end,
                "China market",
                "external_llm_tokens_IDC",
                1.0,
                "trillion tokens",
            )
        )
        blank += [
            Record(
                f"S{first}{vendor}",
                start,
                end,
                vendor,
                "share_public_cloud_llm_tokens_external_IDC",
                1.0,
                "%",
            )
            for vendor in ("dam", "volcano")
        ]
    targets = match(blank, scenario).targets
    curves = dataset([run_world(world, 1000 + seed, 0)], world, {t.measure for t in targets})
    exact = {target.id: float(simulated(target, curves)[0]) for target in targets}
    known = [dataclasses.replace(row, value=exact[row.id]) for row in blank]
    rng = np.random.default_rng(seed)
    errors = {target.id: target.error for target in match(known, scenario).targets}
    return [
        dataclasses.replace(row, value=row.value + float(rng.normal(0.0, errors[row.id])))
        for row in known
    ]


TRUTH = {"volcano_api": 0.7, "volume": 1.6, "usage_elasticity": 1.0}


def found(out: Path, record: list[Record] | None = None, **options: object) -> Inferred:
    settings: dict[str, object] = {"numbers": NUMBERS, "simulations": BUDGET, "workers": 1}
    return infer(market(), record or rows(TRUTH, 0), out=out, **{**settings, **options})


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Inferred:
    return found(tmp_path_factory.mktemp("one"))


def test_a_misfit_is_minus_twice_the_log_density_with_the_whole_covariance() -> None:
    rng = np.random.default_rng(3)
    n, parts, figures = 4, 3, 7
    alike = np.corrcoef(rng.normal(size=(parts, 30)))
    spread, basis = rng.uniform(0.1, 2.0, (n, parts)), rng.normal(size=(parts, figures))
    mean, rest = rng.normal(size=(n, figures)), rng.uniform(0.1, 1.0, figures)
    emulated = Emulated(np.ones(figures), mean, spread, basis, alike, rest)
    independent, kept = rng.uniform(0.1, 1.0, figures), np.arange(figures) != 2
    found = emulated.misfit(independent, kept)
    for i in range(n):
        moved = spread[i][:, None] * basis
        whole = moved.T @ alike @ moved + np.diag(rest)
        assert emulated.variance[i] == pytest.approx(np.diag(whole))
        law = multivariate_normal(cov=(whole + np.diag(independent))[np.ix_(kept, kept)])
        constant = kept.sum() * math.log(2.0 * math.pi)
        assert found[i] == pytest.approx(-2.0 * law.logpdf(mean[i][kept]) - constant)


def test_what_a_seed_moves_in_two_figures_counts_once() -> None:
    rng = np.random.default_rng(4)
    scores, luck = rng.standard_normal((120, 1)), rng.standard_normal((120, 1))
    residuals = scores + luck + 0.1 * rng.standard_normal((120, 2))
    emulated = Emulator(scores, residuals, np.ones(2)).predict(np.array([[0.0], [1.5]]))
    away = -np.diff(emulated.misfit(np.full(2, 0.01), np.array([True, True])))
    alone = -np.diff(emulated.misfit(np.full(2, 0.01), np.array([True, False])))
    assert away == pytest.approx(alone, rel=0.15)  # independent figures would tell twice as much


@pytest.mark.slow
def test_the_posterior_lies_beside_a_new_scenario_and_states_where_it_comes_from(
    one: Inferred,
) -> None:
    stored = read_posterior(one.posterior_file)
    assert list(stored.draws.columns) == list(NUMBERS)
    assert one.posterior_file.name == "tiny-calibrated.posterior.parquet"
    assert one.posterior_file.parent == one.scenario_file.parent
    new = load(one.scenario_file)
    assert (new.name, new.posterior) == ("tiny-calibrated", str(one.posterior_file))
    facts = stored.provenance
    assert facts["scenario"] == "tiny"
    assert facts["simulations"] == one.posterior.provenance["simulations"] <= BUDGET
    assert facts["targets"] == sorted(facts["targets"])
    assert {"sd", "family", "transform", "unit"} <= set(facts["discrepancy"][0])
    assert stored.weights.sum() == pytest.approx(1.0)
    market().replace(stored.changes(market(), 0))
    document = json.loads((one.folder / "inference.json").read_text())
    assert document["numbers"][0]["name"] == "volcano_api"
    assert len(document["targets"]) == 9


@pytest.mark.slow
def test_what_the_record_tells_is_learnt_and_what_it_cannot_tell_keeps_its_prior(
    one: Inferred,
) -> None:
    by_name = {row.name: row for row in one.learnt}
    for name in ("volcano_api", "volume"):
        low, _, high = by_name[name].posterior
        assert low <= TRUTH[name] <= high
        assert by_name[name].taught > 0.5
    assert abs(by_name["ceiling"].taught) < 0.4
    assert by_name["ceiling"].prior == pytest.approx((0.51, 0.6, 0.69))


def test_a_direction_that_keeps_its_prior_width_is_named() -> None:
    rng = np.random.default_rng(1)
    scores = rng.standard_normal((20_000, 3))
    # the record tells the sum of the first two numbers, and nothing of the third
    weights = np.exp(-0.5 * ((scores[:, 0] + scores[:, 1]) / 0.2) ** 2)
    found = flat_directions(
        ["a", "b", "c"], scores, weights / weights.sum(), np.array([0, 1], dtype=np.int64)
    )
    assert len(found) == 1
    assert found[0]["variance"] == pytest.approx(1.0, abs=0.06)
    assert found[0]["loadings"]["a"] == pytest.approx(-found[0]["loadings"]["b"], abs=0.05)


@pytest.mark.slow
def test_rows_after_the_cut_their_order_and_repeats_change_no_bit(tmp_path: Path) -> None:
    record = rows(TRUTH, 0)
    plain = found(tmp_path / "a", record, to=date(2024, 4, 30))
    assert len(plain.predicted) == 6
    later = [
        dataclasses.replace(row, value=row.value * 7.0) if row.id[1] == "5" else row
        for row in record
    ]
    other = found(tmp_path / "b", [*reversed(later), *later], to=date(2024, 4, 1))
    assert plain.posterior_file.read_bytes() == other.posterior_file.read_bytes()
    assert plain.folder.name == other.folder.name


@pytest.mark.slow
def test_the_draws_of_a_linear_model_are_those_of_its_exact_posterior() -> None:
    """y = A z + seed + error is normal, so that its posterior is known."""
    numbers, seeds, error = 3, 0.3, 0.3
    rng = np.random.default_rng(2)
    slopes = rng.standard_normal((9, numbers)) * [1.0, 1.0, 0.02]
    truth = np.array([0.8, -0.5, 0.3])
    recorded = slopes @ truth + 10.0 + math.hypot(seeds, error) * rng.standard_normal(9)
    targets = tuple(
        Target(
            id=f"t{t}",
            metric="m",
            entity="x",
            vendors=(),
            measure="m",
            kind="level",
            scope="all",
            peers=(),
            period_start=date(2024, 1, 1),
            period_end=date(2024, 1 + t % 3, 1),
            value=float(recorded[t]),
            unit="%",
            error=error,
            family="abc"[t // 3],
        )
        for t in range(9)
    )
    law = Normal(kind="normal", mean=0.0, sd=1.0)
    priors = [
        Prior(name=name, doc="d", paths=("a",), rule="set", law=law, source="s") for name in "pqr"
    ]
    noise = np.random.default_rng(3)

    class Runs:
        scenario = SimpleNamespace(fit=())
        recipe = SimpleNamespace(scenario=scenario, priors=priors, targets=targets, seed=4)
        count = 0

        def at(self, scores: np.ndarray) -> np.ndarray:
            return scores @ slopes.T + 10.0 + seeds * noise.standard_normal((len(scores), 9))

    with threadpool_limits(1):
        pool, _, unused = Search(Runs(), SearchBudget.of(500)).searched()  # type: ignore[arg-type]
    assert not unused
    assert pool.temperature == pytest.approx(1.0)
    precision = np.eye(numbers) + slopes.T @ slopes / (seeds**2 + error**2)
    exact = np.linalg.inv(precision)
    mean = exact @ slopes.T @ (recorded - 10.0) / (seeds**2 + error**2)
    found = learnt(priors, pool.scores, pool.weights, pool.moved)
    for index, row in enumerate(found):
        deviation = math.sqrt(exact[index, index])
        assert abs(row.shift - mean[index]) < 1.2 * deviation
        # the discrepancy that nine figures show by chance widens, nothing narrows
        assert 0.75 * deviation < math.sqrt(max(0.0, 1.0 - row.taught)) < 2.0 * deviation
    assert found[2].taught < 0.3


@pytest.mark.slow
def test_no_number_depends_on_workers_or_a_cluster(one: Inferred, tmp_path: Path) -> None:
    two = found(tmp_path / "two", workers=2)
    assert two.posterior_file.read_bytes() == one.posterior_file.read_bytes()
    with cluster_executor("local-cluster", 1) as executor:
        there = found(tmp_path / "there", executor=executor)
    assert there.posterior_file.read_bytes() == one.posterior_file.read_bytes()


SCRIPT = """
from pathlib import Path
from tests.unit.analysis.test_inference import found
found(Path({out!r}))
"""


@pytest.mark.slow
def test_a_kill_at_any_moment_and_the_same_call_give_the_same_bytes(
    one: Inferred, tmp_path: Path
) -> None:
    script = SCRIPT.format(out=str(tmp_path))
    root = Path(__file__).parents[3]
    wanted = [40, 120]
    kills = 0
    for lines in wanted:
        process = subprocess.Popen([sys.executable, "-c", script], cwd=root)
        while process.poll() is None:
            kept = list(tmp_path.glob("*/simulations.jsonl"))
            done = kept[0].read_bytes().count(b"\n") * 20 if kept else 0
            if done >= lines:
                os.kill(process.pid, signal.SIGKILL)
                kills += 1
                break
            time.sleep(0.01)
        process.wait()
    assert kills == 2
    kept = next(iter(tmp_path.glob("*/simulations.jsonl")))
    kept.write_bytes(kept.read_bytes()[:-40])  # as if the disk had half a line
    again = found(tmp_path)
    assert again.posterior_file.read_bytes() == one.posterior_file.read_bytes()


@pytest.mark.slow
def test_a_finished_inference_runs_nothing_again(
    one: Inferred, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a run was made")

    monkeypatch.setattr("sim.analysis.calibration.simulations.run_draws", refuse)
    again = found(one.folder.parent)
    assert again.posterior_file.read_bytes() == one.posterior_file.read_bytes()
    assert not list(one.folder.glob("*.old-*"))


@pytest.mark.slow
@pytest.mark.statistical
def test_the_truth_lies_in_the_90_percent_interval_for_most_seeds(tmp_path: Path) -> None:
    inside = 0
    for seed in range(2):
        rng = np.random.default_rng(100 + seed)
        chosen = free_priors(market(), NUMBERS)
        truth = {prior.name: prior.law.quantile(rng.random()) for prior in chosen}
        result = found(tmp_path, rows(truth, seed), seed=seed)
        ends = {row.name: row.posterior for row in result.learnt}
        inside += sum(
            ends[name][0] <= truth[name] <= ends[name][2] for name in ("volcano_api", "volume")
        )
    assert inside >= 3


def test_what_cannot_be_inferred_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SimError, match=f"simulations = {BUDGET - 1}: at least"):
        found(tmp_path, simulations=BUDGET - 1)
    with pytest.raises(SimError, match="no figure that a run of this scenario answers to"):
        found(tmp_path, to=date(2023, 1, 1))
    with pytest.raises(SimError, match="no free number 'nothing'"):
        found(tmp_path, numbers=["nothing"])
