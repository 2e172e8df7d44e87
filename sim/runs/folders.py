"""Result folders as things: found by a beginning of their name, listed with what they are."""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from sim.errors import SimError, nearest_hint
from sim.files import inside
from sim.runs.files import read_json
from sim.runs.settings import LATEST, RESULTS
from sim.runs.stored import MANIFEST, POSTERIOR, SCENARIO, SWEEP, refuse_incomplete
from sim.scenario.patches import to_toml
from sim.scenario.paths import dotted, leaves
from sim.scenario.reader import load, parsed, read_text
from sim.scenario.shipped import located, shipped

SHOWN = 8  # folders named by an error
ASIDE = ("name", "title", POSTERIOR)  # what a folder is called, and where draws lie, is no setting
FINDINGS = {
    "comparison.json": "compare",
    "attribution.json": "attribute",
    "sensitivity.json": "sensitivity",
    "tournament.json": "tournament",
    "frontier.json": "frontier",
    "hysteresis.json": "frontier",
}
"""The verbs that leave a file of findings beside the runs."""


@dataclass(frozen=True)
class Folder:
    """A result folder as its manifest tells it; nothing large is read."""

    path: Path
    manifest: Mapping[str, Any]

    @property
    def title(self) -> str:
        """The title of what was run, or its name."""
        return str(self.manifest.get("title") or self.manifest.get("name", ""))

    @property
    def kind(self) -> str:
        """The verb that made it."""
        for file, verb in FINDINGS.items():
            if (self.path / file).exists():
                return verb
        return "sweep" if self.manifest.get("kind") == SWEEP else "run"

    @cached_property
    def when(self) -> str:
        """When work on it ended last, or began; ISO text in universal time."""
        sessions = self.manifest.get("sessions") or [{}]
        last = sessions[-1]
        return str(last.get("ended") or last.get("started") or "")

    @property
    def when_here(self) -> str:
        """The same on the clock of this machine, to the minute."""
        if not self.when:
            return "-"
        with suppress(ValueError):
            return datetime.fromisoformat(self.when).astimezone().strftime("%Y-%m-%d %H:%M")
        return "-"

    @property
    def status(self) -> str:
        """Running, interrupted, done or failed."""
        return str(self.manifest.get("status", ""))

    @cached_property
    def bytes(self) -> int:
        """Size of all its files."""
        return _bytes_below(self.path)

    @property
    def size(self) -> str:
        """The same for people."""
        for unit, one in (("GB", 1e9), ("MB", 1e6)):
            if self.bytes >= one:
                return f"{self.bytes / one:.1f} {unit}"
        return f"{self.bytes / 1e3:.0f} kB"

    @cached_property
    def changed(self) -> dict[str, Any]:
        """Settings that differ from the scenario as it is shipped, by path; empty if none is."""
        try:
            own = _stored_tables(self.path)
            base = _shipped_settings(str(own.get("name")))
        except (ValueError, SimError):
            return {}
        if base is None:
            return {}
        settings = _settings(own)
        changes = {path: new for path, (_, new) in _apart(base, settings).items()}
        usual, drawn = POSTERIOR in base, POSTERIOR in self.manifest
        changes.pop(POSTERIOR, None)
        if self.kind == "run" and usual != drawn:
            changes[POSTERIOR] = "drawn" if drawn else None
        return changes


def _bytes_below(place: str | Path) -> int:
    # A result has hundreds of files; paths as objects would take most of the time.
    with os.scandir(place) as entries:
        return sum(
            _bytes_below(entry.path)
            if entry.is_dir(follow_symlinks=False)
            else entry.stat(follow_symlinks=False).st_size
            for entry in entries
        )


def _stored_tables(folder: Path) -> dict[str, Any]:
    path = inside(folder / SCENARIO, folder)
    return parsed(read_text(path, str(path)), str(path))


def _settings(tables: Mapping[str, Any]) -> dict[str, Any]:
    return {dotted(keys): value for keys, value in leaves(tables) if keys[0] not in ASIDE}


@cache
def _shipped_settings(name: str) -> dict[str, Any] | None:
    path = shipped().get(name)
    if path is None:
        return None
    scenario = load(path)
    known = _settings(tomllib.loads(to_toml(scenario)))
    return known | ({POSTERIOR: scenario.posterior} if scenario.posterior else {})


def folder_at(path: Path) -> Folder | None:
    """The result folder at a path; None if there is none, or its manifest cannot be read."""
    try:
        manifest = read_json(path / MANIFEST)
        refuse_incomplete(path / MANIFEST, manifest)
    except SimError:
        return None
    return Folder(path, manifest)


def folders(home: Path = RESULTS) -> list[Folder]:
    """All result folders of a folder, the newest first."""
    return sorted(_inside(home), key=lambda one: (one.when, one.path.name), reverse=True)


def _inside(home: Path) -> Iterator[Folder]:
    try:
        places = sorted(home.iterdir())
    except OSError:
        return
    for place in places:
        if (place / MANIFEST).is_file() and (found := folder_at(place)) is not None:
            yield found


def result_folder(given: Path | str, home: Path = RESULTS) -> Path:
    """The folder that is meant: a path, ``latest``, or a beginning of a name that only one has.

    Parameters
    ----------
    given
        As the user wrote it.
    home
        Where results lie; beside a path with a folder, that folder instead.

    Raises
    ------
    SimError
        None is meant, or several are; the message names them, or the nearest.
    """
    path = Path(given)
    if path.is_dir() and not (str(given) == LATEST and not (path / MANIFEST).exists()):
        return path
    place = home if path.parent == Path() else path.parent
    known = folders(place)
    if path.name == LATEST:
        if not known:
            raise SimError(f"{LATEST}: {place} holds no result")
        return known[0].path
    hits = [one.path for one in known if path.name and one.path.name.startswith(path.name)]
    if len(hits) == 1:
        return hits[0]
    if hits:
        names = ", ".join(hit.name for hit in hits[:SHOWN])
        more = f" and {len(hits) - SHOWN} more" if len(hits) > SHOWN else ""
        number = f"{len(hits)} results begin so"
        raise SimError(f"{given}: {number}: {names}{more}; {LATEST} is the newest")
    if not known:
        raise SimError(f"{given} is no result folder, and {place} holds none")
    hint = nearest_hint(path.name, [one.path.name for one in known])
    raise SimError(f"{given} is no result folder ({hint}); sim results lists them")


def stored_result(given: Path | str) -> Path | None:
    """The result folder that is meant; None where the words mean a scenario file."""
    if Path(given).is_dir() or Path(given).name == LATEST:
        return result_folder(given)
    with suppress(SimError):
        located(given)
        return None
    with suppress(SimError):
        return result_folder(given)
    return None


def settings_apart(one: Path, other: Path) -> dict[str, tuple[Any, Any]]:
    """Settings at which the scenarios of two results differ, by path; None where one has none.

    SimError if a stored scenario cannot be read.
    """
    tables = []
    for folder in (one, other):
        try:
            tables.append(_settings(_stored_tables(folder)))
        except (ValueError, SimError) as error:
            raise SimError(f"cannot read {folder / SCENARIO}: {error}") from error
    return _apart(*tables)


def _apart(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    paths = [*one, *(path for path in other if path not in one)]
    pairs = {path: (one.get(path), other.get(path)) for path in paths}
    return {path: pair for path, pair in pairs.items() if pair[0] != pair[1]}


def value_in_words(value: Any) -> str:
    """A setting in a list of changes."""
    return "-" if value is None else json.dumps(value, ensure_ascii=False, default=str)
