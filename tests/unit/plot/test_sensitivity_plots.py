"""Tornado and failure box are drawn from what a sensitivity analysis stored."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from sim.errors import SimError
from sim.plot.registry import plots


def row(label: str, mean: float, **facts: float) -> dict:
    told = {"label": label, "mean": mean, "low": mean - 0.1, "high": mean + 0.2, "n": 16}
    return told | {"interval_type": "bootstrap", "facts": facts}


HEAD = {
    "title": "Effects",
    "seeds": [0, 1],
    "draws": 40,
    "interval_types": ["bootstrap"],
    "notes": ["nothing"],
}
SOBOL = HEAD | {
    "method": "sobol",
    "tables": {
        "tau": [row("seed", 0.7, first=0.5), row("alpha", 0.4, first=0.1)],
        "containment": [row("alpha", 0.9, first=0.3), row("seed", 0.2, first=0.0)],
    },
}
SIDE = {"low": None, "high": 2.5, "quasi_p": 0.01, "restricted_in": 0.9}
PRIM = HEAD | {
    "method": "prim",
    "unknowns": [{"name": "alpha"}, {"name": "beta"}],
    "facts": {
        "box": {"beta": SIDE | {"low_level": 0.0, "high_level": 0.4}},
        "levels": [[0.1, 0.2], [0.5, 0.9], [0.3, 0.3]],
        "fails": [1, 0, 1],
        "fails_in": 2,
        "draws": 3,
        "coverage": 1.0,
        "density": 1.0,
        "resamples": 50,
    },
}


@pytest.fixture
def stored(data, tmp_path):
    def put(told):
        (tmp_path / "sensitivity.json").write_text(json.dumps(told))
        return replace(data, folder=tmp_path)

    return put


def test_a_tornado_has_a_panel_an_outcome_with_the_largest_on_top(stored):
    fig, axes = plots()["tornado"].draw(stored(SOBOL))
    titles = [one.get_title("left").replace("\n", " ") for one in axes]
    assert titles == ["The effect of Alibaba Cloud's moves", "The probability of containment"]
    assert "depends most on the seed" in fig.get_suptitle().replace("\n", " ")
    labels = [text.get_text() for text in axes[1].get_yticklabels()]
    places = axes[1].get_yticks()
    assert labels[int(places.argmax())] == "Alpha"
    assert "Bootstrap" in fig.get_supxlabel()
    numbers = plots()["tornado"].numbers(stored(SOBOL))
    assert numbers["other"].tolist() == [0.5, 0.1, 0.3, 0.0]
    assert numbers["interval_type"].eq("bootstrap").all()


def test_a_box_is_a_bar_over_its_draws(stored):
    fig, axes = plots()["failure_box"].draw(stored(PRIM))
    (bar,) = axes.patches
    assert (bar.get_x(), bar.get_width()) == (0.0, 40.0)
    assert axes.lines[0].get_xdata().tolist() == pytest.approx([20.0, 30.0])
    assert axes.lines[1].get_xdata().tolist() == pytest.approx([90.0])
    assert "100\u00a0% of the failures" in fig.get_suptitle().replace("\n", " ")
    assert len(plots()["failure_box"].numbers(stored(PRIM))) == 3


def test_other_results_have_no_such_picture(stored, data):
    with pytest.raises(SimError, match="needs a result of `sim sensitivity`"):
        plots()["tornado"].draw(data)
    with pytest.raises(SimError, match="by prim"):
        plots()["failure_box"].draw(stored(SOBOL))
    empty = PRIM | {"facts": PRIM["facts"] | {"box": {}}}
    with pytest.raises(SimError, match="no box was found: nothing"):
        plots()["failure_box"].draw(stored(empty))
