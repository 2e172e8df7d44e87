"""Clients: sizes, weights, key accounts, and that each trait has its law."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
import pytest

from sim.market.clients.columns import ChoiceState
from sim.market.clients.population import (
    CLIENT_COLUMNS,
    DRAWN,
    WORK_COLUMNS,
    Population,
    draw_population,
    effective_clients,
    population_for,
)
from sim.market.world import make_world
from sim.scenario.schema.scenario import Scenario
from tests.permuted import permuted
from tests.unit.market.tiny import changed

N = 40_000
SIZES = {"population.clients": N, "population.represents": 400_000}
TILTS = (0.0, 0.7, 1.0)


def drawn(scenario: Scenario, seed: int = 3) -> Population:
    return draw_population(scenario, make_world(scenario), np.random.SeedSequence(seed))


@cache
def tilted(tilt: float) -> Population:
    return drawn(changed(SIZES | {"population.size_tilt": tilt, "population.size_sigma": 1.5}))


def within(values: Any, expected: float, errors: float = 4.5) -> bool:
    return abs(values.mean() - expected) < errors * values.std() / np.sqrt(len(values))


@pytest.mark.parametrize("tilt", TILTS)
class TestTilt:
    def test_weights_add_to_the_enterprises(self, tilt: float) -> None:
        weight = tilted(tilt).weight.astype(float)
        if tilt == 0.0:
            np.testing.assert_allclose(weight, 10.0, rtol=1e-6)
        else:
            assert within(weight * N, 400_000)

    def test_weighted_mean_size_is_one(self, tilt: float) -> None:
        people = tilted(tilt)
        volume = people.weight.astype(float) * people.size
        if tilt == 1.0:
            np.testing.assert_allclose(volume, 10.0, rtol=1e-5)
        else:
            assert within(volume / 10.0, 1.0)

    def test_key_accounts_are_one_percent_of_the_enterprises(self, tilt: float) -> None:
        people = tilted(tilt)
        assert within(people.weight * people.key_account / 10.0, 0.01)
        assert people.size[people.key_account].min() >= people.size[~people.key_account].max()

    def test_effective_clients(self, tilt: float) -> None:
        people = tilted(tilt)
        volume = people.weight.astype(float) * people.size
        kish = volume.sum() ** 2 / (volume**2).sum()
        np.testing.assert_allclose(effective_clients(people), kish, rtol=1e-4)


def test_tilt_raises_the_effective_number() -> None:
    effective = [effective_clients(tilted(tilt)) for tilt in TILTS]
    assert effective == sorted(effective)
    # exact at tilt 1, where every client carries the same volume
    np.testing.assert_allclose(effective[2], N, rtol=1e-4)


def test_no_spread_no_key_accounts() -> None:
    people = drawn(changed({"population.size_sigma": 0.0}))
    assert (people.size == 1.0).all()
    assert not people.key_account.any()


@pytest.mark.parametrize("tilt", TILTS)
def test_volumes_of_a_kind_add_to_its_table(tilt: float) -> None:
    people = tilted(tilt)
    base = np.exp(people.log_base.astype(float)) * people.weight[people.client]
    kinds = changed().kinds
    for k, name in enumerate(sorted(kinds)):
        mine = np.bincount(people.client[people.kind == k], base[people.kind == k], minlength=N)
        assert within(mine * N, kinds[name].volume)


def test_traits_have_their_laws() -> None:
    people = tilted(0.7)
    homes = np.bincount(people.home + 1, minlength=4) / N
    np.testing.assert_allclose(homes, [0.15, 0.45, 0.25, 0.15], atol=4.5 * 0.5 / np.sqrt(N))
    assert within(people.alpha.astype(float), 1.0)
    assert abs(np.log(people.alpha.astype(float)).std() - 0.35) < 4.5 * 0.35 / np.sqrt(2 * N)
    assert within(people.taste[:, 0].astype(float), 0.0)
    assert abs(people.taste.astype(float).std() - 0.8) < 4.5 * 0.8 / np.sqrt(2 * people.taste.size)
    government = people.segment == sorted(changed().segments).index("government")
    assert within(government.astype(float), 0.4)
    assert within(people.own_machines[government].astype(float), 0.4)
    assert not people.own_machines[~government].any()


def test_size_says_nothing_about_the_other_traits() -> None:
    people = tilted(0.7)
    rank = people.size.argsort().argsort()
    for trait in (people.alpha, people.skill, people.taste[:, 0], people.home, people.segment):
        assert abs(np.corrcoef(rank, trait)[0, 1]) < 4.5 / np.sqrt(N)


def columns(people: Population) -> dict[str, bytes]:
    return {
        name: getattr(people, name).tobytes() for name in (*CLIENT_COLUMNS, *WORK_COLUMNS, "first")
    }


def test_chunks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = columns(drawn(changed()))
    for chunk in (599, 600, 64, 1):
        monkeypatch.setattr("sim.market.clients.population.CHUNK", chunk)
        assert columns(drawn(changed())) == whole


def test_state_is_small() -> None:
    people = drawn(changed())
    state = ChoiceState.before(people.n_workloads)
    works = [getattr(people, name) for name in WORK_COLUMNS] + list(vars(state).values())
    own = [getattr(people, name) for name in (*CLIENT_COLUMNS, "first")]
    assert sum(array.nbytes for array in works) <= 44 * people.n_workloads
    tastes = people.taste.nbytes
    end = people.first.itemsize  # of the last client's workloads
    assert sum(array.nbytes for array in own) - tastes - end <= 48 * people.n_clients
    assert tastes == 4 * people.taste.shape[1] * people.n_clients


def test_same_seed_same_clients_and_more_clients_keep_the_first() -> None:
    small, again = drawn(changed()), drawn(changed())
    assert columns(small) == columns(again)
    assert columns(small) != columns(drawn(changed(), seed=4))
    larger = drawn(changed({"population.clients": 900}))
    for name in ("home", "size", "alpha", "taste", "segment"):
        assert getattr(larger, name)[:600].tobytes() == getattr(small, name).tobytes()


@pytest.mark.parametrize(
    ("changes", "moved"),
    [
        ({"population.taste_sd": 1.5}, {"taste"}),
        ({"kinds.assistant.size_noise": 0.1}, {"log_base"}),
        ({"kinds.documents.need_sigma": 0.1}, {"log_need"}),
        ({"mechanisms.adoption": False}, {"adopts_at"}),
        ({"mechanisms.lasting_taste": False}, {"taste"}),
        ({"vendors.dam.home_share": 0.2}, {"home"}),
    ],
)
def test_a_trait_moves_alone(changes: Mapping[str, Any], moved: set[str]) -> None:
    before, after = columns(drawn(changed())), columns(drawn(changed(changes)))
    assert {name for name in before if before[name] != after[name]} == moved


def test_permuted_keeps_each_client_whole() -> None:
    people = drawn(changed())
    order = np.random.default_rng(0).permutation(people.n_clients)
    turned = permuted(people, order)
    assert (turned.client_id == people.client_id[order]).all()
    for new in (0, 17, 599):
        old = order[new]
        mine = slice(turned.first[new], turned.first[new + 1])
        then = slice(people.first[old], people.first[old + 1])
        assert (turned.client[mine] == new).all()
        for name in ("kind", "work_key", "log_base", "log_need", "adopts_at"):
            assert (getattr(turned, name)[mine] == getattr(people, name)[then]).all()
    back = permuted(turned, np.argsort(order))
    assert columns(back) == columns(people)


def test_worlds_share_the_clients_of_many_replicates_as_far_as_memory_goes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    DRAWN.clear()
    scenario = changed()
    world = make_world(scenario)

    def of(seed: int) -> Population:
        return population_for(scenario, world, np.random.SeedSequence(seed))

    first = [of(seed) for seed in range(5)]
    assert all(of(seed) is first[seed] for seed in range(5))
    monkeypatch.setattr("sim.market.clients.population.CACHE_BYTES", int(3.5 * first[0].nbytes))
    DRAWN.clear()
    several = [of(seed) for seed in range(5)]
    assert [of(seed) is several[seed] for seed in (4, 3, 2)] == [True, True, True]
    monkeypatch.setattr("sim.market.clients.population.CACHE_BYTES", 0)
    large = [of(seed) for seed in (8, 9)]
    assert [of(seed) is population for seed, population in zip((8, 9), large, strict=True)] == [
        True,
        True,
    ]
    assert of(4) is not several[4]
    DRAWN.clear()
