"""Home clouds that move: client by client against a plain account of the rule."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.market.clients.population import population_for
from sim.market.model import MarketModel
from sim.market.tables import term_rules
from tests.permuted import permuted
from tests.reference import draws
from tests.unit.market.tiny import changed, differing, ran, started

RATE = 0.2
MOVING: dict[str, Any] = {
    "demand.migration.rate": RATE,
    "vendors.dam.stack.depth": 0.7,
    "demand.self_hosting.appeal": 2.0,
    "vendors.volcano.appeal.rent": 3.0,
}


def spend_of(model: MarketModel, i: int) -> dict[str, float]:
    """Yuan a month of client i by platform, from what it uses and what that costs."""
    client, out = model.clients[i], dict.fromkeys(model.world.vendors, 0.0)
    rent = model.state.market_rent * model.rules(term_rules).rent_factor[:-1]
    rents = dict(zip(model.world.vendors, rent, strict=True))
    hours_of_month = model.scenario.supply.card_hours
    for work in client.workloads:
        channel, _, rest = work.offer.partition("/")
        platform = rest.partition("/")[0]
        if platform not in out:
            continue
        j = model.world.labels.index(work.offer)
        if channel == "api":
            out[platform] += work.volume * model.paid[j]
        elif channel == "rent":
            out[platform] += work.volume * rents[platform] / hours_of_month
        else:
            hours = work.volume * model.terms.unit_hours[j] / client.skill
            out[platform] += hours * rents[platform] / hours_of_month
    return out


def moves_to(model: MarketModel, i: int, home: str, month: int) -> str:
    """Where the client's home is after the month."""
    depth = model.scenario.vendors[home].stack.depth if home else 0.0
    event = draws.event_of(
        draws.stream_key(model.seed, "migration"), model.clients[i].number, 0, month
    )
    if draws.uniform(event, 1) >= RATE * (1.0 - 0.6 * depth):
        return home
    spend = spend_of(model, i)
    most = max(spend.values())
    if most <= spend.get(home, 0.0):
        return home
    return next(name for name, yuan in spend.items() if yuan == most)


def test_every_client_moves_as_the_rule_says() -> None:
    model = MarketModel(changed(MOVING, months=4), 4)
    seen: set[str] = set()
    for _ in range(4):
        homes = [client.home_cloud for client in model.clients]
        month = model.month_number
        model.step()
        for i, home in enumerate(homes):
            now = model.clients[i].home_cloud
            assert now == moves_to(model, i, home, month)
            if now != home:
                seen.add(f"{home or 'nowhere'} to {now}")
    # both ways between the rivals, and from no home to one
    assert {"dam to volcano", "volcano to dam", "nowhere to dam"} <= seen


def test_counts_follow_the_homes() -> None:
    model = ran(changed(MOVING, months=5))
    weight = model.population.weight.astype(float)
    for v, name in enumerate(model.world.vendors):
        share = weight[model.columns.home == v].sum() / weight.sum()
        column = model.axes["vendor"].index(name)
        assert model.curves["home_share"][-1, column] == pytest.approx(share, rel=1e-6)
    total = weight.sum()
    gains = model.curves["home_gain"][1:] / total
    np.testing.assert_allclose(np.diff(model.curves["home_share"], axis=0), gains, atol=1e-9)
    gain = model.curves["home_gain"]
    assert (gain > 0).any()
    assert (gain < 0).any()


def test_homes_are_a_run_s_own() -> None:
    scenario = changed(MOVING)
    model = started(MOVING)
    shared = population_for(scenario, model.world, model.seed)
    before = shared.home.tobytes()
    model.run()
    assert shared.home.tobytes() == before
    assert model.columns.home.tobytes() != before
    assert differing(ran(changed()), ran(changed())) == set()


def test_no_rate_moves_no_home_and_needs_no_copy() -> None:
    model = ran(changed({"vendors.dam.stack.depth": 0.9}))
    assert model.columns.home is model.population.home
    assert differing(model, ran(changed())) == set()
    assert (model.curves["home_gain"] == 0.0).all()
    assert (model.curves["home_share"] == model.curves["home_share"][0]).all()


def test_a_full_stack_holds_homes() -> None:
    loose, held = (
        ran(changed(MOVING | {"vendors.dam.stack.depth": depth}, months=8)) for depth in (0.0, 1.0)
    )
    dam = loose.axes["vendor"].index("dam")
    assert held.curves["home_share"][-1, dam] > loose.curves["home_share"][-1, dam]


def test_a_model_company_is_nobody_s_home() -> None:
    company = {"vendors.volcano.model_company": True, "vendors.volcano.home_share": 0.0}
    model = ran(changed(MOVING | company))
    volcano = model.axes["vendor"].index("volcano")
    assert (model.curves["home_share"][:, volcano] == 0.0).all()
    assert model.curves["platform_tokens"][-1, volcano] > 0.0


def test_the_order_of_clients_says_nothing() -> None:
    scenario = changed(MOVING, months=4)
    model = started(MOVING)
    people = population_for(scenario, model.world, model.seed)
    order = np.random.default_rng(3).permutation(people.n_clients)
    one = MarketModel(scenario, 1, population=people).run()
    turned = MarketModel(scenario, 1, population=permuted(people, order)).run()
    assert differing(one, turned) == set()
    assert one.columns.home[order].tobytes() == turned.columns.home.tobytes()
