"""Markets at the edge of what a scenario may say: finite numbers or a failure that says why."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from sim.analysis.verdict.judge import judge
from sim.errors import ScenarioError, SimError
from sim.market.model import MarketModel
from sim.plot.save import figure_bytes, save
from sim.runs.ensemble import run_ensemble
from sim.runs.settings import RunSettings
from sim.scenario.checks.sense import validated
from sim.scenario.paths import plain_tables
from sim.scenario.reader import load
from sim.scenario.schema.scenario import Scenario
from tests.faults.extremes import extreme_scenario, run_to_the_end

TINY = Path(__file__).parents[2] / "scenarios" / "tiny.toml"
SMALL = {"calendar.months": 6, "containment.window_months": 3, "population.clients": 60}


def small(changes: dict[str, Any] | None = None) -> Scenario:
    return load(TINY).replace({**SMALL, **(changes or {})})


def rent_only() -> Scenario:
    tables = plain_tables(small())
    tables |= {"families": {}, "events": [], "levers": {}}
    tables["kinds"] = {"training": tables["kinds"]["training"]}
    return validated(tables)


def one_vendor() -> Scenario:
    tables = plain_tables(small())
    tables |= {"contest": None, "events": [], "levers": {}}
    tables["vendors"] = {"dam": tables["vendors"]["dam"]}
    tables["families"] = {
        name: family for name, family in tables["families"].items() if family["owner"] == "dam"
    }
    return validated(tables)


def all_off() -> Scenario:
    names = type(small().mechanisms).model_fields
    return small({f"mechanisms.{name}": False for name in names})


def everything_rationed() -> Scenario:
    return small(
        {
            f"vendors.{name}.capacity.{field}": value
            for name in ("dam", "volcano", "third")
            for field, value in (("initial", 1e-6), ("order_cap", 0.0))
        }
    )


@pytest.mark.parametrize(
    "scenario",
    [
        one_vendor(),
        rent_only(),
        all_off(),
        everything_rationed(),
        small({"population.clients": 10}),
        small({"families.lava.price": 0.01}),
        small({"families.lava.price": 1e6}),
        small({"calendar.months": 2, "containment.window_months": 2}),
    ],
    ids=["one_vendor", "rent_only", "all_off", "rationed", "few", "cheap", "dear", "short"],
)
def test_runs_to_finite_numbers_without_a_warning(scenario: Scenario) -> None:
    with warnings.catch_warnings(), np.errstate(over="raise", divide="raise", invalid="raise"):
        warnings.simplefilter("error")
        curves = MarketModel(scenario, rng=1).run().curves
    for name, values in curves.items():
        if name != "list_price":  # has no value where an offer is not on sale
            assert np.isfinite(values).all(), name
    share = curves["platform_token_share"].sum(axis=1)
    assert np.allclose(share[share > 0.0], 1.0)
    assert (share[-1] > 0.0) == bool(scenario.families)


def test_a_market_without_model_calls_is_stored_judged_and_drawn(tmp_path: Path) -> None:
    result = run_ensemble(rent_only(), RunSettings(workers=1, out=tmp_path), replicates=2)
    assert len(result.failed) == 0
    assert "developers" not in result.curves
    assert float(result.curves["full_stack_revenue"].min()) >= 0.0
    assert judge(result)["sentences"]
    left_out: list[str] = []
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        paths = save(result, measures=[], skipped=lambda name, _: left_out.append(name))
    assert "prices" in left_out
    assert paths


class Endless:
    """A market whose profit grows beyond all numbers in its second month."""

    dims: ClassVar[dict[str, tuple[str, ...]]] = {"profit": ("vendor",)}

    def __init__(self, scenario: Scenario, rng: Any) -> None:
        self.axes = {"vendor": tuple(scenario.vendors)}
        self.facts: dict[str, float] = {}
        self.curves = {"profit": np.ones((scenario.calendar.months, len(scenario.vendors)))}
        self.curves["profit"][1, 0] = np.inf

    def run(self) -> None:
        pass


def test_an_infinite_number_is_a_failure_that_names_it(tmp_path: Path) -> None:
    market = one_vendor()
    result = run_ensemble(market, RunSettings(workers=1, out=tmp_path), replicates=1, model=Endless)
    row = result.failed.iloc[0]
    name = next(iter(market.vendors))
    assert (row.stage, row.message) == ("run", f"profit of {name} is infinite in month 1")
    assert not result.sound_replicates("on")
    with pytest.raises(ScenarioError, match="must be greater than or equal to 1"):
        small({"supply.rent": 1e-9})


def test_a_figure_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    result = run_ensemble(one_vendor(), RunSettings(workers=1, out=tmp_path), replicates=1)
    (result.path / "figures").write_text("in the way")
    with pytest.raises(SimError, match="Not a directory"):
        save(result)


def test_a_character_without_a_font_is_no_warning() -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(1, 1))
    FigureCanvasAgg(figure)
    figure.text(0.1, 0.5, "\U00013000 \u6f22")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert figure_bytes(figure, "png").startswith(b"\x89PNG")


@pytest.mark.parametrize("number", [2, 206])  # 206: elastic without bound
def test_a_market_at_the_ends_of_its_ranges_is_sound(number: int) -> None:
    _, held = extreme_scenario(number)
    assert len(held) >= 3
    assert run_to_the_end(number) == "sound"
