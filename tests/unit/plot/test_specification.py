"""The specification curve: what is drawn is what the stored verdict says at each setting."""

import json

import pytest

from sim.api import open_result
from sim.errors import SimError
from sim.plot.registry import plots
from sim.runs.ensemble import run_ensemble
from sim.runs.files import json_bytes
from sim.runs.settings import RunSettings
from tests.unit.market.tiny import changed

PLOT = "specification"


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    market = changed({"population.clients": 60}, months=4)
    settings = RunSettings(workers=1, out=tmp_path_factory.mktemp("run"))
    made = open_result(run_ensemble(market, settings, replicates=3).path)
    assert made.verdict["primary"]
    return made


def _rewritten(result, change):
    path = result.path / "verdict.json"
    told = json.loads(path.read_bytes())
    change(told["verdicts"][told["primary"]]["specification"]["points"])
    path.write_bytes(json_bytes(told))


def test_the_table_is_the_grid_sorted_by_share(result):
    curve = result.verdict["verdicts"][result.verdict["primary"]]["specification"]
    table = plots()[PLOT].numbers(result)
    assert len(table) == 81
    assert table["share"].is_monotonic_increasing
    assert (table["n"] == 3).all()
    assert sorted(table["share"]) == sorted(point["share"] for point in curve["points"])
    for axis in curve["axes"]:
        assert table[axis].nunique() == 3
        assert (table[axis].value_counts() == 27).all()


def test_every_setting_is_a_mark_in_the_colour_of_its_verdict(result):
    before = (result.path / "verdict.json").read_bytes()

    def mixed(points):
        for place, point in enumerate(points):
            point["overall"] = ("supported", "undetermined", "refuted")[place % 3]
            point["share"] = place / 100.0

    _rewritten(result, mixed)
    try:
        fig, (top, below) = plots()[PLOT].draw(open_result(result.path))
    finally:
        (result.path / "verdict.json").write_bytes(before)
    groups = [c for c in top.collections if c.get_label().startswith("containment ")]
    assert [len(group.get_offsets()) for group in groups] == [27, 27, 27]
    assert len({tuple(group.get_facecolors()[0]) for group in groups}) == 3
    assert len(below.get_yticks()) == 13
    assert "n = 3 runs" in fig.get_supxlabel()


def test_without_a_verdict_or_of_an_older_one_nothing_is_drawn(result, data):
    with pytest.raises(SimError, match="needs a stored verdict"):
        plots()[PLOT].draw(data)
    before = (result.path / "verdict.json").read_bytes()
    _rewritten(result, lambda points: [point.pop("share") for point in points])
    try:
        with pytest.raises(SimError, match="of an earlier version"):
            plots()[PLOT].draw(open_result(result.path))
    finally:
        (result.path / "verdict.json").write_bytes(before)
