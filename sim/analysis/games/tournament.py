"""Strategies of incumbent and challenger against each other: the empirical game.

Fingerprints say how each pricing strategy answers a scripted rival.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from sim.analysis.games.equilibria import (
    BOOTSTRAP,
    GameEstimate,
    basins,
    estimate_game,
    names_of,
    pure,
    replicator,
)
from sim.analysis.games.profiles import (
    HISTORICAL,
    Field,
    Named,
    deviations,
    field_of,
    parse_named,
    point_of,
    profile_worlds,
)
from sim.analysis.verdict.grounds import grounds
from sim.economics.arrays import Floats
from sim.errors import SimError
from sim.runs.ensemble import run_ensemble
from sim.runs.files import json_bytes, write_once
from sim.runs.result import Result
from sim.runs.settings import RunSettings
from sim.runs.worlds import Draws
from sim.scenario.schema.scenario import Scenario
from sim.strategies.pricing.base import PriceLimits, PricingStrategy
from sim.strategies.registry import make
from sim.strategies.view import Books, View

if TYPE_CHECKING:
    import xarray as xr

TOURNAMENT = "tournament.json"
OBJECTIVE, PROFIT = "objective", "profit"
SHARE = "platform_token_share"
SURPLUS = "consumer_surplus"
MILLION = 1e6
DISCOUNT = 0.98  # worth of a yuan next month: about 20-25 % a year
PURE_ALONE = "mixed equilibria: not looked for, too many strategies to enumerate them"
FLAGGED = 0.05  # regret in parts of the payoff beyond which a played profile is flagged
PAIRED = "paired t, 95 %, Holm over alternatives"
LEVELS = (0.5, 1.0, 1.5, 2.0, 3.0, 5.0)
"""Prices of the scripted rivals over their published unit cost."""
SHARES = (0.1, 0.3, 0.5, 0.7)
"""Own shares of tokens at which the price is asked for."""
MONTHS = 12
DRAWS_SEED = 20_260_402


def tournament(
    scenario: Scenario,
    incumbent: Sequence[str] = (),
    challenger: Sequence[str] = (),
    settings: RunSettings | None = None,
    *,
    discount: float = DISCOUNT,
    replicates: int | None = None,
    seed: int | None = None,
    draws: Draws | None = None,
) -> tuple[Result, dict[str, Any]]:
    """Run all profiles under common seeds and read the game; stored runs are reused.

    SimError: a strategy is unknown, the discount lies outside (0, 1], there are fewer than two
    replicates, or fewer than two are done in all profiles.

    Parameters
    ----------
    incumbent, challenger
        Strategies of the two sides, see `parse_named`; the usual ones if none is named.
    discount
        Worth of a yuan next month; a payoff is the discounted mean of the vendor's objective
        over the whole run, million yuan a month.
    draws
        The draw of each replicate, the same in all profiles.

    Returns
    -------
    The stored runs, and the findings as they lie in `tournament.json`.
    """
    if not 0.0 < discount <= 1.0:
        raise SimError(f"discount = {discount:g}: must lie above 0 and at most at 1")
    field = field_of(scenario, incumbent, challenger)
    if (scenario.ensemble.replicates if replicates is None else replicates) < 2:
        raise SimError("a tournament needs 2 replicates or more")
    profiles = partial(profile_worlds, field.contest, field.rows, field.columns)
    result = run_ensemble(
        scenario,
        settings,
        replicates=replicates,
        seed=seed,
        worlds=field.worlds if draws is None else profiles,
        draws=draws,
    )
    sides = {field.contest.incumbent: field.rows, field.contest.challenger: field.columns}
    found = _findings(result, field, discount) | {
        "fingerprints": {
            vendor: fingerprints(scenario, vendor, [one.name for one in side]).document()
            for vendor, side in sides.items()
        }
    }
    write_once(result.path / TOURNAMENT, json_bytes(found))
    return result, found


def _findings(result: Result, field: Field, discount: float) -> dict[str, Any]:
    """Findings of a stored tournament, ready for JSON."""
    seeds = result.sound_replicates(*(world.name for world in field.worlds))
    if len(seeds) < 2:
        raise SimError(f"{result.path}: fewer than 2 replicates are done in all profiles")
    rows, columns = [r.name for r in field.rows], [c.name for c in field.columns]
    points = [point_of(row, column) for row in rows for column in columns]
    curves = result.curves.sel(point=points, replicate=seeds)
    shape, window = (len(rows), len(columns)), result.scenario.containment.window_months
    incumbent, challenger = field.contest.incumbent, field.contest.challenger

    def discounted(measure: str, vendor: str | None = None) -> Floats:
        """(R, m, n) ``sum_t d^t x_t / sum_t d^t``."""
        values = _values(curves[measure], vendor)
        weights = discount ** np.arange(values.shape[2])
        means = values @ (weights / weights.sum())
        return np.moveaxis(means.reshape(*shape, -1), 2, 0)

    def last(measure: str, vendor: str | None = None) -> list[list[float]]:
        """(m, n) mean over the judged last months and the replicates."""
        means = _values(curves[measure], vendor)[:, :, -window:].mean(axis=(1, 2))
        table: list[list[float]] = means.reshape(shape).tolist()
        return table

    measure = OBJECTIVE if OBJECTIVE in curves else PROFIT
    payoff = discounted(measure, incumbent) / MILLION
    game = estimate_game(payoff, discounted(measure, challenger) / MILLION)
    return {
        **grounds(result, seeds, [BOOTSTRAP, PAIRED]),
        "contest": field.contest.model_dump(mode="json"),
        "rows": rows,
        "columns": columns,
        "payoff": {
            "measure": measure,
            "unit": "million yuan a month, discounted mean over the run",
            "discount": discount,
            "incumbent": game.row.tolist(),
            "challenger": game.col.tolist(),
        },
        "tables": {
            "challenger_token_share": last(SHARE, challenger),
            "incumbent_token_share": last(SHARE, incumbent),
            "consumer_surplus": last(SURPLUS),
            "industry_profit": (discounted(PROFIT).mean(axis=0) / MILLION).tolist(),
        },
        "game": _game(game, rows, columns),
        "equilibria": _equilibria(game, rows, columns),
        "all_equilibria": game.all_found,
        "historical": _historical(game, rows, columns),
        "deviations": deviations(result, field, seeds, payoff),
        "replicator": _replicator(game),
        "notes": [*field.notes, *([] if game.all_found else [PURE_ALONE])],
    }


def _values(curve: xr.DataArray, vendor: str | None) -> Floats:
    """(P, R, M) of one vendor, of the market, or summed over vendors."""
    if vendor is not None:
        curve = curve.sel(vendor=vendor)
    elif "vendor" in curve.dims:
        curve = curve.sum("vendor")
    return np.asarray(curve.transpose("point", "replicate", "month").to_numpy(), np.float64)


def _game(game: GameEstimate, rows: list[str], columns: list[str]) -> dict[str, Any]:
    return {
        "regret": game.regret.tolist(),
        "regret_low": game.regret_low.tolist(),
        "regret_high": game.regret_high.tolist(),
        "gain_incumbent": game.gain_row.tolist(),
        "gain_challenger": game.gain_col.tolist(),
        "pure_frequency": game.pure_frequency.tolist(),
        "played_in_equilibrium": {
            "incumbent": dict(zip(rows, game.support_row.tolist(), strict=True)),
            "challenger": dict(zip(columns, game.support_col.tolist(), strict=True)),
        },
        "resamples": game.resamples,
        "resamples_mixed": game.resamples_mixed,
        "interval_type": BOOTSTRAP,
    }


def _equilibria(game: GameEstimate, rows: list[str], columns: list[str]) -> list[dict[str, Any]]:
    entries = []
    for found in game.equilibria:
        own, other = names_of(found.row, rows), names_of(found.col, columns)
        entry: dict[str, Any] = {
            "incumbent": own,
            "challenger": other,
            "payoffs": list(found.payoffs),
            "pure": len(own) == len(other) == 1,
        }
        if entry["pure"]:
            place = rows.index(next(iter(own))), columns.index(next(iter(other)))
            entry["frequency"] = float(game.pure_frequency[place])
        entries.append(entry)
    return entries


def _historical(game: GameEstimate, rows: list[str], columns: list[str]) -> dict[str, Any]:
    i, j = rows.index(HISTORICAL), columns.index(HISTORICAL)
    gains = float(game.gain_row[i, j]), float(game.gain_col[i, j])
    payoffs = abs(float(game.row[i, j])), abs(float(game.col[i, j]))
    parts = [gain / of if of else None for gain, of in zip(gains, payoffs, strict=True)]
    return {
        "regret": float(game.regret[i, j]),
        "low": float(game.regret_low[i, j]),
        "high": float(game.regret_high[i, j]),
        "interval_type": BOOTSTRAP,
        "gain_incumbent": gains[0],
        "best_incumbent": rows[int(game.row[:, j].argmax())],
        "gain_challenger": gains[1],
        "best_challenger": columns[int(game.col[i].argmax())],
        "parts_of_payoff": parts,
        "flagged": any(part is None or part >= FLAGGED for part in parts),
        "is_equilibrium": bool(pure(game.row, game.col)[i, j]),
        "frequency": float(game.pure_frequency[i, j]),
    }


def _replicator(game: GameEstimate) -> dict[str, Any]:
    times, x, y = replicator(game.row, game.col)
    return {
        "time": times.tolist(),
        "incumbent": x.tolist(),
        "challenger": y.tolist(),
        "basins": basins(game.row, game.col).tolist(),
        "start": "equal weights; basins: random starts",
    }


@dataclass(frozen=True, eq=False)
class Fingerprints:
    """Price over unit cost of each strategy against each probe, and how far apart they are."""

    vendor: str
    names: tuple[str, ...]
    levels: tuple[float, ...]
    shares: tuple[float, ...]
    response: Floats
    """(S, L, K) geometric mean of price over unit cost after some months."""
    distance: Floats
    """(S, S) root mean square distance of log responses over all probes."""

    def document(self) -> dict[str, Any]:
        """Plain numbers for JSON."""
        return {
            "vendor": self.vendor,
            "names": list(self.names),
            "rival_price_over_cost": list(self.levels),
            "own_token_share": list(self.shares),
            "price_over_cost": self.response.tolist(),
            "distance": self.distance.tolist(),
            "months": MONTHS,
        }


def fingerprints(
    scenario: Scenario,
    vendor: str,
    names: Sequence[str],
    *,
    levels: Sequence[float] = LEVELS,
    shares: Sequence[float] = SHARES,
) -> Fingerprints:
    """Play each strategy against rivals that never move, in the first month's market.

    All rivals ask `level` times their published unit cost and the vendor sees one share of
    tokens, month after month; what it asks after `MONTHS` months is its response.

    Names are those of `parse_named`; what is no pricing strategy is left out.

    SimError: the vendor does not exist or sells no model calls in the first month, or no name is a
    pricing strategy.

    Notes
    -----
    Ashlock & Kim (2008, IEEE Trans. Evolutionary Computation 12:647-659), fingerprints of
    strategies by probes.
    """
    if vendor not in scenario.vendors:
        raise SimError(f"no vendor is called {vendor!r}")
    known = [one for one in (_pricing(scenario, vendor, name) for name in names) if one is not None]
    if not known:
        raise SimError("fingerprints need a pricing strategy")
    view, books, limits = _met(scenario, vendor)
    if len(books.own) == 0:
        raise SimError(f"{vendor} sells no model calls in the first month")
    response = np.array(
        [
            [
                [_answer(one, view, books, limits, level, share) for share in shares]
                for level in levels
            ]
            for one in known
        ]
    )
    logs = np.log(response).reshape(len(known), -1)
    gaps = logs[:, None, :] - logs[None, :, :]
    return Fingerprints(
        vendor,
        tuple(one.name for one in known),
        tuple(levels),
        tuple(shares),
        response,
        np.sqrt((gaps**2).mean(axis=2)),
    )


def _pricing(scenario: Scenario, vendor: str, text: str) -> Named | None:
    named = parse_named(text)
    if named.name == HISTORICAL:
        table = dict(scenario.vendors[vendor].pricing)
        strategy = str(table.pop("strategy"))
        return Named(HISTORICAL, "pricing", strategy, tuple(table.items()))
    return named if named.kind == "pricing" and named.strategy else None


def _met(scenario: Scenario, vendor: str) -> tuple[View, Books, PriceLimits]:
    """What the vendor sees and owns when it decides in the first month."""
    from sim.market.simulation import Simulation
    from sim.market.vendors.decisions import price_limits
    from sim.market.vendors.information import information, private_books

    model = Simulation(scenario, rng=scenario.ensemble.seed)
    view, _, unit_cost = information(model)
    books = private_books(model, model.vendors[vendor], unit_cost)
    return view, books, model.rules(price_limits)


def _answer(
    named: Named, view: View, books: Books, limits: PriceLimits, level: float, share: float
) -> float:
    strategy = cast(PricingStrategy, make("pricing", named.strategy, dict(named.parameters)))
    draws = np.random.Generator(np.random.Philox(DRAWS_SEED))
    on_sale = view.price > 0.0
    scripted = np.where(on_sale, level * view.cost_estimate, 0.0)
    tokens = _with_share(view.token_share, books.vendor, share)
    price = books.price
    for month in range(MONTHS):
        seen = scripted.copy()
        seen[books.own] = price
        for array in (seen, tokens):
            array.flags.writeable = False
        month_view = dataclasses.replace(view, month=month, price=seen, token_share=tokens)
        own = dataclasses.replace(books, price=price, token_share=share)
        wanted = strategy.wanted(month_view, own, draws)
        price = np.asarray(strategy.bounded(month_view, own, wanted, limits))
    return float(np.exp(np.log(price / books.unit_cost).mean()))


def _with_share(shares: Floats, vendor: int, share: float) -> Floats:
    """The vendor has `share`; what is left is divided as before."""
    others = np.delete(shares, vendor)
    left = others / others.sum() if others.sum() > 0.0 else np.full(others.size, 1.0)
    return np.insert((1.0 - share) * left, vendor, share)
