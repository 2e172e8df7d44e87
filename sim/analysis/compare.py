"""The same seeds under several scenarios: paired differences, Holm, equivalence, flows."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.analysis.predictive import draws_beside
from sim.analysis.statistics import equivalence_test, holm, paired_comparison
from sim.analysis.verdict.grounds import grounds, plain
from sim.errors import SimError, nearest_hint
from sim.runs.ensemble import run_ensemble
from sim.runs.files import json_bytes, write_once
from sim.runs.result import SCOREBOARDS, Result
from sim.runs.run import ModelMaker
from sim.runs.settings import RunSettings
from sim.runs.worlds import World
from sim.scenario.patches import scenario_hash, to_toml
from sim.scenario.paths import dotted, leaves
from sim.scenario.schema.scenario import Scenario

if TYPE_CHECKING:
    import xarray as xr

COMPARISON = "comparison.json"
FLOW = "switching_flow"
SHARE = "share"
ALL_SHARES = ""  # in the margins: every share
MARKET = ""
ALPHA = 0.05
DRAWN = {"point", "replicate", "month", "vendor"}
UNLIKE = ("name", "title", "currency", "ensemble")
"""Tables that say nothing about the market."""


@dataclass(frozen=True)
class Difference:
    """One paired difference: a world less the first one, the same seeds."""

    world: str
    measure: str
    unit: str
    vendor: str
    """Whose measure; empty for the whole market."""
    vendor_to: str
    """For flows: to whom."""
    part: str
    """Which part of the market, such as `segment finance`; empty for all of it."""
    first_mean: float
    world_mean: float
    mean: float
    low: float | None
    high: float | None
    n: int
    p_value: float
    correlation: float | None
    variance_reduction: float | None
    margin: float | None = None
    equivalent: bool | None = None
    equivalence_low: float | None = None
    equivalence_high: float | None = None
    holm_adjusted: float = 1.0

    @property
    def told(self) -> str:
        """The same, different, equivalent, both or neither."""
        if self.mean == self.low == self.high == 0.0:
            return "the same"
        words = ["different"] if self.holm_adjusted <= ALPHA else []
        words += ["equivalent"] if self.equivalent else []
        return ", yet ".join(words) or "undetermined"


@dataclass(frozen=True)
class ScenarioComparison:
    """Differences of all worlds from the first, by measure and by flow."""

    first: str
    worlds: tuple[str, ...]
    window_months: int
    differences: tuple[Difference, ...]
    flows: tuple[Difference, ...]
    notes: tuple[str, ...] = ()

    interval_type = "paired t, 95 %"
    equivalence_type = "two one-sided t tests, 5 % (the 90 % interval inside the margin)"

    def document(self) -> dict[str, Any]:
        """Everything as plain numbers for JSON."""
        document: dict[str, Any] = plain(
            {
                "first": self.first,
                "worlds": self.worlds,
                "window_months": self.window_months,
                "interval_type": self.interval_type,
                "equivalence_type": self.equivalence_type,
                "p_values": "two-sided, adjusted by Holm over all differences, and over all flows",
                "differences": [asdict(row) | {"told": row.told} for row in self.differences],
                "flows": [asdict(row) | {"told": row.told} for row in self.flows],
                "notes": self.notes,
            }
        )
        return document


def compare(
    scenarios: Sequence[Scenario],
    names: Sequence[str] | None = None,
    settings: RunSettings | None = None,
    *,
    measures: Sequence[str] = (),
    margins: Mapping[str, float] | None = None,
    replicates: int | None = None,
    seed: int | None = None,
    model: ModelMaker | None = None,
    posterior: Path | None = None,
) -> tuple[Result, ScenarioComparison]:
    """Run each scenario as it stands on the same seeds and compare all with the first.

    SimError: the scenarios cannot be compared, a measure does not exist, the posterior is not of
    each of them or overwrites what they differ in, or as `run_ensemble`.

    Parameters
    ----------
    scenarios, names
        Two or more with the same vendors and the same calendar, and the names of their worlds; the
        scenarios' own unless given, numbered where they repeat.
    measures
        Measures beside the scoreboards, of the whole market or by vendor, segment, kind, family.
    margins
        Margin of the equivalence test by measure; under the empty name that of every share,
        `containment.minimum_effect` of the first scenario unless given.
    posterior
        A file of draws: each replicate is one draw, the same in every scenario, and one seed.

    Returns
    -------
    The result with one point a scenario, and what was found; both are stored in the folder, with
    the resolved scenarios.
    """
    given = [one.name for one in scenarios] if names is None else list(names)
    refuse_unlike(scenarios, given)
    asked = asked_measures(measures)
    worlds = tuple(
        World(name, one.title or one.name, one)
        for name, one in zip(_numbered(given), scenarios, strict=True)
    )
    first = scenarios[0].ensemble
    runs = first.replicates if replicates is None else replicates
    root = first.seed if seed is None else seed
    own = {world.name: world.scenario for world in worlds}
    draws = None if posterior is None else draws_beside(posterior, own, runs, root)
    result = run_ensemble(
        scenarios[0],
        settings,
        replicates=replicates,
        seed=seed,
        worlds=worlds,
        model=model,
        draws=draws,
    )
    limits = {ALL_SHARES: scenarios[0].containment.minimum_effect} | dict(margins or {})
    found = comparison(result, [world.name for world in worlds], asked, limits, _unlike(worlds))
    for world in worlds[1:]:
        text = to_toml(world.scenario).encode()
        write_once(result.path / f"scenario-{world.name}.toml", text)
    write_once(result.path / COMPARISON, json_bytes(_document(result, found, worlds)))
    return result, found


def _numbered(names: Sequence[str]) -> list[str]:
    """Names that do not repeat: the second `tiny` is `tiny-2`."""
    found: list[str] = []
    for name in names:
        number, own = 1, name
        while own in found:
            number += 1
            own = f"{name}-{number}"
        found.append(own)
    return found


def refuse_unlike(scenarios: Sequence[Scenario], names: Sequence[str]) -> None:
    """Refuse scenarios with other vendors or other months, one line for each reason."""
    if len(scenarios) < 2 or len(names) != len(scenarios):
        raise SimError("a comparison needs two scenarios or more, each with its name")
    first, problems = scenarios[0], []
    for name, other in zip(names[1:], scenarios[1:], strict=True):
        alone = sorted(set(first.vendors) ^ set(other.vendors))
        if alone:
            problems.append(
                f"{name}: other vendors than {names[0]} ({', '.join(alone)} in one of them only)"
            )
        if other.calendar != first.calendar:
            problems.append(
                f"{name}: other calendar than {names[0]} ({other.calendar.months} months from "
                f"{other.calendar.start:%Y-%m}, not {first.calendar.months} from "
                f"{first.calendar.start:%Y-%m})"
            )
    if problems:
        raise SimError("\n".join(problems))


def _unlike(worlds: Sequence[World]) -> list[str]:
    """What makes a comparison weaker without forbidding it."""
    first, notes = worlds[0].scenario, []
    for world in worlds[1:]:
        other = world.scenario
        if other.population != first.population:
            notes.append(
                f"{world.name} draws other clients than {worlds[0].name}: pairs share fewer draws"
            )
        if other.containment.window_months != first.containment.window_months:
            notes.append(f"{world.name} is judged over the window of {worlds[0].name}")
    return notes


def asked_measures(names: Sequence[str]) -> tuple[str, ...]:
    """The scoreboards and the measures asked for, each once; SimError if one cannot be compared."""
    from sim.market.recorder import measures

    known = measures()
    for name in names:
        if name not in known:
            raise SimError(f"no measure is called {name!r} ({nearest_hint(name, list(known))})")
        if name == FLOW:
            raise SimError(f"measure {name}: flows are compared anyway, over all months")
    return tuple(dict.fromkeys([*SCOREBOARDS, *names]))


def comparison(
    result: Result,
    worlds: Sequence[str],
    measures: Sequence[str],
    margins: Mapping[str, float],
    notes: Sequence[str] = (),
) -> ScenarioComparison:
    """Compare stored worlds with the first of them, replicate by replicate.

    Compared are means over the last `containment.window_months` of the first scenario; flows are
    means over all months, as a move may have come early. Replicates in which a world of the pair
    failed are left out.

    SimError: a measure is not stored or no replicate is done in both worlds of a pair.

    Parameters
    ----------
    margins
        Margin of the equivalence test by measure; that of the empty name holds for every share.
    """
    window = result.scenario.containment.window_months
    stored = [name for name in measures if name in result.curves]
    missing = sorted({*measures} - {*stored, *SCOREBOARDS})
    rows: list[Difference] = []
    flows: list[Difference] = []
    for name in worlds[1:]:
        pair = (worlds[0], name)
        sound = result.sound_replicates(*pair)
        if not sound:
            raise SimError(f"{result.path}: no replicate is done in {pair[0]} and in {name}")
        if missing:
            raise SimError(f"{result.path}: not stored: {', '.join(missing)}")
        for measure in stored:
            values = result.curves[measure].sel(replicate=sound)
            of_all = margins.get(ALL_SHARES) if values.attrs.get("unit") == SHARE else None
            margin = margins.get(measure, of_all)
            rows += _differences(values.isel(month=slice(-window, None)), pair, margin)
        if FLOW in result.curves:
            flows += _differences(result.curves[FLOW].sel(replicate=sound), pair, None)
    notes = (*notes, *_gaps(result, rows))
    return ScenarioComparison(
        worlds[0], tuple(worlds), window, _adjusted(rows), _adjusted(flows), notes
    )


def _differences(
    values: xr.DataArray, pair: tuple[str, str], margin: float | None
) -> Iterator[Difference]:
    """Differences of the means over months, one for each market, vendor, part of it or flow."""
    means = values.mean("month", skipna=False)
    dims = [str(dim) for dim in means.dims if dim not in ("point", "replicate")]
    ordered = means.transpose("point", "replicate", *dims)
    table = [ordered.sel(point=point).to_numpy() for point in pair]
    labels = [[str(label) for label in ordered[dim].to_numpy()] for dim in dims]
    for place in np.ndindex(*(len(names) for names in labels)):
        who = {dim: names[i] for dim, names, i in zip(dims, labels, place, strict=True)}
        vendor, vendor_to = (who.pop(dim, MARKET) for dim in ("vendor", "vendor_to"))
        if vendor == vendor_to != MARKET:
            continue  # who stays is no flow
        first, other = (column[(slice(None), *place)] for column in table)
        known = np.isfinite(first) & np.isfinite(other)
        if not known.any():
            continue
        a, b = first[known], other[known]
        found = paired_comparison(a, b, 1.0 - ALPHA)
        bounded = found.n > 1
        test = None if margin is None or not bounded else equivalence_test(b - a, margin, ALPHA)
        yield Difference(
            world=pair[1],
            measure=str(values.name),
            unit=str(values.attrs.get("unit", "")),
            vendor=vendor,
            vendor_to=vendor_to,
            part=", ".join(f"{dim} {label}" for dim, label in who.items()),
            first_mean=float(a.mean()),
            world_mean=float(b.mean()),
            mean=found.mean,
            low=found.interval.lower if bounded else None,
            high=found.interval.upper if bounded else None,
            n=found.n,
            p_value=found.p_two_sided,
            correlation=_finite(found.correlation),
            variance_reduction=_finite(found.variance_reduction),
            margin=margin,
            equivalent=None if test is None else test.equivalent,
            equivalence_low=None if test is None else test.interval.lower,
            equivalence_high=None if test is None else test.interval.upper,
        )


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _adjusted(rows: Sequence[Difference]) -> tuple[Difference, ...]:
    if not rows:
        return ()
    adjusted = holm([row.p_value for row in rows]).tolist()
    return tuple(replace(row, holm_adjusted=p) for row, p in zip(rows, adjusted, strict=True))


def _gaps(result: Result, rows: Sequence[Difference]) -> Iterator[str]:
    if result.replicates < 2:
        yield "a single replicate decides nothing"
    if len(result.failed):
        yield f"{len(result.failed)} runs failed; their pairs are left out"
    elif rows and min(row.n for row in rows) < result.replicates:
        yield "replicates with a month without a value are left out of that measure"


def _document(result: Result, found: ScenarioComparison, worlds: Sequence[World]) -> dict[str, Any]:
    first = worlds[0].scenario
    pairs = [result.sound_replicates(found.first, world) for world in found.worlds[1:]]
    sound = sorted({replicate for pair in pairs for replicate in pair})
    kinds = [found.interval_type, found.equivalence_type]
    measures = dict.fromkeys(row.measure for row in found.differences)
    return {
        **found.document(),
        **grounds(result, sound, kinds),
        "n": min((row.n for row in found.differences), default=0),
        "measures": [name for name in measures if drawable(result, name)],
        "folder_name": result.path.name,
        "replicates": result.replicates,
        "failed_runs": len(result.failed),
        "scenarios": [
            {
                "name": world.name,
                "title": world.title,
                "scenario_hash": scenario_hash(world.scenario),
                "differs_in": differing(first, world.scenario),
            }
            for world in worlds
        ],
    }


def drawable(result: Result, measure: str) -> bool:
    """Does a picture hold it? What is by segment, kind or family has more lines than that."""
    return set(result.curves[measure].dims) <= DRAWN


def differing(one: Scenario, other: Scenario) -> dict[str, list[Any]]:
    """Dotted paths at which two scenarios differ, with both values; null is no such entry."""
    tables = [
        {dotted(k): v for k, v in leaves(s.model_dump(mode="json")) if k[0] not in UNLIKE}
        for s in (one, other)
    ]
    paths = sorted({*tables[0], *tables[1]})
    values = {path: [table.get(path) for table in tables] for path in paths}
    return {path: pair for path, pair in values.items() if pair[0] != pair[1]}
