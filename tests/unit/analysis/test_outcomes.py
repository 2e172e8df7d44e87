import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from sim.analysis.verdict.curves import logistic_ceiling
from sim.analysis.verdict.outcomes import OutcomeClass, PathClass, lead, split_plateau
from sim.analysis.verdict.outcomes import classify as classify_runs
from sim.scenario.schema.scenario import Containment

MONTHS = 24
UNNAMED = 0.3


@pytest.fixture(autouse=True)
def floating_errors():
    with np.errstate(all="raise"):
        yield


def flat(*shares):
    return np.tile(np.array(shares, dtype=float), (MONTHS, 1))


def classify(tokens, revenue, incumbent, challenger, tau=None):
    """The outcome of a single run."""
    tau = None if tau is None else np.array([tau])
    (found,) = classify_runs(tokens[None], revenue[None], incumbent, challenger, tau)
    return found


def rising(tokens, slope):
    tokens = tokens.copy()
    tokens[:, 1] += slope * (np.arange(MONTHS) - MONTHS + 6.5)
    return tokens


@pytest.mark.parametrize(
    ("tokens", "revenue", "tau", "expected"),
    [
        (flat(0.30, 0.34, 0.20), flat(0.3, 0.2, 0.1), 0.1, OutcomeClass.FRAGMENTATION),
        (flat(0.20, 0.30, 0.45), flat(0.3, 0.2, 0.1), 0.1, OutcomeClass.THIRD_PARTY_LEAD),
        (flat(0.25, 0.50, 0.10), flat(0.2, 0.3, 0.1), 0.1, OutcomeClass.DISPLACEMENT),
        (flat(0.20, 0.65, 0.10), flat(0.3, 0.2, 0.1), 0.1, OutcomeClass.BREAKOUT),
        (
            rising(flat(0.20, 0.45, 0.10), 0.004),
            flat(0.3, 0.2, 0.1),
            0.1,
            OutcomeClass.BREAKOUT,
        ),
        (flat(0.50, 0.30, 0.10), flat(0.3, 0.2, 0.1), 0.1, OutcomeClass.INCUMBENT_ROLLBACK),
        (flat(0.27, 0.49, 0.15), flat(0.36, 0.15, 0.1), 0.06, OutcomeClass.CONTAINMENT),
        (flat(0.27, 0.49, 0.15), flat(0.36, 0.15, 0.1), 0.03, OutcomeClass.CONTAINMENT),
        (flat(0.27, 0.49, 0.15), flat(0.36, 0.15, 0.1), 0.02, OutcomeClass.STAND_OFF),
        (flat(0.27, 0.49, 0.15), flat(0.36, 0.15, 0.1), None, OutcomeClass.STAND_OFF),
        (flat(0.27, 0.49, 0.15), flat(0.30, 0.15, 0.4), 0.06, OutcomeClass.CONTESTED),
        (flat(0.40, 0.41, 0.15), flat(0.36, 0.15, 0.1), 0.06, OutcomeClass.CONTESTED),
    ],
)
def test_each_class_has_its_path(tokens, revenue, tau, expected):
    assert classify(tokens, revenue, 0, 1, tau) is expected


def test_only_the_window_is_judged():
    tokens = flat(0.27, 0.49, 0.15)
    tokens[:12] = [0.9, 0.05, 0.05]
    assert classify(tokens, flat(0.4, 0.1, 0.1), 0, 1) is OutcomeClass.STAND_OFF


@st.composite
def paths(draw):
    vendors = draw(st.integers(2, 6))
    # A part of one stays with unnamed vendors, so that no market share reaches one.
    raw = draw(hnp.arrays(np.float64, (2, MONTHS, vendors), elements=st.floats(0.5, 1.5)))
    powers = draw(st.sampled_from([1.0, 8.0]))
    level = draw(hnp.arrays(np.float64, (2, 1, vendors), elements=st.floats(0.05, 1.0)))
    weights = (level**powers) * (1.0 + 0.1 * raw)
    shares = (1.0 - UNNAMED * draw(st.sampled_from([0.0, 1.0]))) * (
        weights / weights.sum(axis=2, keepdims=True)
    )
    return shares[0], shares[1]


@given(paths(), st.one_of(st.none(), st.floats(-0.2, 0.2)))
def test_every_path_has_exactly_one_class(shares, tau):
    found = classify(*shares, 0, 1, tau)
    assert isinstance(found, OutcomeClass)
    if found is OutcomeClass.CONTAINMENT:
        assert tau is not None
        assert tau >= Containment().minimum_effect


@given(paths())
def test_swapping_the_rivals_mirrors_the_class(shares):
    here, there = classify(*shares, 0, 1), classify(*shares, 1, 0)
    symmetric = {OutcomeClass.FRAGMENTATION, OutcomeClass.THIRD_PARTY_LEAD}
    challenger_ahead = {
        OutcomeClass.DISPLACEMENT,
        OutcomeClass.BREAKOUT,
        OutcomeClass.STAND_OFF,
        OutcomeClass.CONTESTED,
    }
    if here in symmetric or there in symmetric:
        assert here is there
    elif here in {OutcomeClass.DISPLACEMENT, OutcomeClass.BREAKOUT}:
        assert there is OutcomeClass.INCUMBENT_ROLLBACK
    elif here is OutcomeClass.INCUMBENT_ROLLBACK:
        assert there in challenger_ahead


@given(paths(), st.randoms())
def test_order_of_vendors_does_not_matter(shares, shuffler):
    order = list(range(shares[0].shape[1]))
    shuffler.shuffle(order)
    moved = (share[:, order] for share in shares)
    assert classify(*shares, 0, 1) is classify(*moved, order.index(0), order.index(1))


def test_lead_is_over_the_best_other():
    assert lead([0.2, 0.5, 0.1], 1) == pytest.approx(0.3)
    assert lead([0.2, 0.5, 0.1], 0) == pytest.approx(-0.3)
    with pytest.raises(ValueError, match="two vendors"):
        lead([1.0], 0)


def test_split_touches_only_plateaus():
    for path in PathClass:
        if path is not PathClass.PLATEAU:
            assert split_plateau(path, 1.0, 0.03).value == path.value


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"window_months": 1}, "window_months"),
        ({"lead_margin": 1.5}, "lead_margin"),
        ({"slope_tolerance": -0.1}, "slope_tolerance"),
        ({"minimum_effect": float("nan")}, "minimum_effect"),
    ],
)
def test_thresholds_refuse_nonsense(change, match):
    with pytest.raises(ValueError, match=match):
        Containment(**change)


def test_bad_arrays_are_refused():
    good = flat(0.3, 0.4, 0.2)
    with pytest.raises(ValueError, match="window"):
        classify(good[:5], good[:5], 0, 1)
    with pytest.raises(ValueError, match="two vendors"):
        classify(good, good, 1, 1)
    with pytest.raises(ValueError, match="months, vendors"):
        classify(good, good[:, :2], 0, 1)
    with pytest.raises(ValueError, match="finite"):
        classify(good * np.nan, good, 0, 1)


def test_ceiling_finds_where_a_rise_ends():
    t = np.arange(48)
    rng = np.random.default_rng(4)
    noise = 0.003 * rng.standard_normal((50, 48))
    ended = 0.2 + 0.3 / (1.0 + np.exp(-(t - 20) / 4.0)) + noise
    under_way = 0.2 + 0.6 / (1.0 + np.exp(-(t - 44) / 6.0)) + noise
    assert logistic_ceiling(ended) == pytest.approx(0.5, abs=0.02)
    assert np.median(logistic_ceiling(under_way)) > under_way[:, -1].mean() + 0.05
    assert logistic_ceiling(0.49 + noise).mean() == pytest.approx(0.49, abs=0.03)
    assert logistic_ceiling(np.full((2, 48), 0.49)) == pytest.approx(0.49, abs=1e-12)
    with pytest.raises(ValueError, match="five months"):
        logistic_ceiling(np.full((2, 4), 0.5))
