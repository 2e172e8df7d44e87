"""What can be moved: levers, numbers, strategies, hosting, dates, sizes, and any path."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from typing import Any, NamedTuple

from nicegui import ui

from sim.analysis.priors import Prior, free_priors, own_value, priors_of
from sim.errors import SimError
from sim.months import first_of_month
from sim.parts import facts_of
from sim.runs.worlds import open_families_of
from sim.scenario.describe import provenance
from sim.scenario.paths import field_at, is_number, keys_of, off_patches, plain_tables
from sim.scenario.reader import parse_override
from sim.scenario.schema.scenario import Scenario
from sim.strategies.registry import strategies
from sim.web.state import State

NUMBERS_SHOWN = 12
STEPS = 100
ENDS = (0.005, 0.995)
VALUE = "(e) => emit(e.target.value)"
CHECKED = "(e) => emit(e.target.checked)"
HOSTS = "hosts"
HELD = ("value", "checked", "selected")
Handler = Callable[[Any], None]


def el(tag: str, text: str = "", classes: str = "", **attributes: Any) -> ui.element:
    """A plain HTML element; the text is text, whatever it holds.

    `aria_label` becomes `aria-label`, `for_` becomes `for`.
    """
    made = ui.element(tag)
    if classes:
        made.classes(classes)
    # What an input holds is written last, after its range; as attributes ("^"), since a property
    # would be written back each time the page is drawn, over what the user has just moved.
    held = {f"^{name}": attributes.pop(name) for name in HELD if name in attributes}
    with made.props.suspend_updates():
        for name, value in attributes.items():
            made.props[name.rstrip("_").replace("_", "-")] = value
        for name, value in held.items():
            if value is not False:
                made.props[name] = "" if value is True else value
    if text:
        write(made, text)
    return made


def write(element: ui.element, text: str) -> None:
    """Put other text into an element."""
    element._text = text
    element.update()


def button(text: str, press: Callable[[], Any], classes: str = "", **attributes: Any) -> ui.element:
    """A button; what it calls may be a coroutine."""
    return el("button", text, classes, type="button", **attributes).on(
        "click", lambda _: press(), js_handler="() => emit()"
    )


def choice(
    name: str, options: Mapping[str, str], chosen: str, change: Handler, **attributes: Any
) -> ui.element:
    """A list to choose from: value -> what is read."""
    with el("select", aria_label=name, **attributes) as made:
        for value, text in options.items():
            el("option", text, value=value, selected=value == chosen)
    return made.on("change", lambda e: change(e.args), js_handler=VALUE)


class Control(NamedTuple):
    """An input, how it is set from a state, and the place of its errors."""

    show: Callable[[State], None]
    error: ui.element


class LeverRow(NamedTuple):
    """What a page shows of a lever."""

    name: str
    title: str
    about: str
    in_part: bool


def levers(scenario: Scenario) -> Iterator[LeverRow]:
    """The levers of a scenario, the incumbent's first."""
    patches = off_patches(scenario)
    of_events = {event.lever for event in scenario.events if event.lever and event.in_part}
    contest = scenario.contest
    incumbent = contest.incumbent if contest else ""
    for name, lever in sorted(
        scenario.levers.items(), key=lambda item: (item[1].vendor != incumbent, item[0])
    ):
        label = scenario.vendors[lever.vendor].label or lever.vendor
        cost = (
            f" It costs {lever.cost:g} million {scenario.currency.name} a month."
            if lever.cost
            else ""
        )
        fails = f" It can fail by {lever.fails_by}." if lever.fails_by else ""
        about = f"{label}: {lever.title}. Off means: {lever.meaning or 'it is not made'}.{cost}"
        part = name in of_events or _has_number(patches[name])
        yield LeverRow(name, f"{name.replace('_', ' ')} ({label})", about + fails, part)


def _has_number(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(map(_has_number, value.values()))
    return is_number(value)


class NumberRow(NamedTuple):
    """What a page shows of a parameter: its range is that of its prior."""

    name: str
    value: float
    low: float
    high: float
    unit: str
    about: str


def numbers(scenario: Scenario) -> Iterator[NumberRow]:
    """The numbers that nobody knows, with their priors; then those that a calibration may choose.

    The range is what the prior holds likely, and the scenario's own value.
    """
    tables = plain_tables(scenario)
    first = {prior.name for prior in priors_of(scenario)}
    free = free_priors(scenario)
    where = {origin.path: origin.source for origin in provenance(scenario)}
    for prior in [*(p for p in free if p.name in first), *(p for p in free if p.name not in first)]:
        value = own_value(scenario, prior)
        likely = [prior.law.quantile(end) for end in ENDS]
        low, high = min(likely[0], value), max(likely[1], value)
        unit = "factor" if prior.rule == "factor" else _unit(tables, prior, scenario)
        own = next((where[path] for path in prior.paths if path in where), "")
        about = (
            f"{prior.doc}. Prior: {_law(prior)}; likely {likely[0]:.3g} to {likely[1]:.3g}. "
            f"Source: {prior.source}." + (f" In this scenario: {own}." if own else "")
        )
        yield NumberRow(prior.name, value, low, high, unit, about)


def _unit(tables: Any, prior: Prior, scenario: Scenario) -> str:
    if prior.rule == "wright":
        return "cost after a doubling"
    parties = scenario.contest.model_dump() if scenario.contest else {}
    path = prior.paths[0].format(**{"incumbent": "", "challenger": ""} | parties)
    while "*" in path:
        table: Any = tables
        for key in path.split(".*", 1)[0].split("."):
            table = table[key]
        path = path.replace("*", next(iter(table)), 1)
    unit = str(facts_of(field_at(tables, keys_of(path))).get("unit", "-"))
    return "" if unit == "-" else unit


def _law(prior: Prior) -> str:
    facts = prior.law.model_dump()
    kind = facts.pop("kind")
    return f"{kind} ({', '.join(f'{name} {value:.3g}' for name, value in facts.items())})"


def strategy_place(scenario: Scenario, vendor: str) -> tuple[str, str]:
    """Where the last pricing strategy of a vendor stands, and its name."""
    found = f"vendors.{vendor}.pricing", str(scenario.vendors[vendor].pricing["strategy"])
    latest = None
    for place, event in enumerate(scenario.events):
        table = getattr(event, "pricing", None)
        if getattr(event, "vendor", "") != vendor or table is None:
            continue
        if latest is None or event.month >= latest:
            latest = event.month
            found = f"events.{place}.pricing", str(table["strategy"])
    return found


def hosting(scenario: Scenario) -> tuple[list[dict[str, Any]], bool] | None:
    """`hosts` with the challenger's hosting of the incumbent's open families the other way round.

    Also whether it hosts them now; None where there is nothing to host.
    """
    contest = scenario.contest
    families = open_families_of(scenario, contest.incumbent) if contest else ()
    if contest is None or not families:
        return None
    entries = [host.model_dump(exclude_defaults=True) for host in scenario.hosts]
    own = [h for h in entries if h["vendor"] == contest.challenger and h["family"] in families]
    if own:
        return [h for h in entries if h not in own], True
    start = scenario.calendar.start
    added = [{"vendor": contest.challenger, "family": f, "start": start} for f in families]
    return entries + added, False


class Controls:
    """The inputs of a window, made from its scenario."""

    def __init__(self, scenario: Scenario, state: State, move: Callable[[State, str, str], None]):
        self.scenario, self.state, self._moved = scenario, state, move
        self.made: dict[str, Control] = {}
        self.last = ""
        self._levers()
        self._numbers()
        self._strategies()
        self._dates()
        self._sizes()

    def show(self, state: State) -> None:
        """Set all inputs to a state."""
        self.state = state
        for control in self.made.values():
            control.show(state)
            self._complain(control, "")

    def complain(self, text: str) -> None:
        """Say at the input that was moved last what is wrong with its value."""
        control = self.made.get(self.last) or self.made["path"]
        self._complain(control, text)

    def _complain(self, control: Control, text: str) -> None:
        if control.error._text != text:
            write(control.error, text)

    def _move(self, key: str, state: State, said: str) -> None:
        if self.last in self.made:
            self._complain(self.made[self.last], "")
        self.last, self.state = key, state
        self._moved(state, said, key)

    def _error(self, key: str) -> ui.element:
        return el("p", "", "bad", id=f"error-{key}", role="alert")

    def _about(self, name: str, text: str) -> None:
        with el("details", classes="about"):
            el("summary", "what it is", aria_label=f"what {name} is")
            el("p", text)

    def _levers(self) -> None:
        found = list(levers(self.scenario))
        other = hosting(self.scenario)
        if not found and other is None:
            return
        with el("section", classes="panel", aria_label="Levers"):
            el("h2", "Levers")
            for lever in found:
                self._lever(lever)
            if other is not None:
                self._hosting(*other)

    def _lever(self, lever: LeverRow) -> None:
        path, key = f"levers.{lever.name}.intensity", f"lever-{lever.name}"

        def value(state: State) -> float:
            return float(state.changes.get(path, self.scenario.levers[lever.name].intensity))

        def moved(new: float, by_slider: bool = False) -> None:
            new = round(min(max(float(new), 0.0), 1.0), 3)
            own = self.scenario.levers[lever.name].intensity
            state = self.state.with_change(path, None if new == own else new)
            mark(new, by_slider)
            self._move(key, state, f"{lever.title} at {100 * new:.0f} %")

        def mark(new: float, by_slider: bool = False) -> None:
            set_input(switch, "checked", new > 0.0)
            if slider is not None and not by_slider:  # a slider that is held moves on
                set_input(slider, "value", new)
            write(told, f"{100 * new:.0f} %")

        now = value(self.state)
        with el("div", classes="control"):
            with el("div", classes="row"):
                with el("label", for_=key):
                    switch = el("input", type="checkbox", id=key, checked=now > 0.0)
                    el("span", lever.title)
                told = el("output", f"{100 * now:.0f} %", for_=key)
            switch.on("change", lambda e: moved(1.0 if e.args else 0.0), js_handler=CHECKED)
            slider = None
            if lever.in_part:
                slider = el(
                    "input", type="range", min=0, max=1, step=0.05, value=now,
                    id=f"{key}-part", aria_label=f"how much of {lever.title}",
                    aria_describedby=f"error-{key}",
                )  # fmt: skip
                slider.on("input", lambda e: moved(e.args, True), js_handler=VALUE, throttle=0.08)
            error = self._error(key)
            self._about(lever.title, lever.about)

        self.made[key] = Control(lambda state: mark(value(state)), error)

    def _hosting(self, other: list[dict[str, Any]], now: bool) -> None:
        contest = self.scenario.contest
        assert contest is not None
        labels = {name: v.label or name for name, v in self.scenario.vendors.items()}
        families = ", ".join(
            self.scenario.families[f].label or f
            for f in open_families_of(self.scenario, contest.incumbent)
        )
        title = f"{labels[contest.challenger]} hosts {families}"

        def is_on(state: State) -> bool:
            return now != (HOSTS in state.changes)

        def moved(on: bool) -> None:
            state = self.state.with_change(HOSTS, None if on == now else other)
            self._move("hosting", state, f"{title}: {'yes' if on else 'no'}")

        self._tick("hosting", title, is_on, moved)

    def _tick(
        self, key: str, title: str, is_on: Callable[[State], bool], moved: Callable[[bool], None]
    ) -> None:
        """A box to tick."""
        with el("div", classes="control"):
            with el("label", for_=key, classes="row"):
                box = el("input", type="checkbox", id=key, checked=is_on(self.state))
                el("span", title)
            box.on("change", lambda e: moved(bool(e.args)), js_handler=CHECKED)
            error = self._error(key)
        self.made[key] = Control(lambda s: set_input(box, "checked", is_on(s)), error)

    def _text(
        self,
        key: str,
        title: str,
        moved: Handler,
        value: Callable[[State], str] = lambda state: "",
        **attributes: Any,
    ) -> None:
        """A line of text to write."""
        with el("div", classes="control"):
            el("label", title, for_=key)
            box = el(
                "input", type="text", id=key, value=value(self.state),
                aria_describedby=f"error-{key}", **attributes,
            )  # fmt: skip
            box.on("change", lambda e: moved(e.args), js_handler=VALUE)
            error = self._error(key)
        self.made[key] = Control(lambda s: set_input(box, "value", value(s)), error)

    def _numbers(self) -> None:
        found = list(numbers(self.scenario))
        if not found:
            return
        with el("section", classes="panel", aria_label="Parameters"):
            el("h2", "Parameters")
            for number in found[:NUMBERS_SHOWN]:
                self._number(number)
            if len(found) > NUMBERS_SHOWN:
                with el("details"):
                    el("summary", f"{len(found) - NUMBERS_SHOWN} more")
                    for number in found[NUMBERS_SHOWN:]:
                        self._number(number)

    def _number(self, number: NumberRow) -> None:
        key, title = f"number-{number.name}", number.name.replace("_", " ")
        step = (number.high - number.low) / STEPS

        def moved(text: str) -> None:
            value = float(f"{float(text):.4g}")
            write(told, f"{value:.3g} {number.unit}")
            state = replace(self.state.with_number(number.name, value), point=True)
            self._move(key, state, f"{title} at {value:.3g}")

        now = self.state.numbers.get(number.name, number.value)
        with el("div", classes="control"):
            with el("div", classes="row"):
                el("label", title, for_=key)
                told = el("output", f"{now:.3g} {number.unit}", for_=key)
            slider = el(
                "input", type="range", id=key, min=number.low, max=number.high, step=step,
                value=now, aria_describedby=f"error-{key}",
            )  # fmt: skip
            slider.on("input", lambda e: moved(e.args), js_handler=VALUE, throttle=0.08)
            with el("div", classes="row"):
                el("span", f"{number.low:.3g} to {number.high:.3g}", "unit")
            error = self._error(key)
            self._about(title, number.about)

        def show(state: State) -> None:
            value = state.numbers.get(number.name, number.value)
            set_input(slider, "value", value)
            write(told, f"{value:.3g} {number.unit}")

        self.made[key] = Control(show, error)

    def _strategies(self) -> None:
        contest, vendors = self.scenario.contest, dict(self.scenario.vendors)
        parties = [contest.challenger, contest.incumbent] if contest else []
        order = [*parties, *(name for name in vendors if name not in parties)]
        known = strategies("pricing")
        with el("section", classes="panel", aria_label="Pricing strategies"):
            el("h2", "Pricing strategies")
            for vendor in order:
                self._strategy(vendor, list(known))

    def _strategy(self, vendor: str, known: list[str]) -> None:
        path, own = strategy_place(self.scenario, vendor)
        key, label = f"strategy-{vendor}", self.scenario.vendors[vendor].label or vendor

        def value(state: State) -> str:
            return str(state.changes.get(path, {}).get("strategy", own))

        def moved(name: str) -> None:
            table = None if name == own else {"strategy": name}
            state = replace(self.state.with_change(path, table), point=True)
            self._move(key, state, f"{label} prices by {name}")

        with el("div", classes="control"):
            el("label", label, for_=key)
            names = {name: name.replace("_", " ") for name in known}
            chosen = choice(label, names, value(self.state), moved, id=key)
            error = self._error(key)
        self.made[key] = Control(lambda s: set_input(chosen, "value", value(s)), error)

    def _dates(self) -> None:
        events = self.scenario.events
        if not events:
            return
        with el("section", classes="panel", aria_label="Dates of events"):
            el("h2", "Dates of events")
            with el("div", classes="control"):
                el("label", "event", for_="event")
                names = {
                    str(place): f"{event.month:%Y-%m} {event.what.replace('_', ' ')} "
                    f"{' '.join([*event.vendors_named(), *event.families_named()])}"
                    for place, event in enumerate(events)
                }
                self.event = choice("event", names, "0", self.choose_event, id="event")
                el("label", "month", for_="month")
                self.month = el(
                    "input", type="month", id="month", value=f"{events[0].month:%Y-%m}",
                    aria_describedby="error-month",
                )  # fmt: skip
                self.month.on("change", lambda e: self._date(e.args), js_handler=VALUE)
                error = self._error("month")
        self._event = 0
        self.made["month"] = Control(lambda s: self.choose_event(self._event), error)

    def choose_event(self, place: Any) -> None:
        """Show the date of an event of the scenario."""
        self._event = int(place)
        held = self.state.changes.get(f"events.{self._event}.month")
        month = held or self.scenario.events[self._event].month
        set_input(self.event, "value", str(self._event))
        set_input(self.month, "value", f"{month:%Y-%m}")

    def _date(self, text: str) -> None:
        month, own = first_of_month(text), self.scenario.events[self._event].month
        if not isinstance(month, date):
            return
        path = f"events.{self._event}.month"
        state = self.state.with_change(path, None if month == own else month)
        what = self.scenario.events[self._event].what.replace("_", " ")
        self._move("month", state, f"{what} in {month:%Y-%m}")

    def _sizes(self) -> None:
        ensemble = self.scenario.ensemble
        with el("section", classes="panel", aria_label="Runs"):
            el("h2", "Runs")
            self._whole("replicates", ensemble.replicates, "runs of each world at the end")
            self._whole("seed", ensemble.seed, "root seed: the luck of the market")
            if self.scenario.posterior is not None:
                self._posterior()
            self._path()

    def _whole(self, name: str, own: int, title: str) -> None:
        def value(state: State) -> str:
            held = getattr(state, name)
            return str(own if held is None else held)

        def moved(text: str) -> None:
            if not text.strip().lstrip("-").isdecimal():
                self.last = name
                self.complain(f"{name} = {text!r}: must be a whole number")
                return
            new = int(text)
            state = self.state.with_size(name, None if new == own else new)
            self._move(name, state, f"{name} {new}")

        self._text(name, title, moved, value, inputmode="numeric")

    def _posterior(self) -> None:
        title = "over the posterior: each replicate is one draw of the numbers nobody knows"

        def moved(on: bool) -> None:
            said = "over the posterior" if on else "numbers as they stand"
            self._move("posterior", replace(self.state, point=not on), said)

        self._tick("posterior", title, lambda state: not state.point, moved)

    def _path(self) -> None:
        def moved(text: str) -> None:
            self.last = "path"
            try:
                path, value = parse_override(text)
            except SimError as error:
                self.complain(str(error))
                return
            self._move("path", replace(self.state.with_change(path, value), point=True), text)

        self._text(
            "path", "any other number: path = value", moved, placeholder="supply.rent = 12000",
            autocomplete="off", spellcheck="false",
        )  # fmt: skip


def set_input(element: ui.element, name: str, value: Any) -> None:
    """Set what an input with an id of its own holds in the browser."""
    place, held = json.dumps(element.props["id"]), json.dumps(value).replace("<", "\\u003c")
    element.client.run_javascript(
        f"{{const e = document.getElementById({place}); if (e) e.{name} = {held};}}"
    )
