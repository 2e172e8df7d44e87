"""One colour, line and marker a vendor; no figure without its provenance."""

from itertools import combinations

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.text import Text

from sim.errors import SimError
from sim.plot.canvas import new_axes, write_frame
from sim.plot.material import Material
from sim.plot.registry import plots
from sim.plot.style import CHALLENGER_COLOUR, COLOURS, INCUMBENT_COLOUR, vendor_styles
from sim.scenario.schema.scenario import Contest
from tests.unit.plot.conftest import CHINESE, VENDORS, make_scenario


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
    assert INCUMBENT_COLOUR not in colours, "the scenario's own colour stands for it"
    assert styles["volcano_engine"].colour == CHALLENGER_COLOUR


def test_a_vendor_has_one_colour_in_all_scenarios(scenario):
    def colours(*names, contest=None):
        market = _market(scenario, **{name: {} for name in names})
        return {
            name: style.colour
            for name, style in vendor_styles(market.model_copy(update={"contest": contest})).items()
        }

    alone = colours("east", "west", "south")
    assert colours("south", "east", "west") == alone, "the order of the file does not matter"
    assert colours("east", "west")["west"] == alone["west"]
    rivals = colours("east", "west", "south", contest=Contest(incumbent="west", challenger="east"))
    assert (rivals["west"], rivals["east"]) == (INCUMBENT_COLOUR, CHALLENGER_COLOUR)


SIGHT = {
    "normal": np.eye(3),
    "grey": np.tile([0.2126, 0.7152, 0.0722], (3, 1)),
    "protanopia": [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]],
    "deuteranopia": [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]],
    "tritanopia": [[1.256, -0.077, -0.179], [-0.078, 0.931, 0.148], [0.005, 0.691, 0.304]],
}
"""Linear RGB as others see it: Machado, Oliveira & Fernandes (2009), severity 1."""


def _seen(colour, sight):
    rgb = np.array(to_rgb(colour))
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    seen = np.clip(np.array(SIGHT[sight]) @ linear, 0.0, 1.0)
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    x, y, z = np.cbrt(xyz @ seen / [0.9505, 1.0, 1.089] + 1e-9)
    return np.array([116.0 * y, 500.0 * (x - y), 200.0 * (y - z)])


@pytest.mark.parametrize("sight", SIGHT)
def test_colours_stay_apart_for_everybody(sight):
    rivals = [_seen(c, sight) for c in (INCUMBENT_COLOUR, CHALLENGER_COLOUR)]
    assert np.linalg.norm(rivals[0] - rivals[1]) > 25.0
    if sight != "grey":  # there lines and labels tell the others apart
        seen = [_seen(c, sight) for c in (*COLOURS, INCUMBENT_COLOUR, CHALLENGER_COLOUR)]
        assert min(np.linalg.norm(a - b) for a, b in combinations(seen, 2)) > 12.0


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


def _named_in_chinese(curves_data):
    labels = dict(zip(("alibaba_cloud", "volcano_engine"), CHINESE, strict=True))
    vendors = {name: {**own, "label": labels.get(name, "")} for name, own in VENDORS.items()}
    return curves_data, make_scenario(vendors=vendors), 1, "1a2b3c4d"


def _said(fig):
    return " ".join(text.get_text().replace("\n", "") for text in fig.findobj(Text))


def _told(caplog):
    return [one.getMessage() for one in caplog.records if one.name.startswith("sim.")]


def test_labels_that_no_font_has_give_way_to_names_and_are_told_once(
    no_chinese_font, curves_data, caplog
):
    for _ in range(2):
        fig, _ = plots()["belts"].draw(Material(*_named_in_chinese(curves_data)))
        assert "volcano engine" in _said(fig)
        assert not set("".join(CHINESE)) & set(_said(fig))
    (line,) = _told(caplog)
    assert "\n" not in line
    assert f"{CHINESE[0]} (alibaba cloud), {CHINESE[1]} (volcano engine)" in line
    assert "install Noto Sans CJK" in line


@pytest.mark.filterwarnings("ignore:Glyph")
def test_other_words_that_no_font_has_are_told_too(no_chinese_font, data, caplog):
    fig, ax = new_axes()
    write_frame(fig, ax, True, f"The finding of {CHINESE[1]}", "", "")
    (line,) = _told(caplog)
    assert "show boxes" in line


def test_fonts_that_came_later_are_found(chinese_font, curves_data, caplog):
    fig, _ = plots()["belts"].draw(Material(*_named_in_chinese(curves_data)))
    assert all(label in _said(fig) for label in CHINESE)
    assert not _told(caplog)
