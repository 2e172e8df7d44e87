"""Every plot is found by its file, draws with and without axes, and leaves no global trace."""

import sys

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sim.plot.registry import plot, plots

NAMES = ["belts", "classes", "curves", "final", "flows", "prices", "survival", "worlds"]
STUDIES = [
    "attribution",
    "claims",
    "compare",
    "episode",
    "failure_box",
    "fingerprints",
    "frontier",
    "hysteresis",
    "replicator",
    "specification",
    "tornado",
    "tournament",
]
SWEEPS = ["coordinates", "effects", "interactions", "outcome_map"]


def _settings():
    # Reading the backend would load pyplot.
    return {key: matplotlib.rcParams[key] for key in matplotlib.rcParams if key != "backend"}


def test_the_plots_are_found():
    assert list(plots()) == sorted([*NAMES, *STUDIES, *SWEEPS])
    assert all(one.doc.endswith(".") for one in plots().values())
    takes = [name for name, one in plots().items() if one.takes_measure]
    assert set(takes) == {"compare", "curves", "final", *SWEEPS}


@pytest.mark.parametrize("name", NAMES)
def test_a_plot_has_units_a_caption_and_numbers(name, data):
    before = _settings()
    fig, axes = plots()[name].draw(data)
    assert isinstance(fig, Figure)
    flat = np.ravel(np.asarray(axes, dtype=object))
    assert all(isinstance(axis, Axes) for axis in flat)
    caption = fig.get_supxlabel()
    for part in ("n = 39 of 40 runs", "root seed 1", "1a2b3c4d"):
        assert part in caption
    assert fig.get_suptitle(), "a title that says what was found"
    labels = [text for axis in fig.axes for text in (axis.get_xlabel(), axis.get_ylabel())]
    said = " ".join([*labels, *(text.get_text() for text in fig.texts), fig.get_supylabel()])
    assert any(unit in said for unit in ("%", "yuan", "workloads", "points")), said
    assert "[" not in said
    assert "_" not in said
    numbers = plots()[name].numbers(data)
    assert isinstance(numbers, pd.DataFrame)
    assert len(numbers)
    assert _settings() == before
    assert "matplotlib.pyplot" not in sys.modules


@pytest.mark.parametrize("name", NAMES)
def test_a_plot_draws_on_axes_that_are_given(name, data):
    _, own = plots()[name].draw(data)
    count = np.asarray(own, dtype=object).size
    fig = Figure()
    given = fig.subplots(1, count, squeeze=False).ravel()
    made, axes = plots()[name].draw(data, ax=given[0] if count == 1 else given)
    assert made is fig
    assert list(np.ravel(np.asarray(axes, dtype=object))) == list(given)
    with pytest.raises(ValueError, match=rf"needs {count} axes, got {count + 1}"):
        plots()[name].draw(data, ax=Figure().subplots(1, count + 1))


def test_two_plots_of_one_name_are_refused(data):
    def curves(data, *, ax=None):
        """Another."""

    with pytest.raises(ValueError, match="two of one name: plot 'curves'"):
        plot(lambda data: pd.DataFrame())(curves)
    assert plots()["curves"].takes_measure
