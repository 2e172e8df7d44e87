"""Agent platforms, goodwill, home clouds that move, and demand across channels."""

from __future__ import annotations

from typing import Literal

from sim.parts import Part, cited, input_par, monthly_par, par, recorded, share_par
from sim.scenario.schema import BASS, PILOT


class Agents(Part):
    """Two-sided growth: users draw builders, builders and users make agents, agents draw users."""

    weight: float = par(
        0.0,
        "phi on ln(1 + usable agents / scale), for work that agents do; no moment identifies it; "
        "a market of alike platforms tips where phi / (1 - nest correlation) passes 1",
        "util",
        0.0,
        5.0,
        **cited("Clements & Ohashi (2005, J. Ind. Econ. 53:515-542); practice 0.2-0.8"),
    )
    scale: float = par(
        1_000.0, "agents at which a platform counts ln 2", "agents", above=0.0, high=1e9
    )
    creator_segments: tuple[str, ...] = input_par(
        (),
        "segments served by the creators' side of a platform; all others by that of enterprises",
        strict=False,
    )
    cross_side: float = share_par(0.0, "use of an agent made for the other side")
    days_to_build: float = par(
        7.0,
        "days to build an agent at which the rates below hold; half as many days, twice as fast",
        "days",
        above=0.0,
        high=3_650.0,
        **recorded("F0025"),
    )
    by_users: float = par(0.05, "agents that a user has made for itself", "1/month", 0.0, 100.0)
    by_builders: float = par(0.2, "agents that a builder makes", "1/month", 0.0, 100.0)
    retirement: float = monthly_par(0.05, "agents that fall out of use")
    builders_per_user: float = par(0.5, "builders that a user can feed", "builders/user", 0.0, 1e3)
    innovation: float = monthly_par(0.02, "Bass p of builders", source=BASS)
    imitation: float = par(0.15, "Bass q of builders", "1/month", 0.0, 2.0, source=BASS)
    departure: float = monthly_par(0.03, "builders that leave a platform")
    subsidy_reach: float = par(
        0.1,
        "builders not there yet whom the largest subsidy draws in a month",
        "share/month",
        0.0,
        1.0,
    )
    subsidy_scale: float = par(
        5_000.0, "subsidy that draws half of that", "yuan/builder", above=0.0, high=1e9
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
