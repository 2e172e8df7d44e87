"""Figures of a sweep: each kind is drawn, speaks of factors and not of points, has its numbers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from sim.api import JudgedResult as Result
from sim.errors import SimError
from sim.plot.registry import plots
from sim.plot.save import save

KINDS = ("effects", "interactions", "curves", "coordinates", "outcome_map", "classes")


@pytest.fixture(scope="module")
def drawn(whole_sweep: Result, tmp_path_factory: pytest.TempPathFactory) -> dict[str, pd.DataFrame]:
    paths = save(whole_sweep, KINDS, tmp_path_factory.mktemp("figures"), measures=None)
    return {path.stem: pd.read_csv(path) for path in paths if path.suffix == ".csv"}


@pytest.mark.slow
def test_every_kind_of_a_sweep_is_drawn_where_nobody_asks(
    whole_sweep: Result, tmp_path: Path
) -> None:
    left_out: list[str] = []
    paths = save(whole_sweep, None, tmp_path, skipped=lambda name, why: left_out.append(name))
    kinds = {path.name.split(".")[0].split("_platform")[0] for path in paths}
    assert set(KINDS) <= kinds
    assert set(left_out) <= {"claims"}  # they are drawn once they are judged


def test_numbers_of_the_figures_are_those_of_the_runs(
    whole_sweep: Result, drawn: dict[str, pd.DataFrame]
) -> None:
    share, runs = "challenger_platform_token_share", whole_sweep.runs
    effects = drawn["effects_platform_token_share"]
    strategy = effects[effects["factor"] == "vendors.new.pricing.strategy"].set_index("value")
    means = runs.groupby("vendors.new.pricing.strategy")[share].mean()
    assert strategy["mean"].to_dict() == pytest.approx(means.to_dict())
    points = drawn["coordinates_platform_token_share"].set_index("point")
    by_point = runs.groupby("point")[share].mean()
    assert points["platform_token_share"].to_dict() == pytest.approx(by_point.to_dict())
    cells = drawn["outcome_map_platform_token_share"]
    assert cells["n"].sum() == len(runs)
    curve = drawn["curves_platform_token_share"]
    assert curve.groupby("value")["n"].first().sum() == len(runs)
    classes = drawn["classes"]
    assert classes["count"].sum() == len(runs)
    assert not classes["point"].str.match(r"p\d").any()


def test_titles_speak_of_factors_and_values(whole_sweep: Result) -> None:
    for kind in KINDS:
        fig, _ = plots()[kind].draw(whole_sweep)
        said = [text.get_text() for text in fig.findobj(lambda a: hasattr(a, "get_text"))]
        assert not any(text.strip() in whole_sweep.points for text in said), kind


def test_curves_by_a_factor_at_some_points(whole_sweep: Result, tmp_path: Path) -> None:
    paths = save(
        whole_sweep,
        ["curves"],
        tmp_path,
        measures=["profit"],
        by=["pricing.strategy"],
        where={"pricing.strategy": ["nash"]},
    )
    assert [path.name for path in paths] == [
        "curves_profit_by_pricing.strategy_strategy=nash.png",
        "curves_profit_by_pricing.strategy_strategy=nash.csv",
    ]
    table = pd.read_csv(paths[1])
    nash = whole_sweep.runs["vendors.new.pricing.strategy"] == "nash"
    assert set(table["value"]) == {"nash"}
    assert (table["n"] == nash.sum()).all()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"measures": ["utilisation"]}, r"kept no curves of utilisation .*\[outcomes\] measures"),
        ({"by": ["pricing.strateg"]}, r"nearest: vendors\.new\.pricing\.strategy"),
        ({"where": {"pricing.strategy": ["nas"]}}, "nearest: nash"),
    ],
)
def test_what_a_sweep_does_not_hold_is_said(
    whole_sweep: Result, tmp_path: Path, options: dict[str, object], words: str
) -> None:
    with pytest.raises(SimError, match=words):
        save(whole_sweep, ["curves"], tmp_path, **options)


def test_a_run_has_no_factors(whole: Result, tmp_path: Path, duel: Callable[..., object]) -> None:
    with pytest.raises(SimError, match="of a sweep"):
        save(whole, ["curves"], tmp_path, by=["appeal"])
    with pytest.raises(SimError, match="needs a result of `sim sweep`"):
        save(whole, ["effects"], tmp_path)
