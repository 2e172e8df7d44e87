"""Advertisements that are true: known answers, and what a stored result says."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from sim.analysis.billboards import (
    BILLBOARDS,
    CLAIMS,
    best_of,
    billboard_lines,
    billboards,
    holds,
    in_words,
)
from sim.api import run
from sim.report.registry import sections
from tests.cli.test_sweep import status
from tests.unit.market.tiny import changed


@pytest.mark.parametrize(
    ("values", "claim"),
    [
        ([55, 25, 15, 5], "first, more than all others together"),
        ([40, 15, 14, 10, 21], "first, more than ranks 2 to 4 together"),  # the last is a bundle
        ([45, 20, 20, 15], "first, more than ranks 2 and 3 together"),
        ([48, 22, 27, 3], "first"),
        ([44, 22, 21, 13], "first, more than ranks 2 and 3 together"),
        ([42, 21, 21.5, 15.5], "first"),
        ([46, 23, 23, 8], "first, twice the second"),
        ([30, 35, 20, 15], "second"),
        ([20, 35, 30, 15], "third"),
        ([10, 35, 30, 25], None),
        ([0, 0, 0, 0], None),
        ([50, 50, 0, 0], None),
    ],
)
def test_the_strongest_claim_is_known(values: list[float], claim: str | None) -> None:
    bundle = 4 if len(values) == 5 else None
    found = np.flatnonzero(holds(np.array(values, dtype=float), 0, bundle))
    assert (CLAIMS[found[0]] if found.size else None) == claim


def made_up() -> Any:
    """Three runs of four months: b leads in tokens, a in revenue in two runs of three."""
    tokens = np.broadcast_to([20.0, 60.0, 15.0, 5.0], (1, 3, 4, 4)).copy()
    tokens[0, :, 0, :2] = [50.0, 30.0]  # b is not first in the first month
    revenue = np.broadcast_to([45.0, 20.0, 15.0, 20.0], (1, 3, 4, 4)).copy()
    revenue[0, 2] = [20.0, 45.0, 15.0, 20.0]
    dims = ("point", "replicate", "month", "vendor")
    curves = xr.Dataset(
        {"platform_tokens": (dims, tokens), "full_stack_revenue": (dims, revenue)},
        coords={
            "point": ["on"],
            "replicate": [0, 1, 2],
            "month": pd.date_range("2024-01-01", periods=4, freq="MS"),
            "vendor": ["a", "b", "c", "others"],
        },
    )
    vendors = {name: SimpleNamespace(label=name.upper()) for name in curves["vendor"].to_numpy()}
    return SimpleNamespace(
        curves=curves,
        scenario=SimpleNamespace(
            name="made-up", vendors=vendors, containment=SimpleNamespace(window_months=2)
        ),
        scenario_hash="0123456789abcdef",
        seed=7,
        posterior=None,
        path=Path("made-up"),
        sound_replicates=lambda point: [0, 1, 2],
    )


def test_each_claim_stands_beside_the_answer_of_a_rival() -> None:
    found = billboards(made_up())
    by = {(one["vendor"], one["title"]): one for one in found["claims"]}
    tokens, revenue = by["b", "tokens of model calls"], by["a", "revenue"]
    assert tokens["claim"] == "first, more than all others together"
    assert (tokens["share_of_runs"], tokens["months"], tokens["of_months"]) == (1.0, 3, 4)
    assert tokens["answer"]["vendor"] == "a"
    assert tokens["answer"]["title"] == "revenue"
    assert revenue["claim"] == "first, more than ranks 2 and 3 together"
    assert revenue["share_of_runs"] == pytest.approx(2 / 3)
    assert 0.2 < revenue["interval"][0] < 2 / 3 < revenue["interval"][1]
    assert revenue["answer"]["claim"] == tokens["claim"]
    assert not any(one["vendor"] == "others" for one in found["claims"])
    assert [one["vendor"] for one in best_of(found)][:2] == ["b", "a"]
    assert (
        in_words(revenue) == "first in revenue (the full stack), more than ranks 2 and 3 together"
    )
    assert "A: first in revenue" in "\n".join(billboard_lines(found))
    assert (found["n"], found["seeds"], found["root_seed"]) == (3, [0, 1, 2], 7)


@pytest.mark.slow
def test_screen_and_page_show_what_is_stored(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scenario = changed({"population.clients": 60}, months=6)
    result = run(scenario, replicates=2, workers=1, out=tmp_path)
    assert status("explain", result.path, "--billboards") == 0
    told = " ".join(capsys.readouterr().out.split())
    assert (result.path / BILLBOARDS).exists()
    found = billboards(result)
    best = found["claims"][0]
    assert f"{best['label']}: {in_words(best)}" in told
    assert "could answer" in told
    section = sections()["billboards"]
    assert section.file == BILLBOARDS
    table = next(block for block in section.content(found) if block.kind == "table")
    assert in_words(best) in table.rows[0]
