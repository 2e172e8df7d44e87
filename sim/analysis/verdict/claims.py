"""Claims of a study held against its runs: supported, refuted, or undetermined."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from sim.analysis.statistics import Z_95, wilson_interval
from sim.runs.rows import DONE
from sim.runs.study.schema import CLAIM

if TYPE_CHECKING:
    import pandas as pd

    from sim.runs.result import Result


FloatArray = npt.NDArray[np.float64]

SUPPORTED, REFUTED, UNDETERMINED = "supported", "refuted", "undetermined"
FIXED_DESIGNS = ("grid", "list")
MOST_SETTINGS = 50


def judge_claims(result: Result) -> dict[str, Any]:
    """All claims of a stored sweep, ready for JSON.

    A claim is supported if the 95 % Wilson interval of the share of runs in which it holds lies at
    or above its probability, refuted if it lies below, else undetermined. Runs are not independent:
    points share the draws of a replicate, and replicates share a point. The interval counts as many
    runs as would be independent (`effective_runs`). Runs without a number are taken once as
    holding and once as not; a verdict that depends on it is undetermined. `interval_given_points`
    takes the points as given: it is what more replicates make narrower.
    """
    claims = result.manifest["claims"]
    runs = result.columns(*(CLAIM + name for name in claims), *result.factors)
    sampled = result.manifest["design"]["kind"] not in FIXED_DESIGNS
    return {
        "name": result.manifest["name"],
        "scenario_hash": result.scenario_hash,
        "seed": result.seed,
        "replicates": result.replicates,
        "points": len(result.points),
        "interval": "Wilson, 95 %, over effective runs",
        "claims": {name: _judged(result, runs, name, claims[name], sampled) for name in claims},
        **({} if result.posterior is None else {"posterior": result.posterior}),
    }


def _judged(
    result: Result, runs: pd.DataFrame, name: str, claim: dict[str, Any], sampled: bool
) -> dict[str, Any]:
    chosen = runs[_selected(runs, claim["where"])]
    judged: dict[str, Any] = {**claim, "runs": len(chosen)}
    holds = _holding(chosen, CLAIM + name, claim).reshape(-1, result.replicates)
    missing = int(np.isnan(holds).sum())
    judged["runs_without_number"] = missing
    if missing == holds.size:
        return judged | {"verdict": UNDETERMINED, "note": "no run has a number"}
    known = np.nan_to_num(holds, nan=0.0)
    share, effective, interval = share_interval(known, sampled)
    verdict = _verdict(interval, claim["probability"])
    if missing:
        other = share_interval(np.nan_to_num(holds, nan=1.0), sampled)
        if _verdict(other[2], claim["probability"]) != verdict:
            verdict = UNDETERMINED
        effective, interval = min(effective, other[1]), (interval[0], other[2][1])
        share = float(np.nanmean(holds))
    judged |= {
        "verdict": verdict,
        "share_of_runs": share,
        "effective_runs": effective,
        "interval": list(interval),
        "interval_given_points": list(share_interval(known, False)[2]),
        "settings": _by_setting(result, chosen, CLAIM + name, claim),
        "note": _note(verdict, claim["probability"], effective),
    }
    return judged


def _selected(runs: pd.DataFrame, where: dict[str, Any]) -> pd.Series[bool]:
    chosen = runs["point"].notna()
    for path, value in where.items():
        chosen &= runs[path].isin(value if isinstance(value, list) else [value])
    return chosen


def _holding(runs: pd.DataFrame, column: str, claim: dict[str, Any]) -> FloatArray:
    """1 where the claim holds, 0 where it does not, NaN where a run has no number."""
    if column not in runs.columns:
        return np.full(len(runs), np.nan)
    values = runs[column].to_numpy(dtype=np.float64)
    limit = claim["below"]
    held = values < limit if limit is not None else values > claim["above"]
    known = np.isfinite(values) & (runs["status"] == DONE).to_numpy()
    return np.where(known, held, np.nan)


def share_interval(holds: FloatArray, sampled: bool) -> tuple[float, float, tuple[float, float]]:
    """Share of ones in a table (points, replicates), what it is worth, and its Wilson interval.

    The variance of the mean is that of sums over replicates, and in a sampled design also over
    points, less what is counted twice (Cameron, Gelbach & Miller 2011, J. Business & Economic
    Statistics 29:238-249). Where all runs agree it says nothing, and only runs that share neither
    point nor replicate are counted: the smaller number of the two, or the replicates if the points
    were chosen and not drawn.
    """
    points, replicates = holds.shape
    total, share = holds.size, float(holds.mean())
    random_points = sampled and points > 1
    least = float(min(points, replicates) if random_points else replicates)
    effective = least
    if 0.0 < share < 1.0:
        rest = holds - share
        variance = by_replicate = _clustered(rest.sum(axis=0), total)
        if random_points:
            by_point = _clustered(rest.sum(axis=1), total)
            both = by_point + by_replicate - _clustered(rest.ravel(), total)
            variance = max(both, by_point, by_replicate)
        plain = share * (1.0 - share)
        effective = plain / variance if variance > plain / total else float(total)
        effective = min(max(effective, least), float(total))
    interval = wilson_interval(share * effective, effective)
    return share, effective, (interval.lower, interval.upper)


def _clustered(sums: FloatArray, total: int) -> float:
    n = len(sums)
    return float((sums**2).sum()) / total**2 * n / (n - 1) if n > 1 else 0.0


def _verdict(interval: tuple[float, float], probability: float) -> str:
    if interval[0] >= probability:
        return SUPPORTED
    return REFUTED if interval[1] < probability else UNDETERMINED


def _by_setting(
    result: Result, runs: pd.DataFrame, column: str, claim: dict[str, Any]
) -> list[dict[str, Any]]:
    """Share of runs in which the claim holds for every combination of categorical levers."""
    levers = [
        f["path"] for f in result.manifest["factors"] if f["role"] == "levers" and "values" in f
    ]
    if not levers or not len(runs):
        return []
    held = runs[levers].assign(holds=_holding(runs, column, claim))
    means = held.groupby(levers, dropna=False)["holds"].agg(["mean", "size"]).reset_index()
    return [
        {
            "levers": {path: _plain(row[path]) for path in levers},
            "share_of_runs": _plain(row["mean"]),
            "runs": int(row["size"]),
        }
        for row in means.head(MOST_SETTINGS).to_dict("records")
    ]


def _plain(value: Any) -> Any:
    value = value.item() if hasattr(value, "item") else value
    return None if isinstance(value, float) and math.isnan(value) else value


def _note(verdict: str, probability: float, effective: float) -> str:
    needed = math.ceil(probability * Z_95**2 / (1.0 - probability))
    if verdict == UNDETERMINED and effective < needed:
        return (
            f"worth {effective:.0f} independent runs; at least {needed} are needed before a "
            f"probability of {probability:g} can be supported: raise the replicates"
        )
    return ""
