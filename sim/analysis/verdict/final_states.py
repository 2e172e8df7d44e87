"""Where runs end, and what a point of share costs."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numpy.typing import ArrayLike

from sim.analysis.statistics import bimodality_coefficient, ratio_interval
from sim.analysis.verdict.grounds import plain
from sim.months import month_after, months_between
from sim.runs.worlds import ON

if TYPE_CHECKING:
    from sim.events.base import Event
    from sim.runs.result import Result
    from sim.scenario.schema.scenario import Contest


Floats = npt.NDArray[np.float64]

GRID = 256
FINEST = 2.0
BLOCK = 4_000
"""Values whose densities are held in memory at once."""
BISECTIONS = 25
TAILS = 3.0
LEAST_VALUES = 4
RESAMPLES = 400
RESAMPLING_SEED = 20_260_302


class Humps(NamedTuple):
    """Silverman's test of one hump against more."""

    n: int
    p_value: float
    critical_bandwidth: float
    """Smallest bandwidth at which the density has one mode, in the units of the values."""
    modes: tuple[float, ...]
    """Where the two modes lie below that bandwidth: the humps, if there are any."""


def modes_of(values: npt.ArrayLike, bandwidth: float) -> Floats:
    """Modes of the Gaussian kernel density of some values, in ascending order.

    Raises
    ------
    ValueError
        If a value is not finite, none differs from another or the bandwidth is not positive.
    """
    x = np.asarray(values, dtype=np.float64)
    if x.ndim != 1 or not np.isfinite(x).all() or not np.ptp(x) > 0.0 or not bandwidth > 0.0:
        raise ValueError("modes: needs finite values that differ and a positive bandwidth")
    grid, density = _density(x[None], bandwidth)
    peaks = _peaks(density)[0]
    return np.asarray(grid[0][peaks], dtype=np.float64)


def _density(samples: Floats, bandwidth: float) -> tuple[Floats, Floats]:
    """Grid and kernel density, up to a factor, of each sample (S, N): (S, GRID) each.

    All samples at once: `scipy.stats.gaussian_kde` gives the same numbers one sample at a time,
    and spends its time on setting up.
    """
    reach = TAILS * bandwidth
    low, high = samples.min(axis=1) - reach, samples.max(axis=1) + reach
    grid = np.linspace(low, high, GRID, axis=1)
    with np.errstate(under="ignore"):
        away = (grid[:, :, None] - samples[:, None, :]) / bandwidth
        density = np.exp(-0.5 * away**2).sum(axis=2)
    return grid, density


def _peaks(density: Floats) -> npt.NDArray[np.bool_]:
    """Which grid points are strictly higher than both neighbours, (S, GRID)."""
    found = np.zeros(density.shape, dtype=np.bool_)
    found[:, 1:-1] = (density[:, 1:-1] > density[:, :-2]) & (density[:, 1:-1] >= density[:, 2:])
    return found


def critical_bandwidth(values: npt.ArrayLike, modes: int = 1) -> float:
    """Smallest bandwidth at which the density has at most so many modes, by bisection.

    The number of modes falls as the bandwidth of a Gaussian kernel grows (Silverman 1981). A
    bandwidth finer than two steps of the grid is not told apart.
    """
    x = np.asarray(values, dtype=np.float64)
    high = float(np.ptp(x))
    low = FINEST * high / GRID
    for _ in range(BISECTIONS):
        middle = math.sqrt(low * high)
        if len(modes_of(x, middle)) > modes:
            low = middle
        else:
            high = middle
    return high


def silverman_test(
    values: npt.ArrayLike, rng: np.random.Generator | None = None, resamples: int = RESAMPLES
) -> Humps | None:
    """Silverman's bootstrap test of one mode against more.

    The critical bandwidth ``h`` is the smallest that makes the density single-humped; a large one
    speaks for humps. Under one hump samples are drawn from that density, shrunk to the variance
    of the values, ``y = mean + (x_I - mean + h e) / sqrt(1 + h^2 / var)``; p is the share of them
    with more than one mode at the same bandwidth. The test is conservative: it rejects too rarely
    (Hall & York 2001, Statistica Sinica 11:515-536), so a small p is to be believed and a large
    one proves nothing.

    Parameters
    ----------
    values
        (N,) outcome of each run.
    rng
        Generator of the bootstrap; one of a fixed seed unless given.

    Returns
    -------
    None for fewer than four values or values that are all the same.

    Notes
    -----
    Silverman (1981, Journal of the Royal Statistical Society B 43:97-99).
    """
    x = np.asarray(values, dtype=np.float64)
    if x.size < LEAST_VALUES or not np.ptp(x) > 0.0:
        return None
    draws = rng or np.random.Generator(np.random.Philox(RESAMPLING_SEED))
    # In units of its own spread the test does not care about scale or place.
    z = (x - x.mean()) / x.std()
    h = critical_bandwidth(z)
    picked = z[draws.integers(z.size, size=(resamples, z.size))]
    smooth = (picked + h * draws.standard_normal(picked.shape)) / math.sqrt(1.0 + h**2)
    parts = np.array_split(smooth, math.ceil(resamples * z.size / BLOCK))
    several = sum(int((_peaks(_density(part, h)[1]).sum(axis=1) > 1).sum()) for part in parts)
    between = math.sqrt(h * critical_bandwidth(z, 2))
    places = modes_of(z, between) * x.std() + x.mean()
    return Humps(int(x.size), several / resamples, h * float(x.std()), tuple(map(float, places)))


BOARDS = ("platform_token_share", "full_stack_revenue_share")


def final_states(result: Result, contest: Contest) -> dict[str, Any]:
    """Silverman's test on the mean of the last months over runs, for both parties of a contest.

    A mean says nothing of an ensemble that ends in one of two states; see `silverman_test` for
    what p means. None where the runs do not differ or are fewer than four.
    """
    window = result.scenario.containment.window_months
    sound = result.sound_replicates(ON)
    found: dict[str, Any] = {}
    for board in BOARDS:
        paths = result.curves[board].sel(point=ON, replicate=sound)
        means = paths.isel(month=slice(-window, None)).mean("month")
        for vendor in (contest.challenger, contest.incumbent):
            values = means.sel(vendor=vendor).to_numpy()
            test = silverman_test(values)
            document = None if test is None else test._asdict()
            if document is not None:
                document["bimodality_coefficient"] = bimodality_coefficient(values)
            found.setdefault(board, {})[vendor] = document
    return {
        "n": len(sound),
        "seeds": sound,
        "scenario_hash": result.scenario_hash,
        "test": f"Silverman, one mode against more, {RESAMPLES} resamples",
        "shares": found,
    }


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
    document: dict[str, Any] = {
        "unit": UNIT,
        "n": len(sound),
        "seeds": sound,
        "scenario_hash": result.scenario_hash,
        "interval_type": FIELLER,
        "vendors": {},
    }
    if {BURN, SHARE} <= set(result.curves.data_vars):
        for vendor in (contest.challenger, contest.incumbent):
            document["vendors"][vendor] = _party(result, vendor, sound)
    return document


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
    document: dict[str, Any] = plain(
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
    return document


def _of(event: Event) -> str:
    return str(getattr(event, "vendor", ""))
