"""The compiled rationing is the law of economics, offer by offer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sim.economics.costs import served_fraction
from sim.market.clients.population import FIXED_POINT
from sim.market.clients.tables import review_hazards
from sim.market.model import MarketModel
from sim.market.supply import serving as rationing
from tests.unit.market.plain import called
from tests.unit.market.tiny import changed, started

LOAD_FACTORS = (0.0, 0.5, 1.0, 4.0)


def test_volumes_are_rationed_pro_rata_by_platform() -> None:
    model = started()
    world, volumes = model.world, model.volumes
    fill_cards, ration = called(rationing.fill_cards), called(rationing.ration)
    for factor in LOAD_FACTORS:
        demanded, hours = factor * volumes.demanded, factor * volumes.host_hours
        cards = np.empty(world.n_offers)
        fill_cards(demanded, hours, np.full(world.n_api, 0.25), 720.0, model.layout, cards)
        calls, hosts = world.calls, world.hosting & (world.platform < world.n_vendors)
        expected = np.zeros(world.n_offers)
        expected[calls] = demanded[calls] * 0.25
        expected[hosts] = hours[hosts] / 720.0
        expected[world.renting] = demanded[world.renting] / 720.0
        assert cards.tolist() == expected.tolist()
        load = np.bincount(world.platform, weights=cards)[: world.n_vendors]
        room = np.linspace(0.0, 2.0, world.n_vendors) * load.mean()
        served = np.ones(world.n_vendors + 2)
        served[: world.n_vendors] = served_fraction(load, room)
        fraction, found = np.empty(world.n_vendors + 2), np.empty(world.n_vendors)
        kept, left = np.empty(world.n_offers), hours.copy()
        short = ration(True, demanded, left, cards, world.platform, room, fraction, found, kept)
        assert found.tolist() == load.tolist()
        assert fraction.tolist() == served.tolist()
        assert kept.tolist() == (demanded * served[world.platform]).tolist()
        assert left.tolist() == (hours * served[world.platform]).tolist()
        assert short == (kept != demanded).any()
        ration(False, demanded, left, cards, world.platform, room, fraction, found, kept)
        assert fraction.tolist() == [1.0] * len(fraction)
        assert kept.tolist() == demanded.tolist()


def test_second_choices_take_what_there_is_room_for() -> None:
    model = started()
    world, n = model.world, model.world.n_api
    rng = np.random.default_rng(3)
    pairs = rng.integers(0, 1_000, (world.n_offers, world.n_offers)) * int(FIXED_POINT)
    demanded = pairs.sum(axis=1) / FIXED_POINT
    demanded[1] = 0.0
    unserved, on_sale = 0.3 * demanded, world.calls & (np.arange(world.n_offers) != 2)
    per_token, spare = np.full(n, 0.5), np.linspace(0.0, 400.0, world.n_vendors)
    going, taken = np.empty((world.n_offers, n)), np.empty(n)
    asked = 0.8, pairs, demanded, unserved, world.channel, on_sale, per_token, world.platform
    need = np.empty(world.n_vendors)
    called(rationing.try_second)(*asked, spare, need, taken, going)
    part = pairs[:, :n] / FIXED_POINT / np.where(demanded > 0.0, demanded, np.inf)[:, None]
    part[world.renting] = 0.0
    part[:, ~on_sale[:n]] = 0.0
    tried = 0.8 * unserved[:, None] * part
    need = np.bincount(world.platform[:n], tried.sum(axis=0) * per_token, world.n_vendors)
    accepted = served_fraction(need, spare)[world.platform[:n]]
    np.testing.assert_allclose(going, tried * accepted, rtol=1e-12)
    np.testing.assert_allclose(taken, going.sum(axis=0), rtol=1e-12)
    assert 0.0 < taken.sum() < tried.sum()


def test_counts_are_added_up_and_the_least_and_most_are_told() -> None:
    counted = np.arange(24).reshape(2, 3, 4) * int(FIXED_POINT)
    hours = np.array([0, 5, 0, 7]) * int(FIXED_POINT)
    out = [np.empty(size) for size in (counted.shape, (3, 4), (2, 4), 4, 4)]
    by_cell, by_kind, all_kinds, demanded, told = out
    add_up = called(rationing.add_up)
    least, total = add_up(counted, hours, *out)
    assert (least, total) == (0, counted.sum())
    assert by_cell.tolist() == (counted / FIXED_POINT).tolist()
    assert by_kind.tolist() == by_cell.sum(axis=0).tolist()
    assert all_kinds.tolist() == by_cell.sum(axis=1).tolist()
    assert demanded.tolist() == by_cell.sum(axis=(0, 1)).tolist()
    assert told.tolist() == [0.0, 5.0, 0.0, 7.0]
    counted[1, 2, 3] = -1
    assert add_up(counted, hours, *out)[0] == -1


def test_trends_forget_and_a_platform_without_cards_is_full_once_asked() -> None:
    load, room = np.array([2.0, 0.0, 3.0, 1.0]), np.array([4.0, 0.0, 0.0, 0.5])
    before, memory = np.array([1.0, 1.0, 0.0, 2.0]), np.array([0.5, 0.5, 0.9, 0.0])
    trend, used = np.array([0.2, 0.2, 0.2, 0.2]), np.empty(4)
    called(rationing.fill_trends)(load, room, before, memory, trend, used)
    assert used.tolist() == [0.5, 0.0, 1.0, 1.0]
    grown = [0.1 + 0.5 * np.log(2.0), 0.1, 0.18, np.log(0.5)]
    np.testing.assert_allclose(trend, grown, rtol=1e-14)


def test_triggers_bring_looks_forward() -> None:
    changes = {"demand.review.triggered": 0.9, "demand.review.price_rise_trigger": 0.5}
    model = MarketModel(changed(changes | {"demand.review.reliability_trigger": 0.8}), 1)
    world, state, usual = model.world, model.state, np.full((2, model.world.n_offers), 0.1)
    model.term_rules = replace(model.term_rules, hazard=usual)
    state.list_price[:], state.last_price[:], state.discount[:] = 1.0, 1.0, 0.0
    state.last_price[:2] = 0.5, 0.0  # risen; not on sale before
    state.reliability[:], state.last_reliability[:] = 1.0, 1.0
    out = review_hazards(model)
    assert (out[:, 0] == 0.9).all()
    assert (out[:, 1:] == 0.1).all()
    state.reliability[-1] = 0.7
    out = review_hazards(model)
    fell = world.platform == world.n_vendors - 1
    fell[0] = True
    assert (out == np.where(fell, 0.9, 0.1)).all()
