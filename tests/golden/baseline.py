"""The curves of the baseline and how their numbers are written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sim.market.model import MarketModel
from sim.scenario.patches import replace
from sim.scenario.reader import load

HERE = Path(__file__).parent
FILE = HERE / "tiny_seed1.json"
SCENARIO = HERE.parents[1] / "scenarios" / "tiny.toml"
MONTHS, SEED, DIGITS = 12, 1, 10
CURVES = (
    "platform_token_share",
    "family_token_share",
    "full_stack_revenue_share",
    "total_tokens",
    "self_hosted_tokens",
    "price_index",
    "unit_cost",
    "utilisation",
    "reliability",
    "cash",
    "developers",
    "churn",
    "postponing",
    "consumer_surplus",
)


def rounded(value: Any) -> Any:
    """Numbers to ten significant digits, lists item by item."""
    if isinstance(value, list):
        return [rounded(item) for item in value]
    return float(f"{value:.{DIGITS}g}")


def curves() -> dict[str, Any]:
    """The selected curves of twelve months of the tiny market."""
    months = {"calendar.months": MONTHS, "containment.window_months": MONTHS}
    model = MarketModel(replace(load(SCENARIO), months), SEED).run()
    return {name: rounded(model.curves[name].tolist()) for name in CURVES}


def written(values: dict[str, Any]) -> str:
    """One month a line, so that a diff shows which months moved."""
    parts = []
    for name, months in values.items():
        rows = ",\n".join(f"  {json.dumps(month)}" for month in months)
        parts.append(f"{json.dumps(name)}: [\n{rows}\n]")
    return "{\n" + ",\n".join(parts) + "\n}\n"
