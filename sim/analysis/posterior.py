"""The posterior of a scenario: weighted draws of its uncertain numbers, in one file."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from sim.analysis.priors import CHOICE, Entries, Prior, choices_of, chosen, free_priors
from sim.errors import SimError
from sim.files import FileError, json_of, open_regular
from sim.market.world import shared
from sim.runs.files import write_once
from sim.runs.rows import PARQUET
from sim.scenario.patches import scenario_hash
from sim.scenario.schema.scenario import Scenario

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

ENDING = ".posterior.parquet"
METADATA = b"sim.posterior"
DRAW, WEIGHT = "draw", "weight"
FACTS = ("scenario", "scenario_hash", "record_hash", "cut", "seed", "simulations", "version")
"""What the provenance of every posterior states."""
VERSION = 1
GRID_END, GRID_POINTS = 6.0, 1_201


@dataclass(frozen=True)
class Posterior:
    """Weighted draws from the posterior of a scenario's uncertain numbers.

    Attributes
    ----------
    draws
        (D, P) one row a draw, one column a number under the name of its prior; ``choice:<name>``
        holds the position of a structural alternative.
    weights
        (D,) they sum to 1.
    provenance
        Scenario and its hash, hash of the rows of the record that were used, date of the cut,
        seed, number of simulations, version; how well each number is identified and the model's
        discrepancy where a calibration has stored them.
    """

    draws: pd.DataFrame
    weights: npt.NDArray[np.float64]
    provenance: dict[str, Any]

    def changes(self, scenario: Scenario, index: int) -> dict[str, Any]:
        """Changes of a scenario under one draw; SimError if it lacks a number or a choice of it."""
        row = self.draws.iloc[index]
        numbers = {str(n): float(v) for n, v in row.items() if not str(n).startswith(CHOICE)}
        choices = {
            str(n).removeprefix(CHOICE): int(v) for n, v in row.items() if str(n).startswith(CHOICE)
        }
        names = tuple(numbers)
        entries = shared(
            scenario, (CHOICE, names), lambda: Entries.of(scenario, free_priors(scenario, names))
        )
        return {**entries.changes(numbers), **chosen(scenario, choices)}

    def resampled(self, count: int, seed: int, first: int | None = None) -> npt.NDArray[np.int64]:
        """(count,) positions of draws, by systematic resampling in random order.

        A draw of weight w appears ``floor(count w)`` or ``ceil(count w)`` times. With `first`, the
        positions begin with those of ``resampled(first, seed)`` and are systematic again at each
        doubling of them: new levels lie halfway between the old ones.

        Notes
        -----
        Kitagawa (1996, JCGS 5:1-25); Douc, Cappe & Moulines (2005).
        """
        rng = np.random.default_rng(np.random.SeedSequence(seed))
        size = first or count
        levels = rng.permutation((rng.random() + np.arange(size)) / size)
        while len(levels) < count:
            between = (levels + 0.5 / len(levels)) % 1.0
            levels = np.concatenate([levels, rng.permutation(between)])
        edges = np.cumsum(self.weights)
        found = np.searchsorted(edges / edges[-1], levels[:count], side="right")
        return np.minimum(found, len(self.weights) - 1).astype(np.int64)


def prior_alone(scenario: Scenario, count: int, seed: int) -> Posterior:
    """Draws of a scenario's uncertain numbers and choices from their priors, no record looked at.

    A Latin hypercube: each of the `count` equal slices of every law has one draw.
    """
    import pandas as pd

    rng = np.random.default_rng(np.random.SeedSequence(seed))

    def levels() -> list[float]:
        return ((rng.permutation(count) + rng.random(count)) / count).tolist()

    columns: dict[str, Any] = {
        prior.name: [prior.law.quantile(p) for p in levels()] for prior in free_priors(scenario)
    }
    for choice in choices_of(scenario):
        columns[CHOICE + choice.name] = np.array([choice.position(p) for p in levels()])
    facts = dict.fromkeys(FACTS, "") | {"scenario": scenario.name, "seed": seed, "version": VERSION}
    facts |= {"scenario_hash": scenario_hash(scenario), "simulations": 0}
    return Posterior(pd.DataFrame(columns), np.full(count, 1.0 / count), facts)


def at_end(
    posterior: Posterior,
    scenario: Scenario,
    loadings: Mapping[str, float],
    part: float,
    *,
    high: bool,
) -> Posterior:
    """The part of a posterior that lies farthest in a direction of its normal scores.

    Parameters
    ----------
    loadings
        Weight of each number in the direction.
    part
        Probability that is kept, such as 0.2.
    high
        Whether the upper end is kept.
    """
    priors = free_priors(scenario, tuple(loadings))
    place = sum(
        loadings[prior.name] * _scores(prior, posterior.draws[prior.name].to_numpy())
        for prior in priors
    )
    order = np.argsort(-place if high else place, kind="stable")
    before = np.cumsum(posterior.weights[order]) - posterior.weights[order]
    kept = np.sort(order[before < part])
    weights = posterior.weights[kept]
    draws = posterior.draws.iloc[kept].reset_index(drop=True)
    return Posterior(draws, weights / weights.sum(), posterior.provenance)


def _scores(prior: Prior, values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Normal scores of values, by the law's quantiles on a fine grid."""
    from scipy.special import ndtr

    grid = np.linspace(-GRID_END, GRID_END, GRID_POINTS)
    ends = np.array([prior.law.quantile(float(p)) for p in ndtr(grid)])
    return np.asarray(np.interp(values, ends, grid))


def write_posterior(path: Path, posterior: Posterior) -> None:
    """Write a posterior; equal contents give equal bytes, another file there is put aside.

    SimError if the contents are no posterior, or the disk refuses.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    _refuse_unsound(posterior, str(path))
    columns: dict[str, Any] = {
        DRAW: pa.array(np.arange(len(posterior.draws)), pa.int64()),
        WEIGHT: pa.array(posterior.weights, pa.float64()),
    }
    for name in posterior.draws.columns:
        kind = pa.int64() if name.startswith(CHOICE) else pa.float64()
        columns[name] = pa.array(posterior.draws[name].to_numpy(), kind)
    text = json.dumps(posterior.provenance, sort_keys=True, ensure_ascii=False, allow_nan=False)
    table = pa.table(columns).replace_schema_metadata({METADATA: text.encode()})
    buffer = io.BytesIO()
    pq.write_table(table, buffer, **{**PARQUET, "store_schema": True})  # for the metadata
    write_once(path, buffer.getvalue())


def read_posterior(path: Path | str) -> Posterior:
    """Read a posterior file; SimError if there is none, or it holds no posterior."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with open_regular(path) as file:
            table = pq.read_table(file)
        provenance = dict(json_of((table.schema.metadata or {})[METADATA]))
        frame = table.to_pandas()
        weights = frame[WEIGHT].to_numpy(dtype=np.float64)
        draws = frame.drop(columns=[WEIGHT]).set_index(DRAW)
    except FileError as error:
        raise SimError(f"cannot read {path}: {error.rule}") from error
    except (KeyError, ValueError, TypeError, OSError, pa.ArrowException) as error:
        raise SimError(f"{path} is no posterior: {type(error).__name__}") from error
    posterior = Posterior(draws, weights, provenance)
    _refuse_unsound(posterior, str(path))
    return posterior


def _refuse_unsound(posterior: Posterior, where: str) -> None:
    weights, draws = posterior.weights, posterior.draws
    missing = [fact for fact in FACTS if fact not in posterior.provenance]
    if missing:
        raise SimError(f"{where}: the provenance lacks {', '.join(missing)}")
    if not len(draws) or weights.shape != (len(draws),):
        raise SimError(f"{where}: {len(draws)} draws with weights of shape {weights.shape}")
    if not np.isfinite(draws.to_numpy(dtype=np.float64)).all():
        raise SimError(f"{where}: a number of a draw is not finite")
    if not (weights >= 0.0).all() or abs(float(weights.sum()) - 1.0) > 1e-9:
        raise SimError(f"{where}: weights must be at least 0 and sum to 1")
