"""Does the containing strategy pay, or would the incumbent leave it?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from sim.analysis.containment import Verdict
from sim.analysis.judge import ensemble_of
from sim.analysis.multiplicity import holm
from sim.analysis.outcomes import OutcomeClass, Thresholds
from sim.analysis.profiles import HISTORICAL, WITHOUT_LEVERS, Field, point_of
from sim.analysis.statistics import mean_interval, p_greater
from sim.analysis.verdict import Assessment, assess

if TYPE_CHECKING:
    from sim.experiment.result import Result

Floats = npt.NDArray[np.float64]
SIGNIFICANT = 0.05


def deviations(
    result: Result, field: Field, seeds: Sequence[int], payoff: Floats
) -> list[dict[str, Any]]:
    """For each strategy of the incumbent against the historical challenger: does it contain, what
    does it cost, and which other strategy would pay more.

    Parameters
    ----------
    payoff
        (R, m, n) the incumbent's payoff by replicate, rows, columns of the field.

    Notes
    -----
    Containment is judged by the definitions of the verdict, with the world without the
    incumbent's levers as the pair. A deviation is profitable if its paired gain is above zero at
    5 % after Holm's adjustment over all alternatives.
    """
    names = [row.name for row in field.rows]
    column = [c.name for c in field.columns].index(HISTORICAL)
    own = payoff[:, :, column]
    told = []
    for place, name in enumerate(names):
        judged = _judged(result, field, name, list(seeds)) if WITHOUT_LEVERS in names else None
        entry: dict[str, Any] = {"strategy": name, "payoff": float(own[:, place].mean())}
        entry |= _containment(judged)
        entry |= _best_alternative(own, names, place)
        entry["pyrrhic"] = _pyrrhic(judged, own, names, place)
        told.append(entry)
    return told


def _judged(result: Result, field: Field, name: str, seeds: list[int]) -> Assessment:
    limits = Thresholds(**result.scenario.containment.model_dump())
    worlds = [
        ensemble_of(result, point_of(row, HISTORICAL), seeds, field.contest)
        for row in (name, WITHOUT_LEVERS)
    ]
    return assess(worlds[0], worlds[1], limits)


def _containment(judged: Assessment | None) -> dict[str, Any]:
    if judged is None:
        return {"contained": None, "containment_frequency": None, "tau": None}
    frequency = judged.frequencies[OutcomeClass.CONTAINMENT]
    tau = mean_interval(judged.tau or (0.0,))
    return {
        "contained": judged.contained.value,
        "containment_frequency": frequency.share,
        "containment_interval": list(frequency.interval),
        "tau": tau.mean,
        "tau_interval": list(tau.interval),
    }


def _best_alternative(own: Floats, names: list[str], place: int) -> dict[str, Any]:
    others = [i for i in range(len(names)) if i != place]
    gaps = own[:, others] - own[:, [place]]
    adjusted = holm([p_greater(gap) for gap in gaps.T])
    best = int(gaps.mean(axis=0).argmax())
    gain = mean_interval(gaps[:, best])
    pays = gain.mean > 0.0 and adjusted[best] <= SIGNIFICANT
    stays = all(mean_interval(gap).interval.upper <= 0.0 for gap in gaps.T)
    return {
        "best_alternative": names[others[best]],
        "gain": gain.mean,
        "gain_interval": list(gain.interval),
        "p_holm": float(adjusted[best]),
        "incumbent": "leaves" if pays else "stays" if stays else "undetermined",
        "profitable_deviations": [
            names[i]
            for i, gap, p in zip(others, gaps.T, adjusted, strict=True)
            if p <= SIGNIFICANT and gap.mean() > 0.0
        ],
    }


def _pyrrhic(judged: Assessment | None, own: Floats, names: list[str], place: int) -> bool | None:
    """It contains, and costs the incumbent payoff against doing nothing."""
    if judged is None:
        return None
    cost = mean_interval(own[:, place] - own[:, names.index(WITHOUT_LEVERS)])
    contains = judged.contained is Verdict.SUPPORTED
    return bool(contains and (judged.pyrrhic or cost.interval.upper < 0.0))
