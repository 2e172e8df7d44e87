"""What serving costs, and random shocks to bought accelerators."""

from __future__ import annotations

from sim.months import Month
from sim.parts import Part, cited, monthly_par, par, part_par, recorded, share_par, table
from sim.scenario.schema import CLEARING, DESIGN, PILOT

_LEARNING = cited("Wright (1936); Argote, Beckman & Epple (1990); Benkard (2000)")
_CONGESTION = cited("industry practice; BPR (1964) for congestion")


class SupplyShocks(Part):
    """z: log price of bought cards over its dated path, AR(1) with jumps; 0 = no shocks.

    ln unit cost of a vendor moves by (1 - own-chip share) z.
    """

    sd: float = par(0.0, "standard deviation of the monthly shock to z", low=0.0, high=2.0)
    persistence: float = par(
        0.8,
        "part of z that is left after a month",
        "1/month",
        0.0,
        0.999,
        source="half-life of three months, as the export stop F0392 to F0393",
    )
    jump_probability: float = monthly_par(0.0, "a jump within a month")
    jump_mean: float = par(
        0.45, "mean of a jump of z", low=-3.0, high=3.0, source="ln(1.40/0.88), F0318 to F0320"
    )
    jump_sd: float = par(0.15, "standard deviation of a jump", low=0.0, high=2.0)
    availability_response: float = par(
        0.0,
        "bought cards to be had are fewer by the factor e^(-response z) while z is above 0",
        low=0.0,
        high=20.0,
    )


class Learning(Part):
    """Own experience: throughput x (E/E_0)^exponent, experience is forgotten."""

    exponent: float = par(0.08, "b of Wright's law", low=0.0, high=1.0, **_LEARNING)
    least_share: float = share_par(
        0.02, "a platform with less of the first month's output starts as experienced as this share"
    )
    forgetting: float = monthly_par(0.03, "experience lost", **_LEARNING)


class Scarcity(Part):
    """Unit cost is opportunity cost: x max(1, (min(u, 1)/threshold)^exponent) max(u, 1)^beyond."""

    threshold: float = part_par(0.9, "utilisation from which a unit costs more", **DESIGN)
    exponent: float = par(4.0, "how steeply", low=0.0, high=12.0, **_CONGESTION)
    beyond: float = par(
        1.0,
        "how steeply once demand is above capacity: cost rises with (demand / capacity)^beyond; "
        "1 clears demand of elasticity 1",
        low=0.0,
        high=12.0,
        source=CLEARING,
    )


class SupplyTable(Part):
    """Accelerators of the world and what they give."""

    throughput: float = par(
        12.9,
        "tokens of a card at full use in the throughput month",
        "T tokens/1000 card-months",
        low=1e-3,
        high=1e6,
        **recorded("F0325, F0326, F0327"),
    )
    throughput_month: Month = par(
        "2025-02", "month of the throughput figure", "month", **recorded("F0325")
    )
    throughput_growth: float = par(
        0.07, "g: common trend of throughput", "1/month", -0.1, 0.5, **_LEARNING
    )
    utilisation: float = part_par(
        0.45, "utilisation that a platform reaches for model calls", **recorded(PILOT)
    )
    own_card_cost: float = par(
        4_500.0, "self-made card", "yuan/card-month", low=1.0, high=1e7, source=PILOT
    )
    external_card_cost: float = par(
        6_000.0,
        "bought card, before shocks",
        "yuan/card-month",
        low=1.0,
        high=1e7,
        **recorded("F0318"),
    )
    rent: float = par(
        14_000.0,
        "market rent of a card in the first month; later by events",
        "yuan/card-month",
        low=1.0,
        high=1e7,
        **recorded("F0315"),
    )
    rent_response: float = monthly_par(
        0.0,
        "how fast the market rent answers scarcity: its log moves by "
        "response x ln(load / (target x cards)) a month; 0 = dated rents "
        "only",
    )
    premium_response: float = monthly_par(
        0.0,
        "how fast a platform's own rent answers its own scarcity: its premium over the market "
        "rent, never below 1, moves by (load / cards)^response a month",
        source="Walras (1874); Arrow & Hurwicz (1958, Econometrica 26:522-552)",
    )
    rent_target: float = part_par(0.85, "utilisation of all clouds at which the rent rests")
    card_hours: float = par(
        730.5, "hours of a month", "h/month", low=1.0, high=1e4, **recorded("365.25 x 24 / 12")
    )
    availability: float = share_par(
        1.0, "external cards to be had against orders in the first month"
    )
    lead_months: int = par(5, "from order to delivery", "month", 0, 36, **_CONGESTION)
    wear: float = monthly_par(0.015, "cards lost", **_CONGESTION)
    internal_priority: float = share_par(
        0.3,
        "part of the own-app load that is served before customers",
        source="design choice, see docs/explanation/economics.md",
    )
    spill_share: float = share_par(0.5, "unserved volume that tries its second choice")
    reliability_memory: float = par(
        0.7, "weight of the past in remembered reliability", "1/month", 0.0, 0.999
    )
    services_on_rent: float = par(
        0.08, "PaaS revenue per yuan of accelerator rent", low=0.0, high=5.0, source=PILOT
    )
    services_on_calls: float = par(
        0.15, "PaaS revenue per yuan of model calls", low=0.0, high=5.0, source=PILOT
    )
    services_cost_share: float = par(
        0.6, "cost of PaaS services per yuan of their revenue", "share", 0.0, 2.0
    )
    applications_on_calls: float = par(
        0.0,
        "revenue of applications on the platform per yuan of model calls; outside full-stack "
        "revenue",
        low=0.0,
        high=20.0,
    )
    applications_cost_share: float = par(
        0.6, "cost of applications per yuan of their revenue", "share", 0.0, 2.0
    )
    learning: Learning = table(Learning, "own experience")
    scarcity: Scarcity = table(Scarcity, "opportunity cost of a full house")
    shocks: SupplyShocks = table(SupplyShocks, "random shocks to bought cards")
