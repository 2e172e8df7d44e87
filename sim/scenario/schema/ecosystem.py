"""The open ecosystem: derivative models, developers across regions, imitation of open weights."""

from __future__ import annotations

from sim.parts import Part, par, table


class Derivatives(Part):
    """Derivative models: developers publish them, they gather where many are (Simon's rule)."""

    publication: float = par(
        0.0,
        "derivatives that a developer of an open family publishes; 0 = none are counted",
        unit="1/month",
        low=0.0,
        high=100.0,
    )
    new_lineage: float = par(
        0.1,
        "a: probability that a new model begins a lineage of its own, outside the scenario's "
        "families; sizes then have the tail exponent 1 / (1 - a)",
        unit="share",
        low=0.0,
        high=0.99,
        source="Simon (1955, Biometrika 42:425-440)",
        flag="literature",
    )
    other_models: float = par(
        0.0,
        "models of lineages outside the scenario in the first month",
        unit="models",
        low=0.0,
        high=1e9,
    )
    weight: float = par(
        0.0,
        "developers that a derivative counts for in all that a community does; no moment "
        "identifies it",
        unit="developers/model",
        low=0.0,
        high=1e3,
    )


class Ecosystem(Part):
    """What open weights set going beyond the developers of one family."""

    derivatives: Derivatives = table(Derivatives, "models made from open families")
    spill_over: float = par(
        0.0,
        "weight of developers of other regions in a region's community; counts where a family has "
        "developers by region",
        unit="share",
        low=0.0,
        high=1.0,
    )
    open_imitation_speed: float = par(
        2.0,
        "how much faster a gap to open weights closes than one to closed weights",
        low=1.0,
        high=100.0,
    )
