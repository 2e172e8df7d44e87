"""Figures as files, each with its numbers beside it; nothing is deleted."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.errors import SimError
from sim.plot.material import Material, material
from sim.plot.registry import BOTH, PLOTS, RUNS, SWEEPS, Plot, plots
from sim.plot.style import settings
from sim.runs.files import write_once
from sim.runs.stored import told_if_altered

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MEASURES = ("platform_token_share", "client_share", "utilisation", "reliability", "profit")
"""Measures whose curves are drawn where nobody asks for others; what is not stored is left out."""
METADATA: dict[str, dict[str, None]] = {
    "png": {"Software": None},
    "svg": {"Date": None, "Creator": None},
}
NUMBER = "%.10g"


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
    if folder is None and isinstance(result, Material):
        raise SimError("a folder is needed to save figures without a result")
    target = Path(folder) if folder is not None else Path(result.path) / "figures"
    data = material(result)
    if (by or where) and not data.is_sweep:
        raise SimError("by and where choose factors and points of a sweep; this result is none")
    chosen = [PLOTS.get(name) for name in names] if names is not None else list(plots().values())
    paths: list[Path] = []
    for plot in chosen:
        for options in _variants(plot, data, measures):
            options |= {n: v for n, v in (("by", by), ("where", where)) if v and plot.takes(n)}
            try:
                files = _drawn(plot, data, options, svg)
            except SimError as error:
                if names is not None:
                    raise SimError(f"{plot.name}: {error}") from error
                if skipped is not None and plot.of in (BOTH, SWEEPS if data.is_sweep else RUNS):
                    skipped(plot.name, str(error))
                continue
            for name, content in files.items():
                write_once(target / name, content)
                paths.append(target / name)
    return paths


def _variants(plot: Plot, data: Material, measures: Iterable[str] | None) -> list[dict[str, Any]]:
    if not plot.takes_measure:
        return [{}]
    if measures is None:
        stored = [name for name in MEASURES if name in data.curves]
        measures = (stored if plot.name == "curves" else stored[:1]) or MEASURES[:1]
    return [{"measure": name} for name in measures]


def _stem(name: str, options: Mapping[str, Any]) -> str:
    """Name of the files of a figure: its kind, its measure, its factors and their values."""
    parts = [name, *([options["measure"]] if "measure" in options else [])]
    parts += [f"by_{'.'.join(path.split('.')[-2:])}" for path in options.get("by", ())]
    parts += [f"{k.split('.')[-1]}={'+'.join(v)}" for k, v in (options.get("where") or {}).items()]
    return re.sub(r"[^\w.=+-]+", "-", "_".join(parts))


def _drawn(plot: Plot, data: Material, options: dict[str, Any], svg: bool) -> dict[str, bytes]:
    stem = _stem(plot.name, options)
    fig, _ = plot.draw(data, **options)
    table = plot.numbers(data, **options)
    csv = table.to_csv(index=False, lineterminator="\n", float_format=NUMBER).encode()
    kinds = ("png", "svg") if svg else ("png",)
    files = {f"{stem}.{kind}": figure_bytes(fig, kind) for kind in kinds}
    files[f"{stem}.csv"] = csv
    return files


def figure_bytes(fig: Figure, kind: str) -> bytes:
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
        # A character that no installed font has is drawn as a box, which says it all.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        fig.savefig(buffer, format=kind, metadata=METADATA[kind])
    return buffer.getvalue()
