"""Agent platforms in the market: what they are worth, who uses them, who is paid."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.market.ecosystem.agents import active, agent_utility, agent_weights
from sim.market.model import MarketModel
from sim.market.recorder import measures
from sim.market.tables import fill_terms, term_rules
from sim.market.world import API
from tests.permuted import permuted
from tests.unit.market.tiny import changed, differing, ran, started

WORK: dict[str, Any] = {
    "kinds.documents.agent_work": 0.5,
    "kinds.assistant.agent_work": 1.0,
    "agents.creator_segments": ["internet"],
    "agents.scale": 100.0,
}
OWN = {"strategy": "own_platform", "agents": 300.0, "builders": 10.0}
TWO: dict[str, Any] = WORK | {
    "agents.weight": 0.4,
    "agents.cross_side": 0.5,
    "segments.government.agent_factor": 2.0,
    "vendors.dam.agent_fit": {"government": 1.5},
    "vendors.dam.agents": OWN | {"side": "enterprises", "portability": 0.2},
    "vendors.volcano.agents": {"strategy": "open_plugins", "side": "both", "agents": 50.0},
}
PAID: dict[str, Any] = TWO | {
    "vendors.volcano.agents": {
        "strategy": "subsidise",
        "side": "creators",
        "subsidy": 4_000.0,
        "budget": 3.0,
    }
}
NEW = {"agents", "builders", "agent_users", "creator_agents", "enterprise_agents"}


def test_utility_term_by_hand() -> None:
    """phi_gk,v ln(1 + A/A_0) on model calls, by segment, kind of work and platform."""
    model = started(TWO)
    weights = agent_weights(model.scenario, model.world)
    assert len(weights)
    found = agent_utility(model, weights)
    world = model.world
    assert found.shape[2] == world.n_api
    usable = {
        # own agents, a fifth of the other's, and half of those made for the other side
        ("dam", "internet"): 0.0 + 0.5 * (300.0 + 0.2 * 50.0),
        ("dam", "government"): 300.0 + 0.2 * 50.0,
        ("volcano", "internet"): 50.0 + 0.5 * (50.0 + 0.2 * 300.0),
        ("volcano", "government"): 50.0 + 0.2 * 300.0 + 0.5 * 50.0,
    }
    phi = {("dam", "government"): 3.0, ("volcano", "government"): 2.0}
    work = {"assistant": 1.0, "documents": 0.5, "training": 0.0}
    for cell, k, j in np.ndindex(found.shape):
        kind, segment = world.kinds[k], world.segments[cell // len(world.regions)]
        platform = (*world.vendors, "", "")[world.platform[j]]
        expected = 0.0
        if world.channel[j] == API:
            factor = 0.4 * phi.get((platform, segment), 1.0) * work[kind]
            expected = factor * np.log1p(usable.get((platform, segment), 0.0) / 100.0)
        assert found[cell, k, j] == pytest.approx(expected, rel=1e-12, abs=1e-15)


def test_the_term_enters_the_choices_and_nothing_else_of_the_tables() -> None:
    with_agents, without = started(TWO), started(TWO | {"agents.weight": 0.0})
    with_agents.state.mean_capability[:] = without.state.mean_capability
    with_agents.state.mean_price = without.state.mean_price
    one, other = fill_terms(with_agents), fill_terms(without)
    extra = agent_utility(with_agents, with_agents.rules(term_rules).agents)
    gained = one.base - other.base
    np.testing.assert_allclose(gained[:, :, : extra.shape[2]], extra, atol=1e-12)
    assert not gained[:, :, extra.shape[2] :].any()
    assert extra.any()


@pytest.mark.parametrize(
    "changes", [WORK, WORK | {"agents.weight": 0.5}, TWO | {"agents.weight": 0.0}]
)
def test_neutral_without_a_platform_or_without_a_weight(changes: dict[str, Any]) -> None:
    moved = differing(ran(changed()), ran(changed(changes)))
    assert moved <= NEW | {"agent_token_share"}


def test_switched_off_is_as_if_there_were_none() -> None:
    off = ran(changed(PAID | {"mechanisms.agent_platforms": False}))
    plain = ran(changed())
    assert differing(off, plain) <= {"agent_token_share"}
    assert not off.curves["agents"].any()
    assert not active(off)


def test_agents_win_the_work_that_agents_do() -> None:
    before, after = ran(changed(TWO | {"agents.weight": 0.0})), ran(changed(TWO))
    share = [m.curves["agent_token_share"][-1] for m in (before, after)]
    third = before.axes["vendor"].index("third")
    assert share[1][third] < share[0][third]
    work = before.population.kind == before.world.kinds.index("training")
    one, other = (m.choices.current[work] for m in (before, after))
    assert one.tolist() == other.tolist()


def test_a_better_platform_moves_clients_only_into_it() -> None:
    """Common random numbers: at the first look, nobody moves among bystanders."""
    before, after = (
        MarketModel(changed(TWO | {"initial.rounds": 0, "agents.weight": w}), 1) for w in (0.0, 0.4)
    )
    moved = before.choices.current != after.choices.current
    platform = after.world.platform[after.choices.current[moved]]
    names = {(*after.world.vendors, "", "")[v] for v in platform}
    assert moved.any()
    assert names <= {"dam", "volcano"}


def test_users_are_counted_client_by_client() -> None:
    model = ran(changed(TWO))
    held, world = model.state.platforms, model.world
    users, clients = np.zeros((world.n_vendors, 2)), np.zeros(2)
    for client in model.clients:
        side = 0 if client.segment == "internet" else 1
        work = [w for w in client.workloads if w.kind != "training" and w.offer != "not adopted"]
        clients[side] += client.weight if work else 0.0
        on = {w.offer.split("/")[1] for w in work if w.offer.startswith("api/")}
        for name in on:
            users[world.vendors.index(name), side] += client.weight
    np.testing.assert_allclose(held.users, users, rtol=1e-5)
    np.testing.assert_allclose(held.clients, clients, rtol=1e-5)


def test_a_month_by_hand() -> None:
    """A' = (1 - r) A + pace (e_u U + e_b B); B' = (1 - l) B + joining."""
    model = started(PAID)
    held, table = model.state.platforms, model.scenario.agents
    model.step()
    agents, builders = held.agents.copy(), held.builders.copy()
    model.step()
    pace = held.open * table.days_to_build / held.days
    made = pace * (table.by_users * held.users + table.by_builders * builders)
    np.testing.assert_allclose(held.agents, (1.0 - table.retirement) * agents + made)
    kept = (1.0 - table.departure) * builders
    np.testing.assert_allclose(held.builders, kept + held.joining)
    volcano = model.world.vendors.index("volcano")
    assert held.joining[volcano, 0] > 0.0
    assert held.joining[volcano, 1] == 0.0
    assert not held.agents[:, 0][~held.open[:, 0]].any()


def test_subsidies_are_paid_from_cash_and_end_with_the_budget() -> None:
    model = ran(changed(PAID))
    paid = model.curves["agent_subsidies"]
    volcano = model.axes["vendor"].index("volcano")
    assert (paid[:, volcano] > 0.0).all()
    assert (paid <= 3.0e6 * (1.0 + 1e-12)).all()
    assert not np.delete(paid, volcano, axis=1).any()
    np.testing.assert_array_equal(model.curves["move_spending"], paid)
    free = ran(changed(PAID | {"agents.weight": 0.0}))
    unpaid = ran(changed(TWO | {"agents.weight": 0.0}))
    gap = unpaid.curves["cash"][-1] - free.curves["cash"][-1]
    np.testing.assert_allclose(gap, free.curves["agent_subsidies"].sum(axis=0), rtol=1e-9)


def test_money_brings_builders() -> None:
    poor = {"vendors.volcano.agents.subsidy": 0.0}
    with_money, without = ran(changed(PAID)), ran(changed(PAID | poor))
    volcano = with_money.axes["vendor"].index("volcano")
    more = with_money.curves["builders"][:, volcano] > without.curves["builders"][:, volcano]
    assert more[1:].all()


def test_a_vendor_at_its_funding_limit_pays_nobody() -> None:
    broke = {"vendors.volcano.finance": {"cash": -6_000.0, "funding_limit": 500.0}}
    model = ran(changed(PAID | broke))
    assert not model.curves["agent_subsidies"].any()


def test_a_shorter_time_to_build_makes_more_agents() -> None:
    fast = {"vendors.dam.agents.days_to_build": 3.5}
    slow = {"vendors.dam.agents.days_to_build": 14.0}
    dam = started(TWO).world.vendors.index("dam")
    made = []
    for more in (fast, slow):
        model = started(TWO | {"agents.weight": 0.0, "vendors.dam.agents.agents": 0.0} | more)
        model.step()
        made.append(model.state.platforms.agents[dam, 1])
    assert made[0] == pytest.approx(4.0 * made[1])


def test_a_strategy_event_opens_a_platform_and_its_end_leaves_it() -> None:
    events = [
        {"what": "strategy", "month": "2024-03", "vendor": "third", "agents": OWN},
        {
            "what": "strategy",
            "month": "2024-05",
            "vendor": "third",
            "agents": {"strategy": "none"},
        },
    ]
    model = ran(changed(WORK | {"events": events}))
    agents = model.curves["agents"][:, model.axes["vendor"].index("third")]
    assert agents[:2].tolist() == [0.0, 0.0]
    assert (agents[2:] > 400.0).all()
    assert model.vendors["third"].agents.name == "none"


def test_an_event_of_a_lever_opens_a_platform() -> None:
    opened = {
        "what": "agent_platform",
        "month": "2024-02",
        "vendor": "dam",
        "agents": 500.0,
        "lever": "open_source",
    }
    scenario = changed(WORK | {"agents.weight": 0.3, "events": [opened]})
    model = ran(scenario)
    agents = model.curves["agents"][:, model.axes["vendor"].index("dam")]
    assert agents[0] == 0.0
    assert agents[1] > 900.0
    from sim.scenario.patches import without_levers

    assert not ran(without_levers(scenario, ["open_source"])).curves["agents"].any()


def test_order_of_clients_changes_nothing() -> None:
    scenario = changed(PAID)
    plain = ran(scenario)
    order = np.random.default_rng(3).permutation(plain.population.n_clients)
    assert differing(plain, ran(scenario, population=permuted(plain.population, order))) == set()


def test_order_of_vendors_changes_nothing() -> None:
    scenario = changed(PAID)
    data = scenario.model_dump()
    data["vendors"] = dict(reversed(data["vendors"].items()))
    data["segments"] = dict(reversed(data["segments"].items()))
    turned = ran(type(scenario).model_validate(data))
    plain = ran(scenario)
    for name in ("agents", "builders", "agent_users", "agent_token_share", "agent_subsidies"):
        assert "vendor" in measures()[name].dims
        assert plain.curves[name].tolist() == turned.curves[name][:, ::-1].tolist()


def test_the_same_bits_twice() -> None:
    assert differing(ran(changed(PAID)), ran(changed(PAID))) == set()
