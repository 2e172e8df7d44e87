"""Logit, nests, consideration and mixed demand against definitions and finite differences."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.special import logsumexp, softmax

from sim.economics.demand import Nests, price_slope, price_term
from sim.economics.mixed import Demand

HUGE = st.floats(-1000, 1000)


@pytest.fixture(autouse=True)
def _strict_floats() -> Iterator[None]:
    with np.errstate(all="raise"):
        yield


@st.composite
def panels(draw: st.DrawFn, rho_top: float = 0.9) -> tuple[Demand, np.ndarray]:
    seed = draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    types, size, count = (int(rng.integers(1, n)) for n in (6, 8, 4))
    size += 1
    values = rng.normal(0, 2, (types, size))
    values[rng.random(values.shape) < 0.2] = -np.inf
    values[:, -1] = 0.0
    panel = Demand(
        weights=rng.lognormal(0, 1, types),
        values=values,
        alpha=rng.uniform(0.5, 4, types),
        priced=np.arange(size) < size - 1,
        nest=rng.integers(0, count, size),
        rho=rng.uniform(0, rho_top, count),
        box_cox=draw(st.sampled_from([0.0, 0.4, 1.0])),
        price_shift=draw(st.sampled_from([0.0, 0.3])),
        usage_elasticity=draw(st.sampled_from([0.0, 1.0, 1.3])),
    )
    return panel, rng.uniform(0.3, 3, size)


@given(arrays(float, (3, 5), elements=HUGE), st.lists(st.floats(0, 0.95), min_size=3, max_size=3))
def test_probabilities_are_a_distribution_at_any_utility(values, rho):
    choice = Nests([0, 1, 1, 2, 0], rho).logit(values)
    assert (choice.probabilities >= 0).all()
    np.testing.assert_allclose(choice.probabilities.sum(axis=1), 1, rtol=1e-12)
    np.testing.assert_allclose(choice.nest_probabilities.sum(axis=1), 1, rtol=1e-12)
    assert (choice.logsum >= values.max(axis=1) - 1e-9).all()


@given(arrays(float, (2, 4), elements=HUGE))
def test_nests_without_correlation_are_plain_logit(values):
    nested = Nests([0, 0, 1, 1], [0.0, 0.0]).logit(values)
    with np.errstate(under="ignore"):
        plain, logsum = softmax(values, axis=1), logsumexp(values, axis=1)
    np.testing.assert_allclose(nested.probabilities, plain, rtol=0, atol=1e-10)
    np.testing.assert_allclose(nested.logsum, logsum, rtol=0, atol=1e-9)


@given(arrays(float, 4, elements=HUGE), HUGE)
def test_a_common_shift_changes_nothing_but_the_logsum(values, shift):
    nests = Nests([0, 0, 1, 1], [0.3, 0.6])
    before, after = nests.logit(values), nests.logit(values + shift)
    np.testing.assert_allclose(after.probabilities, before.probabilities, rtol=0, atol=1e-9)
    np.testing.assert_allclose(after.logsum - before.logsum, shift, rtol=0, atol=1e-9)


def test_relabelling_alternatives_permutes_nested_probabilities():
    values, nest = np.array([0.5, 0.8, -0.2, 0.1]), np.array([0, 0, 1, 1])
    order = np.array([3, 1, 0, 2])
    straight = Nests(nest, [0.3, 0.7]).logit(values).probabilities
    permuted = Nests(nest[order], [0.3, 0.7]).logit(values[order]).probabilities
    np.testing.assert_allclose(permuted, straight[order], rtol=1e-14)


def test_unavailable_and_empty_nests_get_nothing():
    choice = Nests([0, 2, 2], [0.5, 0.5, 0.5]).logit(np.array([-np.inf, 1.0, 2.0]))
    assert choice.probabilities[0] == 0
    assert choice.nest_probabilities.tolist() == [0, 0, 1]
    assert choice.inclusive_values[1] == -np.inf


@settings(deadline=None, max_examples=60)
@given(panels())
def test_jacobian_agrees_with_finite_differences(case):
    panel, prices = case
    system = panel.system(prices)
    jacobian = np.diag(system.diagonal) - system.cross
    assert not jacobian[~panel.priced].any()
    assert not jacobian[:, ~panel.priced].any()
    scale = np.abs(jacobian).max() + 1e-12
    for j in np.flatnonzero(panel.priced):
        step = np.zeros(prices.size)
        step[j] = 1e-5 * prices[j]
        change = panel.quantities(prices + step) - panel.quantities(prices - step)
        numeric = np.where(panel.priced, change / (2 * step[j]), 0.0)
        rounding = 1e-14 * panel.quantities(prices).max() / step[j]
        np.testing.assert_allclose(jacobian[:, j], numeric, atol=2e-7 * scale + rounding, rtol=1e-5)


@settings(deadline=None, max_examples=60)
@given(panels())
def test_elasticity_of_a_platform_is_that_of_a_common_price_change(case):
    panel, prices = case
    mask = panel.priced & (np.arange(prices.size) % 2 == 0)
    up, down = np.where(mask, prices * 1.000001, prices), np.where(mask, prices / 1.000001, prices)
    before = panel.quantities(prices)[mask].sum()
    if before < 1e-9:
        return
    change = np.log(panel.quantities(up)[mask].sum() / panel.quantities(down)[mask].sum())
    numeric = -change / (2 * np.log(1.000001))
    assert panel.elasticity_of(mask, prices) == pytest.approx(numeric, rel=1e-5, abs=1e-6)


def test_elasticity_has_the_textbook_form_for_one_type():
    panel = Demand(
        weights=np.ones(1),
        values=np.array([[0.5, 1.0, 0.2, 0.0]]),
        alpha=np.array([2.0]),
        priced=np.array([True, True, True, False]),
        nest=np.array([0, 0, 1, 2]),
        rho=np.array([0.6, 0.3, 0.0]),
        usage_elasticity=1.1,
    )
    prices = np.array([1.0, 1.5, 0.8, 0.0])
    choice = panel.choices(prices)
    inside, overall = choice.conditional[0, 1], choice.probabilities[0, 1]
    expected = 1.1 + 2.0 * (1 / 0.4 - 0.6 / 0.4 * inside - overall)
    assert panel.elasticity_of([False, True, False, False], prices) == pytest.approx(expected)


def test_elasticity_without_usage_counts_types_by_weight():
    panel = Demand(
        weights=np.array([1.0, 3.0]),
        values=np.array([[-np.inf, 0.0], [-np.inf, 0.0]]),
        alpha=np.array([2.0, 4.0]),
        priced=np.array([True, False]),
        nest=np.array([0, 1]),
        rho=np.zeros(2),
    )
    assert panel.elasticity_of([True, False], [1.0, 0.0]) == pytest.approx(3.5)


def test_scaling_log_prices_moves_only_unpriced_columns():
    panel = Demand(
        weights=np.ones(2),
        values=np.array([[0.5, 1.0], [0.1, -0.3]]),
        alpha=np.array([1.0, 3.0]),
        priced=np.array([True, True]),
        nest=np.array([0, 0]),
        rho=np.array([0.4]),
    )
    prices = np.array([0.7, 1.9])
    np.testing.assert_allclose(
        panel.probabilities(10 * prices), panel.probabilities(prices), rtol=1e-12
    )


@given(st.floats(0.01, 50), st.sampled_from([0.0, 0.3, 1.0, 2.0]), st.floats(0, 1))
def test_price_slope_is_the_derivative_of_the_price_term(price, box_cox, shift):
    width = 1e-5 * price
    ends = price_term([price - width, price + width], box_cox, shift)
    assert (ends[1] - ends[0]) / (2 * width) == pytest.approx(
        float(price_slope(price, box_cox, shift)), rel=1e-6
    )


GOOD = {
    "weights": np.ones(2),
    "values": np.zeros((2, 3)),
    "alpha": np.ones(2),
    "priced": np.array([True, True, False]),
    "nest": np.array([0, 0, 1]),
    "rho": np.array([0.5, 0.0]),
}


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("weights", np.ones(3), "values"),
        ("weights", np.zeros(2), "weights"),
        ("weights", np.array([1.0, -1.0]), "weights"),
        ("values", np.zeros(3), "shape"),
        ("values", np.full((2, 3), np.nan), "finite"),
        ("values", np.full((2, 3), -np.inf), "available"),
        ("alpha", np.array([1.0, 0.0]), "alpha"),
        ("alpha", np.ones(3), "alpha"),
        ("priced", np.array([1, 1, 0]), "booleans"),
        ("nest", np.array([0, 1]), "nest"),
        ("nest", np.array([0, 0, 2]), "rho"),
        ("nest", np.array([0.5, 0, 1]), "whole"),
        ("rho", np.array([1.0, 0.0]), "rho"),
        ("usage_elasticity", -1.0, "usage_elasticity"),
    ],
)
def test_bad_demand_raises(field, value, message):
    with pytest.raises(ValueError, match=message):
        Demand(**{**GOOD, field: value})


def test_bad_prices_raise():
    panel = Demand(**GOOD)
    with pytest.raises(ValueError, match="shape"):
        panel.quantities([1.0, 1.0])
    with pytest.raises(ValueError, match="> 0"):
        panel.quantities([1.0, 0.0, 0.0])
    with pytest.raises(ValueError, match="finite"):
        panel.quantities([1.0, np.nan, 0.0])
    with pytest.raises(ValueError, match="priced"):
        panel.elasticity_of([False, False, True], [1.0, 1.0, 0.0])
