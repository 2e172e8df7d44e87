"""Paired comparisons of scenarios: by hand in a fake market, exactly 0 for the same market."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from sim.analysis.compare import (
    COMPARISON,
    ScenarioComparison,
    asked_measures,
    compare,
    comparison,
    differing,
    refuse_unlike,
)
from sim.analysis.statistics import holm
from sim.analysis.verdict.grounds import refuse_bare
from sim.errors import SimError
from sim.plot.registry import plots
from sim.plot.save import save
from sim.runs.result import Result
from sim.runs.settings import RunSettings
from sim.scenario.reader import load
from tests.unit.market.tiny import changed
from tests.unit.runs.fake_market import DUEL, FailingMarket, FakeMarket

TOKENS = "platform_token_share"


@pytest.fixture(scope="module")
def duel() -> Any:
    return load(DUEL)


@pytest.fixture(scope="module")
def pair(duel: Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[Result, ScenarioComparison]:
    other = duel.replace({"vendors.new.appeal.api": 0.52, "name": "nicer"})
    return compare(
        [duel, other],
        measures=["profit", "hhi_platform_tokens"][:1],
        margins={"": 0.02, "profit": 1.0},
        settings=RunSettings(out=tmp_path_factory.mktemp("compare"), workers=1),
        model=FakeMarket,
    )


def test_differences_are_paired_by_hand(pair: tuple[Result, ScenarioComparison]) -> None:
    result, found = pair
    (row,) = (r for r in found.differences if (r.measure, r.vendor) == (TOKENS, "new"))
    window = result.curves[TOKENS].sel(vendor="new").isel(month=slice(-12, None)).mean("month")
    one, two = (window.sel(point=name).to_numpy() for name in ("duel", "nicer"))
    test = stats.ttest_rel(two, one)
    low, high = test.confidence_interval(0.95)
    assert row.mean == pytest.approx((two - one).mean(), rel=1e-12)
    assert (row.low, row.high) == pytest.approx((low, high), rel=1e-9)
    assert row.p_value == pytest.approx(test.pvalue, rel=1e-6)
    assert (row.n, row.world) == (4, "nicer")
    assert row.mean > 0.0
    assert row.correlation > 0.9


def test_holm_is_over_all_differences_and_margins_are_by_unit(
    pair: tuple[Result, ScenarioComparison],
) -> None:
    _, found = pair
    raw = [row.p_value for row in found.differences]
    assert [r.holm_adjusted for r in found.differences] == pytest.approx(list(holm(raw)))
    margins = {row.measure: row.margin for row in found.differences}
    assert margins == {TOKENS: 0.02, "full_stack_revenue_share": 0.02, "profit": 1.0}
    (row,) = (r for r in found.differences if (r.measure, r.vendor) == (TOKENS, "new"))
    assert row.equivalent is True
    assert row.told == "different, yet equivalent"
    assert row.equivalence_low > row.low


def test_flows_are_compared_and_who_stays_is_none(pair: tuple[Result, ScenarioComparison]) -> None:
    _, found = pair
    assert len(found.flows) == 2 * 3
    assert {row.vendor for row in found.flows} == {"old", "new"}
    assert all(row.vendor != row.vendor_to for row in found.flows)
    assert all(row.mean == 0.0 and row.told == "the same" for row in found.flows)


def test_the_document_carries_what_a_conclusion_needs(
    pair: tuple[Result, ScenarioComparison],
) -> None:
    result, _ = pair
    told = json.loads((result.path / COMPARISON).read_text())
    assert told["root_seed"] == 7
    assert told["interval_type"] == "paired t, 95 %"
    assert [one["name"] for one in told["scenarios"]] == ["duel", "nicer"]
    assert told["scenarios"][1]["differs_in"] == {"vendors.new.appeal.api": [0.5, 0.52]}
    assert all(row["n"] == 4 for row in told["differences"])
    again = load(result.path / "scenario-nicer.toml")
    assert again.vendors["new"].appeal.api == 0.52


def test_the_folder_is_reused_and_the_figure_has_its_numbers(
    pair: tuple[Result, ScenarioComparison],
) -> None:
    result, _ = pair
    names = {path.name for path in save(result, ["compare"])}
    assert names == {f"compare_{TOKENS}.png", f"compare_{TOKENS}.csv"}
    _, axes = plots()["compare"].draw(result)
    assert [ax.get_title(loc="left") for ax in axes] == [
        "duel",
        "nicer",
        "",
        "nicer less duel",
    ]
    table = plots()["compare"].numbers(result)
    last = table[table["difference"].notna() & (table["vendor"] == "new")].iloc[-1]
    month = result.curves[TOKENS].sel(vendor="new").isel(month=-1)
    gap = (month.sel(point="nicer") - month.sel(point="duel")).to_numpy()
    assert last["difference"] == pytest.approx(gap.mean())
    assert last["low"] < gap.mean() < last["high"]


def test_a_market_compared_with_itself_differs_by_exactly_0(tmp_path: Path) -> None:
    market = changed({"population.clients": 60})
    renamed = market.replace({"name": "twin"})
    assert differing(market, renamed) == {}
    _, found = compare(
        [market, market, renamed], replicates=2, settings=RunSettings(out=tmp_path, workers=1)
    )
    assert found.worlds == ("tiny", "tiny-2", "twin")
    assert {(r.mean, r.low, r.high) for r in found.differences} == {(0.0, 0.0, 0.0)}
    assert {r.told for r in (*found.differences, *found.flows)} == {"the same"}
    assert all(r.holm_adjusted == 1.0 for r in found.differences)


def test_failed_runs_are_left_out_of_their_pairs(duel: Any, tmp_path: Path) -> None:
    other = duel.replace({"vendors.new.appeal.api": 0.6, "name": "nicer"})
    _, found = compare(
        [duel, other], settings=RunSettings(out=tmp_path, workers=1), model=FailingMarket
    )
    assert {row.n for row in found.differences} == {2}
    assert any("4 runs failed" in note for note in found.notes)


def test_other_clients_and_windows_are_noted_and_one_pair_bounds_nothing(
    duel: Any, tmp_path: Path
) -> None:
    other = duel.replace({"population.clients": 50, "containment.window_months": 6})
    _, found = compare(
        [duel, other], replicates=1, settings=RunSettings(out=tmp_path, workers=1), model=FakeMarket
    )
    assert len(found.notes) == 3
    row = found.differences[0]
    assert (row.low, row.equivalent, row.p_value) == (None, None, 1.0)
    json.dumps(found.document(), allow_nan=False)


def test_scenarios_that_cannot_be_compared_are_refused_with_all_reasons(duel: Any) -> None:
    tiny = changed()
    with pytest.raises(SimError) as refused:
        refuse_unlike([duel, tiny], ["a", "b"])
    first, second = str(refused.value).splitlines()
    assert first == "b: other vendors than a (dam, new, old, third, volcano in one of them only)"
    assert "b: other calendar than a (6 months from 2024-01, not 14 from 2024-01)" in second
    with pytest.raises(SimError, match="two scenarios"):
        refuse_unlike([duel], ["a"])


def test_measures_that_cannot_be_compared_are_refused(
    pair: tuple[Result, ScenarioComparison],
) -> None:
    assert asked_measures(["profit", "profit"])[-1] == "profit"
    with pytest.raises(SimError, match="nearest: profit"):
        asked_measures(["proft"])
    with pytest.raises(SimError, match="flows are compared anyway"):
        asked_measures(["switching_flow"])
    with pytest.raises(SimError, match="not stored: cash"):
        comparison(pair[0], ["duel", "nicer"], ["cash"], {})


def test_any_measure_is_compared_part_by_part(tmp_path: Path) -> None:
    one = changed({"population.clients": 60}, months=3)
    two = one.replace({"vendors.third.pricing.markup": 0.1, "name": "cheap"})
    asked = ["segment_token_share", "tokens_by_kind"]
    result, found = compare(
        [one, two], measures=asked, replicates=3, settings=RunSettings(out=tmp_path, workers=1)
    )
    rows = {(r.measure, r.vendor, r.part): r for r in found.differences}
    curve = result.curves["segment_token_share"].sel(vendor="third", segment="government")
    means = curve.isel(month=slice(-3, None)).mean("month")
    gap = float((means.sel(point="cheap") - means.sel(point="tiny")).mean())
    row = rows["segment_token_share", "third", "segment government"]
    assert row.mean == pytest.approx(gap, rel=1e-9)
    assert row.mean > 0.0
    assert row.margin == one.containment.minimum_effect
    assert ("tokens_by_kind", "", "kind documents") in rows
    assert all(r.part == "" for r in found.differences if r.measure not in asked)
    told = json.loads((result.path / COMPARISON).read_text())
    assert told["n"] == 3
    assert told["seeds"] == [0, 1, 2]
    assert told["scenario_hash"] == result.scenario_hash
    assert "segment_token_share" not in told["measures"]
    with pytest.raises(SimError, match="no conclusion without seeds"):
        refuse_bare({**told, "seeds": []})


def test_missing_values_are_left_out_of_their_measure(
    pair: tuple[Result, ScenarioComparison],
) -> None:
    result = Result(pair[0].path)
    holed = result.curves.load().copy(deep=True)
    holed["profit"].loc[{"point": "nicer", "replicate": 2, "vendor": "new"}] = np.nan
    result.__dict__["curves"] = holed
    found = comparison(result, ["duel", "nicer"], ["profit"], {})
    assert {row.vendor: row.n for row in found.differences} == {"old": 4, "new": 3}
    assert any("without a value" in note for note in found.notes)
