"""Attribution in markets whose truth is known by construction."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sim.analysis.attribution.attribute import attribute
from sim.analysis.attribution.base import Estimate
from sim.runs.settings import RunSettings
from tests.unit.market.tiny import changed

pytestmark = pytest.mark.statistical

BASE = {
    "population.clients": 400,
    "levers": {},
    "kinds.documents.cut_up_penalty": 1.5,
    "kinds.documents.need_median_tokens": 200_000.0,
}


def shapley(tmp_path: Path, levers: dict[str, Any], **more: Any) -> dict[str, Estimate]:
    market = changed({**BASE, **more}).replace({"levers": levers})
    ((_, finding),) = attribute(
        market, ["shapley"], replicates=12, settings=RunSettings(tmp_path, 1)
    )
    return {row.label: row for row in finding.rows}


def test_the_only_lever_that_matters_gets_it_all(tmp_path: Path) -> None:
    rows = shapley(
        tmp_path,
        {
            "matters": {"vendor": "dam", "off": {"vendors.dam.appeal.api": -2.0}},
            "idle": {
                "vendor": "dam",
                "off": {"families.dam_open.context_limit_tokens": 1_000_000},
            },
        },
        **{"families.dam_open.context_limit_tokens": 2_000_000},
    )
    assert rows["matters"].facts["part_of_total"] > 0.95
    assert rows["matters"].low > 0.0
    assert abs(rows["idle"].mean) < 0.05 * rows["all together"].mean


def test_two_substitutes_interact_negatively(tmp_path: Path) -> None:
    # one family with a long window serves the long documents; the second adds little
    windows = {
        "families.dam_max.serving_cost": 1.0,
        "families.dam_max.price": 8.0,
        "families.dam_max.capability": 0.0,
        "families.dam_open.context_tokens": 2_000_000,
        "families.dam_max.context_tokens": 2_000_000,
        "kinds.documents.presence": 1.0,
        "kinds.documents.volume": 20_000_000,
        "demand.nest_correlation.api": 0.9,
    }
    levers = {
        name: {"vendor": "dam", "off": {f"families.{name}.context_limit_tokens": 4_000}}
        for name in ("dam_open", "dam_max")
    }
    rows = shapley(tmp_path, levers, **windows)
    assert rows["all together"].low > 0.0
    assert rows["interaction dam_max x dam_open"].high < 0.0


def test_in_a_market_of_equals_every_interval_covers_zero(tmp_path: Path) -> None:
    idle = {"off": {}, "vendor": "dam"}
    rows = shapley(tmp_path, {"one": idle, "two": idle})
    for row in rows.values():
        assert row.low <= 0.0 <= row.high
