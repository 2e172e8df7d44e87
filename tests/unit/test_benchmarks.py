"""The benchmarks' own arithmetic, and that their programs choose the same."""

from __future__ import annotations

import pytest

from benchmarks.compare import LIMITS, lines
from benchmarks.kernels import MOST_DIFFERING, differing
from benchmarks.native import NativeReview, compiler
from benchmarks.page import BEGIN, END, with_figures
from benchmarks.problem import Problem
from benchmarks.vectorised import VectorisedReview


@pytest.fixture(scope="module")
def problem() -> Problem:
    return Problem(2_000)


def test_numpy_takes_the_same_offers(problem: Problem) -> None:
    assert problem.reviews > 3_000
    assert differing(problem, VectorisedReview(problem).act) <= MOST_DIFFERING


def test_c_takes_the_same_offers_if_there_is_a_compiler(problem: Problem) -> None:
    if compiler() is not None:
        native = NativeReview(problem)
        for threads in (1, 2):
            assert differing(problem, native.act(threads)) <= MOST_DIFFERING


def test_another_choice_is_noticed(problem: Problem) -> None:
    def first_offer_for_all() -> None:
        problem.model.choices.current[problem.adopted] = 0

    assert differing(problem, first_offer_for_all) > 0.5


def test_lines_say_what_is_met() -> None:
    good = {name: limit for name, (_, limit) in LIMITS.items()}
    assert all(line.endswith(" met") for line in lines(good))
    bad = {name: limit * (0.5 if sign == ">=" else 2.0) for name, (sign, limit) in LIMITS.items()}
    assert all(line.endswith("NOT MET") for line in lines(bad))
    assert lines({"something_else": 2.0})[0].split() == ["something_else", "2.000"]


def test_figures_are_put_into_the_page() -> None:
    page = f"before\n{BEGIN}old\n{END}after\n"
    new = with_figures(page, {"help_seconds": 0.1234567, "ours_ns_per_review": 321.0})
    assert "| `help_seconds` | 0.1235 | <= 0.3 |" in new
    assert "| `ours_ns_per_review` | 321 |  |" in new
    assert "old" not in new
    assert new.startswith("before\n")
    assert new.endswith("after\n")
    assert with_figures(new, {"help_seconds": 0.1234567, "ours_ns_per_review": 321.0}) == new
    with pytest.raises(ValueError, match="no lines"):
        with_figures("nothing", {"help_seconds": 1.0})
