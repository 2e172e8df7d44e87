"""Priors of the numbers that no record fixes, and worlds drawn from them."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from sim.errors import SimError
from sim.parts import Part
from sim.scenario.paths import Key, covers, dotted, field_at, leaves
from sim.scenario.schema.scenario import Scenario
from sim.scenario.tables import plain_tables

Floats = npt.NDArray[np.float64]
TAIL = 1e-9
"""Draws stay this far from probabilities 0 and 1, where some laws have no end."""


class Uniform(Part):
    """Equally likely between two bounds."""

    kind: Literal["uniform"]
    low: float
    high: float

    def quantile(self, p: float) -> float:
        """The value below which the law puts probability p."""
        return self.low + p * (self.high - self.low)


class Normal(Part):
    """Gaussian."""

    kind: Literal["normal"]
    mean: float
    sd: float = Field(gt=0.0)

    def quantile(self, p: float) -> float:
        """The value below which the law puts probability p."""
        from scipy.special import ndtri

        return self.mean + self.sd * float(ndtri(p))


class LogNormal(Part):
    """The logarithm is Gaussian."""

    kind: Literal["lognormal"]
    mu: float
    sigma: float = Field(gt=0.0)

    def quantile(self, p: float) -> float:
        """The value below which the law puts probability p."""
        from scipy.special import ndtri

        return float(np.exp(self.mu + self.sigma * ndtri(p)))


class Beta(Part):
    """Beta on (0, 1)."""

    kind: Literal["beta"]
    a: float = Field(gt=0.0)
    b: float = Field(gt=0.0)

    def quantile(self, p: float) -> float:
        """The value below which the law puts probability p."""
        from scipy.special import betaincinv

        return float(betaincinv(self.a, self.b, p))


Law = Annotated[Uniform | Normal | LogNormal | Beta, Field(discriminator="kind")]


class Prior(Part):
    """A number (or several that move together), its law, and how the draw enters a scenario."""

    name: str
    doc: str
    paths: tuple[str, ...] = Field(strict=False)
    rule: Literal["set", "mean", "factor", "wright", "per_price"]
    law: Law
    source: str


@cache
def all_priors() -> tuple[Prior, ...]:
    """Every prior of `sim/data/priors.toml`."""
    raw = (resources.files("sim") / "data" / "priors.toml").read_text(encoding="utf-8")
    return tuple(Prior.model_validate(row) for row in tomllib.loads(raw)["prior"])


def priors_of(scenario: Scenario, names: Sequence[str] | None = None) -> tuple[Prior, ...]:
    """The priors whose numbers a scenario has, in the order of the table, or those asked for.

    Raises
    ------
    SimError
        A name is no prior, or its number is not in this scenario.
    """
    there = {prior.name: prior for prior in all_priors() if _places(scenario, prior)}
    if names is None:
        return tuple(there.values())
    missing = [name for name in names if name not in there]
    if missing:
        raise SimError(
            f"no prior {missing[0]!r} in this scenario (there: {', '.join(there) or 'none'})"
        )
    return tuple(there[name] for name in names)


def _places(scenario: Scenario, prior: Prior) -> dict[tuple[Key, ...], float]:
    """Numbers of the scenario at the paths of a prior."""
    parties = {"incumbent": "", "challenger": ""}
    if scenario.contest is not None:
        parties = scenario.contest.model_dump()
    patterns = [path.format(**parties) for path in prior.paths]
    return {
        keys: float(value)
        for keys, value in leaves(plain_tables(scenario))
        if isinstance(value, int | float)
        and not isinstance(value, bool)
        and any(
            covers(pattern, dotted(keys)) and pattern.count(".") == len(keys) - 1
            for pattern in patterns
        )
    }


def unfitted(priors: Sequence[Prior], scenario: Scenario) -> tuple[Prior, ...]:
    """The priors none of whose numbers a calibration of the scenario chooses from the record."""
    chosen = {path for fit in scenario.fit for path in fit.paths}
    return tuple(
        prior
        for prior in priors
        if not chosen & {dotted(keys) for keys in _places(scenario, prior)}
    )


def drawn(
    scenario: Scenario, priors: Sequence[Prior], probabilities: npt.ArrayLike
) -> dict[str, Any]:
    """Changes of a scenario under one draw of the priors, for `Scenario.replace`.

    Parameters
    ----------
    priors
        n priors.
    probabilities
        (n,) quantile levels in [0, 1], one a prior: a row of a design on the unit cube.

    Returns
    -------
    dict
        Dotted path -> value, within the bounds of each number.

    Raises
    ------
    SimError
        The number of levels differs from the number of priors, or a level lies outside [0, 1].
    """
    levels = np.asarray(probabilities, dtype=np.float64)
    if levels.shape != (len(priors),) or not ((levels >= 0.0) & (levels <= 1.0)).all():
        raise SimError(f"{len(priors)} levels between 0 and 1 are needed, got {levels}")
    values = {
        prior.name: prior.law.quantile(float(np.clip(level, TAIL, 1.0 - TAIL)))
        for prior, level in zip(priors, levels, strict=True)
    }
    data = plain_tables(scenario)
    changes: dict[str, Any] = {}
    alpha = values.get("price_sensitivity", _mean_price_sensitivity(scenario))
    for prior in priors:
        places = _places(scenario, prior)
        for keys, before in places.items():
            after = _entered(prior, values[prior.name], before, places, alpha)
            changes[dotted(keys)] = _within(data, keys, after)
    return changes


def scaled(scenario: Scenario, priors: Sequence[Prior], factors: npt.ArrayLike) -> dict[str, Any]:
    """Changes of a scenario whose numbers are multiplied, those of one prior alike.

    Parameters
    ----------
    factors
        (n,) one a prior, above 0; 1 leaves the scenario as it stands.

    Returns
    -------
    dict
        Dotted path -> value, within the bounds of each number.

    Raises
    ------
    SimError
        The number of factors differs from the number of priors, or one is not above 0.
    """
    by = np.asarray(factors, dtype=np.float64)
    if by.shape != (len(priors),) or not (by > 0.0).all():
        raise SimError(f"{len(priors)} factors above 0 are needed, got {by}")
    data = plain_tables(scenario)
    return {
        dotted(keys): _within(data, keys, before * float(factor))
        for prior, factor in zip(priors, by, strict=True)
        for keys, before in _places(scenario, prior).items()
    }


def own_value(scenario: Scenario, prior: Prior, factor: float = 1.0) -> float:
    """The scenario's number (mean of several) times a factor, as the prior's doc names it."""
    if prior.rule == "factor":
        return factor
    value = factor * float(np.mean(list(_places(scenario, prior).values())))
    return float(2.0**-value) if prior.rule == "wright" else value


def _mean_price_sensitivity(scenario: Scenario) -> float:
    return float(np.mean([s.price_sensitivity.mean for s in scenario.segments.values()]))


def _entered(
    prior: Prior, value: float, before: float, places: Mapping[Any, float], alpha: float
) -> float:
    if prior.rule == "mean":
        mean = float(np.mean(list(places.values())))
        return value if mean == 0.0 else before * value / mean
    if prior.rule == "factor":
        return before * value
    if prior.rule == "wright":
        return float(-np.log2(value))
    return value * alpha if prior.rule == "per_price" else value


def _within(data: Any, keys: tuple[Key, ...], value: float) -> float:
    """The value inside the bounds that the scenario's models give the number."""
    field = field_at(data, keys)
    for bound in field.metadata if field is not None else ():
        low, high = getattr(bound, "ge", None), getattr(bound, "le", None)
        value = value if low is None else max(value, float(low))
        value = value if high is None else min(value, float(high))
    return value
