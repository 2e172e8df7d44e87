"""Counterfactual worlds: no lever, levers in part, rivals frozen or replying."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sim.analysis.attribution.base import (
    Attribution,
    AttributionPart,
    Choices,
    contest_of,
    effect,
    on_and_off,
    own_levers,
    paired_estimate,
    shares,
)
from sim.market.model import MarketModel
from sim.market.month import PHASES, Phase
from sim.runs.result import Result
from sim.runs.worlds import (
    CHALLENGER_OFF,
    EPISODE_OFF,
    OFF_MONEY_IN_PRICE,
    OFF_MONEY_KEPT,
    ON,
    World,
    with_other_hosting,
    worlds_of,
)
from sim.scenario.schema.scenario import Scenario

OFF_BY_RULE = {"money kept": OFF_MONEY_KEPT, "money in prices": OFF_MONEY_IN_PRICE}


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


RULES = AttributionPart(rules_worlds, read_rules)


REPLY, REPLY_OFF = "best_reply", "best_reply-off"


def best_replying(scenario: Scenario) -> Scenario:
    """The challenger prices by best response wherever it followed another strategy than a list."""
    challenger = contest_of(scenario).challenger
    reply = {"strategy": "best_response"}
    changes: dict[str, Any] = {}
    if scenario.vendors[challenger].pricing.get("strategy") != "list":
        changes[f"vendors.{challenger}.pricing"] = reply
    for number, event in enumerate(scenario.events):
        if event.what == "strategy" and challenger in event.vendors_named():
            changes[f"events.{number}.pricing"] = reply
    return scenario.replace(changes) if changes else scenario


def rivals_worlds(scenario: Scenario, choices: Choices) -> tuple[World, ...]:
    """ON and OFF with the challenger's own policy and with its best reply."""
    levers = own_levers(scenario)
    reply = best_replying(scenario)
    return (
        *on_and_off(scenario, levers),
        *on_and_off(reply, levers, (REPLY, REPLY_OFF), "the challenger replies best"),
    )


def read_rivals(result: Result, choices: Choices) -> Attribution:
    """tau in points with the challenger's policy held and with a best reply in both worlds."""
    table = shares(result, [ON, OFF_MONEY_KEPT, REPLY, REPLY_OFF])
    rows = (
        paired_estimate("policy held", table[1] - table[0]),
        paired_estimate("re-optimised: best reply in both worlds", table[3] - table[2]),
    )
    note = "history stays: the reply is free from the month in which the scenario frees prices"
    return Attribution("rivals", "tau by what the challenger may do, points", rows, (note,))


RIVALS = AttributionPart(rivals_worlds, read_rivals)


class FrozenRivals:
    """Makes models in which everybody but the incumbent repeats its prices of the ON run.

    Called as ``maker(scenario, rng=seed)``: the scenario with all levers gives the market as it
    is; any other world replays the rivals' list prices of that market under the same seed,
    wherever both have the offer on sale.
    """

    def __init__(self, on: Scenario) -> None:
        self.on = on
        self.__qualname__ = type(self).__qualname__  # under which stored runs name their model

    def __call__(self, scenario: Scenario, rng: Any) -> MarketModel:
        """The model of one world."""
        if scenario == self.on:
            return MarketModel(scenario, rng=rng)
        recorded = _Recording(self.on, rng=rng)
        recorded.run()
        model = _Replaying(scenario, rng=rng)
        model.prices = recorded.prices
        return model


def _after_decide(act: Callable[[Any], None], name: str, does: str) -> tuple[Phase, ...]:
    place = [phase.name for phase in PHASES].index("decide") + 1
    return (*PHASES[:place], Phase(name, does, act), *PHASES[place:])


def _record(model: _Recording) -> None:
    labels = model.world.labels[: model.world.n_api]
    on_sale = model.state.hosting
    incumbent = contest_of(model.scenario).incumbent
    prices = {
        label: float(model.state.list_price[j])
        for j, label in enumerate(labels)
        if on_sale[j] and model.world.vendors[model.world.platform[j]] != incumbent
    }
    model.prices.append(prices)


def _replay(model: _Replaying) -> None:
    prices = model.prices[model.month]
    for j, label in enumerate(model.world.labels[: model.world.n_api]):
        if model.state.hosting[j] and label in prices:
            model.state.list_price[j] = prices[label]


class _Recording(MarketModel):
    phases = _after_decide(_record, "record", "rivals' prices are written down")

    def __init__(self, scenario: Scenario, rng: Any) -> None:
        self.prices: list[dict[str, float]] = []
        super().__init__(scenario, rng=rng)


class _Replaying(MarketModel):
    prices: list[dict[str, float]]
    phases = _after_decide(_replay, "replay", "rivals repeat the prices of the other world")


def frozen_worlds(scenario: Scenario, choices: Choices) -> tuple[World, ...]:
    """ON, and OFF with the rivals' actions frozen."""
    return on_and_off(scenario, own_levers(scenario))


def read_frozen(result: Result, choices: Choices) -> Attribution:
    """The direct effect: tau in points while no rival reacts with its prices."""
    row = effect(result, "actions frozen: rivals repeat their prices", ON, OFF_MONEY_KEPT)
    return Attribution("frozen", "tau while rivals do not react, points", (row,))


FROZEN = AttributionPart(frozen_worlds, read_frozen, FrozenRivals)


DOSES = (0.0, 0.25, 0.5, 0.75, 1.0)
ALL = "all"


def _groups(scenario: Scenario) -> dict[str, tuple[str, ...]]:
    levers = own_levers(scenario)
    groups = {ALL: levers} if len(levers) > 1 else {}
    for name in levers:
        groups[name] = (name,)
    return groups


def _name(group: str, dose: float) -> str:
    return ON if dose == 1.0 else f"{group}@{dose:g}"


def dose_worlds(scenario: Scenario, choices: Choices) -> tuple[World, ...]:
    """Each lever alone, and all together, at every dose below the full one."""
    found = [World(ON, "as the scenario stands", scenario)]
    for group, levers in _groups(scenario).items():
        for dose in DOSES[:-1]:
            changes = {f"levers.{lever}.intensity": dose for lever in levers}
            title = f"intensity {dose:g} of {group}"
            found.append(World(_name(group, dose), title, scenario.replace(changes)))
    return tuple(found)


def read_dose(result: Result, choices: Choices) -> Attribution:
    """The challenger's share without a lever less its share at a dose of it, in points."""
    rows = []
    for group in _groups(result.scenario):
        table = shares(result, [_name(group, dose) for dose in DOSES])
        for dose, share in zip(DOSES[1:], table[1:], strict=True):
            label = f"{group} at {dose:g}"
            rows.append(paired_estimate(label, table[0] - share, group=group, dose=dose))
    title = "Held back by levers at part of their intensity, points of token share"
    return Attribution("dose", title, tuple(rows))


DOSE = AttributionPart(dose_worlds, read_dose)
