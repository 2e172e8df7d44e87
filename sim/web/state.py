"""What a window of the page asks: a scenario, its changes, and the same as a link or a command."""

from __future__ import annotations

import json
import re
import shlex
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

from sim.analysis.predictive import draws_of, refuse_drawn
from sim.analysis.priors import Entries, free_priors
from sim.errors import SimError, nearest_hint
from sim.runs.settings import RESULTS
from sim.runs.worlds import Draws
from sim.scenario.patches import replace as with_values
from sim.scenario.patches import toml_value
from sim.scenario.reader import load, parse_override
from sim.scenario.schema.scenario import Scenario
from sim.scenario.shipped import POSTERIOR, shipped

SCENARIOS = Path("scenarios")
MAIN = "volcano-dam"
MOST_CLIENTS, MOST_MONTHS, MOST_REPLICATES = 50_000, 240, 100
MOST_CHANGES = 60
LARGEST_UPLOAD = 200_000
MOST_UPLOADS = 8
LONGEST_LINK = 8_000
OWN = "own:"
"""What the name of an uploaded scenario begins with."""
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,120}")
MANIFEST = "manifest.json"


@dataclass(frozen=True)
class State:
    """A scenario by its name on the shelf, and what is changed in it.

    Attributes
    ----------
    changes
        Dotted path -> value.
    numbers
        Name of a prior -> its number; the paths follow from the scenario.
    point
        The numbers as they stand, although the scenario names a posterior.
    """

    scenario: str
    changes: Mapping[str, Any] = field(default_factory=dict)
    numbers: Mapping[str, float] = field(default_factory=dict)
    point: bool = False
    replicates: int | None = None
    seed: int | None = None

    def with_change(self, path: str, value: Any) -> State:
        """A copy with another value at a path; None takes the change back."""
        kept = {p: v for p, v in self.changes.items() if p != path}
        return replace(self, changes=kept if value is None else {**kept, path: value})

    def with_number(self, name: str, value: float | None) -> State:
        """A copy with another number of a prior; None takes it back."""
        kept = {n: v for n, v in self.numbers.items() if n != name}
        return replace(self, numbers=kept if value is None else {**kept, name: value})

    def with_size(self, name: str, value: int | None) -> State:
        """A copy with another number of replicates, or another seed; None takes it back."""
        if name == "replicates":
            return replace(self, replicates=value)
        return replace(self, seed=value)

    @property
    def link(self) -> str:
        """The query from which `state_of` makes it again."""
        pairs = [("s", self.scenario)]
        pairs += [("c", f"{path}={toml_value(value)}") for path, value in self.changes.items()]
        pairs += [("n", f"{name}={value!r}") for name, value in self.numbers.items()]
        pairs += [("point", "1")] if self.point else []
        pairs += [("r", str(self.replicates))] if self.replicates is not None else []
        pairs += [("seed", str(self.seed))] if self.seed is not None else []
        return urlencode(pairs)


def state_of(query: str, usual: str) -> State:
    """The state of a link's query; `usual` is the scenario where it names none.

    SimError if the link is too long or a part of it is no change.
    """
    if len(query) > LONGEST_LINK:
        raise SimError(f"the link is longer than {LONGEST_LINK:,} characters")
    state = State(usual)
    for key, text in parse_qsl(query, keep_blank_values=True):
        if key == "s":
            state = replace(state, scenario=text)
        elif key == "c":
            state = state.with_change(*parse_override(text))
        elif key == "n":
            name, _, number = text.partition("=")
            state = state.with_number(name, _number(name, number))
        elif key == "point":
            state = replace(state, point=text == "1")
        elif key in ("r", "seed"):
            state = state.with_size("replicates" if key == "r" else "seed", _whole(key, text))
    if len(state.changes) + len(state.numbers) > MOST_CHANGES:
        raise SimError(f"the link has more than {MOST_CHANGES} changes")
    return state


def _number(name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise SimError(f"{name} = {text[:40]!r}: is no number") from None


def _whole(name: str, text: str) -> int:
    if not text.isdecimal() or len(text) > 19:
        raise SimError(f"{name} = {text[:40]!r}: is no whole number")
    return int(text)


@dataclass(frozen=True)
class Asked:
    """A state as the market it stands for.

    Attributes
    ----------
    changes
        All changes, the numbers of priors among them: what the command line would be given.
    draws
        The draw of each replicate, as `sim run` makes them; None without a posterior.
    """

    state: State
    scenario: Scenario
    changes: Mapping[str, Any]
    replicates: int
    seed: int
    draws: Draws | None


class Shelf:
    """The scenarios and results that the page may open: nothing else is read.

    Names are looked up among what lies in the folders, so no name leads out of them.
    """

    def __init__(self, root: Path, extra: Path | None = None) -> None:
        self.root = root.resolve()
        self.stored = self.root / RESULTS
        self.extra = extra
        self.uploads: dict[str, Scenario] = {}

    def scenarios(self) -> dict[str, Path]:
        """Scenarios by name: the one the command named, those of `scenarios/`, the shipped ones."""
        folder = self.root / SCENARIOS
        found: dict[str, Path] = {}
        if self.extra is not None:
            found[self.extra.stem] = self.extra
        for path in sorted(folder.rglob("*.toml")):
            inside = path.resolve().is_relative_to(folder.resolve())
            if inside and path.is_file() and "studies" not in path.relative_to(folder).parts:
                found.setdefault(path.relative_to(folder).with_suffix("").as_posix(), path)
        return {**shipped(), **found}

    def path(self, name: str) -> Path:
        """The file of a scenario. SimError if there is no such name."""
        known = self.scenarios()
        if name not in known:
            raise SimError(f"no scenario is called {name!r} ({nearest_hint(name, list(known))})")
        return known[name]

    def scenario(self, name: str) -> Scenario:
        """A scenario as its file says. SimError: no such name, or the file is refused."""
        if name in self.uploads:
            return self.uploads[name]
        path = self.path(name)
        return _loaded(path, path.stat().st_mtime_ns)

    def take(self, text: str) -> str:
        """Parse an uploaded scenario; the name it is kept under while the page runs.

        SimError if it is too large, refused, or names other files.
        """
        if len(text.encode("utf-8", "replace")) > LARGEST_UPLOAD:
            raise SimError(f"a scenario for this page has at most {LARGEST_UPLOAD:,} bytes")
        # In a folder of its own, so that no file it names is there.
        with tempfile.TemporaryDirectory(prefix="sim-page-") as folder:
            file = Path(folder) / "uploaded.toml"
            file.write_text(text, encoding="utf-8", errors="replace")
            try:
                scenario = load(file)
            except SimError as error:
                raise SimError(str(error).replace(f"{folder}/", "")) from None
        name = f"{OWN}{scenario.name}-{sha256(text.encode('utf-8', 'replace')).hexdigest()[:6]}"
        while len(self.uploads) >= MOST_UPLOADS:
            self.uploads.pop(next(iter(self.uploads)))
        self.uploads[name] = scenario
        return name

    def results(self) -> dict[str, Path]:
        """Result folders in `results/`, the newest first."""
        folder = self.stored
        if not folder.is_dir():
            return {}
        found = [
            path
            for path in folder.iterdir()
            if NAME.fullmatch(path.name) and not path.is_symlink() and (path / MANIFEST).is_file()
        ]
        found.sort(key=lambda path: -(path / MANIFEST).stat().st_mtime)
        return {path.name: path for path in found}

    def posteriors(self) -> dict[str, Path]:
        """Posterior files beside scenarios and in results."""
        paths = [
            *(self.root / SCENARIOS).glob("*.posterior.parquet"),
            *self.stored.glob("*/*posterior*.parquet"),
        ]
        own = {path.name: path for path in sorted(paths)}
        return {**{path.name: path for path in shipped(POSTERIOR).values()}, **own}

    def file(self, result: str, name: str) -> Path:
        """A picture, table or document of a result.

        SimError: there is no such result, or no such file in it.
        """
        folder = self.results().get(result)
        if folder is None:
            raise SimError("no such result")
        path = (folder / name).resolve()
        known = path.suffix in (".png", ".svg", ".csv", ".json", ".toml", ".html", ".parquet")
        if not (known and path.is_relative_to(folder.resolve()) and path.is_file()):
            raise SimError("no such file in this result")
        return path

    def asked(self, state: State) -> Asked:
        """The market of a state.

        SimError with all that is wrong: an unknown scenario, a change that makes no sense, a
        number that the posterior draws, more than the page runs.
        """
        base = self.scenario(state.scenario)
        changes = {**dict(number_changes(base, state.numbers)), **state.changes}
        scenario = with_values(base, changes, worlds=False) if changes else base
        refuse_large(scenario, state)
        replicates = state.replicates or min(scenario.ensemble.replicates, MOST_REPLICATES)
        seed = scenario.ensemble.seed if state.seed is None else state.seed
        draws = None
        if scenario.posterior is not None and not state.point:
            file = Path(scenario.posterior)
            draws = draws_of(file, scenario, replicates, seed, replicates)
            refuse_drawn(draws, list(changes))
        return Asked(state, scenario, changes, replicates, seed, draws)


@lru_cache(16)
def _loaded(path: Path, changed: int) -> Scenario:
    return load(path)


def number_changes(scenario: Scenario, numbers: Mapping[str, float]) -> Iterator[tuple[str, Any]]:
    """What the numbers of priors are at the paths of a scenario. SimError: it has no such prior."""
    if numbers:
        yield from (
            Entries.of(scenario, free_priors(scenario, list(numbers))).changes(numbers).items()
        )


def refuse_large(scenario: Scenario, state: State) -> None:
    """Refuse what one page does not run; `sim run` has no such limits. SimError says all of it."""
    asked = {
        "clients": (scenario.population.clients, MOST_CLIENTS),
        "months": (scenario.calendar.months, MOST_MONTHS),
        "replicates": (state.replicates or 1, MOST_REPLICATES),
    }
    found = [
        f"{name} = {value:,}: the page runs at most {most:,} (`sim run` has no such limit)"
        for name, (value, most) in asked.items()
        if value > most
    ]
    if (state.replicates or 1) < 1 or (state.seed or 0) < 0:
        found.append("replicates are at least 1, a seed at least 0")
    if found:
        raise SimError("\n".join(found))


def file_of(shelf: Shelf, state: State) -> str:
    """How a command names the scenario: relative to where the page was started."""
    if state.scenario.startswith(OWN):
        return "uploaded.toml"
    path = shelf.path(state.scenario)
    if path.is_absolute() and path.is_relative_to(shelf.root):
        return path.relative_to(shelf.root).as_posix()
    return state.scenario if path == shipped().get(state.scenario) else str(path)


def command_of(shelf: Shelf, asked: Asked) -> str:
    """The command whose result equals what the page stores, to the last bit."""
    words = ["sim", "run", file_of(shelf, asked.state)]
    for path, value in asked.changes.items():
        words += ["--set", f"{path}={toml_value(value)}"]
    words += ["--replicates", str(asked.replicates)]
    if asked.state.seed is not None:
        words += ["--seed", str(asked.seed)]
    if asked.state.point and asked.scenario.posterior is not None:
        words.append("--point")
    return shlex.join(words)


def python_of(shelf: Shelf, asked: Asked) -> str:
    """The same in Python."""
    lines = ["import sim", ""]
    loaded = f"sim.load({json.dumps(file_of(shelf, asked.state))}"
    if asked.changes:
        lines.append(f"scenario = {loaded}, [")
        for path, value in asked.changes.items():
            lines.append(f"    {f'{path}={toml_value(value)}'!r},")
        lines.append("])")
    else:
        lines.append(f"scenario = {loaded})")
    options = f"replicates={asked.replicates}"
    if asked.state.seed is not None:
        options += f", seed={asked.seed}"
    if asked.state.point and asked.scenario.posterior is not None:
        options += ", point=True"
    return "\n".join([*lines, f"result = sim.run(scenario, {options})"])
