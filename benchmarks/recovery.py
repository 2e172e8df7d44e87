"""Recovers numbers from records of a small market that are known to be true, again and again.

    python benchmarks/recovery.py --recoveries 100 --simulations 400

Each time true numbers are drawn from the prior, one run at them is recorded with errors, and the
project's inference is given that record alone. Prints, for each number, how often the 90 % interval
holds the truth and the p-value that the rank of the truth among the draws is uniform (Talts et al.
2018, arXiv:1804.06788). What is finished is kept; the same command goes on from there. With
`--page` the table goes into docs/explanation/calibration.md.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import shutil
from concurrent.futures import ProcessPoolExecutor, as_completed
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import binom, kstest

from sim.analysis.calibration.evaluations import dataset
from sim.analysis.calibration.inference import infer
from sim.analysis.calibration.matching import match
from sim.analysis.calibration.record import Record
from sim.analysis.calibration.validation import simulated
from sim.analysis.priors import Entries, free_priors
from sim.runs.run import run_world
from sim.scenario.reader import load
from sim.scenario.schema.scenario import Scenario

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "explanation" / "calibration.md"
BEGIN, END = "<!-- recovery -->", "<!-- end of recovery -->"
FITS = [
    {"name": "volcano_api", "paths": ["vendors.volcano.appeal.api"], "low": -1.0, "high": 2.0},
    {
        "name": "volume",
        "paths": ["kinds.assistant.volume", "kinds.documents.volume"],
        "scale": True,
        "low": 0.3,
        "high": 3.0,
    },
    {
        "name": "growth",
        "paths": ["kinds.assistant.growth", "kinds.documents.growth"],
        "low": 0.0,
        "high": 0.2,
    },
    {"name": "unseen", "paths": ["containment.ceiling_share"], "low": 0.5, "high": 0.7},
]
NUMBERS = ("volcano_api", "volume", "growth", "price_sensitivity", "usage_elasticity", "unseen")
FIGURES = [
    ("external_llm_tokens_IDC", "trillion tokens", ("China market",)),
    ("share_public_cloud_llm_tokens_external_IDC", "%", ("dam", "volcano")),
    ("ai_cloud_revenue_Omdia", "billion yuan", ("China market",)),
    ("share_ai_cloud_revenue_Omdia_IaaS+PaaS+MaaS", "%", ("dam", "volcano")),
]
PERIODS = ((1, 2, 29), (3, 4, 30), (5, 6, 30))
LEVEL = 0.90


@cache
def market() -> Scenario:
    """A market of six recorded months, with six uncertain numbers."""
    changes = ["levers={}", "mechanisms.adoption=false", "mechanisms.capacity=false"]
    return load(ROOT / "scenarios" / "tiny.toml", changes).replace({"fit": FITS})


@cache
def blank() -> tuple[Record, ...]:
    """The rows of a record, each with the value 1."""
    return tuple(
        Record(
            f"{metric[0]}{first}{entity}-{place}",
            date(2024, first, 1),
            date(2024, last, day),
            entity,
            metric,
            1.0,
            unit,
        )
        for first, last, day in PERIODS
        for place, (metric, unit, entities) in enumerate(FIGURES)
        for entity in entities
    )


def figures_at(truth: dict[str, float], seed: int) -> dict[str, float]:
    """The figures of one run at some numbers, without errors."""
    scenario = market()
    changes = Entries.of(scenario, free_priors(scenario, NUMBERS)).changes(truth)
    run = run_world(scenario.replace(changes), seed, 0)
    targets = match(blank(), scenario).targets
    assert len(targets) == len(blank())
    curves = dataset([run], scenario, {name for target in targets for name in target.measures})
    return {target.id: float(simulated(target, curves)[0]) for target in targets}


def record_at(truth: dict[str, float], index: int) -> list[Record]:
    """What is recorded of one run at some numbers: its figures with the errors of their kind."""
    exact = figures_at(truth, 1_000_000 + index)
    rng = np.random.default_rng([7, index])
    noisy = {}
    known = [dataclasses.replace(row, value=exact[row.id]) for row in blank()]
    for target in match(known, market()).targets:
        noise = rng.normal(0.0, target.error)
        noisy[target.id] = (
            target.value * float(np.exp(noise / target.value))
            if target.transform == "log"
            else target.value + noise
        )
    return [dataclasses.replace(row, value=noisy[row.id]) for row in blank()]


def recovered(index: int, simulations: int, out: Path) -> dict[str, Any]:
    """One recovery: the truth of each number, its interval, and its rank among the draws."""
    priors = free_priors(market(), NUMBERS)
    levels = np.random.default_rng([8, index]).random(len(priors))
    truth = {p.name: p.law.quantile(float(u)) for p, u in zip(priors, levels, strict=True)}
    own = out / f"{index:04d}"
    found = infer(
        market(),
        record_at(truth, index),
        numbers=NUMBERS,
        simulations=simulations,
        clients=600,
        seed=index,
        out=own,
        workers=1,
    )
    draws, weights = found.posterior.draws, found.posterior.weights
    shutil.rmtree(own)
    return {
        "index": index,
        "temperature": found.posterior.provenance["temperature"],
        "effective_size": found.posterior.provenance["effective_size"],
        "discrepancy": [row["sd"] for row in found.posterior.provenance["discrepancy"]],
        "numbers": {
            row.name: {
                "truth": truth[row.name],
                "rank": float(weights[draws[row.name] < truth[row.name]].sum()),
                "inside": bool(row.posterior[0] <= truth[row.name] <= row.posterior[2]),
                "taught": row.taught,
            }
            for row in found.learnt
        },
    }


def table(rows: list[dict[str, Any]], simulations: int) -> list[str]:
    """Coverage of the 90 % interval and p-value of uniform ranks, one line a number."""
    count = len(rows)
    low, high = (int(binom.ppf(p, count, LEVEL)) for p in (0.025, 0.975))
    lines = [
        f"{count} recoveries of {simulations} simulations each; exact calibration has 95 of 100 "
        f"such counts between {low} and {high}.",
        "",
        f"| number | truth inside its interval, of {count} | p of uniform ranks | mean taught |",
        "|---|---|---|---|",
    ]
    for name in NUMBERS:
        own = [row["numbers"][name] for row in rows]
        p_value = float(kstest([one["rank"] for one in own], "uniform").pvalue)
        taught = float(np.mean([one["taught"] for one in own]))
        inside = sum(one["inside"] for one in own)
        lines.append(f"| {name} | {inside} | {p_value:.3f} | {taught:.2f} |")
    return lines


def main() -> None:
    """Recover, keep, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--recoveries", type=int, default=100)
    parser.add_argument("--simulations", type=int, default=400)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--out", type=Path, default=ROOT / "results" / "recovery")
    parser.add_argument("--page", action="store_true", help="write the table into the docs")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    kept = options.out / f"recovered-{options.simulations}.jsonl"
    lines = kept.read_text().splitlines() if kept.exists() else []
    rows = {row["index"]: row for row in map(json.loads, lines)}
    wanted = [index for index in range(options.recoveries) if index not in rows]
    with ProcessPoolExecutor(options.workers, initializer=os.nice, initargs=(19,)) as pool:
        jobs = [pool.submit(recovered, i, options.simulations, options.out) for i in wanted]
        for job in as_completed(jobs):
            row = job.result()
            rows[row["index"]] = row
            with kept.open("a") as file:
                file.write(json.dumps(row) + "\n")
            print(f"{len(rows)} of {options.recoveries} recovered", flush=True)
    text = table([rows[index] for index in range(options.recoveries)], options.simulations)
    print("\n".join(text))
    if options.page:
        before, rest = PAGE.read_text(encoding="utf-8").split(BEGIN)
        after = rest.split(END)[1]
        new = "\n".join([before + BEGIN, "", *text, "", END]) + after
        PAGE.write_text(new, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
