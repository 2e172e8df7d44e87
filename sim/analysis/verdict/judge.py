"""From stored curves to the verdict: every pair of worlds judged, none of them hidden."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from sim.analysis.statistics import CONFIDENCE, holm, p_greater, paired_comparison
from sim.analysis.verdict.containment import (
    MAJORITY,
    PAIRED_T,
    ROBUST_SHARE,
    SETTLED_MONTHS,
    WILSON,
)
from sim.analysis.verdict.curves import WorldCurves, WorldPair
from sim.analysis.verdict.dated import dated_states
from sim.analysis.verdict.final_states import burn_of, final_states
from sim.analysis.verdict.grounds import plain
from sim.analysis.verdict.grounds import vendor_label as vendor_label
from sim.analysis.verdict.specification import longer_result, specification_curve
from sim.analysis.verdict.verdict import Assessment, assess
from sim.analysis.verdict.words import answer_in_words
from sim.errors import SimError
from sim.months import months_between
from sim.runs.result import Result
from sim.runs.worlds import (
    CHALLENGER_OFF,
    OFF_MONEY_IN_PRICE,
    OFF_MONEY_KEPT,
    ON,
    challenger_hosts,
    with_other_hosting,
)
from sim.scenario.schema.scenario import Contest, Scenario

MEASURES = {
    "token_share": "platform_token_share",
    "revenue_share": "full_stack_revenue_share",
    "token_volume": "platform_tokens",
    "profit": "profit",
}
RULES = {"money_kept": OFF_MONEY_KEPT, "money_in_price": OFF_MONEY_IN_PRICE}
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
    scenario, contest = result.scenario, result.scenario.contest
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
    if result.posterior is not None:
        document["posterior"] = result.posterior
    if contest is None:
        return document | {"sentences": ["The scenario names no contest, so there is no verdict."]}
    document["contest"] = contest.model_dump(mode="json")
    points = pairs_of(scenario, result.points) or {WITHOUT_PAIR: (ON,)}
    found = {name: _pair(result, worlds, contest) for name, worlds in points.items()}
    pairs = {name: worlds for name, worlds in found.items() if worlds is not None}
    if not pairs:
        return document | {"sentences": ["No replicate was finished in both worlds of a pair."]}
    limits, (primary, worlds) = scenario.containment, next(iter(pairs.items()))
    assessments = {name: assess(pair, limits) for name, pair in pairs.items()}
    labels = {vendor: vendor_label(scenario, vendor) for vendor in _vendors(result)}
    verdicts = {name: verdict_entry(found, labels) for name, found in assessments.items()}
    verdicts[primary]["specification"] = plain(specification_curve(worlds, limits))
    verdicts[primary]["self_hosting_effect"] = _self_hosting(result, worlds.on.seeds.tolist())
    hosting = ["does not host", "hosts"]
    if not challenger_hosts(scenario):
        hosting.reverse()
    document |= {
        "verdicts": verdicts,
        "holm": holm_document(assessments),
        "primary": primary,
        "hosting": {
            "scenario": hosting[1],
            "pairs": {name: hosting[not name.endswith(OTHER_HOSTING)] for name in pairs},
        },
        "reverse_test": _reverse_test(result, contest),
        "burn_per_point": burn_of(result, contest),
        "events": plain(dated_states(worlds.on, worlds.off, limits, scenario.calendar.start)),
        "final_states": plain(final_states(result, contest)),
        "scoreboards": scoreboards(result),
    }
    return document | {"sentences": answer_in_words(document, scenario).sentences}


def pairs_of(scenario: Scenario, points: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """The pairs of worlds (on, off) that were run, by name, the primary one first."""
    pairs: dict[str, tuple[str, ...]] = {}
    for suffix in ("", OTHER_HOSTING):
        for rule, off in RULES.items():
            pair = (ON, off)
            if suffix:
                pair = (with_other_hosting(ON, scenario), with_other_hosting(off, scenario))
            if set(pair) <= set(points):
                pairs[f"{rule}{suffix}"] = pair
    return pairs


def curves_of(
    result: Result, point: str, replicates: list[int], contest: Contest | None = None
) -> WorldCurves:
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
    return WorldCurves(
        **arrays,
        incumbent=vendors.index(contest.incumbent),
        challenger=vendors.index(contest.challenger),
        seeds=np.array(replicates, dtype=np.int64),
        scenario_hash=hashes[point],
        contest_month=_contest_month(result.scenario, contest),
    )


def _contest_month(scenario: Scenario, contest: Contest) -> int | None:
    start = contest.start
    return None if start is None else months_between(scenario.calendar.start, start)


def _vendors(result: Result) -> list[str]:
    return [str(vendor) for vendor in result.curves["vendor"].to_numpy()]


def _pair(result: Result, points: tuple[str, ...], contest: Contest) -> WorldPair | None:
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
    worlds = {"on": points[0]} | ({"off": points[1]} if len(points) > 1 else {})
    curves = {name: curves_of(result, p, sound, contest) for name, p in worlds.items()}
    if further is not None:
        for name, point in zip(("longer", "longer_off"), beyond, strict=False):
            curves[name] = curves_of(further, point, sound, contest)
    return WorldPair(**curves)


def _self_hosting(result: Result, replicates: list[int]) -> dict[str, Any] | None:
    """Share of all tokens that clients run themselves, window mean, ON minus OFF, in points of one.

    Platform shares leave self-hosting out, so it stands beside the diversion of tau.
    """
    needed = ("self_hosted_tokens", "total_tokens")
    if OFF_MONEY_KEPT not in result.points or not set(needed) <= set(result.curves.data_vars):
        return None
    window = slice(-result.scenario.containment.window_months, None)
    chosen = result.curves[list(needed)].sel(replicate=replicates).isel(month=window)
    share = (chosen[needed[0]] / chosen[needed[1]]).mean("month")
    found = paired_comparison(
        share.sel(point=OFF_MONEY_KEPT).to_numpy(), share.sel(point=ON).to_numpy()
    )
    document: dict[str, Any] = plain({"mean": found.mean, "interval": found.interval, "n": found.n})
    return document


def _reverse_test(result: Result, contest: Contest) -> dict[str, Any] | None:
    """What the challenger's own moves do to its share: share without them minus share with them."""
    if CHALLENGER_OFF not in result.points:
        return None
    sound = result.sound_replicates(ON, CHALLENGER_OFF)
    if not sound:
        return None
    window = result.scenario.containment.window_months
    on, off = (curves_of(result, point, sound, contest) for point in (ON, CHALLENGER_OFF))
    found = paired_comparison(
        *(world.token_share[:, -window:, world.challenger].mean(axis=1) for world in (on, off))
    )
    document: dict[str, Any] = plain(
        {
            "tau_mean": found.mean,
            "interval": found.interval,
            "interval_type": PAIRED_T,
            "n": found.n,
            "seeds": sound,
        }
    )
    return document


def scoreboards(result: Result) -> dict[str, dict[str, dict[str, float]]]:
    """Median, 5 % and 95 % quantile over replicates of window means, by measure and vendor."""
    table = result.summary()
    boards: dict[str, Any] = {}
    for measure, rows in table.groupby(level="measure"):
        boards[str(measure)] = rows.droplevel("measure").to_dict(orient="index")
    cleaned: dict[str, dict[str, dict[str, float]]] = plain(boards)
    return cleaned


def holm_document(assessments: Mapping[str, Assessment]) -> dict[str, Any]:
    """One-sided p-values of D2 (effect not above the minimum), adjusted by Holm over the pairs."""
    paired = {name: a for name, a in assessments.items() if a.tau is not None}
    if not paired:
        return {}
    raw = [p_greater(a.tau, a.thresholds.minimum_effect) for a in paired.values() if a.tau]
    return {
        name: {
            "p_value": p,
            "holm_adjusted": float(adjusted),
            "effect_above_minimum": bool(adjusted <= 1.0 - CONFIDENCE),
        }
        for name, p, adjusted in zip(paired, raw, holm(raw), strict=True)
    }


def verdict_entry(a: Assessment, labels: Mapping[str, str]) -> dict[str, Any]:
    """All of an assessment ready for JSON, with n, seeds, interval types and scenario hash.

    Parameters
    ----------
    labels
        Of each of the V vendors by name, in their order; the entry speaks of vendors by name.

    Raises
    ------
    ValueError
        If there is not one name for each vendor.
    """
    names = list(labels)
    if len(names) != len(a.token_means):
        raise ValueError(f"needs {len(a.token_means)} vendor names, got {len(names)}")
    on, off = a.worlds.on, a.worlds.off
    entry: dict[str, Any] = {
        "n": a.n,
        "seeds": on.seeds,
        "scenario_hash": on.scenario_hash,
        "off_scenario_hash": None if off is None else off.scenario_hash,
        "months": on.months,
        "incumbent": names[on.incumbent],
        "challenger": names[on.challenger],
        "labels": dict(labels),
        "overall": a.verdict.overall,
        "contained": a.contained,
        "pyrrhic": a.pyrrhic,
        "awarded": a.awarded,
        "by_incumbent": a.by_incumbent,
        "diversion": [
            {
                "vendor": None if one.vendor is None else names[one.vendor],
                "mean": one.mean,
                "interval": one.interval,
            }
            for one in a.diversion
        ],
        "stability": a.stability,
        "emergence": {
            "verdict": a.verdict.emergence,
            "share": a.verdict.share_containment,
            "interval": a.verdict.interval,
            "interval_type": WILSON,
            "of": "plateau" if a.tau is None else "containment",
        },
        "causal": {"verdict": a.verdict.causal, "tau": a.tau},
        "definitions": {code: asdict(result) for code, result in a.definitions.items()},
        "classes": {
            "by_replicate": a.classes,
            "interval_type": f"Goodman simultaneous, {CONFIDENCE:.4g}",
            "frequencies": {kind: asdict(f) for kind, f in a.frequencies.items()},
        },
        "agreement": a.agreement,
        "sequential": a.look._asdict() | {"verdict": a.verdict_at_look},
        "class_kept_in_longer_run": None if a.longer is None else a.longer["share"],
        "longer_run": a.longer,
        "token_share": dict(zip(names, a.token_means, strict=True)),
        "revenue_share": dict(zip(names, a.revenue_means, strict=True)),
        "thresholds": a.thresholds.model_dump()
        | {
            "majority": MAJORITY,
            "confidence": CONFIDENCE,
            "robust_share": ROBUST_SHARE,
            "settled_months": SETTLED_MONTHS,
        },
        "notes": a.notes,
    }
    cleaned: dict[str, Any] = plain(entry)
    return cleaned
