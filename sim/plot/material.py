"""What figures are drawn from: stored curves with the facts a figure must show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from sim.analysis.calibration.record import load_record
from sim.analysis.calibration.targets import Target, targets
from sim.analysis.verdict.grounds import refuse_altered
from sim.errors import SimError
from sim.plot.style import Provenance, VendorStyle, vendor_styles

if TYPE_CHECKING:
    import xarray as xr

    from sim.scenario.schema.scenario import Episode, Scenario

from sim.scenario.schema.containment import Containment

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Material:
    """Curves (point, replicate, month, vendor), styles, contest, provenance and the record."""

    curves: xr.Dataset
    styles: Mapping[str, VendorStyle]
    provenance: Provenance
    thresholds: Containment
    incumbent: str | None
    challenger: str | None
    targets: tuple[Target, ...]
    episode: Episode | None = None
    folder: Path | None = None

    @property
    def points(self) -> tuple[str, ...]:
        """Names of the worlds, as stored."""
        return tuple(str(point) for point in self.curves["point"].values)

    @property
    def contest(self) -> tuple[str, str]:
        """Incumbent and challenger.

        Raises
        ------
        SimError
            If the scenario names no contest.
        """
        if self.incumbent is None or self.challenger is None:
            raise SimError("this figure needs a scenario with a contest")
        return self.incumbent, self.challenger

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
        values = self.measure(name, *dims)
        if point not in self.points:
            raise SimError(f"no world {point} in this result (there: {', '.join(self.points)})")
        chosen = values.sel(point=point).load()
        inner = tuple(range(1, chosen.ndim))
        finished = np.isfinite(chosen.values).any(axis=inner)
        if not finished.any():
            raise SimError(f"no finished run of {name} in world {point}")
        return chosen.isel(replicate=np.flatnonzero(finished))

    def window_mean(self, name: str, point: str) -> xr.DataArray:
        """Mean of a vendor measure over the judged last months: (replicate, vendor)."""
        values = self.world(name, point, "vendor")
        return values.isel(month=slice(-self.thresholds.window_months, None)).mean("month")

    def sentence(self, name: str) -> str:
        """What a stored measure is, as far as the result tells."""
        return str(self.curves[name].attrs.get("long_name", ""))

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
        return unit

    def caption(self, runs: int, interval: str, note: str = "") -> str:
        """Caption of a figure of these curves; see `Provenance.caption`."""
        asked = int(self.curves.sizes["replicate"])
        return self.provenance.caption(runs, interval, note, asked)


def make_material(
    curves: xr.Dataset, scenario: Scenario, seed: int | None, scenario_hash: str
) -> Material:
    """Material from stored curves and the scenario they were run with.

    Raises
    ------
    SimError
        If the seed, the hash or a dimension of the curves is missing.
    """
    missing = [dim for dim in ("point", "replicate", "month") if dim not in curves.dims]
    if missing:
        raise SimError(f"curves without {', '.join(missing)}")
    contest = scenario.contest
    return Material(
        curves=curves,
        styles=vendor_styles(scenario),
        provenance=Provenance(scenario.name, scenario_hash, seed),
        thresholds=scenario.containment,
        incumbent=contest.incumbent if contest else None,
        challenger=contest.challenger if contest else None,
        targets=tuple(targets(load_record(), scenario)),
        episode=scenario.episode,
    )


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
    made = make_material(data.curves, data.scenario, data.seed, data.scenario_hash)
    return replace(made, folder=getattr(data, "path", None))
