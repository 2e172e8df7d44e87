"""Model families, the open ecosystem around them, and agent platforms."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from sim.months import Month
from sim.parts import (
    Part,
    cited,
    half_life_par,
    input_par,
    monthly_par,
    par,
    recorded,
    share_par,
    table,
)
from sim.scenario.schema import BASS


class RegionalCommunity(Part):
    """Developers of an open family in one region: a pool of their own."""

    developers: float = par(0.0, "developers in the first month", "developers", 0.0, 1e9)
    potential: float = par(..., "developers that could ever join here", "developers", 0.0, 1e9)
    innovation: float | None = monthly_par(None, "Bass p here; absent = the family's")
    imitation: float | None = par(None, "Bass q here; absent = the family's", "1/month", 0.0, 2.0)


class Community(Part):
    """Developers of an open family: Bass, faster with relative capability."""

    developers: float = par(0.0, "developers in the first month", "developers", 0.0, 1e9)
    potential: float = par(300_000.0, "developers that could ever join", "developers", 0.0, 1e9)
    innovation: float = monthly_par(0.01, "Bass p when as capable as the market", **cited(BASS))
    imitation: float = par(0.10, "Bass q", "1/month", 0.0, 2.0, **cited(BASS))
    capability_pull: float = par(
        1.0, "log innovation per point of relative capability", low=0.0, high=10.0
    )
    contribution: float = par(
        0.02, "capability gained per ln(1 + developers / scale)", "point", 0.0, 2.0
    )
    hosting_ease: float = par(
        0.03, "self-hosting cost falls with (1 + developers / scale)^-ease", low=0.0, high=1.0
    )
    derivatives: float = par(0.0, "derivative models in the first month", "models", 0.0, 1e9)
    regions: dict[str, RegionalCommunity] = Field(
        {},
        description="regions with developers of their own; those above are all others'",
    )


class Family(Part):
    """A model family: who made it, how capable, how open, how dear to serve."""

    owner: str = input_par(..., "vendor that makes it")
    label: str = input_par("", "name in pictures")
    weights: Literal["closed", "open", "as_owner"] = input_par(
        "closed", "open = anyone may run it; as_owner = the owner's openness strategy decides"
    )
    released: Month | None = input_par(
        None, "month it enters the market; absent = from the start", "month"
    )
    capability: float = par(0.0, "capability in the first month", "point", -20.0, 20.0)
    strengths: dict[str, float] = par({}, "capability above that for a kind of work", "point")
    context_tokens: int = par(
        32_000,
        "context window in the first month",
        "tokens",
        1,
        1_000_000_000,
        flag="data",
        log=True,
    )
    context_limit_tokens: int | None = input_par(
        None, "window never grows beyond this; absent = no limit", "tokens", low=1, log=True
    )
    serving_cost: float = par(
        1.0, "accelerator time per token against the reference model", above=0.0, high=1e3
    )
    appeal: float = par(
        0.0, "own appeal at its owner's platform; a host does not inherit it", "util", -20.0, 20.0
    )
    price: float | None = par(
        None,
        "list price in the first month; absent = unit cost x start_markup",
        "yuan/M tokens",
        above=0.0,
        high=1e6,
        flag="data",
    )
    start_markup: float = par(
        1.5, "price over unit cost where no price is given", above=0.0, high=1e4
    )
    community: Community = table(Community, "developers, where weights are open")
    imitates: bool = input_par(False, "follows what rivals' models have shown")
    imitation_half_life: float | None = half_life_par(
        "months in which half of its capability gap to a rival's closed model closes; absent = "
        "its owner's"
    )
    context_half_life: float | None = half_life_par(
        "months in which half of its gap in log2 context window closes; absent = its owner's"
    )


class Host(Part):
    """Platform `vendor` serves the open family `family` of someone else."""

    vendor: str = input_par(..., "platform")
    family: str = input_par(..., "open family")
    start: Month = input_par(..., "first month", "month")
    end: Month | None = input_par(None, "first month no longer; absent = stays", "month")
    price: float | None = par(
        None,
        "list price; absent = the host's unit cost x the family's start_markup",
        "yuan/M tokens",
        above=0.0,
        high=1e6,
        flag="data",
    )


class Derivatives(Part):
    """Derivative models: developers publish them, they gather where many are (Simon's rule)."""

    publication: float = par(
        0.0,
        "derivatives that a developer of an open family publishes; 0 = none are counted",
        "1/month",
        0.0,
        100.0,
    )
    new_lineage: float = par(
        0.1,
        "a: probability that a new model begins a lineage of its own, outside the scenario's "
        "families; sizes then have the tail exponent 1 / (1 - a)",
        "share",
        0.0,
        0.99,
        **cited("Simon (1955, Biometrika 42:425-440)"),
    )
    other_models: float = par(
        0.0, "models of lineages outside the scenario in the first month", "models", 0.0, 1e9
    )
    weight: float = par(
        0.0,
        "developers that a derivative counts for in all that a community does; no moment "
        "identifies it",
        "developers/model",
        0.0,
        1e3,
    )


class Ecosystem(Part):
    """What open weights set going beyond the developers of one family."""

    derivatives: Derivatives = table(Derivatives, "models made from open families")
    spill_over: float = share_par(
        0.0,
        "weight of developers of other regions in a region's community; counts where a family has "
        "developers by region",
    )
    open_imitation_speed: float = par(
        2.0,
        "how much faster a gap to open weights closes than one to closed weights",
        low=1.0,
        high=100.0,
    )


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
