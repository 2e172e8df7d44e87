"""Levers that name a kind: the patch is worked out, errors come with path and nearest name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sim.errors import ScenarioError
from sim.scenario.patches import at_intensity, scenario_hash, to_toml, without_levers
from sim.scenario.paths import off_patches
from sim.scenario.reader import load

TINY = Path(__file__).parents[3] / "scenarios" / "tiny.toml"
OPEN = {"kind": "open_weights", "vendor": "dam", "cost": 2.0}


def tiny(**lever: Any) -> Any:
    return load(TINY, {"levers.open_source": {**OPEN, **lever}})


def test_a_kind_works_out_what_off_means() -> None:
    scenario = tiny()
    assert off_patches(scenario)["open_source"] == {"families.dam_open.weights": "closed"}
    explicit = load(TINY)
    gone, same = (without_levers(one, ["open_source"]) for one in (scenario, explicit))
    assert gone.families == same.families
    assert scenario_hash(gone) == scenario_hash(same)


def test_further_values_of_off_and_half_the_intensity() -> None:
    price = load(TINY).families["dam_open"].start_markup
    scenario = tiny(off={"families.dam_open.start_markup": 3.0}, intensity=0.5)
    half = at_intensity(scenario)
    assert half.families["dam_open"].weights != "closed"
    assert half.families["dam_open"].start_markup == pytest.approx((price + 3.0) / 2)
    assert off_patches(half)["open_source"] == {}
    assert half.levers["open_source"].cost == 2.0


def test_the_text_of_a_scenario_keeps_the_kind(tmp_path: Path) -> None:
    scenario = tiny(families=["dam_open"])
    path = tmp_path / "again.toml"
    path.write_text(to_toml(scenario))
    assert load(path) == scenario


def refused(change: Callable[[dict[str, Any]], Any]) -> str:
    table = dict(OPEN)
    change(table)
    with pytest.raises(ScenarioError) as caught:
        load(TINY, {"levers.open_source": table, "population.clients": -1})
    assert "population.clients" in str(caught.value)
    return str(caught.value)


def test_errors_name_path_value_and_nearest() -> None:
    unknown = refused(lambda table: table.update(kind="open_weight"))
    assert 'levers.open_source.kind = "open_weight": no such kind of lever' in unknown
    assert "(nearest: open_weights)" in unknown
    several = refused(lambda table: table.update(cost=-1.0, famlies=[]))
    assert "levers.open_source.cost = -1.0" in several
    assert "levers.open_source.famlies" in several
    assert "nearest: families" in several
    nowhere = refused(lambda table: table.update(families=["dam_opn"]))
    assert "levers.open_source.off = families.dam_opn.weights: no such path" in nowhere
