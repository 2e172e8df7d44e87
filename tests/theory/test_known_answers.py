"""Every known answer that the project covers, and proof that the check can fail."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from sim.analysis.attribution import shapley
from sim.analysis.calibration import inference
from sim.analysis.uncertainty import failing as discovery
from sim.analysis.uncertainty import sobol as sensitivity
from sim.analysis.verification import verify as verification
from sim.economics import (
    concentration,
    costs,
    demand,
    dynamic_pricing,
    games,
    mixed,
    q_learning,
    queues,
    sizes,
    switching,
    usage,
)
from sim.economics import concentration as growth
from sim.economics import demand as nests
from sim.economics import dynamic_pricing as learning_mpe
from sim.economics import switching as coupling
from sim.economics import switching as multihoming
from sim.economics import usage as diffusion
from sim.errors import SimError

CASES = verification.load_cases()
COVERED = [case for case in CASES if case["family"] in verification.families()]
BY_FAMILY = {case["family"]: case for case in reversed(COVERED)}
REQUIRED = frozenset(
    """
    choice_numerics nested_logit_probabilities mixed_logit_integral elasticities_diversion
    consideration_sets logit_bertrand nested_logit_bertrand logit_log_price_bertrand
    logit_multiproduct_merger nested_logit_multiproduct_merger mixed_logit_segments_bertrand calvano
    lambert_best_response best_response_dynamics discrete_continuous_bertrand
    inertia_adjusted_markup open_source_mixed_oligopoly cost_shock_pass_through wright_law
    learning_with_forgetting capacity_congestion switching_markov multihoming
    client_size_distribution concentration token_demand_jevons bass growth_share_identity
    crn_coupling article_anchor_arithmetic rng_philox containment_classifier ensemble_verdict
    statistics learning_by_doing_mpe switching_cost_mpe matrix_games_egta q_learning shapley
    sobol_sensitivity scenario_discovery calibration
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
    assert {case["family"] for case in COVERED} >= REQUIRED
    assert verification.uncovered(CASES) == []


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


def _logit_off(self: nests.Nests, utilities: Any) -> nests.NestedLogit:
    return LOGIT(self, utilities * 1.001)


def _system_off(self: mixed.Demand, prices: Any) -> mixed.DemandSystem:
    system = SYSTEM(self, prices)
    return system._replace(cross=system.cross * 1.001)


def _design_off(bounds: Any, base: int, rng: Any) -> sensitivity.SobolDesign:
    return DESIGN(np.asarray(bounds) * 0.9, base, rng)


def _posterior_off(theta: Any, summaries: Any, observed: Any, accept: float) -> Any:
    return POSTERIOR(theta, summaries, np.asarray(observed) + 0.1, accept)


LOGIT, SYSTEM = nests.Nests.logit, mixed.Demand.system
DESIGN, POSTERIOR = sensitivity.sobol_design, inference.abc_posterior
PERTURBED = [
    (nests.Nests, "logit", _logit_off, "nested_logit_probabilities"),
    (nests.Nests, "logit", _logit_off, "elasticities_diversion"),
    (mixed.Demand, "system", _system_off, "logit_bertrand"),
    (mixed.Demand, "system", _system_off, "nested_logit_bertrand"),
    (mixed.Demand, "system", _system_off, "mixed_logit_segments_bertrand"),
    (mixed.Demand, "system", _system_off, "calvano"),
    (mixed.Demand, "system", _system_off, "discrete_continuous_bertrand"),
    (demand, "log_probabilities", _off(demand.log_probabilities), "choice_numerics"),
    (demand, "log_probabilities", _off(demand.log_probabilities), "mixed_logit_integral"),
    (demand, "logit_probabilities", _off(demand.logit_probabilities), "consideration_sets"),
    (coupling, "switchers", _off(coupling.switchers), "crn_coupling"),
    (costs, "learning_exponent", _off(costs.learning_exponent), "wright_law"),
    (costs, "next_experience", _off(costs.next_experience), "learning_with_forgetting"),
    (queues, "erlang_b", _off(queues.erlang_b), "capacity_congestion"),
    (switching, "second_eigenvalue", _off(switching.second_eigenvalue), "switching_markov"),
    (multihoming, "expected_vendors", _off(multihoming.expected_vendors), "multihoming"),
    (sizes, "kish_efficiency", _off(sizes.kish_efficiency), "client_size_distribution"),
    (concentration, "hhi", _off(concentration.hhi), "concentration"),
    (diffusion, "bass_step", _off(diffusion.bass_step), "bass"),
    (
        growth,
        "share_ratio_log_change",
        _off(growth.share_ratio_log_change),
        "growth_share_identity",
    ),
    (
        learning_mpe,
        "equilibrium_log_odds",
        _off(learning_mpe.equilibrium_log_odds),
        "learning_by_doing_mpe",
    ),
    (
        dynamic_pricing,
        "equilibrium_log_odds",
        _off(dynamic_pricing.equilibrium_log_odds),
        "switching_cost_mpe",
    ),
    (games, "pure_profile_regrets", _off(games.pure_profile_regrets), "matrix_games_egta"),
    (games, "_indifferent_mix", lambda *a: None, "matrix_games_egta"),
    (mixed.Demand, "system", _system_off, "q_learning"),
    (q_learning, "initial_values", _off(q_learning.initial_values), "q_learning"),
    (shapley, "shapley_values", _off(shapley.shapley_values), "shapley"),
    (sensitivity, "sobol_design", _design_off, "sobol_sensitivity"),
    (discovery, "in_box", lambda x, box: np.ones(len(x), dtype=bool), "scenario_discovery"),
    (inference, "implausibility", _off(inference.implausibility), "calibration"),
    (inference, "abc_posterior", _posterior_off, "calibration"),
    (usage, "price_cut_rebound", lambda *a: usage.Rebound(*np.ones(7)), "token_demand_jevons"),
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
