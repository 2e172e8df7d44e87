"""The caption that no figure goes without: runs, seed, kind of interval and scenario."""

from __future__ import annotations

from dataclasses import dataclass

from sim.errors import SimError

SHORT_HASH = 8


@dataclass(frozen=True)
class Provenance:
    """Where the numbers of a figure come from.

    Raises
    ------
    SimError
        If the seed or the scenario's hash is missing.
    """

    scenario: str
    scenario_hash: str
    seed: int | None

    def __post_init__(self) -> None:
        missing = [
            name
            for name, there in (
                ("root seed", self.seed is not None),
                ("scenario hash", bool(self.scenario_hash)),
            )
            if not there
        ]
        if missing:
            raise SimError(f"no figure without its {' and '.join(missing)}")

    def caption(self, runs: int, interval: str, note: str = "", asked: int | None = None) -> str:
        """Caption of a figure of `runs` runs (of `asked`, if some failed) a world.

        Raises
        ------
        SimError
            If there is no run or the kind of interval is not named.
        """
        if runs < 1:
            raise SimError("no figure without a finished run")
        if not interval:
            raise SimError("no figure without the name of its interval")
        of = f" of {asked}" if asked is not None and asked != runs else ""
        source = f"scenario {self.scenario} {self.scenario_hash[:SHORT_HASH]}"
        facts = f"n = {runs}{of} runs a world, root seed {self.seed}, {source}. {interval}."
        return f"{facts} {note}." if note else facts
