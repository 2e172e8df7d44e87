"""Vendors: platforms with appeal, cards, money and strategies."""

from __future__ import annotations

from functools import cache
from typing import Any

from pydantic import Field

from sim.parts import (
    Part,
    half_life_par,
    input_par,
    monthly_par,
    par,
    share_par,
    strategy_fields,
    strategy_table,
    table,
)
from sim.scenario.schema import PILOT


class Integration(Part):
    """Scales the home bonus of this platform by channel (1 = as the market)."""

    api: float = par(1.0, "model calls", low=0.0, high=5.0)
    host: float = par(1.0, "self-hosting", low=0.0, high=5.0)
    rent: float = par(1.0, "accelerator rent", low=0.0, high=5.0)


class Stack(Part):
    """The own stack: chips, scheduling, integration."""

    own_chip_share: float = share_par(
        0.0, "psi: share of cards that are self-made", source="shipments F0384-F0386"
    )
    chip_output: float | None = par(
        None,
        "most self-made cards ordered in a month, first month; the rest of the plan is bought; "
        "absent = no limit",
        "1000 cards/month",
        0.0,
        1e6,
    )
    chip_output_growth: float = par(0.0, "growth of that limit, linear", "1/month", -1.0, 10.0)
    chip_performance: float = par(
        1.0, "work of a self-made card against a bought one", low=0.01, high=10.0
    )
    chip_cost: float = par(
        1.0, "cost of a self-made card against supply.own_card_cost", low=0.01, high=10.0
    )
    depth: float = share_par(0.0, "how many layers clients buy together: holds their home clouds")
    scheduling: float = par(
        1.0, "throughput gained by scheduling and clusters", low=0.01, high=10.0
    )
    integration: Integration = table(Integration, "pull of the home cloud against the market's")


class Capacity(Part):
    """Accelerators: what is there, what may be ordered."""

    initial: float | None = par(
        None,
        "cards in the first month; absent = sized to the first month's load",
        "1000 cards",
        0.0,
        1e6,
    )
    order_cap: float = par(
        12.0,
        "cards that capital spending allows in a month, first month",
        "1000 cards/month",
        0.0,
        1e6,
        source=PILOT,
    )
    order_cap_growth: float = par(
        1.0 / 12.0, "growth of that cap, linear", "1/month", -1.0, 10.0, source=PILOT
    )
    expected_growth: float = par(
        0.0, "log growth of load it expects at the start", "1/month", -0.5, 1.0
    )
    trend_memory: float = par(
        0.7, "weight of the past in the load growth it expects", "1/month", 0.0, 0.999
    )
    headroom: float = par(1.25, "cards wanted over the expected load", low=0.0, high=10.0)
    internal_load: float = par(
        0.0, "tokens of own consumer apps in the first month", "T tokens/month", 0.0, 1e6
    )
    internal_growth: float = par(0.0, "their growth in the first month (log)", "1/month", -0.5, 2.0)
    internal_slowdown: float = monthly_par(0.0, "how fast that growth fades")
    app_value: float = par(
        0.0,
        "what a card-month is worth to own apps: lost where they are not served",
        "yuan/card-month",
        0.0,
        1e6,
    )


class Appeal(Part):
    """What keeps clients beyond price and capability: the platform's own constant, by channel."""

    api: float = par(0.0, "model calls", "util", -20.0, 20.0)
    host: float = par(0.0, "self-hosting on its cards", "util", -20.0, 20.0)
    rent: float = par(0.0, "accelerator rent", "util", -20.0, 20.0)


class Finance(Part):
    """Money: what a vendor starts with and how deep it may go."""

    cash: float = par(0.0, "cash in the first month", "M yuan", -1e7, 1e8)
    funding_limit: float = par(1e6, "debt at which prices must cover unit cost", "M yuan", 0.0, 1e9)


class Objective(Part):
    """What a vendor pursues beside profit."""

    share_point: float = par(
        0.0, "omega: worth of a point of platform-token share", "M yuan/month", 0.0, 1e6
    )


class Openness(Part):
    """The openness strategy and its parameters (see `sim list`)."""

    strategy: str = input_par(
        "closed", "closed, delayed_open, host_rivals, open_core or open_weights"
    )
    parameters: dict[str, Any] = Field({}, description="parameters of the strategy")


class Vendor(Part):
    """A platform that sells model calls and accelerators."""

    label: str = input_par("", "name in pictures")
    colour: str = input_par("", "colour in pictures, #rrggbb", pattern="^(#[0-9a-fA-F]{6})?$")
    model_company: bool = input_par(False, "no cloud of its own: outside the IDC scope")
    foreign: bool = input_par(False, "removed by data residency")
    rents: bool = input_par(True, "rents accelerators")
    appeal: Appeal = table(Appeal, "platform constants")
    roots: dict[str, float] = par({}, "sector roots: utility by segment", "util")
    awareness: float = par(0.9, "a0: base awareness", low=0.0, high=20.0, source=PILOT)
    home_share: float = share_par(0.0, "clients whose home cloud it is")
    pricing: dict[str, Any] = strategy_table(
        "pricing", "list", "pricing strategy by name and its parameters"
    )
    agents: dict[str, Any] = strategy_table(
        "agents", "none", "agent platform strategy by name and its parameters"
    )
    agent_fit: dict[str, float] = par(
        {}, "fit of its agents to a segment: scales agents.weight, 1 where left out", unit="-"
    )
    marketing: dict[str, Any] = strategy_table(
        "marketing", "none", "marketing strategy by name and its parameters"
    )
    accounts: dict[str, Any] = strategy_table(
        "accounts", "list_price", "key-account strategy by name and its parameters"
    )
    objective: Objective = table(Objective, "profit, and what share is worth to it")
    research: dict[str, Any] = strategy_table(
        "research", "none", "research strategy by name and its parameters"
    )
    imitation_half_life: float | None = half_life_par(
        "months in which half of a capability gap closes, for its families that imitate; "
        "absent = never"
    )
    context_half_life: float | None = half_life_par("the same for the log2 context window")
    openness: Openness = table(Openness, "what it does with weights")
    stack: Stack = table(Stack, "own chips, scheduling, integration")
    capacity: Capacity = table(Capacity, "accelerators")
    investment: dict[str, Any] = strategy_table(
        "capacity", "follow", "capacity strategy by name and its parameters"
    )
    allocation: dict[str, Any] = strategy_table(
        "allocation", "pro_rata", "whom it serves first while cards are short"
    )
    rent_factor: float = par(1.0, "its rent against the market rent", low=0.01, high=10.0)
    finance: Finance = table(Finance, "money")


@cache
def strategy_tables() -> dict[str, tuple[str, str]]:
    """Flat strategy tables of a vendor: (kind, usual strategy) by field name."""
    fields = Vendor.model_fields
    kinds = strategy_fields(Vendor).items()
    return {name: (kind, str(fields[name].default["strategy"])) for name, kind in kinds}
