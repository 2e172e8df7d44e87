"""What no page and no printed verdict goes without: n, seeds, kinds of interval, scenario hash."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sim.analysis.verdict.grounds import over_posterior, ranges, refuse_bare
from sim.errors import SimError
from sim.runs.files import json_bytes, sha256

if TYPE_CHECKING:
    from sim.runs.result import Result

QUANTILES = "5 % and 95 % quantiles over replicates"


@dataclass(frozen=True)
class Grounds:
    """Where the numbers of a page come from."""

    scenario: str
    scenario_hash: str
    root_seed: int
    n: int
    seeds: tuple[int, ...]
    seeds_hash: str
    interval_types: tuple[str, ...]
    posterior: Mapping[str, Any] | None = None

    def line(self) -> str:
        """The line under every table and figure."""
        kinds = "; ".join(self.interval_types)
        return (
            f"n = {self.n} runs a world, root seed {self.root_seed}, children "
            f"{ranges(self.seeds)} (list {self.seeds_hash[:8]}), intervals: {kinds}, "
            f"scenario {self.scenario} {self.scenario_hash[:8]}{over_posterior(self.posterior)}"
        )


def grounds_of(result: Result) -> Grounds:
    """The grounds of a stored result.

    Raises
    ------
    SimError
        n, the seeds, a kind of interval or the scenario's hash is missing.
    """
    verdict, manifest = result.verdict, result.manifest
    entry = verdict.get("verdicts", {}).get(verdict.get("primary")) or {}
    sound = result.sound_replicates(result.points[0])
    seeds = tuple(int(seed) for seed in entry.get("seeds", [] if entry else sound) or ())
    n = int(entry.get("n") or (0 if entry else len(sound)))
    kinds = sorted(set(_kinds(entry))) if entry else [QUANTILES]
    told = {
        "n": n and n == len(seeds),
        "seed list": seeds and manifest.get("seed") is not None,
        "interval type": kinds and all(kinds),
        "scenario hash": manifest.get("scenario_hash")
        and verdict.get("scenario_hash") == manifest.get("scenario_hash"),
    }
    missing = [name for name, there in told.items() if not there]
    if missing:
        raise SimError(f"{result.path}: no conclusion without its {', '.join(missing)}")
    return Grounds(
        scenario=str(manifest["name"]),
        scenario_hash=result.scenario_hash,
        root_seed=result.seed,
        n=n,
        seeds=seeds,
        seeds_hash=sha256(json_bytes({"root": result.seed, "children": list(seeds)})),
        interval_types=tuple(kinds),
        posterior=result.posterior,
    )


def _kinds(entry: Mapping[str, Any]) -> Iterator[str]:
    """Kind of every interval that the verdict shows; empty for one that is not named."""
    yield str(entry["classes"].get("interval_type") or "")
    yield str(entry["emergence"].get("interval_type") or "")
    for definition in entry["definitions"].values():
        if definition.get("interval"):
            yield str(definition.get("interval_type") or "")


def finding_line(found: Mapping[str, Any]) -> str:
    """The line under a further finding.

    Raises
    ------
    SimError
        It lacks n, the seeds, a kind of interval or the scenario's hash.
    """
    try:
        refuse_bare(found)
    except SimError as error:
        raise SimError(f"no report of {_name(found)}: {error}") from error
    if not all(found["interval_types"]):
        raise SimError(f"no report of {_name(found)} without the kind of every interval")
    return (
        f"n = {found['n']}, root seed {found['root_seed']}, children {ranges(found['seeds'])}, "
        f"{'; '.join(found['interval_types'])}, scenario {found['scenario_hash'][:8]}"
        f"{over_posterior(found.get('posterior'))}"
    )


def _name(found: Mapping[str, Any]) -> str:
    return str(found.get("title") or found.get("folder") or found.get("scenario") or "a finding")
