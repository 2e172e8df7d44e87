"""Makes docs/explanation/headline.md: what the main scenario says, and what it hangs on.

`python docs/headline.py` runs the main scenario over its posterior, over the prior, at its own
numbers, and at both ends of each direction that the record does not tell. Runs lie in results/, so
that the same command goes on where it stopped.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from sim.analysis.headline import (
    POSTERIOR,
    SEEDS,
    Headline,
    headline,
)
from sim.analysis.posterior import read_posterior
from sim.analysis.predictive import posterior_of
from sim.analysis.verdict.outcomes import OutcomeClass
from sim.errors import SimError
from sim.runs.executors import local_pool
from sim.runs.settings import RunSettings, progress_on_stderr
from sim.scenario.reader import load
from sim.scenario.schema.scenario import Scenario

DOCS = Path(__file__).resolve().parent
PAGE = DOCS / "explanation" / "headline.md"
SCENARIO = DOCS.parent / "scenarios" / "volcano-dam.toml"
RESULTS = DOCS.parent / "results"
CLIENTS, DRAWS = 2_000, 40
POINTS = 100.0
TAUGHT = 0.2
"""Part of the variance of a number that the record taught, below which it is not known."""
MOVING = 2
"""Classes beside containment that the first sentence names: those that move most."""
CONTAINED = OutcomeClass.CONTAINMENT.value


def percent(share: float) -> str:
    """A share in per cent."""
    return f"{POINTS * share:.0f} %"


def not_known(found: Sequence[Headline], posterior: Path) -> str:
    """The first sentence: what the record leaves open, and how far the answer moves with it."""
    rows = read_posterior(posterior).provenance["numbers"]
    untaught = [row["name"] for row in rows if row["taught"] < TAUGHT]
    numbers = len(rows)
    flat = [one for one in found if one.view.startswith("flat-")]
    spans = {kind: _span(kind, flat or found[:1]) for one in flat for kind in one.classes}
    widest = sorted(spans, key=lambda kind: spans[kind][0] - spans[kind][1])[:MOVING]
    moved = [
        f"of {kind.replace('_', '-')} from {percent(low)} to {percent(high)}"
        for kind in dict.fromkeys([CONTAINED, *widest])
        for low, high in [spans.get(kind, (0.0, 0.0))]
    ]
    return (
        f"Not known: {len(untaught)} of {numbers} uncertain numbers, of which the record teaches "
        f"less than a fifth ({', '.join(untaught[:4])} and others), and what vendors do after the "
        f"record, which is assumed; along {len(flat) // 2} directions that the record does not "
        f"tell, the probability goes {', '.join(moved)}."
    )


def _span(kind: str, found: Sequence[Headline]) -> tuple[float, float]:
    """Least and largest probability of a class."""
    all_of_them = [one.probability(kind) for one in found]
    return min(all_of_them), max(all_of_them)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows as a table of the page."""
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    return lines + [f"| {' | '.join(row)} |" for row in rows]


def first_table(found: Sequence[Headline]) -> Iterator[str]:
    """P(class), tau and what its variance is made of, one line a view."""
    kinds = [kind.value for kind in OutcomeClass if any(kind.value in one.classes for one in found)]
    rows = []
    for one in found:
        classes = [
            "{:.0f} [{:.0f}, {:.0f}]".format(*(POINTS * x for x in one.classes[kind]))
            if kind in one.classes
            else "0"
            for kind in kinds
        ]
        tau = "{:.1f} [{:.1f}, {:.1f}]".format(*(POINTS * x for x in one.tau))
        parts = [
            "-" if (part := one.parts.get(name)) is None else f"{POINTS * part:.0f}"
            for name in ("seed", "parameters", "strategies")
        ]
        rows.append([one.title, str(one.n), *classes, tau, *parts])
    names = [f"P({kind.replace('_', '-')}), %" for kind in kinds]
    parts = ["seed, %", "parameters, %", "strategies, %"]
    yield from table(["at", "runs", *names, "tau, points", *parts], rows)


def definitions(found: Sequence[Headline]) -> Iterator[str]:
    """D1 to D6: the verdict of each, one line a view, and their numbers over the posterior."""
    codes = list(found[0].definitions)
    rows = [[one.title, *(one.definitions[c]["verdict"] for c in codes)] for one in found]
    titles = [f"{code} {found[0].definitions[code]['title']}" for code in codes]
    yield from table(["at", *titles], rows)
    yield ""
    first = found[0]
    texts = []
    for code, one in first.definitions.items():
        if one["statistic"] is not None:
            interval = one["interval"]
            ends = "" if interval is None else " [{:.4g}, {:.4g}]".format(*interval)
            texts.append(f"{code} {one['statistic']:.4g}{ends} {one['unit']}")
    yield f"Over {first.title}, with the interval of the mean: {'; '.join(texts)}."


def page(scenario: Scenario, posterior: Path, found: Sequence[Headline]) -> list[str]:
    """The lines of the page."""
    facts = read_posterior(posterior).provenance
    failed = sum(one.failed for one in found)
    by_view = {one.view: one for one in found}
    first = by_view[POSTERIOR]
    tau = [POINTS * x for x in first.tau]
    return [
        "# Headline",
        "",
        not_known(found, posterior),
        "",
        f"Over the posterior containment is what {percent(first.probability(CONTAINED))} of the "
        f"runs end in, and the levers of the incumbent keep {tau[0]:.1f} points of token share "
        f"away from the challenger, 90 % predictive interval {tau[1]:.1f} to {tau[2]:.1f}.",
        "",
        f"Made by `python docs/headline.py`: {DRAWS} draws x {SEEDS} seeds in each view, with and "
        f"without the incumbent's levers (its money kept), {scenario.population.clients:,} "
        f"clients, root seed {scenario.ensemble.seed}; posterior of {facts['simulations']:,} "
        f"simulations on the record until {facts['cut']}. The point is the scenario's own numbers, "
        "its spread that of seeds. An end of a direction is the fifth of the posterior that lies "
        f"farthest along it. {failed} runs failed. From Python: "
        "`sim.analysis.headline.headline(scenario)`.",
        "",
        "## What runs end in, and what the levers do",
        "",
        *first_table(found),
        "",
        "P: share of the runs [simultaneous 95 % interval]. tau: token share of the challenger "
        "without the levers less with them, median [90 % predictive interval]. The last columns "
        "split the variance of tau.",
        "",
        "## Definitions of containment",
        "",
        *definitions(found),
    ]


def main() -> None:
    """Run, write the page, say the first sentence."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=RESULTS)
    parser.add_argument("--posterior", type=Path)
    options = parser.parse_args()
    scenario = load(SCENARIO, [f"population.clients={CLIENTS}"])
    file = posterior_of(scenario, options.posterior)
    if file is None:
        raise SimError(f"{SCENARIO} names no posterior: give --posterior FILE")
    # One pool for all views: workers need longer to start than to run one view.
    with progress_on_stderr() as progress, local_pool(os.cpu_count() or 1) as pool:
        settings = RunSettings(options.out, executor=pool, progress=progress)
        found = list(headline(scenario, file, settings, draws=DRAWS))
    text = "\n".join(page(scenario, file, found)) + "\n"
    PAGE.write_text(text, encoding="utf-8", newline="\n")
    print(not_known(found, file))


if __name__ == "__main__":
    main()
