"""Who moves when one alternative changes, by the way two worlds share their random draws."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from sim.economics.arrays import Floats, vector
from sim.economics.demand import logit_probabilities


class CoupledVariance(NamedTuple):
    """Variance per client of the change of one share, with common and independent draws."""

    common: float
    independent: float

    @property
    def reduction(self) -> float:
        """Independent over common variance; infinite if nothing moves."""
        return self.independent / self.common if self.common > 0 else float("inf")


def gumbel_joint(utilities: ArrayLike, alternative: int, improvement: float) -> Floats:
    """Joint choice (J, J), row before, column after, when both worlds use the same Gumbel draws.

    Only moves into the improved alternative (out of it, for a negative improvement) can happen:
    ``P(j, j) = min(s_j, s'_j)`` and the rest of the mass flows to or from it.

    Raises
    ------
    ValueError
        If the utilities are no finite vector or the alternative does not exist.

    Source: Maddison, Tarlow & Minka (2014, NeurIPS).
    """
    before, after = shares_before_after(utilities, alternative, improvement)
    joint = np.diag(np.minimum(before, after))
    others = np.arange(before.size) != alternative
    if improvement >= 0:
        joint[others, alternative] = (before - after)[others]
    else:
        joint[alternative, others] = (after - before)[others]
    return joint


def inverse_cdf_joint(utilities: ArrayLike, alternative: int, improvement: float) -> Floats:
    """Joint choice (J, J) when both worlds invert the cumulative shares at the same uniform.

    Entry (j, k) is the overlap of j's interval before with k's interval after.
    """
    before, after = shares_before_after(utilities, alternative, improvement)
    old, new = (np.concatenate([[0.0], np.cumsum(s)]) for s in (before, after))
    top = np.minimum(old[1:, None], new[None, 1:])
    bottom = np.maximum(old[:-1, None], new[None, :-1])
    return np.asarray(np.maximum(top - bottom, 0.0))


def switchers(joint: ArrayLike) -> float:
    """Share of clients who choose differently in the two worlds, the mass off the diagonal."""
    table = np.asarray(joint, dtype=np.float64)
    return float(table[~np.eye(len(table), dtype=np.bool_)].sum())


def bystander_switchers(joint: ArrayLike, alternative: int) -> float:
    """Share of clients who move between two alternatives that did not change."""
    table = np.array(joint, dtype=np.float64)
    table[alternative, :] = 0.0
    table[:, alternative] = 0.0
    return switchers(table)


def share_change_variance(
    utilities: ArrayLike, alternative: int, improvement: float
) -> CoupledVariance:
    """Variance per client of the change in the improved alternative's share.

    Common Gumbel draws: ``d (1 - d)`` with d the share change; independent draws:
    ``s (1-s) + s' (1-s')``.

    Source: Stout & Goldie (2008, Health Care Management Science 11:399-406).
    """
    before, after = shares_before_after(utilities, alternative, improvement)
    old, new = float(before[alternative]), float(after[alternative])
    moved = abs(new - old)
    return CoupledVariance(moved * (1 - moved), old * (1 - old) + new * (1 - new))


def shares_before_after(
    utilities: ArrayLike, alternative: int, improvement: float
) -> tuple[Floats, Floats]:
    """Logit shares before and after one utility rises by ``improvement``."""
    values = vector("utilities", utilities)
    if not 0 <= alternative < values.size:
        raise ValueError(f"alternative must lie in 0..{values.size - 1}, got {alternative}")
    changed = values.copy()
    changed[alternative] += improvement
    return logit_probabilities(values), logit_probabilities(changed)
