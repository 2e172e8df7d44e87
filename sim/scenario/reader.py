"""From a scenario file to a validated scenario: TOML, `extends`, overrides, limits."""

from __future__ import annotations

import math
import os
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from sim import files
from sim.errors import Problem, ScenarioError
from sim.scenario.checks.sense import examined_in_part
from sim.scenario.paths import Key, by_strategy_first, dotted, keys_of, set_path, shown
from sim.scenario.schema.scenario import Scenario
from sim.scenario.shipped import FOLDER, located, shipped, shipped_name
from sim.scenario.typed import typed
from sim.strategies.registry import strategies

LARGEST_FILE = 2_000_000
LONGEST_CHAIN = 8
DEEPEST = 16
LONGEST_TEXT = 20_000
MOST_VALUES = 200_000
LARGEST_INTEGER = 2**63 - 1
TOO_DEEP = f"nested deeper than {DEEPEST} tables"
TOO_LARGE = "too large"
POSTERIOR = "posterior"
Origins = dict[tuple[Key, ...], str]


def _refuse(file: str, path: str, value: str, rule: str, hint: str = "") -> ScenarioError:
    return ScenarioError([Problem(file, path, value, rule, hint)])


def read_text(path: Path, file: str) -> str:
    """The text of a regular file of at most `LARGEST_FILE` bytes."""
    try:
        return files.read_text(path, LARGEST_FILE)
    except files.FileError as error:
        raise _refuse(file, "(file)", files.brief(path), error.rule) from None


def _syntax(error: str, text: str, file: str) -> Problem:
    """Line and column of what the TOML reader says; nothing of what the file holds."""
    message = re.sub(r" \(at .*\)$", "", error).split(";")[0]
    if not message.startswith("Expected "):  # what it expected is its own, the rest is the file's
        message = files.without_content(message)
    hint = "a key or table stands twice" if message.startswith("Cannot ") else ""
    found = re.search(r"\(at line (\d+), column (\d+)\)$", error)
    place = f"line {found[1]}, column {found[2]}" if found else "(file)"
    if error.endswith("(at end of document)"):
        lines = text.splitlines() or [""]
        place = f"line {len(lines)}, column {len(lines[-1]) + 1}"
    return Problem(file, place, "(text)", f"no TOML: {message}", hint)


_TOKENS = re.compile(
    r'"{3}(?:[^\\]|\\.)*?(?:"{3}|\Z)|' + r"'{3}.*?(?:'{3}|\Z)|'[^'\n]*'?|"
    r'"(?:[^"\\\n]|\\[^\n])*"?|#[^\n]*|[\[{]|[\]}]|[.=,\n]|' + r"[^\s\[\]{}.=,#\"']+",
    re.DOTALL,
)
"""Texts, comments, names and numbers, brackets, and what parts them."""
MOST_NAMES = 32
DEEPEST_BRACKETS = 64
MOST_SIGNS = 5 * MOST_VALUES // 4


def _refuse_shape(text: str, file: str) -> None:
    """Refuse brackets or keys of so many parts that a TOML reader would work without end."""
    depth = names = line = values = 0
    for found in _TOKENS.finditer(text):
        token = found[0]
        line += token.count("\n")
        if token in "[{":
            depth += 1
            values += 1
        elif token in "]}":
            depth -= 1
        elif token == ".":
            names += 1
        elif token in "=,\n":
            names = 0
            values += token != "\n"
        if values > MOST_SIGNS:
            raise _refuse(file, "(file)", f"more than {MOST_VALUES} values", TOO_LARGE)
        if depth > DEEPEST_BRACKETS or names > MOST_NAMES:
            what = "brackets in each other" if depth > DEEPEST_BRACKETS else "a key of many parts"
            raise _refuse(file, f"line {line + 1}", what, "nested too deep")


def limit_problems(data: dict[str, Any]) -> list[Problem]:
    """Tables that are too deep or too many (then that alone), too long numbers and texts."""
    stack: list[tuple[tuple[Key, ...], Any]] = [((), data)]
    found: list[Problem] = []
    values = 0
    while stack:
        keys, node = stack.pop()
        values += 1
        rule = ""
        if isinstance(node, dict | list):
            if len(keys) >= DEEPEST:
                return [Problem("", dotted(keys[:4]) + ". ...", shown(node), TOO_DEEP)]
            pairs = list(node.items() if isinstance(node, dict) else enumerate(node))
            stack.extend(((*keys, key), value) for key, value in reversed(pairs))
        elif isinstance(node, float) and not math.isfinite(node):
            rule = "must be a finite number"
        elif isinstance(node, int) and abs(node) > LARGEST_INTEGER:
            rule = f"must be between -{LARGEST_INTEGER} and {LARGEST_INTEGER}"
        elif isinstance(node, str) and len(node) > LONGEST_TEXT:
            rule = f"must be shorter than {LONGEST_TEXT} characters"
        if rule:
            found.append(Problem("", dotted(keys), shown(node), rule))
    if values > MOST_VALUES:
        return [Problem("", "(file)", f"more than {MOST_VALUES} values", TOO_LARGE)]
    return found


def parsed(text: str, file: str) -> dict[str, Any]:
    """The tables of a TOML text; a syntax error names line and column."""
    text = text.replace("\r\n", "\n")
    _refuse_shape(text, file)
    try:
        data = tomllib.loads(text)
    except RecursionError:
        raise _refuse(file, "(file)", "lists or tables in each other", "nested too deep") from None
    except ValueError as error:
        raise ScenarioError([_syntax(str(error), text, file)]) from None
    if len(limits := limit_problems(data)) and limits[0].rule in (TOO_DEEP, TOO_LARGE):
        raise _refuse(file, limits[0].path, limits[0].value, limits[0].rule)
    return data


MOST_SYNTAX_ERRORS = 20
PLACE = re.compile(r"line (\d+), column")


def recovered(text: str, file: str) -> tuple[dict[str, Any], list[Problem]]:
    """The tables of a TOML text without the lines that are no TOML, and what is wrong there.

    A table whose heading is wrong goes with its lines. ScenarioError where nothing can be read, and
    at the first error of a file that is none of ours by its name: nothing of it is told.
    """
    if not file.endswith(".toml"):
        return parsed(text, file), []
    problems: list[Problem] = []
    lines = text.replace("\r\n", "\n").split("\n")
    last = -1
    for _ in range(MOST_SYNTAX_ERRORS):
        try:
            return parsed("\n".join(lines), file), problems
        except ScenarioError as error:
            place = PLACE.match(error.problems[0].path)
            number = int(place[1]) - 1 if place else len(lines)
            if number >= len(lines) or not lines[number].strip():
                raise ScenarioError([*problems, *error.problems]) from None
            if number != last + 1 or last < 0:  # else the rest of a value that was cut
                problems += error.problems
            last = _without_line(lines, number)
    raise ScenarioError(problems)


def _without_line(lines: list[str], number: int) -> int:
    """Blank a line, and all of its table if it is a heading; the last line that went."""
    end = number + 1
    if lines[number].lstrip().startswith("["):
        while end < len(lines) and not lines[end].lstrip().startswith("["):
            end += 1
    lines[number:end] = [""] * (end - number)
    return end - 1


def root_of(path: Path) -> Path:
    """The folder that a file may not lead out of: the topmost `scenarios` above, or its own."""
    above = [folder for folder in path.parents if folder.name == FOLDER]
    return above[-1] if above else path.parent


def named_file(path: Path, name: object, root: Path, key: str, file: str) -> Path:
    """The regular file that the value at `key` of the file at `path` names, inside `root`.

    Symbolic links are followed before it is asked whether they lead out.
    """
    if not isinstance(name, str) or not name or "\0" in name:
        raise _refuse(file, key, shown(name), "must be the path of a file")
    if Path(name).is_absolute():
        raise _refuse(file, key, shown(name), "must be relative to this file")
    try:
        target = (path.parent / name).resolve()
        there = target.is_file()
    except (OSError, RuntimeError) as error:
        rule = f"cannot be followed: {getattr(error, 'strerror', None) or 'a circle of links'}"
        raise _refuse(file, key, shown(name), rule) from None
    if not target.is_relative_to(root):
        raise _refuse(file, key, shown(name), f"leads out of {root.name}/")
    if not there:
        raise _refuse(file, key, shown(name), "no such file")
    return target


def merge(base: Any, child: Any, keys: tuple[Key, ...], origins: Origins, file: str) -> Any:
    """The child's values over the base's.

    Tables are merged, lists of tables appended, all else replaced. A table that names another
    `strategy` takes the place of the base's, whose parameters belong to the old strategy.
    """
    if isinstance(base, dict) and isinstance(child, dict):
        named = child.get("strategy", base.get("strategy"))
        merged = dict(base) if named == base.get("strategy") else {}
        for key, value in child.items():
            merged[key] = merge(merged.get(key), value, (*keys, key), origins, file)
        return merged
    if isinstance(child, dict):
        return {
            key: merge(None, value, (*keys, key), origins, file) for key, value in child.items()
        }
    origins[keys] = file
    if _is_table_list(base) and _is_table_list(child):
        for index in range(len(base), len(base) + len(child)):
            origins[(*keys, index)] = file
        for index in range(len(base)):
            origins.setdefault((*keys, index), "")
        return [*base, *child]
    if _is_table_list(child):
        for index in range(len(child)):
            origins[(*keys, index)] = file
    return child


def _is_table_list(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(i, dict) for i in value)


class Read(NamedTuple):
    """Merged tables of a file and of what it extends, the file of each value, what is wrong."""

    data: dict[str, Any]
    origins: Origins
    problems: list[Problem]
    whole: bool  # whether every file below was found

    def keeps(self, problem: Problem) -> bool:
        """Whether a problem of the tables stands although parts of the files could not be read."""
        return not self.problems or (
            problem.value != "(absent)"
            and (self.whole or ".openness.parameters" not in problem.path)
        )


def read_tables(path: Path, file: str) -> Read:
    """The tables of a file over those of what it extends."""
    try:
        path = path.resolve()
    except (OSError, RuntimeError, ValueError) as error:
        rule = f"cannot be followed: {getattr(error, 'strerror', None) or error}"
        raise _refuse(file, "(file)", shown(str(path)), files.brief(rule)) from None
    root = root_of(path)
    chain: list[tuple[str, dict[str, Any]]] = []
    visited: list[Path] = []
    problems: list[Problem] = []
    whole, label = True, file
    while True:
        data, wrong = recovered(read_text(path, label), label)
        problems += wrong
        visited.append(path)
        chain.append((label, data))
        if "extends" not in data:
            break
        try:
            path, label, root = _below(data.pop("extends"), visited, label, root)
        except ScenarioError as error:
            problems += error.problems
            whole = False
            break
    merged: dict[str, Any] = {}
    origins: Origins = {}
    for label, data in reversed(chain):
        merged = merge(merged, data, (), origins, label)
    return Read(merged, origins, problems, whole)


def _below(name: object, visited: Sequence[Path], label: str, root: Path) -> tuple[Path, str, Path]:
    """The file that the last of the files extends, how it is called, where it may lead."""
    path = visited[-1]
    beside = isinstance(name, str) and "\0" not in name and (path.parent / name).exists()
    base = None if beside else shipped().get(shipped_name(str(name)))
    target = base or named_file(path, name, root, "extends", label)
    if target in visited:
        raise _refuse(label, "extends", shown(name), "goes round in a circle")
    if len(visited) > LONGEST_CHAIN:
        raise _refuse(label, "extends", shown(name), f"more than {LONGEST_CHAIN} files deep")
    called = str(base or Path(label).parent / str(name))
    return target, called, root if base is None else root_of(base)


Tables = Iterator[tuple[tuple[Key, ...], dict[str, Any]]]


def _tables(node: Any, keys: tuple[Key, ...] = ()) -> Tables:
    if isinstance(node, dict):
        yield keys, node
    if isinstance(node, dict | list):
        pairs = node.items() if isinstance(node, dict) else enumerate(node)
        for key, value in pairs:
            yield from _tables(value, (*keys, key))


def read_files(data: dict[str, Any], file: str, origin: Callable[[str], str]) -> list[Problem]:
    """Put the content of files that pricing strategies name in the place of their names.

    Paths are relative to the file that states them and stay in its folder tree. `origin` gives the
    file of a dotted path.
    """
    problems: list[Problem] = []
    known = strategies("pricing")
    for keys, table in list(_tables(data)):
        name = table.get("strategy")
        cls = known.get(name) if isinstance(name, str) else None
        for parameter in cls.files if cls is not None else ():
            if not isinstance(table.get(parameter), str):
                continue
            path = dotted((*keys, parameter))
            label = origin(path)
            stated = Path(label if label.endswith(".toml") else file)
            try:
                table[parameter] = _content(stated, table[parameter], path, label)
            except ScenarioError as error:
                problems += error.problems
    return problems


def _content(stated: Path, name: str, path: str, label: str) -> dict[str, Any]:
    place = stated.resolve()
    target = named_file(place, name, root_of(place), path, label)
    try:
        content = files.json_of(read_text(target, label))
    except ValueError as error:
        raise ScenarioError([Problem(label, path, shown(name), "is no JSON", str(error))]) from None
    if not isinstance(content, dict):
        raise ScenarioError([Problem(label, path, shown(name), "must hold a JSON object")])
    return content


def _place_posterior(
    data: dict[str, Any], file: str, origin: Callable[[str], str]
) -> list[Problem]:
    """Put the full path of the posterior file in the place of its name, as `read_files` does."""
    if not isinstance(data.get(POSTERIOR), str):
        return []
    label = origin(POSTERIOR)
    stated = Path(label if label.endswith(".toml") else file).resolve()
    try:
        place = named_file(stated, data[POSTERIOR], root_of(stated), POSTERIOR, label)
    except ScenarioError as error:
        return list(error.problems)
    data[POSTERIOR] = str(place)
    return []


OVERRIDES = "--set"


def parse_override(text: str) -> tuple[str, Any]:
    """`dotted.path=value` as path and value; a value that is no TOML is a text.

    ScenarioError without a path or an equals sign.
    """
    path, equals, written = text.partition("=")
    path = path.strip()
    if not equals or not path:
        raise ScenarioError(
            [Problem(OVERRIDES, path or "(path)", shown(text), "must be dotted.path=value")]
        )
    _refuse_shape(written, OVERRIDES)
    try:
        read = tomllib.loads(f"value = {written.strip()}")
    except (ValueError, RecursionError):
        read = {}
    return path, read["value"] if list(read) == ["value"] else written.strip()


def pairs_of(
    overrides: Mapping[str, Any] | Sequence[str],
) -> tuple[list[tuple[str, Any]], list[Problem]]:
    """Paths and values of changes, those of strategies first, and what is no change."""
    if isinstance(overrides, Mapping):
        return by_strategy_first(overrides.items()), []
    pairs: list[tuple[str, Any]] = []
    problems: list[Problem] = []
    for text in overrides:
        try:
            pairs.append(parse_override(text))
        except ScenarioError as error:
            problems += error.problems
    return by_strategy_first(pairs), problems


def _above(origins: Origins) -> dict[tuple[Key, ...], set[str]]:
    """The files of all values below each table."""
    found: dict[tuple[Key, ...], set[str]] = {}
    for keys, name in origins.items():
        for length in range(len(keys) + 1 if name else 0):
            found.setdefault(keys[:length], set()).add(name)
    return found


def _origin(
    path: str, origins: Origins, above: Mapping[tuple[Key, ...], set[str]], file: str
) -> str:
    keys = keys_of(path)
    for length in range(len(keys), 0, -1):
        if origins.get(keys[:length]):
            return origins[keys[:length]]
    below = above.get(keys, set())
    return next(iter(below)) if len(below) == 1 else file


def load(
    path: str | os.PathLike[str], overrides: Mapping[str, Any] | Sequence[str] = ()
) -> Scenario:
    """Read, merge, override and validate a scenario file.

    Parameters
    ----------
    path : path
        A TOML file, or the name of a shipped scenario such as ``tiny``. `extends` names another
        one, relative to the file and inside the same `scenarios` folder, or a shipped one: tables
        are merged, lists of tables appended.
    overrides : mapping of dotted path to value, or sequence of ``"dotted.path=value"``
        Values written last.

    Raises
    ------
    ScenarioError
        With all problems at once: unknown, reserved or duplicate keys, wrong types, values out of
        range, missing values, and what makes no economic sense.
    """
    reading = read(path, overrides)
    if reading.problems or reading.scenario is None:
        raise ScenarioError(reading.problems)
    return reading.scenario


class Reading(NamedTuple):
    """A scenario, or all that is wrong with its files and changes.

    `rest` is the scenario without what is wrong, see `sim.scenario.typed.typed`; None if too
    little can be read.
    """

    scenario: Scenario | None
    problems: list[Problem]
    rest: Scenario | None


def read(
    path: str | os.PathLike[str], overrides: Mapping[str, Any] | Sequence[str] = ()
) -> Reading:
    """As `load`, with what is wrong as a value; a file that is not there is raised all the same."""
    file = os.fspath(located(path))
    found = read_tables(Path(file), file)
    data, origins = found.data, found.origins
    if "scenario" in data and "calendar" not in data:
        rule = "is the scenario of a study, and no scenario has one"
        hint = f"sim sweep {file} runs it, sim check {file} checks it"
        raise _refuse(file, "scenario", shown(data["scenario"]), rule, hint)
    pairs, problems = pairs_of(overrides)
    for dotted_path, value in pairs:
        refused = set_path(data, dotted_path, value)
        if refused is not None:
            problems.append(replace(refused, file=OVERRIDES))
        else:
            origins[keys_of(dotted_path)] = OVERRIDES
    above = _above(origins)
    unread = [
        problem
        for put in (read_files, _place_posterior)
        for problem in put(data, file, lambda stated: _origin(stated, origins, above, file))
    ]
    limits = limit_problems(data)
    if any(problem.rule in (TOO_DEEP, TOO_LARGE) for problem in limits):
        raise ScenarioError([*problems, *unread, *limits])
    if found.whole:
        scenario, held, rest = examined_in_part(data)
    else:  # what the files below state is not known: only what the tables say is looked at
        scenario, held, rest = None, typed(data).problems, None
    wrong = {problem.path for problem in [*unread, *limits]}
    held = limits + [p for p in held if p.path not in wrong and found.keeps(p)]
    placed = [replace(p, file=_origin(p.path, origins, above, file)) for p in held]
    every = [*found.problems, *problems, *unread, *placed]
    return Reading(None if every else scenario, every, rest)
