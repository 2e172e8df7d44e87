"""What a point of share costs a vendor that sells below cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from numpy.typing import ArrayLike

from sim.analysis.document import plain
from sim.analysis.statistics import ratio_interval
from sim.experiment.worlds import ON
from sim.months import month_after, months_between

if TYPE_CHECKING:
    from sim.events.base import Event
    from sim.experiment.result import Result
    from sim.scenario.schema.scenario import Contest

Floats = npt.NDArray[np.float64]
BURN, SHARE = "below_cost_burn", "platform_token_share"
CUT = "price_cut"
UNIT = "million yuan per point of platform-token share"
FIELLER = "Fieller, 95 %"
MILLION = 1e6
POINTS = 100.0


def burn_per_point(burn: ArrayLike, share: ArrayLike) -> Floats:
    """Money burned below cost for each point of platform-token share gained, million yuan.

    ``sum_t burn_t / (100 (s_T - s_0))``, NaN where no share was gained.

    Parameters
    ----------
    burn
        (..., months) measure `below_cost_burn`, yuan a month.
    share
        (..., months) measure `platform_token_share`, from the same months.

    Raises
    ------
    ValueError
        If the shapes differ or there is no month.
    """
    money, shares = np.asarray(burn, dtype=np.float64), np.asarray(share, dtype=np.float64)
    if money.shape != shares.shape or money.ndim == 0 or money.shape[-1] == 0:
        raise ValueError(f"burn and share must have one shape, got {money.shape}, {shares.shape}")
    gained = POINTS * (shares[..., -1] - shares[..., 0])
    spent = money.sum(axis=-1) / MILLION
    return np.divide(spent, gained, out=np.full_like(gained, np.nan), where=gained > 0)


def burn_of(result: Result, contest: Contest) -> dict[str, Any]:
    """What each party of a contest burned for a point of share, in the world `on`; JSON-ready.

    Counted from the month of the vendor's first price cut, share against the month before; from
    the first month where the scenario has no cut of that vendor. The estimate is the ratio of
    the means over runs with Fieller's interval, null where the mean share did not rise; the median
    is over runs that gained share.
    """
    sound = result.sound_replicates(ON)
    told: dict[str, Any] = {
        "unit": UNIT,
        "n": len(sound),
        "seeds": sound,
        "scenario_hash": result.scenario_hash,
        "interval_type": FIELLER,
        "vendors": {},
    }
    if {BURN, SHARE} <= set(result.curves.data_vars):
        for vendor in (contest.challenger, contest.incumbent):
            told["vendors"][vendor] = _party(result, vendor, sound)
    return told


def _party(result: Result, vendor: str, sound: list[int]) -> dict[str, Any]:
    calendar = result.scenario.calendar
    cuts = [e.month for e in result.scenario.events if e.what == CUT and _of(e) == vendor]
    inside = [cut for cut in cuts if 0 < months_between(calendar.start, cut) < calendar.months]
    first = months_between(calendar.start, min(inside)) if inside else 1
    paths = result.curves[[BURN, SHARE]].sel(point=ON, replicate=sound, vendor=vendor)
    paths = paths.isel(month=slice(first - 1, None)).transpose("replicate", "month")
    burn = np.array(paths[BURN].to_numpy(), dtype=np.float64)
    share = np.asarray(paths[SHARE].to_numpy(), dtype=np.float64)
    if inside:
        burn[:, 0] = 0.0  # before the cut
    ratios = burn_per_point(burn, share)
    spent, gained = burn.sum(axis=1) / MILLION, POINTS * (share[:, -1] - share[:, 0])
    rose = float(gained.mean()) > 0.0
    estimate, interval = ratio_interval(spent, gained) if rose else (None, None)
    known = ratios[np.isfinite(ratios)]
    told: dict[str, Any] = plain(
        {
            "since": month_after(calendar.start, first if inside else 0).isoformat(),
            "since_price_cut": bool(inside),
            "burn_million_yuan": float(spent.mean()),
            "points_gained": float(gained.mean()),
            "estimate": estimate,
            "interval": interval,
            "runs_that_gained": len(known),
            "median": float(np.median(known)) if known.size else None,
        }
    )
    return told


def _of(event: Event) -> str:
    return str(getattr(event, "vendor", ""))
