"""One colour, line and marker a vendor; no figure without its provenance."""

import pytest
from matplotlib.colors import to_rgb

from sim.errors import SimError
from sim.plot.material import Material
from sim.plot.style import COLOURS, vendor_styles


def _market(scenario, **vendors):
    return type(scenario).model_validate(
        {**scenario.model_dump(mode="json"), "contest": None, "vendors": vendors}
    )


def test_the_scenario_colour_wins_and_the_others_differ_from_it(scenario):
    styles = vendor_styles(scenario)
    assert styles["alibaba_cloud"].colour == "#FF6A00"
    assert styles["alibaba_cloud"].label == "Alibaba Cloud"
    assert styles["huawei_cloud"].label == "huawei cloud"
    colours = [style.colour for style in styles.values()]
    assert len(set(colours)) == len(colours)
    assert "#D55E00" not in colours, "too near to the scenario's orange"


def test_vendors_are_told_apart_without_colour(scenario):
    styles = vendor_styles(_market(scenario, **{f"v{i}": {} for i in range(20)}))
    looks = [(style.line, style.marker) for style in styles.values()]
    assert len(set(map(str, looks))) == 20


def test_default_colours_are_colours():
    assert len({to_rgb(colour) for colour in COLOURS}) == len(COLOURS)


@pytest.mark.parametrize(
    ("seed", "scenario_hash", "missing"),
    [(None, "abc", "root seed"), (1, "", "scenario hash"), (None, "", "root seed and scenario h")],
)
def test_no_figure_without_seed_and_hash(curves_data, scenario, seed, scenario_hash, missing):
    with pytest.raises(SimError, match=f"without its {missing}"):
        Material(curves_data, scenario, seed, scenario_hash)


def test_no_figure_without_runs_or_interval(data):
    with pytest.raises(SimError, match="finished run"):
        data.caption(0, "bands")
    with pytest.raises(SimError, match="interval"):
        data.caption(3, "")


def test_the_caption_tells_runs_seed_hash_interval_and_failures(data):
    text = data.caption(39, "Bands: 90 %")
    for part in ("n = 39 of 40 runs", "root seed 1", "scenario made-up 1a2b3c4d", "Bands: 90 %"):
        assert part in text
    assert " of " not in data.caption(40, "x")
