"""The points of a sweep as a worker makes them."""

from __future__ import annotations

import pickle
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from typing import Any

from sim.errors import SimError
from sim.runs.run import ModelMaker, RunRecord, aborted_run, failed_run, from_a_trunk, run_world
from sim.runs.study.schema import WORLD, Claim, cell
from sim.runs.worlds import ON, worlds_of
from sim.scenario.patches import replace as with_values
from sim.scenario.schema.scenario import Scenario

CLAIM = "claim_"
MESSAGE_LENGTH = 500
Named = tuple[str, dict[str, Any]]


@dataclass(frozen=True)
class Recipe:
    """What all points share: from it and its factor values a worker makes a point's scenario.

    `kinds` are the types of the columns of factors; `measures` the curves that are kept, None for
    all; `stride` every how many months.
    """

    scenario: Scenario
    kinds: dict[str, str]
    claims: dict[str, Claim]
    measures: tuple[str, ...] | None
    stride: int
    branch_at: date | None = None
    model: ModelMaker | None = None


def point_scenario(base: Scenario, values: Mapping[str, Any]) -> Scenario:
    """The scenario of a point.

    Raises
    ------
    SimError
        The values make no sense together, or the point has no such world.
    """
    changes = {path: value for path, value in values.items() if path != WORLD}
    # the worlds without a lever are looked at when one is made
    scenario = with_values(base, changes, worlds=False) if changes else base
    name = values.get(WORLD, ON)
    if name == ON:
        return scenario
    for world in worlds_of(scenario):
        if world.name == name:
            return world.scenario
    raise SimError(f"this point has no world {name}")


def claim_values(claims: Mapping[str, Claim], record: RunRecord, window: int) -> dict[str, float]:
    """Mean over its window of what each claim speaks of."""
    found = {}
    for name, claim in claims.items():
        curve = record.curves[claim.measure][-(claim.window_months or window) :]
        if claim.of:
            curve = curve[:, record.axes["vendor"].index(claim.of)]
        found[CLAIM + name] = float(curve.mean())
    return found


@lru_cache(2)
def _recipe(pickled: bytes) -> Recipe:
    recipe: Recipe = pickle.loads(pickled)
    return recipe


@dataclass(frozen=True)
class PointsWork:
    """Some points in some replicates; the recipe is pickled once for all blocks."""

    recipe: bytes
    points: tuple[Named, ...]
    replicates: tuple[int, ...]
    seed: int

    @property
    def factors(self) -> Mapping[str, str]:
        """Columns of factor values and their types."""
        return _recipe(self.recipe).kinds

    def records(self) -> list[RunRecord]:
        """Run replicate after replicate, so that points share the clients of each."""
        recipe = _recipe(self.recipe)
        maker = recipe.model if recipe.branch_at is None else from_a_trunk(recipe.branch_at)
        made = [_scenario_or_error(recipe.scenario, values) for _, values in self.points]
        records: dict[tuple[int, int], RunRecord] = {}
        for replicate in self.replicates:
            for number, (name, _) in enumerate(self.points):
                scenario = made[number]
                if isinstance(scenario, Scenario):
                    record = run_world(scenario, self.seed, replicate, point=name, model=maker)
                    record = _kept(record, recipe, scenario)
                else:
                    record = failed_run(name, replicate, self.seed, "scenario", scenario)
                records[number, replicate] = replace(record, factors=self._cells(number))
        return [records[n, r] for n in range(len(self.points)) for r in self.replicates]

    def _cells(self, number: int) -> dict[str, Any]:
        kinds, (_, values) = self.factors, self.points[number]
        return {path: cell(kind, values.get(path)) for path, kind in kinds.items()}

    def parts(self) -> Sequence[PointsWork]:
        """The runs one by one."""
        return [
            replace(self, points=(point,), replicates=(replicate,))
            for point in self.points
            for replicate in self.replicates
        ]

    def aborted(self) -> list[RunRecord]:
        """Every run, without numbers."""
        return [
            aborted_run(name, replicate, self.seed, self._cells(number))
            for number, (name, _) in enumerate(self.points)
            for replicate in self.replicates
        ]


def _scenario_or_error(base: Scenario, values: Mapping[str, Any]) -> Scenario | str:
    try:
        return point_scenario(base, values)
    except SimError as error:
        return str(error)[:MESSAGE_LENGTH]


def _kept(record: RunRecord, recipe: Recipe, scenario: Scenario) -> RunRecord:
    """The record with the claims' values and only those curves and months that are stored."""
    if not record.curves:
        return record
    window = scenario.containment.window_months
    try:
        told = claim_values(recipe.claims, record, window)
    except (KeyError, ValueError) as error:
        message = f"a claim cannot be read: {error}"
        return failed_run(record.point, record.replicate, record.seed, "claims", message)
    names = [n for n in record.curves if recipe.measures is None or n in recipe.measures]
    return replace(
        record,
        outcomes={**record.outcomes, **told},
        curves={n: record.curves[n][recipe.stride - 1 :: recipe.stride] for n in names},
        dims={name: record.dims[name] for name in names},
    )
