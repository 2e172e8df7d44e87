"""Hostile files: each is refused in words, quickly, and nothing outside is read or written."""

from __future__ import annotations

import os
import shutil
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sim import files, registry
from sim.analysis.calibration.record import load_record
from sim.analysis.verification.verify import load_cases
from sim.api import open_result
from sim.errors import MOST_LINES, ScenarioError, SimError
from sim.runs.files import json_bytes, read_json, write_once, write_own
from sim.runs.result import Result
from sim.runs.stored import status_of, told_if_altered
from sim.runs.study.reader import load_study
from sim.scenario.reader import load
from sim.scenario.shipped import shipped
from tests import fuzz

SECRET = "root:x:0:0:secret"
VARIED = '[uncertainties]\n"demand.switching_cost.family" = { low = 0.0, high = 1.0 }\n'
LISTED = '[uncertainties]\n"demand.switching_cost.family" = {}\n'
HEAD = '"demand.switching_cost.family"'


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder with a market and one beside it that nobody may look into."""
    (tmp_path / "home").mkdir()
    (tmp_path / "outside").mkdir()
    shutil.copy(shipped()["tiny"], tmp_path / "home" / "market.toml")
    (tmp_path / "outside" / "secret.txt").write_text(SECRET)
    (tmp_path / "outside" / "points.csv").write_text(f"{HEAD}\n0.5\n")
    (tmp_path / "outside" / "data.toml").write_text('x = "secret"\n')
    return tmp_path / "home"


def refused(call: Callable[[], Any]) -> str:
    with pytest.raises(SimError) as error:
        call()
    text = str(error.value)
    assert "secret" not in text.replace("secret.txt", "")
    assert max(map(len, text.splitlines())) < 2_000
    return text


def study(home: Path, text: str, points: str | None = None) -> str:
    (home / "study.toml").write_text(text)
    if points is not None:
        (home / "points.csv").write_bytes(points.encode())
    return refused(lambda: load_study(home / "study.toml"))


LIST = 'scenario = "market.toml"\ndesign = { kind = "list", file = "points.csv" }\n' + LISTED


@pytest.mark.parametrize(
    ("named", "rule"),
    [
        ("../outside/secret.txt", "must be the path of a .toml file"),
        ("/etc/passwd", "must be the path of a .toml file"),
        ("/dev/zero", "must be the path of a .toml file"),
        ("link.toml", "must be the path of a .toml file"),
        ("pipe.toml", "is no regular file"),
    ],
)
def test_a_study_names_a_scenario_file(home: Path, named: str, rule: str) -> None:
    (home / "link.toml").symlink_to(home.parent / "outside" / "secret.txt")
    os.mkfifo(home / "pipe.toml")
    assert rule in study(home, f'scenario = "{named}"\n{VARIED}')


@pytest.mark.parametrize("named", ["../outside/points.csv", "/etc/passwd", "link.csv", "\\u0000"])
def test_a_list_lies_beside_its_study(home: Path, named: str) -> None:
    (home / "link.csv").symlink_to(home.parent / "outside" / "points.csv")
    text = LIST.replace("points.csv", named)
    told = study(home, text)
    assert "leads out of home/" in told or "must be" in told


def test_a_study_may_name_a_scenario_anywhere(home: Path) -> None:
    path = home.parent / "outside" / "tiny.toml"
    shutil.copy(shipped()["tiny"], path)
    (home / "study.toml").write_text(f'scenario = "{path}"\n{VARIED}')
    assert load_study(home / "study.toml").scenario.name == "tiny"


@pytest.mark.parametrize(
    "text",
    [SECRET, "secret = = 1", 'a = "secret', "[secret\n", "secret = 1\nsecret = 2", "a\x01"],
    ids=range(6),
)
def test_a_file_that_does_not_parse_is_not_shown(home: Path, text: str) -> None:
    (home / "bad.conf").write_text(text)
    for read in (load, load_study):
        assert "no TOML" in refused(lambda read=read: read(home / "bad.conf"))


@pytest.mark.parametrize("act", ["pipe", "device", "folder", "loop", "socket", "absent", "large"])
@pytest.mark.parametrize("read", [load, load_study, load_record, load_cases])
def test_what_is_no_file_of_a_size_is_not_opened(
    home: Path, act: str, read: Callable[[Path], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = home / "thing.toml"
    monkeypatch.chdir(home)
    if act == "pipe":
        os.mkfifo(path)
    elif act == "device":
        path.symlink_to("/dev/zero")
    elif act == "folder":
        path.mkdir()
    elif act == "loop":
        path.symlink_to(path)
    elif act == "socket":
        socket.socket(socket.AF_UNIX).bind("thing.toml")
    elif act == "large":
        with path.open("wb") as file:
            file.truncate(2**40)
    refused(lambda: read(path))


def many(entry: str, count: int = 1_500) -> str:
    return shipped()["tiny"].read_text() + "".join(entry.replace("#", str(k)) for k in range(count))


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("a." * 20_000 + "b = 1", "nested too deep"),
        ('"a".' * 20_000 + "b = 1", "nested too deep"),
        ("x = " + "{a=" * 5_000, "nested too deep"),
        ("[" + "a." * 5_000 + "b]", "nested too deep"),
        ("x = [" + "1," * 900_000 + "]", "too large"),
        ('\\"' * 500_000, "no TOML"),
        ("strategy = 1\n" + shipped()["tiny"].read_text(), "unknown key"),
        (many('\n[[hosts]]\nvendor="volcano"\nfamily="dam_open"\nstart="2024-01"'), "overlaps"),
        (many('\n[[sources]]\npath="v.#"\nflag="data"\nsource="s"'), "covers no value"),
        (many('\n[[fit]]\nname="f#"\npaths=["x.#"]\nlow=0\nhigh=1'), "no number stands there"),
        (many('\n[levers.l#]\nvendor="dam"\noff={}'), "must be at most 64"),
        (many("\n[vendors.v#]\nhome_share=0.0"), "must be at most 60"),
        (many("\n[x#]\ny = 1"), "unknown key"),
    ],
)
def test_much_in_a_small_file_is_refused_soon(home: Path, text: str, rule: str) -> None:
    (home / "many.toml").write_text(text)
    told = refused(lambda: load(home / "many.toml"))
    assert rule in told
    assert len(told.splitlines()) <= MOST_LINES + 1


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("design = { kind = 'grid', levels = 1000000000 }\n", "10000"),
        ("design = { kind = 'morris', points = 1000000 }\n", "2,000,000 points"),
        ("design = { kind = 'sobol', points = 1048576 }\n", "less than or equal"),
        ("design = { kind = 'sobol', points = 524288, saltelli = true }\n", "points; at most"),
        ("replicates = 0\ndesign = { kind = 'morris', points = 1000000 }\n", "replicates"),
        ("replicates = 1000000000000\n", "replicates"),
        ("runs_per_block = -1\n", "runs_per_block"),
    ],
)
def test_work_is_counted_before_it_is_done(home: Path, text: str, rule: str) -> None:
    assert rule in study(home, f'scenario = "market.toml"\n{text}{VARIED}')


@pytest.mark.parametrize(
    "path", ["events." + "9" * 5_000 + ".month", "vendors." + "x" * 5_000, ".".join("a" * 9_000)]
)
def test_a_long_path_is_refused_in_a_short_line(home: Path, path: str) -> None:
    refused(lambda: load(home / "market.toml", [f"{path}=1"]))
    refused(lambda: load(home / "market.toml", {path: 1}))
    study(
        home, f'scenario = "market.toml"\n[uncertainties]\n"{path}" = {{ low = 0.0, high = 1.0 }}\n'
    )


@pytest.mark.parametrize("value", ["[{ a = 1 }]", "[[1]]", "[1]", "1", "{ a = 1 }"])
def test_names_of_another_type_are_refused(home: Path, value: str) -> None:
    change = f'vendors.dam.research={{ strategy = "frontier", families = {value} }}'
    refused(lambda: load(home / "market.toml", [change]))
    refused(lambda: load(home / "market.toml", [f"episode.vendors={value}"]))


@pytest.mark.parametrize(
    "changes",
    [
        ["vendors.dam=[1]", "vendors.dam.label=x"],
        ["vendors.dam=[1]", "vendors.dam.stack.scheduling=1.0"],
        ["segments.0=1", "segments.0.share=1"],
        ["vendors.dam.pricing=[1]", "vendors.dam.pricing.strategy=nash"],
        ["events.0=1", "events.0.month=2024-01"],
    ],
)
def test_changes_that_undo_each_other_are_refused(home: Path, changes: list[str]) -> None:
    refused(lambda: load(home / "market.toml", changes))


@pytest.mark.parametrize(
    ("points", "rule"),
    [
        (f"{HEAD}\r0.5\r", "lines end with a line feed"),
        (f"{HEAD}\n0.5\0\n", "lines end with a line feed"),
        (f"{HEAD}\n" + "9" * 140_000 + "\n", "field larger"),
        (f'{HEAD}\n"0.5\n', "no CSV"),
        (f"{HEAD}\n0,5\n", "line 2 = 2 cells"),
        (f'{HEAD}\n"0,5"\n', 'line 2, column 1 = "0,5": a decimal is written with a point'),
        (f"{HEAD},world\n0.5\n", "line 2 = 1 cells"),
        (f"{HEAD},{HEAD}\n0.5,0.7\n", "another column has this name"),
        (f"{HEAD},\n0.5,0.7\n", "needs a name"),
        ("demand.switching_cost.family;world\n0.5;on\n", "parted by commas"),
        ("demand.switching_cost.family\tworld\n0.5\ton\n", "parted by commas"),
        (f"{HEAD}\n1e-300\n", "in size"),
        (f"{HEAD}\nnan\n", "number"),
        (f"{HEAD}\n", "has no point"),
    ],
)
def test_a_list_of_points_is_read_strictly(home: Path, points: str, rule: str) -> None:
    assert rule in study(home, LIST, points)


RECORD = "id,period_start,period_end,entity,metric,value,unit\n"


@pytest.mark.parametrize(
    ("row", "rule"),
    [
        ("1,2024-01,2024-12,a,share_of_x,-5,%", "must lie between 0 and 100"),
        ("1,2024-01,2024-12,a,share_of_x,146,%", "must lie between 0 and 100"),
        ("1,2024-01,2024-12,a,share_of_x,1.2,share", "must lie between 0 and 1"),
        ("1,2024-01,2024-12,a,tokens,-5,tokens", "must lie between 0"),
        ('1,2024-01,2024-12,a,share_of_x,"49,2",%', "decimal comma"),
        ("1,2024-01,2024-12,a,share_of_x,1_0,%", "no finite number"),
        ("1,2024-01,2024-12,a,share_of_x,inf,%", "no finite number"),
        ("1,2024-01,2024-12,a,share_of_x,4", "6 cells"),
    ],
)
def test_a_record_is_read_strictly(home: Path, row: str, rule: str) -> None:
    (home / "record.csv").write_text(f"{RECORD}{row}\n")
    assert rule in refused(lambda: load_record(home / "record.csv"))


@pytest.mark.parametrize(
    "change",
    [
        *(f"vendors.dam.stack.scheduling={value}" for value in ("5e-324", "1e-100", "1e-5")),
        *("supply.rent=1e-9", "supply.throughput=1e-12", "families.dam_open.price=1e-300"),
        *("budget.freed.dam=1e300", "demand.box_cox=inf", "kinds.assistant.volume=1e-320"),
        *("vendors.dam.label=Volcano Cloud", "vendors.dam.label= THIRD  cloud "),
        "population.clients=100000000000000000000",
    ],
)
def test_numbers_and_names_without_sense_are_refused(home: Path, change: str) -> None:
    refused(lambda: load(home / "market.toml", [change]))


@pytest.mark.parametrize("name", ["null", "NA", "nan", "None"])
def test_a_name_that_tables_take_for_missing_is_refused(home: Path, name: str) -> None:
    text = (home / "market.toml").read_text().replace("third", name)
    (home / "market.toml").write_text(text)
    assert "missing value" in refused(lambda: load(home / "market.toml"))


@pytest.mark.parametrize("width", ["1e-300", "5e-324", "0.0", "-1.0", "0.6", "nan", "inf"])
def test_a_width_that_no_number_of_runs_reaches_is_refused(home: Path, width: str) -> None:
    import sim

    with pytest.raises(SimError, match="must lie between"):
        sim.run(home / "market.toml", until_halfwidth=float(width), out=home, point=True)
    replicates = f"replicates = {{ until_halfwidth = {width} }}\n"
    assert "until_halfwidth" in study(home, f'scenario = "market.toml"\n{replicates}{VARIED}')


class Foreign:
    """An entry point of somebody else."""

    name, value = "theirs", "theirs:thing"

    def __init__(self, act: Callable[[], object]) -> None:
        self.load = act


def raises(error: BaseException) -> Callable[[], object]:
    def load() -> None:
        raise error

    return load


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (raises(RuntimeError("a\nb" * 5_000)), "cannot be loaded: RuntimeError: a ba b"),
        (raises(SystemExit(5)), "cannot be loaded: SystemExit: 5"),
        (raises(GeneratorExit()), "cannot be loaded: GeneratorExit"),
        (lambda: time.sleep(0.5), "is not loaded in 0.1 s, at line"),
    ],
    ids=["raises", "exits", "ends", "hangs"],
)
def test_code_of_others_is_told_by_its_name(
    act: Callable[[], object],
    words: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(registry, "entry_points", lambda group: [Foreign(act)])
    monkeypatch.setattr(registry, "LOADING_SECONDS", 0.1)
    broken = registry._load.__wrapped__("sim.levers", "sim.levers")
    assert f"entry point theirs = theirs:thing of sim.levers {words}" in caplog.text
    assert set(broken) == (set() if "line" in words else {"theirs"})
    assert max(map(len, caplog.text.splitlines())) < 700


def test_an_episode_is_checked_as_it_is_run() -> None:
    off = 'episode.off={ "demand.switching_cost.family" = 2024-01-01 }'
    assert "episode.off" in refused(lambda: load(shipped()["price-war-2024"], [off]))


@pytest.fixture
def folder(whole: Result, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole.path, tmp_path / whole.path.name))


@pytest.mark.parametrize(
    "name", ["manifest.json", "runs.parquet", "scenario.toml", "curves.zarr/vendor/c.0"]
)
@pytest.mark.parametrize("act", ["pipe", "zero", "secret", "folder"])
def test_a_result_holds_regular_files(folder: Path, tmp_path: Path, name: str, act: str) -> None:
    path = folder / name
    path.unlink()
    (tmp_path / "secret").write_text(SECRET)
    if act == "pipe":
        os.mkfifo(path)
    elif act == "folder":
        path.mkdir()
    else:
        path.symlink_to("/dev/zero" if act == "zero" else tmp_path / "secret")
    refused(
        lambda: (
            status_of(folder),
            open_result(folder).runs,
            open_result(folder).scenario,
            open_result(folder).curves,
        )
    )


@pytest.mark.parametrize(
    "facts",
    [
        *({"replicates": value} for value in (float("nan"), 0, 10**30, "4", True, None)),
        *({"grid": value} for value in (None, {}, {"points": 0}, [1])),
        *({"points": [{"name": 1}]}, {"sessions": [1]}, {"lost_blocks": ["a"]}, {"code": 1}),
        {"posterior": {"draws": "x"}},
    ],
)
def test_a_manifest_is_typed(folder: Path, facts: dict[str, Any]) -> None:
    import json

    manifest = read_json(folder / "manifest.json") | facts
    (folder / "manifest.json").write_text(json.dumps(manifest))
    refused(lambda: status_of(folder))


@pytest.mark.parametrize("pid", ["1" + "0" * 30, "-1", "x", "0"])
def test_a_lock_of_nobody_is_told_calmly(folder: Path, pid: str) -> None:
    (folder / "run.lock").write_text(f"{pid}\n{socket.gethostname()}\n")
    assert status_of(folder)["runs"]["done"] == 28


@told_if_altered
def reader(result: Result) -> Any:
    return read_json(result.path / "verdict.json")["verdicts"]["money_kept"]["n"]


@pytest.mark.parametrize("verdict", [{"verdicts": 1}, {"verdicts": {"money_kept": 1}}, {}])
def test_a_finding_that_was_altered_is_told_and_a_bug_stays_a_bug(
    folder: Path, verdict: dict[str, Any]
) -> None:
    result = open_result(folder)
    (folder / "verdict.json").unlink(missing_ok=True)
    write_once(folder / "verdict.json", json_bytes(verdict))
    with pytest.raises((KeyError, TypeError)):
        reader(result)
    (folder / "verdict.json").write_bytes(json_bytes({**verdict, "verdicts": [1]}))
    assert "verdict.json is damaged" in refused(lambda: reader(result))


@pytest.mark.parametrize("act", ["scenario", "pipe", "full", "folder", "page"])
def test_nobody_elses_file_is_written_over(home: Path, act: str) -> None:
    path, page = home / "out.html", b"<!doctype html>\n" + b"x" * 200
    if act == "scenario":
        path = home / "market.toml"
    elif act == "pipe":
        os.mkfifo(path)
    elif act == "full":
        path.symlink_to("/dev/full")
    elif act == "folder":
        path.mkdir()
    else:
        path.write_bytes(page + b"older")
        write_own(path, page)
        assert path.read_bytes() == page
        return
    before = sorted(home.rglob("*")), (home / "market.toml").read_bytes()
    refused(lambda: write_own(path, page))
    assert (sorted(home.rglob("*")), (home / "market.toml").read_bytes()) == before


def test_problems_are_counted_and_the_first_told() -> None:
    from sim.errors import Nearest, Problem

    known = {f"name{k}": k for k in range(20_000)}
    problems = [Problem("f", f"p{k}", "v", "no such", Nearest("nam1", known)) for k in range(9_000)]
    lines = str(ScenarioError(problems)).splitlines()
    assert len(lines) == MOST_LINES + 1
    assert lines[0].startswith("f: p0 = v: no such (nearest: name")
    assert lines[-1] == "... and 8,950 problems more"


def test_a_seeded_corpus_is_read_or_refused(tmp_path: Path, folder: Path) -> None:
    found = []
    for kind, count in (("scenarios", 6), ("studies", 8), ("overrides", 12), ("records", 12)):
        found += fuzz.outcomes(kind, count, 7, folder, tmp_path)
    found += fuzz.outcomes("results", 8, 7, folder, tmp_path)
    assert [outcome for outcome in found if outcome.how not in fuzz.GOOD] == []
    assert len(found) == 46


def test_a_door_opens_no_name_that_is_none() -> None:
    for name in ("a\0b", "x" * 5_000, ""):
        assert len(refused(lambda name=name: files.read_bytes(name))) < 300
