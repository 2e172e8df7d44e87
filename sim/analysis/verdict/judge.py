"""From stored curves to the verdict: every pair of worlds judged, none of them hidden."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from sim.analysis.statistics import paired_comparison
from sim.analysis.verdict.dated import dated_states
from sim.analysis.verdict.document import verdict_document
from sim.analysis.verdict.ensemble import Ensemble
from sim.analysis.verdict.final_states import burn_of, final_states
from sim.analysis.verdict.grounds import plain
from sim.analysis.verdict.horizon import longer_result
from sim.analysis.verdict.outcomes import Thresholds
from sim.analysis.verdict.specification import specification_curve
from sim.analysis.verdict.verdict import Assessment, assess
from sim.errors import SimError
from sim.runs.worlds import (
    CHALLENGER_OFF,
    OFF_MONEY_IN_PRICE,
    OFF_MONEY_KEPT,
    ON,
    challenger_hosts,
    with_other_hosting,
)

if TYPE_CHECKING:
    from sim.runs.result import Result
    from sim.scenario.schema.scenario import Contest, Scenario


MEASURES = {
    "token_share": "platform_token_share",
    "revenue_share": "full_stack_revenue_share",
    "token_volume": "platform_tokens",
    "profit": "profit",
}
PRIMARY = "money_kept"
RULES = {PRIMARY: OFF_MONEY_KEPT, "money_in_price": OFF_MONEY_IN_PRICE}
OTHER_HOSTING = "_other_hosting"
WITHOUT_PAIR = "no_pair"


def judge(result: Result) -> dict[str, Any]:
    """Verdict of a stored result, ready for JSON.

    Judged are the pairs ON and OFF under both budget rules, each with the challenger's hosting of
    the incumbent's open families as the scenario has it and the other way round; the primary one
    is the scenario's own hosting with the incumbent's money kept. Replicates in which one world of
    a pair failed are left out of that pair.

    Raises
    ------
    SimError
        A measure that the definitions need is not stored.
    """
    scenario = result.scenario
    document: dict[str, Any] = {
        "name": scenario.name,
        "scenario_hash": result.scenario_hash,
        "root_seed": result.seed,
        "replicates": result.replicates,
        "failed_runs": len(result.failed),
        "contest": None,
        "primary": None,
        "verdicts": {},
        "sentences": [],
    }
    if scenario.contest is None:
        return document | {"sentences": ["The scenario names no contest, so there is no verdict."]}
    document["contest"] = scenario.contest.model_dump()
    assessments = _assessments(result, scenario, scenario.contest)
    if not assessments:
        return document | {"sentences": ["No replicate was finished in both worlds of a pair."]}
    primary = next(iter(assessments))
    names = [vendor_label(scenario, v) for v in _vendors(result)]
    deeper = _in_depth(result, primary, scenario.contest)
    told = verdict_document(assessments, names=names, specifications=deeper["specifications"])
    hosting = "hosts" if challenger_hosts(scenario) else "does not host"
    return (
        document
        | told
        | {
            "primary": primary,
            "hosting": {"scenario": hosting, "pairs": _hosting_of(assessments, hosting)},
            "reverse_test": _reverse_test(result, scenario.contest),
            "burn_per_point": burn_of(result, scenario.contest),
            "events": deeper["events"],
            "final_states": plain(final_states(result, scenario.contest)),
            "scoreboards": scoreboards(result),
            "sentences": [told["verdicts"][primary]["sentence"]],
        }
    )


def vendor_label(scenario: Scenario, vendor: str) -> str:
    """Name of a vendor for people."""
    return scenario.vendors[vendor].label or vendor


def pairs_of(scenario: Scenario, points: tuple[str, ...]) -> dict[str, tuple[str, str]]:
    """The pairs of worlds (on, off) that were run, by name, the primary one first."""
    pairs = {}
    for suffix in ("", OTHER_HOSTING):
        for rule, off in RULES.items():
            pair = (ON, off)
            if suffix:
                pair = (with_other_hosting(ON, scenario), with_other_hosting(off, scenario))
            if set(pair) <= set(points):
                pairs[f"{rule}{suffix}"] = pair
    return pairs


def ensemble_of(
    result: Result, point: str, replicates: list[int], contest: Contest | None = None
) -> Ensemble:
    """One stored world as the arrays that definitions read; seeds are the replicates' spawn keys.

    Raises
    ------
    SimError
        A measure is not stored, or the scenario has no contest.
    """
    contest = contest or result.scenario.contest
    if contest is None:
        raise SimError("the scenario names no contest")
    missing = sorted(set(MEASURES.values()) - set(result.curves.data_vars))
    if missing:
        raise SimError(f"no verdict without the measures {', '.join(missing)}")
    chosen = result.curves[list(MEASURES.values())].sel(point=point, replicate=replicates)
    order = ("replicate", "month", "vendor")
    arrays = {name: chosen[m].transpose(*order).to_numpy() for name, m in MEASURES.items()}
    vendors = _vendors(result)
    hashes = {p["name"]: p["scenario_hash"] for p in result.manifest["points"]}
    return Ensemble(
        **arrays,
        incumbent=vendors.index(contest.incumbent),
        challenger=vendors.index(contest.challenger),
        seeds=np.array(replicates, dtype=np.int64),
        scenario_hash=hashes[point],
    )


def _vendors(result: Result) -> list[str]:
    return [str(vendor) for vendor in result.curves["vendor"].to_numpy()]


def _thresholds(scenario: Scenario) -> Thresholds:
    return Thresholds(**scenario.containment.model_dump())


class Pair(NamedTuple):
    """A pair of worlds and, where it was run on, the same beyond the horizon."""

    on: Ensemble
    off: Ensemble | None
    extended: Ensemble | None
    extended_off: Ensemble | None


def _pair(result: Result, points: tuple[str, ...], contest: Contest) -> Pair | None:
    """The worlds `points` in the replicates done in all of them; None if there is none."""
    # The longer run has the worlds of the scenario's own hosting alone.
    further = longer_result(result) if points[0] == ON else None
    beyond = [] if further is None else [p for p in points if p in further.points]
    sound = result.sound_replicates(*points)
    if further is not None:
        there = set(further.sound_replicates(*beyond))
        sound = [replicate for replicate in sound if replicate in there]
    if not sound:
        return None
    worlds = [ensemble_of(result, p, sound, contest) for p in points]
    longer = [ensemble_of(further, p, sound, contest) for p in beyond if further is not None]
    off = worlds[1] if len(worlds) > 1 else None
    extended, extended_off = (*longer, None, None)[:2]
    return Pair(worlds[0], off, extended, extended_off)


def _assessments(result: Result, scenario: Scenario, contest: Contest) -> dict[str, Assessment]:
    limits = _thresholds(scenario)
    found = {}
    for name, points in _points(result).items():
        pair = _pair(result, points, contest)
        if pair is not None:
            found[name] = assess(
                pair.on,
                pair.off,
                limits,
                extended=pair.extended,
                extended_off=pair.extended_off,
            )
    return found


def _points(result: Result) -> dict[str, tuple[str, ...]]:
    """Worlds of each pair by its name; ON alone where no pair was run."""
    pairs: dict[str, tuple[str, ...]] = {**pairs_of(result.scenario, result.points)}
    return pairs or {WITHOUT_PAIR: (ON,)}


def _in_depth(result: Result, primary: str, contest: Contest) -> dict[str, Any]:
    """Grid of thresholds and dated events of the primary pair."""
    limits = _thresholds(result.scenario)
    pair = _pair(result, _points(result)[primary], contest)
    assert pair is not None
    curve = specification_curve(
        pair.on, pair.off, limits, extended=pair.extended, extended_off=pair.extended_off
    )
    start = result.scenario.calendar.start
    return {
        "specifications": {primary: curve},
        "events": plain(dated_states(pair.on, pair.off, limits, start)),
    }


def _hosting_of(assessments: Mapping[str, Assessment], hosting: str) -> dict[str, str]:
    other = "does not host" if hosting == "hosts" else "hosts"
    return {name: other if name.endswith(OTHER_HOSTING) else hosting for name in assessments}


def _reverse_test(result: Result, contest: Contest) -> dict[str, Any] | None:
    """What the challenger's own moves do to its share: share without them minus share with them."""
    if CHALLENGER_OFF not in result.points:
        return None
    sound = result.sound_replicates(ON, CHALLENGER_OFF)
    if not sound:
        return None
    limits = _thresholds(result.scenario)
    share = {}
    for point in (ON, CHALLENGER_OFF):
        world = ensemble_of(result, point, sound, contest)
        window = world.token_share[:, -limits.window_months :, world.challenger]
        share[point] = window.mean(axis=1)
    found = paired_comparison(share[ON], share[CHALLENGER_OFF], limits.confidence)
    told: dict[str, Any] = plain(
        {
            "tau_mean": found.mean,
            "interval": found.interval,
            "interval_type": f"paired t, {limits.confidence:.4g}",
            "n": found.n,
            "seeds": sound,
        }
    )
    return told


def scoreboards(result: Result) -> dict[str, dict[str, dict[str, float]]]:
    """Median, 5 % and 95 % quantile over replicates of window means, by measure and vendor."""
    table = result.summary()
    boards: dict[str, Any] = {}
    for measure, rows in table.groupby(level="measure"):
        boards[str(measure)] = rows.droplevel("measure").to_dict(orient="index")
    told: dict[str, dict[str, dict[str, float]]] = plain(boards)
    return told
