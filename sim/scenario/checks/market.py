"""Sense of the market: shares, names, events, hosts, offers, strategies.

These hold in the world without a lever, too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from fnmatch import fnmatchcase
from itertools import chain
from typing import Any

from sim.errors import Problem
from sim.events.vendors import AgentPlatform, PriceList, StrategyChange
from sim.months import months_between
from sim.scenario.paths import shown
from sim.scenario.schema.scenario import Scenario
from sim.scenario.schema.vendors import strategy_tables
from sim.scenario.typed import must_exist, problem_at
from sim.strategies.registry import Strategy, make, strategies

Check = Callable[[Scenario], Iterator[Problem]]
SUM_TOLERANCE = 1e-6
HOME_TOLERANCE = 1e-9
MOST_AWARENESS = 20.0  # as of a vendor's own
# A dotted path whose names (* = any, the last @ = the keys) stand in a table of the scenario.
REFERENCES = (
    ("contest.incumbent", "vendors"),
    ("contest.challenger", "vendors"),
    ("families.*.owner", "vendors"),
    ("families.*.strengths.@", "kinds"),
    ("families.*.community.regions.@", "regions"),
    ("vendors.*.roots.@", "segments"),
    ("vendors.*.agent_fit.@", "segments"),
    ("agents.creator_segments.*", "segments"),
    ("regions.*.excluded_vendors.*", "vendors"),
    ("regions.*.awareness.@", "vendors"),
    ("hosts.*.vendor", "vendors"),
    ("hosts.*.family", "families"),
    ("events.*.lever", "levers"),
    ("levers.*.vendor", "vendors"),
    ("budget.freed.@", "vendors"),
)

SINGULAR = {"families": "family"}


def shares_add_up(scenario: Scenario) -> Iterator[Problem]:
    """Shares of segments and of regions add up to 1."""
    for table in ("segments", "regions"):
        total = sum(part.share for part in getattr(scenario, table).values())
        if abs(total - 1.0) > SUM_TOLERANCE:
            yield problem_at(f"{table}.*.share", f"{total:.6g} in all", "shares must add up to 1")


def home_clouds_add_up(scenario: Scenario) -> Iterator[Problem]:
    """No more than all clients have a home cloud, and a model company is nobody's."""
    total = sum(vendor.home_share for vendor in scenario.vendors.values())
    if total > 1.0 + HOME_TOLERANCE:
        rule = "home shares must not pass 1 (the rest has no home cloud)"
        yield problem_at("vendors.*.home_share", f"{total:.6g} in all", rule)
    for name, vendor in scenario.vendors.items():
        if vendor.model_company and vendor.home_share > 0.0:
            rule = "a model company has no cloud and must have 0"
            yield problem_at(f"vendors.{name}.home_share", vendor.home_share, rule)


def labels_differ(scenario: Scenario) -> Iterator[Problem]:
    """No vendor is called as another is: a reader could not tell them apart."""
    seen: dict[str, str] = {}
    for name, vendor in scenario.vendors.items():
        label = " ".join((vendor.label or name).split()).casefold()
        if label in seen:
            rule = f"is what vendors.{seen[label]} is called"
            yield problem_at(f"vendors.{name}.label", shown(vendor.label or name), rule)
        seen[label] = name


def names_exist(scenario: Scenario) -> Iterator[Problem]:
    """What is named in `REFERENCES` exists; an empty name names nothing."""
    for pattern, table in REFERENCES:
        what = SINGULAR.get(table, table.removesuffix("s"))
        for path, name in values_at(scenario, pattern):
            if name or not path.endswith(".lever"):
                yield from must_exist(path, name, getattr(scenario, table), what)


def values_at(node: Any, pattern: str, above: str = "") -> Iterator[tuple[str, Any]]:
    """Path and value of all that a pattern of names, * (any) and @ (the keys) leads to."""
    name, _, rest = pattern.partition(".")
    if name in ("*", "@"):
        items = node.items() if isinstance(node, Mapping) else enumerate(node)
        held = [(key, key if name == "@" else item) for key, item in items]
    else:
        held = [(name, getattr(node, name))]
    for key, item in held:
        if not rest:
            yield f"{above}{key}", item
        elif item is not None:
            yield from values_at(item, rest, f"{above}{key}.")


def events_make_sense(scenario: Scenario) -> Iterator[Problem]:
    """Events name what exists, do not precede the run, and pass their own check."""
    for index, event in enumerate(scenario.events):
        path = f"events.{index}"
        for vendor in event.vendors_named():
            yield from must_exist(f"{path}.vendor", vendor, scenario.vendors, "vendor")
        for family in event.families_named():
            yield from must_exist(f"{path}.family", family, scenario.families, "family")
        if months_between(scenario.calendar.start, event.month) < 0:
            rule = f"lies before the first month {scenario.calendar.start}"
            hint = "state what held in the first month in the tables instead"
            yield problem_at(f"{path}.month", event.month, rule, hint)
        own_check = getattr(type(event), "problems", None)
        if own_check is not None:
            for rule in own_check(event, scenario):
                yield problem_at(path, event.what, rule)


def price_lists_name_offers(scenario: Scenario) -> Iterator[Problem]:
    """Nobody but the owner lists a price for a closed family."""
    for index, event in enumerate(scenario.events):
        for vendor in event.vendors_named():
            for name in event.families_named():
                family = scenario.families.get(name)
                if family is None or vendor not in scenario.vendors:
                    continue
                if family.weights == "closed" and family.owner != vendor:
                    rule = f"cannot serve {name}: its weights are closed"
                    yield problem_at(f"events.{index}.vendor", shown(vendor), rule)


def cuts_lower_the_price(scenario: Scenario) -> Iterator[Problem]:
    """An event that is called a cut is below the price listed last."""
    share = scenario.demand.output_token_share
    listed = {(f.owner, name): f.price for name, f in scenario.families.items()}
    listed |= {(host.vendor, host.family): host.price for host in scenario.hosts}
    order = sorted(range(len(scenario.events)), key=lambda i: scenario.events[i].month)
    for index in order:
        event = scenario.events[index]
        if not isinstance(event, PriceList) or event.problems(scenario):
            continue
        offer, price = (event.vendor, event.family), event.price(share)
        before = listed.get(offer)
        if event.what == "price_cut" and before is not None and price > before:
            rule = f"a price_cut must not raise {before:g}"
            yield problem_at(f"events.{index}", price, rule, "call it price_list")
        listed[offer] = price


def hosts_make_sense(scenario: Scenario) -> Iterator[Problem]:
    """A host serves someone else's open family, once at a time."""
    for index, host in enumerate(scenario.hosts):
        path = f"hosts.{index}"
        if host.end is not None and host.end <= host.start:
            yield problem_at(f"{path}.end", host.end, f"must be after the start {host.start}")
        family = scenario.families.get(host.family)
        if family is None:
            continue
        if family.owner == host.vendor:
            yield problem_at(
                f"{path}.vendor", host.vendor, "serves its own family without an entry"
            )
        elif family.weights == "closed":
            rule = "only an open family can be hosted"
            hint = f"families.{host.family}.weights is closed"
            yield problem_at(f"{path}.family", host.family, rule, hint)
    for index in sorted(_overlapping(scenario)):
        host = scenario.hosts[index]
        rule = "overlaps an earlier entry of the same host and family"
        yield problem_at(f"hosts.{index}", f"{host.vendor} hosts {host.family}", rule)


def _overlapping(scenario: Scenario) -> set[int]:
    """Of entries of one host and family that hold at the same time, the later one in the file."""
    found: set[int] = set()
    open_until: dict[tuple[str, str], tuple[date, int]] = {}
    for index in sorted(range(len(scenario.hosts)), key=lambda i: scenario.hosts[i].start):
        host = scenario.hosts[index]
        offer, end = (host.vendor, host.family), host.end or date.max
        last, other = open_until.get(offer, (date.min, index))
        if last > host.start:
            found.add(max(index, other))
        if end >= last:
            open_until[offer] = end, index
    return found


def kinds_have_offers(scenario: Scenario) -> Iterator[Problem]:
    """Somebody sells what each kind of work needs."""
    for name, kind in scenario.kinds.items():
        if kind.unit == "tokens" and not scenario.families:
            rule = "no model family serves it"
            yield problem_at(f"kinds.{name}.unit", kind.unit, rule, "add a table [families.NAME]")
        if kind.unit == "accelerator_hours" and not any(
            vendor.rents for vendor in scenario.vendors.values()
        ):
            yield problem_at(f"kinds.{name}.unit", kind.unit, "no vendor rents accelerators")


def stacks_are_not_free(scenario: Scenario) -> Iterator[Problem]:
    """Where capacity limits, no vendor sells without any."""
    if not scenario.mechanisms.capacity:
        return
    for path, cards in values_at(scenario, "vendors.*.capacity.initial"):
        if cards == 0.0:
            rule = "a vendor without accelerators has nothing to sell"
            yield problem_at(path, 0.0, rule, "leave it out to size it to the first month's load")


def floor_is_below_list_prices(scenario: Scenario) -> Iterator[Problem]:
    """The price floor of all lies below every price that is stated."""
    floor = scenario.decisions.lowest_price
    listed = (values_at(scenario, pattern) for pattern in ("families.*.price", "hosts.*.price"))
    for path, price in chain.from_iterable(listed):
        if price is not None and price < floor:
            yield problem_at(path, price, f"lies below decisions.lowest_price = {floor}")


def agent_fits_are_not_negative(scenario: Scenario) -> Iterator[Problem]:
    """A fit of agents to a segment is no less than nothing."""
    for path, fit in values_at(scenario, "vendors.*.agent_fit.*"):
        if fit < 0.0:
            yield problem_at(path, fit, "must not be negative")


def agent_platforms_have_work(scenario: Scenario) -> Iterator[Problem]:
    """Who opens an agent platform needs a kind of work that agents do."""
    if any(kind.agent_work > 0.0 for kind in scenario.kinds.values()):
        return
    rule, hint = "no kind of work is done by agents", "set kinds.NAME.agent_work above 0"
    for path, table in values_at(scenario, "vendors.*.agents"):
        if table.get("strategy") != "none":
            yield problem_at(f"{path}.strategy", str(table.get("strategy")), rule, hint)
    for index, event in enumerate(scenario.events):
        if isinstance(event, AgentPlatform):
            yield problem_at(f"events.{index}.what", event.what, rule, hint)


def strategies_make_sense(scenario: Scenario) -> Iterator[Problem]:
    """Strategies name what exists; each says itself what makes no sense."""
    tables = [
        (f"vendors.{name}.{field}", name, kind, getattr(vendor, field))
        for name, vendor in scenario.vendors.items()
        for field, (kind, _) in strategy_tables().items()
    ]
    tables += [
        (f"events.{index}.{field}", event.vendor, strategy_tables()[field][0], table)
        for index, event in enumerate(scenario.events)
        if isinstance(event, StrategyChange)
        for field, table in event.changes()
    ]
    for path, vendor, kind, table in tables:
        facts = dict(table)
        chosen = str(facts.pop("strategy", ""))
        known = strategies(kind).get(chosen)
        if known is None or known.problems is Strategy.problems:
            continue
        try:
            rules = make(kind, chosen, facts).problems(scenario, vendor)
        except ValueError:
            continue  # names and types are checked apart from sense
        yield from (problem_at(path, shown(chosen), rule) for rule in rules)


def awareness_is_in_range(scenario: Scenario) -> Iterator[Problem]:
    """Awareness of vendors by region is as that of the vendors."""
    for path, level in values_at(scenario, "regions.*.awareness.*"):
        if not 0.0 <= level <= MOST_AWARENESS:
            yield problem_at(path, level, f"must lie between 0 and {MOST_AWARENESS:g}")


def imitators_have_a_half_life(scenario: Scenario) -> Iterator[Problem]:
    """A family that imitates closes some gap at some speed."""
    for name, family in scenario.families.items():
        owner = scenario.vendors.get(family.owner)
        if not family.imitates or owner is None:
            continue
        lives = (
            family.imitation_half_life,
            family.context_half_life,
            owner.imitation_half_life,
            owner.context_half_life,
        )
        if all(life is None for life in lives):
            path = f"families.{name}.imitates"
            hint = f"state families.{name}.imitation_half_life or context_half_life"
            yield problem_at(path, shown(True), "closes no gap without a half-life", hint)


def strategies_name_own_families(scenario: Scenario) -> Iterator[Problem]:
    """The open core and the families that research lifts are the vendor's own."""
    for name, vendor in scenario.vendors.items():
        own = {f: table for f, table in scenario.families.items() if table.owner == name}
        tables = [(f"vendors.{name}", vendor.research)]
        tables += [
            (f"events.{index}", event.research)
            for index, event in enumerate(scenario.events)
            if isinstance(event, StrategyChange) and event.vendor == name and event.research
        ]
        for path, table in tables:
            for family in _listed(table.get("families")):
                yield from must_exist(f"{path}.research.families", family, own, "own family")
        for pattern in _listed(vendor.openness.parameters.get("open")):
            if not any(fnmatchcase(family, pattern) for family in own):
                path = f"vendors.{name}.openness.parameters.open"
                hint = f"own families: {', '.join(own) or 'none'}"
                yield problem_at(path, shown(pattern), "no own family has this name", hint)


def _listed(value: Any) -> list[Any]:
    # Types of strategies' parameters are checked apart from sense.
    return [str(item) for item in value] if isinstance(value, list | tuple) else []


MARKET: tuple[Check, ...] = (
    shares_add_up,
    home_clouds_add_up,
    labels_differ,
    names_exist,
    events_make_sense,
    price_lists_name_offers,
    cuts_lower_the_price,
    hosts_make_sense,
    kinds_have_offers,
    stacks_are_not_free,
    floor_is_below_list_prices,
    agent_fits_are_not_negative,
    agent_platforms_have_work,
    strategies_make_sense,
    awareness_is_in_range,
    imitators_have_a_half_life,
    strategies_name_own_families,
)
