"""How a client compares offers, when it looks again, and how much it uses."""

from __future__ import annotations

from typing import Literal

from sim.parts import Part, cited, monthly_par, par, part_par, recorded, share_par, table
from sim.scenario.schema import PILOT

_NESTS = cited("Berry (1994, RAND 25:242-262); practice 0.3-0.8")
_SWITCHING = cited("Dube, Hitsch & Rossi (2010, RAND 41:417-445); Farrell & Klemperer (2007)")


class NestCorrelation(Part):
    """rho of each nest: 0 is plain logit, near 1 the offers of a nest are alike."""

    api: float = par(0.5, "model calls", low=0.0, high=0.95, **_NESTS)
    host: float = par(0.5, "self-hosting", low=0.0, high=0.95, **_NESTS)
    rent: float = par(0.5, "accelerator rent", low=0.0, high=0.95, **_NESTS)


class SwitchingCost(Part):
    """kappa: utility lost by leaving the current platform or family."""

    api: float = par(1.0, "another platform, model calls", "util", 0.0, 20.0, **_SWITCHING)
    host: float = par(1.0, "another platform, self-hosting", "util", 0.0, 20.0, **_SWITCHING)
    rent: float = par(1.5, "another platform, accelerator rent", "util", 0.0, 20.0, **_SWITCHING)
    family: float = par(0.2, "another model family", "util", 0.0, 20.0, source=PILOT)


class HomeBonus(Part):
    """eta: integration and data gravity of the home cloud, by channel."""

    api: float = par(0.4, "model calls", "util", 0.0, 20.0, source=PILOT)
    host: float = par(1.0, "self-hosting", "util", 0.0, 20.0, source=PILOT)
    rent: float = par(2.5, "accelerator rent; profile 1 to 4", "util", 0.0, 20.0, source=PILOT)


class SelfHosting(Part):
    """What it takes to run an open family oneself."""

    appeal: float = par(0.0, "control and privacy, all segments", "util", -20.0, 20.0)
    utilisation: float = part_par(
        0.15, "share of full throughput that a client reaches", **recorded(PILOT)
    )
    operations_cost: float = par(20_000.0, "fixed cost of running it", "yuan/month", 0.0, 1e9)
    own_machine_factor: float = par(
        0.8, "cost of an own card against a rented one", low=0.0, high=10.0
    )


class Outside(Part):
    """Postponing: U = n0 - discount (alpha (b(reference) - b(mean price)) + theta q_mean)."""

    n0: float = par(
        -1.0, "utility of postponing at the reference month", "util", -50.0, 50.0, source=PILOT
    )
    discount: float = par(
        0.15, "how far the market's progress makes waiting worse", low=0.0, high=1.0, source=PILOT
    )
    reference_price: float = par(
        12.0,
        "price at the reference month",
        "yuan/M tokens",
        low=0.0,
        high=1e6,
        **recorded("F0152"),
    )
    rent_n0: float = par(-1.0, "the same for accelerator rent", "util", -50.0, 50.0)


class ReviewTable(Part):
    """When a workload is looked at again: hazards a month, and triggers that fire on a change."""

    api: float = monthly_par(0.12, "model calls", **cited(PILOT))
    host: float = monthly_par(0.08, "self-hosting", **cited(PILOT))
    rent: float = monthly_par(0.08, "accelerator rent", **cited(PILOT))
    none: float = monthly_par(0.30, "postponed work", source=PILOT)
    key_account: float = monthly_par(
        0.085, "key accounts, any channel but postponed", **cited("1/12 of annual contracts")
    )
    triggered: float = monthly_par(0.6, "after a trigger", source=PILOT)
    price_rise_trigger: float = par(
        0.25,
        "rise of the own price within a month that triggers",
        "share",
        above=0.0,
        high=100.0,
        source=PILOT,
    )
    reliability_trigger: float = share_par(0.9, "reliability falling through this level triggers")


class Awareness(Part):
    """Who is considered: awareness = 1 - exp(-(base + attention + weight x share + goodwill))."""

    share_weight: float = par(
        1.5, "weight of last month's token share (word of mouth)", low=0.0, high=20.0, source=PILOT
    )
    attention_decay: float = monthly_par(
        0.2,
        "forgetting of an attention shock (Nerlove-Arrow)",
        **cited("Nerlove & Arrow (1962, Economica 29:129-142)"),
    )


class Goodwill(Part):
    """A' = (1 - decay) A + u by segment and region; awareness gains weight x ln(1 + A / scale)."""

    decay: float = monthly_par(
        0.2,
        "lambda: goodwill forgotten in a month",
        **cited("Nerlove & Arrow (1962, Economica 29:129-142); practice 0.1-0.4"),
    )
    elasticity: float = par(
        0.24,
        "theta of u = R A0 (E / (R A0))^theta: inflow answers to exposure; 1 is linear",
        above=0.0,
        high=1.0,
        **cited(
            "long-run advertising elasticity of Sethuraman, Tellis & Briesch (2011, JMR "
            "48:457-471): consumer goods, an upper range here"
        ),
    )
    overlap: float = share_par(
        0.3,
        "part of the narrower of two audiences of a vendor's stages of one month that the wider "
        "holds too: 0 disjoint, 1 nested",
    )
    scale: float = par(
        100.0,
        "A0: exposure that adds as much goodwill; goodwill that lifts awareness by weight x ln 2",
        "M yuan",
        above=0.0,
        high=1e6,
        **recorded("F0427: what a gala deal cost"),
    )
    awareness_weight: float = par(
        0.5, "a1 on ln(1 + A / A0) in awareness; no moment identifies it", low=0.0, high=20.0
    )


class Migration(Part):
    """A client moves its home to the platform that serves most of it; rate 0 = homes stay.

    Chance of a month: rate x (1 - hold x stack depth of the present home).
    """

    rule: Literal["spend", "workloads", "tokens"] = par(
        "spend",
        "what counts as most: the bill (share of wallet), the number of workloads (where staff and "
        "data are) or the tokens of calls and hosted models",
        source="wallet: Keiningham et al. (2011, HBR 89(10):29-31); data gravity: UK CMA (2025)",
    )

    rate: float = monthly_par(
        0.0, "chance that a client looks at where it spends; 0.004 where homes move", source=PILOT
    )
    hold: float = par(
        0.6,
        "how far a full stack at the present home keeps clients from it",
        low=0.0,
        high=1.0,
        source=PILOT,
    )


def _factor(first: str, then: str) -> float:
    return par(1.0, f"part of the weight that {first} lend {then}", low=0.0, high=10.0)


class CrossChannel(Part):
    """A client that a vendor serves in one channel values it more in the others.

    ``U += weight x sum of factors``, one for each other channel in which the offer's platform
    served other work of the client last month. Calls for agents' work are a channel of their own.
    """

    weight: float = par(
        0.0,
        "b of each channel held; 0 = channels are apart",
        "util",
        0.0,
        20.0,
        source="cross-selling: Li, Sun & Wilcox (2005, JMR 42:233-239); bundles: Nalebuff (2004, "
        "QJE 119:159-187); committed-spend discounts: CMA (2025), Cloud services market "
        "investigation; disciplined by tokens to revenue 0.30 and 1.33",
    )
    calls_to_agents: float = _factor("calls", "agents")
    calls_to_hosting: float = _factor("calls", "hosting")
    calls_to_rent: float = _factor("calls", "rent")
    agents_to_calls: float = _factor("agents", "calls")
    agents_to_hosting: float = _factor("agents", "hosting")
    agents_to_rent: float = _factor("agents", "rent")
    hosting_to_calls: float = _factor("hosted models", "calls")
    hosting_to_agents: float = _factor("hosted models", "agents")
    hosting_to_rent: float = _factor("hosted models", "rent")
    rent_to_calls: float = _factor("rented accelerators", "calls")
    rent_to_agents: float = _factor("rented accelerators", "agents")
    rent_to_hosting: float = _factor("rented accelerators", "hosting")


class UsageTable(Part):
    """Volume of a served workload: target volume x (p/p_ref)^-eta, approached a part a month."""

    adjustment: float = par(
        0.25, "part of the log gap closed in a month", "1/month", above=0.0, high=1.0, source=PILOT
    )
    reference_price: float = par(
        12.0, "p_ref of tokens", "yuan/M tokens", above=0.0, high=1e6, **recorded("F0152")
    )
    reference_rent: float = par(
        14_000.0,
        "p_ref of accelerator rent",
        "yuan/card-month",
        above=0.0,
        high=1e9,
        **recorded("F0315"),
    )


class DemandTable(Part):
    """Client choice (nested extreme value over API, HOST, RENT and NONE)."""

    box_cox: float = par(
        0.0,
        "lambda of the price term: 0 logarithm, 1 linear",
        low=0.0,
        high=1.0,
        **cited("Box & Cox (1964, JRSS B 26:211-252)"),
    )
    price_shift: float = par(
        0.3,
        "p0 added to every token price, free tiers are quotas",
        "yuan/M tokens",
        0.0,
        1e3,
        source=PILOT,
    )
    price_shift_rule: Literal["fixed", "price_level"] = par(
        "fixed",
        "fixed: p0 is price_shift; price_level: p0 is price_shift_share of last month's mean "
        "price, so that all prices and costs times ten move no choice",
        source="free quotas follow the price level; Box & Cox (1964) for the shift",
    )
    price_shift_share: float = share_par(
        0.025, "p0 against last month's mean price: 0.3 yuan at the 12 yuan of the reference month"
    )
    output_token_share: float = share_par(
        0.25,
        "output tokens in the mix that turns input and output prices into one",
        **recorded("F0066, F0067: 168 of 776"),
    )
    nest_correlation: NestCorrelation = table(NestCorrelation, "rho of each nest")
    switching_cost: SwitchingCost = table(SwitchingCost, "cost of leaving")
    home_bonus: HomeBonus = table(HomeBonus, "pull of the home cloud")
    migration: Migration = table(Migration, "home clouds that move")
    cross_channel: CrossChannel = table(CrossChannel, "what one channel does for the others")
    community_weight: float = par(
        0.15,
        "gamma on ln(1 + developers / scale); no moment identifies it",
        "util",
        0.0,
        5.0,
        source=PILOT,
    )
    community_scale: float = par(
        10_000.0,
        "developers at which a community counts ln 2",
        "developers",
        above=0.0,
        high=1e9,
        source=PILOT,
    )
    reliability_weight: float = par(
        2.0, "omega on remembered served / demanded", "util", 0.0, 50.0, source=PILOT
    )
    self_hosting: SelfHosting = table(SelfHosting, "running open weights oneself")
    outside: Outside = table(Outside, "postponing")
    review: ReviewTable = table(ReviewTable, "when a workload is looked at again")
    awareness: Awareness = table(Awareness, "who is considered")
    goodwill: Goodwill = table(Goodwill, "what campaigns leave")
    usage: UsageTable = table(UsageTable, "how much is used")
