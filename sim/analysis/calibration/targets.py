"""Targets and moments: recorded figures that runs are held against."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, timedelta
from difflib import get_close_matches
from functools import cached_property, reduce
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from sim.analysis.calibration.record import Record, size_of
from sim.analysis.calibration.rules import (
    AGAINST,
    SAME_PRICE,
    SAME_WINDOW,
    TOGETHER,
    Carriers,
    Line,
    ListPrice,
    NoTargetError,
    Rule,
    is_market,
    kind_of,
    line_of,
    names,
    rule_of,
    same,
    vendors_of,
)
from sim.errors import SimError
from sim.months import month_after, months_between

if TYPE_CHECKING:
    from sim.scenario.schema.scenario import Scenario


TargetKind = Literal[
    "share", "total", "rate", "level", "rank", "growth", "ratio", "scaled", "gap", "multiple"
]
Aggregate = Literal["sum", "day", "mean", "last"]
PERCENT = 100.0
WHOLE_MARKET = ("total", "rate", "level", "growth", "scaled")
"""Kinds of figures that the whole market may have."""
BY_AGGREGATE = {"sum": "total", "day": "rate", "mean": "level", "last": "level"}
LOGARITHMIC = ("total", "rate", "level", "scaled", "multiple")
UP_TO_A_FACTOR = ("ratio", "scaled")
PER_DAY = ("/day", " a day", " per day")
OFFERS = "offer"
REPEATED = "the row appears twice"


@dataclass(frozen=True)
class Target:
    """A recorded figure, what to compute from a run to compare with it, and over which months.

    With A(x, p) the amount of vendors (or offers, families) x over the period p, W the scope, B the
    base and s the scale:

    ======== =================================================================================
    share    100 A(x, p) / A(W, p)
    total    A(x, p), a sum; rate: a mean day; level: mean over the months, or the last one
    rank     1 + number of others in W with more
    growth   100 (A(x, p) / A(x, B) - 1)
    ratio    s share(x, p) / share(W, B): shares of another scope, up to one free factor
    scaled   s A(x, p) / A(W, B): amounts up to one free factor
    gap      100 (A(x, p) - A(rivals, p)) / A(W, p)
    multiple A(x, p) / A(rivals, p)
    ======== =================================================================================

    The free factor of a group is fixed by its earliest figures: s is their sum, B their period.
    """

    id: str
    metric: str
    entity: str
    vendors: tuple[str, ...]
    """Vendors that make up the entity; none for a figure of the whole market."""
    measure: str
    """Measure of a run; several that are added are joined by +."""
    kind: TargetKind
    scope: str
    peers: tuple[str, ...]
    """Vendors (or items) inside the scope."""
    period_start: date
    period_end: date
    value: float
    unit: str
    scale: float = 1.0
    """What the computed number is multiplied with to have the recorded unit."""
    picture: str = ""
    """Curve on which the figure may be drawn as a point; none if the scopes differ too much."""
    error: float = 0.0
    """Standard deviation of the recorded figure, in its unit."""
    family: str = ""
    """Metric family."""
    transform: Literal["identity", "log"] = "identity"
    """In which the error and residuals are normal."""
    aggregate: Aggregate = "sum"
    """How the months of the period are put together."""
    items: tuple[str, ...] = ()
    """Offers or families that the figure is about, where it is not about vendors."""
    rivals: tuple[str, ...] = ()
    """The other side of a gap or multiple."""
    base: tuple[date, date] | None = None
    """Period that a growth, ratio or scaled figure relates to."""
    group: str = ""
    """Figures of one group share one free factor."""
    delay: int = 0
    """Months after its date in which a run shows it."""

    @property
    def vendor(self) -> str:
        """The names of the vendors, or of the offers or families, joined."""
        return TOGETHER.join(self.items or self.vendors)

    @property
    def measures(self) -> tuple[str, ...]:
        """Measures that are added."""
        return tuple(self.measure.split("+"))

    @property
    def own(self) -> tuple[str, ...]:
        """Names whose amounts are added: items or vendors, else all in the scope."""
        return self.items or self.vendors or self.peers

    def as_dict(self) -> dict[str, Any]:
        """The recorded figure as plain values."""
        return {
            "id": self.id,
            "metric": self.metric,
            "entity": self.entity,
            "period_start": self.period_start.isoformat(),
            "period_end": self.period_end.isoformat(),
            "unit": self.unit,
            "recorded": self.value,
        }


class Unmapped(NamedTuple):
    """A recorded figure that no measure of the run answers to, and why."""

    id: str
    metric: str
    entity: str
    reason: str


class Input(NamedTuple):
    """A recorded figure that the run takes as given."""

    id: str
    metric: str
    entity: str
    carrier: str
    """Event or parameter of the scenario that carries it, or the free factor that it fixes."""


class Duplicate(NamedTuple):
    """A recorded figure that is there twice, or follows from others."""

    id: str
    metric: str
    entity: str
    of: str
    """The row that counts."""


class Matched(NamedTuple):
    """The record, each row once: compared, not compared, taken as given, counted elsewhere."""

    targets: tuple[Target, ...]
    unmapped: tuple[Unmapped, ...]
    inputs: tuple[Input, ...] = ()
    duplicates: tuple[Duplicate, ...] = ()

    @property
    def counts(self) -> dict[str, int]:
        """Number of rows of each."""
        return {
            "mapped": len(self.targets),
            "inputs": len(self.inputs),
            "duplicates": len(self.duplicates),
            "unmapped": len(self.unmapped),
        }


def targets(record: Iterable[Record], scenario: Scenario) -> list[Target]:
    """Targets of a scenario in the order of their ids; see `match` for what is left."""
    return list(match(record, scenario).targets)


def match(record: Iterable[Record], scenario: Scenario, to: date | None = None) -> Matched:
    """Split the record into targets of this scenario, inputs, duplicates and unmapped figures.

    The order of the rows does not matter, nor do rows that are there twice: of equal figures the
    one that the scenario is fitted to counts, else the most trusted, else the first by id.

    Parameters
    ----------
    to
        Last day that is known: rows whose period ends later are unmapped and play no part.
    """
    rows = sorted(record, key=lambda row: row.id)
    repeated = [row for before, row in pairwise(rows) if row.id == before.id]
    distinct = list({row.id: row for row in rows}.values())
    known = {row.id: row for row in distinct if to is None or (_last_day(row) or date.min) <= to}
    late = (row for row in distinct if row.id not in known)
    unmapped = [Unmapped(row.id, row.metric, row.entity, f"recorded after {to}") for row in late]
    carriers = Carriers(scenario, known.values())
    found: list[Target | Input] = []
    for row in known.values():
        try:
            found.append(_read(row, scenario, carriers))
        except NoTargetError as reason:
            unmapped.append(Unmapped(row.id, row.metric, row.entity, str(reason)))
    kept, duplicates = _without_duplicates(found, known, scenario)
    duplicates += [Duplicate(row.id, row.metric, row.entity, REPEATED) for row in repeated]
    scaled, inputs = _scaled([one for one in kept if isinstance(one, Target)])
    inputs += [one for one in kept if isinstance(one, Input)]
    return Matched(
        tuple(scaled),
        tuple(sorted(unmapped)),
        tuple(sorted(inputs)),
        tuple(sorted(duplicates)),
    )


def _last_day(row: Record) -> date | None:
    return row.period_end or row.period_start


def _read(row: Record, scenario: Scenario, carriers: Carriers) -> Target | Input:
    rule = rule_of(row)
    if rule.given:
        carrier = _stated(row, rule, carriers)
        if carrier:
            return Input(row.id, row.metric, row.entity, carrier)
    if rule.measure:
        return _target(row, rule, scenario, carriers)
    carrier = carriers.of(row) or _parameter(row, rule, scenario)
    if carrier:
        return Input(row.id, row.metric, row.entity, carrier)
    raise NoTargetError(rule.reason)


def _parameter(row: Record, rule: Rule, scenario: Scenario) -> str:
    """The parameter that a rule names for a figure, "" if the scenario has none for it."""
    for path in rule.input:
        if "{vendor}" not in path:
            return path
        with suppress(NoTargetError):
            return path.format(vendor=vendors_of(row.entity, scenario)[0])
    return ""


def _stated(row: Record, rule: Rule, carriers: Carriers) -> str:
    """What states a figure in the scenario for its month; "" if a run must find it.

    Raises
    ------
    NoTargetError
        A context window that the scenario states otherwise.
    """
    if rule.given == "cited":
        return carriers.of(row, strictly=True)
    cited = carriers.of_list(row) if rule.given == "price" else carriers.of(row)
    if cited:
        return cited
    line, family, month = _model(row, carriers)
    if rule.given == "window":
        window, carrier = carriers.window(family, month)
        if same(row.value, window, SAME_WINDOW):
            return carrier
        raise NoTargetError(f"{family} has a window of {window:,.0f} tokens then: another model")
    if line.tier or not carriers.follows_list(_owner(family, carriers), month):
        return ""
    stated = carriers.list_price(family, month)
    held = stated is not None and same(row.value, _side(row, stated), SAME_PRICE)
    return stated.carrier if stated and held else ""


def _side(row: Record, stated: ListPrice) -> float:
    """The price of a list that a row is about: of input, of output, or of the mix."""
    sides = {"input": stated.input, "output": stated.output}
    return next((price for side, price in sides.items() if side in row.metric), stated.mixed)


def _owner(family: str, carriers: Carriers) -> str:
    return str(carriers.scenario.families[family].owner)


def _model(row: Record, carriers: Carriers) -> tuple[Line, str, date]:
    """Line and family of a model on sale, and the month in which a run shows it."""
    line = line_of(row.entity)
    if line.family not in carriers.scenario.families:
        raise NoTargetError(f"the scenario has no family {line.family}")
    if row.period_start is None:
        raise NoTargetError("the record gives no period")
    delay = carriers.delay(line.family, row.period_start)
    return line, line.family, month_after(row.period_start, delay)


def _target(row: Record, rule: Rule, scenario: Scenario, carriers: Carriers) -> Target:
    aggregate = rule.aggregate or ("day" if row.unit.endswith(PER_DAY) else "sum")
    kind, base = (rule.kind, "") if rule.kind else kind_of(row.metric)
    if kind == "total":
        kind = BY_AGGREGATE[aggregate]
    transform = rule.transform or ("log" if kind in LOGARITHMIC and row.unit != "%" else "identity")
    if transform == "log" and row.value <= 0.0:
        raise NoTargetError("a figure of 0 has no relative error")
    start, end = _days(row, aggregate)
    error = math.hypot(rule.error * row.value, rule.points)
    target = Target(
        id=row.id,
        metric=row.metric,
        entity=row.entity,
        vendors=(),
        measure=rule.measure,
        kind=kind,  # type: ignore[arg-type]
        scope=rule.scope,
        peers=_scope(rule.scope, scenario),
        period_start=start,
        period_end=end,
        value=row.value,
        unit=row.unit,
        scale=PERCENT if kind in ("share", "growth", "gap") else 1.0,
        picture=rule.picture if kind == "share" else "",
        error=error * names().confidence.get(row.confidence, 1.0),
        family=rule.family or rule.measure,
        transform=transform,  # type: ignore[arg-type]
        aggregate=aggregate,  # type: ignore[arg-type]
        base=_base(base, start, end) if kind == "growth" else None,
    )
    if rule.scope == "line":
        target = _offered(target, row, carriers)
    else:
        target = _named(target, rule, scenario)
    if target.base and base == "halves":
        target = replace(target, period_start=month_after(target.base[1], 1))
    _refuse_outside(target, scenario)
    _refuse_unloaded(target, rule, scenario)
    return target


LONGEST_MONTH = 31


def _days(row: Record, aggregate: str) -> tuple[date, date]:
    """First and last day; a figure of one day may lack either, a sum may not."""
    start, end = row.period_start, row.period_end
    if aggregate != "sum":
        start, end = start or end, end or start
    if start is None or end is None:
        raise NoTargetError("the record gives no period")
    if aggregate == "day" and (end - start).days > LONGEST_MONTH and end != _last_of_month(end):
        raise NoTargetError("a day of a longer period, not said which")
    return start, end


def _base(name: str, start: date, end: date) -> tuple[date, date]:
    """Period that a growth is against."""
    months = months_between(start, end) + 1
    if name == "halves":
        return start, _last_of_month(month_after(start, months // 2 - 1))
    if name.isdigit():
        return date(int(name), 1, 1), date(int(name), 12, 31)
    back = 12 if name == "year" else months
    return month_after(start, -back), _last_of_month(month_after(end, -back))


def _last_of_month(month: date) -> date:
    return month_after(month, 1) - timedelta(days=1)


def _named(target: Target, rule: Rule, scenario: Scenario) -> Target:
    """The target with the vendors that its entity stands for."""
    sides = AGAINST.split(target.entity) if target.kind in ("gap", "multiple") else [target.entity]
    if target.kind in ("gap", "multiple") and len(sides) != 2:
        raise NoTargetError("a gap or multiple names two sides: one vs the other")
    whole = target.kind in WHOLE_MARKET and is_market(target.entity)
    own = () if whole else vendors_of(sides[0], scenario)
    rivals = vendors_of(sides[1], scenario) if len(sides) == 2 else ()
    outside = [vendor for vendor in (*own, *rivals) if vendor not in target.peers]
    if outside and target.scope != "owned_families":
        raise NoTargetError(f"{', '.join(outside)} is outside the scope {target.scope}")
    group = ""
    if target.kind in UP_TO_A_FACTOR:
        group = f"{target.metric} [{target.unit}]" + (" of the market" if whole else "")
        group += f" of {TOGETHER.join(own)}" if own and rule.factor == "vendor" else ""
    target = replace(target, vendors=own, rivals=rivals, group=group)
    return target if target.scope != "owned_families" else _of_families(target, scenario)


def _of_families(target: Target, scenario: Scenario) -> Target:
    families = scenario.families.items()
    items = tuple(n for n, f in families if f.owner in target.vendors and f.weights != "closed")
    if not items:
        raise NoTargetError(f"{target.entity} has no open family in the scenario")
    return replace(target, items=items, peers=items)


def _offered(target: Target, row: Record, carriers: Carriers) -> Target:
    """The target with the offer whose list price it is."""
    line, family, month = _model(row, carriers)
    owner = _owner(family, carriers)
    offer = (f"api/{owner}/{family}",)
    stated = carriers.list_price(family, month)
    delay = months_between(target.period_start, month)
    target = replace(target, vendors=(owner,), items=offer, peers=offer, delay=delay)
    if line.tier:
        group = f"{row.metric} of {line.tier} [{row.unit}]"
        return replace(target, kind="scaled", group=group, error=TIER_ERROR * row.value)
    return replace(target, scale=_side(row, stated) / stated.mixed) if stated else target


TIER_ERROR = 0.6
"""Relative error of a list price as an index of another quality tier."""


def _refuse_outside(target: Target, scenario: Scenario) -> None:
    start, months = scenario.calendar.start, scenario.calendar.months
    first = min(target.period_start, *(target.base or ())[:1], target.period_start)
    last = months_between(start, target.period_end) + target.delay
    if months_between(start, first) < 0 or last >= months:
        raise NoTargetError(f"its period is outside the {months} months from {start:%Y-%m}")


def _refuse_unloaded(target: Target, rule: Rule, scenario: Scenario) -> None:
    if not rule.needs:
        return
    field = rule.needs.split(".")
    loads = [reduce(getattr, field, scenario.vendors[name]) for name in target.own]
    if not any(loads):
        raise NoTargetError(f"{target.entity} has no {rule.needs} in the scenario: own apps count")


def _scope(scope: str, scenario: Scenario) -> tuple[str, ...]:
    return tuple(
        name
        for name, vendor in scenario.vendors.items()
        if not (scope == "cloud_platforms" and vendor.model_company)
    )


def _without_duplicates(
    found: list[Target | Input], rows: Mapping[str, Record], scenario: Scenario
) -> tuple[list[Target | Input], list[Duplicate]]:
    """Figures that count, and those that equal one of them or follow from two totals."""
    trust = list(names().confidence)
    listed = set(scenario.calibration.targets)

    def rank(one: Target | Input) -> tuple[bool, bool, int, bool, str]:
        row = rows[one.id]
        place = trust.index(row.confidence) if row.confidence in trust else len(trust)
        found = isinstance(one, Target)  # what equals a given figure is given too
        return (one.id not in listed, found, place, row.kind == "article", one.id)

    kept: dict[str, Target | Input] = {}
    by_thing: dict[object, list[Record]] = {}
    duplicates: list[Duplicate] = []
    for one in sorted(found, key=rank):
        row = rows[one.id]
        alike = by_thing.setdefault(_thing(one, row, scenario), [])
        first = next((other for other in alike if _same_period(row, other)), None)
        if first is None:
            alike.append(row)
            kept[one.id] = one
        else:
            duplicates.append(Duplicate(one.id, one.metric, one.entity, first.id))
    for one, total in _following([one for one in kept.values() if isinstance(one, Target)]):
        duplicates.append(Duplicate(one.id, one.metric, one.entity, total))
        del kept[one.id]
    return sorted(kept.values(), key=lambda one: one.id), duplicates


def _thing(one: Target | Input, row: Record, scenario: Scenario) -> object:
    """What a figure is about and what it says, without its period."""
    size, base = 1.0, row.unit
    with suppress(SimError):
        size, base = size_of(row.unit)
    value = float(f"{row.value * size:.10g}")
    rule = rule_of(row)
    about: object = row.entity
    if rule.scope != "line":
        with suppress(NoTargetError):
            about = vendors_of(row.entity, scenario)
    kind = kind_of(row.metric) if rule.family != "list_price" else row.metric
    return (rule if rule.family else row.metric, kind, about, value, base)


def _same_period(one: Record, other: Record) -> bool:
    """Equal periods, or a day inside the other's period."""
    (start, end), (first, last) = (
        (row.period_start or row.period_end, row.period_end or row.period_start)
        for row in (one, other)
    )
    if start is None or end is None or first is None or last is None:
        return (start, end) == (first, last)
    inside = (start == end and first <= start <= last) or (first == last and start <= first <= end)
    return (start, end) == (first, last) or inside


def _following(kept: list[Target]) -> Iterator[tuple[Target, str]]:
    """Growth figures whose two totals are recorded, with the ids of these."""
    totals = {(t.measure, t.own, t.period_start, t.period_end): t.id for t in kept if _adds(t)}
    for one in kept:
        if one.kind == "growth" and one.base:
            periods = (one.base, (one.period_start, one.period_end))
            ids = [totals.get((one.measure, one.own, *period)) for period in periods]
            if None not in ids:
                yield one, TOGETHER.join(map(str, ids))


def _adds(target: Target) -> bool:
    return target.kind in ("total", "rate")


def _scaled(found: list[Target]) -> tuple[list[Target], list[Input]]:
    """Targets with the scale and base of their group; a figure that alone fixes one is an input."""
    groups: dict[str, list[Target]] = {}
    for target in found:
        if target.group:
            groups.setdefault(target.group, []).append(target)
    kept: list[Target] = []
    inputs: list[Input] = []
    for target in found:
        if not target.group:
            kept.append(target)
            continue
        first = min((t.period_end, t.period_start, t.delay) for t in groups[target.group])
        named = [
            t for t in groups[target.group] if (t.period_end, t.period_start, t.delay) == first
        ]
        if named == [target]:
            carrier = f"fixes the free factor of {target.group}"
            inputs.append(Input(target.id, target.metric, target.entity, carrier))
            continue
        base = (month_after(first[1], first[2]), month_after(first[0], first[2]))
        peers = tuple(sorted({name for t in named for name in t.own}))
        scale = math.fsum(t.value for t in named)
        kept.append(replace(target, base=base, peers=peers, scale=scale))
    return kept, inputs


FloatArray = npt.NDArray[np.float64]

SMALLEST_RATIO = 1e-12
"""A simulated total below this part of the recorded one counts as this much."""
NO_MOMENT = "a rank does not answer to small changes"


@dataclass(frozen=True)
class Moments:
    """Targets of a calibration, T of them, with the relative standard error of each."""

    targets: tuple[Target, ...]
    errors: tuple[float, ...]

    @cached_property
    def recorded(self) -> FloatArray:
        """(T,) recorded figures."""
        return np.array([target.value for target in self.targets])

    @cached_property
    def _logarithmic(self) -> npt.NDArray[np.bool_]:
        return np.array([target.transform == "log" for target in self.targets])

    def residuals(self, figures: FloatArray) -> FloatArray:
        """Misses in standard errors of the record.

        A total misses by ``ln(m / y) / e``, a share, ratio or growth by ``(m - y) / (e |y|)``,
        with the recorded figure y, its relative standard error e and the simulated figure m.

        Parameters
        ----------
        figures
            (..., T) simulated figures in the units of the record.

        Returns
        -------
        (..., T)
        """
        recorded = self.recorded
        # Only totals are known to be positive.
        base = np.where(self._logarithmic, recorded, 1.0)
        ratio = np.maximum(np.where(self._logarithmic, figures, 1.0) / base, SMALLEST_RATIO)
        relative = (figures - recorded) / np.abs(recorded)
        return np.where(self._logarithmic, np.log(ratio), relative) / np.array(self.errors)

    def misses(self, figures: FloatArray) -> FloatArray:
        """(T,) residuals of the mean over seeds of (R, T) figures."""
        return self.residuals(figures.mean(axis=0))

    def spread(self, figures: FloatArray) -> FloatArray:
        """(T,) variance between seeds of the residuals of (R, T) figures; 0 from one seed."""
        if len(figures) < 2:
            return np.zeros(len(self.targets))
        return np.asarray(self.residuals(figures).var(axis=0, ddof=1))

    def months(self, scenario: Scenario) -> int:
        """Months of the scenario up to the last one of a target."""
        start = scenario.calendar.start
        return 1 + max(months_between(start, target.period_end) for target in self.targets)


def moments(record: Iterable[Record], scenario: Scenario) -> Moments:
    """The rows of the record that `[calibration]` lists, or all that a run answers to.

    Raises
    ------
    SimError
        One line for each listed row that is not in the record or cannot be fitted; no row at all.
    """
    rows = {row.id: row for row in record}
    matched = match(rows.values(), scenario)
    found = {target.id: target for target in matched.targets}
    wrong = {row.id: row.reason for row in matched.unmapped}
    wrong |= {row.id: f"it is an input: {row.carrier}" for row in matched.inputs}
    wrong |= {row.id: f"the same figure as {row.of}" for row in matched.duplicates}
    wrong |= {name: reason for name, target in found.items() if (reason := _unfit(target))}
    listed = dict.fromkeys(scenario.calibration.targets)
    problems = []
    for name in listed:
        if name not in rows:
            near = get_close_matches(name, rows, n=1, cutoff=0.5)
            hint = f" (nearest: {near[0]})" if near else ""
            problems.append(f"calibration.targets: no row {name} in the record{hint}")
        elif name in wrong:
            problems.append(f"calibration.targets: {name} cannot be fitted: {wrong[name]}")
    if problems:
        raise SimError("\n".join(problems))
    names = listed or [name for name in found if name not in wrong]
    if not names:
        raise SimError("no row of the record can be fitted by this scenario")
    own = scenario.calibration.errors
    targets = tuple(found[name] for name in names)
    errors = tuple(own.get(target.metric, scenario.calibration.error) for target in targets)
    return Moments(targets, errors)


def _unfit(target: Target) -> str:
    if target.kind == "rank":
        return NO_MOMENT
    if target.value == 0.0 or (target.kind == "total" and target.value < 0.0):
        return "its value gives no relative error"
    return ""
