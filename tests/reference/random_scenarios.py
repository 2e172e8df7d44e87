"""Markets drawn at random over the whole range of what a client can meet."""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.scenario.checks.sense import validated
from sim.scenario.schema.scenario import Mechanisms, Scenario
from sim.strategies.registry import strategies

Table = dict[str, Any]
START_YEAR = 2024
SEGMENTS = ("internet", "government", "finance")
REGIONS = ("domestic", "overseas")
RULES: tuple[list[str], ...] = ([], [], ["open_weights_only"], ["data_residency"])
STRATEGIES: tuple[Table, ...] = (
    {"strategy": "list"},
    {"strategy": "cost_plus", "markup": 0.8},
    {"strategy": "cost_following"},
    {"strategy": "undercut", "below": 0.1},
    {"strategy": "match"},
    {"strategy": "penetration", "target_share": 0.4},
    {"strategy": "zero_intelligence", "lowest": 0.5, "highest": 6.0},
    {"strategy": "best_response"},
    {"strategy": "nash"},
    {"strategy": "forward"},
    {"strategy": "target_share", "target": 0.3},
)
OPENNESS: tuple[Table, ...] = (
    {"strategy": "closed"},
    {"strategy": "open_weights"},
    {"strategy": "delayed_open", "parameters": {"delay_months": 3}},
    {"strategy": "host_rivals", "parameters": {"delay_months": 2}},
)
AGENTS: tuple[Table, ...] = (
    {"strategy": "none"},
    {"strategy": "own_platform", "agents": 400.0, "portability": 0.3, "days_to_build": 3.0},
    {"strategy": "subsidise", "side": "creators", "subsidy": 900.0, "portability": 0.8},
    {"strategy": "open_plugins", "side": "enterprises", "builders": 30.0},
)
BOX_COX = (0.0, 1.0, 0.5)
CORRELATIONS = (0.0, 0.3, 0.6, 0.8)
LOWEST_PRICE = 2.0
AGENT_DICE, CROSS_DICE = 1_000_000, 2_000_000
LINES = ("calls", "agents", "hosting", "rent")
SENSITIVITY = {0.0: 1.0, 0.5: 0.5, 1.0: 0.15}  # keeps price effects of one size


class _Dice:
    """Draws of one scenario."""

    def __init__(self, number: int) -> None:
        self.rng = np.random.default_rng([20240101, number])

    def between(self, low: float, high: float) -> float:
        return round(float(self.rng.uniform(low, high)), 4)

    def whole(self, low: int, high: int) -> int:
        return int(self.rng.integers(low, high + 1))

    def one(self, items: Any) -> Any:
        return items[self.whole(0, len(items) - 1)]

    def chance(self, p: float) -> bool:
        return bool(self.rng.random() < p)


def _text(later: int) -> str:
    return f"{START_YEAR + later // 12}-{later % 12 + 1:02d}"


def _month(dice: _Dice, months: int) -> str:
    return _text(dice.whole(1, months - 1))


def _by_channel(dice: _Dice, low: float, high: float) -> Table:
    return {channel: dice.between(low, high) for channel in ("api", "host", "rent")}


ALLOCATIONS = ("pro_rata", "by_margin", "contracts_first")


def _vendors(dice: _Dice, segments: list[str]) -> Table:
    names = [f"cloud_{letter}" for letter in "abcdef"[: dice.whole(2, 6)]]
    homes = dice.rng.dirichlet(np.ones(len(names) + 1))
    vendors: Table = {}
    for name, home in zip(names, homes, strict=False):
        company = name != names[0] and dice.chance(0.2)
        vendors[name] = {
            "model_company": company,
            "foreign": dice.chance(0.15),
            "rents": name == names[0] or (not company and dice.chance(0.8)),
            "appeal": _by_channel(dice, -0.7, 0.7),
            "roots": {segment: dice.between(-0.5, 0.8) for segment in segments},
            "awareness": dice.between(0.3, 2.0),
            "home_share": 0.0 if company else float(round(0.99 * home, 4)),
            "pricing": dict(dice.one(STRATEGIES)),
            "openness": dict(dice.one(OPENNESS)),
            "stack": {"integration": _by_channel(dice, 0.0, 1.5)},
            "rent_factor": dice.between(0.7, 1.4),
            "finance": {"cash": 3_000.0},
            "allocation": {"strategy": ALLOCATIONS[len(vendors) % 3]},
        }
        if dice.chance(0.3):
            # few cards: rationing, and reliability that falls
            vendors[name]["capacity"] = {"initial": dice.between(0.2, 5.0)}
    return vendors


def _families(dice: _Dice, vendors: list[str], kinds: list[str]) -> Table:
    families: Table = {}
    for number in range(dice.whole(len(vendors), 2 * len(vendors))):
        families[f"family_{number}"] = {
            "owner": vendors[number % len(vendors)],
            "weights": "open" if number == 0 else dice.one(("closed", "open", "as_owner")),
            "capability": dice.between(-0.5, 1.0),
            "strengths": {kind: dice.between(-0.4, 0.4) for kind in kinds},
            "context_tokens": dice.one((8_000, 32_000, 128_000, 1_000_000)),
            "serving_cost": dice.between(0.3, 3.0),
            "appeal": dice.between(-0.4, 0.4),
            "community": {"developers": float(dice.whole(0, 50_000))},
        } | ({"price": dice.between(LOWEST_PRICE, 30.0)} if dice.chance(0.7) else {})
    return families


def _hosts(dice: _Dice, vendors: list[str], families: Table, months: int) -> list[Table]:
    hosts: list[Table] = []
    for name, family in families.items():
        for vendor in vendors:
            if family["weights"] == "closed" or family["owner"] == vendor or dice.chance(0.5):
                continue
            start = dice.whole(0, months - 1)
            host = {"vendor": vendor, "family": name, "start": _text(start)}
            if dice.chance(0.5):
                # clients must leave
                host["end"] = _text(start + dice.whole(1, 4))
            hosts.append(host)
    return hosts


def _kinds(dice: _Dice) -> Table:
    return {
        "assistant": {
            "presence": dice.between(0.7, 1.0),
            "volume": 2e6,
            "growth": dice.between(-0.02, 0.08),
            "capability_weight": dice.between(0.3, 2.0),
            "adoption": {"start": dice.between(0.2, 1.0)},
        },
        "documents": {
            "presence": dice.between(0.4, 0.9),
            "volume": 8e5,
            "growth": dice.between(0.0, 0.08),
            "need_median_tokens": dice.between(2e4, 4e5),
            "need_sigma": dice.between(0.3, 2.0),
            "cut_up_penalty": dice.between(0.1, 1.5),
            "adoption": {"start": dice.between(0.1, 1.0)},
        },
        "training": {
            "unit": "accelerator_hours",
            "presence": dice.between(0.2, 0.6),
            "volume": 1.5e7,
            "usage_elasticity": dice.between(0.0, 1.0),
            "adoption": {"start": 1.0},
        },
    }


def _segments(dice: _Dice, sensitivity: float) -> Table:
    names = SEGMENTS[: dice.whole(1, 3)]
    return {
        name: {
            "share": 1.0 / len(names),
            "price_sensitivity": {"mean": sensitivity, "sd": dice.between(0.0, 0.6)},
            "skill": {"mean": dice.between(0.5, 3.0), "sd": dice.between(0.1, 0.8)},
            "capability_factor": dice.between(0.5, 1.5),
            "community_factor": dice.between(0.0, 3.0),
            "self_host_appeal": dice.between(-0.5, 2.5),
            "own_machines_share": dice.between(0.0, 0.6),
            "rules": list(dice.one(RULES)) if name != names[0] else [],
        }
        for name in names
    }


def _demand(dice: _Dice, box_cox: float) -> Table:
    return {
        "box_cox": box_cox,
        "nest_correlation": {c: dice.one(CORRELATIONS) for c in ("api", "host", "rent")},
        "switching_cost": _by_channel(dice, 0.0, 2.0) | {"family": dice.between(0.0, 0.6)},
        "home_bonus": _by_channel(dice, 0.0, 2.5),
        "community_weight": dice.between(0.0, 0.6),
        "self_hosting": {
            "appeal": dice.between(-0.5, 2.0),
            "utilisation": dice.between(0.1, 0.5),
            "operations_cost": dice.one((0.0, 2_000.0, 20_000.0)),
        },
        "outside": {"n0": dice.between(-3.0, 0.5), "discount": dice.between(0.0, 0.5)},
        "review": {"price_rise_trigger": dice.between(0.05, 0.5)},
    }


def _events(dice: _Dice, vendors: list[str], families: Table, months: int) -> list[Table]:
    name = dice.one(list(families))
    return [
        {
            "month": _month(dice, months),
            "what": "release",
            "family": name,
            "capability": dice.between(0.5, 2.0),
            "context_tokens": 256_000,
            "serving_cost": 0.8,
        },
        {
            "month": _month(dice, months),
            "what": "price_list",
            "family": name,
            "vendor": families[name]["owner"],
            "price_yuan_per_million_tokens": dice.between(LOWEST_PRICE, 40.0),
        },
        {
            "month": _month(dice, months),
            "what": "attention",
            "vendor": dice.one(vendors),
            "awareness_gain": 1.0,
            "adoption_boost": 0.5,
        },
        {
            "month": _month(dice, months),
            "what": "supply",
            "availability": 0.5,
            "rent_yuan_per_card_month": dice.between(8_000.0, 20_000.0),
        },
        {
            "month": _month(dice, months),
            "what": "demand_shift",
            "work": "documents",
            "log_change": dice.between(-0.5, 0.8),
            "ramp_months": dice.whole(1, 4),
        },
    ]


def _add_agents(dice: _Dice, segments: Table, kinds: Table, vendors: Table) -> None:
    """Agent platforms, with dice of their own: everything else is drawn as without them."""
    kinds["documents"]["agent_work"] = dice.between(0.3, 1.0)
    for table in segments.values():
        table["agent_factor"] = dice.between(0.5, 1.5)
    for table in vendors.values():
        table["agents"] = dict(dice.one(AGENTS))
        table["agent_fit"] = {segment: dice.between(0.0, 2.0) for segment in segments}


def _cross_channel(dice: _Dice) -> Table:
    """Demand across channels in two scenarios of three, from dice of its own."""
    pairs = [f"{a}_to_{b}" for a in LINES for b in LINES if a != b]
    weight = dice.between(0.1, 2.0) if dice.chance(0.67) else 0.0
    return {"weight": weight} | {pair: dice.between(0.0, 2.0) for pair in pairs}


def _with_ecosystem(data: Table, number: int) -> Table:
    """The open ecosystem in every second scenario, from dice of its own."""
    if number % 2:
        return data
    dice = _Dice(10_000 + number)
    abroad = {"developers": float(dice.whole(0, 30_000)), "potential": 60_000.0}
    for family in data["families"].values():
        if dice.chance(0.5):
            family["community"]["regions"] = {REGIONS[1]: abroad}
        family["community"]["derivatives"] = float(dice.whole(0, 20_000))
        if dice.chance(0.5):
            family |= {"imitates": True, "imitation_half_life": dice.between(2.0, 12.0)}
            family["context_half_life"] = dice.between(2.0, 12.0)
    for vendor in data["vendors"].values():
        vendor["research"] = {"strategy": dice.one(tuple(strategies("research")))}
    name = dice.one(list(data["vendors"]))
    data["regions"][REGIONS[1]] |= {"awareness": {name: 0.4}, "community_factor": 2.0}
    derivatives = {"publication": 0.2, "weight": dice.between(0.0, 2.0), "other_models": 500.0}
    data["ecosystem"] = {"spill_over": dice.between(0.0, 1.0), "derivatives": derivatives}
    return data


def random_scenario(
    number: int, *, clients: int | None = None, months: int | None = None
) -> Scenario:
    """The scenario of a number: always the same; every fifth has all mechanisms on."""
    dice = _Dice(number)
    box_cox = BOX_COX[number % len(BOX_COX)]
    drawn = dice.whole(200, 400), dice.whole(6, 12)
    clients, months = clients or drawn[0], months or drawn[1]
    segments, kinds = _segments(dice, SENSITIVITY[box_cox]), _kinds(dice)
    vendors = _vendors(dice, list(segments))
    names = list(vendors)
    families = _families(dice, names, list(kinds))
    share = dice.between(0.6, 0.95)
    _add_agents(_Dice(number + AGENT_DICE), segments, kinds, vendors)
    data: Table = {
        "name": f"random-{number}",
        "calendar": {"start": f"{START_YEAR}-01", "months": months},
        "containment": {"window_months": 2},
        "population": {"clients": clients, "represents": 60_000, "size_sigma": 1.5},
        "segments": segments,
        "regions": {
            REGIONS[0]: {"share": share},
            REGIONS[1]: {
                "share": round(1.0 - share, 4),
                "domestic": False,
                "excluded_vendors": names[-1:],
            },
        },
        "kinds": kinds,
        "agents": {
            "weight": 0.5,
            "scale": 20.0,
            "creator_segments": list(segments)[:1],
            "cross_side": 0.25,
        },
        "initial": {"rounds": dice.whole(1, 3)},
        "demand": _demand(dice, box_cox)
        | {"price_shift_rule": ("fixed", "price_level")[number // 2 % 2]}
        | {"cross_channel": _cross_channel(_Dice(number + CROSS_DICE))},
        "vendors": vendors,
        "families": families,
        "hosts": _hosts(dice, names, families, months),
        "events": _events(dice, names, families, months),
        "supply": {"premium_response": (0.0, 0.2)[number % 2]},
        "decisions": {"lowest_price": LOWEST_PRICE, "panel": 50},
        # discounts go below the lowest list price
        "budget": {"freed": {names[0]: dice.one((0.0, 1.0, 10.0))}},
        "mechanisms": {
            name: number % 5 == 0 or dice.chance(0.8) for name in Mechanisms.model_fields
        },
    }
    return validated(_with_ecosystem(data, number))
