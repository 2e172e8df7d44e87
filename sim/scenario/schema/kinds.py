"""What a workload is: its volume, needs, growth and adoption."""

from __future__ import annotations

from typing import Literal

from sim.parts import Part, par, table


class Adoption(Part):
    """Bass diffusion of new workloads (Bass 1969), monthly."""

    innovation: float = par(
        0.012, "Bass p", unit="1/month", low=0.0, high=1.0, source="pilot study", flag="literature"
    )
    imitation: float = par(
        0.22,
        "Bass q",
        unit="1/month",
        low=0.0,
        high=2.0,
        source="Bass (1969); Sultan, Farley & Lehmann (1990)",
        flag="literature",
    )
    start: float = par(
        0.01,
        "adopted share in the first month",
        unit="share",
        low=0.0,
        high=1.0,
        source="pilot study",
        flag="literature",
    )


class Kind(Part):
    """A kind of work that clients buy for."""

    unit: Literal["tokens", "accelerator_hours"] = par("tokens", "what is bought", flag="input")
    presence: float = par(
        ..., "share of clients that have this workload", unit="share", low=0.0, high=1.0
    )
    volume: float = par(
        ...,
        "whole market at full adoption, first month, reference price; million "
        "tokens or accelerator-hours",
        unit="1/month",
        low=0.0,
        high=1e12,
    )
    growth: float = par(
        0.0, "growth of volume per workload at unchanged price", unit="1/month", low=-0.2, high=0.5
    )
    growth_slowdown: float = par(
        0.0,
        "how fast that growth fades: ln volume = growth (1 - e^(-slowdown t)) / slowdown",
        unit="1/month",
        low=0.0,
        high=1.0,
    )
    usage_elasticity: float = par(
        0.7,
        "eta: volume answers to price^-eta",
        low=0.0,
        high=3.0,
        source="Demirer, Fradkin, Tadelis & Peng (2025)",
        flag="literature",
    )
    capability_weight: float = par(
        1.0, "theta: utility per point of capability", unit="util/point", low=0.0, high=20.0
    )
    need_median_tokens: float = par(
        4_000.0, "median context that a workload needs", unit="tokens", above=0.0, high=1e9
    )
    need_sigma: float = par(
        1.0, "standard deviation of the logarithm of the need", low=0.0, high=5.0
    )
    cut_up_penalty: float = par(
        0.5,
        "rho_k: utility lost per doubling of missing context",
        unit="util",
        low=0.0,
        high=10.0,
        source="pilot study",
    )
    size_noise: float = par(
        0.5,
        "standard deviation of log volume between workloads of equal clients",
        low=0.0,
        high=3.0,
    )
    agent_work: float = par(
        0.0,
        "part of this work that agents do: scales agents.weight",
        unit="share",
        low=0.0,
        high=1.0,
    )
    adoption: Adoption = table(Adoption, "how fast clients begin")
