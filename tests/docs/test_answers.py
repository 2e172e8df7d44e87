"""The page of the main scenario's numbers: of this scenario, from the commands it names."""

from __future__ import annotations

import pytest

from sim.scenario.patches import scenario_hash
from sim.scenario.reader import load
from tests.docs.scripts import ROOT, script

answers = script("answers")
ROW = {"label": "open_source", "mean": 3.25, "low": 2.5, "high": 4.0, "n": 30}
INTERACTION = ROW | {"label": "interaction open_source x full_stack"}
SUM = "shares add up to v(all) - v(none): largest difference 0.0e+00 points over 30 replicates"


def test_the_committed_page_is_of_the_committed_scenario():
    page = answers.PAGE.read_text(encoding="utf-8")
    current = scenario_hash(load(ROOT / answers.SCENARIO))[:8]
    assert f"scenario {current}" in page, "run: python docs/answers.py"
    for question in answers.QUESTIONS:
        assert f"## {question.asked}\n\n`{question.command}`" in page
        for name in question.pictures:
            assert f"../pictures/{name}.png" in page


def test_every_command_is_one_that_a_user_can_type():
    from typer.testing import CliRunner

    from sim.cli.app import app

    for question in answers.QUESTIONS:
        program, verb, scenario, *options = question.command.split()
        assert (program, scenario) == ("sim", answers.SCENARIO)
        told = CliRunner().invoke(app, [verb, "--help"]).output
        assert all(option in told for option in options if option.startswith("--"))


def test_shares_are_told_with_interval_and_sum_and_without_interactions():
    findings = [
        {"part": "shapley", "rows": [ROW, INTERACTION], "notes": [SUM, "above 0: ..."]},
        {"part": "dose", "rows": [ROW], "notes": []},
    ]
    assert list(answers.attribution_rows({"findings": findings})) == [
        ("share, open_source", "+3.25 [+2.50, +4.00] points, n = 30"),
        ("shares", SUM),
    ]


def test_only_large_indices_and_the_sides_of_the_box_are_told():
    sobol = {
        "method": "sobol",
        "tables": {"tau": [ROW | {"mean": 0.4}, ROW | {"label": "seed", "mean": 0.09}]},
        "facts": {"named_from": 0.1},
    }
    side = {"low": 1.25, "high": None, "quasi_p": 0.001, "restricted_in": 0.9}
    prim = {
        "method": "prim",
        "tables": {"failure": [{"low": 0.2, "high": 0.4}]},
        "notes": [],
        "facts": {
            "fails_in": 60,
            "draws": 200,
            "box": {"x": side},
            "coverage": 0.7,
            "density": 0.8,
        },
    }
    rows = dict(answers.sensitivity_rows({"findings": [sobol, prim]}))
    assert rows["total Sobol index above 0.1, tau"] == "open_source 0.40 [2.50, 4.00]"
    assert rows["containment fails"] == "in 60 of 200 draws [20%, 40%]"
    assert rows["box of failure: x"].startswith("from 1.25; quasi-p 0.001")
    assert rows["box of failure, quality"] == "coverage 70%, density 80%"


@pytest.mark.parametrize(
    ("weights", "told"),
    [({"match": 1.0}, "match"), ({"match": 0.25, "nash": 0.75}, "0.25 match + 0.75 nash")],
)
def test_a_mixed_strategy_is_told_with_its_weights(weights, told):
    found = {
        "payoff": {"unit": "yuan"},
        "equilibria": [
            {
                "incumbent": weights,
                "challenger": {"undercut": 1.0},
                "payoffs": [10.0, 5.0],
                "frequency": 0.5,
                "pure": len(weights) == 1,
            }
        ],
        "historical": {
            "regret": 2.0,
            "low": 1.0,
            "high": 3.0,
            "best_incumbent": "match",
            "best_challenger": "undercut",
            "gain_incumbent": 2.0,
            "gain_challenger": 0.0,
        },
    }
    rows = list(answers.tournament_rows(found))
    assert rows[0][0] == f"equilibrium ({told}; undercut)"
    assert rows[1][1].startswith("2.0 [1.0, 3.0] yuan; best replies match (+2.0)")
