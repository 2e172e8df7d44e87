"""The compiled clients do what the plain ones do, client by client."""

from __future__ import annotations

import math
from itertools import pairwise

import mesa
import numpy as np
import pytest

from sim.market.model import MarketModel
from sim.numeric.draws import event_state, gumbel, nest_shock, uniform
from sim.numeric.draws import stream_key as compiled_stream_key
from sim.numeric.elementary import exp32, ln32
from sim.strategies.registry import strategies
from tests.reference import draws
from tests.reference.client import ClientAgent
from tests.reference.market import ReferenceMarket
from tests.reference.random_scenarios import random_scenario
from tests.reference.shadow import Agreement, ShadowedMarket

TINY = "scenarios/tiny.toml"
SCENARIOS = 20
VOLUME_TOLERANCE = 1e-5
CURVE_TOLERANCE = 1e-6
TOP = 2**24 - 1  # the luckiest of all 24-bit draws


@pytest.fixture(scope="module")
def shadowed() -> list[Agreement]:
    """Twenty random markets, run with both kinds of clients."""
    return [ShadowedMarket(random_scenario(n), n).run().agreement for n in range(SCENARIOS)]


def agree(found: Agreement) -> None:
    assert found.differences == []
    assert found.differing == 0
    assert found.reviews_differing == 0
    assert found.volume_gap <= VOLUME_TOLERANCE


def test_tiny_market_gives_equal_choices_in_all_months() -> None:
    market = ShadowedMarket(TINY, 1).run()
    agree(market.agreement)
    assert market.agreement.states > 5_000
    assert market.agreement.reviewed > 2_000


@pytest.mark.parametrize("number", range(SCENARIOS))
def test_random_market_gives_equal_choices(shadowed: list[Agreement], number: int) -> None:
    agree(shadowed[number])
    assert shadowed[number].reviewed > 500


def test_random_markets_meet_every_channel_often(shadowed: list[Agreement]) -> None:
    total = Agreement()
    for found in shadowed:
        total.add(found)
    assert total.reviewed > 25_000
    assert total.states > 60_000
    assert min(total.taken[channel] for channel in ("api", "host", "rent", "none")) > 1_000


@pytest.mark.parametrize("number", [3, 4])
def test_everybody_looking_again_gives_equal_choices(number: int) -> None:
    market = ShadowedMarket(random_scenario(number, clients=200), 99, everyone_every=2).run()
    agree(market.agreement)
    assert market.agreement.reviewed > 2_500


def test_a_wrong_client_is_noticed() -> None:
    market = ShadowedMarket(TINY, 1)
    for client in market.plain_clients:
        client.traits.alpha *= 1.05
    found = market.run().agreement
    assert found.differing > 10
    assert len(found.differences) == found.differing


@pytest.mark.parametrize("number", [0, 1, 14])
def test_whole_run_of_plain_agents_gives_the_same_curves(number: int) -> None:
    scenario = random_scenario(number, clients=200)
    plain, compiled = ReferenceMarket(scenario, 5).run(), MarketModel(scenario, 5).run()
    assert plain.curves.keys() == compiled.curves.keys()
    for name, curve in compiled.curves.items():
        np.testing.assert_allclose(
            plain.curves[name], curve, rtol=CURVE_TOLERANCE, atol=1e-9, err_msg=name
        )
    for column in ("current", "second"):
        assert (getattr(plain.choices, column) == getattr(compiled.choices, column)).all()
    assert len(plain.agents_by_type[ClientAgent]) == 200


def test_reference_market_runs_in_a_batch_and_stops_by_itself() -> None:
    parameters = {
        "scenario": TINY,
        "rng": 2,
        "population__clients": 50,
        "supply__availability": [0.5, 1.0],
    }
    rows = mesa.batch_run(ReferenceMarket, parameters, display_progress=False)
    assert [row["supply__availability"] for row in rows] == [0.5, 1.0]
    assert {row["month"] for row in rows} == {18}
    assert all(0.0 < row["mean_price"] < 20.0 for row in rows)


def test_random_scenarios_repeat_and_differ() -> None:
    assert random_scenario(2) == random_scenario(2)
    assert all(random_scenario(n) != random_scenario(n + 1) for n in range(5))


def test_random_scenarios_cover_the_ranges() -> None:
    scenarios = [random_scenario(n) for n in range(SCENARIOS)]
    assert {s.demand.box_cox for s in scenarios} == {0.0, 0.5, 1.0}
    assert {s.demand.nest_correlation.api for s in scenarios} == {0.0, 0.3, 0.6, 0.8}
    assert {len(s.vendors) for s in scenarios} == {2, 3, 4, 5, 6}
    for name in type(scenarios[0].mechanisms).model_fields:
        assert {getattr(s.mechanisms, name) for s in scenarios} == {True, False}
    rules = {rule for s in scenarios for part in s.segments.values() for rule in part.rules}
    assert rules == {"open_weights_only", "data_residency"}
    assert any(s.hosts for s in scenarios)
    rules = {str(v.pricing["strategy"]) for s in scenarios for v in s.vendors.values()}
    assert rules == set(strategies("pricing")) - {"q_learning"}  # needs a trained policy


def test_draws_equal_the_compiled_ones_bit_by_bit() -> None:
    seed = np.random.SeedSequence(11)
    stream = draws.stream_key(seed, "choice")
    assert stream == int(compiled_stream_key(seed, "choice"))
    for number in range(500):
        work = draws.name_key(f"kind/{number}")
        event = draws.event_of(stream, number, work, 24_300 + number)
        compiled = np.uint64(
            event_state(np.uint64(stream), np.uint32(number), np.uint64(work), 24_300 + number)
        )
        assert event == int(compiled)
        key = draws.short_key(f"offer {number}")
        assert draws.uniform(event, key) == uniform(compiled, np.uint32(key))
        assert draws.gumbel(event, key) == float(gumbel(compiled, np.uint32(key)))
        for rho in (0.0, 0.3, 0.8):
            plain = draws.nest_shock(event, key, rho)
            assert math.isclose(
                plain, nest_shock(compiled, np.uint32(key), rho), rel_tol=1e-11, abs_tol=1e-12
            )


def test_single_precision_logarithm_is_one() -> None:
    for x in np.geomspace(1e-30, 1e30, 400, dtype=np.float32):
        assert draws.ln_single(x) == np.float32(ln32(x))
        assert math.isclose(float(draws.ln_single(x)), math.log(float(x)), rel_tol=1e-6)


def test_single_precision_exponential_is_one() -> None:
    for x in (*np.linspace(-90.0, 90.0, 400), 0.0):
        assert draws.exp_single(x) == float(exp32(np.float32(x)))


def key_of_draw(event: int, wanted: int) -> int:
    """The 32-bit key under which an event gives these 24 high bits: `bits32` run backwards."""
    x = wanted << 8
    x ^= x >> 16
    x = x * pow(0x846CA68B, -1, 2**32) & draws.MASK32
    x ^= event >> 32
    x ^= (x >> 15) ^ (x >> 30)
    x = x * pow(0x7FEB352D, -1, 2**32) & draws.MASK32
    x ^= x >> 16
    return x ^ (event & draws.MASK32)


def test_gumbel_rises_with_its_bits_up_to_the_luckiest_draw() -> None:
    event = draws.event_of(1, 2, 3, 4)
    ladder = (0, 1, 2**22, 2**23 - 1, 2**23 + 2, TOP - 4096, TOP - 64, TOP)
    keys = [key_of_draw(event, wanted) for wanted in ladder]
    assert [draws.bits32(event, key) >> 8 for key in keys] == list(ladder)
    compiled = [float(gumbel(np.uint64(event), np.uint32(key))) for key in keys]
    assert all(low < high for low, high in pairwise(compiled))
    assert compiled == [draws.gumbel(event, key) for key in keys]
