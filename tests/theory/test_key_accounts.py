"""The engine's auctions of key accounts reach the closed forms of second-score auctions."""

from __future__ import annotations

import math
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pytest

from sim.analysis.verification.verify import load_cases
from sim.market.model import MarketModel
from sim.scenario.checks.sense import validated
from tests.reference.draws import event_of, gumbel, stream_key
from tests.theory.oracles import second_score_auction

Floats = npt.NDArray[np.float64]
ALPHA = 5.0
LARGEST_DISCOUNT = 0.9
WORTH = -ALPHA * math.log(1.0 - LARGEST_DISCOUNT)  # far above any lead, so every tie binds
CASES = {case["id"]: case for case in load_cases() if case["family"] == "key_account_auction"}
UNKNOWN = -1


class Auctions(NamedTuple):
    """What a month of auctions gave, one entry an account."""

    before: npt.NDArray[np.int64]  # platform that served it
    winner: npt.NDArray[np.int64]
    margin: Floats  # what the winner could have conceded beyond the tie, in utility


def market(appeal: tuple[float, ...], clients: int, kappa: float, n0: float) -> MarketModel:
    """Alike key accounts that all look every month, in a market without anything else."""
    names = [f"firm_{number}" for number in range(len(appeal))]
    bidder = {
        "strategy": "bid_all",
        "budget": 1e7,
        "largest_discount": LARGEST_DISCOUNT,
        "largest_credit": 0.0,
    }
    off = ("communities", "consideration", "capacity", "adoption", "self_hosting", "home_cloud")
    data: dict[str, Any] = {
        "name": "auctions",
        "calendar": {"start": "2024-01", "months": 2},
        "containment": {"window_months": 2},
        "population": {
            "clients": clients,
            "represents": clients,
            "size_sigma": 0.1,
            "size_tilt": 0.0,
            "taste_sd": 0.0,
            "key_account_share": 1.0,
        },
        "segments": {
            "all_of_them": {"share": 1.0, "price_sensitivity": {"mean": ALPHA, "sd": 0.0}}
        },
        "kinds": {"chat": {"presence": 1.0, "volume": 1e4}},
        "initial": {"rounds": 0},
        "demand": {
            "price_shift": 0.0,
            "nest_correlation": {"api": 0.0, "host": 0.0, "rent": 0.0},
            "switching_cost": {"api": kappa, "host": 0.0, "rent": 0.0, "family": 0.0},
            "outside": {"n0": n0, "discount": 0.0},
            "review": {"key_account": 1.0, "none": 1.0},
        },
        "vendors": {
            name: {"appeal": {"api": value}, "accounts": bidder}
            for name, value in zip(names, appeal, strict=True)
        },
        "families": {f"of_{name}": {"owner": name, "price": 10.0} for name in names},
        "mechanisms": dict.fromkeys(off, False),
    }
    return MarketModel(validated(data), 4)


def auctioned(
    appeal: tuple[float, ...], clients: int, kappa: float = 0.0, n0: float = -50.0
) -> Auctions:
    model = market(appeal, clients, kappa, n0)
    before = model.world.platform[model.choices.current]
    model.step()
    discount = model.bidding.discount.astype(float)
    assert len(discount) == clients
    margin = ALPHA * np.log((1.0 - discount) / (1.0 - LARGEST_DISCOUNT))
    return Auctions(before, model.world.platform[model.choices.current], margin)


def agrees(found: Auctions, chance: Floats, margin: Floats, scale: float = 1.0) -> None:
    """Win frequencies and mean margins lie within four standard errors of the closed form."""
    n = len(found.winner)
    for v, (p, lead) in enumerate(zip(chance, margin, strict=True)):
        won = found.winner == v
        assert abs(won.mean() - p) < 4.0 * math.sqrt(p * (1.0 - p) / n)
        leads = found.margin[won] * scale
        assert abs(leads.mean() - lead) < 4.0 * leads.std() / math.sqrt(won.sum())


@pytest.mark.parametrize("number", [2, 3, 5])
def test_identical_bidders_win_alike_and_keep_the_lead_over_the_second(number: int) -> None:
    """s = 1/J and mean margin -mu ln(1 - s) / s with mu = 1 (Miller 2014)."""
    found = auctioned((0.0,) * number, 20_000)
    s = 1.0 / number
    agrees(found, np.full(number, s), np.full(number, -math.log1p(-s) / s))


@cache
def incumbency() -> tuple[dict[str, Any], Auctions]:
    """The case of an account held by one vendor with a switching cost, in units of the noise."""
    case = CASES["auc-p1"]
    given = case["inputs"]
    mu = given["gumbel_scale_mu"]
    surplus = tuple(w / mu for w in given["net_surplus_w_equals_quality_minus_cost"])
    return case, auctioned(surplus, 60_000, kappa=given["switching_cost"] / mu)


def test_switching_cost_is_the_incumbent_bonus() -> None:
    case, found = incumbency()
    at_home = found.before == case["inputs"]["incumbent_index"]
    assert at_home.sum() > 15_000
    agrees(
        Auctions(*(column[at_home] for column in found)),
        np.array(case["expected"]["win_probabilities"]),
        np.array(case["expected"]["expected_margin_given_win"]),
        scale=case["inputs"]["gumbel_scale_mu"],
    )


@pytest.mark.parametrize("holder", [1, 2])
def test_whoever_holds_the_account_has_the_bonus(holder: int) -> None:
    case, found = incumbency()
    given = case["inputs"]
    closed = second_score_auction(
        given["net_surplus_w_equals_quality_minus_cost"],
        given["gumbel_scale_mu"],
        holder,
        given["switching_cost"],
    )
    held = found.before == holder
    agrees(
        Auctions(*(column[held] for column in found)),
        closed.win_probability,
        closed.margin_if_won,
        scale=given["gumbel_scale_mu"],
    )


def test_no_deal_is_the_reserve_of_the_buyer() -> None:
    case = CASES["auc-p2"]
    given, expected = case["inputs"], case["expected"]
    mu = given["gumbel_scale_mu"]
    # at list price nobody buys: the surplus is what the largest discount leaves
    appeal = tuple(w / mu - WORTH for w in given["net_surplus_w_equals_quality_minus_cost"])
    found = auctioned(appeal, 30_000, n0=given["buyer_outside_surplus"] / mu)
    none = found.winner == len(appeal) + 1
    p = expected["no_deal_probability"]
    assert abs(none.mean() - p) < 4.0 * math.sqrt(p * (1.0 - p) / len(none))
    agrees(
        found,
        np.array(expected["win_probabilities"]),
        np.array(expected["expected_margin_given_win"]),
        scale=mu,
    )


def test_the_price_paid_ties_with_the_second_score() -> None:
    """The realised utility of the winner's offer is the second-best score, account by account."""
    model = market((0.4, 0.0, -0.3), 500, 0.8, -50.0)
    before = model.choices.current.copy()
    model.step()
    month = model.month_number - 1
    stream = stream_key(model.seed, "choice")
    world, columns = model.world, model.population
    for i in range(500):
        event = event_of(stream, int(columns.client_id[i]), int(columns.work_key[i]), month)
        score = np.array(
            [
                (0.4, 0.0, -0.3)[v]
                - 0.8 * (world.platform[before[i]] != v)
                + gumbel(event, int(world.offer_keys[v]))
                for v in range(3)
            ]
        )
        winner = int(model.choices.current[i])
        assert winner == int(np.argmax(score))
        second = float(np.sort(score)[-2]) + WORTH
        paid = score[winner] - ALPHA * math.log(1.0 - float(model.bidding.discount[i]))
        assert math.isclose(paid, second, abs_tol=2e-5)
