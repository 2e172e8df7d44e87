"""The verdict, what it rests on, and where it fails, as sections of the page.

No page and no printed verdict goes without n, seeds, kinds of interval and the scenario's hash.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sim.analysis.statistics import paired_comparison
from sim.analysis.verdict.grounds import over_posterior, ranges, refuse_bare
from sim.analysis.verdict.judge import vendor_label
from sim.errors import SimError
from sim.report.html import PERCENT, Block, folded, heading, number, paragraph, spread, table
from sim.runs.files import json_bytes, sha256
from sim.runs.rows import DONE
from sim.runs.worlds import OFF_MONEY_KEPT, ON

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
    carried = {
        "n": n and n == len(seeds),
        "seed list": seeds and manifest.get("seed") is not None,
        "interval type": kinds and all(kinds),
        "scenario hash": manifest.get("scenario_hash")
        and verdict.get("scenario_hash") == manifest.get("scenario_hash"),
    }
    missing = [name for name, there in carried.items() if not there]
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


def burn_section(result: Result) -> Iterator[Block]:
    """Money lost below cost, points of share gained, and the one over the other."""
    burn = result.verdict.get("burn_per_point")
    if not burn or not burn["vendors"]:
        return
    yield paragraph(
        f"Sold below cost, {burn['unit']} gained ({burn['interval_type']}; n = {burn['n']} runs)"
    )
    yield table(
        (
            "vendor",
            "since",
            "below cost, million yuan",
            "points gained",
            "a point",
            "median of runs that gained",
        ),
        [
            (
                vendor_label(result.scenario, vendor),
                f"{found['since'][:7]}{' (price cut)' if found['since_price_cut'] else ''}",
                number(found["burn_million_yuan"]),
                number(found["points_gained"]),
                spread(found["estimate"], found["interval"]),
                f"{number(found['median'])} ({found['runs_that_gained']} runs)",
            )
            for vendor, found in burn["vendors"].items()
        ],
    )


WELFARE = (
    "consumer_surplus",
    "incumbent_profit",
    "challenger_profit",
    "hhi_platform_tokens",
    "hhi_revenue",
)
PAIRED = "paired t, 95 %"


def verdict_section(result: Result, grounds: Grounds) -> Iterator[Block]:
    """The sentences, the definitions, the classes, and the effect under every rule."""
    verdict = result.verdict
    yield heading("Verdict")
    for sentence in verdict["sentences"]:
        yield paragraph(sentence, "verdict")
    entry = verdict["verdicts"].get(verdict["primary"])
    if entry is None:
        yield paragraph(grounds.line(), "grounds")
        return
    rows = [("verdict on runs and cause", entry["overall"]), ("definitions", entry["contained"])]
    if entry["pyrrhic"] is not None:
        rows.append(("contained at a loss to the incumbent (pyrrhic)", entry["pyrrhic"]))
    yield table(("question", "answer"), rows)
    yield table(
        ("definition", "verdict", "estimate", "unit", "interval"),
        [
            (
                f"{code} {found['title']}",
                found["verdict"],
                spread(found["statistic"], found["interval"]),
                found["unit"],
                found["interval_type"] or "-",
            )
            for code, found in entry["definitions"].items()
        ],
    )
    yield table(
        ("outcome", f"runs, per cent ({entry['classes']['interval_type']})"),
        [
            (kind.replace("_", "-"), spread(found["share"], found["interval"], PERCENT))
            for kind, found in entry["classes"]["frequencies"].items()
            if found["count"]
        ],
    )
    yield from _effects(verdict)
    yield paragraph(grounds.line(), "grounds")
    for note in entry["notes"]:
        yield paragraph(f"Note: {note}")


def _effects(verdict: Mapping[str, Any]) -> Iterator[Block]:
    found = [(r, e, e["definitions"]["D2"]) for r, e in verdict["verdicts"].items()]
    rows = [
        (
            rule.replace("_", " "),
            spread(effect["statistic"], effect["interval"]),
            effect["verdict"],
            entry["n"],
        )
        for rule, entry, effect in found
        if entry["causal"]["tau"] is not None
    ]
    if rows:
        yield paragraph("Token share that the challenger would gain without the incumbent's levers")
        yield table(("rule of the counterfactual", "tau, share", "verdict", "n"), rows)


def scoreboard_section(result: Result) -> Iterator[Block]:
    """Shares of the last months, and what welfare does."""
    yield heading("Shares and welfare")
    boards = result.verdict.get("scoreboards") or {}
    window = result.scenario.containment.window_months
    for measure, board in boards.items():
        yield paragraph(
            f"{measure.replace('_', ' ')}, last {window} months, per cent: median and 90 % band"
        )
        yield table(
            ("vendor", "share"),
            [
                (
                    vendor_label(result.scenario, vendor),
                    spread(found["median"], (found["p05"], found["p95"]), PERCENT),
                )
                for vendor, found in board.items()
            ],
        )
    rows = list(_welfare(result))
    if rows:
        yield paragraph(
            f"With the incumbent's levers less without (its money kept), mean a month, {PAIRED}"
        )
        yield table(("measure", "difference", "n"), rows)


def _welfare(result: Result) -> Iterator[tuple[str, str, int]]:
    if OFF_MONEY_KEPT not in result.points:
        return
    sound = result.sound_replicates(ON, OFF_MONEY_KEPT)
    runs = result.runs[(result.runs["status"] == DONE) & result.runs["replicate"].isin(sound)]
    for measure in WELFARE:
        if measure not in runs or not sound:
            continue
        pair = runs.pivot(index="replicate", columns="point", values=measure)
        values = pair[[OFF_MONEY_KEPT, ON]].dropna().to_numpy(dtype=float)
        if len(values):
            found = paired_comparison(values[:, 0], values[:, 1])
            interval = None if found.n < 2 else found.interval
            yield measure.replace("_", " "), spread(found.mean, interval), found.n


def grid_section(result: Result) -> Iterator[Block]:
    """The verdict at every setting of the thresholds."""
    yield heading("Thresholds")
    verdict = result.verdict
    entry = verdict["verdicts"].get(verdict["primary"])
    curve = None if entry is None else entry.get("specification")
    if not curve:
        yield paragraph("There is no verdict, so no threshold decides it.")
        return
    kept = "robust" if curve["robust"] else "not robust, so no headline"
    yield paragraph(
        f"Over {len(curve['points'])} settings of the thresholds the verdict on runs and cause "
        f"stays in {PERCENT * curve['same_overall']:.0f} %, that of the definitions in "
        f"{PERCENT * curve['same_contained']:.0f} %: {kept}."
    )
    axes = curve["axes"]
    rows = [
        (*(number(p["thresholds"][axis]) for axis in axes), p["overall"], p["contained"])
        for p in curve["points"]
    ]
    head = (*(axis.replace("_", " ") for axis in axes), "verdict", "definitions")
    yield folded("all settings", table(head, rows))


def failure_section(findings: list[dict[str, Any]]) -> Iterator[Block]:
    """The region in which containment fails, as prominent as the verdict."""
    yield heading("Where containment fails")
    boxes = [found for found in findings if found.get("method") == "prim"]
    if not boxes:
        yield paragraph("Not examined here: sim sensitivity SCENARIO --method prim examines it.")
    for found in boxes:
        facts = found["facts"]
        yield paragraph(
            f"It fails in {facts['fails_in']} of {facts['draws']} draws of the unknowns."
        )
        if not facts["box"]:
            yield paragraph("; ".join(found["notes"]))
            continue
        yield paragraph(
            f"The box below holds {PERCENT * facts['coverage']:.0f} % of these failures, and "
            f"{PERCENT * facts['density']:.0f} % of the draws in it fail."
        )
        yield table(
            ("unknown", "from", "to", "quasi-p", "restricted in resamples, per cent"),
            [
                (
                    name,
                    number(side["low"]),
                    number(side["high"]),
                    number(side["quasi_p"]),
                    number(side["restricted_in"], PERCENT),
                )
                for name, side in facts["box"].items()
            ],
        )
        yield paragraph(finding_line(found), "grounds")
