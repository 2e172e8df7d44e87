"""Reach of several stages, and one national stage against local ones."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.economics.goodwill import awareness, campaign_inflow, next_goodwill, union_reach
from tests.theory.oracles import surround_gain

shares = st.floats(0.0, 1.0)
reaches = st.lists(shares, min_size=1, max_size=6)


@pytest.mark.parametrize(
    ("reach", "overlap", "joint"),
    [
        ([0.2] * 3, 0.0, 0.6),  # disjoint
        ([0.4] * 3, 0.0, 1.0),  # disjoint, everybody reached
        ([0.4] * 3, 1.0, 0.4),  # nested
        ([0.4, 0.1], 1.0, 0.4),
        ([0.3] * 4, 0.3, 1 - 0.7**4),  # independent
        ([0.2, 0.5], 0.25, 0.2 + 0.5 - 0.25 * 0.2),  # two stages, exact
        ([0.35], 0.7, 0.35),
        ([0.0, 0.0], 0.5, 0.0),
    ],
)
def test_joint_reach(reach: list[float], overlap: float, joint: float) -> None:
    assert union_reach(reach, overlap) == pytest.approx(joint, rel=1e-14)


@given(reaches, shares, shares, shares)
def test_joint_reach_lies_between_the_extremes(
    reach: list[float], one: float, other: float, more: float
) -> None:
    less, much = sorted((one, other))
    joint = union_reach(reach, much)
    assert max(reach) - 1e-12 <= joint <= min(1.0, sum(reach)) + 1e-12
    assert union_reach(reach, less) >= joint - 1e-12
    assert union_reach([*reach, more], much) >= joint - 1e-12
    assert union_reach(reach[::-1], much) == joint


def test_audiences_stand_side_by_side() -> None:
    reach = np.array([[0.2, 0.0, 0.5], [0.4, 0.3, 0.0]])
    joint = union_reach(reach, 0.5)
    assert joint.tolist() == [float(union_reach(column, 0.5)) for column in reach.T]
    money = np.array([10.0, 30.0])
    inflow = campaign_inflow(money, reach, 0.5, 0.3, 100.0)
    alone = [float(campaign_inflow(money, column, 0.5, 0.3, 100.0)) for column in reach.T]
    np.testing.assert_allclose(inflow, alone, rtol=1e-14)


def test_inflow_is_linear_at_one_and_has_its_elasticity() -> None:
    money, reach = np.array([10.0, 30.0]), np.array([0.2, 0.4])
    assert campaign_inflow(money, reach, 0.3, 1.0, 100.0) == pytest.approx(10 * 0.2 + 30 * 0.4)
    for theta in (0.1, 0.24, 0.8):
        up = campaign_inflow(2 * money, reach, 0.3, theta, 100.0)
        assert up / campaign_inflow(money, reach, 0.3, theta, 100.0) == pytest.approx(2**theta)
    whole = campaign_inflow([100.0], [1.0], 0.3, 0.24, 100.0)
    assert whole == pytest.approx(100.0)  # at the scale inflow and exposure are equal


def test_nothing_spent_or_nobody_reached_adds_nothing() -> None:
    with np.errstate(all="raise"):
        assert campaign_inflow([0.0], [0.5], 0.3, 0.24, 100.0) == 0.0
        assert campaign_inflow([50.0], [0.0], 0.3, 0.24, 100.0) == 0.0


@pytest.mark.parametrize(
    ("overlap", "elasticity", "wins"),
    [(0.0, 0.24, True), (0.0, 0.9, False), (0.9, 0.24, False), (0.25, 0.05, True)],
)
def test_both_overlap_and_concavity_decide(overlap: float, elasticity: float, wins: bool) -> None:
    gain = surround_gain(4, 0.6, 0.25, overlap, elasticity)
    assert (gain > 0) == wins
    budget = 80.0
    local = campaign_inflow([budget / 4] * 4, [0.25] * 4, overlap, elasticity, 100.0)
    national = campaign_inflow([budget], [0.6], overlap, elasticity, 100.0)
    assert np.log(local / national) == pytest.approx(gain, rel=1e-12)


def test_disjoint_stages_gain_by_the_closed_form() -> None:
    k, wide, narrow, theta = 4, 0.6, 0.2, 0.3
    gain = surround_gain(k, wide, narrow, 0.0, theta)
    assert gain == pytest.approx((1 - theta) * np.log(k) + np.log(narrow / wide))
    assert surround_gain(k, wide, wide, 1.0, theta) == pytest.approx(0.0, abs=1e-15)


def test_goodwill_settles_at_inflow_over_decay() -> None:
    stock = np.array([20.0, 0.0])
    for _ in range(400):
        stock = next_goodwill(stock, [5.0, 0.0], 0.1)
    np.testing.assert_allclose(stock, [50.0, 0.0])


def test_awareness_rises_with_each_of_its_reasons() -> None:
    facts = {"share_weight": 2.0, "goodwill_weight": 0.7, "scale": 100.0}
    base, none = np.array([[0.5, 0.2]]), np.zeros(2)
    plain = awareness(base, none, none, np.zeros((1, 2)), **facts)
    np.testing.assert_allclose(plain, 1 - np.exp(-base))
    full = awareness(base, [0.1, 0.0], [0.3, 0.0], [[50.0, 0.0]], **facts)
    left = np.exp(-(0.5 + 0.1 + 0.6)) * 1.5**-0.7
    np.testing.assert_allclose(full, [[1 - left, plain[0, 1]]])


@pytest.mark.parametrize(
    "call",
    [
        lambda: union_reach([1.2], 0.5),
        lambda: union_reach([0.2], 1.5),
        lambda: campaign_inflow([-1.0], [0.2], 0.5, 0.3, 1.0),
        lambda: campaign_inflow([1.0], [0.2], 0.5, 0.0, 1.0),
        lambda: campaign_inflow([1.0], [0.2], 0.5, 1.1, 1.0),
        lambda: campaign_inflow([1.0], [0.2], 0.5, 0.3, 0.0),
    ],
)
def test_bad_input_is_refused(call: object) -> None:
    with pytest.raises(ValueError, match="must"):
        call()  # type: ignore[operator]
