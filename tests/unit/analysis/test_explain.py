"""The story of a run is that of the engine: same options, same utilities, same choices."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from sim.analysis.explain import options as explained
from sim.analysis.explain.client import client_lines, largest_change, tell_client
from sim.analysis.explain.options import Occasion, Option, options
from sim.analysis.explain.vendor import tell_vendor, vendor_lines
from sim.analysis.explain.watching import model_of, phase_lines, scenario_of, with_watch
from sim.cli import main
from sim.errors import SimError
from sim.market.clients.choice import values_without_listed_prices
from sim.market.model import MarketModel
from sim.market.month import PHASES
from sim.market.tables import fill_terms
from sim.market.world import HOST
from sim.runs.ensemble import run_ensemble
from sim.runs.result import Result
from sim.runs.run import seed_of
from sim.runs.settings import RunSettings
from tests.unit.market.tiny import changed

CLIENTS, MONTHS = 60, 6
CHANGES = {
    "population.clients": CLIENTS,
    "demand.review.api": 0.6,
    "mechanisms.adoption": False,
}
EXACT = 1e-9


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Result:
    scenario = changed(CHANGES, months=MONTHS)
    return run_ensemble(
        scenario, RunSettings(workers=1, out=tmp_path_factory.mktemp("explained")), replicates=2
    )


def occasions(model: MarketModel) -> list[Occasion]:
    return [
        Occasion(
            int(model.population.client[w]),
            w,
            int(model.choices.current[w]),
            float(model.choices.log_volume[w]),
            model.month_number,
        )
        for w in range(model.population.n_workloads)
    ]


@pytest.mark.slow
def test_utilities_and_choices_are_those_of_the_kernel_client_by_client() -> None:
    model = MarketModel(changed(CHANGES, months=MONTHS), seed_of(1, 0))
    checked = {"workloads": 0, "moved": 0, "values": 0, "channels": set()}

    def before(market: MarketModel) -> None:
        held.extend(occasions(market))

    def after(market: MarketModel) -> None:
        for at in held:
            now = int(market.choices.current[at.work])
            if now < 0:
                continue
            found = options(market, at)
            if now != at.current:
                assert found[0].offer == now
                checked["moved"] += 1
            checked["channels"].add(int(market.world.channel[found[0].offer]))
            checked["workloads"] += 1
            for option in found:
                assert sum(option.parts.values()) == pytest.approx(option.utility, abs=EXACT)
        held.clear()

    held: list[Occasion] = []
    model.phases = with_watch(PHASES, {"review": before, "serve": after})
    for _ in range(MONTHS):
        model.step()
        checked["values"] += compared_with_the_panel(model)
    assert checked["workloads"] > 200
    assert checked["moved"] > 20
    assert checked["values"] > 1_000
    assert {0, 3} <= checked["channels"]


def compared_with_the_panel(model: MarketModel) -> int:
    """Every utility before draws and listed prices against the kernel of market research."""
    here = occasions(model)
    members = np.array([at.work for at in here])
    terms = fill_terms(model)
    values = values_without_listed_prices(
        members, model.columns, model.choices, model.world, terms, model.streams
    )
    found = 0
    for row, at in zip(values, here, strict=True):
        told = {option.offer for option in options(model, at)}
        assert told == set(np.flatnonzero(np.isfinite(row)).tolist())
        for offer in told:
            terms_of = explained._systematic(model, at, offer)
            if model.world.channel[offer] != HOST:
                terms_of.pop("price", None)  # the kernel adds listed prices later
            assert sum(terms_of.values()) == pytest.approx(row[offer], abs=EXACT)
            found += 1
    return found


def test_watching_changes_nothing(result: Result) -> None:
    name, scenario = scenario_of(result)
    model = model_of(result, scenario, 1)
    tell_client(model, 3)
    stored = result.curves["platform_tokens"].sel(point=name, replicate=1)
    assert np.array_equal(stored.to_numpy(), model.curves["platform_tokens"])


def test_a_client_is_told_every_review_and_where_it_ends(result: Result) -> None:
    _, scenario = scenario_of(result)
    busy = None
    for number in range(20):
        story = tell_client(model_of(result, scenario, 0), number)
        if len(story.reviews) > 4:
            busy = story
            break
    assert busy is not None
    for review in busy.reviews:
        assert review.taken == review.options[0].label
        assert review.why != "looked again" or review.draw < review.hazard
    place = {work: offer for _, work, offer, _ in busy.volumes}
    for work in range(len(busy.kinds)):
        seen = [review for review in busy.reviews if review.work == work]
        if seen:
            assert place[work] == seen[-1].taken
    lines = client_lines(busy)
    assert any(", price -" in line for line in lines)
    assert sum(line.lstrip().startswith("*") for line in lines) == len(busy.reviews)


def test_an_auctioned_account_is_told_as_such() -> None:
    changes = CHANGES | {
        "vendors.volcano.accounts": {"strategy": "bid_all"},
        "population.key_account_share": 0.5,
    }
    seen = set()
    for number in range(12):
        model = MarketModel(changed(changes, months=MONTHS), seed_of(1, 0))
        if not model.clients[number].key_account:
            continue
        story = tell_client(model, number)
        seen |= {review.why for review in story.reviews}
        for review in story.reviews:
            assert review.taken in {option.label for option in review.options}
    assert seen == {"its business is auctioned"}


def test_what_changed_most_is_the_reason_to_leave() -> None:
    was = Option("api/a/x", 0, 1.0, {"price": -1.0, "capability": 2.0})
    now = Option("api/a/x", 0, 0.4, {"price": -1.6, "capability": 2.0})
    new_was = Option("api/b/y", 1, 0.9, {"price": -1.0, "capability": 1.9, "switching": -0.5})
    new_now = Option("api/b/y", 1, 1.0, {"price": -0.2, "capability": 1.2, "switching": -0.9})
    assert largest_change(new_now, now, new_was, was).startswith("price: +0.00 at its last")
    assert "first compared now" in largest_change(new_now, now, None, was)


def test_a_vendor_is_told_its_dated_cut_and_its_orders(result: Result) -> None:
    _, scenario = scenario_of(result)
    story = tell_vendor(model_of(result, scenario, 0), "dam")
    assert len(story.months) == MONTHS
    cut = story.months[4]
    assert cut.events == ("price_cut dam_open",)
    assert cut.prices["dam_open"][1] == pytest.approx(2.0)
    assert cut.prices["dam_open"][0] != pytest.approx(2.0)
    told = "\n".join(vendor_lines(story))
    assert "dated events: price_cut dam_open" in told
    assert "plays pricing list" in told
    shares = result.curves["platform_token_share"].sel(point="on", replicate=0, vendor="dam")
    assert [month.token_share for month in story.months] == pytest.approx(shares.to_numpy())


def test_only_what_is_stored_is_explained(result: Result) -> None:
    _, scenario = scenario_of(result)
    with pytest.raises(SimError, match="has no point onn"):
        scenario_of(result, "onn")
    with pytest.raises(SimError, match="replicate 2: they go from 0 to 1"):
        model_of(result, scenario, 2)
    with pytest.raises(SimError, match="no vendor dan"):
        tell_vendor(model_of(result, scenario, 0), "dan")
    with pytest.raises(SimError, match=f"client {CLIENTS}: they go from 0"):
        tell_client(model_of(result, scenario, 0), CLIENTS)
    with pytest.raises(ValueError, match="no phase is called lunch"):
        with_watch(PHASES, {"lunch": lambda market: None})


def test_phases_are_printed_in_their_order() -> None:
    assert [line.split()[1] for line in phase_lines()] == [phase.name for phase in PHASES]


def status(*arguments: object) -> int:
    with pytest.raises(SystemExit) as stop:
        main([str(argument) for argument in arguments])
    return int(stop.value.code or 0)


def test_the_verb_tells_client_vendor_and_phases(
    result: Result, capsys: pytest.CaptureFixture[str]
) -> None:
    folder: Path = result.path
    assert status("explain", folder, "--client", 1, "--json") == 0
    story = json.loads(capsys.readouterr().out)
    assert story["number"] == 1
    assert story["scenario_hash"] == result.scenario_hash
    assert status("explain", folder, "--vendor", "volcano", "--point", "off_money_kept") == 0
    assert "run off_money_kept/0, root seed 1" in capsys.readouterr().out
    assert status("explain", folder, "--phases") == 0
    assert "review" in capsys.readouterr().out
    assert status("explain", folder) == 2
    assert "say one of --run, --client" in capsys.readouterr().err
