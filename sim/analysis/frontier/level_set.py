"""Where a probability crosses one half in the plane, asked for only near the crossing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from sim.economics.arrays import Bools, Floats, Ints

Place = tuple[int, int]
Ask = Callable[[Sequence[Place]], Bools]
"""Places of the lattice -> (P, R) whether the outcome occurred, by replicate."""

HALF = 0.5
DRAWS_SEED = 20_260_403
RESAMPLES = 400
CONTINUITY = 0.5  # successes and failures added to each place, so that log odds are finite


class Cell(NamedTuple):
    """A square of the lattice: lower left corner and size, in lattice units."""

    i: int
    j: int
    size: int

    @property
    def corners(self) -> tuple[Place, ...]:
        """Its four corners."""
        i, j, s = self
        return (i, j), (i + s, j), (i, j + s), (i + s, j + s)

    @property
    def quarters(self) -> tuple[Cell, ...]:
        """The four cells it splits into."""
        h = self.size // 2
        return tuple(Cell(self.i + a, self.j + b, h) for a in (0, h) for b in (0, h))


@dataclass(frozen=True, eq=False)
class LevelSet:
    """What was asked, and the surface through it."""

    side: int  # cells of the lattice along a side; places run from 0 to side
    places: Ints  # (P, 2)
    hits: Bools  # (P, R) outcomes by replicate
    finished: bool  # False if the budget ended the refinement

    def surface(self, resamples: int = RESAMPLES) -> Surface:
        """The interpolated surface with its bootstrap over replicates."""
        weights = _interpolation(self.places, self.side)
        draws = np.random.Generator(np.random.Philox(DRAWS_SEED))
        n = self.hits.shape[1]
        hits = self.hits.astype(np.float64)
        estimate = weights @ _log_odds(hits.sum(axis=1), n)
        above = np.zeros(estimate.size)
        areas = np.empty(resamples)
        for b in range(resamples):
            counts = np.bincount(draws.integers(n, size=n), minlength=n)
            drawn = weights @ _log_odds(hits @ counts, n) >= 0.0
            above += drawn
            areas[b] = _area(drawn, self.side)
        low, high = np.quantile(areas, [0.025, 0.975])
        shape = (self.side + 1, self.side + 1)
        return Surface(
            log_odds=estimate.reshape(shape),
            above=(above / resamples).reshape(shape),
            area=_area(estimate >= 0.0, self.side),
            area_interval=(float(low), float(high)),
        )


@dataclass(frozen=True, eq=False)
class Surface:
    """Log odds on the whole lattice, [i, j] at place (i, j)."""

    log_odds: Floats
    above: Floats  # part of the bootstrapped surfaces that are at one half or above
    area: float  # part of the plane at one half or above
    area_interval: tuple[float, float]

    @property
    def band(self) -> Bools:
        """Places on whose side the bootstrap does not agree in 95 %."""
        return (self.above > 0.025) & (self.above < 0.975)


def find_level(ask: Ask, coarse: int, depth: int, budget: int | None = None) -> LevelSet:
    """Ask a coarse lattice, then halve every cell that the boundary runs through.

    A cell is halved while places of both sides of one half (or at it) lie in it or on its border;
    so a coarse cell is taken up again when the boundary is seen to leave a finer one into it.
    What lies wholly inside a coarse cell is not seen.

    Parameters
    ----------
    coarse, depth
        Cells along a side at the start, >= 1, and how often they may be halved, >= 0.
    budget
        Places to ask at most; the coarse lattice is always asked, then larger cells first.

    Notes
    -----
    Quadtree refinement of an interface, Samet (1984, ACM Computing Surveys 16:187-260).
    """
    if coarse < 1 or depth < 0:
        raise ValueError("a lattice needs coarse >= 1 and depth >= 0")
    size = 2**depth
    side = coarse * size
    cells = [Cell(i, j, size) for i in range(0, side, size) for j in range(0, side, size)]
    known: dict[Place, Bools] = {}
    _ask(ask, known, {corner for cell in cells for corner in cell.corners})
    finished = True
    while finished:
        crossed = _crossed(cells, known)
        chosen, new, finished = _affordable(crossed, known, budget)
        if not chosen:
            break
        _ask(ask, known, new)
        split = set(chosen)
        cells = [c for cell in cells for c in (cell.quarters if cell in split else (cell,))]
    places = sorted(known)
    hits = np.stack([known[place] for place in places])
    return LevelSet(side, np.array(places, dtype=np.int64), hits, finished)


def _ask(ask: Ask, known: dict[Place, Bools], places: set[Place]) -> None:
    wanted = sorted(places - known.keys())
    if wanted:
        known.update(zip(wanted, ask(wanted), strict=True))


def _crossed(cells: list[Cell], known: dict[Place, Bools]) -> list[Cell]:
    places = np.array(list(known))
    share = np.array([hits.mean() for hits in known.values()])
    found = []
    for cell in cells:
        corner = np.array([cell.i, cell.j])
        inside = share[((places >= corner) & (places <= corner + cell.size)).all(axis=1)]
        if cell.size > 1 and inside.min() <= HALF <= inside.max():
            found.append(cell)
    return sorted(found, key=lambda cell: (-cell.size, cell.i, cell.j))


def _affordable(
    cells: list[Cell], known: dict[Place, Bools], budget: int | None
) -> tuple[list[Cell], set[Place], bool]:
    chosen: list[Cell] = []
    new: set[Place] = set()
    for cell in cells:
        more = {c for quarter in cell.quarters for c in quarter.corners} - known.keys() - new
        if budget is not None and len(known) + len(new) + len(more) > budget:
            return chosen, new, False
        chosen.append(cell)
        new |= more
    return chosen, new, True


def _log_odds(successes: Floats, n: int) -> Floats:
    return np.asarray(np.log((successes + CONTINUITY) / (n - successes + CONTINUITY)))


def _area(above: Bools, side: int) -> float:
    """Part of the plane: places weigh as the part of a cell around them."""
    edge = np.ones(side + 1)
    edge[[0, -1]] = 0.5
    weights = np.outer(edge, edge).ravel()
    return float((weights * above).sum() / weights.sum())


def _interpolation(places: Ints, side: int) -> Any:
    """(lattice, P) barycentric weights of linear interpolation over Delaunay triangles."""
    from scipy.sparse import csr_array
    from scipy.spatial import Delaunay

    triangles = Delaunay(places.astype(np.float64))
    axis = np.arange(side + 1, dtype=np.float64)
    lattice = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1).reshape(-1, 2)
    found = triangles.find_simplex(lattice, tol=1e-9)
    bases = triangles.transform[found]
    first = np.einsum("kij,kj->ki", bases[:, :2], lattice - bases[:, 2])
    weights = np.column_stack([first, 1.0 - first.sum(axis=1)])
    rows = np.repeat(np.arange(len(lattice)), 3)
    columns = triangles.simplices[found].ravel()
    shape = (len(lattice), len(places))
    return csr_array((weights.ravel(), (rows, columns)), shape=shape)
