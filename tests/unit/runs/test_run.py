from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest

from sim.market.model import MarketModel
from sim.runs.run import run_world, scalar_outcomes, seed_of
from sim.scenario.schema.scenario import Scenario
from tests.unit.market.tiny import changed
from tests.unit.runs.fake_market import FailingMarket, FakeMarket


def test_worlds_of_a_replicate_share_their_seed_and_replicates_do_not() -> None:
    assert seed_of(5, 3).generate_state(4).tolist() == seed_of(5, 3).generate_state(4).tolist()
    states = {tuple(seed_of(root, r).generate_state(4)) for root in (5, 6) for r in range(3)}
    assert len(states) == 6


def test_outcomes_are_means_over_the_window_for_both_parties(duel: Scenario) -> None:
    record = run_world(duel, 7, 0, model=FakeMarket)
    window = duel.containment.window_months
    shares = record.curves["platform_token_share"][-window:]
    assert window < len(record.curves["platform_token_share"])
    assert record.outcomes["challenger_platform_token_share"] == shares[:, 0].mean()
    assert record.outcomes["incumbent_platform_token_share"] == shares[:, 1].mean()
    assert record.outcomes["hhi"] == record.curves["hhi"][-window:].mean()
    assert record.facts["n_eff"] == 90.0
    assert record.status == "done"


def test_without_contest_every_vendor_has_its_column(duel: Scenario) -> None:
    bare = Scenario.model_validate(duel.model_dump() | {"contest": None})
    curves = {"client_share": np.tile([0.25, 0.75], (14, 1))}
    dims, axes = {"client_share": ("vendor",)}, {"vendor": ("new", "old")}
    found = scalar_outcomes(bare, curves, dims, axes)
    assert found == {"new_client_share": 0.25, "old_client_share": 0.75}


@pytest.mark.parametrize(
    ("replicate", "stage", "words"),
    [(1, "serve", "capacity fell"), (2, "run", "KeyError: 'nothing' (fake_market.py:")],
)
def test_a_failure_becomes_a_record(duel: Scenario, replicate: int, stage: str, words: str) -> None:
    record = run_world(duel, 7, replicate, point="on", model=FailingMarket)
    assert (record.status, record.stage) == ("failed", stage)
    assert words in record.message
    assert not record.curves
    assert not record.outcomes


def test_a_curve_of_the_wrong_shape_is_a_failure_that_names_it(duel: Scenario) -> None:
    class Crooked(FakeMarket):
        def run(self) -> None:
            super().run()
            self.curves["profit"] = self.curves["profit"][:-1]

    record = run_world(duel, 7, 0, model=Crooked)
    assert (record.status, record.stage) == ("failed", "outcomes")
    assert "profit" in record.message


def test_a_fact_with_the_name_of_an_outcome_is_a_failure(duel: Scenario) -> None:
    class Twice(FakeMarket):
        def run(self) -> None:
            super().run()
            self.facts["hhi"] = 1.0

    record = run_world(duel, 7, 0, model=Twice)
    assert record.status == "failed"
    assert "hhi" in record.message


def test_a_market_gives_its_memory_back_without_a_search_for_garbage() -> None:
    made: list[weakref.ref[MarketModel]] = []

    def maker(scenario: Scenario, rng: np.random.SeedSequence) -> MarketModel:
        model = MarketModel(scenario, rng=rng)
        made.append(weakref.ref(model))
        return model

    gc.disable()
    try:
        record = run_world(changed(months=2), 7, 0, model=maker)
        assert record.status == "done"
        assert made[0]() is None
    finally:
        gc.enable()
