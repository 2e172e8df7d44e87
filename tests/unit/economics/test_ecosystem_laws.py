"""Attachment of derivatives, gaps that close, steps that are imitated."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import beta

from sim.economics.networks import attached_sizes, attachment_exponent
from sim.economics.quality import closing_share, imitated_levels


class TestAttachedSizes:
    @given(
        total=st.floats(1.0, 1e7),
        one=st.floats(0.0, 1e6),
        two=st.floats(0.0, 1e6),
        a=st.floats(0.0, 0.95),
    )
    def test_at_once_or_in_parts(self, total: float, one: float, two: float, a: float) -> None:
        whole = attached_sizes([total], total, one + two, a)
        parts = attached_sizes(attached_sizes([total], total, one, a), total + one, two, a)
        np.testing.assert_allclose(whole, parts, rtol=1e-8)
        assert total * (1 - 1e-8) <= whole[0] <= (total + one + two) * (1 + 1e-8)

    def test_is_the_product_of_single_steps(self) -> None:
        a, size, total = 0.2, 3.0, 7
        for t in range(total, total + 25):
            size *= 1.0 + (1.0 - a) / t
        np.testing.assert_allclose(attached_sizes([3.0, 0.0], 7.0, 25.0, a), [size, 0.0])

    @pytest.mark.parametrize("total", [1.0, 15.5, 600.0, 120_000.0])
    def test_keeps_its_digits_where_logarithms_are_large(self, total: float) -> None:
        """Small steps from a large total: two logarithms of 10^6 would leave ten digits."""
        a, size = 0.08, Fraction(1)
        for step in range(40):
            size *= 1 + (1 - Fraction(a)) / (Fraction(total) + step)
        grown = attached_sizes([1.0], total, 40.0, a)[0]
        assert grown == pytest.approx(float(size), rel=2e-14)

    def test_is_the_mean_of_simons_process(self) -> None:
        """2,000 drawn histories of 60 models from three lineages, one in five new."""
        rng, runs, a = np.random.default_rng(3), 2_000, 0.2
        sizes = np.tile([6.0, 3.0, 1.0], (runs, 1))
        for total in range(10, 70):
            joins = np.cumsum(sizes / total * (1.0 - a), axis=1)
            place = (rng.random(runs)[:, None] > joins).sum(axis=1)
            old = place < 3
            sizes[np.flatnonzero(old), place[old]] += 1.0
        error = sizes.std(axis=0) / math.sqrt(runs)
        expected = attached_sizes([6.0, 3.0, 1.0], 10.0, 60.0, a)
        assert (np.abs(sizes.mean(axis=0) - expected) < 4 * error).all()

    def test_without_new_lineages_it_is_the_mean_of_polyas_urn(self) -> None:
        grown = attached_sizes([3.0, 2.0], 5.0, 100.0, 0.0)
        assert grown.sum() == pytest.approx(105.0)
        assert grown[0] / 105.0 == pytest.approx(3.0 / 5.0)

    @pytest.mark.parametrize("a", [0.1, 0.3])
    def test_gives_the_yule_law_and_its_tail(self, a: float) -> None:
        """Lineages born one by one at even chance have geometric sizes about these means."""
        models = 200_000
        born = np.arange(1, models, 20, dtype=np.float64)
        grown = np.array([attached_sizes([1.0], t, models - t, a)[0] for t in born])
        k = np.arange(1, 7)
        pmf = (1.0 / grown * (1.0 - 1.0 / grown) ** (k[:, None] - 1)).mean(axis=1)
        rho = attachment_exponent(a)
        yule = rho * beta(k, rho + 1)
        np.testing.assert_allclose(pmf, yule, rtol=2e-3)
        levels = np.array([10.0, 100.0])
        beyond = [float((grown > level).mean()) for level in levels]
        slope = -np.log(beyond[1] / beyond[0]) / math.log(10.0)
        assert slope == pytest.approx(rho, rel=0.02)

    @pytest.mark.parametrize(
        ("sizes", "total", "added", "a", "message"),
        [
            ([-1.0], 5.0, 1.0, 0.1, "must be >= 0"),
            ([1.0], 5.0, -1.0, 0.1, "must be >= 0"),
            ([6.0], 5.0, 1.0, 0.1, "count all models"),
            ([1.0], 0.0, 1.0, 0.1, "total"),
            ([1.0], 5.0, 1.0, 1.0, "new_probability"),
        ],
    )
    def test_refuses(
        self, sizes: list[float], total: float, added: float, a: float, message: str
    ) -> None:
        with pytest.raises(ValueError, match=message):
            attached_sizes(sizes, total, added, a)


class TestClosingGaps:
    def test_half_is_left_after_a_half_life(self) -> None:
        left = (1.0 - closing_share([5.0, 10.0, math.inf])) ** 10
        np.testing.assert_allclose(left, [0.25, 0.5, 1.0], rtol=1e-12)
        assert closing_share(6.0, 2.0) == pytest.approx(float(closing_share(3.0)))

    @pytest.mark.parametrize(("life", "speed"), [(0.0, 1.0), (-1.0, 1.0), (1.0, -1.0)])
    def test_refuses(self, life: float, speed: float) -> None:
        with pytest.raises(ValueError, match="half_life must be > 0"):
            closing_share(life, speed)

    def test_the_best_of_the_gaps_closes(self) -> None:
        levels = np.array([[0.0, 5.0], [4.0, 0.0], [8.0, 1.0]])
        closing = np.array([[0.0, 0.5, 0.125], [0.5, 0.0, 0.5], [0.5, 0.5, 0.0]])
        seen = np.array([[False, True, True], [False] * 3, [True, False, False]])
        # the near model that is easy to copy beats the far one that is hard to
        np.testing.assert_allclose(
            imitated_levels(levels, closing, seen), [[2.0, 5.0], [4.0, 0.0], [8.0, 3.0]]
        )

    @given(st.lists(st.floats(-5, 5), min_size=2, max_size=6), st.floats(0.0, 1.0))
    def test_nobody_passes_or_falls_and_order_does_not_matter(
        self, values: list[float], share: float
    ) -> None:
        levels = np.array(values)[:, None]
        n = len(values)
        seen = ~np.eye(n, dtype=bool)
        moved = imitated_levels(levels, np.full((n, n), share), seen)
        assert (moved >= levels).all()
        assert moved.max() <= levels.max() + 1e-12
        turned = imitated_levels(levels[::-1], np.full((n, n), share), seen)
        assert turned[::-1].tobytes() == moved.tobytes()
