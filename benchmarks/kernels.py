"""One review by five programs on the same market: ours, C, NumPy, and plain Mesa agents."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import numpy as np

from benchmarks.native import NativeReview, compiler
from benchmarks.problem import MONTHS_BEFORE, REVIEW_MONTH, Problem, market
from benchmarks.vectorised import VectorisedReview
from tests.reference.market import ReferenceMarket

CLIENTS = {False: 60_000, True: 10_000}
REPEATS = {False: 15, True: 5}
PLAIN_CLIENTS = 300
MOST_DIFFERING = 1e-4  # -Ofast and library logarithms round differently: near ties go either way


def fastest(
    problem: Problem, programs: dict[str, Callable[[], None]], repeats: int
) -> dict[str, float]:
    """Seconds of each program, the best of interleaved turns; one core in processor time."""
    best = dict.fromkeys(programs, float("inf"))
    for _ in range(repeats):
        for name, act in programs.items():
            clock = time.perf_counter if name.endswith("two") else time.thread_time
            problem.reset()
            began = clock()
            act()
            best[name] = min(best[name], clock() - began)
    return best


def differing(problem: Problem, act: Callable[[], None]) -> float:
    """Part of the workloads for which a program chooses otherwise than ours."""
    problem.reset()
    problem.ours(1)()
    ours = problem.chosen()
    problem.reset()
    act()
    theirs = problem.chosen()
    unequal = (ours[0] != theirs[0]) | (ours[1] != theirs[1])
    return float(np.mean(unequal))


def plain_seconds_per_review() -> float:
    """Processor time of one decision of a plain Mesa client in the same market."""
    model = ReferenceMarket(market(PLAIN_CLIENTS), 1)
    while model.month < MONTHS_BEFORE:
        model.step()
    began = time.thread_time()
    _, decisions = model.review_plainly(REVIEW_MONTH, True)
    return (time.thread_time() - began) / len(decisions)


def kernel_figures(quick: bool, _: dict[str, float]) -> dict[str, float]:
    """Ratios of the review, per reviewed workload."""
    problem = Problem(CLIENTS[quick])
    vectorised = VectorisedReview(problem)
    programs = {"ours": problem.ours(1), "ours two": problem.ours(2), "numpy": vectorised.act}
    others = {"numpy": vectorised.act}
    if compiler():
        native = NativeReview(problem)
        programs |= {"c": native.act(1), "c two": native.act(2)}
        others["c"] = native.act(1)
    else:
        print("no C compiler: the comparison with C is left out", file=sys.stderr)
    figures = {}
    for name, act in others.items():
        figures[f"differing_{name}"] = gap = differing(problem, act)
        if gap > MOST_DIFFERING:
            raise ValueError(f"{name} chooses otherwise for {gap:.2%} of the workloads")
    best = fastest(problem, programs, REPEATS[quick])
    each = {name: seconds / problem.reviews * 1e9 for name, seconds in best.items()}
    each["mesa"] = plain_seconds_per_review() * 1e9
    figures |= {f"{name.replace(' ', '_')}_ns_per_review": ns for name, ns in each.items()}
    figures["mesa_over_ours_one_core"] = each["mesa"] / each["ours"]
    figures["numpy_over_ours_one_core"] = each["numpy"] / each["ours"]
    if "c" in each:
        figures["ours_over_c_one_core"] = each["ours"] / each["c"]
        figures["ours_over_c_two_cores"] = each["ours two"] / each["c two"]
    return figures
