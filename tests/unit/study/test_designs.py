from __future__ import annotations

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest

from sim.errors import SimError
from sim.runs.study.designs import grid_points, sampled_points, unit_sample
from sim.runs.study.schema import Design, Factor, acting, cell, in_order_of_conditions, kind_of

STRATEGY = Factor("a.strategy", "levers", values=("closed", "later", "open"))
LAG = Factor("a.lag", "levers", values=(3, 9), when=(("a.strategy", ("later",)),))
SCARCITY = Factor("b.scarcity", "uncertainties", low=0.5, high=1.0)


def design(kind: str, points: int, **more: object) -> Design:
    return Design.model_validate({"kind": kind, "points": points, **more})


def test_a_grid_multiplies_a_conditional_factor_only_where_it_acts() -> None:
    points = grid_points([STRATEGY, LAG, SCARCITY], {}, 3)
    assert len(points) == (2 + 2) * 3
    assert Counter(p["a.strategy"] for p in points) == {"closed": 3, "later": 6, "open": 3}
    assert all(("a.lag" in p) == (p["a.strategy"] == "later") for p in points)
    assert sorted({p["b.scarcity"] for p in points}) == [0.5, 0.75, 1.0]
    assert len({tuple(sorted(p.items())) for p in points}) == len(points)


def test_a_condition_may_name_a_value_of_the_scenario() -> None:
    lone = Factor("a.lag", "levers", values=(3, 9), when=(("c.mode", ("on",)),))
    assert len(grid_points([lone], {"c.mode": "on"}, 3)) == 2
    assert grid_points([lone], {"c.mode": "off"}, 3) == [{}]


def test_a_latin_hypercube_has_every_slice_once() -> None:
    sample = unit_sample(design("latin_hypercube", 16), 3)
    for column in sample.T:
        assert sorted((column * 16).astype(int)) == list(range(16))


def test_sobol_points_are_balanced_and_need_a_power_of_two() -> None:
    sample = unit_sample(design("sobol", 32), 2)
    assert np.histogram2d(*sample.T, bins=4, range=[(0, 1), (0, 1)])[0].tolist() == [[2.0] * 4] * 4
    with pytest.raises(SimError, match=r"nearest: 16, 32"):
        unit_sample(design("sobol", 30), 2)


def test_saltelli_swaps_one_column_at_a_time() -> None:
    sample = unit_sample(design("sobol", 8, saltelli=True), 3).reshape(8, 8, 3)
    a, b = sample[0], sample[1]
    for k in range(3):
        assert np.array_equal(np.delete(sample[2 + k], k, 1), np.delete(a, k, 1))
        assert np.array_equal(sample[2 + k][:, k], b[:, k])
    with pytest.raises(SimError, match="two factors"):
        unit_sample(design("sobol", 8, saltelli=True), 1)


def test_morris_moves_one_factor_a_step_and_every_category_can_change() -> None:
    sample = unit_sample(design("morris", 6), 4).reshape(6, 5, 4)
    moved = np.diff(sample, axis=1) != 0.0
    assert (moved.sum(axis=2) == 1).all()
    assert (moved.sum(axis=1) == 1).all()
    two = Factor("x.y", "levers", values=("off", "on"))
    for path in sample:
        values = [[two.at(u) for u in row] for row in path]
        assert all(before != after for before, after in pairwise(values))
    with pytest.raises(SimError, match="even number of levels"):
        unit_sample(design("morris", 6, levels=3), 4)


@pytest.mark.parametrize("kind", ["latin_hypercube", "sobol", "morris"])
def test_the_same_seed_gives_the_same_points_and_another_does_not(kind: str) -> None:
    samples = [unit_sample(design(kind, 8, seed=seed), 3) for seed in (1, 1, 2)]
    assert np.array_equal(samples[0], samples[1])
    assert not np.array_equal(samples[0], samples[2])


def test_samples_draw_no_global_number() -> None:
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    unit_sample(design("morris", 4), 3)
    assert np.array_equal(np.random.get_state()[1], before)  # noqa: NPY002


def test_a_factor_keeps_its_column_when_conditions_change_the_order() -> None:
    factors = [LAG, SCARCITY, STRATEGY]
    order = in_order_of_conditions(factors)
    assert [f.path for f in order] == ["b.scarcity", "a.strategy", "a.lag"]
    points = sampled_points(design("latin_hypercube", 40), factors, {}, order)
    sample = unit_sample(design("latin_hypercube", 40), 3)
    assert [p["b.scarcity"] for p in points] == pytest.approx(0.5 + sample[:, 1] / 2)
    assert all(("a.lag" in p) == (p["a.strategy"] == "later") for p in points)


def test_conditions_in_a_circle_are_found() -> None:
    one = Factor("a.a", "levers", values=(1, 2), when=(("b.b", (1,)),))
    two = Factor("b.b", "levers", values=(1, 2), when=(("a.a", (1,)),))
    assert in_order_of_conditions([one, two, STRATEGY]) == [STRATEGY]


def test_a_condition_on_a_factor_that_does_not_act_is_not_met() -> None:
    deep = Factor("a.deep", "levers", values=(1, 2), when=(("a.lag", (3, 9)),))
    given = {"a.strategy": "open", "a.lag": 3, "a.deep": 1}
    assert acting([STRATEGY, LAG, deep], given, {}) == {"a.strategy": "open"}


def test_values_of_ranges() -> None:
    whole = Factor("a.n", "levers", low=2, high=5, whole=True)
    assert Counter(whole.at(u) for u in np.arange(0.0, 1.0, 0.125)) == {2: 2, 3: 2, 4: 2, 5: 2}
    assert (whole.at(1.0), whole.grid(3), whole.grid(9)) == (5, [2, 4, 5], [2, 3, 4, 5])
    log = Factor("a.x", "levers", low=0.01, high=100.0, log=True)
    assert [log.at(u) for u in (0.0, 0.5, 1.0)] == pytest.approx([0.01, 1.0, 100.0])


def test_columns_have_the_type_of_their_values() -> None:
    assert kind_of([True, False]) == "flag"
    assert kind_of([1, 2]) == "whole"
    assert kind_of([1, 0.5]) == "number"
    assert kind_of(["a", {"b": 1}]) == "text"
    assert cell("text", {"b": 1}) == '{"b": 1}'
    assert cell("number", None) is None
