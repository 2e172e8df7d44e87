"""Variance shares with the seed, boxes, screening and regrets against what is known of them."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from sim.analysis.uncertainty.analyse import profiles_of, regrets
from sim.analysis.uncertainty.exploring import (
    OFF,
    ON,
    Budget,
    Explored,
    Finding,
    bases_of,
    explore,
)
from sim.analysis.uncertainty.failing import box_quality, find_box, resampled
from sim.analysis.uncertainty.indices import (
    design_of,
    effects,
    kept,
    rows_of,
    screen,
    seeded_indices,
)
from sim.analysis.uncertainty.unknowns import unknowns_of
from sim.analysis.verdict.grounds import refuse_bare
from sim.errors import ScenarioError, SimError
from sim.runs.study.designs import sobol_design
from sim.scenario.patches import scenario_hash
from tests.unit.market.tiny import changed, tiny

BASE = 4096
RANGES = ("demand.community_weight=0:0.4", "supply.lead_months=1:6")


def known(family: str) -> list[dict]:
    cases = json.loads((resources.files("sim") / "data" / "known_answers.json").read_text())
    return [case for case in cases if case["family"] == family]


def blocks(function, bounds, base=BASE):
    size = len(bounds)
    design = sobol_design(bounds, base, np.random.default_rng(1))
    return function(design.points[: base * (size + 2)]).reshape(size + 2, base, 1)


def ishigami(x):
    return np.sin(x[:, 0]) + 7.0 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0])


def g_function(x):
    a = np.array([0.0, 1.0, 4.5, 9.0])
    return ((np.abs(4.0 * x - 2.0) + a) / (1.0 + a)).prod(axis=1)


@pytest.mark.parametrize("seeds", [1, 3])
@pytest.mark.parametrize(
    ("place", "function", "bounds"),
    [(0, ishigami, [(-np.pi, np.pi)] * 3), (1, g_function, [(0.0, 1.0)] * 4)],
)
def test_indices_are_the_known_ones_and_a_seed_without_effect_has_none(
    seeds, place, function, bounds
):
    case = known("sobol_sensitivity")[place]
    found = seeded_indices(np.repeat(blocks(function, bounds), seeds, axis=2), resamples=20)
    size, tolerance = len(bounds), case["tolerance"]["abs"]
    assert found.first[:size] == pytest.approx(case["expected"]["S1"], abs=tolerance)
    assert found.total[:size] == pytest.approx(case["expected"]["ST"], abs=tolerance)
    assert found.variance == pytest.approx(case["expected"]["variance"], rel=0.02)
    if seeds > 1:
        assert [found.first[size], found.total[size]] == pytest.approx([0.0, 0.0], abs=1e-12)
    else:
        assert np.isnan(found.total[size])
        assert [row.label for row in rows_of(found, ("a", "b", "c", "d")[:size], BASE)]


def test_the_seed_has_the_part_of_the_variance_that_was_put_into_it():
    luck = 2.0 * np.random.default_rng(0).normal(size=8)
    alone = blocks(ishigami, [(-np.pi, np.pi)] * 3)
    found = seeded_indices(alone + luck, resamples=50)
    part = luck.var(ddof=1) / (13.8446 + luck.var(ddof=1))
    assert found.first[3] == pytest.approx(part, abs=0.01)
    assert found.total[3] == pytest.approx(part, abs=0.01)
    assert found.total[0] == pytest.approx(0.5576 * (1.0 - part), abs=0.02)
    # A seed that acts through an unknown alone has an interaction and no part of its own.
    many = np.random.default_rng(1).normal(size=64)
    x = blocks(lambda points: points[:, 0], [(-1.0, 1.0)] * 2, 512)
    mixed = seeded_indices(x * (many - many.mean()), resamples=20)
    assert mixed.first[2] == pytest.approx(0.0, abs=0.01)
    assert mixed.total[2] == pytest.approx(1.0, abs=0.03)
    assert mixed.total[0] == pytest.approx(1.0, abs=0.03)
    assert mixed.first[0] == pytest.approx(0.0, abs=0.02)


def test_intervals_of_indices_cover_the_truth_and_shrink():
    bounds = [(-np.pi, np.pi)] * 3
    small = rows_of(seeded_indices(blocks(ishigami, bounds, 64)), ("a", "b", "c"), 64)
    large = rows_of(seeded_indices(blocks(ishigami, bounds, 1024)), ("a", "b", "c"), 1024)
    truth = {"a": 0.5576, "b": 0.4424, "c": 0.2437}
    for few, many in zip(
        sorted(small, key=lambda row: row.label), sorted(large, key=lambda r: r.label), strict=True
    ):
        assert few.low <= truth[few.label] <= few.high
        assert many.high - many.low < few.high - few.low


@pytest.mark.parametrize(
    "values",
    [np.zeros((4, 8, 2)), np.full((4, 8, 2), np.nan), np.ones((2, 8, 2)), np.ones((4, 8))],
)
def test_indices_of_nothing_are_refused(values):
    with pytest.raises(ValueError, match="outcomes"):
        seeded_indices(values)


def test_a_box_that_was_put_in_is_found_and_noise_restricts_nothing():
    rng = np.random.default_rng(2)
    x = rng.random((300, 5))
    inside = (x[:, 1] > 0.6) & (x[:, 3] < 0.5)
    cases = (inside & (rng.random(300) < 0.9)) | (rng.random(300) < 0.05)
    box = find_box(x, cases)
    assert set(box) == {1, 3}
    assert box[1].lower == pytest.approx(0.6, abs=0.06)
    assert box[3].upper == pytest.approx(0.5, abs=0.06)
    assert np.isinf(box[1].upper)
    found = box_quality(x, cases, box)
    assert found.coverage > 0.7
    assert found.density > 0.8
    often = resampled(x, cases, np.random.default_rng(3), 20)
    assert often[[1, 3]].min() > 0.8
    assert often[[0, 2, 4]].max() < 0.4
    assert find_box(x, np.ones(300, dtype=bool)) == {}
    assert find_box(x, np.zeros(300, dtype=bool)) == {}
    coins = sum(bool(find_box(x, rng.random(300) < 0.5)) for _ in range(5))
    assert coins < 5


def test_of_the_known_box_only_the_side_that_chance_does_not_explain_is_kept():
    case = known("scenario_discovery")[0]
    x, y = np.array(case["inputs"]["X"]), np.array(case["inputs"]["y"])
    assert case["expected"]["quasi_p_values"]["1"] > 0.05
    box = find_box(x, y)
    assert set(box) == {0}
    assert box[0].lower == pytest.approx(case["inputs"]["box"]["0"][0], abs=0.1)
    assert box_quality(x, y, box).coverage >= case["expected"]["coverage"]


def test_screening_finds_sign_size_and_interaction():
    scenario = tiny()
    three = unknowns_of(scenario, [*RANGES, "demand.switching_cost.api=0.1:2"])
    design = design_of(three, 20)
    rows = effects(design, 3.0 * design[:, 0] - design[:, 1], three.names)
    by_name = {row.label: row for row in rows}
    assert [row.label for row in rows][:2] == list(three.names[:2])
    assert by_name[three.names[0]].facts["mu"] == pytest.approx(3.0)
    assert by_name[three.names[1]].facts["mu"] == pytest.approx(-1.0)
    assert by_name[three.names[2]].mean == 0.0
    assert by_name[three.names[0]].facts["sigma"] == pytest.approx(0.0, abs=1e-12)
    found = Finding("morris", "", {"one": tuple(rows)})
    assert kept(found, 1) == (three.names[0],)
    assert kept(found, 9) == three.names[:2]


def test_unknowns_are_the_priors_unless_ranges_are_named(tmp_path):
    usual = unknowns_of(tiny())
    assert {"price_sensitivity", "progress_ratio"} <= set(usual.names)
    assert all(entry["source"] for entry in usual.document())
    low, high = usual.screened(np.array([np.zeros(len(usual)), np.ones(len(usual))]))
    assert (low == 0.05).all()
    assert high == pytest.approx(0.95)
    file = tmp_path / "f.toml"
    file.write_text('[uncertainties]\n"demand.switching_cost.api" = {low=0.1, high=2, scale="log"}')
    both = unknowns_of(tiny(), RANGES, file, ["progress_ratio"])
    assert both.names[0] == "progress_ratio"
    assert set(both.names[1:]) == {
        "demand.switching_cost.api",
        "demand.community_weight",
        "supply.lead_months",
    }
    made = both.changes([0.5] * 4)
    assert isinstance(made["supply.lead_months"], int)
    assert made["demand.switching_cost.api"] == pytest.approx(np.sqrt(0.2))
    assert both.only(["progress_ratio", "supply.lead_months"]).names == (
        "progress_ratio",
        "supply.lead_months",
    )


@pytest.mark.parametrize(
    ("ranges", "told"),
    [
        (["demand.community_weight"], "PATH=LOW:HIGH"),
        (["demand.community_weight=a:b"], "PATH=LOW:HIGH"),
        (["demand.community_weight=0:1"], "two numbers or more"),
        ([*RANGES, RANGES[0]], "named twice"),
        (["demand.comunity_weight=0:1", RANGES[1]], "community_weight"),
        (["demand.community_weight=1:0", RANGES[1]], "below high"),
        (["vendors.dam.stack.own_chip_share=0:2", RANGES[1]], "own_chip_share"),
    ],
)
def test_wrong_factors_are_refused(ranges, told):
    with pytest.raises((SimError, ScenarioError), match=told):
        unknowns_of(tiny(), ranges)


def test_a_number_is_not_varied_twice():
    with pytest.raises(SimError, match="a prior varies it already"):
        unknowns_of(tiny(), ["supply.throughput_growth=0:0.1"], priors=["cost_trend"])


def test_within_a_factor_keeps_the_scenario_in_the_middle():
    scenario = tiny()
    near = unknowns_of(scenario, within=1.5)
    middle = near.changes(np.full(len(near), 0.5))
    assert scenario_hash(scenario.replace(middle)) == scenario_hash(scenario)
    top = near.only(["progress_ratio", "community_weight"])
    assert top.within == 1.5
    changed = top.changes([0.0, 1.0])
    assert changed["demand.community_weight"] == pytest.approx(
        1.5 * scenario.demand.community_weight
    )
    assert changed["supply.learning.exponent"] == pytest.approx(
        1.5 * scenario.supply.learning.exponent
    )
    shown = {entry["name"]: entry for entry in top.document()}
    assert shown["progress_ratio"]["low"] == pytest.approx(
        2.0 ** -changed["supply.learning.exponent"]
    )
    assert (top.screened(np.zeros((1, 2))) == 0.0).all()
    with pytest.raises(SimError, match="above 1"):
        unknowns_of(scenario, within=1.0)


def stub(runs: pd.DataFrame, replicates: int) -> SimpleNamespace:
    return SimpleNamespace(runs=runs, replicates=replicates, path=Path("somewhere"))


def test_a_failed_run_is_named_and_nothing_is_computed():
    unknowns = unknowns_of(tiny(), RANGES)
    runs = pd.DataFrame(
        {
            "point": ["p0", "p1"],
            "replicate": [0, 0],
            "status": ["done", "failed"],
            "stage": ["", "serve of 2024-03"],
            "message": ["", "no cards"],
            "value": [1.0, np.nan],
        }
    )
    explored = Explored(unknowns, np.zeros((2, 2)), {ON: stub(runs, 1)})
    with pytest.raises(SimError, match="p1/0: serve of 2024-03: no cards"):
        explored.column(ON, "value")
    runs["status"] = "done"
    with pytest.raises(SimError, match="p1/0: value has no value"):
        explored.column(ON, "value")


def test_regret_is_the_gap_to_the_best_of_the_draw():
    assert regrets(np.array([[3.0, 1.0], [2.0, 5.0]])).tolist() == [[0.0, 4.0], [1.0, 0.0]]
    with pytest.raises(SimError, match="no pricing strategy is called 'nosh'"):
        profiles_of(tiny(), ["historical", "nosh"])
    with pytest.raises(SimError, match="two strategies or more"):
        profiles_of(tiny(), ["historical"])
    assert profiles_of(tiny(), ["historical", "nash"])["nash"].vendors["dam"].pricing == {
        "strategy": "nash"
    }


def test_no_conclusion_without_its_grounds():
    told = {
        "n": 4,
        "seeds": [0, 1],
        "root_seed": 0,
        "interval_types": ["t"],
        "scenario_hash": "ab",
    }
    refuse_bare(told)
    for name in told:
        with pytest.raises(SimError, match=name):
            refuse_bare(told | {name: None})


@pytest.fixture(scope="module")
def explored(tmp_path_factory):
    scenario = changed({"population.clients": 60}, months=6)
    unknowns = unknowns_of(
        scenario,
        ["demand.community_weight=0:0.4", "demand.switching_cost.api=0.1:2"],
        priors=["own_chips_incumbent"],
    )
    levels = np.array([[0.2, 0.1, 0.9], [0.9, 0.9, 0.1]])
    budget = Budget(2, None, 1, tmp_path_factory.mktemp("explored"))
    return explore("test", bases_of(scenario), unknowns, levels, budget)


def test_draws_are_paired_and_an_off_patch_goes_before_a_draw(explored):
    chips = "vendors.dam.stack.own_chip_share"
    on, off = explored.results[ON], explored.results[OFF]
    assert chips in on.factors
    assert chips not in off.factors
    assert off.scenario.vendors["dam"].stack.own_chip_share == 0.0
    assert on.settings[chips].to_numpy() == pytest.approx([0.1 + 0.2 * 0.4, 0.1 + 0.9 * 0.4])
    for path in ("demand.community_weight", "demand.switching_cost.api"):
        assert on.settings[path].tolist() == off.settings[path].tolist()
    assert on.runs["seed"].tolist() == off.runs["seed"].tolist()


def test_a_draw_is_the_scenario_with_its_numbers(explored):
    from sim.runs.run import run_world

    scenario = explored.unknowns.scenario
    world = scenario.replace(explored.unknowns.changes(explored.levels[1]))
    record = run_world(world, explored.first.seed, 1)
    stored = explored.column(ON, "challenger_platform_token_share")[1, 1]
    assert record.outcomes["challenger_platform_token_share"] == stored


def test_screening_keeps_everything_that_a_conclusion_needs(tmp_path):
    scenario = changed({"population.clients": 60}, months=6)
    unknowns = unknowns_of(scenario, RANGES)
    explored, finding = screen(unknowns, 2, Budget(1, None, 1, tmp_path))
    assert set(finding.tables) == {"challenger_share", "tau", "containment"}
    assert explored.levels.shape == (6, 2)
    assert all(len(rows) == 2 for rows in finding.tables.values())
