"""An ensemble before it runs: every run of it is known, and so is the folder."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from sim.errors import SimError, nearest_hint
from sim.runs.blocks import Work
from sim.runs.curves import Grid
from sim.runs.files import json_bytes, sha256
from sim.runs.provenance import code_fingerprint
from sim.runs.rows import NO_FACTORS
from sim.runs.run import ModelMaker, refuse_unshared_past
from sim.runs.worlds import World, WorldsWork, worlds_of
from sim.scenario.patches import replace, scenario_hash

if TYPE_CHECKING:
    from sim.scenario.schema.scenario import Scenario


SCHEMA_VERSION = 1
SHORT_HASH = 8


class AnyPlan(Protocol):
    """What the store and the dispatch need to know of an ensemble."""

    @property
    def scenario(self) -> Scenario:
        """The scenario that is stored beside the results."""

    @property
    def seed(self) -> int:
        """Root seed."""

    @property
    def grid(self) -> Grid:
        """Points, replicates and blocks."""

    @property
    def points(self) -> Sequence[str]:
        """Names of the points in the order of the stored curves."""

    @property
    def months(self) -> Sequence[int]:
        """Months of the calendar that the stored curves have."""

    @property
    def factors(self) -> Mapping[str, str]:
        """Columns of factor values and their types."""

    @property
    def client_months(self) -> int:
        """Size of the work: clients x months x runs."""

    @property
    def inputs(self) -> dict[str, Any]:
        """Everything that decides the numbers, ready for JSON."""

    @property
    def facts(self) -> dict[str, Any]:
        """What else the manifest says."""

    @property
    def key(self) -> str:
        """SHA-256 of the inputs."""

    @property
    def folder_name(self) -> str:
        """`<name>-<hash8>`."""

    def work(self, block: int) -> Work:
        """The runs of a block."""

    def files(self) -> dict[str, bytes]:
        """What is stored before the first run."""


def folder_name(name: str, key: str) -> str:
    """`<name>-<hash8>`."""
    return f"{re.sub(r'[^a-z0-9_-]+', '-', name)}-{key[:SHORT_HASH]}"


@dataclass(frozen=True)
class Plan:
    """Worlds x replicates of one scenario, drawn from one root seed."""

    scenario: Scenario
    worlds: tuple[World, ...]
    seed: int
    replicates: int
    model: ModelMaker | None = None
    branch_at: date | None = None

    @property
    def grid(self) -> Grid:
        """A block is all worlds of one replicate."""
        return Grid(len(self.worlds), self.replicates, len(self.worlds), 1)

    @property
    def points(self) -> tuple[str, ...]:
        """Names of the worlds in the order of the stored curves."""
        return tuple(world.name for world in self.worlds)

    @property
    def months(self) -> range:
        """All months of the calendar."""
        return range(self.scenario.calendar.months)

    @property
    def factors(self) -> Mapping[str, str]:
        """Worlds have no factors."""
        return NO_FACTORS

    @property
    def facts(self) -> dict[str, Any]:
        """Name and title of the scenario."""
        return {"name": self.scenario.name, "title": self.scenario.title}

    def work(self, block: int) -> WorldsWork:
        """All worlds of a replicate."""
        return WorldsWork(self.worlds, self.seed, block, self.same_as, self.model, self.branch_at)

    def files(self) -> dict[str, bytes]:
        """Nothing but the scenario is stored before the first run."""
        return {}

    @cached_property
    def same_as(self) -> tuple[int, ...]:
        """For each world the first one with an equal scenario: equal draws, so equal runs."""
        hashes = [point["scenario_hash"] for point in self.inputs["points"]]
        return tuple(hashes.index(found) for found in hashes)

    @property
    def client_months(self) -> int:
        """Size of the work: clients x months x runs of worlds that differ."""
        table = self.scenario
        runs = len(set(self.same_as)) * self.replicates
        return table.population.clients * table.calendar.months * runs

    @cached_property
    def inputs(self) -> dict[str, Any]:
        """Everything that decides the numbers, ready for JSON."""
        model = self.model
        return {
            "schema_version": SCHEMA_VERSION,
            "scenario_hash": scenario_hash(self.scenario),
            "points": [
                {"name": w.name, "title": w.title, "scenario_hash": scenario_hash(w.scenario)}
                for w in self.worlds
            ],
            "seed": self.seed,
            "replicates": self.replicates,
            "model": "" if model is None else f"{model.__module__}.{model.__qualname__}",
            "code_fingerprint": code_fingerprint(),
        }

    @cached_property
    def key(self) -> str:
        """SHA-256 of the inputs."""
        return sha256(json_bytes(self.inputs))

    @property
    def folder_name(self) -> str:
        """`<name>-<hash8>`."""
        return folder_name(self.scenario.name, self.key)


def plan_ensemble(
    scenario: Scenario,
    replicates: int | None = None,
    seed: int | None = None,
    *,
    worlds: tuple[World, ...] | None = None,
    model: ModelMaker | None = None,
    branch_at: date | None = None,
) -> Plan:
    """The plan of a scenario; what is not given is taken from its `[ensemble]` table.

    The scenario of the plan carries the replicates and the seed that are run.

    Raises
    ------
    SimError
        There is no replicate to run, the seed is negative, two worlds share a name, or worlds that
        are to branch at a month differ before it.
    """
    runs = scenario.ensemble.replicates if replicates is None else replicates
    root = scenario.ensemble.seed if seed is None else seed
    if runs < 1:
        raise SimError(f"replicates = {runs}: at least 1")
    if not 0 <= root < 2**63:
        raise SimError(f"seed = {root}: must lie between 0 and 2^63 - 1")
    scenario = replace(scenario, {"ensemble.replicates": runs, "ensemble.seed": root})
    _refuse_unknown_measure(scenario)
    chosen = worlds_of(scenario) if worlds is None else worlds
    names = [world.name for world in chosen]
    if not names or len(set(names)) < len(names):
        raise SimError(f"worlds need names of their own, got {names}")
    if branch_at is not None:
        refuse_unshared_past([world.scenario for world in chosen], branch_at)
    return Plan(scenario, chosen, root, runs, model, branch_at)


def _refuse_unknown_measure(scenario: Scenario) -> None:
    from sim.market.recorder import measures

    name = scenario.episode.measure
    if name and name not in measures():
        hint = nearest_hint(name, list(measures()))
        raise SimError(f"episode.measure = {name!r}: no such measure ({hint})")
