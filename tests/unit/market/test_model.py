"""The model from Python: Mesa's batch runner, clients as objects, the printable month, failures."""

from __future__ import annotations

import gc
import inspect
import warnings
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mesa.batchrunner import batch_run

import sim
from sim.errors import RunFailure, ScenarioError
from sim.market.model import MarketModel
from sim.market.month import PHASES, Phase
from sim.market.recorder import measures
from sim.market.simulation import Simulation
from tests.unit.market.tiny import TINY, changed, differing, ran, started, tiny


@pytest.mark.filterwarnings("ignore:seed=1 fixes the seed")
def test_batch_run_varies_keyword_parameters() -> None:
    # Mesa 3.5 repeats by seeds, earlier ones by iterations that keep the model's own seed.
    by_seeds = "rng" in inspect.signature(batch_run).parameters
    repeated: dict[str, Any] = {"rng": [1, 1]} if by_seeds else {"iterations": 2}
    fixed = {} if by_seeds else {"seed": 1}
    rows = batch_run(
        MarketModel,
        parameters={
            "scenario": str(TINY),
            "calendar__months": 3,
            "containment__window_months": 2,
            "population__taste_sd": [0.2, 0.9],
            **fixed,
        },
        **repeated,
        number_processes=1,
        display_progress=False,
    )
    assert [(row["iteration"], row["population__taste_sd"]) for row in rows] == [
        (0, 0.2),
        (0, 0.9),
        (1, 0.2),
        (1, 0.9),
    ]
    shares = [row["platform_token_share.dam"] for row in rows]
    assert shares[:2] == shares[2:]
    assert shares[0] != shares[1]
    assert all(0 < share < 1 for share in shares)
    assert [row["month"] for row in rows] == [3, 3, 3, 3]


SMALL = {"population__clients": 200, "calendar__months": 3, "containment__window_months": 2}
SHARE = "platform_token_share.dam"
OTHER = "full_stack_revenue_share.dam"


def batch(**more: Any) -> list[dict[str, Any]]:
    parameters = {"scenario": str(TINY), **SMALL, **more.pop("parameters", {})}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of iterations, by Mesa 3.5
        return batch_run(MarketModel, parameters, display_progress=False, **more)


@pytest.mark.slow
def test_iterations_differ_and_are_runs_of_sim_run(tmp_path: Path) -> None:
    rows = batch(iterations=5)
    # few clients: a share alone may be 0 in two of the five
    assert (
        len({(row[SHARE], row[OTHER]) for row in rows}) == len({row["seed"] for row in rows}) == 5
    )
    changes = {name.replace("__", "."): value for name, value in SMALL.items()}
    scenario = sim.load(TINY, changes)
    (once,) = batch(iterations=1, parameters={"scenario": scenario, "replicate": 0})
    assert 0.0 < once[OTHER] < 1.0  # a scenario, too, is one value
    for row in rows:
        result = sim.run(scenario, rng=row["seed"], replicates=1, workers=1, out=tmp_path)
        share = result.curves["platform_token_share"].sel(point="on", vendor="dam", replicate=0)
        assert float(share[-1]) == row[SHARE]
    whole = sim.run(scenario, seed=7, replicates=3, workers=1, out=tmp_path)
    last = whole.curves["platform_token_share"].sel(point="on", vendor="dam").isel(month=-1)
    if "rng" in inspect.signature(batch_run).parameters:
        rows = batch(parameters={"replicate": range(3)}, rng=7)
    else:
        rows = batch(parameters={"replicate": range(3), "seed": 7})
    assert [row[SHARE] for row in rows] == last.to_numpy().tolist()
    assert [row["replicate"] for row in rows] == [0, 1, 2]


def test_a_fixed_seed_is_warned_of_where_it_repeats() -> None:
    with pytest.warns(UserWarning, match="rng=1 fixes the seed: all iterations"):
        rows = batch(parameters={"rng": 1}, iterations=3)
    assert len({row[SHARE] for row in rows}) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        MarketModel(str(TINY), rng=1, **SMALL)
        MarketModel(str(TINY), rng=1, **SMALL)
    with pytest.raises(ValueError, match="rng and seed are both given"):
        MarketModel(str(TINY), rng=1, seed=1)


def test_tables_and_representations_of_a_model() -> None:
    model = MarketModel(changed({"population.clients": 30}, months=3), seed=2)
    model.step()
    clients, workloads = model.clients.to_frame(), model.clients.to_frame(workloads=True)
    assert len(clients) == 30
    assert clients["workloads"].sum() == len(workloads)
    for number in (0, 7, 29):
        view = model.clients[number]
        row = clients.loc[view.number]
        assert (row["segment"], row["region"], row["home_cloud"]) == (
            view.segment,
            view.region,
            view.home_cloud,
        )
        assert (row["size"], row["skill"], row["workloads"]) == (
            view.size,
            view.skill,
            len(view.workloads),
        )
        own = workloads[workloads["client"] == view.number]
        assert own["offer"].tolist() == [one.offer for one in view.workloads]
    vendors = model.vendors.to_frame()
    assert vendors.loc["dam", "cash"] == model.vendors["dam"].cash
    assert vendors.loc["dam", "token_share"] == model.curves["platform_token_share"][0, 0]
    assert repr(model).startswith("MarketModel(tiny: 3 vendors, 30 clients, month 1 of 3, 2024-02")
    assert "<table" in model._repr_html_()
    assert "million yuan" in repr(model.vendors["dam"])
    assert repr(model.clients).startswith("30 clients with ")


def test_file_and_scenario_give_the_same_market() -> None:
    from_file = MarketModel(str(TINY), 3, calendar__months=4, containment__window_months=4).run()
    assert differing(from_file, ran(changed(months=4), 3)) == set()


def test_a_mesa_model_has_the_bits_of_a_run() -> None:
    scenario = changed(months=4)
    assert differing(Simulation(scenario, 3).run(), MarketModel(scenario, 3).run()) == set()


def test_wrong_override_is_refused() -> None:
    with pytest.raises(ScenarioError, match="supply"):
        MarketModel(tiny(), 1, supply__availabilty=0.5)


def test_clients_are_objects() -> None:
    model = ran(changed(months=3))
    client = model.clients[17]
    assert client.number == 17
    assert len(model.clients) == 600
    assert client == list(model.clients)[17] == model.clients[17 - 600]
    assert client.segment in model.scenario.segments
    assert client.home_cloud in {*model.scenario.vendors, ""}
    offers = {work.offer for one in model.clients for work in one.workloads}
    assert offers <= {*model.world.labels, "not adopted"}
    assert "not adopted" in offers
    for work in (work for one in model.clients for work in one.workloads):
        assert (work.volume > 0) is (work.offer not in ("none", "not adopted"))
    with pytest.raises(IndexError, match="600"):
        model.clients[600]


def test_clients_add_up_to_the_curves() -> None:
    model = ran(changed(months=3))
    asked = sum(
        work.volume * client.weight
        for client in model.clients
        for work in client.workloads
        if work.offer.startswith(("api/", "host/"))
    )
    np.testing.assert_allclose(asked, model.curves["tokens_by_kind"][-1].sum(), rtol=1e-5)


def test_vendors_are_agents_with_plain_facts() -> None:
    model = ran(changed(months=3))
    assert set(model.agents) == set(model.vendors.values())
    dam = model.vendors["dam"]
    assert dam.prices == {"dam_open": 8.0, "dam_max": 20.0}
    assert dam.cash * 1e6 == model.curves["cash"][-1, model.axes["vendor"].index("dam")]
    assert dam.cards > 0


def test_the_month_can_be_printed() -> None:
    names = [phase.name for phase in MarketModel.phases]
    assert names == [
        "events",
        "deliveries",
        "decide",
        "inform",
        "review",
        "bid",
        "serve",
        "settle",
        "grow",
        "measure",
    ]
    assert all(phase.does in str(phase) for phase in PHASES)


def test_curves_have_all_measures_and_months() -> None:
    model = ran(changed(months=3))
    assert set(model.curves) == set(measures())
    assert {len(curve) for curve in model.curves.values()} == {3}
    assert model.axes["vendor"] == ("dam", "volcano", "third")
    assert model.facts["n_eff"] > 100
    assert 0 < model.facts["postponing_at_start"] < 0.5


def test_dates() -> None:
    model = started()
    assert (model.date.year, model.date.month) == (2024, 1)
    model.step()
    assert (model.date.month, model.month_number) == (2, 2024 * 12 + 1)


@pytest.mark.parametrize("error", [FloatingPointError, ValueError])
def test_a_failing_phase_says_where(error: type[Exception]) -> None:
    def fail(model: MarketModel) -> None:
        raise error("no number")

    class Broken(MarketModel):
        phases = (Phase("review", "fails", fail),)

    with pytest.raises(RunFailure, match="review of 2024-01: no number"):
        Broken(changed(), 1).step()


def test_a_model_draws_nothing_from_global_streams() -> None:
    before = np.random.get_state()[1].tobytes()  # noqa: NPY002
    ran(changed({"vendors.third.pricing": {"strategy": "zero_intelligence"}}, months=2))
    assert np.random.get_state()[1].tobytes() == before  # noqa: NPY002


def test_streams_by_name() -> None:
    model = started()
    one, again, other = (model.stream(name).random(4).tolist() for name in ("a", "a", "b"))
    assert one == again
    assert one != other
    assert started(seed=2).stream("a").random(4).tolist() != one


def test_a_model_that_nobody_holds_is_gone() -> None:
    model = MarketModel(changed({"population.clients": 10}), rng=1)
    gone = weakref.ref(model)
    del model
    gc.collect()
    assert gone() is None
