"""Does the effect survive other mechanisms, benchmarks, priors, free coefficients?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sim.analysis.attribution.base import (
    BOOTSTRAP_SEED,
    POINTS,
    RESAMPLES,
    Asked,
    Finding,
    Floats,
    Part,
    Row,
    contest_of,
    drawn_worlds,
    own_levers,
    paired_row,
    register,
    shares,
)
from sim.analysis.priors import Prior, priors_of, unfitted
from sim.analysis.statistics import wilson_interval
from sim.errors import SimError
from sim.events.vendors import StrategyChange
from sim.parts import strategy_fields
from sim.runs.worlds import OFF_MONEY_KEPT, ON, World
from sim.scenario.patches import without_levers
from sim.scenario.schema.scenario import Mechanisms, Scenario

if TYPE_CHECKING:
    from sim.runs.result import Result


def _switches(scenario: Scenario) -> list[str]:
    return [name for name in Mechanisms.model_fields if getattr(scenario.mechanisms, name)]


def worlds(scenario: Scenario, asked: Asked) -> tuple[World, ...]:
    """ON and OFF as they are and without each mechanism that works."""
    levers = own_levers(scenario)
    found = [
        World(ON, "as the scenario stands", scenario),
        World(OFF_MONEY_KEPT, "without levers", without_levers(scenario, levers)),
    ]
    for name in _switches(scenario):
        bare = scenario.replace({f"mechanisms.{name}": False})
        found += [
            World(f"{ON}-{name}", f"without {name}", bare),
            World(f"off-{name}", f"without {name}, without levers", without_levers(bare, levers)),
        ]
    return tuple(found)


def read(result: Result, asked: Asked) -> Finding:
    """tau in each market, in points, and how far it moves from the whole market's."""
    on, off = shares(result, [ON, OFF_MONEY_KEPT])
    rows = [paired_row("the whole market", off - on)]
    for name in _switches(result.scenario):
        table = shares(result, [ON, OFF_MONEY_KEPT, f"{ON}-{name}", f"off-{name}"])
        tau = table[3] - table[2]
        moved = paired_row("", tau - (table[1] - table[0]))
        facts = {"change": moved.mean, "change_low": moved.low, "change_high": moved.high}
        rows.append(paired_row(f"without {name}", tau, **facts))
    return Finding("ablation", "tau in markets without one mechanism, points", tuple(rows))


PART = register(Part("ablation", "tau without each mechanism", worlds, read))


VENDORS, CLIENTS, PLACEBO = "random_vendors", "random_clients", "placebo"
AGAIN = "again"
WELCH = "Welch t over seeds, 95 %"


def random_vendors(scenario: Scenario) -> Scenario:
    """Every vendor prices at random above cost from the first month (Gode & Sunder 1993)."""
    changes: dict[str, Any] = {
        f"vendors.{name}.pricing": {"strategy": "zero_intelligence"} for name in scenario.vendors
    }
    events = [
        event.model_dump() | {"pricing": None} if event.what == "strategy" else event.model_dump()
        for event in scenario.events
        if event.what not in ("price_list", "price_cut")
    ]
    acting = {field for field in strategy_fields(StrategyChange) if field != "pricing"}
    changes["events"] = [
        event for event in events if event["what"] != "strategy" or any(event[f] for f in acting)
    ]
    # what told of the prices that are gone would cover nothing
    return scenario.replace(changes | {"sources": [], "fit": []})


def random_clients(scenario: Scenario) -> Scenario:
    """Clients see neither price nor capability: what is left is luck, inertia and availability."""
    changes: dict[str, Any] = {}
    for name in scenario.segments:
        changes[f"segments.{name}.price_sensitivity.mean"] = LEAST
        changes[f"segments.{name}.price_sensitivity.sd"] = 0.0
    for name in scenario.kinds:
        changes[f"kinds.{name}.capability_weight"] = 0.0
    return scenario.replace(changes)


LEAST = 1e-3
"""A price sensitivity that no choice shows; 0 would leave surplus in money undefined."""


def worlds_benchmarks(scenario: Scenario, asked: Asked) -> tuple[World, ...]:
    """ON and OFF under each benchmark; ON once more with a lever that does nothing, and again."""
    levers = own_levers(scenario)
    placebo = scenario.replace({"levers": {**_tables(scenario), PLACEBO: _nothing(scenario)}})
    found = [
        World(ON, "as the scenario stands", scenario),
        World(OFF_MONEY_KEPT, "without levers", without_levers(scenario, levers)),
        World(PLACEBO, "with one more lever, which does nothing", placebo),
        # Under another name it is another scenario, so that it is run and not taken from ON.
        World(AGAIN, "the same once more", scenario.replace({"name": f"{scenario.name}-again"})),
    ]
    for name, bare in ((VENDORS, random_vendors(scenario)), (CLIENTS, random_clients(scenario))):
        found += [
            World(name, name.replace("_", " "), bare),
            World(f"{name}-off", f"{name}, without levers", without_levers(bare, levers)),
        ]
    return tuple(found)


def _tables(scenario: Scenario) -> dict[str, Any]:
    return {name: lever.model_dump() for name, lever in scenario.levers.items()}


def _nothing(scenario: Scenario) -> dict[str, Any]:
    assert scenario.contest is not None
    return {"vendor": scenario.contest.incumbent, "off": {}, "title": "nothing"}


def read_benchmarks(result: Result, asked: Asked) -> Finding:
    """tau in points under each benchmark; the placebo's and A/A, which must be exactly 0.

    Luck is the difference between runs of the same scenario under other seeds: half of the seeds
    less the other half. Its interval holds 0 but for one time in twenty.
    """
    rows = []
    for label, on, off in (
        ("as it stands", ON, OFF_MONEY_KEPT),
        ("vendors that price at random", VENDORS, f"{VENDORS}-off"),
        ("clients that see neither price nor capability", CLIENTS, f"{CLIENTS}-off"),
        ("placebo: a lever that does nothing", PLACEBO, ON),
        ("A/A: the same scenario run again", AGAIN, ON),
    ):
        table = shares(result, [on, off])
        rows.append(paired_row(label, table[1] - table[0]))
    notes = (
        _exact(rows[-2], "the placebo's effect is exactly 0", "THE PLACEBO HAS AN EFFECT"),
        _exact(rows[-1], "A/A is exactly 0", "THE SAME SCENARIO DIFFERS FROM ITSELF"),
    )
    rows += _luck(shares(result, [ON])[0])
    return Finding("benchmarks", "tau under benchmarks, points", tuple(rows), notes)


def _luck(alone: Floats) -> list[Row]:
    """One half of the seeds against the other, if there are two in each."""
    from scipy.stats import ttest_ind

    half = alone.size // 2
    first, second = alone[:half], alone[half:]
    if half < 2 or not np.ptp(alone):
        return []
    low, high = ttest_ind(second, first, equal_var=False).confidence_interval(0.95)
    gap = float(second.mean() - first.mean())
    label = "luck: the same scenario, other seeds"
    return [Row(label, gap, float(low), float(high), int(alone.size), WELCH)]


def _exact(row: Row, so: str, otherwise: str) -> str:
    return so if row.mean == 0.0 and row.low in (0.0, None) else otherwise


PART_BENCHMARKS = register(
    Part(
        "benchmarks",
        "vendors or clients without intelligence; placebo, A/A",
        worlds_benchmarks,
        read_benchmarks,
    )
)


WILSON = "Wilson, 95 %"


def _point(draw: int, lever: str = "") -> str:
    return f"draw{draw:03d}" + (f"-{lever}" if lever else "")


def worlds_priors(scenario: Scenario, asked: Asked) -> tuple[World, ...]:
    """Each draw (a latin hypercube) as it is and without each lever of either side."""
    contest_of(scenario)
    found = []
    for number, world in enumerate(drawn_worlds(scenario, priors_of(scenario), asked)):
        found.append(World(_point(number), f"draw {number} of the priors", world))
        for lever in sorted(scenario.levers):
            title = f"draw {number} without {lever}"
            found.append(World(_point(number, lever), title, without_levers(world, [lever])))
    return tuple(found)


def read_priors(result: Result, asked: Asked) -> Finding:
    """Per lever, the part of the draws in which it lowers the challenger's share, in per cent.

    The effect of a draw is the mean over replicates of s_C with the lever less s_C without.
    """
    rows = []
    for lever in sorted(result.scenario.levers):
        effects = []
        for number in range(asked.draws):
            on, off = shares(result, [_point(number), _point(number, lever)])
            effects.append(float((on - off).mean()))
        values = np.array(effects)
        lowers = int((values < 0.0).sum())
        interval = wilson_interval(lowers, len(values))
        facts = {
            "lowers": lowers,
            "raises": int((values > 0.0).sum()),
            "nothing": int((values == 0.0).sum()),
            "p05": float(np.quantile(values, 0.05)),
            "median": float(np.median(values)),
            "p95": float(np.quantile(values, 0.95)),
        }
        share = POINTS * lowers / len(values)
        low, high = POINTS * interval.lower, POINTS * interval.upper
        rows.append(Row(lever, share, low, high, len(values), WILSON, facts))
    title = "Draws of the priors in which the lever lowers the challenger's share, per cent"
    names = ", ".join(prior.name for prior in priors_of(result.scenario))
    return Finding("priors", title, tuple(rows), (f"drawn: {names}",))


PART_PRIORS = register(
    Part("priors", "sign of every lever over the priors", worlds_priors, read_priors)
)


BOOTSTRAP_DRAWS = "bootstrap over draws, 95 %"
LEVELS = {"a tenth of the draws below": 0.1, "median draw": 0.5, "a tenth of the draws above": 0.9}


def _free(scenario: Scenario) -> tuple[Prior, ...]:
    free = unfitted(priors_of(scenario), scenario)
    if not free:
        raise SimError(f"{scenario.name}: every number with a prior is fitted, so none is left")
    return free


def _point_unidentified(draw: int, off: bool = False) -> str:
    return f"draw{draw:03d}" + ("-off" if off else "")


def worlds_unidentified(scenario: Scenario, asked: Asked) -> tuple[World, ...]:
    """Each draw of the numbers that are not fitted, with all of the incumbent's levers and none."""
    levers = own_levers(scenario)
    found = []
    for draw, world in enumerate(drawn_worlds(scenario, _free(scenario), asked)):
        title = f"draw {draw} of what no figure identifies"
        found.append(World(_point_unidentified(draw), title, world))
        found.append(
            World(
                _point_unidentified(draw, True), f"{title}, no lever", without_levers(world, levers)
            )
        )
    return tuple(found)


def read_unidentified(result: Result, asked: Asked) -> Finding:
    """tau in points by draw (mean over seeds): its mean and quantiles over the draws."""
    scenario = result.scenario
    taus = np.array([_tau(result, draw) for draw in range(asked.draws)])
    rows = [_row("mean over the draws", taus, None)]
    rows += [_row(label, taus, level) for label, level in LEVELS.items()]
    limit = POINTS * scenario.containment.minimum_effect
    enough, against = int((taus >= limit).sum()), int((taus < 0.0).sum())
    low, high = wilson_interval(enough, len(taus))
    free = _free(scenario)
    fitted = sorted({prior.name for prior in priors_of(scenario)} - {prior.name for prior in free})
    notes = (
        f"tau is {limit:g} points or more in {enough} of {len(taus)} draws (Wilson, 95 %: "
        f"{POINTS * low:.0f} to {POINTS * high:.0f} %), below 0 in {against}; n counts draws, each "
        f"a mean over {result.replicates} seeds",
        f"drawn: {', '.join(prior.name for prior in free)}",
        f"fitted, so not drawn: {', '.join(fitted) or 'none'}",
    )
    title = "tau over the numbers that no recorded figure identifies, points"
    return Finding("unidentified", title, tuple(rows), notes)


def _tau(result: Result, draw: int) -> float:
    on, off = shares(result, [_point_unidentified(draw), _point_unidentified(draw, True)])
    return float((off - on).mean())


def _row(label: str, taus: Floats, level: float | None) -> Row:
    """Mean (no level) or quantile of the draws with its bootstrap interval."""

    def statistic(values: Floats) -> Floats:
        table = values.mean(-1) if level is None else np.quantile(values, level, axis=-1)
        return np.asarray(table, dtype=np.float64)

    low: float | None = None
    high: float | None = None
    if taus.size > 1:
        draws = np.random.Generator(np.random.Philox(BOOTSTRAP_SEED))
        again = statistic(taus[draws.integers(taus.size, size=(RESAMPLES, taus.size))])
        low, high = (float(end) for end in np.quantile(again, [0.025, 0.975]))
    return Row(label, float(statistic(taus)), low, high, int(taus.size), BOOTSTRAP_DRAWS)


PART_UNIDENTIFIED = register(
    Part(
        "unidentified",
        "tau over the numbers that no recorded figure fixes",
        worlds_unidentified,
        read_unidentified,
    )
)
