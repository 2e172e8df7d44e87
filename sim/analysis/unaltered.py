"""Is the scenario of a result folder the one its runs were made with?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.errors import SimError
from sim.experiment.provenance import code_fingerprint
from sim.experiment.stored import MENDING, SWEEP
from sim.scenario.patches import scenario_hash

if TYPE_CHECKING:
    from sim.experiment.result import Result

SCENARIO = "scenario.toml"


def refuse_altered(result: Result) -> None:
    """Refuse a result whose stored scenario was changed after its runs.

    Vendors must be those of the stored curves. Everything else is told by the
    scenario's hash, unless the result was made by other code: that may hash the same scenario
    otherwise.

    Raises
    ------
    SimError
        The stored scenario is not the one that was run.
    """
    path, scenario = result.path / SCENARIO, result.scenario
    same_code = result.manifest.get("code", {}).get("fingerprint") == code_fingerprint()
    if same_code and scenario_hash(scenario) == result.scenario_hash:
        return
    if "vendor" in result.curves.coords:
        there = {str(vendor) for vendor in result.curves["vendor"].to_numpy()}
        stray = set(scenario.vendors) ^ there
        # A point of a sweep may bring a vendor of its own.
        stray &= set(scenario.vendors) if result.manifest.get("kind") == SWEEP else stray
        if stray:
            raise SimError(
                f"{path} was altered after the runs: vendor {', '.join(sorted(stray))} in the "
                f"scenario or in the stored curves, not in both; {MENDING}"
            )
    if same_code:
        raise SimError(
            f"{path} was altered after the runs: its hash is {scenario_hash(scenario)[:8]}, that "
            f"of the runs {result.scenario_hash[:8]}; {MENDING}"
        )
