"""What a method found, with everything that a conclusion must carry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from sim.analysis.attribution.base import Estimate
from sim.analysis.uncertainty.exploring import Explored
from sim.analysis.verdict.grounds import plain
from sim.errors import SimError
from sim.runs.files import json_bytes, write_once

SENSITIVITY = "sensitivity.json"


@dataclass(frozen=True)
class Finding:
    """Tables of a method by outcome, and what else it says."""

    method: str
    title: str
    tables: Mapping[str, tuple[Estimate, ...]]
    notes: tuple[str, ...] = ()
    facts: dict[str, Any] = field(default_factory=dict)


def document(explored: Explored, finding: Finding) -> dict[str, Any]:
    """A finding with n, seeds, interval types, scenario hash and folders, ready for JSON.

    Raises
    ------
    SimError
        One of them is missing.
    """
    first = explored.first
    rows = [row for table in finding.tables.values() for row in table]
    head: dict[str, Any] = {
        "method": finding.method,
        "scenario": explored.unknowns.scenario.name,
        "scenario_hash": first.scenario_hash,
        "root_seed": first.seed,
        "seeds": list(range(first.replicates)),
        "draws": len(explored.levels),
        "n": sum(len(result.runs) for result in explored.results.values()),
        "interval_types": sorted({row.interval_type for row in rows}),
        "folders": {base: str(result.path) for base, result in explored.results.items()},
        "unknowns": explored.unknowns.document(),
    }
    refuse_bare(head)
    body = {"title": finding.title, "tables": {k: [asdict(r) for r in t] for k, t in _of(finding)}}
    told: dict[str, Any] = plain(
        head | body | {"notes": list(finding.notes), "facts": finding.facts}
    )
    return told


def _of(finding: Finding) -> list[tuple[str, tuple[Estimate, ...]]]:
    return list(finding.tables.items())


def refuse_bare(told: Mapping[str, Any]) -> None:
    """Refuse to print or draw a conclusion without its grounds.

    Raises
    ------
    SimError
        n, seeds, the kinds of interval or the scenario's hash are missing.
    """
    needed = ("n", "seeds", "interval_types", "scenario_hash")
    missing = [name for name in needed if not told.get(name)]
    if told.get("root_seed") is None:
        missing.append("root_seed")
    if missing:
        raise SimError(f"no conclusion without {', '.join(missing)}")


def store(explored: Explored, finding: Finding) -> dict[str, Any]:
    """Keep a finding beside its runs; an earlier one that differs is put aside."""
    told = document(explored, finding)
    write_once(explored.first.path / SENSITIVITY, json_bytes(told))
    return told
