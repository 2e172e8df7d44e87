"""A small valid market as plain tables, and as a file."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sim.scenario.checks.sense import validated
from sim.scenario.schema.scenario import Scenario

MARKET = """
name = "market"
title = "A small market"
[calendar]
start = 2024-01-01
months = 12
[contest]
incumbent = "old_cloud"
challenger = "new_cloud"
[segments.industry]
share = 0.75
[segments.state]
share = 0.25
rules = ["data_residency"]
[kinds.assistant]
presence = 0.9
volume = 200000.0
[kinds.training]
unit = "accelerator_hours"
presence = 0.1
volume = 500000.0
[families.old_open]
owner = "old_cloud"
weights = "open"
price = 10.0
strengths = { assistant = 0.2 }
[families.new_closed]
owner = "new_cloud"
price = 8.0
[vendors.old_cloud]
home_share = 0.5
roots = { state = 0.4 }
[vendors.old_cloud.pricing]
strategy = "cost_plus"
markup = 0.4
[vendors.new_cloud]
home_share = 0.2
[vendors.new_cloud.pricing]
strategy = "penetration"
target_share = 0.6
[[hosts]]
vendor = "new_cloud"
family = "old_open"
start = 2024-07-01
[[events]]
month = 2024-05-01
what = "price_cut"
vendor = "new_cloud"
family = "new_closed"
price_yuan_per_million_tokens = 0.8
source = "F0005"
lever = "price_war"
[[events]]
month = 2024-08-01
what = "price_list"
vendor = "new_cloud"
family = "old_open"
price_yuan_per_million_tokens = 9.0
[levers.open_source]
vendor = "old_cloud"
cost = 5.0
off = { "families.old_open.weights" = "closed" }
[levers.depth]
vendor = "old_cloud"
cost = 2.0
off = { "vendors.old_cloud.stack.scheduling" = 0.9 }
[levers.price_war]
vendor = "new_cloud"
off = { "vendors.new_cloud.pricing.strategy" = "cost_plus" }
[[sources]]
path = "segments.*.share"
flag = "data"
source = "F0024"
[[sources]]
path = "segments.state.share"
flag = "assumed"
source = "guess"
[[sources]]
path = "vendors"
flag = "literature"
source = "START"
[[fit]]
name = "markup"
paths = ["vendors.old_cloud.pricing.markup"]
low = 0.1
high = 0.9
"""


@pytest.fixture
def tables() -> dict[str, Any]:
    return tomllib.loads(MARKET)


@pytest.fixture
def market(tables: dict[str, Any]) -> Scenario:
    return validated(tables)


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Write a file below a folder `scenarios`; without text it is the market."""

    def writer(name: str = "market.toml", text: str = MARKET) -> Path:
        path = tmp_path / "scenarios" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return writer
