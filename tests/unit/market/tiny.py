"""The tiny market and how two runs of it are compared."""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from sim.market.model import MarketModel
from sim.scenario.patches import replace
from sim.scenario.reader import load
from sim.scenario.schema.scenario import Scenario
from sim.scenario.schema.vendors import strategy_tables

TINY = Path(__file__).parents[3] / "scenarios" / "tiny.toml"


@cache
def tiny() -> Scenario:
    """The scenario as it stands in its file."""
    return load(TINY)


def changed(changes: Mapping[str, Any] | None = None, *, months: int = 6) -> Scenario:
    """Tiny with other values at dotted paths, over a few months."""
    window = {"calendar.months": months, "containment.window_months": min(months, 12)}
    return replace(tiny(), window | dict(changes or {}))


def ran(scenario: Scenario, seed: int = 1, **options: Any) -> MarketModel:
    """The market after all its months."""
    return MarketModel(scenario, seed, **options).run()


def started(changes: Mapping[str, Any] | None = None, seed: int = 1) -> MarketModel:
    """The market before its first month."""
    return MarketModel(changed(changes), seed)


def differing(one: MarketModel, other: MarketModel, months: int | None = None) -> set[str]:
    """Names of the curves whose bits differ within the first months."""
    assert one.curves.keys() == other.curves.keys()
    return {
        name
        for name in one.curves
        if one.curves[name][:months].tobytes() != other.curves[name][:months].tobytes()
    }


def by_names(model: MarketModel) -> dict[tuple[str, ...], tuple[float, ...]]:
    """Every recorded number under the names of its row, whatever order the file has."""
    from sim.market.recorder import measures

    out: dict[tuple[str, ...], tuple[float, ...]] = {}
    for name, curve in model.curves.items():
        dims = measures()[name].dims
        for index in np.ndindex(curve.shape[1:]):
            labels = (model.axes[dim][i] for dim, i in zip(dims, index, strict=True))
            out[(name, *labels)] = tuple(curve[(slice(None), *index)].tolist())
    return out


def parts(model: MarketModel) -> dict[str, str]:
    """A hash of each part of a market that a month can change, random streams included."""
    held: dict[str, Any] = {f"state.{name}": value for name, value in vars(model.state).items()}
    held |= {f"choices.{name}": value for name, value in vars(model.choices).items()}
    held |= {f"tally.{name}": value for name, value in vars(model.tally).items()}
    held |= {f"presence.{name}": value for name, value in vars(model.presence).items()}
    held |= {f"volumes.{name}": value for name, value in model.volumes._asdict().items()}
    account = getattr(model, "account", None)  # none before the first month ends
    booked = account._asdict() if account else {}
    held |= {f"account.{name}": value for name, value in booked.items()}
    held |= {"month": model.month}
    held |= {"homes": (model.columns.home, model.homes.clients, model.homes.moved)}
    held |= {f"bidding.{name}": value for name, value in vars(model.bidding).items()}
    held["rng"] = model.rng.bit_generator.state
    for name, vendor in model.vendors.items():
        held[f"{name}.rng"] = vendor.rng_prices.bit_generator.state
        for field in strategy_tables():
            strategy = getattr(vendor, field)
            held[f"{name}.{field}"] = (type(strategy).__name__, vars(strategy))
    return {name: hashlib.sha256(pickle.dumps(value)).hexdigest() for name, value in held.items()}
