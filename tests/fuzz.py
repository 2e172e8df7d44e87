"""Hostile inputs by the thousand: `python -m tests.fuzz --scenarios 20000 --studies 5000 ...`.

Each case is made of a kind, a number and the seed, and is read in a process of its own pool under
limits of time and memory. It must be read or refused in words: no traceback, no hang, no file
outside the folders that it may use. What refused how many is counted by rule. With `--log FILE` the
outcomes are kept, a line each, and the same command goes on where it stopped.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import os
import re
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from sim.analysis.calibration.record import load_record
from sim.api import open_result
from sim.errors import ScenarioError, SimError
from sim.runs.result import export_csv
from sim.runs.stored import status_of
from sim.runs.study.reader import load_study
from sim.scenario.reader import load
from sim.scenario.shipped import shipped

SECONDS = 5.0  # of a processor, for one case
PATIENCE = 120.0  # of the clock, for one that waits
BYTES = 2**30  # beyond what the process holds before its first case
SHOWN = 12
BASES = ("tiny", "price-war-2024", "volcano-dam")
STUDY = """scenario = "market.toml"
design = {{ kind = "{kind}", points = 4, levels = 2, file = "points.csv" }}
replicates = 2
[levers]
"vendors.dam.openness.strategy" = ["closed", "open_weights"]
[uncertainties]
"demand.switching_cost.family" = {{ low = 0.0, high = 1.0 }}
[claims.one]
statement = "it holds"
measure = "platform_token_share"
of = "volcano"
below = 0.5
"""
POINTS = (
    '"vendors.dam.openness.strategy","demand.switching_cost.family"\nclosed,0.5\nopen_weights,1\n'
)
DESIGNS = ("grid", "list", "sobol", "latin_hypercube", "morris")
VALUES: tuple[Any, ...] = (
    *(0, 1, -1, 2, 10**9, 2**63 - 1, -(2**63), 0.0, -0.0, 0.5, -1.5, 1e-320, 1e-100, 1e16, 1e308),
    *(float("inf"), float("nan"), True, False, "", "x", "true", "1e3", "../outside/secret.txt"),
    *("/etc/passwd", "/dev/zero", "\0", "\n", "\x1b[31m", "x" * 5_000, "火山引擎", "A $x_{$ B"),
    *("=1+1", "null", "NA", "2024-01", "2024-13", "9999-12", "nowhere", "*", "a.b", "all"),
    *([], {}, [[]], [{}], {"a": 1}, [1, "a"], ["dam", "dam"], [{"a": 1}], {"strategy": "nash"}),
    *({"mean": 1, "sd": -1}, {"strategy": 1}, list(range(300)), {"low": 0.0, "high": 1e9}),
)
SNIPPETS = (
    *("a." * 5_000 + "a = 1\n", "[" * 5_000, '"""', "'''", "\r", "\0", "\ufeff", "=", "[[x]]\n"),
    *("strategy = 1\n", "[[events]]\nwhat = 1\n", "x = 1e999\n", "x = 2024-02-30\n", "{", "]"),
    *(f"x = {'9' * 5_000}\n", "[vendors]\n", "[[hosts]]\n", 'extends = "../outside/tiny.toml"\n'),
    *('extends = "market.toml"\n', "[levers.a]\nkind = 1\n", '"' + "k" * 9_000 + '" = 1\n'),
    *(";", "\t", ",,,", "0,5", '"', "\n\n", "1e5000", "-5", "146", "NaN"),
)


@dataclass
class Outcome:
    """What became of a case: `read`, `refused`, or what must never be."""

    kind: str
    number: int
    how: str
    rule: str = ""
    seconds: float = 0.0


@dataclass
class Case:
    """A folder of its own, dice of its own, and files outside that it must not touch."""

    kind: str
    folder: Path
    rng: np.random.Generator
    base: Path
    touched: list[str] = field(default_factory=list)

    def one(self, items: Any) -> Any:
        return items[int(self.rng.integers(len(items)))]

    def chance(self, p: float) -> bool:
        return bool(self.rng.random() < p)


def places(node: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Keys of every value and table below a node."""
    items = (
        node.items()
        if isinstance(node, dict)
        else enumerate(node)
        if isinstance(node, list)
        else ()
    )
    for key, value in items:
        yield (*above, key)
        yield from places(value, (*above, key))


def altered(case: Case, data: Any) -> Any:
    """A document with one to three of its values replaced, dropped, renamed, moved or doubled."""
    for _ in range(int(case.rng.integers(1, 4))):
        spots = list(places(data))
        if not spots:
            return data
        *above, last = case.one(spots)
        node = data
        for key in above:
            node = node[key]
        act = case.one(("set", "set", "set", "drop", "rename", "double", "move"))
        if act == "set":
            node[last] = json.loads(json.dumps(case.one(VALUES)))
        elif act == "drop":
            del node[last]
        elif act == "double" and isinstance(node, list):
            node.extend([node[last]] * int(case.rng.integers(1, 60)))
        elif act == "rename" and isinstance(node, dict):
            node[str(case.one(VALUES))[:200]] = node.pop(last)
        elif act == "move":
            held = case.one(spots)
            other = data
            for key in held:
                other = other[key] if isinstance(other, dict | list) and _has(other, key) else other
            node[last] = json.loads(json.dumps(other, default=str))
    return data


def _has(node: Any, key: Any) -> bool:
    return key in node if isinstance(node, dict) else isinstance(key, int) and key < len(node)


def noisy(case: Case, text: str) -> str:
    """A text cut, doubled, or with something that does not belong into it."""
    place = int(case.rng.integers(len(text) + 1))
    act = case.one(("insert", "insert", "cut", "double", "swap", "drop"))
    if act == "insert":
        return text[:place] + case.one(SNIPPETS) + text[place:]
    if act == "cut":
        return text[:place]
    if act == "double":
        return (
            text[:place]
            + text[max(0, place - 200) : place] * int(case.rng.integers(1, 20))
            + text[place:]
        )
    if act == "drop":
        return text[:place] + text[place + int(case.rng.integers(1, 40)) :]
    return text[:place] + chr(int(case.rng.integers(1, 0x2FFF))) + text[place + 1 :]


def toml_of(case: Case, text: str) -> str:
    """A TOML text that was altered as tables, as text, or as both."""
    import tomllib

    import tomli_w

    if case.chance(0.7):
        try:
            text = tomli_w.dumps(altered(case, tomllib.loads(text)))
        except (TypeError, ValueError, UnicodeEncodeError):
            text = noisy(case, text)
    return noisy(case, text) if case.chance(0.4) else text


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8", errors="replace", newline="")
    return path


def scenario_case(case: Case) -> None:
    for path in shipped_files():
        shutil.copy(path, case.folder)
    name = case.one(BASES)
    load(written(case.folder / "market.toml", toml_of(case, shipped()[name].read_text())))


def study_case(case: Case) -> None:
    shutil.copy(shipped()["tiny"], case.folder / "market.toml")
    points = noisy(case, POINTS) if case.chance(0.5) else POINTS
    written(case.folder / "points.csv", points)
    text = STUDY.format(kind=case.one(DESIGNS))
    load_study(written(case.folder / "study.toml", toml_of(case, text)))


def override_case(case: Case) -> None:
    import tomllib

    text = shipped()["tiny"].read_text()
    paths = [".".join(map(str, keys)) for keys in places(tomllib.loads(text))]
    changes = []
    for _ in range(int(case.rng.integers(1, 4))):
        path = case.one(paths)
        path = noisy(case, path) if case.chance(0.3) else path
        value = case.one((*map(str, VALUES), *SNIPPETS, json.dumps(case.one(VALUES))))
        changes.append(f"{path}={value}" if case.chance(0.95) else path)
    load(written(case.folder / "market.toml", text), changes)


def record_case(case: Case) -> None:
    text = (Path(sys.modules["sim"].__file__ or "").parent / "data/market_record.csv").read_text()
    lines = text.splitlines()
    first = int(case.rng.integers(1, len(lines) - 20))
    text = "\n".join([lines[0], *lines[first : first + 20]]) + "\n"
    for _ in range(int(case.rng.integers(0, 4))):
        text = another_cell(case, text)
    for _ in range(int(case.rng.integers(0, 2))):
        text = noisy(case, text)
    load_record(written(case.folder / "record.csv", text))


def another_cell(case: Case, text: str) -> str:
    """A table one of whose cells holds another value."""
    rows = list(csv.reader(text.splitlines()))
    row = case.one(rows)
    if row:
        row[int(case.rng.integers(len(row)))] = str(case.one((*VALUES, *SNIPPETS)))
    held = io.StringIO()
    csv.writer(held, lineterminator="\n").writerows(rows)
    return held.getvalue()


def result_case(case: Case) -> None:
    folder = case.folder / "result"
    shutil.copytree(case.base, folder)
    for _ in range(int(case.rng.integers(1, 3))):
        damage(case, folder)
    readers = (status_of, _looked_at, _told, _listed, _exported)
    reader = _paged if case.chance(0.01) else case.one((*readers, _told))
    reader(folder)


def damage(case: Case, folder: Path) -> None:
    """One file of a result altered, cut, exchanged, gone, or something else than a file."""
    path = case.one(sorted(p for p in folder.rglob("*") if p.is_file() and not p.is_symlink()))
    act = case.one(
        ("json", "json", "json", "flip", "cut", "gone", "link", "pipe", "folder", "noise")
    )
    content = path.read_bytes()
    if act == "json" and path.suffix == ".json":
        path.write_text(json.dumps(altered(case, json.loads(content))))
        return
    if act == "noise" and path.suffix == ".toml":
        written(path, toml_of(case, content.decode()))
        return
    if act in ("json", "flip", "noise") and content:
        place = int(case.rng.integers(len(content)))
        path.write_bytes(
            content[:place] + bytes([int(case.rng.integers(256))]) + content[place + 1 :]
        )
        return
    path.unlink()
    if act == "cut":
        path.write_bytes(content[: len(content) // 2])
    elif act == "link":
        path.symlink_to(case.one(("/dev/zero", "/etc/passwd", case.folder / "secret", path)))
    elif act == "pipe":
        os.mkfifo(path)
    elif act == "folder":
        path.mkdir()


def _looked_at(folder: Path) -> None:
    result = open_result(folder)
    _ = repr(result), result.runs, result.failed, result.scenario, result.points, result.draws
    _ = result.curves.load()
    result.summary()


def _exported(folder: Path) -> None:
    export_csv(open_result(folder), folder.parent / "tables", ["platform_token_share"])


def _told(folder: Path) -> None:
    from sim.analysis.verdict.grounds import refuse_altered

    result = open_result(folder)
    refuse_altered(result)
    _ = result.verdict, result._repr_html_()


def _listed(folder: Path) -> None:
    from sim.runs.folders import folders, settings_apart

    for found in folders(folder.parent):
        _ = found.when_here, found.size, found.changed, found.status, found
    settings_apart(folder, folder)


def _paged(folder: Path) -> None:
    from sim.report.page import page

    page(open_result(folder))


def shipped_files() -> tuple[Path, ...]:
    return shipped()["volcano-dam"], shipped("posterior")["volcano-dam"]


KINDS: dict[str, Callable[[Case], None]] = {
    "scenarios": scenario_case,
    "studies": study_case,
    "overrides": override_case,
    "results": result_case,
    "records": record_case,
}


class SlowError(BaseException):
    """The case took too long."""


def base_result(folder: Path) -> Path:
    """A finished and judged result of the tiny market, from which damaged ones are made."""
    import sim

    market = load(shipped()["tiny"]).replace(
        {"population.clients": 60, "calendar.months": 4, "containment.window_months": 2}
    )
    return Path(sim.run(market, replicates=2, workers=1, out=folder, point=True).path)


def normal(text: str) -> str:
    """A message without what is of this case alone."""
    text = re.sub(r"\(.*\)|\"[^\"]*\"|'[^']*'", "", text)
    text = re.sub(r"-?\d[\d.e+,-]*", "N", text)
    return " ".join(text.split())[:70]


def rule_of(error: SimError) -> str:
    """The rule that refused."""
    if isinstance(error, ScenarioError) and error.problems:
        return normal(error.problems[0].rule)
    return normal(str(error).split("\n")[0].rpartition(": ")[2])


def allowed_roots(case_folder: Path) -> tuple[str, ...]:
    """Folders that a case may read: its own, the code, and what Python and its libraries bring."""
    return tuple(
        {
            *(str(case_folder), str(Path(__file__).resolve().parents[1])),
            *(sys.prefix, sys.base_prefix, os.path.realpath(sys.prefix), "/usr/lib", "/usr/share"),
            *("/usr/local/lib", os.path.expanduser("~/.cache"), "/proc/self", "/proc/cpuinfo"),
        }
    )


def watch(state: dict[str, Any]) -> None:
    """Note every file that is opened outside the roots, and every one that is written there."""

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        case = state.get("case")
        if (
            case is None
            or event != "open"
            or not isinstance(arguments[0], str | bytes | os.PathLike)
        ):
            return
        state["case"] = None  # what the hook itself looks up is not the case's
        try:
            path = os.path.realpath(os.fsdecode(arguments[0]))
        finally:
            state["case"] = case
        mode, flags = arguments[1] or "", arguments[2] or 0
        if path == os.devnull or "/__pycache__/" in path:  # what compilers keep of the code
            return
        writes = flags & (os.O_WRONLY | os.O_RDWR) or any(c in str(mode) for c in "wax+")
        own = path.startswith(str(case.folder))
        if not own and (writes or not path.startswith(state["roots"])):
            case.touched.append(path)

    sys.addaudithook(hook)


def run_case(kind: str, number: int, seed: int, base: Path, home: Path, state: Any) -> Outcome:
    """Make and read one case under the limits."""
    folder = Path(tempfile.mkdtemp(dir=home))
    written(folder / "secret", "root:x:0:0:secret")
    key = [seed, list(KINDS).index(kind), number]
    case = Case(kind, folder, np.random.default_rng(key), base)
    state["roots"] = (*allowed_roots(folder), str(base))

    def late(signum: int, frame: Any) -> None:
        raise SlowError

    signal.signal(signal.SIGPROF, late)
    began = time.process_time()
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    how, rule = "read", ""
    state["case"] = case
    try:
        KINDS[kind](case)
    except SimError as error:
        how, rule = "refused", rule_of(error)
        if "secret" in str(error) and kind != "overrides" and "root:x" in str(error):
            how, rule = "ECHO", str(error)[:200]
    except SlowError:
        how, rule = "HANG", "".join(traceback.format_exc().splitlines()[-3:])[:300]
    except MemoryError:
        how, rule = "MEMORY", "".join(traceback.format_exc().splitlines()[-3:])[:300]
    except BaseException:
        how, rule = "TRACEBACK", "\n".join(traceback.format_exc().splitlines()[-7:])
    finally:
        state["case"] = None
        signal.setitimer(signal.ITIMER_PROF, 0.0)
    if case.touched:
        how, rule = "OUTSIDE", ", ".join(sorted(set(case.touched))[:3])
    shutil.rmtree(folder, ignore_errors=True)
    return Outcome(kind, number, how, rule, time.process_time() - began)


def _work(pipe: Any, kind: str, numbers: range, seed: int, base: Path, home: Path) -> None:
    state: dict[str, Any] = {"case": None, "roots": ()}
    os.environ["NUMBA_NUM_THREADS"] = "1"
    watch(state)
    held = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (held + BYTES, held + BYTES))
    for number in numbers:
        pipe.send(number)
        pipe.send(run_case(kind, number, seed, base, home, state))
    pipe.send(None)


def outcomes(
    kind: str, count: int, seed: int, base: Path, home: Path, until: float = np.inf, first: int = 0
) -> Iterator[Outcome]:
    """All cases of a kind, in forked processes; one that waits too long or dies is an outcome."""
    while first < count and time.monotonic() < until:
        here, there = get_context("fork").Pipe()
        arguments = (there, kind, range(first, count), seed, base, home)
        process = get_context("fork").Process(target=_work, args=arguments)
        process.start()
        there.close()
        try:
            while (number := here.recv()) is not None:
                first = number + 1
                if not here.poll(PATIENCE):
                    process.kill()
                    yield Outcome(kind, number, "HANG", "waits", PATIENCE)
                    break
                yield here.recv()
                if time.monotonic() > until:
                    process.kill()
                    break
            else:
                first = count
        except EOFError:
            yield Outcome(kind, max(first - 1, 0), "DIED", f"exit code {process.exitcode}")
        process.join()


GOOD = ("read", "refused")


def logged(log: Path | None) -> list[Outcome]:
    """The outcomes that a log holds."""
    lines = log.read_text().splitlines() if log is not None and log.exists() else []
    return [Outcome(**json.loads(line)) for line in lines]


def main() -> None:
    """Run the cases, print what became of them; exit 1 if one is not read and not refused."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    for kind in KINDS:
        parser.add_argument(f"--{kind}", type=int, default=0, metavar="N")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=np.inf, help="stop after these")
    parser.add_argument("--log", type=Path, help="keep outcomes here, and go on from them")
    parser.add_argument("--rules", type=int, default=SHOWN, help="rules shown of each kind")
    options = parser.parse_args()
    bad: list[Outcome] = []
    kept = logged(options.log)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder).resolve()
        base = base_result(home / "base") if options.results else home
        (home / "cases").mkdir()
        until = time.monotonic() + 60.0 * options.minutes
        for kind in KINDS:
            count = getattr(options, kind)
            found = [one for one in kept if one.kind == kind and one.number < count]
            first = 1 + max((one.number for one in found), default=-1)
            for one in outcomes(kind, count, options.seed, base, home / "cases", until, first):
                found.append(one)
                if options.log is not None:
                    with options.log.open("a") as file:
                        file.write(json.dumps(asdict(one)) + "\n")
            hows = Counter(outcome.how for outcome in found)
            told = ", ".join(f"{n:,} {how}" for how, n in hows.most_common())
            slowest = max((outcome.seconds for outcome in found), default=0.0)
            if found:
                print(f"{kind}, {len(found):,}: {told}; slowest {slowest:.1f} s", flush=True)
            rules = Counter(outcome.rule for outcome in found if outcome.how == "refused")
            for rule, times in rules.most_common(options.rules):
                print(f"  {times:>6,}  {rule}")
            bad += [outcome for outcome in found if outcome.how not in GOOD]
    for outcome in bad[:40]:
        print(f"{outcome.how} {outcome.kind} {outcome.number}: {outcome.rule}")
    print(f"seed {options.seed}: {len(bad)} bad")
    raise SystemExit(int(bool(bad)))


if __name__ == "__main__":
    main()
