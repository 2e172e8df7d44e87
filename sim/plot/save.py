"""Figures as files, each with its numbers beside it; nothing is deleted."""

from __future__ import annotations

import io
import logging
import multiprocessing
import re
import signal
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.errors import SimError
from sim.plot.material import Material, material
from sim.plot.registry import BOTH, PLOTS, RUNS, SWEEPS, Plot, plots
from sim.plot.style import settings
from sim.runs.files import write_once
from sim.runs.result import Result
from sim.runs.stored import told_if_altered

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

    from sim.scenario.schema.scenario import Scenario

MEASURES = ("platform_token_share", "client_share", "utilisation", "reliability", "profit")
"""Measures whose curves are drawn where nobody asks for others; what is not stored is left out."""
METADATA: dict[str, dict[str, None]] = {
    "png": {"Software": None},
    "svg": {"Date": None, "Creator": None},
}
NUMBER = "%.10g"


MAIN = ("episode", "worlds", "belts", "classes", "prices", "curves")
"""Kinds of the main pictures in the order in which they are wanted."""
MAIN_COUNT = 4
MANY = 6
"""From so many figures on processes draw them: they take seconds to start."""
Progress = Callable[[int, int], object]
"""Called with the figures that are done and those there are to draw."""


@dataclass(frozen=True)
class Figure:
    """One picture of a result: its kind, and the measure and factors it is drawn for."""

    kind: str
    options: dict[str, Any] = field(hash=False)

    @property
    def stem(self) -> str:
        """Name of its files: its kind, its measure, its factors and their values."""
        options = self.options
        parts = [self.kind, *([options["measure"]] if "measure" in options else [])]
        parts += [f"by_{'.'.join(path.split('.')[-2:])}" for path in options.get("by", ())]
        chosen = (options.get("where") or {}).items()
        parts += [f"{path.split('.')[-1]}={'+'.join(values)}" for path, values in chosen]
        return re.sub(r"[^\w.=+-]+", "-", "_".join(parts))


@told_if_altered
def save(
    result: Any,
    names: Iterable[str] | None = None,
    folder: Path | str | None = None,
    *,
    measures: Iterable[str] | None = None,
    by: Sequence[str] = (),
    where: Mapping[str, Sequence[str]] | None = None,
    svg: bool = False,
    skipped: Callable[[str, str], None] | None = None,
    missing: bool = False,
    workers: int = 1,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> list[Path]:
    """Draw plots of a result into files: PNG, SVG on request, and the numbers as tidy CSV.

    Parameters
    ----------
    result
        A result, or a `Material` together with `folder`.
    names
        Plots; None draws all that the stored measures and worlds allow and passes the
        others to `skipped`, each with its reason.
    folder
        Where to; None = ``figures`` in the result's folder.
    by, where
        Of a sweep: factors that curves, classes and maps are drawn by, and the values of factors
        at which points are kept.
    measures
        Measures for the plots that take one; None = `MEASURES` for curves, their default else.
    missing
        Draw only what has no file yet.
    workers, executor
        Processes of this machine, or an executor, that draw where there are many figures; the
        files are the same.

    Returns
    -------
    Paths of the figures and tables, whether new or there already with the same bytes. An earlier
    file with other bytes is put aside under another name.

    Raises
    ------
    SimError
        If a plot asked for by name does not exist or cannot be drawn from this result, or a file
        cannot be written.
    """
    target = _target(result, folder)
    data = material(result)
    if (by or where) and not data.is_sweep:
        raise SimError("by and where choose factors and points of a sweep; this result is none")
    chosen = [PLOTS.get(name) for name in names] if names is not None else list(plots().values())
    wanted = [
        Figure(plot.name, {**own, **_of_sweep(plot, by, where)})
        for plot in chosen
        for own in _variants(plot, data, measures)
    ]
    ready = {one.stem: _files(one, target, svg) for one in wanted} if missing else {}
    there = {stem for stem, files in ready.items() if all(file.exists() for file in files)}
    tell = progress or (lambda done, total: None)
    todo = [one for one in wanted if one.stem not in there]
    drawn: dict[str, list[Path] | SimError] = {}
    if todo:
        tell(0, len(todo))
    for one, found in _drawn(todo, result, data, target, svg, workers, executor):
        drawn[one.stem] = found
        tell(len(drawn), len(todo))
    paths: list[Path] = []
    own_kind = SWEEPS if data.is_sweep else RUNS
    for one in wanted:
        found = ready[one.stem] if one.stem in there else drawn[one.stem]
        if not isinstance(found, SimError):
            paths += found
        elif names is not None:
            raise SimError(f"{one.kind}: {found}") from found
        elif skipped is not None and PLOTS.get(one.kind).of in (BOTH, own_kind):
            skipped(one.kind, str(found))
    return paths


@told_if_altered
def save_main(result: Any, progress: Progress | None = None) -> list[Path]:
    """The four main pictures of a result, as far as they can be drawn; those there are stay.

    SimError if a file cannot be written.
    """
    target = _target(result, None)
    figures = [Figure(kind, {"measure": MEASURES[0]} if kind == "curves" else {}) for kind in MAIN]
    figures = [one for one in figures if _is_asked(one.kind, result.scenario)][:MAIN_COUNT]
    files = {one: _files(one, target, svg=False) for one in figures}
    todo = [one for one in figures if not all(file.exists() for file in files[one])]
    data = material(result) if todo else None
    tell = progress or (lambda done, total: None)
    for done, one in enumerate(todo):
        tell(done, len(todo))
        if data is not None and isinstance(_draw_into(one, data, target, svg=False), SimError):
            del files[one]
    if todo:
        tell(len(todo), len(todo))
    return [file for found in files.values() for file in found]


def _is_asked(kind: str, scenario: Scenario) -> bool:
    """Whether a scenario asks the question that a main picture answers."""
    if kind == "episode":
        return bool(scenario.episode.measure)
    return kind not in ("worlds", "classes") or scenario.contest is not None


def _target(result: Any, folder: Path | str | None) -> Path:
    if folder is not None:
        return Path(folder)
    if isinstance(result, Material):
        raise SimError("a folder is needed to save figures without a result")
    return Path(result.path) / "figures"


def _files(figure: Figure, target: Path, svg: bool) -> list[Path]:
    kinds = ("png", "svg", "csv") if svg else ("png", "csv")
    return [target / f"{figure.stem}.{kind}" for kind in kinds]


def _drawn(
    figures: Sequence[Figure],
    result: Any,
    data: Material,
    target: Path,
    svg: bool,
    workers: int,
    executor: Executor | None,
) -> Iterator[tuple[Figure, list[Path] | SimError]]:
    """Each figure with its files or why it cannot be drawn, in processes if there are many."""
    stored = isinstance(result, Result)
    if not stored or len(figures) < MANY or (executor is None and workers == 1):
        for figure in figures:
            yield figure, _draw_into(figure, data, target, svg)
        return
    draw = partial(draw_stored, result.path.absolute(), target.absolute(), svg)
    with nullcontext(executor) if executor else _pool(workers) as pool:
        for figure, files in zip(figures, pool.map(draw, figures), strict=True):
            if isinstance(files, str):
                yield figure, SimError(files)
            else:
                yield figure, [target / file.name for file in files]


def _pool(workers: int) -> Executor:
    """Fresh processes that leave interrupts, and what is to be told of fonts, to their parent."""
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(workers, mp_context=context, initializer=_begin)


def _begin() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    logging.getLogger("sim.plot.style").setLevel(logging.ERROR)


def draw_stored(folder: Path, target: Path, svg: bool, figure: Figure) -> list[Path] | str:
    """Draw one figure of a stored result in a process of its own; its files, or why not."""
    found = _draw_into(figure, material(Result(folder)), target, svg)
    return str(found) if isinstance(found, SimError) else found


def _draw_into(figure: Figure, data: Material, target: Path, svg: bool) -> list[Path] | SimError:
    """The files of a figure, or why it cannot be drawn. SimError if a file cannot be written."""
    plot = PLOTS.get(figure.kind)
    try:
        fig, _ = plot.draw(data, **figure.options)
        table = plot.numbers(data, **figure.options)
    except SimError as error:
        return error
    csv = table.to_csv(index=False, lineterminator="\n", float_format=NUMBER).encode()
    files = _files(figure, target, svg)
    for path in files:
        kind = path.suffix[1:]
        write_once(path, csv if kind == "csv" else figure_bytes(fig, kind))
    return files


def _of_sweep(
    plot: Plot, by: Sequence[str], where: Mapping[str, Sequence[str]] | None
) -> dict[str, Any]:
    """Factors and their values, as far as the plot takes them."""
    return {name: v for name, v in (("by", by), ("where", where)) if v and plot.takes(name)}


def _variants(plot: Plot, data: Material, measures: Iterable[str] | None) -> list[dict[str, str]]:
    if not plot.takes_measure:
        return [{}]
    if measures is None:
        stored = [name for name in MEASURES if name in data.curves]
        measures = (stored if plot.name == "curves" else stored[:1]) or MEASURES[:1]
    return [{"measure": name} for name in measures]


def figure_bytes(fig: Drawing, kind: str) -> bytes:
    """A figure as PNG or SVG; the same figure gives the same bytes.

    Raises
    ------
    ValueError
        If the kind is neither.
    """
    if kind not in METADATA:
        raise ValueError(f"figures are saved as {' or '.join(METADATA)}, not {kind}")
    import matplotlib.style

    buffer = io.BytesIO()
    with matplotlib.style.context(["default", settings()]), warnings.catch_warnings():
        # A character that no installed font has is drawn as a box; `tell_boxes` says so.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        fig.savefig(buffer, format=kind, metadata=METADATA[kind])
    return buffer.getvalue()
