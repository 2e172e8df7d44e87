"""How far the definitions of containment agree, replicate by replicate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from sim.analysis.statistics import ROUNDING
from sim.analysis.verdict.containment import leads_in_both
from sim.analysis.verdict.curves import PairFacts, PathFacts
from sim.scenario.schema.scenario import Containment

FloatArray = npt.NDArray[np.float64]


def indicators(
    facts: PathFacts, pair: PairFacts | None, limits: Containment
) -> dict[str, FloatArray]:
    """D1 to D5 replicate by replicate: 1 holds, 0 does not, NaN cannot be said; (R,) each."""
    flat = (np.abs(facts.slope) < limits.slope_tolerance) & (facts.peak < limits.ceiling_share)
    unknown = np.full(len(facts.slope), np.nan)
    effect = unknown if pair is None else (pair.tau >= limits.minimum_effect).astype(np.float64)
    growth = np.abs(facts.growth_gap) < limits.growth_tolerance
    moved = facts.token_change >= limits.conversion_minimum_change - ROUNDING
    moved &= facts.token_change > 0.0
    chi = np.divide(facts.revenue_change, facts.token_change, out=unknown.copy(), where=moved)
    return {
        "D1": flat.astype(np.float64),
        "D2": effect,
        "D3": leads_in_both(facts, limits).astype(np.float64),
        "D4": np.where(np.isfinite(facts.growth_gap), growth, np.nan),
        "D5": np.where(moved, chi < limits.conversion_limit, np.nan),
    }


def cohen_kappa(first: npt.ArrayLike, second: npt.ArrayLike) -> float | None:
    """Cohen's kappa ``(p_o - p_e) / (1 - p_e)`` of two raters with ratings 0 and 1.

    Pairs with a missing rating (NaN) are left out; None if nothing is left or chance agreement
    is complete (Cohen 1960, Educational and Psychological Measurement 20:37-46).

    Raises
    ------
    ValueError
        If the two have different lengths.
    """
    from statsmodels.stats.inter_rater import cohens_kappa

    a, b = _complete(first, second)
    if not len(a) or a.min() == a.max() == b.min() == b.max():
        return None
    table = np.histogram2d(a, b, bins=2, range=[[0, 1], [0, 1]])[0]
    return float(cohens_kappa(table, return_results=False))


def fleiss_kappa(ratings: npt.ArrayLike) -> float | None:
    """Fleiss' kappa of (units, raters) ratings 0 and 1 (Fleiss 1971, Psychol. Bulletin 76:378).

    Units with a missing rating are left out; None with fewer than two raters, no unit, or one
    rating throughout.
    """
    from statsmodels.stats import inter_rater

    x = np.asarray(ratings, dtype=np.float64)
    x = x[np.isfinite(x).all(axis=1)]
    if len(x) < 1 or x.shape[1] < 2 or x.min() == x.max():
        return None
    ones = x.sum(axis=1)
    return float(inter_rater.fleiss_kappa(np.column_stack([x.shape[1] - ones, ones])))


def agreement(ratings: Mapping[str, FloatArray]) -> dict[str, Any]:
    """Agreement of the definitions that could be judged, ready for JSON.

    Parameters
    ----------
    ratings
        Name of a definition to its (R,) ratings: 1 holds, 0 does not, NaN cannot be said.

    Returns
    -------
    ``observed``: share of replicates on which two definitions agree; ``cohen`` and ``fleiss``:
    kappas, None where there is none (one rating throughout).
    """
    judged = {name: column for name, column in ratings.items() if np.isfinite(column).any()}
    columns = list(judged.values())
    return {
        "names": tuple(judged),
        "observed": [[_observed(a, b) for b in columns] for a in columns],
        "cohen": [[cohen_kappa(a, b) for b in columns] for a in columns],
        "fleiss": fleiss_kappa(np.column_stack(columns)) if columns else None,
        "n": len(columns[0]) if columns else 0,
    }


def _complete(first: npt.ArrayLike, second: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    a, b = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if a.shape != b.shape or a.ndim != 1:
        raise ValueError("two raters need equally many ratings")
    known = np.isfinite(a) & np.isfinite(b)
    return a[known], b[known]


def _observed(first: FloatArray, second: FloatArray) -> float | None:
    a, b = _complete(first, second)
    return float((a == b).mean()) if len(a) else None
