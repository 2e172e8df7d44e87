"""A sweep as a table: finished runs, factors with labels, outcomes, outcome classes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from sim.analysis.statistics import ols_slope
from sim.analysis.verdict.grounds import EFFECTS, vendor_label
from sim.analysis.verdict.outcomes import classify_means, split_plateau
from sim.errors import SimError, nearest_hint
from sim.runs.files import read_json
from sim.runs.rows import DONE
from sim.runs.study.schema import WORLD
from sim.runs.worlds import CHALLENGER_OFF, OFF_MONEY_IN_PRICE, OFF_MONEY_KEPT, ON

if TYPE_CHECKING:
    from sim.runs.result import Result

FloatArray = npt.NDArray[np.float64]

FINDINGS = EFFECTS
TOKENS, REVENUE, TAU, CLASS = "platform_token_share", "full_stack_revenue_share", "tau", "class"
CHOSEN_POINTS = ("grid", "list")  # other designs draw theirs
MOST_LEVELS = 12  # a range with more values than these is a line, not a list of levels
TITLES = {
    TOKENS: "platform tokens",
    REVENUE: "full-stack revenue",
    "family_token_share": "tokens of its models",
    TAU: "tau",
}
WORLDS = {
    OFF_MONEY_KEPT: "off, money kept",
    OFF_MONEY_IN_PRICE: "off, money in prices",
    CHALLENGER_OFF: "challenger's moves off",
}
PLAIN_ENDS = ("strategy", "mean", "sd", "low", "high", "start", "share", "value", "initial")


class SweepOutcome(NamedTuple):
    """A number of every run: its column, how people call it, its unit."""

    name: str
    title: str
    unit: str


@dataclass(frozen=True)
class SweepFactor:
    """A factor as it was run."""

    path: str
    label: str
    values: tuple[Any, ...]  # that occur, in order; the two ends of a line
    line: bool  # a range that was sampled
    log: bool = False

    def titles(self) -> list[str]:
        """Its values in words."""
        return [value_words(value) for value in self.values]

    def places(self, values: pd.Series[Any]) -> FloatArray:
        """Place of each value: from 0 to 1 on a line, else 0, 1, 2, ...; NaN where absent."""
        known = values.notna().to_numpy()
        out = np.full(len(values), np.nan)
        if self.line:
            numbers = values[known].to_numpy(dtype=np.float64)
            low, high = (float(end) for end in self.values)
            if self.log:
                numbers, low, high = np.log(numbers), math.log(low), math.log(high)
            out[known] = (numbers - low) / (high - low)
        else:
            out[known] = [self.values.index(value) for value in values[known]]
        return out

    def contrasts(self) -> list[tuple[Any, Any]]:
        """What its columns of a fit compare: from, to."""
        return [(self.values[0], value) for value in self.values[1:]]

    def columns(self, values: pd.Series[Any]) -> FloatArray:
        """Its columns of a fit, centred over the points at which it acts, 0 at the others."""
        places = self.places(values)[:, None]
        columns = places if self.line else places == np.arange(1, len(self.values))
        acts = np.isfinite(places[:, 0])
        columns = np.where(acts[:, None], columns, 0.0).astype(np.float64)
        if acts.any():
            columns[acts] -= columns[acts].mean(axis=0)
        return columns


@dataclass(frozen=True, eq=False)
class Sweep:
    """Finished runs of a sweep, one row a run: point, replicate, factors by path, outcomes."""

    runs: pd.DataFrame
    factors: tuple[SweepFactor, ...]
    outcomes: Mapping[str, SweepOutcome]
    subject: str  # vendor that the outcomes by vendor speak of
    subject_label: str
    drawn: bool  # whether the points were drawn

    def factor(self, name: str) -> SweepFactor:
        """The factor of a path, an unambiguous end of a path, or a label. SimError if none is."""
        words = name.replace("_", " ").casefold()
        found = [
            f
            for f in self.factors
            if name == f.path
            or f.path.endswith(f".{name}")
            or words in (f.label.casefold(), f.label.casefold().replace("_", " "))
        ]
        if len(found) != 1:
            hint = nearest_hint(name, [f.path for f in self.factors])
            raise SimError(f"{'no' if not found else 'more than one'} factor {name} ({hint})")
        return found[0]

    def outcome(self, name: str) -> SweepOutcome:
        """An outcome by name. SimError if there is none."""
        if name not in self.outcomes:
            raise SimError(f"no outcome {name} ({nearest_hint(name, list(self.outcomes))})")
        return self.outcomes[name]

    @cached_property
    def points(self) -> pd.DataFrame:
        """Factor values by point, in the order of the points."""
        columns = ["point", *(factor.path for factor in self.factors)]
        return self.runs[columns].drop_duplicates("point").set_index("point")

    @cached_property
    def main(self) -> SweepOutcome:
        """The outcome that is spoken of first."""
        return next(iter(self.outcomes.values()))

    def having(self, outcome: str) -> Sweep:
        """The same without the runs that lack this outcome."""
        there = np.isfinite(self.runs[outcome])
        return self if there.all() else self.at(there.to_numpy())

    def at(self, chosen: npt.NDArray[np.bool_]) -> Sweep:
        """Some of the runs; a factor keeps the values that they have. SimError if there is none."""
        runs = self.runs[chosen].reset_index(drop=True)
        if runs.empty:
            raise SimError("no run has all of these values")
        return replace(self, runs=runs, factors=tuple(_seen(f, runs[f.path]) for f in self.factors))

    def table(self, outcome: str) -> pd.DataFrame:
        """An outcome by point and replicate; missing where a run has none."""
        rows = self.runs.pivot(index="point", columns="replicate", values=outcome)
        return rows.reindex(self.points.index)


def sweep_of(result: Result, where: Mapping[str, Sequence[Any]] | None = None) -> Sweep:
    """The finished runs of a stored sweep, at those points that have one of these values.

    SimError if it is no sweep, no run was finished, or no point has such a value.
    """
    if not result.is_sweep:
        raise SimError(f"{result.path} is no sweep: it has no factors")
    documents = result.manifest["factors"]
    drawn = result.manifest["design"]["kind"] not in CHOSEN_POINTS
    runs = result.runs[result.runs["status"] == DONE].reset_index(drop=True)
    if runs.empty:
        raise SimError(f"{result.path} has no finished run: see `sim status`")
    subject, outcomes, values = _outcomes(result, runs)
    kept = runs[["point", "replicate", *(d["path"] for d in documents)]].copy()
    kept = pd.concat([kept, pd.DataFrame(values, index=kept.index)], axis=1)
    labels = factor_labels([d["path"] for d in documents], result.scenario)
    factors = tuple(_factor(d, labels[d["path"]], kept[d["path"]], drawn) for d in documents)
    sweep = Sweep(
        kept,
        factors,
        outcomes,
        subject,
        vendor_label(result.scenario, subject) if subject else "",
        drawn,
    )
    return _narrowed(sweep, where) if where else sweep


def _narrowed(sweep: Sweep, where: Mapping[str, Sequence[Any]]) -> Sweep:
    chosen = np.ones(len(sweep.runs), dtype=bool)
    for name, wanted in where.items():
        factor = sweep.factor(name)
        held = sweep.runs[factor.path]
        texts = {str(value) for value in wanted}
        found = held.astype(str).isin(texts) | held.isin(list(wanted))
        if not found.any():
            known = [str(value) for value in held.dropna().unique()]
            raise SimError(
                f"{factor.path}: no point has {', '.join(texts)} "
                f"({nearest_hint(next(iter(texts), ''), known)})"
            )
        chosen &= found.to_numpy()
    return sweep.at(chosen)


def _seen(factor: SweepFactor, held: pd.Series[Any]) -> SweepFactor:
    if factor.line and held.nunique() > 1:
        return factor
    there = set(held.dropna())
    values = tuple(v for v in factor.values if v in there) or tuple(sorted(there))
    return SweepFactor(factor.path, factor.label, values, False, factor.log)


def _factor(
    document: Mapping[str, Any], label: str, held: pd.Series[Any], drawn: bool
) -> SweepFactor:
    log = document.get("scale") == "log"
    there = held.dropna().unique()
    if "values" in document:
        # text columns hold what is no text as JSON
        order = [v for v in document["values"] if v in set(there)]
        values = tuple(order) if len(order) == len(there) else tuple(sorted(there, key=str))
    else:
        values = tuple(sorted(there.tolist()))
        if len(values) > 1 and (drawn or len(values) > MOST_LEVELS):
            ends = (float(document["low"]), float(document["high"]))
            return SweepFactor(document["path"], label, ends, True, log)
    return SweepFactor(document["path"], label, values, False, log)


def factor_labels(paths: Sequence[str], scenario: Any) -> dict[str, str]:
    """Short names of factors for people: the end of the path, the vendor before it if needed."""
    labels = {path: _short(path) for path in paths}
    for path in _doubled(labels):
        keys = path.split(".")
        owner = vendor_label(scenario, keys[1]) if keys[0] == "vendors" else keys[-3:-2]
        labels[path] = " ".join([*([owner] if isinstance(owner, str) else owner), labels[path]])
    doubled = _doubled(labels)
    return {
        path: path.replace(".", " ").replace("_", " ") if path in doubled else label
        for path, label in labels.items()
    }


def _doubled(labels: Mapping[str, str]) -> list[str]:
    held = list(labels.values())
    return [path for path, label in labels.items() if held.count(label) > 1]


def _short(path: str) -> str:
    if path == WORLD:
        return "incumbent's moves"
    keys = [key for key in path.split(".") if key != "parameters"]
    last = keys[-1]
    start = -2 if len(keys) > 1 and ("_" not in last or last in PLAIN_ENDS) else -1
    return " ".join(keys[start:]).replace("_", " ")


def value_words(value: Any) -> str:
    """A value of a factor for people."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "-"
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if isinstance(value, int | float | np.number):
        return f"{float(value):,.3g}" if abs(float(value)) < 1e3 else f"{float(value):,.0f}"
    return WORLDS.get(value) or str(value).replace("_", " ")


def setting_words(sweep: Sweep, point: str, first: Sequence[str] = ()) -> str:
    """The factor values of a point on one line, those of some paths first."""
    row = sweep.points.loc[point]
    order = [*first, *(f.path for f in sweep.factors)]
    factors = sorted(sweep.factors, key=lambda factor: order.index(factor.path))
    held = [(f.label, row[f.path]) for f in factors if pd.notna(row[f.path])]
    return ", ".join(f"{label} {value_words(value)}" for label, value in held)


def _outcomes(
    result: Result, runs: pd.DataFrame
) -> tuple[str, dict[str, SweepOutcome], dict[str, Any]]:
    """Whom the outcomes speak of, the outcomes, and their values in every run."""
    contest = result.scenario.contest
    vendors = list(result.scenario.vendors)
    if contest is not None:
        prefix, subject = "challenger_", contest.challenger
    else:
        shares = {v: runs[f"{v}_{TOKENS}"].mean() for v in vendors if f"{v}_{TOKENS}" in runs}
        subject = max(shares, key=lambda name: shares[name], default="")
        prefix = f"{subject}_"
    units = _units(result)
    asked = [m for m in result.manifest["outcomes"]["measures"] if m not in ("*", TOKENS, REVENUE)]
    others = [m for m in units if m not in (TOKENS, REVENUE, *asked)]
    outcomes: dict[str, SweepOutcome] = {}
    values: dict[str, Any] = {}
    for name in (TOKENS, REVENUE, *asked, *others):
        column = f"{prefix}{name}" if f"{prefix}{name}" in runs else name
        if column not in runs or not np.isfinite(runs[column]).any():
            continue
        title = TITLES.get(name, name.replace("_", " "))
        outcomes[name] = SweepOutcome(name, title, units.get(name, "-"))
        values[name] = runs[column].to_numpy(dtype=np.float64)
    tau = _tau(result, runs, values.get(TOKENS))
    if tau is not None:
        outcomes[TAU] = SweepOutcome(TAU, TITLES[TAU], "share")
        values[TAU] = tau
    classes = _classes(result, runs, tau)
    if classes is not None:
        values[CLASS] = classes
    if not outcomes:
        raise SimError(f"{result.path}: no run has an outcome")
    return subject, outcomes, values


def _units(result: Result) -> dict[str, str]:
    """Units of measures: of all where they were stored with what was found, else of the curves."""
    stored = result.path / FINDINGS
    held = read_json(stored).get("units", {}) if stored.exists() else {}
    kept = {str(n): str(c.attrs.get("unit", "-")) for n, c in result.curves.data_vars.items()}
    units = {TOKENS: "share", REVENUE: "share", **kept, **held}
    return {name: result.scenario.currency.sign(unit) for name, unit in units.items()}


def _tau(result: Result, runs: pd.DataFrame, tokens: FloatArray | None) -> FloatArray | None:
    """Share without the incumbent's moves minus with them, in the runs that have such a pair."""
    if WORLD not in runs or tokens is None:
        return None
    offs = [name for name in (OFF_MONEY_KEPT, OFF_MONEY_IN_PRICE) if (runs[WORLD] == name).any()]
    if not offs or not (runs[WORLD] == ON).any():
        return None
    keys = [path for path in result.factors if path != WORLD] + ["replicate"]
    table = runs[[*keys, WORLD]].assign(share=tokens, row=np.arange(len(runs)))
    pairs = table[table[WORLD] == ON].merge(table[table[WORLD] == offs[0]], on=keys)
    if pairs.empty:
        return None
    tau = np.full(len(runs), np.nan)
    tau[pairs["row_x"]] = pairs["share_y"] - pairs["share_x"]
    return tau


def _classes(result: Result, runs: pd.DataFrame, tau: FloatArray | None) -> list[str] | None:
    """Outcome class of every run; None without a contest or without its curves."""
    contest = result.scenario.contest
    if contest is None or not {TOKENS, REVENUE} <= set(result.curves.data_vars):
        return None
    limits = result.scenario.containment
    stride = result.manifest["outcomes"]["stride_months"]
    window = max(2, math.ceil(limits.window_months / stride))
    names = [str(name) for name in result.curves["vendor"].values]
    places = (
        pd.Index(result.curves["point"].values).get_indexer(runs["point"]),
        pd.Index(result.curves["replicate"].values).get_indexer(runs["replicate"]),
    )
    last = [
        result.curves[name]
        .isel(month=slice(-window, None))
        .transpose("point", "replicate", "month", "vendor")
        .to_numpy()[places]
        for name in (TOKENS, REVENUE)
    ]
    if last[0].shape[1] < 2 or not all(np.isfinite(part).all() for part in last):
        return None
    challenger = names.index(contest.challenger)
    paths = classify_means(
        last[0].mean(axis=1),
        last[1].mean(axis=1),
        ols_slope(last[0][:, :, challenger]) / stride,
        names.index(contest.incumbent),
        challenger,
        limits,
    )
    effects = np.full(len(runs), np.nan) if tau is None else tau
    return [
        split_plateau(path, None if math.isnan(effect) else effect, limits.minimum_effect).value
        for path, effect in zip(paths, effects, strict=True)
    ]
