"""Economic sense of moves: agents, campaigns, openness, dated events and hosts."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase

from sim.errors import Problem
from sim.events.vendors import AgentPlatform, PriceList, StrategyChange
from sim.months import months_between
from sim.scenario.paths import shown
from sim.scenario.schema.scenario import Scenario
from sim.scenario.schema.vendors import strategy_tables
from sim.scenario.typed import must_exist, problem_at
from sim.strategies.registry import Strategy, make, strategies


def agent_fits_are_not_negative(scenario: Scenario) -> Iterator[Problem]:
    """A fit of agents to a segment is no less than nothing."""
    for vendor, table in scenario.vendors.items():
        for segment, fit in table.agent_fit.items():
            if fit < 0.0:
                path = f"vendors.{vendor}.agent_fit.{segment}"
                yield problem_at(path, fit, "must not be negative")


def agent_platforms_have_work(scenario: Scenario) -> Iterator[Problem]:
    """Who opens an agent platform needs a kind of work that agents do."""
    if any(kind.agent_work > 0.0 for kind in scenario.kinds.values()):
        return
    hint = "set kinds.NAME.agent_work above 0"
    for name, vendor in scenario.vendors.items():
        if vendor.agents.get("strategy") != "none":
            path = f"vendors.{name}.agents.strategy"
            value = str(vendor.agents.get("strategy"))
            yield problem_at(path, value, "no kind of work is done by agents", hint)
    for index, event in enumerate(scenario.events):
        if isinstance(event, AgentPlatform):
            path = f"events.{index}.what"
            yield problem_at(path, event.what, "no kind of work is done by agents", hint)


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


MOST_AWARENESS = 20.0  # as of a vendor's own


def awareness_is_in_range(scenario: Scenario) -> Iterator[Problem]:
    """Awareness of vendors by region is as that of the vendors."""
    for region, table in scenario.regions.items():
        for vendor, level in table.awareness.items():
            if not 0.0 <= level <= MOST_AWARENESS:
                path = f"regions.{region}.awareness.{vendor}"
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
            yield problem_at(
                f"families.{name}.imitates",
                shown(True),
                "closes no gap without a half-life",
                f"state families.{name}.imitation_half_life or context_half_life",
            )


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
            for family in table.get("families", ()):
                yield from must_exist(f"{path}.research.families", family, own, "own family")
        for pattern in vendor.openness.parameters.get("open", ()):
            if not any(fnmatchcase(family, pattern) for family in own):
                yield problem_at(
                    f"vendors.{name}.openness.parameters.open",
                    shown(pattern),
                    "no own family has this name",
                    f"own families: {', '.join(own) or 'none'}",
                )


def events_make_sense(scenario: Scenario) -> Iterator[Problem]:
    """Events name what exists, do not precede the run, and pass their own check."""
    for index, event in enumerate(scenario.events):
        path = f"events.{index}"
        for vendor in event.vendors_named():
            yield from must_exist(f"{path}.vendor", vendor, scenario.vendors, "vendor")
        for family in event.families_named():
            yield from must_exist(f"{path}.family", family, scenario.families, "family")
        if months_between(scenario.calendar.start, event.month) < 0:
            yield problem_at(
                f"{path}.month",
                event.month,
                f"lies before the first month {scenario.calendar.start}",
                "state what held in the first month in the tables instead",
            )
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
                    yield problem_at(
                        f"events.{index}.vendor",
                        shown(vendor),
                        f"cannot serve {name}: its weights are closed",
                    )


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
            yield problem_at(
                f"events.{index}",
                price,
                f"a price_cut must not raise {before:g}",
                "call it price_list",
            )
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
            yield problem_at(
                f"{path}.family",
                host.family,
                "only an open family can be hosted",
                f"families.{host.family}.weights is closed",
            )
        for earlier in scenario.hosts[:index]:
            if (earlier.vendor, earlier.family) == (host.vendor, host.family) and (
                (earlier.end is None or earlier.end > host.start)
                and (host.end is None or host.end > earlier.start)
            ):
                yield problem_at(
                    path,
                    f"{host.vendor} hosts {host.family}",
                    "overlaps an earlier entry of the same host and family",
                )
