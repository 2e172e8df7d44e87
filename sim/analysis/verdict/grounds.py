"""What every conclusion must carry: n, seeds, interval types and the hash of its scenario."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from sim.errors import SimError
from sim.files import read_bytes, read_text
from sim.runs.files import code_fingerprint, json_bytes, sha256, write_atomically
from sim.runs.result import Result
from sim.runs.stored import MENDING, SWEEP
from sim.scenario.patches import scenario_hash
from sim.scenario.schema.scenario import Scenario

SCENARIO = "scenario.toml"


def refuse_altered(result: Result) -> None:
    """Refuse a result whose stored scenario was changed after its runs.

    Vendors must be those of the stored curves. Everything else shows in the
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


def grounds(result: Result, seeds: Sequence[int], interval_types: Sequence[str]) -> dict[str, Any]:
    """n, seeds, interval types, scenario hash and folder of a conclusion, ready for JSON.

    Parameters
    ----------
    seeds
        Replicates (children of the root seed) that the conclusion stands on.

    Raises
    ------
    SimError
        One of them is missing.
    """
    facts: dict[str, Any] = {
        "scenario": result.scenario.name,
        "scenario_hash": result.scenario_hash,
        "root_seed": result.seed,
        "seeds": [int(seed) for seed in seeds],
        "n": len(seeds),
        "interval_types": sorted({kind for kind in interval_types if kind}),
        "folder": str(result.path),
    }
    if result.posterior is not None:
        facts["posterior"] = result.posterior
    missing = [
        name for name, value in facts.items() if value in ("", [], 0) and name != "root_seed"
    ]
    if missing:
        raise SimError(f"{result.path}: no conclusion without {', '.join(missing)}")
    return facts


def claims_grounds(found: Mapping[str, Any]) -> dict[str, Any]:
    """n, seeds, interval type and scenario hash of judged claims, as other findings carry them.

    n is the least number of runs that a claim speaks of.
    """
    return {
        "folder": found["name"],
        "scenario_hash": found["scenario_hash"],
        "root_seed": found["seed"],
        "seeds": list(range(found["replicates"])),
        "n": min((claim["runs"] for claim in found["claims"].values()), default=0),
        "interval_types": [found["interval"]] if found["interval"] else [],
        "posterior": found.get("posterior"),
    }


def vendor_label(scenario: Scenario, vendor: str) -> str:
    """Name of a vendor for people."""
    return scenario.vendors[vendor].label or vendor


def refuse_bare(document: Mapping[str, Any]) -> None:
    """Refuse to print or draw a stored conclusion that has lost its grounds.

    Raises
    ------
    SimError
        n, the seeds, the kinds of interval or the scenario's hash are missing.
    """
    needed = ("n", "seeds", "root_seed", "interval_types", "scenario_hash")
    missing = [name for name in needed if document.get(name) in (None, "", [])]
    if document.get("n") == 0:
        missing.append("n")
    if missing:
        raise SimError(f"no conclusion without {', '.join(missing)}")


def ranges(numbers: Iterable[int]) -> str:
    """0, 1, 2, 5 as 0-2, 5."""
    found: list[list[int]] = []
    for number in numbers:
        if found and number == found[-1][1] + 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    return ", ".join(f"{low}-{high}" if high > low else f"{low}" for low, high in found)


def grounds_line(document: Mapping[str, Any]) -> str:
    """The line that ends every table.

    Raises
    ------
    SimError
        As `refuse_bare`.
    """
    refuse_bare(document)
    return (
        f"n = {document['n']}, {'; '.join(document['interval_types'])}, root seed "
        f"{document['root_seed']}, children {ranges(document['seeds'])}, scenario "
        f"{document['scenario_hash'][:8]}{over_posterior(document.get('posterior'))}, "
        f"{document['folder']}"
    )


def over_posterior(facts: Mapping[str, Any] | None) -> str:
    """What a line of grounds says of the posterior of the runs, if there is one."""
    if facts is None:
        return ""
    return f", over the posterior {facts['sha256'][:8]} ({facts['draws']:,} draws)"


def plain(value: Any) -> Any:
    """Same value of JSON types only; numbers without a value (NaN, infinite) become null."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(plain(key)): plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist())
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


HORIZON, EFFECTS = "horizon.json", "sweep.json"
"""Files beside a verdict: where the longer run lies, and what a sweep found."""
JUDGED = "judged.sha256"
ANALYSIS = Path(__file__).resolve().parent.parent


@cache
def code_of_verdicts() -> str:
    """SHA-256 over the source files that judge, by name and content."""
    digest = hashlib.sha256()
    for path in sorted(ANALYSIS.rglob("*.py")):
        digest.update(f"{path.relative_to(ANALYSIS).as_posix()}\0".encode())
        digest.update(hashlib.sha256(read_bytes(path)).digest())
    return digest.hexdigest()


def is_judged(result: Result) -> bool:
    """Whether the stored verdict was given by this code, of these runs and their horizon."""
    note = result.path / JUDGED
    return note.is_file() and read_text(note) == _sum(result)


def note_judged(result: Result) -> None:
    """Remember by which code and of what the stored verdict was given."""
    write_atomically(result.path / JUDGED, _sum(result).encode())


def _sum(result: Result) -> str:
    """One sum of the code and of the files that a verdict is made of and written to."""
    files = [result.judgement_path, result.path / HORIZON]
    files += [result.path / EFFECTS] if result.is_sweep else []
    parts = [sha256(read_bytes(file)) if file.is_file() else "" for file in files]
    facts = {**result.manifest, "sessions": None, "command": None}  # when and how they were made
    return sha256(" ".join([code_of_verdicts(), sha256(json_bytes(facts)), *parts]).encode())
