"""A market too large for its columns is refused; the largest that fits is counted right."""

from __future__ import annotations

from typing import Any

import pytest

from sim.errors import ScenarioError
from sim.market.model import MarketModel
from sim.scenario.checks.sense import validated
from sim.scenario.schema.scenario import MOST_VENDORS, Scenario
from tests.unit.market.test_presence import counted_anew


def market(vendors: int = 2, families: int = 2, segments: int = 1, kinds: int = 1) -> Scenario:
    tables: dict[str, Any] = {
        "name": "wide",
        "title": "A wide market",
        "calendar": {"start": "2024-01-01", "months": 6},
        "containment": {"window_months": 3},
        "population": {"clients": 300},
        "segments": {f"s{n}": {"share": 1.0 / segments} for n in range(segments)},
        "kinds": {f"k{n}": {"presence": 1.0, "volume": 1.0} for n in range(kinds)},
        "vendors": {f"v{n}": {"home_share": 0.9 / vendors} for n in range(vendors)},
        "families": {
            f"f{n}": {"owner": f"v{n % vendors}", "price": 1.0 + n / families}
            for n in range(families)
        },
    }
    return validated(tables)


def test_the_most_vendors_are_counted_right() -> None:
    model = MarketModel(market(vendors=MOST_VENDORS, families=MOST_VENDORS), 1).run()
    assert model.presence.clients[40:MOST_VENDORS].any()
    assert model.presence.clients.tolist() == counted_anew(model)["clients"].tolist()
    assert model.presence.homing.tolist() == counted_anew(model)["homing"].tolist()


@pytest.mark.parametrize(
    ("sizes", "path", "found"),
    [
        ({"vendors": 61, "families": 61}, "vendors", "61 vendors"),
        ({"vendors": 60, "families": 300}, "families", "36361 offers"),
        ({"segments": 300, "kinds": 219}, "segments", "65700 rows"),
    ],
)
def test_more_is_refused(sizes: dict[str, int], path: str, found: str) -> None:
    with pytest.raises(ScenarioError) as refused:
        market(**sizes)
    assert [(p.path, p.value) for p in refused.value.problems] == [(path, found)]
