"""Research: what is spent is charged, and success comes as often as the ladder says."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sim.economics.quality import success_probability
from sim.market.vendors.research import discover
from tests.unit.market.tiny import changed, differing, ran, started

FIXED = {"strategy": "fixed", "spend": 80.0, "effectiveness": 0.01, "step": 0.25}


def researching(**table: object) -> dict[str, object]:
    return {"vendors.volcano.research": FIXED | table}


def test_spending_is_charged_and_paid_from_cash() -> None:
    free = ran(changed(researching(spend=0.0)))
    model = ran(changed(researching(step=0.0)))
    assert differing(free, model) == {
        "cash",
        "profit",
        "move_spending",
        "objective",
        "research_spending",
        "research_steps",
    }
    v = model.axes["vendor"].index("volcano")
    np.testing.assert_allclose(model.curves["research_spending"][:, v], 80e6)
    np.testing.assert_allclose(model.curves["research_spending"].sum(axis=1), 80e6)
    paid = free.curves["cash"][:, v] - model.curves["cash"][:, v]
    np.testing.assert_allclose(paid, 80e6 * np.arange(1, 7), rtol=1e-9)


def test_steps_come_with_the_probability_of_the_ladder() -> None:
    model = started(researching())
    model.state.research[model.vendors["volcano"].index] = 80.0
    for _ in range(4_000):
        discover(model)
    chance = success_probability(80.0, 0.01)
    steps = model.state.research_steps[model.vendors["volcano"].index]
    assert abs(steps / 4_000 - chance) < 4 * math.sqrt(chance * (1 - chance) / 4_000)


def test_a_step_lifts_the_named_families_alone() -> None:
    luck = {"vendors.dam.research": FIXED | {"effectiveness": 1e3, "families": ["dam_max"]}}
    model, plain = started(luck), started()
    model.state.research[:] = 1e6
    discover(model)
    gained = model.state.capability - plain.state.capability
    names = np.array(model.world.families)
    assert (gained[names == "dam_max"] == 0.25).all()
    assert (gained[names != "dam_max"] == 0.0).all()


def test_more_money_keeps_the_luck() -> None:
    """Every step that little money finds is found by more, under the same seed."""
    months, paths = 12, []
    for spend in (30.0, 300.0):
        model = ran(changed(researching(spend=spend), months=months))
        steps = model.curves["research_steps"][:, model.axes["vendor"].index("volcano")]
        paths.append(np.diff(steps, prepend=0.0))
    assert paths[0].sum() > 0
    assert (paths[1] >= paths[0]).all()
    assert paths[1].sum() > paths[0].sum()


def test_who_is_out_of_money_finds_nothing() -> None:
    broke = {"vendors.volcano.finance": {"cash": -1e6, "funding_limit": 5.0}}
    model = ran(changed(researching() | broke, months=3))
    assert not model.curves["research_spending"].any()
    assert not model.curves["research_steps"].any()


def test_spending_by_revenue_begins_with_the_second_month() -> None:
    rule = {"vendors.volcano.research": {"strategy": "share_of_revenue", "share": 0.2}}
    model = ran(changed(rule, months=4))
    v = model.axes["vendor"].index("volcano")
    spent = model.curves["research_spending"][:, v]
    revenue = model.curves["full_stack_revenue"][:, v]
    np.testing.assert_allclose(spent, [0.0, *(0.2 * revenue[:-1])])


def test_best_reply_spends_more_where_a_step_is_worth_more() -> None:
    spent = []
    for step in (0.05, 0.5):
        table = {"strategy": "best_reply", "effectiveness": 1e3, "step": step}
        model = ran(changed({"vendors.dam.research": table}, months=2))
        spent.append(float(model.curves["research_spending"][0].sum()))
    assert 0.0 < spent[0] < spent[1]


@pytest.mark.parametrize("vendor", ["dam", "third"])
def test_nobody_else_draws_from_the_stream(vendor: str) -> None:
    """A second vendor's research does not move the luck of the first."""
    other = {f"vendors.{vendor}.research": FIXED}
    one, two = ran(changed(researching())), ran(changed(researching() | other))
    v = one.axes["vendor"].index("volcano")
    steps = [model.curves["research_steps"][:, v].tolist() for model in (one, two)]
    assert steps[0] == steps[1]


def test_an_event_begins_and_ends_it() -> None:
    def change(month: str, table: dict[str, object]) -> dict[str, object]:
        return {"what": "strategy", "month": month, "vendor": "third", "research": table}

    events = [change("2024-03", FIXED), change("2024-05", {"strategy": "none"})]
    model = ran(changed({"events": events}))
    v = model.axes["vendor"].index("third")
    spent = model.curves["research_spending"][:, v] / 1e6
    np.testing.assert_allclose(spent, [0.0, 0.0, 80.0, 80.0, 0.0, 0.0])
