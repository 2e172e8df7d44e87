"""Where runs end: is the distribution of final shares one hump or several?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sim.analysis.humps import RESAMPLES, silverman_test
from sim.analysis.statistics import bimodality_coefficient
from sim.experiment.worlds import ON

if TYPE_CHECKING:
    from sim.experiment.result import Result
    from sim.scenario.schema.scenario import Contest

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
            told = None if test is None else test._asdict()
            if told is not None:
                told["bimodality_coefficient"] = bimodality_coefficient(values)
            found.setdefault(board, {})[vendor] = told
    return {
        "n": len(sound),
        "seeds": sound,
        "scenario_hash": result.scenario_hash,
        "test": f"Silverman, one mode against more, {RESAMPLES} resamples",
        "shares": found,
    }
