"""Two sentences about an episode, made from its stored numbers."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from sim.analysis.rounding import SIZES, decimals, difference, number, spread, unit_in_words
from sim.analysis.statistics import PairedComparison, paired_comparison
from sim.economics.arrays import Floats
from sim.errors import SimError
from sim.runs.result import Result
from sim.runs.worlds import EPISODE_OFF, ON

PERCENT = 100.0
MOST = 2  # decimals


class VendorPath(NamedTuple):
    """First and last months of a measure of one vendor (or of the market), by replicate."""

    name: str
    first: Floats
    last: Floats
    without: Floats | None

    @property
    def pair(self) -> PairedComparison | None:
        """Last months less those of the other world."""
        return None if self.without is None else paired_comparison(self.without, self.last)


class EpisodeFindings(NamedTuple):
    """What an episode shows."""

    measure: str
    unit: str
    replicates: int
    paths: tuple[VendorPath, ...]
    sentences: tuple[str, str]

    def document(self) -> dict[str, Any]:
        """Plain numbers for JSON: medians, 90 % bands, paired differences with intervals."""
        rows = []
        for path in self.paths:
            row: dict[str, Any] = {
                "of": path.name,
                "first": _band(path.first),
                "last": _band(path.last),
            }
            if pair := path.pair:
                row["difference"] = {
                    "mean": pair.mean,
                    "interval": list(pair.interval),
                    "interval_type": "paired t, 95 %",
                    "n": pair.n,
                }
            rows.append(row)
        return {
            "measure": self.measure,
            "unit": self.unit,
            "replicates": self.replicates,
            "paths": rows,
            "sentences": list(self.sentences),
        }


def episode_findings(result: Result) -> EpisodeFindings:
    """The sentences of a result whose scenario has an `[episode]`.

    The last value is the mean over `containment.window_months`; differences are paired, world
    with less world without, same replicate.

    SimError: the scenario has no episode, its measure is not stored or not by vendor or market, or
    no run was finished in both worlds.
    """
    scenario = result.scenario
    episode = scenario.episode
    if not episode.measure:
        raise SimError(f"{result.path}: its scenario has no [episode]")
    if episode.measure not in result.curves:
        raise SimError(f"{result.path}: no measure {episode.measure} is stored")
    values = result.curves[episode.measure]
    if set(values.dims) - {"point", "replicate", "month", "vendor"}:
        raise SimError(f"episode.measure = {episode.measure}: must be by vendor or of the market")
    points = [ON] + ([EPISODE_OFF] if EPISODE_OFF in result.points else [])
    sound = result.sound_replicates(*points)
    if not sound:
        raise SimError(f"{result.path} has no finished run of the episode")
    chosen = values.sel(point=points, replicate=sound).load()
    window = min(scenario.containment.window_months, chosen.sizes["month"])
    paths = []
    for name, label in _whose(result):
        own = chosen.sel(vendor=name) if name else chosen
        first = own.sel(point=ON).isel(month=0).values
        last = own.isel(month=slice(-window, None)).mean("month")
        other = last.sel(point=EPISODE_OFF).values if EPISODE_OFF in points else None
        paths.append(VendorPath(label, first, last.sel(point=ON).values, other))
    unit = str(values.attrs.get("unit", "-"))
    title = str(values.attrs.get("long_name", "")).rstrip(".") or episode.measure
    sentences = (
        _course(paths, title, unit, window, len(sound)),
        _comparison(paths, unit, episode.without_title),
    )
    return EpisodeFindings(episode.measure, unit, len(sound), tuple(paths), sentences)


def _whose(result: Result) -> list[tuple[str, str]]:
    scenario = result.scenario
    names: tuple[str, ...] = scenario.episode.vendors
    if "vendor" not in result.curves[scenario.episode.measure].dims:
        return [("", "the market")]
    if not names and scenario.contest is not None:
        names = (scenario.contest.incumbent, scenario.contest.challenger)
    names = names or tuple(scenario.vendors)
    return [(name, scenario.vendors[name].label or name) for name in names]


def _band(values: Floats) -> dict[str, float]:
    low, middle, high = np.quantile(values, [0.05, 0.5, 0.95])
    return {"median": float(middle), "p05": float(low), "p95": float(high)}


def _scale(largest: float, unit: str) -> tuple[float, str]:
    """Factor and name by which numbers of a unit are written: points, millions, billions."""
    if unit == "share":
        return PERCENT, "%"
    words = unit_in_words(unit)
    return next(
        ((1.0 / size, word + words) for size, word in SIZES if largest >= size), (1.0, words)
    )


def _course(paths: list[VendorPath], title: str, unit: str, window: int, n: int) -> str:
    parts = []
    for path in paths:
        first, last = _band(path.first), _band(path.last)
        factor, name = _scale(max(abs(first["median"]), *map(abs, last.values())), unit)
        low, high = factor * last["p05"], factor * last["p95"]
        places = decimals(low, high, MOST)
        start = number(factor * first["median"], places)
        end = spread(factor * last["median"], low, high, MOST)
        change = ""
        if unit != "share" and first["median"] > 0.0:
            change = f", {PERCENT * (last['median'] / first['median'] - 1.0):+.0f} %"
        parts.append(f"{path.name} from {start} to {end} {name}".rstrip() + change)
    return (
        f"{title}, from the first month to the last {window} (median and nine in ten of {n} "
        f"runs): {'; '.join(parts)}"
    )


def _comparison(paths: list[VendorPath], unit: str, title: str) -> str:
    parts = [
        f"{path.name} {_difference(pair, unit)}"
        for path in paths
        if path.last.size > 1 and (pair := path.pair)
    ]
    if not parts:
        return "Nothing was run beside it."
    return f"{title[0].upper()}{title[1:]} it would have ended otherwise: {'; '.join(parts)}."


def _difference(pair: PairedComparison, unit: str) -> str:
    """The world without less the world with, and whether its sign is known."""
    mean, (low, high) = -pair.mean, (-pair.interval.upper, -pair.interval.lower)
    factor, name = _scale(max(abs(mean), abs(low), abs(high)), unit)
    name = "points" if unit == "share" else name
    text, interval = difference(
        factor * mean, factor * low, factor * high, ("higher", "lower"), name, MOST
    )
    return f"{text} ({interval})" if low > 0.0 or high < 0.0 else f"no different ({interval})"
