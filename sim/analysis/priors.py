"""Priors of the numbers that no record fixes, and worlds drawn from them."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache, cached_property
from importlib import resources
from typing import Annotated, Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from pydantic import Field
from scipy import special

from sim.errors import SimError
from sim.market.world import shared
from sim.parts import Part
from sim.scenario.paths import Key, covers, dotted, field_at, is_number, leaves, plain_tables
from sim.scenario.schema.scenario import Fit, Scenario

CHOICE = "choice:"
"""What stands before the name of a structural choice where it is a column."""
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


class LogUniform(Part):
    """The logarithm is equally likely between two bounds."""

    kind: Literal["loguniform"]
    low: float = Field(gt=0.0)
    high: float = Field(gt=0.0)

    def quantile(self, p: float) -> float:
        """As `Uniform.quantile`."""
        return float(self.low * (self.high / self.low) ** p)


class Normal(Part):
    """Gaussian."""

    kind: Literal["normal"]
    mean: float
    sd: float = Field(gt=0.0)

    def quantile(self, p: float) -> float:
        """As `Uniform.quantile`."""
        return self.mean + self.sd * float(special.ndtri(p))


class LogNormal(Part):
    """The logarithm is Gaussian."""

    kind: Literal["lognormal"]
    mu: float
    sigma: float = Field(gt=0.0)

    def quantile(self, p: float) -> float:
        """As `Uniform.quantile`."""
        return float(np.exp(self.mu + self.sigma * special.ndtri(p)))


class Beta(Part):
    """Beta on (0, 1)."""

    kind: Literal["beta"]
    a: float = Field(gt=0.0)
    b: float = Field(gt=0.0)

    def quantile(self, p: float) -> float:
        """As `Uniform.quantile`."""
        return float(special.betaincinv(self.a, self.b, p))


Law = Annotated[Uniform | LogUniform | Normal | LogNormal | Beta, Field(discriminator="kind")]


class Prior(Part):
    """A number (or several that move together), its law, and how the draw enters a scenario."""

    name: str
    doc: str
    paths: tuple[str, ...] = Field(strict=False)
    rule: Literal["set", "mean", "factor", "wright", "per_price"]
    law: Law
    source: str


class Alternative(Part):
    """A strategy that a vendor may follow, and how likely; no table = as the scenario says."""

    weight: float = Field(gt=0.0)
    table: dict[str, Any] | None = None


class Choice(Part):
    """What a vendor does after the record's end: one of several declared strategies."""

    name: str
    doc: str
    vendor: str
    field: str
    """Field of the event `strategy` that takes the table."""
    after: date
    alternatives: tuple[Alternative, ...] = Field(strict=False, min_length=2)
    source: str

    def position(self, p: float) -> int:
        """Position of the alternative at a quantile level."""
        edges = np.cumsum([alternative.weight for alternative in self.alternatives])
        return min(int(np.searchsorted(edges, p * edges[-1], side="right")), len(edges) - 1)


class Declared(Part):
    """What `sim/data/priors.toml` declares: priors and structural choices."""

    prior: tuple[Prior, ...] = Field(strict=False)
    choice: tuple[Choice, ...] = Field(strict=False)


@cache
def declared() -> Declared:
    """The contents of `sim/data/priors.toml`."""
    raw = (resources.files("sim") / "data" / "priors.toml").read_text(encoding="utf-8")
    return Declared.model_validate(tomllib.loads(raw))


def priors_of(scenario: Scenario, names: Sequence[str] | None = None) -> tuple[Prior, ...]:
    """The priors whose numbers a scenario has, or those asked for; SimError if one is not there."""
    there = [prior for prior in declared().prior if _places(scenario, prior)]
    return _named(there, names, "no prior {!r} in this scenario")


def _named(there: Iterable[Prior], names: Sequence[str] | None, problem: str) -> tuple[Prior, ...]:
    by_name = {prior.name: prior for prior in there}
    for name in names or ():
        if name not in by_name:
            raise SimError(f"{problem.format(name)} (there: {', '.join(by_name) or 'none'})")
    return tuple(by_name[name] for name in (by_name if names is None else names))


def free_priors(scenario: Scenario, names: Sequence[str] | None = None) -> tuple[Prior, ...]:
    """Numbers that a posterior may speak of: those of `[[fit]]`, then the priors beside them.

    A number of `[[fit]]` is equally likely over its declared range (its logarithm, if it is a
    factor); a prior of the table that shares a number with it is left out. SimError if a name
    asked for is neither.
    """
    fits = [_of_fit(fit) for fit in scenario.fit]
    taken = {fit.name for fit in fits}
    rest = [p for p in unfitted(priors_of(scenario), scenario) if p.name not in taken]
    return _named([*fits, *rest], names, f"{scenario.name} has no free number {{!r}}")


def _of_fit(fit: Fit) -> Prior:
    law: Any = Uniform(kind="uniform", low=fit.low, high=fit.high)
    if fit.scale:
        law = LogUniform(kind="loguniform", low=fit.low, high=fit.high)
    return Prior(
        name=fit.name,
        doc="fitted number of the scenario",
        paths=fit.paths,
        rule="factor" if fit.scale else "set",
        law=law,
        source="range of [[fit]]",
    )


def choices_of(scenario: Scenario) -> tuple[Choice, ...]:
    """The structural choices that a scenario leaves open: it states a strategy after their date."""
    return tuple(choice for choice, _ in _open_choices(scenario))


def _open_choices(scenario: Scenario) -> Iterator[tuple[Choice, int]]:
    """Each open choice with the last event that states the strategy, by its place in the file."""
    if scenario.contest is None:
        return
    for choice in declared().choice:
        vendor = choice.vendor.format(**scenario.contest.model_dump())
        events = [
            (event.month, index)
            for index, event in enumerate(scenario.events)
            if event.month > choice.after
            and getattr(event, "kind", "") == "strategy"
            and getattr(event, "vendor", "") == vendor
            and getattr(event, choice.field) is not None
        ]
        if events:
            yield choice, max(events)[1]


def chosen(scenario: Scenario, positions: Mapping[str, int]) -> dict[str, Any]:
    """Changes of a scenario under structural choices, named with the position of an alternative.

    SimError if the scenario leaves no such choice open, or it has no such alternative.
    """
    there = {choice.name: (choice, event) for choice, event in _open_choices(scenario)}
    changes = {}
    for name, position in positions.items():
        if name not in there or not 0 <= position < len(there[name][0].alternatives):
            raise SimError(f"{scenario.name} has no choice {name}, alternative {position}")
        choice, event = there[name]
        table = choice.alternatives[position].table
        if table is not None:
            changes[f"events.{event}.{choice.field}"] = dict(table)
    return changes


def _places(scenario: Scenario, prior: Prior) -> dict[tuple[Key, ...], float]:
    """Numbers of the scenario at the paths of a prior, in the order of the scenario."""
    return shared(scenario, ("places", prior.paths), lambda: _sought(scenario, prior))


def _sought(scenario: Scenario, prior: Prior) -> dict[tuple[Key, ...], float]:
    parties = {"incumbent": "", "challenger": ""}
    if scenario.contest is not None:
        parties = scenario.contest.model_dump()
    by_path = shared(scenario, "numbers by path", lambda: _by_path(scenario))
    found = {
        path
        for pattern in (path.format(**parties) for path in prior.paths)
        for path in ([pattern] if "*" not in pattern else by_path)
        if path in by_path
        and path.startswith(pattern.partition("*")[0])
        and pattern.count(".") == path.count(".")
        and covers(pattern, path)
    }
    places = [by_path[path] for path in found]
    return {keys: value for _, keys, value in sorted(places)}


def _by_path(scenario: Scenario) -> dict[str, tuple[int, tuple[Key, ...], float]]:
    """Place in the file, keys and value of every number of a scenario by its dotted path."""
    numbers = ((keys, value) for keys, value in leaves(plain_tables(scenario)) if is_number(value))
    return {dotted(k): (place, k, float(value)) for place, (k, value) in enumerate(numbers)}


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
    """Changes of a scenario under one draw of n priors: dotted path -> value within its bounds.

    Probabilities (n,) are quantile levels: a row of a design on the unit cube. SimError if their
    number is another or one lies outside [0, 1].
    """
    levels = np.asarray(probabilities, dtype=np.float64)
    if levels.shape != (len(priors),) or not ((levels >= 0.0) & (levels <= 1.0)).all():
        raise SimError(f"{len(priors)} levels between 0 and 1 are needed, got {levels}")
    values = {
        prior.name: prior.law.quantile(float(np.clip(level, TAIL, 1.0 - TAIL)))
        for prior, level in zip(priors, levels, strict=True)
    }
    return Entries.of(scenario, priors).changes(values)


class _Place(NamedTuple):
    """A number of a scenario: its path, its value, and the least and most that it may be."""

    path: str
    value: float
    low: float
    high: float

    def within(self, value: float) -> float:
        """The value inside the bounds."""
        return min(max(value, self.low), self.high)


@dataclass(frozen=True)
class Entries:
    """Where the values of some priors enter a scenario, looked up once for many draws."""

    priors: tuple[Prior, ...]
    places: tuple[tuple[_Place, ...], ...]
    alpha: float
    """Mean price sensitivity of the scenario."""

    @classmethod
    def of(cls, scenario: Scenario, priors: Sequence[Prior]) -> Entries:
        """The places of some priors in a scenario."""
        data = plain_tables(scenario)
        places = tuple(
            tuple(
                _Place(dotted(keys), value, *_bounds(data, keys))
                for keys, value in _places(scenario, prior).items()
            )
            for prior in priors
        )
        alphas = [segment.price_sensitivity.mean for segment in scenario.segments.values()]
        return cls(tuple(priors), places, float(np.mean(alphas)))

    @cached_property
    def means(self) -> tuple[float, ...]:
        """Mean of the numbers of each prior as they stand."""
        return tuple(float(np.mean([place.value for place in places])) for places in self.places)

    def changes(self, values: Mapping[str, float]) -> dict[str, Any]:
        """Dotted path -> number, within its bounds, where the priors take some values."""
        alpha = values.get("price_sensitivity", self.alpha)
        changes = {}
        for prior, places, mean in zip(self.priors, self.places, self.means, strict=True):
            for place in places:
                after = _entered(prior, values[prior.name], place.value, mean, alpha)
                changes[place.path] = place.within(after)
        return changes


def scaled(scenario: Scenario, priors: Sequence[Prior], factors: npt.ArrayLike) -> dict[str, Any]:
    """As `drawn`, with the numbers of each prior multiplied by its factor, (n,) above 0."""
    by = np.asarray(factors, dtype=np.float64)
    if by.shape != (len(priors),) or not (by > 0.0).all():
        raise SimError(f"{len(priors)} factors above 0 are needed, got {by}")
    return {
        place.path: place.within(place.value * factor)
        for places, factor in zip(Entries.of(scenario, priors).places, by.tolist(), strict=True)
        for place in places
    }


def own_value(scenario: Scenario, prior: Prior, factor: float = 1.0) -> float:
    """The scenario's number (mean of several) times a factor, as the prior's doc names it."""
    if prior.rule == "factor":
        return factor
    value = factor * float(np.mean(list(_places(scenario, prior).values())))
    return float(2.0**-value) if prior.rule == "wright" else value


def _entered(prior: Prior, value: float, before: float, mean: float, alpha: float) -> float:
    if prior.rule == "mean":
        return value if mean == 0.0 else before * value / mean
    if prior.rule == "factor":
        return before * value
    if prior.rule == "wright":
        return float(-np.log2(value))
    return value * alpha if prior.rule == "per_price" else value


def _bounds(data: Any, keys: tuple[Key, ...]) -> tuple[float, float]:
    """The least and the most that the scenario's models allow the number."""
    field = field_at(data, keys)
    bounds = field.metadata if field is not None else []
    low = max((float(bound.ge) for bound in bounds if hasattr(bound, "ge")), default=-np.inf)
    high = min((float(bound.le) for bound in bounds if hasattr(bound, "le")), default=np.inf)
    return low, high
