"""Run the parts of an attribution and keep what they find beside their runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.analysis.attribution.base import Asked, Finding, parts
from sim.analysis.verdict.document import grounds
from sim.errors import SimError, nearest_hint
from sim.runs.ensemble import RESULTS, run_ensemble
from sim.runs.files import json_bytes, write_once
from sim.runs.run import DONE

if TYPE_CHECKING:
    from sim.runs.progress import ProgressCallback
    from sim.runs.result import Result
    from sim.scenario.schema.scenario import Scenario


ATTRIBUTION = "attribution.json"
USUAL = ("rules", "shapley", "dose", "rivals", "frozen", "ablation", "benchmarks")


def attribute(
    scenario: Scenario,
    names: Sequence[str] = USUAL,
    asked: Asked | None = None,
    *,
    replicates: int | None = None,
    seed: int | None = None,
    workers: int | None = None,
    out: Path | str = RESULTS,
    progress: Callable[[str], ProgressCallback | None] | None = None,
) -> Iterator[tuple[Result, Finding]]:
    """Each part's runs and finding, one part after the other; stored runs are reused.

    Parameters
    ----------
    names
        Parts, see `parts`.
    asked
        Choices that parts take.
    progress
        Called with the name of a part for the progress callback of its runs.

    Raises
    ------
    SimError
        A part does not exist, or the scenario has no contest or no lever.
    """
    known, choices = parts(), asked or Asked()
    for name in names:
        if name not in known:
            raise SimError(f"no part is called {name!r} ({nearest_hint(name, list(known))})")
    for name in names:
        part = known[name]
        result = run_ensemble(
            scenario,
            replicates=replicates,
            seed=seed,
            workers=workers,
            out=out,
            progress=progress(name) if progress is not None else None,
            worlds=part.worlds(scenario, choices),
            model=part.model(scenario) if part.model is not None else None,
        )
        finding = part.read(result, choices)
        write_once(result.path / ATTRIBUTION, json_bytes(document(result, finding)))
        yield result, finding


def document(result: Result, finding: Finding) -> dict[str, Any]:
    """A finding with what a conclusion must carry: n, seeds, interval types, scenario hash.

    n is the least of the rows; a row with more has its own.

    Raises
    ------
    SimError
        One of them is missing.
    """
    without = [row.label for row in finding.rows if not (row.n and row.interval_type)]
    if without or not finding.rows:
        raise SimError(f"{finding.part}: no conclusion without n and interval of {without}")
    done = sorted({int(k) for k in result.runs.loc[result.runs["status"] == DONE, "replicate"]})
    facts = grounds(result, done, [row.interval_type for row in finding.rows])
    least = {"n": min(row.n for row in finding.rows), "replicates": result.replicates}
    return facts | least | asdict(finding)
