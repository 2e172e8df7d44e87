"""Scenarios, studies and posteriors by name: the user's own first, then the shipped ones."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

from sim.errors import Problem, ScenarioError, nearest_hint
from sim.scenario.paths import shown

FOLDER = "scenarios"
STUDIES = "studies"
SCENARIO, STUDY, POSTERIOR = "scenario", "study", "posterior"
ENDINGS = {SCENARIO: ".toml", STUDY: ".toml", POSTERIOR: ".posterior.parquet"}
PACKAGE = Path(__file__).resolve().parent.parent


def shipped_folder() -> Path:
    """Where the shipped files lie: inside an installed package, beside it in a checkout."""
    inside = PACKAGE / FOLDER
    return inside if inside.is_dir() else PACKAGE.parent / FOLDER


@cache
def shipped(kind: str = SCENARIO) -> dict[str, Path]:
    """Shipped files of a kind by name, such as ``tiny`` or ``theory/bertrand``, sorted."""
    root, ending = shipped_folder(), ENDINGS[kind]
    names = {
        path.relative_to(root).as_posix().removesuffix(ending): path
        for path in sorted(root.rglob(f"*{ending}"))
    }
    inside = f"{STUDIES}/"
    if kind == STUDY:
        return {n.removeprefix(inside): path for n, path in names.items() if n.startswith(inside)}
    return {n: path for n, path in names.items() if not n.startswith(inside)}


def shipped_name(given: str | os.PathLike[str], kind: str = SCENARIO) -> str:
    """The name under which a file might be shipped: ``scenarios/tiny.toml`` is ``tiny``."""
    name = Path(given).as_posix().removesuffix(ENDINGS[kind]).removeprefix(f"{FOLDER}/")
    return name.removeprefix(f"{STUDIES}/") if kind == STUDY else name


def located(
    given: str | os.PathLike[str], kind: str = SCENARIO, folder: Path | None = None
) -> str | os.PathLike[str]:
    """The file that is meant by a path or a name.

    A file of that path comes first, then ``<name>.toml`` in the folder or in its ``scenarios/``
    (``studies/`` of either for a study), then what is shipped under the name.

    Parameters
    ----------
    given
        As the user wrote it.
    kind
        One of `SCENARIO`, `STUDY`, `POSTERIOR`.
    folder
        Where a relative path begins; here unless given.

    Raises
    ------
    ScenarioError
        There is no such file, and nothing of the kind is shipped under the name.
    """
    own = Path(given) if folder is None else folder / given
    try:
        if own.is_file():
            return given if folder is None else own
        for place in _own_places(own, kind):
            if place.is_file():
                return place
        is_something = own.exists()
    except (OSError, ValueError):  # no path at all; the reader says why
        return own
    known = shipped(kind)
    name = shipped_name(given, kind)
    if name in known:
        return known[name]
    if is_something:
        return own
    near = [shipped_name(path, kind) for path in own.parent.glob(f"*{ENDINGS[kind]}")]
    hint = nearest_hint(name, [*known, *sorted(near)])
    rule = f"no such file, and no shipped {kind} of this name"
    raise ScenarioError([Problem(os.fspath(given), "(file)", shown(str(own)), rule, hint)])


def _own_places(own: Path, kind: str) -> list[Path]:
    file = own.with_name(own.name + ENDINGS[kind])
    homes = [own.parent / FOLDER]
    if kind == STUDY:
        homes += [own.parent / STUDIES, own.parent / FOLDER / STUDIES]
    return [file, *(home / file.name for home in homes)]
