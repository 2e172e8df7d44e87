"""What a sweep found: the effect of each factor, interactions, best and worst points, in words.

Effects are coefficients of least squares on the factors, fitted in every replicate on its own, so
that all points of a fit share a seed. In a full grid they are differences of means. Categories and
values of a grid are held against the first one; a range that was sampled runs from its low to its
high end. Intervals are t intervals over replicates. Where points were drawn, the scatter of their
means about the fit (HC3) is added: other points would have been as good.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import special

from sim.analysis.rounding import POINTS, decimals, number, times
from sim.analysis.statistics import ROUNDING, goodman_intervals, holm, mean_interval
from sim.analysis.sweep import (
    CHOSEN_POINTS,
    CLASS,
    FINDINGS,
    REVENUE,
    TAU,
    TOKENS,
    Sweep,
    SweepFactor,
    SweepOutcome,
    setting_words,
    sweep_of,
    value_words,
)
from sim.analysis.verdict.grounds import plain, vendor_label
from sim.runs.files import json_bytes, write_once

if TYPE_CHECKING:
    from sim.runs.result import Result

FloatArray = npt.NDArray[np.float64]

CONFIDENCE = 0.95
SIGNIFICANT = 0.05
MOST_CONTRASTS = 400  # of interactions: more are not looked for
INTERVAL = {
    True: "t, 95 %, over points and replicates",
    False: "t, 95 %, over replicates, paired by seed",
}
ONE_SEED = "t, 95 %, over points of the one seed"


class EffectSize(NamedTuple):
    """A number with its 95 % interval and its two-sided p-value."""

    value: float
    low: float
    high: float
    p: float


class Effect(NamedTuple):
    """What another value of a factor does to an outcome."""

    factor: SweepFactor
    start: Any
    end: Any
    found: EffectSize


class Interaction(NamedTuple):
    """How much more one factor does where the other has its other value."""

    first: Effect
    second: Effect
    found: EffectSize  # its p-value is adjusted over all interactions of the outcome (Holm)


def _estimate(value: float, variance: float, df: float) -> EffectSize:
    if not df > 0.0 or math.isnan(variance):
        return EffectSize(value, -math.inf, math.inf, 1.0)
    error = math.sqrt(max(variance, 0.0))
    half = float(special.stdtrit(df, 0.5 + CONFIDENCE / 2.0)) * error
    if error == 0.0:
        return EffectSize(value, value, value, 0.0 if value else 1.0)
    p = 2.0 * float(special.stdtr(df, -abs(value) / error))
    return EffectSize(value, value - half, value + half, min(p, 1.0))


def _fitted(columns: FloatArray, table: FloatArray, drawn: bool) -> list[EffectSize] | None:
    """Estimates of the coefficients of the columns (P, K) over a table (P, R).

    None if the points do not tell the columns apart.
    """
    design = np.column_stack([np.ones(len(columns)), columns])
    fits = []
    for values in table.T:
        there = np.isfinite(values)
        if there.any() and np.linalg.matrix_rank(design[there]) == design.shape[1]:
            fits.append(np.linalg.lstsq(design[there], values[there], rcond=None)[0][1:])
    if not fits:
        return None
    by_seed = np.array(fits)
    # What is left of equal runs by rounding is no effect.
    by_seed[np.abs(by_seed) < ROUNDING * np.nanmax(np.abs(table))] = 0.0
    mean, seeds = by_seed.mean(axis=0), len(by_seed)
    variances = by_seed.var(axis=0, ddof=1) / seeds if seeds > 1 else np.zeros(len(mean))
    frees = np.full(len(mean), seeds - 1.0)
    if drawn or seeds < 2:
        scatter, left = _scatter(design, table)
        if left < 1:
            return None if drawn else [_estimate(m, math.nan, 0.0) for m in mean]
        both = variances + scatter
        parts = scatter**2 / left + (variances**2 / (seeds - 1.0) if seeds > 1 else 0.0)
        frees = np.divide(both**2, parts, out=np.full(len(mean), float(left)), where=parts > 0.0)
        variances = both
    return [_estimate(*one) for one in zip(mean, variances, frees, strict=True)]


def _scatter(design: FloatArray, table: FloatArray) -> tuple[FloatArray, int]:
    """Variance of the coefficients by the scatter of the points' means (HC3), and what is free."""
    with np.errstate(invalid="ignore"):
        rest = table - np.nanmean(table, axis=0)
    there = np.isfinite(rest).any(axis=1)
    means = np.nanmean(rest[there], axis=1)
    used = design[there]
    left = len(used) - used.shape[1]
    if left < 1:
        return np.zeros(used.shape[1] - 1), left
    inverse = np.linalg.pinv(used)
    leverage = np.einsum("pk,kp->p", used, inverse)
    residuals = (means - used @ (inverse @ means)) / np.maximum(1.0 - leverage, 1e-9)
    return np.asarray((inverse[1:] ** 2) @ residuals**2), left


def _columns(sweep: Sweep) -> dict[str, FloatArray]:
    points = sweep.points
    return {f.path: f.columns(points[f.path]) for f in sweep.factors if len(f.values) > 1}


def effects(sweep: Sweep, outcome: str) -> list[Effect]:
    """Effects of all factors on an outcome, by factor and value.

    Empty if there are too few points to tell the factors apart.
    """
    sweep = sweep.having(outcome)
    columns = _columns(sweep)
    if not columns:
        return []
    table = sweep.table(outcome).to_numpy(dtype=np.float64)
    found = _fitted(np.column_stack(list(columns.values())), table, sweep.drawn)
    if found is None:
        return []
    contrasts = [(f, *pair) for f in sweep.factors if f.path in columns for pair in f.contrasts()]
    return [Effect(*one, estimate) for one, estimate in zip(contrasts, found, strict=True)]


def interactions(sweep: Sweep, outcome: str) -> list[Interaction]:
    """For each pair of factors the difference of differences that is clearest, clearest first."""
    sweep = sweep.having(outcome)
    columns = _columns(sweep)
    table = sweep.table(outcome).to_numpy(dtype=np.float64)
    alone = np.column_stack(list(columns.values())) if columns else np.zeros((len(table), 0))
    acting = [factor for factor in sweep.factors if factor.path in columns]
    pairs = list(itertools.combinations(acting, 2))
    sizes = [columns[a.path].shape[1] * columns[b.path].shape[1] for a, b in pairs]
    if not pairs or sum(sizes) > MOST_CONTRASTS:
        return []
    found: list[Interaction] = []
    for a, b in pairs:
        products = np.einsum("pi,pj->pij", columns[a.path], columns[b.path])
        products = products.reshape(len(table), -1)
        fit = _fitted(np.column_stack([alone, products]), table, sweep.drawn)
        if fit is None:
            continue
        contrasts = itertools.product(a.contrasts(), b.contrasts())
        for (one, other), estimate in zip(contrasts, fit[alone.shape[1] :], strict=True):
            found.append(
                Interaction(Effect(a, *one, estimate), Effect(b, *other, estimate), estimate)
            )
    if not found:
        return []
    adjusted = holm([one.found.p for one in found])
    found = [
        one._replace(found=one.found._replace(p=float(p)))
        for one, p in zip(found, adjusted, strict=True)
    ]
    best: dict[tuple[str, str], Interaction] = {}
    for pair in sorted(found, key=lambda i: (i.found.p, -abs(i.found.value))):
        best.setdefault((pair.first.factor.path, pair.second.factor.path), pair)
    return list(best.values())


class Group(NamedTuple):
    """Runs at which a factor has a value, or lies in a part of its range."""

    label: str
    place: float  # of the middle of the group on the axis of the factor
    points: tuple[str, ...]
    found: EffectSize  # of the mean


LEAST_IN_A_PART, MOST_PARTS = 4, 5


def groups_of(sweep: Sweep, factor: SweepFactor) -> list[tuple[str, float, tuple[str, ...]]]:
    """Points by the factor's value: one group a value, or parts of a range of equally many."""
    held = sweep.points[factor.path].dropna()
    if not factor.line:
        return [
            (value_words(value), float(place), tuple(held.index[held == value]))
            for place, value in enumerate(factor.values)
        ]
    number = max(1, min(MOST_PARTS, len(held) // LEAST_IN_A_PART))
    ordered = held.sort_values()
    parts = [ordered.iloc[part] for part in np.array_split(np.arange(len(ordered)), number)]
    return [
        (
            f"{part.iloc[0]:.2g} to {part.iloc[-1]:.2g}",
            float(part.mean()),
            tuple(map(str, part.index)),
        )
        for part in parts
    ]


def means_by(sweep: Sweep, factor: SweepFactor, outcome: str) -> list[Group]:
    """Mean of an outcome at each value of a factor, or in parts of its range.

    The interval is that of the difference to the mean over all points of the same seeds.
    """
    table = sweep.table(outcome)
    acts = table[sweep.points[factor.path].notna()]
    rest = acts - acts.mean()
    overall = float(acts.mean().mean())
    groups = []
    for label, place, points in groups_of(sweep, factor):
        own = rest.loc[list(points)]
        values = own.mean(axis=1) if sweep.drawn or own.shape[1] < 2 else own.mean()
        values = values.dropna()
        if len(values):
            mean = mean_interval(values.to_numpy())
            low, high = (overall + end for end in mean.interval)
            found = EffectSize(overall + mean.mean, low, high, 1.0)
            groups.append(Group(label, place, points, found))
    return groups


def extremes(sweep: Sweep, outcome: str) -> list[tuple[str, EffectSize]]:
    """The points with the lowest and the highest mean of an outcome."""
    means = sweep.table(outcome).mean(axis=1).dropna()
    if len(means) < 2:
        return []
    found = []
    for point in (str(means.idxmin()), str(means.idxmax())):
        values = sweep.table(outcome).loc[point].dropna().to_numpy()
        mean = mean_interval(values)
        low, high = mean.interval
        if sweep.outcome(outcome).unit == "share" and outcome != TAU:
            low, high = max(low, 0.0), min(high, 1.0)
        found.append((point, EffectSize(mean.mean, low, high, 1.0)))
    return found


def sizes(found: Sequence[Effect]) -> dict[str, float]:
    """How far each factor moves an outcome: from its lowest value to its highest."""
    moved: dict[str, list[float]] = {}
    for effect in found:
        moved.setdefault(effect.factor.path, [0.0]).append(effect.found.value)
    return {path: max(values) - min(values) for path, values in moved.items()}


def shown_outcomes(sweep: Sweep, result: Result) -> list[SweepOutcome]:
    """The outcomes that a sweep speaks of: the contest's, tau, those the study asks for."""
    asked = result.manifest["outcomes"]["measures"]
    return [o for name, o in sweep.outcomes.items() if name in (TOKENS, REVENUE, TAU, *asked)]


def findings(result: Result, units: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Everything that a sweep found, ready for JSON; see the words of `sentences`.

    `units` are those of all measures, to be stored with it. Outcomes are empty where no run was
    finished. SimError if the result is no sweep.
    """
    design, contest = result.manifest["design"]["kind"], result.scenario.contest
    incumbent = "" if contest is None else contest.incumbent
    kind = ONE_SEED if result.replicates < 2 else INTERVAL[design not in CHOSEN_POINTS]
    document: dict[str, Any] = {
        "title": result.manifest["title"] or result.manifest["name"],
        "design": design,
        "points": len(result.points),
        "n": len(result.runs) - len(result.failed),
        "failed": len(result.failed),
        "vendor": "",
        "vendor_label": "",
        "best_for": incumbent,
        "best_for_label": vendor_label(result.scenario, incumbent) if incumbent else "",
        "factors": [],
        "outcomes": [],
        "classes": [],
        "root_seed": result.seed,
        "seeds": list(range(result.replicates)),
        "scenario_hash": result.scenario_hash,
        "interval_types": [kind],
        "posterior": result.posterior,
        "units": dict(units or {}),
    }
    if document["n"]:
        sweep = sweep_of(result)
        document |= {
            "vendor": sweep.subject,
            "vendor_label": sweep.subject_label,
            "factors": [
                {"path": f.path, "label": f.label, "values": f.titles()} for f in sweep.factors
            ],
            "outcomes": [outcome_document(sweep, o) for o in shown_outcomes(sweep, result)],
            "classes": _class_shares(sweep),
        }
    document["sentences"] = list(sentences(document))
    return dict(plain(document))


def store_findings(result: Result, units: Mapping[str, str]) -> dict[str, Any]:
    """Find, and write what was found beside the runs; an earlier file that differs is put aside."""
    found = findings(result, units)
    write_once(result.path / FINDINGS, json_bytes(found))
    return found


def outcome_document(sweep: Sweep, outcome: SweepOutcome) -> dict[str, Any]:
    """Effects, clear interactions and extreme points of one outcome, ready for JSON."""
    found = effects(sweep, outcome.name)
    moved = dict(sorted(sizes(found).items(), key=lambda item: -item[1]))
    ordered = sorted(found, key=lambda e: (-moved[e.factor.path], e.factor.path))
    clear = [i for i in interactions(sweep, outcome.name) if i.found.p < SIGNIFICANT]
    adjusted = holm([e.found.p for e in ordered]).tolist() if ordered else []
    return {
        "name": outcome.name,
        "title": outcome.title,
        "unit": outcome.unit,
        "mean": float(sweep.table(outcome.name).mean().mean()),
        "effects": [
            {**_named(effect), **_numbers(effect.found), "p_holm": p}
            for effect, p in zip(ordered, adjusted, strict=True)
        ],
        "interactions": [
            {"of": [_named(i.first), _named(i.second)], **_numbers(i.found)} for i in clear
        ],
        "extremes": [
            {"point": point, "setting": setting_words(sweep, point, list(moved)), **_numbers(found)}
            for point, found in extremes(sweep, outcome.name)
        ],
    }


def _named(effect: Effect) -> dict[str, str]:
    return {
        "factor": effect.factor.path,
        "label": effect.factor.label,
        "from": value_words(effect.start),
        "to": value_words(effect.end),
    }


def _numbers(found: EffectSize) -> dict[str, Any]:
    return {"estimate": found.value, "interval": [found.low, found.high], "p": found.p}


def _class_shares(sweep: Sweep) -> list[dict[str, Any]]:
    if CLASS not in sweep.runs:
        return []
    counts = sweep.runs[CLASS].value_counts()
    bounds = goodman_intervals(counts.tolist())
    return [
        {"name": name, "count": count, "share": count / len(sweep.runs), "interval": list(bound)}
        for (name, count), bound in zip(counts.items(), bounds, strict=True)
    ]


def with_interval(row: Mapping[str, Any], unit: str, signed: bool = False, sign: str = "") -> str:
    """An estimate of a document with its interval; `sign` stands behind the estimate."""
    factor = POINTS if unit == "share" else 1.0
    value, low, high = (times(factor, end) for end in (row["estimate"], *row["interval"]))
    places = decimals(low, high, 1 if unit == "share" else 4)
    texts = [
        ("+" if signed and round(end, places) > 0.0 else "") + number(end, places)
        for end in (value, low, high)
        if end is not None
    ]
    texts[0] += f" {sign}" if sign else ""
    return f"{texts[0]} ({texts[1]} to {texts[2]})" if len(texts) == 3 else texts[0]


def unit_words(unit: str, difference: bool = True) -> str:
    """What stands behind a number of a unit."""
    if unit == "share":
        return "points" if difference else "%"
    return "" if unit == "-" else unit


def sentences(document: Mapping[str, Any]) -> Iterator[str]:
    """What the sweep found in plain sentences, the answer first."""
    if not document["outcomes"]:
        return
    first = document["outcomes"][0]
    who = f"{document['vendor_label']} has " if document["vendor"] else "On average "
    mean = _bare(first["mean"], first["unit"])
    text = f"{who}{mean} {unit_words(first['unit'], False)} of {first['title']} on average"
    ends = [_bare(one["estimate"], first["unit"]) for one in first["extremes"]]
    if ends:
        text += f", {ends[0]} to {ends[1]} {unit_words(first['unit'], False)} by point"
    yield f"{text}."
    yield strongest(first)
    if document["posterior"] is not None:
        yield (
            f"Every replicate is a draw of the posterior {document['posterior']['sha256'][:8]} "
            f"({document['posterior']['draws']:,} draws), the same at all points."
        )


def _bare(value: float, unit: str) -> str:
    return number(POINTS * value, 1) if unit == "share" else f"{value:,.3g}"


def strongest(outcome: Mapping[str, Any]) -> str:
    """Which factor moves an outcome most, in a sentence."""
    rows = outcome["effects"]
    if not rows:
        return "There are too few points to tell the factors apart: raise the points."
    top = max(
        (row for row in rows if row["factor"] == rows[0]["factor"]),
        key=lambda row: abs(row["estimate"]),
    )
    more = "up" if top["estimate"] > 0.0 else "down"
    unit = unit_words(outcome["unit"])
    size = with_interval({**top, "estimate": abs(top["estimate"])}, outcome["unit"]).split(" (")[0]
    change = f"{top['from']} to {top['to']} takes it {more} by {size} {unit}".rstrip()
    if all(row["p_holm"] >= SIGNIFICANT for row in rows):
        return (
            f"No factor stands out of the noise; the largest effect is that of {top['label']}: "
            f"{change}."
        )
    label = top["label"]
    return f"{label[:1].upper()}{label[1:]} moves {outcome['title']} most: {change}."
