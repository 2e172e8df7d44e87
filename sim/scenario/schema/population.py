"""Who the clients are and what work they have."""

from __future__ import annotations

from typing import Literal

from sim.parts import Part, cited, input_par, monthly_par, par, part_par, recorded, share_par, table
from sim.scenario.schema import BASS, PILOT


class PopulationTable(Part):
    """How many enterprises are simulated, for how many, and how unequal they are."""

    clients: int = input_par(20_000, "simulated clients", "clients", 10, 20_000_000)
    represents: int = par(
        290_000,
        "real enterprises the clients stand for",
        "clients",
        1,
        2_000_000_000,
        **recorded("F0024"),
    )
    size_sigma: float = par(
        1.8,
        "standard deviation of log client size (lognormal)",
        low=0.0,
        high=4.0,
        **cited("Axtell (2001, Science 293:1818-1820)"),
    )
    size_tilt: float = par(
        0.7,
        "clients are drawn with density proportional to size^tilt and weigh size^-tilt",
        low=0.0,
        high=1.5,
        source="importance sampling, see docs/explanation/economics.md",
    )
    key_account_share: float = share_par(
        0.01,
        "largest clients of the population that are key accounts",
        **cited("largest clients are sold to one by one"),
    )
    taste_sd: float = par(
        0.8,
        "standard deviation of the lasting taste of a client for a platform",
        "util",
        0.0,
        5.0,
        source=PILOT,
    )


class Spread(Part):
    """Mean and spread of a positive trait over clients: lognormal with this mean."""

    mean: float = par(1.0, "mean over clients", above=0.0, high=1e3)
    sd: float = par(0.35, "standard deviation of the logarithm", low=0.0, high=3.0)


Rule = Literal["open_weights_only", "data_residency"]


class Segment(Part):
    """An industry: its share of clients, tastes, skills and hard rules."""

    share: float = share_par(..., "share of clients")
    size_factor: float = par(
        1.0, "volume of a client against the all-segment mean", above=0.0, high=1e3
    )
    price_sensitivity: Spread = table(Spread, "alpha: utility per unit of the price term")
    skill: Spread = table(Spread, "engineering skill: divides the accelerator time of self-hosting")
    capability_factor: float = par(1.0, "scales the weight on capability", low=0.0, high=10.0)
    community_factor: float = par(
        1.0, "scales the weight on developer communities", low=0.0, high=10.0
    )
    agent_factor: float = par(1.0, "scales the weight on agents", low=0.0, high=10.0)
    self_host_appeal: float = par(
        0.0, "control and privacy of self-hosting beyond the common appeal", "util", -10.0, 10.0
    )
    own_machines_share: float = share_par(0.0, "clients that own accelerators")
    rules: tuple[Rule, ...] = par(
        (),
        "hard rules that remove offers: open_weights_only = no "
        "closed family; data_residency = no platform marked foreign and "
        "no model company",
        strict=False,
    )


class Region(Part):
    """A region of clients."""

    share: float = share_par(1.0, "share of clients")
    domestic: bool = input_par(True, "counted by the domestic scoreboards")
    excluded_vendors: tuple[str, ...] = par((), "platforms that may not sell here", strict=False)
    awareness: dict[str, float] = par(
        {}, "a0 of vendors in this region, in place of their own", unit="-"
    )
    community_factor: float = par(
        1.0, "scales the weight on developer communities here", low=0.0, high=10.0
    )


class Initial(Part):
    """How the first month is made."""

    rounds: int = par(
        3,
        "rounds in which every workload chooses again at the frozen first month, "
        "so that tastes and current offers fit each other",
        "rounds",
        0,
        50,
    )
    utilisation: float = part_par(
        0.75, "load over capacity that a vendor without a stated capacity starts with"
    )


class Adoption(Part):
    """Bass diffusion of new workloads (Bass 1969), monthly."""

    innovation: float = monthly_par(0.012, "Bass p", **cited(PILOT))
    imitation: float = par(0.22, "Bass q", "1/month", 0.0, 2.0, **cited(BASS))
    start: float = share_par(0.01, "adopted share in the first month", **cited(PILOT))


class Kind(Part):
    """A kind of work that clients buy for."""

    unit: Literal["tokens", "accelerator_hours"] = input_par("tokens", "what is bought")
    presence: float = share_par(..., "share of clients that have this workload")
    volume: float = par(
        ...,
        "whole market at full adoption, first month, reference price; million "
        "tokens or accelerator-hours",
        "1/month",
        0.0,
        1e12,
    )
    growth: float = par(
        0.0, "growth of volume per workload at unchanged price", "1/month", -0.2, 0.5
    )
    growth_slowdown: float = monthly_par(
        0.0, "how fast that growth fades: ln volume = growth (1 - e^(-slowdown t)) / slowdown"
    )
    usage_elasticity: float = par(
        0.7,
        "eta: volume answers to price^-eta",
        low=0.0,
        high=3.0,
        **cited("Demirer, Fradkin, Tadelis & Peng (2025)"),
    )
    capability_weight: float = par(
        1.0, "theta: utility per point of capability", "util/point", 0.0, 20.0
    )
    need_median_tokens: float = par(
        4_000.0, "median context that a workload needs", "tokens", above=0.0, high=1e9
    )
    need_sigma: float = par(
        1.0, "standard deviation of the logarithm of the need", low=0.0, high=5.0
    )
    cut_up_penalty: float = par(
        0.5, "rho_k: utility lost per doubling of missing context", "util", 0.0, 10.0, source=PILOT
    )
    size_noise: float = par(
        0.5,
        "standard deviation of log volume between workloads of equal clients",
        low=0.0,
        high=3.0,
    )
    agent_work: float = share_par(0.0, "part of this work that agents do: scales agents.weight")
    adoption: Adoption = table(Adoption, "how fast clients begin")
