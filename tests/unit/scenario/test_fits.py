"""Fits that name nothing, overlap or have no range are refused; an off world keeps what it can."""

from __future__ import annotations

from typing import Any

import pytest

from sim.errors import ScenarioError
from sim.scenario.checks.sense import validated
from sim.scenario.patches import replace, to_toml, without_levers
from sim.scenario.reader import load

MARKUP = "vendors.old_cloud.pricing.markup"


def fit(*paths: str, **more: Any) -> dict[str, Any]:
    return {"name": "one", "paths": list(paths), "low": 0.1, "high": 0.9, **more}


@pytest.mark.parametrize(
    ("fits", "message"),
    [
        ([fit("vendors.old_cloud.pricing.markdown")], "fit.0.paths = .*no number stands there"),
        ([fit("vendors.old_cloud.pricing.strategy")], "fit.0.paths = .*no number stands there"),
        ([fit("vendors.old_cloud.rents")], "fit.0.paths = .*no number stands there"),
        ([fit(MARKUP, low=0.9)], "fit.0.low = 0.9: must be below high = 0.9"),
        ([fit(MARKUP, low=0.0, scale=True)], "fit.0.low = 0.0: a factor must be above 0"),
        ([fit(MARKUP), fit("supply.rent")], 'fit.1.name = "one": another fit has this name'),
        ([fit(MARKUP), fit(MARKUP, name="two")], "fit.1.paths = .*: fit one moves it already"),
        ([fit(MARKUP, MARKUP)], "fit.0.paths = .*: fit one moves it already"),
        ([fit()], "fit.0.paths"),
        ([fit(MARKUP, hihg=1.0)], "fit.0.hihg = 1.0: unknown key .nearest: high."),
    ],
)
def test_fits_without_sense_are_refused(
    tables: dict[str, Any], fits: list[dict[str, Any]], message: str
) -> None:
    with pytest.raises(ScenarioError, match=message):
        validated({**tables, "fit": fits})


def test_errors_of_figures_are_positive(tables: dict[str, Any]) -> None:
    tables["calibration"] = {"errors": {"tokens": 0.0, "revenue": 0.1}}
    with pytest.raises(ScenarioError) as refused:
        validated(tables)
    assert str(refused.value) == "calibration.errors.tokens = 0.0: must lie above 0 and up to 1"


def test_a_fit_goes_when_a_lever_takes_its_path(tables: dict[str, Any]) -> None:
    target = fit("vendors.new_cloud.pricing.target_share", name="target")
    market = validated({**tables, "fit": [fit(MARKUP), target]})
    assert [kept.name for kept in without_levers(market, ["depth"]).fit] == ["one", "target"]
    assert [kept.name for kept in without_levers(market, ["price_war"]).fit] == ["one"]


def test_fits_are_changed_by_path_and_survive_a_file(tables: dict[str, Any], tmp_path: Any) -> None:
    market = replace(validated(tables), {"fit.0.high": 0.8, "calibration.targets": ["F0001"]})
    assert market.fit[0].high == 0.8
    path = tmp_path / "market.toml"
    path.write_text(to_toml(market), encoding="utf-8")
    assert load(path) == market
