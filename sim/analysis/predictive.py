"""Runs over a posterior: the draw that each replicate takes, and what the spread is made of."""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from sim.analysis.posterior import FACTS, read_posterior
from sim.analysis.priors import CHOICE
from sim.analysis.verdict.grounds import grounds, plain
from sim.errors import SimError
from sim.files import read_bytes
from sim.runs.ensemble import run_ensemble
from sim.runs.files import json_bytes, sha256, write_once
from sim.runs.plan import refuse_no_runs
from sim.runs.result import Result
from sim.runs.rows import DONE
from sim.runs.worlds import OFF_MONEY_KEPT, ON, Draws, with_and_without
from sim.scenario.paths import Key, dotted, leaves, plain_tables
from sim.scenario.shipped import POSTERIOR, located

if TYPE_CHECKING:
    from datetime import date

    from sim.runs.settings import RunSettings
    from sim.scenario.schema.scenario import Scenario

SPLIT = "split.json"
TAU, SHARE = "tau", "token_share"
OUTCOME = "challenger_platform_token_share"
LEVEL = 0.90
INTERVAL = "F of the draws' mean square over the seeds', 90 %"
PREDICTIVE = "quantiles over draws and seeds, 90 %"


def posterior_of(
    scenario: Scenario, given: Path | str | None = None, point: bool = False
) -> Path | None:
    """The posterior file over which a scenario is run; None = its numbers as they stand.

    SimError: a file is given and the point is asked for.

    Parameters
    ----------
    given
        A file instead of the one that the scenario names, or the name of a shipped posterior.
    point
        None although the scenario names one.
    """
    if given is not None and point:
        raise SimError(f"either the posterior {given} or the point, not both")
    if given is not None:
        return Path(located(given, POSTERIOR))
    return None if point or scenario.posterior is None else Path(scenario.posterior)


def draws_of(
    file: Path, scenario: Scenario, replicates: int, seed: int, first: int | None = None
) -> Draws:
    """The draw of each replicate: a systematic resample of the posterior's weights.

    SimError: the file cannot be read, or a number of it is none of the scenario's.

    Parameters
    ----------
    replicates, seed
        Of the runs; equal ones give equal draws.
    first
        Replicates of an earlier look, whose draws stay as they are.
    """
    refuse_no_runs(replicates, seed)
    posterior = read_posterior(file)
    taken = posterior.resampled(replicates, seed, first).tolist()
    try:
        changes = {draw: posterior.changes(scenario, draw) for draw in sorted(set(taken))}
    except SimError as error:
        raise SimError(f"{file} is a posterior of another scenario: {error}") from error
    stored = json.loads(json.dumps(list(changes.values()), default=str))
    changes = dict(zip(changes, stored, strict=True))
    facts = {fact: posterior.provenance[fact] for fact in FACTS}
    return Draws(tuple(taken), changes, {"sha256": sha256(read_bytes(file)), **facts})


def draws_beside(file: Path, worlds: Mapping[str, Scenario], replicates: int, seed: int) -> Draws:
    """As `draws_of`, for several scenarios: the same draw in each, entered into its own numbers.

    SimError: also, the draws overwrite a number in which a scenario differs from the first.
    """
    try:
        found = {name: draws_of(file, one, replicates, seed) for name, one in worlds.items()}
    except SimError as error:
        raise SimError(f"{error}; to compare at the point: --point") from error
    first, *others = worlds
    for name in others:
        for path in _overwritten(worlds[first], worlds[name], found[first], found[name]):
            raise SimError(f"{path} differs between {first} and {name}, but {IS_DRAWN}")
    beside = {name: draws.changes for name, draws in found.items()}
    return replace(found[first], beside=beside)


IS_DRAWN = "is drawn from the posterior, which would overwrite it: run at the point (--point)"


def _overwritten(one: Scenario, other: Scenario, a: Draws, b: Draws) -> Iterator[str]:
    """Paths at which two scenarios differ before the draws, and never after them."""
    tables = [dict(map(_dotted, leaves(plain_tables(each)))) for each in (one, other)]
    for path in next(iter(a.changes.values())):
        if tables[0].get(path) != tables[1].get(path) and all(
            a.changes[draw].get(path) == b.changes[draw].get(path) for draw in a.changes
        ):
            yield path


def _dotted(leaf: tuple[tuple[Key, ...], Any]) -> tuple[str, Any]:
    return dotted(leaf[0]), leaf[1]


def refuse_drawn(draws: Draws, paths: Sequence[str]) -> None:
    """Refuse values at paths that every draw overwrites.

    SimError: names the first of them.
    """
    drawn = {path for changes in draws.changes.values() for path in changes}
    for path in paths:
        if path in drawn:
            raise SimError(f"{path} {IS_DRAWN}")


@dataclass(frozen=True)
class VarianceSplit:
    """The variance of an outcome over a posterior, split by the law of total variance.

    ``Var Y = E Var(Y | draw) + E Var(E(Y | draw) | strategies) + Var E(Y | strategies)``: seed,
    parameters, strategies.

    Attributes
    ----------
    seed, parameters, strategies
        Unbiased estimates of the three parts, so that one near zero may come out below it;
        strategies is None where the posterior has no structural choice.
    seed_share
        Interval of the seed's share of the whole.
    """

    seed: float
    parameters: float
    strategies: float | None
    draws: int
    seeds: int
    seed_share: tuple[float, float]

    @property
    def total(self) -> float:
        """Variance of a new run under a new draw."""
        return self.seed + self.parameters + (self.strategies or 0.0)

    @property
    def shares(self) -> dict[str, float]:
        """Each part over their sum, parts below zero as zero; NaN where nothing varies."""
        parts = {"seed": self.seed, "parameters": self.parameters}
        if self.strategies is not None:
            parts["strategies"] = self.strategies
        kept = {name: max(part, 0.0) for name, part in parts.items()}
        whole = sum(kept.values())
        return {name: part / whole if whole > 0.0 else np.nan for name, part in kept.items()}


def split_variance(
    outcomes: npt.ArrayLike, strategies: Sequence[Hashable] | None = None
) -> VarianceSplit:
    """Split the variance of an outcome into seed, parameters and strategies.

    With D draws, K seeds of each, draw means m_d, their mean m, and C combinations of strategies
    with n_c draws and mean m_c::

        W = sum_dk (y_dk - m_d)^2 / (D (K - 1))          seed       = W
        B = sum_d (m_d - m_c(d))^2 / (D - C)             parameters = B - W / K
                                                         strategies = sum_c n_c (m_c - m)^2 / D
                                                                      - (C - 1) B / D

    ValueError: less than two draws or seeds, a number that is not finite, or no combination of
    strategies with two draws.

    Parameters
    ----------
    outcomes
        (D, K).
    strategies
        (D,) the combination of each draw; None where there are no choices.

    Notes
    -----
    Searle, Casella & McCulloch (1992), *Variance Components*, ch. 3, 5; the interval is that of the
    intraclass correlation there, exact where outcomes are normal and draws alike in spread.
    """
    values = np.asarray(outcomes, dtype=np.float64)
    if values.ndim != 2 or min(values.shape) < 2 or not np.isfinite(values).all():
        raise ValueError(f"needs finite (draws, seeds), two of each at least, got {values.shape}")
    draws, seeds = values.shape
    groups = np.zeros(draws, dtype=np.int64)
    if strategies is not None:
        order = {label: number for number, label in enumerate(dict.fromkeys(strategies))}
        groups = np.array([order[label] for label in strategies], dtype=np.int64)
    sizes = np.bincount(groups)
    if len(groups) != draws or len(sizes) == draws:
        raise ValueError("needs one combination a draw, and one of them twice")
    means = values.mean(axis=1)
    of_group = np.bincount(groups, means) / sizes
    within = float(values.var(axis=1, ddof=1).mean())
    between = float(((means - of_group[groups]) ** 2).sum() / (draws - len(sizes)))
    apart = None
    if strategies is not None:
        spread = float((sizes * (of_group - means.mean()) ** 2).sum())
        apart = (spread - (len(sizes) - 1) * between) / draws
    share = _seed_share(within, seeds * float(means.var(ddof=1)), draws, seeds)
    return VarianceSplit(within, between - within / seeds, apart, draws, seeds, share)


def _seed_share(within: float, between: float, draws: int, seeds: int) -> tuple[float, float]:
    """Interval of W / (W + variance of the draws' means) from F = between / within."""
    from scipy.stats import f as law

    if within <= 0.0:
        return (0.0, 0.0) if between > 0.0 else (np.nan, np.nan)
    ends = law.ppf([(1.0 - LEVEL) / 2.0, (1.0 + LEVEL) / 2.0], draws - 1, draws * (seeds - 1))
    ratios = between / within / ends
    low, high = np.clip(seeds / (ratios + seeds - 1.0), 0.0, 1.0)
    return float(low), float(high)


def run_split(
    result: Result,
    file: Path,
    seeds: int,
    settings: RunSettings | None = None,
    *,
    branch_at: date | None = None,
) -> dict[str, Any]:
    """Run the draws of a result under further seeds and split the variance of its outcomes.

    Replicate r of D replicates repeats the draw of replicate ``r mod D`` under a seed of its own,
    so that the first D are the runs of the result again. What is found is kept in its folder.

    SimError: less than two seeds, no contest, no draws, or less than two draws that are done in all
    runs.

    Parameters
    ----------
    file
        The posterior of the result.
    seeds
        Seeds of each draw.
    settings
        Its `out` is the folder that holds the result.
    """
    scenario, draws = result.scenario, result.draws
    if seeds < 2:
        raise SimError(f"split of the variance: {seeds} seeds of each draw, at least 2 needed")
    if draws is None or scenario.contest is None:
        raise SimError("split of the variance: needs a posterior and a [contest]")
    repeated = Draws(draws.of * seeds, draws.changes, draws.facts)
    further = run_ensemble(
        scenario,
        settings,
        replicates=len(repeated.of),
        seed=result.seed,
        worlds=with_and_without,
        draws=repeated,
        branch_at=branch_at,
    )
    found = split_document(further, file, seeds)
    write_once(result.path / SPLIT, json_bytes(found))
    return found


def outcomes_of(result: Result) -> dict[str, npt.NDArray[np.float64]]:
    """(R,) challenger's final token share, and tau if the pair of worlds was run; NaN = failed."""
    rows = result.runs[result.runs["status"] == DONE]
    table = rows.pivot(index="replicate", columns="point", values=OUTCOME)
    table = table.reindex(range(result.replicates)).astype(np.float64)
    found = {SHARE: table[ON].to_numpy()}
    if OFF_MONEY_KEPT in table:
        found = {TAU: (table[OFF_MONEY_KEPT] - table[ON]).to_numpy(), **found}
    return found


def split_document(further: Result, file: Path, seeds: int) -> dict[str, Any]:
    """The split of a result in which each of its first draws has several seeds, see `run_split`."""
    found = {name: values.reshape(seeds, -1) for name, values in outcomes_of(further).items()}
    sound = np.all([np.isfinite(values).all(axis=0) for values in found.values()], axis=0)
    if sound.sum() < 2:
        raise SimError(f"{further.path}: less than two draws are done in all runs")
    assert further.draws is not None
    taken = [d for d, ok in zip(further.draws.of, sound, strict=False) if ok]
    done = [r for r in range(further.replicates) if sound[r % len(sound)]]
    document = {
        **grounds(further, done, [INTERVAL, PREDICTIVE]),
        "draws": len(taken),
        "seeds_of_each": seeds,
        "outcomes": {
            name: _outcome(values[:, sound].T, _combinations(file, taken))
            for name, values in found.items()
        },
    }
    cleaned: dict[str, Any] = plain(document)
    return cleaned


def _combinations(file: Path, taken: Sequence[int]) -> list[tuple[int, ...]] | None:
    """The structural choices of some draws; None where the posterior has none."""
    frame = read_posterior(file).draws
    names = [name for name in frame.columns if str(name).startswith(CHOICE)]
    chosen = frame[names].to_numpy(dtype=np.int64)[list(taken)]
    return [tuple(row) for row in chosen.tolist()] if names else None


def _outcome(values: npt.NDArray[np.float64], strategies: Any) -> dict[str, Any]:
    alone = strategies is not None and len(set(strategies)) == len(strategies)
    found = split_variance(values, None if alone else strategies)
    low, median, high = np.quantile(values, [0.05, 0.5, 0.95])
    return {
        **asdict(found),
        "total": found.total,
        "shares": found.shares,
        "mean": float(values.mean()),
        "median": float(median),
        "interval": [float(low), float(high)],
    }
