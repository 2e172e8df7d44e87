"""Parts of token growth and growth over a year."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.economics.concentration import fading_age, quarters_of_growth, year_on_year
from sim.economics.usage import price_cut_rebound, token_growth_parts

amounts = st.floats(1e-3, 1e6)


class TestTokenGrowthParts:
    def test_one_kind_is_exact(self) -> None:
        """The known answer `jev-p1`: the price halves, adoption goes from 0.2 to 0.303."""
        known = price_cut_rebound(eta=1.1, price_cut=0.5, adoption_alpha=0.8, adoption=0.2)
        parts = token_growth_parts(
            [[10.0], [10.0 * known.total_tokens * 1.5]],
            [8.0, 4.0],
            [[0.2], [known.adoption_after]],
            [1.1],
        )
        assert parts.price == pytest.approx(np.log(known.tokens_per_client), rel=1e-12)
        assert parts.adoption == pytest.approx(np.log(known.adoption_after / 0.2), rel=1e-12)
        assert parts.growth == pytest.approx(np.log(1.5), rel=1e-12)

    def test_kinds_that_stand_still_dilute_the_parts(self) -> None:
        parts = token_growth_parts([[10, 10], [20, 10]], [1, 1], [[0.5, 0.5], [1, 0.5]], [0.7, 0.7])
        assert parts.adoption == pytest.approx(np.log(1.5), rel=1e-12)
        assert parts.price == 0.0

    @given(
        st.lists(st.tuples(amounts, amounts, st.floats(0.01, 1), st.floats(0.01, 1)), min_size=1),
        amounts,
        amounts,
    )
    def test_parts_add_up(
        self, kinds: list[tuple[float, float, float, float]], before: float, after: float
    ) -> None:
        table = np.array(kinds).T
        parts = token_growth_parts(table[:2], [before, after], table[2:], np.full(len(kinds), 0.7))
        total = np.log(table[1].sum() / table[0].sum())
        assert parts.total == pytest.approx(total, rel=1e-9, abs=1e-9)
        # swapping the months turns every part round
        back = token_growth_parts(
            table[1::-1], [after, before], table[:1:-1], np.full(len(kinds), 0.7)
        )
        np.testing.assert_allclose(back, -np.array(parts), rtol=1e-6, atol=1e-9)

    def test_refuses_what_has_no_logarithm(self) -> None:
        with pytest.raises(ValueError, match="tokens must be"):
            token_growth_parts([[0.0], [1.0]], [1, 1], [[1], [1]], [1])
        with pytest.raises(ValueError, match="must be"):
            token_growth_parts([1.0, 2.0], [1, 1], [[1], [1]], [1])


class TestGrowthOverAYear:
    def test_doubling_each_year(self) -> None:
        monthly = 2.0 ** (np.arange(30) / 12)
        np.testing.assert_allclose(year_on_year(monthly), np.ones(18), rtol=1e-12)
        by_vendor = np.stack([monthly, np.ones(30)], axis=1)
        np.testing.assert_allclose(year_on_year(by_vendor)[:, 1], 0.0)

    def test_quarters_of_triple_digit_growth(self) -> None:
        quarters = np.array([1, 1, 1, 1, 2, 2.5, 1.9, 2.2, 4.0, 4.0, 9.0])
        monthly = np.repeat(quarters / 3, 3)
        # against a year before: 100 %, 150 %, 90 %, 120 %, 100 %, 60 %, 374 %
        assert quarters_of_growth(monthly) == 2
        assert quarters_of_growth(monthly, least=0.5) == 7
        assert quarters_of_growth(monthly[:-1], least=3.0) == 0

    def test_needs_a_year_before(self) -> None:
        with pytest.raises(ValueError, match="twelve months"):
            year_on_year(np.ones(12))
        with pytest.raises(ValueError, match="fifteen months"):
            quarters_of_growth(np.ones(14))
        with pytest.raises(ValueError, match="> 0"):
            year_on_year(np.zeros(13))


class TestFadingAge:
    def test_growth_that_loses_half_a_month_ends_at_the_sum_of_its_rates(self) -> None:
        """ln 2 a month halves the rate: in all 1 / ln 2 months of full growth."""
        age = fading_age([np.log(2.0), 0.0], 60)
        assert age[0].tolist() == [0.0, 0.0]
        assert age[1, 0] == pytest.approx(0.5 / np.log(2.0), rel=1e-14)
        assert age[60, 0] == pytest.approx(1.0 / np.log(2.0), rel=1e-14)
        assert age[:, 1].tolist() == np.arange(61.0).tolist()

    @given(st.floats(1e-6, 2.0), st.integers(1, 80))
    def test_it_is_the_integral_of_what_is_left_of_the_rate(
        self, slowdown: float, months: int
    ) -> None:
        time = np.linspace(0.0, months, 4001)
        left = np.exp(-slowdown * time)
        assert fading_age(slowdown, months)[-1, 0] == pytest.approx(
            np.trapezoid(left, time), rel=1e-3
        )

    @pytest.mark.parametrize("wrong", [-0.1, np.nan, np.inf])
    def test_a_rate_that_grows_or_is_no_number_is_refused(self, wrong: float) -> None:
        with pytest.raises(ValueError, match="finite and not negative"):
            fading_age([0.1, wrong], 3)
