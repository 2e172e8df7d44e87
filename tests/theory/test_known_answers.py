"""Every known answer that the project covers, and proof that the check can fail."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from sim.analysis.attribution import shapley
from sim.analysis.games import equilibria
from sim.analysis.uncertainty import failing as discovery
from sim.analysis.verification import demand, judgement, pricing, rivalry
from sim.analysis.verification import verify as verification
from sim.economics import mixed, q_learning
from sim.economics.demand import NestedLogit, Nests
from sim.errors import SimError
from sim.runs.study import designs
from tests.theory.oracles import second_score_auction

CASES = verification.load_cases()
COVERED = [case for case in CASES if case["family"] in verification.families()]
BY_FAMILY = {case["family"]: case for case in reversed(COVERED)}
KEPT = frozenset(
    """
    bass best_response_dynamics calvano choice_numerics concentration consideration_sets
    containment_classifier cost_shock_pass_through discrete_continuous_bertrand
    elasticities_diversion ensemble_verdict inertia_adjusted_markup key_account_auction
    lambert_best_response learning_with_forgetting logit_bertrand logit_log_price_bertrand
    logit_multiproduct_merger matrix_games_egta mixed_logit_integral mixed_logit_segments_bertrand
    nerlove_arrow nested_logit_bertrand nested_logit_multiproduct_merger
    nested_logit_probabilities open_source_mixed_oligopoly preferential_attachment q_learning
    rd_quality_ladder rng_philox scenario_discovery shapley sobol_sensitivity statistics wright_law
    """.split()  # noqa: SIM905
)


@pytest.fixture(scope="module")
def answers() -> dict[str, dict[str, Any]]:
    with np.errstate(all="raise"):
        return verification.answer_cases(CASES)


@pytest.mark.parametrize("case", COVERED, ids=[case["id"] for case in COVERED])
def test_known_answer(case: dict[str, Any], answers: dict[str, dict[str, Any]]) -> None:
    assert verification.compare(answers[case["id"]], case) == []


def test_every_required_family_is_covered_and_present() -> None:
    names = {case["family"] for case in CASES}
    assert {case["family"] for case in COVERED} == names & set(verification.families())
    assert set(verification.families()) >= KEPT
    assert verification.uncovered(CASES) == []


def test_what_is_dropped_is_listed_with_a_reason_and_not_answered() -> None:
    report = verification.verify(CASES)
    assert report.dropped == verification.DROPPED
    assert all(report.dropped.values())
    families = {name for name in report.dropped if "." not in name}
    assert families | set(verification.families()) >= {case["family"] for case in CASES}
    assert not families & set(verification.families())
    for row in report.rows:
        assert f"{row.family}.{row.path}" not in report.dropped


def test_answers_do_not_depend_on_expected_values(answers: dict[str, dict[str, Any]]) -> None:
    blind = [{k: case[k] for k in ("id", "family", "inputs")} for case in CASES]
    assert verification.answer_cases(blind) == answers


def test_answers_are_json(answers: dict[str, dict[str, Any]]) -> None:
    assert json.loads(json.dumps(answers, allow_nan=False)) == answers


@pytest.mark.parametrize("name", sorted(BY_FAMILY))
def test_a_wrong_expected_value_is_noticed(name: str, answers: dict[str, dict[str, Any]]) -> None:
    case = copy.deepcopy(BY_FAMILY[name])
    assert verification.compare(answers[case["id"]], case) == []
    for key, value in case["expected"].items():
        if f"{name}.{key}" in verification.DROPPED:
            continue
        spoiled = {**case, "expected": {**case["expected"], key: _spoil(value)}}
        found = verification.compare(answers[case["id"]], spoiled)
        assert found
        assert all(mismatch.path.startswith(key) for mismatch in found)


def _spoil(value: Any) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value * 1.001 + 1
    if isinstance(value, str):
        return value + "!"
    if isinstance(value, list):
        return [*value, 0.0]
    if isinstance(value, dict):
        return {**value, "no such key": 1.0}
    return "something"


def _off(function: Callable[..., Any], factor: float = 1.001) -> Callable[..., Any]:
    return lambda *args, **kwargs: function(*args, **kwargs) * factor


def _logit_off(self: Nests, utilities: Any) -> NestedLogit:
    return LOGIT(self, utilities * 1.001)


def _system_off(self: mixed.Demand, prices: Any) -> mixed.DemandSystem:
    system = SYSTEM(self, prices)
    return system._replace(cross=system.cross * 1.001)


def _design_off(bounds: Any, base: int, rng: Any) -> Any:
    return DESIGN(np.asarray(bounds) * 0.9, base, rng)


LOGIT, SYSTEM, DESIGN = Nests.logit, mixed.Demand.system, designs.sobol_design
BY_LOGIT = (
    "choice_numerics nested_logit_probabilities elasticities_diversion mixed_logit_integral "
    "consideration_sets key_account_auction"
)
BY_SYSTEM = (
    "logit_bertrand nested_logit_bertrand logit_log_price_bertrand mixed_logit_segments_bertrand "
    "calvano discrete_continuous_bertrand open_source_mixed_oligopoly cost_shock_pass_through "
    "best_response_dynamics lambert_best_response q_learning"
)
PERTURBED: list[tuple[Any, str, Any, str]] = [
    *((Nests, "logit", _logit_off, name) for name in BY_LOGIT.split()),
    *((mixed.Demand, "system", _system_off, name) for name in BY_SYSTEM.split()),
    (pricing, "common_lerner", _off(pricing.common_lerner), "inertia_adjusted_markup"),
    (demand, "bass_step", _off(demand.bass_step), "bass"),
    (rivalry, "next_experience", _off(rivalry.next_experience), "learning_with_forgetting"),
    (rivalry, "experience_unit_cost", _off(rivalry.experience_unit_cost), "wright_law"),
    (rivalry, "next_goodwill", _off(rivalry.next_goodwill), "nerlove_arrow"),
    (
        rivalry,
        "attachment_exponent",
        _off(rivalry.attachment_exponent),
        "preferential_attachment",
    ),
    (judgement, "hhi", _off(judgement.hhi), "concentration"),
    (equilibria, "nash_equilibria", lambda *a: [], "matrix_games_egta"),
    (pricing, "gains", lambda *a: (np.ones(a[0].shape),) * 2, "matrix_games_egta"),
    (q_learning, "initial_values", _off(q_learning.initial_values), "q_learning"),
    (shapley, "shapley_values", _off(shapley.shapley_values), "shapley"),
    (designs, "sobol_design", _design_off, "sobol_sensitivity"),
    (discovery, "in_box", lambda x, box: np.ones(len(x), dtype=bool), "scenario_discovery"),
]


@pytest.mark.parametrize(("owner", "attribute", "wrong", "name"), PERTURBED)
def test_a_wrong_function_is_noticed(
    monkeypatch: pytest.MonkeyPatch, owner: Any, attribute: str, wrong: Any, name: str
) -> None:
    mine = [case for case in CASES if case["family"] == name]
    assert verification.verify(mine).passed
    monkeypatch.setattr(owner, attribute, wrong)
    assert verification.verify(mine).failures


def test_merger_without_its_partner_case_still_answers() -> None:
    for case in CASES:
        if "price_change_vs_pre" in case["expected"]:
            assert verification.verify([case]).passed


def test_report_counts_cases_and_lists_uncovered_families() -> None:
    bad = copy.deepcopy(BY_FAMILY["calvano"])
    bad["expected"]["nash_prices"][1] += 1e-3
    stranger = {**bad, "id": "x", "family": "no_such_family"}
    report = verification.verify([bad, stranger])
    assert not report.passed
    assert report.uncovered == ("no_such_family",)
    assert report.by_family() == {"calvano": (0, 1)}
    assert [row.path for row in report.failures] == ["nash_prices[1]"]


def test_a_case_that_cannot_be_answered_is_a_failed_row() -> None:
    case = copy.deepcopy(BY_FAMILY["calvano"])
    case["inputs"]["c"] = [1.0]
    report = verification.verify([case])
    assert not report.passed
    assert "Error" in report.failures[0].got
    assert {row.path for row in report.failures} == set(case["expected"])


@pytest.mark.parametrize(
    ("family", "field", "value"),
    [
        ("elasticities_diversion", "model", "logit: V_j=a_j-alpha sqrt p_j"),
        ("logit_bertrand", "model", "probit"),
        ("discrete_continuous_bertrand", "model", "logit_log_price"),
        ("calvano", "demand", "linear"),
        ("mixed_logit_integral", "price_coef", "alpha_i~U[0,1]"),
        ("best_response_dynamics", "update_order", "random"),
        ("key_account_auction", "rule", "first-score"),
        ("nerlove_arrow", "law", "A_t=A_{t-1}+u_t"),
        ("wright_law", "law", "c(x)=c1"),
        ("rng_philox", "generator", "PCG64"),
        ("sobol_sensitivity", "function", "x1+x2"),
        ("logit_bertrand", "search_cost", 0.2),
        ("key_account_auction", "reserve_price", 0.2),
        ("bass", "churn", 0.1),
    ],
)
def test_a_model_or_field_that_is_not_known_is_refused(family: str, field: str, value: Any) -> None:
    case = copy.deepcopy(BY_FAMILY[family])
    case["inputs"][field] = value
    answer = verification.answer_cases([case])[case["id"]]
    assert set(answer) == {"error"}
    assert field in answer["error"]
    assert not verification.verify([case]).passed


@pytest.mark.parametrize("family", ["logit_bertrand", "logit_log_price_bertrand"])
def test_a_case_in_log_price_is_answered_in_log_price(family: str) -> None:
    case = copy.deepcopy(BY_FAMILY["logit_log_price_bertrand"])
    case["family"] = family
    assert verification.verify([case]).passed
    del case["inputs"]["model"]
    assert verification.verify([case]).passed == (family == "logit_log_price_bertrand")


def test_elasticities_in_log_price_are_those_of_the_log() -> None:
    case = copy.deepcopy(BY_FAMILY["elasticities_diversion"])
    case["inputs"]["model"] = "logit: V_j=a_j-alpha ln p_j"
    answer = verification.answer_cases([case])[case["id"]]
    share = np.array(answer["shares"])
    own = -case["inputs"]["price_coef_alpha"] * (1 - share)
    np.testing.assert_allclose(np.diag(answer["elasticity"]), own, rtol=1e-12)


def test_leaving_an_auction_without_a_deal_costs_nothing() -> None:
    case = copy.deepcopy(BY_FAMILY["key_account_auction"])
    case["inputs"] |= {"incumbent_index": 0, "switching_cost": 0.25, "buyer_outside_surplus": 0.3}
    answer = verification.answer_cases([case])[case["id"]]
    surplus = case["inputs"]["net_surplus_w_equals_quality_minus_cost"]
    facts = case["inputs"]["gumbel_scale_mu"], 0, 0.25, 0.3
    closed = second_score_auction(surplus, *facts)
    np.testing.assert_allclose(answer["win_probabilities"], closed.win_probability, rtol=1e-12)
    np.testing.assert_allclose(answer["expected_profit"], closed.expected_profit, rtol=1e-9)
    np.testing.assert_allclose(answer["no_deal_probability"], closed.no_deal, rtol=1e-12)
    weight = np.exp((np.array([surplus[0], *np.array(surplus[1:]) - 0.25, 0.3])) / facts[0])
    np.testing.assert_allclose(answer["no_deal_probability"], (weight / weight.sum())[-1])


def test_nothing_to_check_does_not_pass() -> None:
    assert not verification.verify([]).passed


def test_equilibria_are_compared_as_sets() -> None:
    case = {
        "expected": {"equilibria": [[0.0, 1.0], [1.0, 0.0]]},
        "tolerance": {"abs": 0.0, "rel": 0.0},
    }
    assert verification.compare({"equilibria": [[1.0, 0.0], [0.0, 1.0]]}, case) == []
    assert verification.compare({"equilibria": [[1.0, 0.0], [1.0, 0.0]]}, case)


def test_registering_a_family_twice_raises() -> None:
    verification.families()
    with pytest.raises(ValueError, match="calvano"):
        verification.family("calvano")(lambda inputs: {})


def test_unreadable_cases_are_a_plain_error(tmp_path: Any) -> None:
    with pytest.raises(SimError, match="cannot read"):
        verification.load_cases(tmp_path / "none.json")
    (tmp_path / "bad.json").write_text('[{"id": "a"}]')
    with pytest.raises(SimError, match="lacks family"):
        verification.load_cases(tmp_path / "bad.json")
    (tmp_path / "dict.json").write_text("{}")
    with pytest.raises(SimError, match="list"):
        verification.load_cases(tmp_path / "dict.json")
