"""Rationing follows the law of economics, offer by offer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sim.economics.costs import served_fraction
from sim.market.clients.columns import UNSET
from sim.market.clients.population import FIXED_POINT
from sim.market.clients.presence import masks_of
from sim.market.clients.usage import use
from sim.market.model import MarketModel
from sim.market.supply.serving import (
    cards_needed,
    counted_volumes,
    platform_sums,
    remember,
    second_choices,
    serve,
)
from sim.market.tables import review_hazards, term_rules
from tests.unit.market.tiny import changed, started

LOAD_FACTORS = (0, 1, 4, 40)


def test_volumes_are_rationed_pro_rata_by_platform() -> None:
    model = started()
    world, tally, counted, hours = (
        model.world,
        model.tally,
        *map(np.copy, (model.tally.volume, model.tally.hours)),
    )
    rules, v, n = replace(model.supply, spill_over=False), world.n_vendors, world.n_api
    allocations = [vendor.allocation for vendor in model.vendors.values()]
    priced = model.costs, model.terms.unit_price, allocations
    for factor in LOAD_FACTORS:
        tally.volume[:], tally.hours[:] = factor * counted, factor * hours
        volumes = serve(rules, world, tally, *priced, model.state)
        demanded = factor * counted.sum(axis=(0, 1)) / FIXED_POINT
        needed = np.zeros(world.n_offers)
        needed[:n] = demanded[:n] * model.costs.cards
        needed[world.hosting] = factor * hours[world.hosting] / FIXED_POINT / rules.table.card_hours
        needed[world.renting] = demanded[world.renting] / rules.table.card_hours
        load = np.bincount(world.platform, weights=needed)[:v]
        served = np.append(served_fraction(load, volumes.cards), [1.0, 1.0])[world.platform]
        assert volumes.demanded.tolist() == demanded.tolist()
        assert volumes.load.tolist() == load.tolist()
        assert volumes.kept.tolist() == (demanded * served).tolist()
        assert volumes.served.tolist() == volumes.kept.tolist()
        assert volumes.host_hours.tolist() == (factor * hours / FIXED_POINT * served).tolist()
        assert (volumes.lost > 0.0).any() == (load > volumes.cards).any()
    assert (load > volumes.cards).any()
    free = serve(replace(rules, capacity=False), world, tally, *priced, model.state)
    assert free.kept.tolist() == demanded.tolist()


def test_hosting_takes_hours_and_renting_its_own_volume() -> None:
    model, ones = started(), np.ones(started().world.n_offers)
    world, month = model.world, model.supply.table.card_hours
    volume, hours = month * ones, 2.0 * month * ones
    cards = cards_needed(model.supply, world, volume, hours, np.ones(world.n_api))
    assert cards.tolist() == [*[month] * world.n_api, *[2.0] * world.hosting.sum(),
                              *[1.0] * world.renting.sum(), 0.0]  # fmt: skip
    sums = platform_sums(world, ones)
    assert sums.tolist() == np.bincount(world.platform).tolist()


def test_second_choices_take_what_there_is_room_for() -> None:
    model = started({"supply.spill_share": 0.8})
    world, n = model.world, model.world.n_api
    rng = np.random.default_rng(3)
    pairs = rng.integers(0, 1_000, (world.n_offers, world.n_offers)) * int(FIXED_POINT)
    demanded = pairs.sum(axis=1) / FIXED_POINT
    demanded[1] = 0.0
    unserved, on_sale = 0.3 * demanded, world.calls & (np.arange(world.n_offers) != 2)
    per_token, spare = np.full(n, 0.5), np.linspace(0.0, 400.0, world.n_vendors)
    model.tally.pairs[:] = pairs
    taken, sent = second_choices(
        model.supply, world, model.tally, on_sale, demanded, unserved, per_token, spare
    )
    part = pairs[:, :n] / FIXED_POINT / np.where(demanded > 0.0, demanded, np.inf)[:, None]
    part[world.renting] = 0.0
    part[:, ~on_sale[:n]] = 0.0
    tried = 0.8 * unserved[:, None] * part
    need = np.bincount(world.platform[:n], tried.sum(axis=0) * per_token, world.n_vendors)
    accepted = served_fraction(need, spare)[world.platform[:n]]
    np.testing.assert_allclose(sent, (tried * accepted).sum(axis=1), rtol=1e-12)
    np.testing.assert_allclose(taken[:n], (tried * accepted).sum(axis=0), rtol=1e-12)
    assert not taken[n:].any()
    assert 0.0 < taken.sum() < tried.sum()


def test_counts_are_added_up() -> None:
    tally = started().tally
    volumes, hours, demanded = counted_volumes(tally)
    assert volumes.tolist() == (tally.volume / FIXED_POINT).tolist()
    assert hours.tolist() == (tally.hours / FIXED_POINT).tolist()
    assert demanded.tolist() == volumes.sum(axis=(0, 1)).tolist()


def test_volumes_beyond_whole_numbers_are_counted_in_larger_units() -> None:
    model = started()
    model.choices.log_volume[model.choices.log_volume > UNSET] += 40.0
    before = [array / FIXED_POINT * np.exp(40.0) for array in vars(model.tally).values()][:3]
    still = replace(model.terms, adjustment=0.0)
    market = model.columns, model.choices, model.world, still, model.rules(masks_of)
    use(*market, model.tally, model.presence, 1)
    tally = model.tally
    assert 2.0**59 < max(tally.volume.sum(), tally.hours.sum()) <= 2.0**61
    for array, counted in zip(before, (tally.volume, tally.pairs, tally.hours), strict=True):
        np.testing.assert_allclose(counted / tally.scale, array, rtol=1e-5, atol=array.max() / 1e9)
    model.choices.log_volume[0] = 88.0
    with pytest.raises(ValueError, match=r"a client is e\^88 million tokens"):
        use(*market, model.tally, model.presence, 1)


def test_trends_forget_and_a_platform_without_cards_is_full_once_asked() -> None:
    state, memory = started().state, np.array([0.5, 0.5, 0.0])
    rules = replace(started().supply, trend_memory=memory)
    load, cards = np.array([2.0, 0.0, 3.0]), np.array([4.0, 0.0, 0.0])
    state.load_cards[:], state.load_trend[:], state.reliability[:] = [1.0, 1.0, 2.0], 0.2, 1.0
    remember(rules, load, cards, np.array([1.0, 1.0, 0.5]), state)
    assert state.utilisation.tolist() == [0.5, 0.0, 1.0]
    grown = [0.1 + 0.5 * np.log(2.0), 0.1, np.log(1.5)]
    np.testing.assert_allclose(state.load_trend, grown, rtol=1e-14)
    assert state.load_cards.tolist() == load.tolist()
    assert state.last_reliability.tolist() == [1.0] * 3
    assert state.reliability[:2].tolist() == [1.0] * 2
    assert state.reliability[2] < 1.0


def test_triggers_bring_looks_forward() -> None:
    changes = {"demand.review.triggered": 0.9, "demand.review.price_rise_trigger": 0.5}
    model = MarketModel(changed(changes | {"demand.review.reliability_trigger": 0.8}), 1)
    world, state, usual = model.world, model.state, np.full((2, model.world.n_offers), 0.1)
    rules = replace(model.rules(term_rules), hazard=usual)
    state.list_price[:], state.last_price[:], state.discount[:] = 1.0, 1.0, 0.0
    state.last_price[:2] = 0.5, 0.0  # risen; not on sale before
    state.reliability[:], state.last_reliability[:] = 1.0, 1.0
    out = review_hazards(model, rules, model.paid)
    assert (out[:, 0] == 0.9).all()
    assert (out[:, 1:] == 0.1).all()
    state.reliability[-1] = 0.7
    out = review_hazards(model, rules, model.paid)
    fell = world.platform == world.n_vendors - 1
    fell[0] = True
    assert (out == np.where(fell, 0.9, 0.1)).all()
