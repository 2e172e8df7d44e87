"""Sobol sensitivity: which inputs the variance of an outcome comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from sim.errors import SimError
from sim.runs.rows import DONE
from sim.runs.study.designs import SobolDesign, sobol_design

if TYPE_CHECKING:
    from sim.runs.result import Result


__all__ = [
    "SobolDesign",
    "SobolIndices",
    "outcomes_of_design",
    "refuse_holes",
    "sobol_design",
    "sobol_indices",
]

FloatArray = npt.NDArray[np.float64]
NAMED_HOLES = 5


class SobolIndices(NamedTuple):
    """Parts of the variance of an outcome.

    ``first`` (D,) is the part of an input alone, ``total`` (D,) that of the input with all its
    interactions, ``second`` (D, D) that of each pair beyond the two alone (NaN on the diagonal).
    Estimates may leave 0..1 by their sampling error.
    """

    first: FloatArray
    total: FloatArray
    second: FloatArray
    mean: float
    variance: float


def sobol_indices(design: SobolDesign, outcomes: npt.ArrayLike) -> SobolIndices:
    """Sobol indices from the outcomes at the points of a design.

    ``S_i = E[f_B (f_ABi - f_A)] / V``, ``ST_i = E[(f_A - f_ABi)^2] / 2V`` and
    ``S_ij = E[f_BAi f_ABj - f_A f_B] / V - S_i - S_j`` with V the variance over both samples.

    Parameters
    ----------
    outcomes
        (N (2 D + 2),) one number a point; average over seeds under common random numbers first.

    Raises
    ------
    ValueError
        If the number of outcomes is wrong, one is not finite or none differs from the others.

    Notes
    -----
    Sobol (2001, Mathematics and Computers in Simulation 55:271-280); Saltelli et al. (2010,
    Computer Physics Communications 181:259-270).
    """
    from scipy import stats

    values = np.asarray(outcomes, dtype=np.float64)
    size, base = design.inputs, design.base
    if values.shape != (len(design.points),):
        raise ValueError(f"outcomes: needs {len(design.points)} numbers, got {values.shape}")
    if not np.isfinite(values).all():
        raise ValueError("outcomes: every number must be finite")
    mean, variance = float(values[: 2 * base].mean()), float(values[: 2 * base].var())
    if np.ptp(values[: 2 * base]) == 0.0:
        raise ValueError("outcomes: all are equal, so there is no variance to attribute")
    centred = (values - mean).reshape(2 * size + 2, base)
    a, b, ab, ba = centred[0], centred[1], centred[2 : size + 2], centred[size + 2 :]
    parts = {"f_A": a[None], "f_B": b[None], "f_AB": ab[:, None]}
    found = stats.sobol_indices(func=parts, n=base)
    first = np.asarray(found.first_order, dtype=np.float64)
    closed = (ba @ ab.T / base - (a * b).mean()) / variance
    second = (closed + closed.T) / 2 - first[:, None] - first[None, :]
    np.fill_diagonal(second, np.nan)
    total = np.asarray(found.total_order, dtype=np.float64)
    return SobolIndices(first, total, second, mean, variance)


def outcomes_of_design(result: Result, outcome: str) -> FloatArray:
    """An outcome at every point of a stored Sobol or Morris design, averaged over replicates.

    Indices are sums over whole designs: a point that is left out, or filled with a guess, biases
    all of them. So a single run without a number stops here.

    Parameters
    ----------
    result
        A sweep whose design is `sobol` or `morris`.
    outcome
        A column of its runs.

    Returns
    -------
    array
        (points,) in the order of the design.

    Raises
    ------
    SimError
        The design is of another kind, there is no such outcome, or runs failed: they are named.
    """
    kind = result.manifest["design"]["kind"]
    if kind not in ("sobol", "morris"):
        raise SimError(f"{result.path} has the design {kind}; indices need sobol or morris")
    refuse_holes(result, outcome)
    table = result.runs[outcome].to_numpy(dtype=np.float64).reshape(-1, result.replicates)
    means: FloatArray = table.mean(axis=1)
    return means


def refuse_holes(result: Result, outcome: str) -> None:
    """Refuse a result in which a run has no number for an outcome; the runs are named.

    Raises
    ------
    SimError
        There is no such outcome, or runs failed.
    """
    runs = result.runs
    if outcome not in runs.columns:
        raise SimError(f"{result.path} has no outcome {outcome}")
    holes = runs[(runs["status"] != DONE) | ~np.isfinite(runs[outcome].astype(float))]
    if len(holes):
        first = holes.head(NAMED_HOLES)
        named = "; ".join(
            f"{row.point}/{row.replicate}: "
            + (f"{row.stage}: {row.message}" if row.status != DONE else f"{outcome} has no value")
            for row in first.itertuples()
        )
        more = f"; and {len(holes) - len(first)} more" if len(holes) > len(first) else ""
        raise SimError(
            f"{len(holes)} of {len(runs)} runs have no number, and no index is computed over "
            f"holes: {named}{more}"
        )
