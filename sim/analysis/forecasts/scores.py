"""What forecasts were worth: coverage, interval score, CRPS and PIT, by metric family and horizon.

Figures of one unit compare as they are. Means over many figures need one scale: logarithms where
the metric's errors are relative, else parts of the last figure known before the cut. The scale does
not depend on the outcome or the forecaster, so that the scores stay proper.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from sim.errors import SimError

if TYPE_CHECKING:
    import pandas as pd

FloatArray = npt.NDArray[np.float64]

MODEL = "model"
"""Name of the simulated market among the forecasters."""
COVERED = 0.9
PIT_BINS = 10
HORIZONS = {0: "until the cut", 6: "1-6 months", 12: "7-12 months", 24: "13-24 months"}
"""Horizons by their last month after the cut."""
BEYOND = "over 24 months"
SMALLEST = 1e-12


class Score(NamedTuple):
    """Scores of one predictive sample against one figure."""

    inside: bool
    """Is the figure inside the central 90 % interval?"""
    interval: float
    """Interval score of that interval; smaller is better."""
    crps: float
    """Continuous ranked probability score; smaller is better."""
    pit: float
    """Part of the sample below the figure, half of what equals it; uniform if calibrated."""


def score_of(recorded: float, sample: npt.ArrayLike) -> Score:
    """Scores of a predictive sample.

    Interval score ``(u - l) + 2/a (l - y)+ + 2/a (y - u)+`` of the central 90 % interval, a = 0.1;
    CRPS ``E|X - y| - E|X - X'| / 2``; PIT ``P(X < y) + P(X = y) / 2``.

    Raises
    ------
    SimError
        If the sample holds no finite number.

    Notes
    -----
    Gneiting & Raftery (2007, JASA 102:359-378), computed by scoringrules.
    """
    import scoringrules

    numbers = np.asarray(sample, dtype=np.float64)
    numbers = np.sort(numbers[np.isfinite(numbers)])
    if not numbers.size:
        raise SimError("a forecast holds no finite number")
    outside = 1.0 - COVERED
    lower, upper = (float(q) for q in np.quantile(numbers, (outside / 2.0, 1.0 - outside / 2.0)))
    interval = scoringrules.interval_score(recorded, lower, upper, outside, backend="numpy")
    crps = scoringrules.crps_ensemble(
        recorded, numbers, estimator="pwm", sorted_ensemble=True, backend="numpy"
    )
    below, upto = np.searchsorted(numbers, recorded), np.searchsorted(numbers, recorded, "right")
    pit = float(below + upto) / (2.0 * numbers.size)
    return Score(lower <= recorded <= upper, float(interval), float(crps), pit)


class Scale(NamedTuple):
    """How figures of a metric are made comparable with those of others."""

    logarithmic: bool
    level: float
    """What figures are divided with where logarithms are not taken."""

    def __call__(self, figures: npt.ArrayLike) -> FloatArray:
        """Figures on the common scale."""
        numbers = np.asarray(figures, dtype=np.float64)
        if self.logarithmic:
            return np.log(np.maximum(numbers, SMALLEST))
        return np.asarray(numbers / self.level)


class Outcome(NamedTuple):
    """A recorded figure with the predictive sample of each forecaster that has one."""

    id: str
    metric: str
    entity: str
    family: str
    unit: str
    period_end: date
    months_ahead: int
    """Months from the cut to the end of the period; 0 or less for a figure known before it."""
    recorded: float
    scale: Scale
    samples: Mapping[str, FloatArray]


def horizon_of(months_ahead: int) -> str:
    """Name of the horizon that a number of months after the cut belongs to."""
    return next((name for last, name in HORIZONS.items() if months_ahead <= last), BEYOND)


def score_table(outcomes: Iterable[Outcome]) -> pd.DataFrame:
    """One row a forecaster and figure: id, metric, entity, family, horizon, forecaster, scores.

    Columns interval_score and crps are on the common scale, interval_score_unit and crps_unit in
    the unit of the record; p_value is the two-sided predictive one, ``2 min(PIT, 1 - PIT)``.
    """
    import pandas as pd

    rows = []
    for one in outcomes:
        for forecaster, sample in one.samples.items():
            own = score_of(one.recorded, sample)
            common = score_of(float(one.scale(one.recorded)), one.scale(sample))
            rows.append(
                {
                    "id": one.id,
                    "metric": one.metric,
                    "entity": one.entity,
                    "family": one.family,
                    "unit": one.unit,
                    "period_end": one.period_end.isoformat(),
                    "months_ahead": one.months_ahead,
                    "horizon": horizon_of(one.months_ahead),
                    "forecaster": forecaster,
                    "recorded": one.recorded,
                    **dict(zip(("q05", "median", "q95"), _ends(sample), strict=True)),
                    "inside": own.inside,
                    "interval_score": common.interval,
                    "crps": common.crps,
                    "pit": own.pit,
                    "p_value": 2.0 * min(own.pit, 1.0 - own.pit),
                    "interval_score_unit": own.interval,
                    "crps_unit": own.crps,
                }
            )
    table = pd.DataFrame(rows, columns=COLUMNS)
    families = {family: place for place, family in enumerate(dict.fromkeys(table["family"]))}
    order = np.lexsort((table["months_ahead"], table["family"].map(families)))
    return table.iloc[order].reset_index(drop=True)


def _ends(sample: FloatArray) -> list[float]:
    return [float(q) for q in np.nanquantile(sample, (0.05, 0.5, 0.95))]


COLUMNS = [
    *("id", "metric", "entity", "family", "unit", "period_end", "months_ahead", "horizon"),
    *("forecaster", "recorded", "q05", "median", "q95", "inside", "interval_score", "crps"),
    *("pit", "p_value", "interval_score_unit", "crps_unit"),
]
MEANS = {"inside": "coverage", "interval_score": "interval_score", "crps": "crps"}


def pit_histogram(pits: npt.ArrayLike, bins: int = PIT_BINS) -> list[int]:
    """(bins,) counts of PIT values over equal parts of 0 to 1; flat if calibrated."""
    counts, _ = np.histogram(np.asarray(pits, dtype=np.float64), bins, (0.0, 1.0))
    return [int(count) for count in counts]


@dataclass(frozen=True)
class Scoreboard:
    """Scores of the model and of the simple forecasters, figure by figure."""

    cut: date
    """Last day of what was known."""
    fitted: date | None
    """Last day of the figures that the model was fitted to; None if to none."""
    table: pd.DataFrame
    """See `score_table`."""

    @property
    def fitted_to(self) -> str:
        """What the model was fitted to, in words."""
        if self.fitted is None:
            return "the model was fitted to no figure"
        text = f"the model was fitted to figures until {self.fitted}"
        return f"{text}: after {self.cut} it forecasts nothing" if self.knew else text

    @property
    def knew(self) -> bool:
        """Was the model fitted to figures after the cut? Then its scores are no forecast's."""
        return self.fitted is not None and self.fitted > self.cut

    @property
    def ahead(self) -> pd.DataFrame:
        """Rows of figures after the cut."""
        return self.table[self.table["months_ahead"] > 0]

    @property
    def common(self) -> pd.DataFrame:
        """Rows of figures after the cut that every forecaster predicts."""
        rows = self.ahead
        if rows.empty:
            return rows
        held = rows.groupby("id")["forecaster"].transform("nunique")
        return rows[held == rows["forecaster"].nunique()]

    def by(self, *columns: str, rows: pd.DataFrame | None = None) -> pd.DataFrame:
        """Figures, coverage, mean interval score and mean CRPS by forecaster and more columns."""
        groups = (self.table if rows is None else rows).groupby(
            [*columns, "forecaster"], sort=False
        )
        found = groups[list(MEANS)].mean().rename(columns=MEANS)
        found.insert(0, "figures", groups.size())
        return found.reset_index()

    def winner(self) -> str:
        """Who is best on the figures that all predict, in one sentence, whoever it is."""
        rows = self.common
        if rows.empty or rows["forecaster"].nunique() < 2:
            return "no figure after the cut that every forecaster predicts: nobody wins"
        means = self.by(rows=rows).set_index("forecaster")
        texts = [_ranking(means[c], name) for c, name in _SCORED.items()]
        best = means["interval_score"].min()
        ours = MODEL in means.index and means.loc[MODEL, "interval_score"] == best
        who = "the model wins" if ours else f"a simple forecaster wins ({_first(means)})"
        if self.knew:
            who = f"no contest, for the model was fitted to figures until {self.fitted}; else {who}"
        count = rows["id"].nunique()
        return f"{count} figures after {self.cut}: {who}; {'; '.join(texts)}"

    def winners(self) -> dict[str, str]:
        """Who has the best mean interval score in each metric family; equals are joined by =."""
        if self.common.empty:
            return {}
        means = self.by("family", rows=self.common)
        return {
            str(family): _first(rows.set_index("forecaster"))
            for family, rows in means.groupby("family", sort=False)
        }

    def beaten(self) -> dict[str, tuple[int, int]]:
        """For each simple forecaster on how many of how many figures the model scores better."""
        wide = self.common.pivot(index="id", columns="forecaster", values="interval_score")
        if MODEL not in wide:
            return {}
        return {
            str(name): (int((wide[MODEL] < wide[name]).sum()), len(wide))
            for name in wide.columns
            if name != MODEL
        }

    def lines(self) -> list[str]:
        """Scores as text: by family and horizon, PIT, who wins."""
        if self.table.empty:
            return []
        text = [
            f"scores: {self.fitted_to}; known until {self.cut}",
            "(interval score of the 90 % band and CRPS in logarithms or parts of the last known "
            "figure; smaller is better)",
        ]
        text += _columns(self.by("family", "horizon"))
        pits = self.table[self.table["forecaster"] == MODEL]
        for horizon, rows in pits.groupby("horizon", sort=False):
            counts = " ".join(map(str, pit_histogram(rows["pit"])))
            text.append(f"PIT of the {MODEL}, {horizon}, tenths: {counts}")
        for name, (won, count) in self.beaten().items():
            text.append(f"the model beats {name} on {won} of {count} figures")
        text += [f"best in {family}: {name}" for family, name in self.winners().items()]
        return [*text, self.winner()]

    def as_dict(self) -> dict[str, Any]:
        """Plain values."""
        pits = self.table[self.table["forecaster"] == MODEL].groupby("horizon", sort=False)["pit"]
        return {
            "cut": self.cut.isoformat(),
            "fitted_to": self.fitted_to,
            "winner": self.winner(),
            "summary": self.by("family", "horizon").to_dict("records"),
            "after_cut": self.by(rows=self.common).to_dict("records"),
            "pit_histogram": {str(h): pit_histogram(pit) for h, pit in pits},
            "figures": self.table.to_dict("records"),
        }


_SCORED = {"interval_score": "interval score", "crps": "CRPS"}


def _first(means: pd.DataFrame) -> str:
    scores = means["interval_score"]
    return " = ".join(str(name) for name in scores.index[scores == scores.min()])


def _ranking(scores: pd.Series[Any], name: str) -> str:
    ordered = scores.sort_values(kind="stable")
    return f"mean {name} " + ", ".join(f"{who} {value:.3g}" for who, value in ordered.items())


def _columns(table: pd.DataFrame) -> list[str]:
    cells: Sequence[Sequence[str]] = [
        list(map(str, table.columns)),
        *(
            [f"{value:.3g}" if isinstance(value, float) else str(value) for value in row]
            for row in table.itertuples(index=False)
        ),
    ]
    widths = [max(len(row[place]) for row in cells) for place in range(len(table.columns))]
    return [
        "  " + "  ".join(f"{c:<{w}}" for c, w in zip(row, widths, strict=True)).rstrip()
        for row in cells
    ]
