"""What figures are drawn from: stored curves with the facts a figure must show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.analysis.calibration.matching import targets
from sim.analysis.calibration.record import load_record
from sim.analysis.calibration.targets import Target
from sim.analysis.sweep import Sweep, sweep_of
from sim.analysis.verdict.grounds import refuse_altered, refuse_bare
from sim.errors import SimError
from sim.plot.style import SHORT_HASH, VendorStyle, capital, drawable, vendor_styles
from sim.runs.files import read_json
from sim.runs.result import Result
from sim.runs.stored import MANIFEST, SWEEP

if TYPE_CHECKING:
    import xarray as xr

    from sim.scenario.schema.scenario import Containment, Scenario


@dataclass(frozen=True, eq=False)
class Material:
    """Curves (point, replicate, month, vendor), the scenario they were run with, their folder.

    Labels that no installed font has give way to names.

    Raises
    ------
    SimError
        The seed, the scenario's hash or a dimension of the curves is missing.
    """

    curves: xr.Dataset
    scenario: Scenario
    seed: int | None
    scenario_hash: str
    folder: Path | None = None
    posterior: Mapping[str, Any] | None = None
    """Where the draws come from, if each run is a draw of a posterior."""

    def __post_init__(self) -> None:
        dims = [dim for dim in ("point", "replicate", "month") if dim not in self.curves.dims]
        if dims:
            raise SimError(f"curves without {', '.join(dims)}")
        missing = ["root seed"] if self.seed is None else []
        missing += [] if self.scenario_hash else ["scenario hash"]
        if missing:
            raise SimError(f"no figure without its {' and '.join(missing)}")
        object.__setattr__(self, "scenario", drawable(self.scenario))

    @property
    def points(self) -> tuple[str, ...]:
        """Names of the worlds, as stored."""
        return tuple(str(point) for point in self.curves["point"].values)

    @property
    def thresholds(self) -> Containment:
        """The scenario's thresholds of containment."""
        return self.scenario.containment

    @cached_property
    def targets(self) -> list[Target]:
        """What was recorded, as far as the scenario answers to it."""
        return list(targets(load_record(), self.scenario))

    @property
    def contest(self) -> tuple[str, str]:
        """Incumbent and challenger.

        Raises
        ------
        SimError
            If the scenario names no contest.
        """
        contest = self.scenario.contest
        if contest is None:
            raise SimError("this figure needs a scenario with a contest")
        return contest.incumbent, contest.challenger

    @property
    def rivals(self) -> tuple[str, ...]:
        """Challenger and incumbent, of whom titles speak first; empty without a contest."""
        contest = self.scenario.contest
        return () if contest is None else (contest.challenger, contest.incumbent)

    @cached_property
    def styles(self) -> Mapping[str, VendorStyle]:
        """Style of each vendor."""
        return vendor_styles(self.scenario)

    def style(self, vendor: str) -> VendorStyle:
        """Style of a vendor.

        Raises
        ------
        SimError
            If the scenario has no such vendor.
        """
        if vendor not in self.styles:
            raise SimError(f"no vendor {vendor} in the scenario (there: {', '.join(self.styles)})")
        return self.styles[vendor]

    def measure(self, name: str, *dims: str) -> xr.DataArray:
        """A stored measure with dims (point, replicate, month, *dims) in that order.

        Raises
        ------
        SimError
            If the measure is not stored (the message names what is), or has other dims.
        """
        if name not in self.curves:
            there = ", ".join(sorted(str(key) for key in self.curves.data_vars))
            raise SimError(f"no measure {name} in this result (there: {there or 'none'})")
        values = self.curves[name]
        wanted = ("point", "replicate", "month", *dims)
        if set(values.dims) != set(wanted):
            found = ", ".join(map(str, values.dims))
            raise SimError(f"measure {name} has dims {found}; needed: {', '.join(wanted)}")
        return values.transpose(*wanted)

    def world(self, name: str, point: str, *dims: str) -> xr.DataArray:
        """A measure in one world, of its finished runs only: (replicate, month, *dims).

        Raises
        ------
        SimError
            If the world was not run, none of its runs was finished, or as `measure`.
        """
        if (name, point) in self._loaded:
            return self._loaded[name, point]
        values = self.measure(name, *dims)
        if point not in self.points:
            raise SimError(f"no world {point} in this result (there: {', '.join(self.points)})")
        chosen = values.sel(point=point).load()
        inner = tuple(range(1, chosen.ndim))
        finished = np.isfinite(chosen.values).any(axis=inner)
        if not finished.any():
            raise SimError(f"no finished run of {name} in world {point}")
        self._loaded[name, point] = chosen.isel(replicate=np.flatnonzero(finished))
        return self._loaded[name, point]

    @cached_property
    def _loaded(self) -> dict[tuple[str, str], xr.DataArray]:
        """Measures by world that were read before: several figures draw the same."""
        return {}

    def window_mean(self, name: str, point: str) -> xr.DataArray:
        """Mean of a vendor measure over the judged last months: (replicate, vendor)."""
        values = self.world(name, point, "vendor")
        return values.isel(month=slice(-self.thresholds.window_months, None)).mean("month")

    def ends(self, name: str, point: str) -> dict[str, float]:
        """Mean over the judged last months and the finished runs, by vendor; "" is the market."""
        by_vendor = name in self.curves and "vendor" in self.curves[name].dims
        values = self.world(name, point, *(["vendor"] if by_vendor else []))
        last = values.isel(month=slice(-self.thresholds.window_months, None))
        names = [str(vendor) for vendor in values["vendor"].values] if by_vendor else [""]
        columns = last.values.reshape(-1, len(names)).T
        known = {name: own[np.isfinite(own)] for name, own in zip(names, columns, strict=True)}
        return {name: float(own.mean()) for name, own in known.items() if own.size}

    @cached_property
    def is_sweep(self) -> bool:
        """Whether the points are those of a study, and not worlds."""
        return self.folder is not None and bool(self.stored(MANIFEST).get("kind") == SWEEP)

    def sweep(self, where: Mapping[str, Sequence[Any]] | None = None) -> Sweep:
        """Runs, factors and outcomes of a sweep, at points where factors have these values.

        Raises
        ------
        SimError
            The result is no sweep, no run of it was finished, or no point has such values.
        """
        if not self.is_sweep or self.folder is None:
            raise SimError("this figure needs a result of `sim sweep`")
        stored = Result(self.folder)
        stored.scenario = self.scenario  # whose labels can be drawn
        return sweep_of(stored, where)

    def stored(self, file: str) -> dict[str, Any]:
        """The finding of that name beside the curves; empty if there is none."""
        path = None if self.folder is None else self.folder / file
        return read_json(path) if path is not None and path.exists() else {}

    def finding(self, file: str, verb: str) -> dict[str, Any]:
        """The finding that a verb stored beside the curves.

        Raises
        ------
        SimError
            There is none, or it has lost what a conclusion must carry.
        """
        found = self.stored(file)
        if not found:
            raise SimError(f"this figure needs a result of `sim {verb}`")
        refuse_bare(found)
        return found

    def sentence(self, name: str) -> str:
        """What a stored measure is, as far as the result says."""
        return self.scenario.currency.words(str(self.curves[name].attrs.get("long_name", "")))

    def unit(self, name: str) -> str:
        """Unit of a stored measure.

        Raises
        ------
        SimError
            If it has none: an axis needs its unit.
        """
        unit = str(self.curves[name].attrs.get("unit", ""))
        if not unit:
            raise SimError(f"measure {name} has no unit")
        return self.scenario.currency.sign(unit)

    def caption(self, runs: int, interval: str, note: str = "") -> str:
        """Caption of a figure of `runs` runs a world: where its numbers come from.

        Raises
        ------
        SimError
            If there is no run or the kind of interval is not named.
        """
        if runs < 1:
            raise SimError("no figure without a finished run")
        if not interval:
            raise SimError("no figure without the name of its interval")
        asked = self.curves.sizes["replicate"]
        of = f" of {asked}" if asked != runs else ""
        source = f"scenario {self.scenario.name} {self.scenario_hash[:SHORT_HASH]}"
        kind = capital(interval)
        facts = f"n = {runs}{of} runs a world, root seed {self.seed}, {source}. {kind}."
        if self.posterior is not None:
            facts += " Each run is a draw of the posterior: what is not known of the numbers is in."
        return f"{facts} {note}." if note else facts


def material(data: Any) -> Material:
    """Material as it is, or made from a stored result.

    Raises
    ------
    SimError
        The stored scenario is not the one that was run.
    """
    if isinstance(data, Material):
        return data
    if hasattr(data, "manifest"):  # a stored one, not curves in a notebook's own object
        refuse_altered(data)
    folder = getattr(data, "path", None)
    drawn = getattr(data, "posterior", None)
    return Material(data.curves, data.scenario, data.seed, data.scenario_hash, folder, drawn)
