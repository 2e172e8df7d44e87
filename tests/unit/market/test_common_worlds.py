"""The same world twice: what is added late, unseen or switched off changes nothing else."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.market.model import MarketModel
from sim.scenario.patches import without_levers
from sim.scenario.schema.scenario import Mechanisms
from tests.unit.market.tiny import by_names, changed, differing, ran, tiny

LATE = "2024-12"  # the twelfth month
AGENTS: dict[str, Any] = {
    "agents.weight": 2.0,
    "agents.scale": 10.0,
    "kinds.documents.agent_work": 1.0,
    "vendors.volcano.agents": {"strategy": "own_platform", "agents": 50.0},
}
SCARCE = {
    "vendors.volcano.capacity.initial": 0.4,
    "vendors.volcano.capacity.order_cap": 0.2,
    "supply.shocks.sd": 0.2,
    "demand.migration.rate": 0.1,
    "demand.cross_channel.weight": 1.0,
}
BIDS = {
    "population.key_account_share": 0.1,
    "vendors.third.accounts": {"strategy": "bid_all", "largest_discount": 0.4},
}
ECOSYSTEM: dict[str, Any] = {
    "ecosystem.derivatives": {"publication": 0.5, "weight": 2.0, "other_models": 100.0},
    "families.third_one.imitates": True,
    "families.third_one.imitation_half_life": 4.0,
    "families.third_one.context_half_life": 4.0,
    "vendors.volcano.research": {"strategy": "fixed", "spend": 100.0, "effectiveness": 0.05},
}
LATE_EVENTS: dict[str, dict[str, Any]] = {
    "release": {"what": "release", "family": "lava", "capability": 2.0},
    "price_list": {
        "what": "price_list",
        "vendor": "dam",
        "family": "dam_max",
        "price_yuan_per_million_tokens": 3.0,
    },
    "attention": {"what": "attention", "vendor": "volcano", "awareness_gain": 2.0},
    "campaign": {"what": "campaign", "vendor": "volcano", "spend_million_yuan": 2_000.0},
    "supply": {"what": "supply", "external_cost_factor": 3.0, "availability": 0.1},
    "demand_shift": {"what": "demand_shift", "work": "assistant", "log_change": 0.5},
    "strategy": {"what": "strategy", "vendor": "third", "pricing": {"strategy": "undercut"}},
    "key accounts": {"what": "strategy", "vendor": "third", "accounts": {"strategy": "bid_all"}},
}
OFF: dict[str, dict[str, Any]] = {
    "switching_costs": {
        f"demand.switching_cost.{c}": 0.0 for c in ("api", "host", "rent", "family")
    },
    "home_cloud": {f"demand.home_bonus.{c}": 0.0 for c in ("api", "host", "rent")},
    "cross_channel": {"demand.cross_channel.weight": 0.0},
    "scarcity_pricing": {"decisions.scarcity_response": 0.0},
    "communities": {
        "demand.community_weight": 0.0,
        "families.dam_open.community.contribution": 0.0,
        "families.dam_open.community.hosting_ease": 0.0,
    },
    "consideration": {f"vendors.{v}.awareness": 20.0 for v in ("dam", "volcano", "third")},
    "attention": {"events": [event.model_dump() for event in tiny().events]},
    "goodwill": {"events": [event.model_dump() for event in tiny().events]},
    "reliability": {"demand.reliability_weight": 0.0},
    "capacity": {f"vendors.{v}.capacity.initial": 1_000.0 for v in ("dam", "volcano", "third")},
    "spill_over": {"supply.spill_share": 0.0},
    "learning": {"supply.learning.exponent": 0.0},
    "self_hosting": {
        "demand.self_hosting.appeal": -20.0,
        "segments.government.self_host_appeal": -10.0,
        "segments.internet.self_host_appeal": -10.0,
    },
    "lasting_taste": {"population.taste_sd": 0.0},
    "adoption": {f"kinds.{k}.adoption.start": 1.0 for k in ("assistant", "documents", "training")},
    "usage_response": {
        f"kinds.{k}.usage_elasticity": 0.0 for k in ("assistant", "documents", "training")
    },
    "long_documents": {
        f"kinds.{k}.cut_up_penalty": 0.0 for k in ("assistant", "documents", "training")
    },
    "triggers": {"demand.review.triggered": 0.0},
    "agent_platforms": {"agents.weight": 0.0},
    "supply_shocks": {"supply.shocks.sd": 0.0},
    "migration": {"demand.migration.rate": 0.0},
    "key_accounts": {"vendors.third.accounts": {"strategy": "list_price"}},
    "derivatives": {f"ecosystem.derivatives.{what}": 0.0 for what in ("publication", "weight")},
    "imitation": {"families.third_one.imitates": False},
    "research": {"vendors.volcano.research": {"strategy": "none"}},
}
# Mechanisms that only an event sets to work.
EVENT_OF = {"attention": "attention", "goodwill": "campaign"}
# What a switch means beyond clients' choices: numbers that are not computed, or another layout.
APART = {
    "communities": {"developers", "developers_by_region", "derivatives"},
    "consideration": {"awareness"},
    "capacity": {
        "utilisation",
        "external_cards",
        "own_cards",
        "cards_ordered",
        "cash",
        "profit",
        "objective",
    },
    "self_hosting": {"list_price"},
    "agent_platforms": {"agents", "builders", "agent_users", "creator_agents", "enterprise_agents"},
}


def shocked(changes: dict[str, Any] | None = None, months: int = 10) -> Any:
    """Tiny with scarce cards, agents, bids and an attention shock: all mechanisms have work."""
    events = [event.model_dump() for event in tiny().events]
    events.append(
        {
            "what": "attention",
            "month": "2024-03",
            "vendor": "volcano",
            "awareness_gain": 1.0,
            "adoption_boost": 0.3,
        }
    )
    events.append(
        {
            "what": "campaign",
            "month": "2024-04",
            "vendor": "third",
            "spend_million_yuan": 1_000.0,
        }
    )
    events.append(
        {
            "what": "price_list",
            "month": "2024-08",
            "vendor": "dam",
            "family": "dam_max",
            "price_yuan_per_million_tokens": 60.0,
        }
    )
    moves = AGENTS | BIDS | ECOSYSTEM
    return changed(SCARCE | moves | {"events": events} | (changes or {}), months=months)


def test_same_seed_same_bits() -> None:
    one, other = ran(tiny()), ran(tiny())
    assert differing(one, other) == set()
    assert one.choices.current.tobytes() == other.choices.current.tobytes()


def test_a_market_in_between_changes_nothing() -> None:
    one, other = MarketModel(shocked(), 1), MarketModel(shocked(), 2)
    for _ in range(10):
        one.step()
        other.step()
    assert differing(one, ran(shocked(), 1)) == set()
    assert differing(one, other) > {"platform_token_share", "cash"}


@pytest.mark.parametrize("what", LATE_EVENTS)
def test_a_late_event_leaves_the_months_before_alone(what: str) -> None:
    event = LATE_EVENTS[what] | {"month": LATE}
    before, after = (
        ran(changed({"events": []}, months=14)),
        ran(changed({"events": [event]}, months=14)),
    )
    assert differing(before, after, 11) == set()
    assert differing(before, after) != set()


def test_longer_runs_begin_alike() -> None:
    short, long = ran(changed(months=5)), ran(changed(months=9))
    for name, curve in short.curves.items():
        assert curve.tobytes() == long.curves[name][:5].tobytes(), name


GHOST = {"home_share": 0.0, "awareness": 0.0, "rents": False}
INERT: dict[str, dict[str, Any]] = {
    "unseen vendor": {"vendors.ghost": GHOST},
    "unseen vendor that sorts first": {"vendors.aa": GHOST},
    "family that never comes": {"families.phantom": {"owner": "third", "released": "2099-01"}},
    "kind of work that nobody has": {"kinds.nothing": {"presence": 0.0, "volume": 1.0}},
    "segment without clients": {"segments.void": {"share": 0.0}},
    "region without clients": {"regions.nowhere": {"share": 0.0}},
    "lever": {"levers.inert": {"vendor": "third", "off": {}}},
}

# Communities compare a family with the plain mean over kinds of work, used or not.
BESIDE = {"kind of work that nobody has": {"mechanisms.communities": False}}


@pytest.mark.parametrize("what", INERT)
def test_what_nobody_meets_changes_nothing_else(what: str) -> None:
    beside = BESIDE.get(what, {})
    before, after = by_names(ran(shocked(beside))), by_names(ran(shocked(beside | INERT[what])))
    # last bits of sums may depend on how many terms they have
    for name, series in before.items():
        np.testing.assert_allclose(after[name], series, rtol=1e-12, err_msg=str(name))


@pytest.mark.parametrize("what", INERT)
def test_what_nobody_meets_moves_no_client(what: str) -> None:
    beside = BESIDE.get(what, {})
    before, after = ran(shocked(beside)), ran(shocked(beside | INERT[what]))
    chosen = [
        [m.world.labels[j] if j >= 0 else "" for j in m.choices.current] for m in (before, after)
    ]
    assert chosen[0] == chosen[1]
    assert before.choices.log_volume.tobytes() == after.choices.log_volume.tobytes()


def test_every_mechanism_has_a_neutral_case() -> None:
    assert set(OFF) == set(Mechanisms.model_fields)


@pytest.mark.parametrize("mechanism", OFF)
class TestOff:
    def test_is_the_neutral_parameter(self, mechanism: str) -> None:
        off = shocked({f"mechanisms.{mechanism}": False})
        neutral = shocked(OFF[mechanism])
        if mechanism in EVENT_OF:
            kept = [e.model_dump() for e in shocked().events if e.what != EVENT_OF[mechanism]]
            neutral = shocked(OFF[mechanism] | {"events": kept})
        one, other = ran(off), ran(neutral)
        assert differing(one, other) <= APART.get(mechanism, set())

    def test_matters(self, mechanism: str) -> None:
        off, on = ran(shocked({f"mechanisms.{mechanism}": False})), ran(shocked())
        moved = differing(off, on)
        assert moved & {"total_tokens", "platform_token_share", "cash"}


def test_all_mechanisms_off_at_once() -> None:
    model = ran(shocked({f"mechanisms.{name}": False for name in OFF}))
    assert all(np.isfinite(curve).all() for curve in model.curves.values())
    assert (model.curves["total_tokens"] > 0).all()


def test_a_lever_switched_off_twice_is_one_world() -> None:
    short = changed(months=8)
    one = ran(without_levers(short, ["open_source", "price_war"]))
    other = ran(without_levers(without_levers(short, ["price_war"]), ["open_source"]))
    assert differing(one, other) == set()
    assert differing(one, ran(short)) != set()
