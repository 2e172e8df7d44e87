"""Economic sense of what has a date: events and hosts."""

from __future__ import annotations

from collections.abc import Iterator

from sim.errors import Problem
from sim.events.price_list import PriceList
from sim.months import months_between
from sim.scenario.findings import must_exist, problem_at
from sim.scenario.paths import shown
from sim.scenario.schema.scenario import Scenario


def events_make_sense(scenario: Scenario) -> Iterator[Problem]:
    """Events name what exists, do not precede the run, and pass their own check."""
    for index, event in enumerate(scenario.events):
        path = f"events.{index}"
        for vendor in event.vendors_named():
            yield from must_exist(f"{path}.vendor", vendor, scenario.vendors, "vendor")
        for family in event.families_named():
            yield from must_exist(f"{path}.family", family, scenario.families, "family")
        if event.lever:
            yield from must_exist(f"{path}.lever", event.lever, scenario.levers, "lever")
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
        yield from must_exist(f"{path}.vendor", host.vendor, scenario.vendors, "vendor")
        yield from must_exist(f"{path}.family", host.family, scenario.families, "family")
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
