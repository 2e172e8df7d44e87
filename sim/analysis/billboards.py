"""Advertisements that are true: the strongest claim of each vendor on each scoreboard.

The same month lets one vendor say "first in revenue, more than ranks 2 to 4 together" and its rival
"first in tokens". Every claim here is checked run by run and month by month, and stands beside the
strongest claim with which a rival could answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from sim.analysis.rounding import POINTS
from sim.analysis.statistics import CONFIDENCE, wilson_interval
from sim.analysis.verdict.containment import MAJORITY, WILSON
from sim.analysis.verdict.grounds import grounds, plain
from sim.analysis.verdict.judge import vendor_label
from sim.runs.files import json_bytes, read_json, write_once
from sim.runs.worlds import ON

if TYPE_CHECKING:
    import xarray as xr

    from sim.runs.result import Result

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

BILLBOARDS = "billboards.json"
BUNDLE = "others"
"""A vendor of this name stands for many firms: it has no rank, and no advertisement."""
SMALLEST = 1e-12


class Board(NamedTuple):
    """A scoreboard: what is counted, for whom, and the measures whose sum it is."""

    title: str
    scope: str
    measures: tuple[str, ...]


BOARDS = (
    Board("tokens of model calls", "domestic clouds", ("platform_tokens_domestic",)),
    Board("tokens of model calls", "all platforms and regions", ("platform_tokens",)),
    Board("tokens", "with own apps", ("platform_tokens", "own_app_tokens")),
    Board("tokens of its own models", "wherever they run", ("family_tokens",)),
    Board("tokens of its own models", "overseas", ("overseas_family_share",)),
    Board("revenue", "the full stack", ("full_stack_revenue",)),
    Board("revenue", "model calls", ("maas_revenue",)),
    Board("revenue", "platform services", ("paas_revenue",)),
    Board("revenue", "rented accelerators", ("iaas_revenue",)),
    Board("clients", "any work on the platform", ("client_share",)),
)
PARTS = {"segment": "segment_token_share", "region": "region_token_share"}

CLAIMS = (
    "first, more than all others together",
    "first, more than ranks 2 to 4 together",
    "first, more than ranks 2 and 3 together",
    "first, twice the second",
    "first",
    "second",
    "third",
)
"""What can be said of a rank, the strongest first."""


def holds(values: Floats, vendor: int, bundle: int | None = None) -> Bools:
    """Which claims hold for a vendor.

    Parameters
    ----------
    values
        (..., V) what each vendor has, of one scoreboard.
    bundle
        Column that stands for many firms: it has no rank, and counts among all others.

    Returns
    -------
    (claims, ...) in the order of `CLAIMS`. Nobody with nothing has a claim.
    """
    own = values[..., vendor]
    left_out = {vendor} if bundle is None else {vendor, bundle}
    rivals = [v for v in range(values.shape[-1]) if v not in left_out]
    ranked = -np.sort(-values[..., rivals], axis=-1)
    others = np.zeros((*own.shape, 3))
    others[..., : min(3, len(rivals))] = ranked[..., :3]
    there = own > SMALLEST
    first = there & (own > others[..., 0])
    everybody = values.sum(axis=-1) - own
    return np.array(
        [
            there & (own > everybody),
            first & (own > others.sum(axis=-1)) & (others[..., 2] > SMALLEST),
            first & (own > others[..., :2].sum(axis=-1)) & (others[..., 1] > SMALLEST),
            first & (own >= 2.0 * others[..., 0]),
            first,
            there & (own < others[..., 0]) & (own > others[..., 1]) & (len(rivals) > 1),
            there & (own < others[..., 1]) & (own > others[..., 2]) & (len(rivals) > 2),
        ]
    )


def billboards(result: Result) -> dict[str, Any]:
    """The strongest true claim of each vendor on each scoreboard, and a rival's answer; JSON-ready.

    A claim is true if it holds for the means of the last `containment.window_months` in more than
    half of the runs of the world as it stands; `months` counts in how many months of the median
    run it holds.

    Raises
    ------
    SimError
        No run of that world was finished.
    """
    sound = result.sound_replicates(ON)
    facts = grounds(result, sound, [WILSON])
    world = result.curves.sel(point=ON, replicate=sound)
    vendors = [str(name) for name in world["vendor"].to_numpy()]
    bundle = vendors.index(BUNDLE) if BUNDLE in vendors else None
    window = result.scenario.containment.window_months
    claims = []
    for board, values in _boards(world):
        for column, vendor in enumerate(vendors):
            if column != bundle:
                found = _strongest(values, column, bundle, window)
                if found is not None:
                    label = vendor_label(result.scenario, vendor)
                    claims.append({"vendor": vendor, "label": label, **board._asdict(), **found})
    claims.sort(key=_rank)
    for claim in claims:
        claim["answer"] = _answer(claim, claims)
    months = [str(month)[:7] for month in world["month"].to_numpy()]
    document: dict[str, Any] = plain(
        facts
        | {
            "title": "Advertisements that are true",
            "window_months": window,
            "months": [months[0], months[-1]],
            "claims": claims,
        }
    )
    return document


def stored_billboards(result: Result) -> dict[str, Any]:
    """The billboards of a result, made and stored if they are not yet."""
    path = result.path / BILLBOARDS
    if not path.exists():
        write_once(path, json_bytes(billboards(result)))
    return read_json(path)


def _boards(world: xr.Dataset) -> Iterator[tuple[Board, Floats]]:
    """Each scoreboard that is stored, with its values (R, months, V)."""
    order = ("replicate", "month", "vendor")
    for board in BOARDS:
        if set(board.measures) <= set(world.data_vars):
            arrays = (world[name].transpose(*order).to_numpy() for name in board.measures)
            yield board, np.nan_to_num(np.sum(list(arrays), axis=0))
    for part, measure in PARTS.items():
        if measure in world and world.sizes[part] > 1:
            for name in world[part].to_numpy():
                values = world[measure].sel({part: name}).transpose(*order).to_numpy()
                board = Board("tokens of model calls", f"{part} {name}", (measure,))
                yield board, np.nan_to_num(values)


def _strongest(
    values: Floats, vendor: int, bundle: int | None, window: int
) -> dict[str, Any] | None:
    """The strongest claim that most runs bear out, with the runs and the months that do."""
    at_end = holds(values[:, -window:].mean(axis=1), vendor, bundle)
    shares = at_end.mean(axis=1)
    true = np.flatnonzero(shares > MAJORITY)
    if not true.size:
        return None
    claim = int(true[0])
    by_month = holds(values, vendor, bundle)[claim]
    count, n = int(at_end[claim].sum()), at_end.shape[1]
    return {
        "claim": CLAIMS[claim],
        "strength": len(CLAIMS) - claim,
        "share_of_runs": count / n,
        "interval": wilson_interval(count, n, CONFIDENCE),
        "months": int(np.median(by_month.sum(axis=1))),
        "of_months": values.shape[1],
    }


def _rank(claim: Mapping[str, Any]) -> tuple[float, ...]:
    # Of equal claims that of the fewer words of scope stands first: boards are in that order.
    return -claim["strength"], -claim["share_of_runs"], -claim["months"]


def _answer(claim: Mapping[str, Any], claims: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The strongest claim of a rival; of equal ones that about the same thing in another scope."""
    others = [one for one in claims if one["vendor"] != claim["vendor"]]
    if not others:
        return None
    best = min(others, key=lambda one: (-one["strength"], one["title"] != claim["title"]))
    return {name: best[name] for name in ("vendor", "label", "title", "scope", "claim")}


def in_words(claim: Mapping[str, Any]) -> str:
    """A claim as it would stand on a wall."""
    place, comma, more = claim["claim"].partition(", ")
    return f"{place} in {claim['title']} ({claim['scope']}){comma}{more}"


def best_of(document: Mapping[str, Any], most: int = 1) -> list[dict[str, Any]]:
    """The strongest claims of each vendor, in the order of their strength."""
    taken: dict[str, int] = {}
    found = []
    for claim in document["claims"]:
        taken[claim["vendor"]] = taken.get(claim["vendor"], 0) + 1
        if taken[claim["vendor"]] <= most:
            found.append(claim)
    return found


def billboard_lines(document: Mapping[str, Any], most: int = 1) -> Iterator[str]:
    """The strongest claims of each vendor, each with where it holds and a rival's answer."""
    for claim in best_of(document, most):
        answer = claim["answer"]
        reply = f"; {answer['label']} could answer: {in_words(answer)}" if answer else ""
        yield (
            f"{claim['label']}: {in_words(claim)}. True in {POINTS * claim['share_of_runs']:.0f} % "
            f"of runs, in {claim['months']} of {claim['of_months']} months{reply}"
        )
    yield (
        f"n = {document['n']} runs, last {document['window_months']} months, seed "
        f"{document['root_seed']}, scenario {document['scenario_hash'][:8]}"
    )
