from dataclasses import replace

import numpy as np
import pytest

from sim.analysis.verdict.agreement import agreement, cohen_kappa, fleiss_kappa, indicators
from sim.analysis.verdict.containment import (
    Verdict,
    all_of,
    any_of,
    ceiling,
    contained,
    cost_flag,
    counterfactual,
    dual_leadership,
    growth_convergence,
    non_conversion,
)
from sim.analysis.verdict.curves import WorldCurves, base_of, pair_facts, path_facts
from sim.scenario.schema.scenario import Containment

LIMITS = Containment()
MONTHS = 48


@pytest.fixture(autouse=True)
def floating_errors():
    with np.errstate(all="raise"):
        yield


def world(
    n=40,
    *,
    start=0.44,
    end=0.49,
    slope=0.0,
    revenue=(0.36, 0.13, 0.15),
    profit=1e8,
    growth=0.0,
    noise=0.004,
    months=MONTHS,
):
    """Challenger (column 1) saturates from start to end within a year, then moves by slope."""
    rng = np.random.default_rng(11)
    t = np.arange(months)
    path = end - (end - start) * np.exp(-t / 4.0) + slope * np.clip(t - 24, 0, None)
    tokens = np.zeros((n, months, 3))
    tokens[:, :, 1] = path + noise * rng.standard_normal((n, months))
    tokens[:, :, 0] = 0.20
    tokens[:, :, 2] = 0.08
    money = np.zeros((n, months, 3))
    money[:, :, 0] = revenue[0]
    money[:, :, 1] = np.linspace(revenue[1], revenue[2], months)
    volume = np.exp(0.05 * t)[None, :, None] * tokens
    volume[:, :, 1] *= np.exp(growth * t)
    profits = np.full((n, months, 3), profit) * (1.0 + 0.01 * rng.standard_normal((n, 1, 1)))
    return WorldCurves(
        tokens, money, volume, profits, 0, 1, np.arange(n), "abc123", contest_month=1
    )


def facts(**change):
    return path_facts(world(**change), LIMITS.window_months, LIMITS.base_months)


def pair(gap, n=40, gain=0.0, seed=3):
    on = world(n)
    rng = np.random.default_rng(seed)
    tokens, profits = on.token_share.copy(), on.profit.copy()
    tokens[:, :, 1] += gap + (0.005 * rng.standard_normal((n, 1)) if gap else 0.0)
    profits[:, :, 0] -= gain * (1.0 + 0.1 * rng.standard_normal((n, 1)))
    return pair_facts(on, replace(on, token_share=tokens, profit=profits), LIMITS.window_months)


def test_ceiling_holds_on_a_plateau_and_says_that_the_horizon_is_open():
    found = ceiling(facts(), LIMITS)
    assert found.verdict is Verdict.SUPPORTED
    assert "horizon not checked" in found.note
    assert found.details["frequency_below_ceiling"] == 1.0
    assert found.interval.lower < found.statistic < found.interval.upper


@pytest.mark.parametrize(
    "change", [{"slope": 0.006}, {"end": 0.66, "start": 0.5}, {"slope": -0.008}]
)
def test_ceiling_fails_when_the_share_moves_or_is_high(change):
    assert ceiling(facts(**change), LIMITS).verdict is Verdict.REFUTED


def test_a_plateau_that_breaks_later_is_no_ceiling():
    longer = facts(slope=0.004, months=MONTHS + 24)
    assert ceiling(facts(), LIMITS, longer=longer).verdict is Verdict.REFUTED
    kept = ceiling(facts(), LIMITS, longer=facts(months=MONTHS + 24))
    assert kept.verdict is Verdict.SUPPORTED
    assert "longer run: supported" in kept.note


def test_ceiling_needs_the_fitted_curve_to_end_below_it():
    flat = facts()
    heading_up = replace(flat, ceiling=np.full_like(flat.ceiling, 0.9))
    found = ceiling(heading_up, LIMITS)
    assert found.verdict is Verdict.UNDETERMINED
    assert "logistic ceiling" in found.note


@pytest.mark.parametrize(
    ("gap", "expected"),
    [
        (0.06, Verdict.SUPPORTED),
        (0.01, Verdict.REFUTED),
        (-0.05, Verdict.REFUTED),
        (0.03, Verdict.UNDETERMINED),
    ],
)
def test_counterfactual(gap, expected):
    found = counterfactual(pair(gap), 40, LIMITS)
    assert found.verdict is expected
    assert found.statistic == pytest.approx(gap, abs=0.004)
    assert found.details["area_between_curves_share_months"] == pytest.approx(gap * MONTHS, abs=0.2)


def test_same_worlds_refute_the_effect_exactly():
    found = counterfactual(pair(0.0), 40, LIMITS)
    assert found.verdict is Verdict.REFUTED
    assert found.statistic == 0.0
    assert found.interval == (0.0, 0.0)


def test_without_a_pair_the_cause_and_the_cost_do_not_apply():
    assert counterfactual(None, 40, LIMITS).verdict is Verdict.NOT_APPLICABLE
    assert cost_flag(facts(), None, LIMITS).verdict is Verdict.NOT_APPLICABLE


def test_pairs_are_taken_seed_by_seed():
    rng = np.random.default_rng(8)
    on = world(noise=0.0)
    levels = rng.normal(0.0, 0.05, (40, 1))
    on = replace(on, token_share=on.token_share + levels[:, :, None] * [[[0, 1, 0]]])
    off = replace(on, token_share=on.token_share + 0.04 * np.array([0.0, 1.0, 0.0]))
    found = counterfactual(pair_facts(on, off, 12), 40, LIMITS)
    assert found.details["sd"] < 1e-12
    assert found.verdict is Verdict.SUPPORTED


def test_dual_leadership_needs_every_month_of_the_window():
    assert dual_leadership(facts(), LIMITS).verdict is Verdict.SUPPORTED
    assert dual_leadership(facts(revenue=(0.15, 0.14, 0.14)), LIMITS).verdict is Verdict.REFUTED
    on = world()
    money = on.revenue_share.copy()
    money[:, -3, 0] = 0.15
    broken = path_facts(replace(on, revenue_share=money), 12, 12)
    assert dual_leadership(broken, LIMITS).statistic == 0.0


@pytest.mark.parametrize(
    ("growth", "expected"),
    [(0.0, Verdict.SUPPORTED), (0.05, Verdict.REFUTED), (-0.05, Verdict.REFUTED)],
)
def test_growth_convergence(growth, expected):
    assert growth_convergence(facts(growth=growth), LIMITS).verdict is expected


def test_growth_is_undetermined_where_nothing_was_served():
    on = world()
    volume = on.token_volume.copy()
    volume[:5, -1, 1] = 0.0
    found = growth_convergence(path_facts(replace(on, token_volume=volume), 12, 12), LIMITS)
    assert found.verdict is Verdict.UNDETERMINED
    assert found.n == 35
    none = growth_convergence(path_facts(replace(on, token_volume=0.0 * volume), 12, 12), LIMITS)
    assert none.statistic is None
    assert none.n == 0


def test_non_conversion():
    assert non_conversion(facts(), LIMITS).verdict is Verdict.SUPPORTED
    converts = facts(revenue=(0.36, 0.10, 0.20))
    assert non_conversion(converts, LIMITS).verdict is Verdict.REFUTED
    still = non_conversion(facts(start=0.485, end=0.49), LIMITS)
    assert still.verdict is Verdict.NOT_APPLICABLE
    assert still.statistic is None
    fell = non_conversion(facts(start=0.55, end=0.49), LIMITS)
    assert fell.verdict is Verdict.NOT_APPLICABLE
    assert "fell" in fell.note


def test_conversion_starts_from_the_months_before_the_contest():
    early = world(noise=0.0)
    early.token_share[:, 0, 1] = 0.7  # a first month like no other
    late = replace(early, contest_month=12)
    base = late.token_share[0, :12, 1].mean()
    found = path_facts(late, 12, base_months=12)
    assert found.token_change[0] == pytest.approx(late.token_share[0, -12:, 1].mean() - base)
    assert path_facts(late, 12, base_months=3).token_change[0] == pytest.approx(
        late.token_share[0, -12:, 1].mean() - late.token_share[0, 9:12, 1].mean()
    )
    assert base_of(replace(early, contest_month=None), 12, 12) == slice(0, 12)
    assert base_of(replace(early, contest_month=2), 12, 12) == slice(0, 2)
    assert base_of(replace(early, contest_month=0), 12, 12) == slice(0, 1)
    assert base_of(early, MONTHS, 12) == slice(0, 1)


@pytest.mark.parametrize(
    ("gain", "expected"),
    [(-1e6, Verdict.SUPPORTED), (1e6, Verdict.REFUTED), (0.0, Verdict.REFUTED)],
)
def test_cost_flag(gain, expected):
    found = cost_flag(facts(), pair(0.05, gain=gain), LIMITS)
    assert found.verdict is expected
    assert found.statistic == pytest.approx(gain * MONTHS, rel=0.1)


def test_burn_is_yuan_per_point_won():
    found = cost_flag(facts(profit=-1e6, noise=0.0), pair(0.05), LIMITS)
    assert found.details["challenger_burn_yuan_per_point"] == pytest.approx(48e6 / 5.0, rel=0.01)


def test_one_replicate_decides_nothing():
    one, couple = facts(n=1), pair(0.06, n=1)
    for found in (
        ceiling(one, LIMITS),
        counterfactual(couple, 1, LIMITS),
        dual_leadership(one, LIMITS),
        growth_convergence(one, LIMITS),
        non_conversion(one, LIMITS),
        cost_flag(one, couple, LIMITS),
    ):
        assert found.verdict is Verdict.UNDETERMINED, found.title


def test_contained_needs_the_counterfactual_and_one_shape():
    good = {
        "D1": ceiling(facts(), LIMITS),
        "D2": counterfactual(pair(0.06), 40, LIMITS),
        "D3": dual_leadership(facts(), LIMITS),
    }
    lost = {code: replace(result, verdict=Verdict.REFUTED) for code, result in good.items()}
    assert contained(good) is Verdict.SUPPORTED
    assert contained(good | {"D1": lost["D1"]}) is Verdict.SUPPORTED
    assert contained(good | {"D3": lost["D3"]}) is Verdict.SUPPORTED
    assert contained(good | {"D1": lost["D1"], "D3": lost["D3"]}) is Verdict.REFUTED
    assert contained(good | {"D2": lost["D2"]}) is Verdict.REFUTED
    assert contained(good | {"D2": counterfactual(None, 40, LIMITS)}) is Verdict.UNDETERMINED


def test_combining_verdicts():
    yes, no, open_ = Verdict.SUPPORTED, Verdict.REFUTED, Verdict.UNDETERMINED
    assert (all_of([yes, yes]), all_of([yes, open_]), all_of([open_, no])) == (yes, open_, no)
    assert (any_of([no, yes]), any_of([no, open_]), any_of([no, no])) == (yes, open_, no)


def test_zero_tolerances_support_nothing_and_break_nothing():
    zero = dict.fromkeys(("slope_tolerance", "growth_tolerance", "minimum_effect"), 0.0)
    strict = LIMITS.model_copy(update=zero)
    assert ceiling(facts(), strict).verdict is not Verdict.SUPPORTED
    assert growth_convergence(facts(noise=0.0), strict).verdict is not Verdict.SUPPORTED
    assert counterfactual(pair(0.0), 40, strict).verdict is Verdict.UNDETERMINED


def test_kappas_by_hand():
    a = [1, 1, 1, 1, 0, 0, 0, 0, 1, 0]
    b = [1, 1, 1, 0, 0, 0, 0, 1, 1, 1]
    assert cohen_kappa(a, b) == pytest.approx((0.7 - 0.5) / 0.5)
    assert cohen_kappa(a, a) == pytest.approx(1.0)
    assert cohen_kappa([1, 1], [1, 1]) is None
    assert cohen_kappa([1, np.nan], [np.nan, 1]) is None
    assert fleiss_kappa(np.column_stack([a, a, a])) == pytest.approx(1.0)
    # Two raters with one split unit of two: P = 0.5, p = 0.75, chance 0.625.
    assert fleiss_kappa([[1, 1], [1, 0]]) == pytest.approx((0.5 - 0.625) / 0.375)
    assert fleiss_kappa([[1, 1]]) is None


def test_agreement_leaves_out_what_was_not_judged():
    found = agreement(indicators(facts(), None, LIMITS))
    assert found["names"] == ("D1", "D3", "D4", "D5")
    assert found["observed"][0][0] == 1.0
    assert found["n"] == 40
    assert agreement(indicators(facts(), pair(0.06), LIMITS))["names"][1] == "D2"


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"seeds": np.zeros(40, dtype=int)}, "its own"),
        ({"seeds": np.arange(3)}, "one a replicate"),
        ({"challenger": 0}, "two vendors"),
        ({"scenario_hash": ""}, "scenario hash"),
        ({"challenger": 7}, "columns"),
        ({"profit": np.full((40, MONTHS, 3), np.nan)}, "finite"),
        ({"token_volume": -np.ones((40, MONTHS, 3))}, "negative"),
        ({"revenue_share": np.full((40, MONTHS, 3), 0.5)}, "add up"),
        ({"revenue_share": np.zeros((40, MONTHS, 2))}, "as token_share"),
    ],
)
def test_curves_refuse_nonsense(change, match):
    with pytest.raises(ValueError, match=match):
        replace(world(), **change)


def test_pairs_refuse_other_seeds_and_lengths():
    on = world()
    with pytest.raises(ValueError, match="seeds"):
        pair_facts(on, replace(on, seeds=on.seeds[::-1].copy()), 12)
    with pytest.raises(ValueError, match="months"):
        pair_facts(on, world(months=60), 12)
    with pytest.raises(ValueError, match="window"):
        path_facts(on, 60, 12)
