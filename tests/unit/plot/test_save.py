"""Figures as files: fixed bytes, numbers beside them, nothing lost."""

import pandas as pd
import pytest

from sim.errors import SimError
from sim.plot.registry import plots
from sim.plot.save import figure_bytes, save


def test_a_figure_and_its_numbers_lie_side_by_side(result, data):
    paths = save(result, ["prices"])
    assert [path.relative_to(result.path).as_posix() for path in paths] == [
        "figures/prices.png",
        "figures/prices.csv",
    ]
    table = pd.read_csv(paths[1])
    expected = plots()["prices"].numbers(data)
    assert list(table.columns) == list(expected.columns)
    assert table["median"].to_numpy() == pytest.approx(expected["median"].to_numpy(), rel=1e-9)


@pytest.mark.slow
def test_the_same_figure_has_the_same_bytes_and_no_date(data):
    one, two = (plots()["prices"].draw(data)[0] for _ in range(2))
    assert figure_bytes(one, "png") == figure_bytes(two, "png")
    svg = figure_bytes(one, "svg")
    assert svg == figure_bytes(two, "svg")
    assert b"dc:date" not in svg
    assert b"Matplotlib" not in svg.replace(b"Matplotlib.org", b"")
    assert b"Software" not in figure_bytes(one, "png")
    with pytest.raises(ValueError, match="png or svg, not gif"):
        figure_bytes(one, "gif")


def test_an_earlier_file_with_other_content_is_put_aside(data, tmp_path):
    (tmp_path / "flows.csv").write_text("mine")
    first = save(data, ["flows"], tmp_path)
    again = save(data, ["flows"], tmp_path)
    assert first == again == [tmp_path / "flows.png", tmp_path / "flows.csv"]
    others = {path for path in tmp_path.iterdir() if path not in first}
    assert [path.read_text() for path in others] == ["mine"]


@pytest.mark.slow
def test_without_names_what_cannot_be_drawn_is_told(result):
    result.curves = result.curves.drop_vars("switching_flow").sel(point=["on"])
    told = {}
    paths = save(result, measures=["profit"], skipped=told.__setitem__)
    assert set(told) == {
        "attribution",
        "claims",
        "compare",
        "episode",
        "failure_box",
        "fingerprints",
        "flows",
        "frontier",
        "hysteresis",
        "replicator",
        "specification",
        "tornado",
        "tournament",
        "worlds",
    }
    assert "no measure switching_flow" in told["flows"]
    names = {path.name for path in paths}
    assert {"belts.png", "curves_profit.png", "final_profit.csv"} <= names
    assert not any(name.startswith(("flows", "worlds")) for name in names)


def test_a_plot_asked_for_must_be_there(data, tmp_path):
    with pytest.raises(SimError, match=r"no plot is called 'curvs' \(nearest: curves\)"):
        save(data, ["curvs"], tmp_path)
    with pytest.raises(SimError, match="curves: no measure nothing in this result"):
        save(data, ["curves"], tmp_path, measures=["nothing"])
    with pytest.raises(SimError, match="folder is needed"):
        save(data, ["prices"])


@pytest.mark.slow
def test_measures_and_svg_on_request(data, tmp_path):
    paths = save(data, ["final"], tmp_path, measures=["family_token_share"], svg=True)
    assert [path.name for path in paths] == [
        "final_family_token_share.png",
        "final_family_token_share.svg",
        "final_family_token_share.csv",
    ]
