"""All worlds of one replicate, as a worker runs them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from sim.experiment.branching import from_a_trunk
from sim.experiment.run import ModelMaker, RunRecord, aborted_run, run_world
from sim.experiment.worlds import World


@dataclass(frozen=True)
class WorldsWork:
    """One replicate of every world.

    `same_as` gives for each world the first one of equal scenario: that one alone is run.
    `branch_at` is the month up to which the worlds are run as one.
    """

    worlds: tuple[World, ...]
    seed: int
    replicate: int
    same_as: tuple[int, ...]
    model: ModelMaker | None = None
    branch_at: date | None = None
    factors: Mapping[str, str] = field(default_factory=dict)

    def records(self) -> list[RunRecord]:
        """Run each different world once; equal ones are told under each name."""
        model = self.model
        if self.branch_at is not None:
            model = from_a_trunk(self.branch_at)
        own = {
            index: run_world(
                self.worlds[index].scenario,
                self.seed,
                self.replicate,
                point=self.worlds[index].name,
                model=model,
            )
            for index in sorted(set(self.same_as))
        }
        return [
            replace(own[first], point=world.name, seconds=own[first].seconds * (first == index))
            for index, (world, first) in enumerate(zip(self.worlds, self.same_as, strict=True))
        ]

    def parts(self) -> Sequence[WorldsWork]:
        """A replicate is run as a whole: what ends its process is mostly its own draw."""
        return (self,)

    def aborted(self) -> list[RunRecord]:
        """Every world of the replicate, without numbers."""
        return [aborted_run(world.name, self.replicate, self.seed, {}) for world in self.worlds]
