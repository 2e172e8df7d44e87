"""The worlds that one scenario asks for: as it stands, and with moves taken away."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sim.errors import SimError
from sim.scenario.patches import replace, with_freed_budget, with_hosting, without_levers

if TYPE_CHECKING:
    from sim.scenario.schema.scenario import Contest, Scenario


ON = "on"
AS_IT_STANDS = "as the scenario stands"
MONEY_KEPT = "no move of the incumbent, its money kept"
OFF_MONEY_KEPT = "off_money_kept"
OFF_MONEY_IN_PRICE = "off_money_in_price"
CHALLENGER_OFF = "challenger_off"
HOSTS = "challenger_hosts"
EPISODE_OFF = "episode_off"
DOES_NOT_HOST = "challenger_does_not_host"


@dataclass(frozen=True)
class World:
    """A scenario that is run, under the name of its point in the stored curves."""

    name: str
    title: str
    scenario: Scenario


def contest_of(scenario: Scenario, question: str) -> Contest:
    """Who contains whom.

    SimError if the scenario has no contest, which the question (such as `a frontier`) needs.
    """
    if scenario.contest is None:
        raise SimError(f"{scenario.name}: {question} needs a [contest]")
    return scenario.contest


WorldsMaker = Callable[["Scenario"], tuple[World, ...]]


@dataclass(frozen=True)
class Draws:
    """A draw of uncertain numbers for each replicate, the same in all its worlds."""

    of: tuple[int, ...]  # (R,) the draw that each replicate takes
    changes: Mapping[int, Mapping[str, Any]]  # draw -> path -> value in the scenario as it stands
    facts: Mapping[str, Any]  # where the draws come from, ready for JSON
    # of worlds with numbers of their own: world -> draw -> path -> value in that world
    beside: Mapping[str, Mapping[int, Mapping[str, Any]]] = field(default_factory=dict)

    @property
    def distinct(self) -> int:
        """How many draws are taken."""
        return len(set(self.of))

    def scenario(self, base: Scenario, replicate: int) -> Scenario:
        """The scenario of a replicate, from which its worlds are made.

        SimError if the draw makes no sense in this scenario.
        """
        return replace(base, self.changes[self.of[replicate]], worlds=False)

    def worlds(self, given: Mapping[str, Scenario], replicate: int) -> dict[str, Scenario]:
        """The worlds of a replicate that have numbers of their own, each under the same draw.

        SimError as `scenario`.
        """
        draw = self.of[replicate]
        return {
            name: replace(one, self.beside[name][draw], worlds=False) for name, one in given.items()
        }

    def document(self) -> dict[str, Any]:
        """Draws of the replicates and their changes, ready for JSON."""
        document = {"draws": list(self.of), "changes": _by_text(self.changes)}
        if self.beside:
            document["beside"] = {name: _by_text(own) for name, own in self.beside.items()}
        return document

    @classmethod
    def stored(cls, document: Mapping[str, Any], facts: Mapping[str, Any]) -> Draws:
        """The draws of `document` again."""
        beside = {name: _by_draw(own) for name, own in document.get("beside", {}).items()}
        return cls(tuple(document["draws"]), _by_draw(document["changes"]), facts, beside)


def _by_text(changes: Mapping[int, Any]) -> dict[str, Any]:
    return {str(draw): found for draw, found in changes.items()}


def _by_draw(document: Mapping[str, Any]) -> dict[int, Any]:
    return {int(draw): found for draw, found in document.items()}


def levers_of(scenario: Scenario, vendor: str) -> tuple[str, ...]:
    """Names of the levers of a vendor, sorted."""
    return tuple(sorted(n for n, lever in scenario.levers.items() if lever.vendor == vendor))


def open_families_of(scenario: Scenario, vendor: str) -> tuple[str, ...]:
    """Families of a vendor whose weights are, or may become, open, sorted."""
    families = scenario.families.items()
    return tuple(sorted(n for n, f in families if f.owner == vendor and f.weights != "closed"))


def challenger_hosts(scenario: Scenario) -> bool:
    """Whether the challenger's platform serves an open family of the incumbent at any time."""
    contest = scenario.contest
    if contest is None:
        return False
    opened = open_families_of(scenario, contest.incumbent)
    return any(h.vendor == contest.challenger and h.family in opened for h in scenario.hosts)


def with_other_hosting(name: str, scenario: Scenario) -> str:
    """Name of the world that is like `name` but for the hosting that `scenario` does not have."""
    return f"{name}_{DOES_NOT_HOST if challenger_hosts(scenario) else HOSTS}"


def worlds_of(scenario: Scenario) -> tuple[World, ...]:
    """Every world that the verdict on a scenario needs, the scenario itself first.

    Without a contest that is the scenario alone. With one: all levers of the incumbent off, its
    money kept (rule a) or put into its prices (rule b); these three again with the challenger's
    hosting of the incumbent's open families the other way round; and the challenger's own levers
    off, the reverse test. What has no lever or no open family is left out. An episode adds the
    world it is held against.
    """
    on = World(ON, AS_IT_STANDS, scenario)
    contest = scenario.contest
    beside = _episode_world(scenario)
    if contest is None:
        return (on, *beside)
    worlds = [on, *_off_worlds(scenario, scenario, contest)]
    opened = open_families_of(scenario, contest.incumbent)
    if opened and len(worlds) > 1:
        worlds += _flipped(scenario, contest, opened)
    own = levers_of(scenario, contest.challenger)
    if own:
        title = "no move of the challenger (reverse test)"
        worlds.append(World(CHALLENGER_OFF, title, without_levers(scenario, own)))
    return (*worlds, *beside)


def with_and_without(
    scenario: Scenario, on: str = AS_IT_STANDS, off: str = MONEY_KEPT
) -> tuple[World, ...]:
    """The scenario and, where the incumbent has levers, the same without them (money kept)."""
    levers = levers_of(scenario, scenario.contest.incumbent) if scenario.contest else ()
    worlds = [World(ON, on, scenario)]
    if levers:
        worlds.append(World(OFF_MONEY_KEPT, off, without_levers(scenario, levers)))
    return tuple(worlds)


def _episode_world(scenario: Scenario) -> tuple[World, ...]:
    episode = scenario.episode
    if not episode.measure:
        return ()
    other = without_levers(scenario, episode.without).replace(dict(episode.off))
    return (World(EPISODE_OFF, episode.without_title, other),)


def _off_worlds(named_for: Scenario, scenario: Scenario, contest: Contest) -> list[World]:
    levers = levers_of(named_for, contest.incumbent)
    if not levers:
        return []
    kept = without_levers(scenario, levers)
    spent = with_freed_budget(scenario, levers)
    return [
        World(OFF_MONEY_KEPT, MONEY_KEPT, kept),
        World(OFF_MONEY_IN_PRICE, "no move of the incumbent, its money put into prices", spent),
    ]


def _flipped(scenario: Scenario, contest: Contest, opened: tuple[str, ...]) -> list[World]:
    hosts = challenger_hosts(scenario)
    other = with_hosting(scenario, contest.challenger, opened, not hosts)
    how = "does not host" if hosts else "hosts"
    worlds = [World(ON, AS_IT_STANDS, other), *_off_worlds(scenario, other, contest)]
    return [
        World(
            with_other_hosting(world.name, scenario),
            f"{world.title}; the challenger {how} the incumbent's open families",
            world.scenario,
        )
        for world in worlds
    ]
