"""Does the effect survive other mechanisms, benchmarks, priors, free coefficients?"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from sim.analysis.attribution.base import (
    POINTS,
    Attribution,
    AttributionPart,
    Choices,
    Estimate,
    Floats,
    bootstrap_estimate,
    contest_of,
    draw_name,
    drawn_scenarios,
    effect,
    on_and_off,
    own_levers,
    paired_estimate,
    shares,
)
from sim.analysis.priors import Prior, priors_of, unfitted
from sim.analysis.statistics import wilson_interval
from sim.errors import SimError
from sim.events.vendors import StrategyChange
from sim.parts import strategy_fields
from sim.runs.result import Result
from sim.runs.worlds import OFF_MONEY_KEPT, ON, World
from sim.scenario.patches import without_levers
from sim.scenario.schema.scenario import Mechanisms, Scenario


def _mechanisms(scenario: Scenario) -> list[str]:
    return [name for name in Mechanisms.model_fields if getattr(scenario.mechanisms, name)]


def ablation_worlds(scenario: Scenario, choices: Choices) -> tuple[World, ...]:
    """ON and OFF as they are and without each mechanism that works."""
    levers = own_levers(scenario)
    found = [*on_and_off(scenario, levers)]
    for name in _mechanisms(scenario):
        bare = scenario.replace({f"mechanisms.{name}": False})
        found += on_and_off(bare, levers, (f"{ON}-{name}", f"off-{name}"), f"without {name}")
    return tuple(found)


def read_ablation(result: Result, choices: Choices) -> Attribution:
    """tau in each market, in points, and how far it moves from the whole market's."""
    rows = [effect(result, "the whole market", ON, OFF_MONEY_KEPT)]
    for name in _mechanisms(result.scenario):
        table = shares(result, [ON, OFF_MONEY_KEPT, f"{ON}-{name}", f"off-{name}"])
        tau = table[3] - table[2]
        moved = paired_estimate("", tau - (table[1] - table[0]))
        facts = {"change": moved.mean, "change_low": moved.low, "change_high": moved.high}
        rows.append(paired_estimate(f"without {name}", tau, **facts))
    return Attribution("ablation", "tau in markets without one mechanism, points", tuple(rows))


ABLATION = AttributionPart(ablation_worlds, read_ablation)


VENDORS, CLIENTS, PLACEBO = "random_vendors", "random_clients", "placebo"
AGAIN = "again"
WELCH = "Welch t over seeds, 95 %"
LEAST = 1e-3
"""A price sensitivity that no choice shows; 0 would leave surplus in money undefined."""


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
    # Sources and fitted numbers of the prices that are gone would name nothing.
    return scenario.replace(changes | {"sources": [], "fit": []})


def random_clients(scenario: Scenario) -> Scenario:
    """Clients see neither price nor capability: left are chance, inertia and availability."""
    changes: dict[str, Any] = {}
    for name in scenario.segments:
        changes[f"segments.{name}.price_sensitivity.mean"] = LEAST
        changes[f"segments.{name}.price_sensitivity.sd"] = 0.0
    for name in scenario.kinds:
        changes[f"kinds.{name}.capability_weight"] = 0.0
    return scenario.replace(changes)


def benchmarks_worlds(scenario: Scenario, choices: Choices) -> tuple[World, ...]:
    """ON and OFF under each benchmark; ON once more with a lever that does nothing, and again."""
    levers = own_levers(scenario)
    tables: dict[str, Any] = {name: one.model_dump() for name, one in scenario.levers.items()}
    tables[PLACEBO] = {"vendor": contest_of(scenario).incumbent, "off": {}, "title": "nothing"}
    found = [
        *on_and_off(scenario, levers),
        World(
            PLACEBO,
            "with one more lever, which does nothing",
            scenario.replace({"levers": tables}),
        ),
        # Under another name it is another scenario, so that it is run and not taken from ON.
        World(AGAIN, "the same once more", scenario.replace({"name": f"{scenario.name}-again"})),
    ]
    for name, bare in ((VENDORS, random_vendors(scenario)), (CLIENTS, random_clients(scenario))):
        found += on_and_off(bare, levers, (name, f"{name}-off"), name.replace("_", " "))
    return tuple(found)


def read_benchmarks(result: Result, choices: Choices) -> Attribution:
    """tau in points under each benchmark; the placebo's and A/A, which must be exactly 0.

    The last row is the difference between runs of the same scenario under other seeds: half of
    the seeds less the other half. Its interval holds 0 but for one time in twenty.
    """
    rows = [
        effect(result, label, on, off)
        for label, on, off in (
            ("as it stands", ON, OFF_MONEY_KEPT),
            ("vendors that price at random", VENDORS, f"{VENDORS}-off"),
            ("clients that see neither price nor capability", CLIENTS, f"{CLIENTS}-off"),
            ("placebo: a lever that does nothing", PLACEBO, ON),
            ("A/A: the same scenario run again", AGAIN, ON),
        )
    ]
    notes = (
        _exact(rows[-2], "the placebo's effect is exactly 0", "THE PLACEBO HAS AN EFFECT"),
        _exact(rows[-1], "A/A is exactly 0", "THE SAME SCENARIO DIFFERS FROM ITSELF"),
    )
    rows += _halves(shares(result, [ON])[0])
    return Attribution("benchmarks", "tau under benchmarks, points", tuple(rows), notes)


def _halves(alone: Floats) -> list[Estimate]:
    """One half of the seeds against the other, if there are two in each."""
    from scipy.stats import ttest_ind

    half = alone.size // 2
    first, second = alone[:half], alone[half:]
    if half < 2 or not np.ptp(alone):
        return []
    low, high = ttest_ind(second, first, equal_var=False).confidence_interval(0.95)
    gap = float(second.mean() - first.mean())
    label = "chance: the same scenario, other seeds"
    return [Estimate(label, gap, float(low), float(high), int(alone.size), WELCH)]


def _exact(row: Estimate, so: str, otherwise: str) -> str:
    return so if row.mean == 0.0 and row.low in (0.0, None) else otherwise


BENCHMARKS = AttributionPart(benchmarks_worlds, read_benchmarks)


WILSON = "Wilson, 95 %"


def priors_worlds(scenario: Scenario, choices: Choices) -> tuple[World, ...]:
    """Each draw (a latin hypercube) as it is and without each lever of either side."""
    contest_of(scenario)
    found = []
    for name, drawn in drawn_scenarios(scenario, priors_of(scenario), choices):
        found.append(World(name, f"{name} of the priors", drawn))
        for lever in sorted(scenario.levers):
            bare = without_levers(drawn, [lever])
            found.append(World(f"{name}-{lever}", f"{name} without {lever}", bare))
    return tuple(found)


def _draw_effects(result: Result, choices: Choices, suffix: str) -> Floats:
    """``s_C(off) - s_C(on)`` of each draw, mean over replicates, in points."""
    means = []
    for number in range(choices.draws):
        name = draw_name(number)
        on, off = shares(result, [name, f"{name}-{suffix}"])
        means.append(float((off - on).mean()))
    return np.array(means)


def read_priors(result: Result, choices: Choices) -> Attribution:
    """Per lever, the part of the draws in which it lowers the challenger's share, in per cent.

    The effect of a draw is the mean over replicates of s_C with the lever less s_C without.
    """
    rows = []
    for lever in sorted(result.scenario.levers):
        values = -_draw_effects(result, choices, lever)
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
        rows.append(Estimate(lever, share, low, high, len(values), WILSON, facts))
    title = "Draws of the priors in which the lever lowers the challenger's share, per cent"
    names = ", ".join(prior.name for prior in priors_of(result.scenario))
    return Attribution("priors", title, tuple(rows), (f"drawn: {names}",))


PRIORS = AttributionPart(priors_worlds, read_priors)


BOOTSTRAP_DRAWS = "bootstrap over draws, 95 %"
LEVELS = {"a tenth of the draws below": 0.1, "median draw": 0.5, "a tenth of the draws above": 0.9}


def _free(scenario: Scenario) -> tuple[Prior, ...]:
    free = unfitted(priors_of(scenario), scenario)
    if not free:
        raise SimError(f"{scenario.name}: every number with a prior is fitted, so none is left")
    return free


def unidentified_worlds(scenario: Scenario, choices: Choices) -> tuple[World, ...]:
    """Each draw of the numbers that are not fitted, with all of the incumbent's levers and none."""
    levers = own_levers(scenario)
    found: list[World] = []
    for name, drawn in drawn_scenarios(scenario, _free(scenario), choices):
        title = f"{name} of what no figure identifies"
        found += on_and_off(drawn, levers, (name, f"{name}-off"), title)
    return tuple(found)


def read_unidentified(result: Result, choices: Choices) -> Attribution:
    """tau in points by draw (mean over seeds): its mean and quantiles over the draws."""
    scenario = result.scenario
    taus = _draw_effects(result, choices, "off")
    rows = [bootstrap_estimate("mean over the draws", taus, interval_type=BOOTSTRAP_DRAWS)]
    for label, level in LEVELS.items():
        quantile = partial(np.quantile, q=level)
        rows.append(bootstrap_estimate(label, taus, quantile, BOOTSTRAP_DRAWS))
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
    return Attribution("unidentified", title, tuple(rows), notes)


UNIDENTIFIED = AttributionPart(unidentified_worlds, read_unidentified)
