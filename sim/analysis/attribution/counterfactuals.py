"""Parts of an attribution: the worlds that each runs, and how it reads the effect from them.

Rules, doses, rivals that are frozen or reply; then other mechanisms, benchmarks and priors.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from sim.analysis.attribution.base import (
    POINTS,
    QUESTION,
    WILSON,
    Attribution,
    Choices,
    Estimate,
    bootstrap_estimate,
    draw_effects,
    drawn_scenarios,
    effect,
    halves_estimate,
    on_and_off,
    own_levers,
    paired_estimate,
    shares,
    wilson_estimate,
)
from sim.analysis.priors import Prior, priors_of, unfitted
from sim.analysis.statistics import wilson_interval
from sim.errors import SimError
from sim.events.vendors import StrategyChange
from sim.market.base import BaseMarket
from sim.market.month import PHASES, Phase
from sim.market.simulation import Simulation
from sim.parts import strategy_fields
from sim.runs.result import Result
from sim.runs.worlds import (
    AS_IT_STANDS,
    CHALLENGER_OFF,
    EPISODE_OFF,
    OFF_MONEY_IN_PRICE,
    OFF_MONEY_KEPT,
    ON,
    World,
    contest_of,
    with_other_hosting,
    worlds_of,
)
from sim.scenario.patches import without_levers
from sim.scenario.schema.scenario import Mechanisms, Scenario

OFF_BY_RULE = {"money kept": OFF_MONEY_KEPT, "money in prices": OFF_MONEY_IN_PRICE}
REPLY, REPLY_OFF = "best_reply", "best_reply-off"
DOSES = (0.0, 0.25, 0.5, 0.75, 1.0)
ALL = "all"
VENDORS, CLIENTS, PLACEBO, AGAIN = "random_vendors", "random_clients", "placebo", "again"
LEAST = 1e-3
"""A price sensitivity that no choice shows; 0 would leave surplus in money undefined."""
BOOTSTRAP_DRAWS = "bootstrap over draws, 95 %"
LEVELS = {"a tenth of the draws below": 0.1, "median draw": 0.5, "a tenth of the draws above": 0.9}


def rules_worlds(scenario: Scenario, choices: Choices) -> tuple[World, ...]:
    """The worlds of a verdict."""
    own_levers(scenario)
    return tuple(world for world in worlds_of(scenario) if world.name != EPISODE_OFF)


def read_rules(result: Result, choices: Choices) -> Attribution:
    """``tau = s_C(OFF) - s_C(ON)`` in points, for each rule and hosting; the reverse test last."""
    rows = []
    for title, off in OFF_BY_RULE.items():
        rows.append(effect(result, f"{title}, hosting as it is", ON, off))
        pair = [with_other_hosting(name, result.scenario) for name in (ON, off)]
        if set(pair) <= set(result.points):
            rows.append(effect(result, f"{title}, hosting the other way round", *pair))
    if CHALLENGER_OFF in result.points:
        label = "reverse test: the challenger's levers off"
        rows.append(effect(result, label, ON, CHALLENGER_OFF))
    title = "tau: what the challenger would gain without the incumbent's levers, points"
    return Attribution("rules", title, tuple(rows))


def rivals_worlds(scenario: Scenario, choices: Choices) -> tuple[World, ...]:
    """ON and OFF with the challenger's own policy and with its best reply."""
    levers = own_levers(scenario)
    reply = best_replying(scenario)
    return (
        *on_and_off(scenario, levers),
        *on_and_off(reply, levers, (REPLY, REPLY_OFF), "the challenger replies best"),
    )


def best_replying(scenario: Scenario) -> Scenario:
    """The challenger prices by best response wherever it followed another strategy than a list."""
    challenger = contest_of(scenario, QUESTION).challenger
    reply = {"strategy": "best_response"}
    changes: dict[str, Any] = {}
    if scenario.vendors[challenger].pricing.get("strategy") != "list":
        changes[f"vendors.{challenger}.pricing"] = reply
    for number, event in enumerate(scenario.events):
        if event.what == "strategy" and challenger in event.vendors_named():
            changes[f"events.{number}.pricing"] = reply
    return scenario.replace(changes) if changes else scenario


def read_rivals(result: Result, choices: Choices) -> Attribution:
    """tau in points with the challenger's policy held and with a best reply in both worlds."""
    table = shares(result, [ON, OFF_MONEY_KEPT, REPLY, REPLY_OFF])
    rows = (
        paired_estimate("policy held", table[1] - table[0]),
        paired_estimate("re-optimised: best reply in both worlds", table[3] - table[2]),
    )
    note = "history stays: the reply is free from the month in which the scenario frees prices"
    return Attribution("rivals", "tau by what the challenger may do, points", rows, (note,))


class FrozenRivals:
    """Makes models in which everybody but the incumbent repeats its prices of the ON run.

    Called as ``maker(scenario, rng=seed)``: the scenario with all levers gives the market as it
    is; any other world replays the rivals' list prices of that market under the same seed,
    wherever both have the offer on sale.
    """

    def __init__(self, on: Scenario) -> None:
        self.on = on
        self.__qualname__ = type(self).__qualname__  # under which stored runs name their model

    def __call__(self, scenario: Scenario, rng: Any) -> Simulation:
        """The model of one world."""
        if scenario == self.on:
            return Simulation(scenario, rng=rng)
        recorded = _Recording(self.on, rng=rng)
        recorded.run()
        model = _Replaying(scenario, rng=rng)
        model.prices = recorded.prices
        return model


def _after_decide(phase: Phase) -> tuple[Phase, ...]:
    place = [phase.name for phase in PHASES].index("decide") + 1
    return (*PHASES[:place], phase, *PHASES[place:])


def _record(model: BaseMarket) -> None:
    assert isinstance(model, _Recording)
    incumbent = contest_of(model.scenario, QUESTION).incumbent
    prices = {
        label: float(model.state.list_price[j])
        for j, label in enumerate(model.world.labels[: model.world.n_api])
        if model.state.hosting[j] and model.world.vendors[model.world.platform[j]] != incumbent
    }
    model.prices.append(prices)


def _replay(model: BaseMarket) -> None:
    assert isinstance(model, _Replaying)
    prices = model.prices[model.month]
    for j, label in enumerate(model.world.labels[: model.world.n_api]):
        if model.state.hosting[j] and label in prices:
            model.state.list_price[j] = prices[label]


class _Recording(Simulation):
    phases = _after_decide(Phase("record", "rivals' prices are written down", _record))

    def __init__(self, scenario: Scenario, rng: Any) -> None:
        self.prices: list[dict[str, float]] = []
        super().__init__(scenario, rng=rng)


class _Replaying(Simulation):
    prices: list[dict[str, float]]
    phases = _after_decide(Phase("replay", "rivals repeat the other world's prices", _replay))


def frozen_worlds(scenario: Scenario, choices: Choices) -> tuple[World, ...]:
    """ON, and OFF with the rivals' actions frozen."""
    return on_and_off(scenario, own_levers(scenario))


def read_frozen(result: Result, choices: Choices) -> Attribution:
    """The direct effect: tau in points while no rival reacts with its prices."""
    row = effect(result, "actions frozen: rivals repeat their prices", ON, OFF_MONEY_KEPT)
    return Attribution("frozen", "tau while rivals do not react, points", (row,))


def _groups(scenario: Scenario) -> dict[str, tuple[str, ...]]:
    levers = own_levers(scenario)
    together = {ALL: levers} if len(levers) > 1 else {}
    return together | {name: (name,) for name in levers}


def _dose_name(group: str, dose: float) -> str:
    return ON if dose == 1.0 else f"{group}@{dose:g}"


def dose_worlds(scenario: Scenario, choices: Choices) -> tuple[World, ...]:
    """Each lever alone, and all together, at every dose below the full one."""
    found = [World(ON, AS_IT_STANDS, scenario)]
    for group, levers in _groups(scenario).items():
        for dose in DOSES[:-1]:
            changes = {f"levers.{lever}.intensity": dose for lever in levers}
            title = f"intensity {dose:g} of {group}"
            found.append(World(_dose_name(group, dose), title, scenario.replace(changes)))
    return tuple(found)


def read_dose(result: Result, choices: Choices) -> Attribution:
    """The challenger's share without a lever less its share at a dose of it, in points."""
    rows = []
    for group in _groups(result.scenario):
        table = shares(result, [_dose_name(group, dose) for dose in DOSES])
        for dose, share in zip(DOSES[1:], table[1:], strict=True):
            label = f"{group} at {dose:g}"
            rows.append(paired_estimate(label, table[0] - share, group=group, dose=dose))
    title = "Held back by levers at part of their intensity, points of token share"
    return Attribution("dose", title, tuple(rows))


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


def random_vendors(scenario: Scenario) -> Scenario:
    """Every vendor prices at random above cost from the first month (Gode & Sunder 1993)."""
    changes: dict[str, Any] = {
        f"vendors.{name}.pricing": {"strategy": "zero_intelligence"} for name in scenario.vendors
    }
    acting = {field for field in strategy_fields(StrategyChange) if field != "pricing"}
    events = []
    for event in scenario.events:
        table = event.model_dump()
        if event.what == "strategy" and any(table[field] for field in acting):
            events.append(table | {"pricing": None})
        elif event.what not in ("strategy", "price_list", "price_cut"):
            events.append(table)
    # Sources and fitted numbers of the prices that are gone would name nothing.
    return scenario.replace(changes | {"events": events, "sources": [], "fit": []})


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
    incumbent = contest_of(scenario, QUESTION).incumbent
    tables: dict[str, Any] = {name: one.model_dump() for name, one in scenario.levers.items()}
    tables[PLACEBO] = {"vendor": incumbent, "off": {}, "title": "nothing"}
    inert = scenario.replace({"levers": tables})
    # Under another name it is another scenario, so that it is run and not taken from ON.
    again = scenario.replace({"name": f"{scenario.name}-again"})
    found = [
        *on_and_off(scenario, levers),
        World(PLACEBO, "with one more lever, which does nothing", inert),
        World(AGAIN, "the same once more", again),
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
    rows += halves_estimate(shares(result, [ON])[0])
    return Attribution("benchmarks", "tau under benchmarks, points", tuple(rows), notes)


def _exact(row: Estimate, so: str, otherwise: str) -> str:
    return so if row.mean == 0.0 and row.low in (0.0, None) else otherwise


def priors_worlds(scenario: Scenario, choices: Choices) -> tuple[World, ...]:
    """Each draw (a latin hypercube) as it is and without each lever of either side."""
    contest_of(scenario, QUESTION)
    found = []
    for name, world in drawn_scenarios(scenario, priors_of(scenario), choices):
        found.append(World(name, f"{name} of the priors", world))
        for lever in sorted(scenario.levers):
            bare = without_levers(world, [lever])
            found.append(World(f"{name}-{lever}", f"{name} without {lever}", bare))
    return tuple(found)


def read_priors(result: Result, choices: Choices) -> Attribution:
    """Per lever, the part of the draws in which it lowers the challenger's share, in per cent.

    The effect of a draw is the mean over replicates of s_C with the lever less s_C without.
    """
    rows = []
    for lever in sorted(result.scenario.levers):
        values = -draw_effects(result, choices, lever)
        lowers = int((values < 0.0).sum())
        facts = {
            "lowers": lowers,
            "raises": int((values > 0.0).sum()),
            "nothing": int((values == 0.0).sum()),
            "p05": float(np.quantile(values, 0.05)),
            "median": float(np.median(values)),
            "p95": float(np.quantile(values, 0.95)),
        }
        rows.append(wilson_estimate(lever, lowers, len(values), POINTS, **facts))
    title = "Draws of the priors in which the lever lowers the challenger's share, per cent"
    names = ", ".join(prior.name for prior in priors_of(result.scenario))
    return Attribution("priors", title, tuple(rows), (f"drawn: {names}",))


def _free(scenario: Scenario) -> tuple[Prior, ...]:
    free = unfitted(priors_of(scenario), scenario)
    if not free:
        raise SimError(f"{scenario.name}: every number with a prior is fitted, so none is left")
    return free


def unidentified_worlds(scenario: Scenario, choices: Choices) -> tuple[World, ...]:
    """Each draw of the numbers that are not fitted, with all of the incumbent's levers and none."""
    levers = own_levers(scenario)
    found: list[World] = []
    for name, world in drawn_scenarios(scenario, _free(scenario), choices):
        title = f"{name} of what no figure identifies"
        found += on_and_off(world, levers, (name, f"{name}-off"), title)
    return tuple(found)


def read_unidentified(result: Result, choices: Choices) -> Attribution:
    """tau in points by draw (mean over seeds): its mean and quantiles over the draws."""
    scenario = result.scenario
    taus = draw_effects(result, choices, "off")
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
        f"tau is {limit:g} points or more in {enough} of {len(taus)} draws ({WILSON}: "
        f"{POINTS * low:.0f} to {POINTS * high:.0f} %), below 0 in {against}; n counts draws, each "
        f"a mean over {result.replicates} seeds",
        f"drawn: {', '.join(prior.name for prior in free)}",
        f"fitted, so not drawn: {', '.join(fitted) or 'none'}",
    )
    title = "tau over the numbers that no recorded figure identifies, points"
    return Attribution("unidentified", title, tuple(rows), notes)
