"""What a point of share costs a vendor that sells below cost."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numpy.typing import ArrayLike

Floats = npt.NDArray[np.float64]
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
