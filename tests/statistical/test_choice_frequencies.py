"""The compiled choice has nested-logit frequencies, and an offer that changes moves nobody else."""

from __future__ import annotations

import dataclasses
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pytest

from sim.economics.demand import Nests
from sim.market.clients.choice import review
from sim.market.clients.columns import ChoiceState, MonthTerms
from sim.market.model import MarketModel
from sim.scenario.checks.sense import validated
from sim.scenario.paths import plain_tables
from sim.scenario.schema.scenario import Scenario
from tests.unit.market.tiny import tiny

pytestmark = pytest.mark.statistical
CLIENTS = 120_000
MONTHS = (9, 10, 11)
NAMES = ("a", "b", "c", "d")
APPEAL = {"a": 0.0, "b": 0.6, "c": -0.4, "d": 0.3}


def one_shot(rho: float, extra: dict[str, Any] | None = None) -> Scenario:
    """Many identical clients, each choosing once: no taste, no switching cost, all is known."""
    data = plain_tables(tiny())
    flat = {
        "price_sensitivity": {"mean": 1.0, "sd": 0.0},
        "skill": {"mean": 1.0, "sd": 0.0},
        "own_machines_share": 1.0,
        "share": 1.0,
    }
    data["population"] |= {"clients": CLIENTS, "size_sigma": 0.0, "taste_sd": 0.0}
    data["segments"] = {"everyone": flat}
    data["kinds"] = {
        "chat": {"presence": 1.0, "volume": 1e6, "size_noise": 0.0, "need_sigma": 0.0},
        "train": {"unit": "accelerator_hours", "presence": 1.0, "volume": 1e6},
    }
    data["vendors"] = {
        name: {"home_share": 0.0, "appeal": {"api": APPEAL[name], "rent": -APPEAL[name]}}
        for name in NAMES
    }
    data["families"] = {
        name: {"owner": name, "price": 6.0 + i, "weights": "open" if name in "ab" else "closed"}
        for i, name in enumerate(NAMES)
    }
    data["demand"]["nest_correlation"] = {"api": rho, "host": rho, "rent": rho}
    data["demand"]["self_hosting"]["operations_cost"] = 0.0
    data["mechanisms"] |= {"consideration": False, "switching_costs": False, "adoption": False}
    data |= {"levers": {}, "events": [], "contest": None, "initial": {"rounds": 0}}
    data["families"] |= (extra or {}).get("families", {})
    data["vendors"] |= (extra or {}).get("vendors", {})
    return validated(data)


class Shot(NamedTuple):
    model: MarketModel
    terms: MonthTerms


@cache
def shot(rho: float) -> Shot:
    model = MarketModel(one_shot(rho), 11)
    return Shot(model, model.terms)


def chosen(model: MarketModel, terms: MonthTerms, month: int) -> npt.NDArray[np.int64]:
    """Offer of every workload when all choose for the first time, (m,)."""
    state = ChoiceState.before(model.population.n_workloads)
    review(
        month,
        True,
        model.columns,
        state,
        model.world,
        terms,
        model.streams,
        model.tally,
        model.threads,
    )
    return state.current.astype(np.int64)


def labelled(model: MarketModel, terms: MonthTerms, month: int) -> npt.NDArray[np.str_]:
    return np.array(model.world.labels)[chosen(model, terms, month)]


def utilities(one: Shot, kind: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64], float]:
    """Columns that an identical client of this kind of work compares, their utilities, NONE's."""
    model, terms = one
    world = model.world
    hours = bool(terms.hours_kind[kind])
    host = (world.channel == 1) & (world.platform == world.n_vendors)
    wanted = world.channel == 2 if hours else (world.channel == 0) | host
    columns = np.flatnonzero(wanted & terms.open[0])
    value = terms.base[0, kind, columns] - terms.price[columns]
    own = host[columns]
    paid = np.log(terms.host_cost[columns[own]] + terms.price_shift)
    value[own] -= paid - terms.mean_price_term
    return columns, value, float(terms.none_base[0, kind] - terms.none_slope[kind])


@pytest.mark.parametrize("rho", [0.2, 0.5, 0.8])
@pytest.mark.parametrize("kind", [0, 1])
def test_frequencies_are_nested_logit(rho: float, kind: int) -> None:
    one = shot(rho)
    columns, value, outside = utilities(one, kind)
    channel = one.model.world.channel[columns]
    nest = np.unique(channel, return_inverse=True)[1]
    nests = Nests(np.append(nest, nest.max() + 1), [rho] * (nest.max() + 1) + [0.0])
    expected = nests.logit(np.append(value, outside)).probabilities
    work = one.model.population.kind == kind
    counts = np.zeros(len(columns) + 1)
    for month in MONTHS:
        offers = chosen(one.model, one.terms, month)[work]
        assert set(offers.tolist()) <= {*columns.tolist(), one.model.world.none}
        counts += [(offers == j).sum() for j in (*columns, one.model.world.none)]
    n = counts.sum()
    assert n == CLIENTS * len(MONTHS)
    error = np.sqrt(expected * (1 - expected) / n)
    assert expected.min() > 1e-3
    assert (np.abs(counts / n - expected) < 4 * error).all(), (counts / n - expected) / error


def test_improving_one_offer_moves_no_bystander() -> None:
    pairs = moved = wrong = 0
    for rho in (0.2, 0.5, 0.8):
        one = shot(rho)
        better = one.model.world.api_offer("b", "b")
        base = one.terms.base.copy()
        base[:, :, better] += 0.7
        for month in MONTHS[:2]:
            before = chosen(one.model, one.terms, month)
            after = chosen(one.model, dataclasses.replace(one.terms, base=base), month)
            pairs += len(before)
            moved += int((before != after).sum())
            wrong += int(((before != after) & (after != better)).sum())
    assert pairs >= 1_000_000
    assert moved > 10_000
    assert wrong == 0


def test_removing_an_offer_moves_only_those_who_had_it() -> None:
    pairs = left = wrong = 0
    for rho in (0.2, 0.5, 0.8):
        one = shot(rho)
        gone = one.model.world.api_offer("b", "b")
        without = one.terms.open.copy()
        without[:, gone] = False
        for month in MONTHS[:2]:
            before = chosen(one.model, one.terms, month)
            after = chosen(one.model, dataclasses.replace(one.terms, open=without), month)
            pairs += len(before)
            left += int((before == gone).sum())
            assert not (after == gone).any()
            wrong += int(((before != after) & (before != gone)).sum())
    assert pairs >= 1_000_000
    assert left > 10_000
    assert wrong == 0


INERT: dict[str, dict[str, Any]] = {
    "family": {"families": {"aa_later": {"owner": "c", "released": "2099-01", "price": 1.0}}},
    "vendor": {"vendors": {"aa": {"rents": False}}},
    "family and vendor": {
        "vendors": {"aa": {"rents": False}},
        "families": {
            "aa_open": {"owner": "aa", "released": "2099-01", "weights": "open", "price": 1.0}
        },
    },
}


@pytest.mark.parametrize("what", INERT)
def test_an_inert_offer_or_vendor_changes_no_choice(what: str) -> None:
    one = shot(0.5)
    other = MarketModel(one_shot(0.5, INERT[what]), 11)
    assert other.world.n_offers > one.model.world.n_offers
    before = labelled(one.model, one.terms, MONTHS[0])
    assert (labelled(other, other.terms, MONTHS[0]) == before).all()


def test_nearly_equal_offers_share_what_their_nest_draws() -> None:
    """At rho 0.95 the calls draw as one: adding up equal ones gains almost nothing."""
    model = MarketModel(one_shot(0.95), 11)
    columns, value, outside = utilities(Shot(model, model.terms), 0)
    api = model.world.channel[columns] == 0
    nests = Nests(np.append(~api, 2).astype(int), [0.95, 0.95, 0.0])
    both = nests.logit(np.append(value, outside)).probabilities[:-1]
    offers = chosen(model, model.terms, MONTHS[0])[model.population.kind == 0]
    share = np.isin(offers, columns[api]).mean()
    expected = both[api].sum()
    assert abs(share - expected) < 4 * np.sqrt(expected * (1 - expected) / CLIENTS)
