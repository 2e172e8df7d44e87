"""The command itself: help, exit codes, what is loaded."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import sim.cli
from sim.cli import app, main
from sim.errors import Problem, ScenarioError

ROOT = Path(__file__).parents[2]
HEAVY = ("numpy", "pydantic", "pandas", "xarray", "matplotlib", "mesa", "numba", "scipy")


def status(*arguments: str) -> int:
    with pytest.raises(SystemExit) as stop:
        main(list(arguments))
    return int(stop.value.code or 0)


def python(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )


def test_help_lists_the_verbs_that_are_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert status("--help") == 0
    out = capsys.readouterr().out
    for name, verb in app.VERBS.items():
        there = Path(sim.cli.__file__).with_name(verb.module.rpartition(".")[2] + ".py").exists()
        assert (f"  {name} " in out) == there


def test_no_verb_shows_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert status() == 0
    assert "Verbs:" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "needed"),
    [
        (["--help"], []),
        (["check", "scenarios/tiny.toml"], ["numpy", "pydantic"]),
        (["list", "strategies"], ["numpy", "pydantic"]),
    ],
)
def test_what_says_something_at_once_loads_nothing_heavy(
    arguments: list[str], needed: list[str]
) -> None:
    code = (
        "import sys\nfrom sim.cli import main\n"
        f"try: main({arguments!r})\n"
        f"finally: print(sorted(m for m in {HEAVY!r} if m in sys.modules), file=sys.stderr)"
    )
    done = python(code)
    assert done.returncode == 0
    assert done.stderr.strip() == str(needed)


@pytest.mark.parametrize("name", app.VERBS)
def test_every_verb_has_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert status(name, "--help") == 0
    out = capsys.readouterr().out
    assert f"Usage: sim {name}" in out
    assert len(out.splitlines()) > 3


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["nosuchverb"], "sim: No such command 'nosuchverb'."),
        (["check"], "sim check: Missing argument 'FILE...'."),
        (["check", "--nope", "x"], "sim check: No such option: --nope"),
        (["list", "fruit"], "sim list: Invalid value for"),
    ],
)
def test_usage_error_is_one_line_and_2(
    arguments: list[str], line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert status(*arguments) == 2
    err = capsys.readouterr().err
    assert err.startswith(line)
    assert err.count("\n") == 1


def failing(error: BaseException) -> Any:
    class Command:
        def make_context(self, *_: Any) -> None:
            raise error

    return Command


def test_expected_error_is_one_line_a_problem(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    error = ScenarioError([Problem("f", "a.b", "1", "is wrong"), Problem("f", "c", "2", "too")])
    monkeypatch.setattr(app, "command", failing(error))
    assert status("check") == 2
    assert capsys.readouterr().err == "f: a.b = 1: is wrong\nf: c = 2: too\n"


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (FileNotFoundError(2, "No such file or directory", "x.toml"), "x.toml: No such file"),
        (OSError(28, "No space left on device"), "No space left on device"),
        (PermissionError(13, "Permission denied", "out"), "out: Permission denied"),
    ],
)
def test_machine_error_is_one_line_and_2(
    error: OSError, line: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(app, "command", failing(error))
    assert status("check") == 2
    err = capsys.readouterr().err
    assert err.startswith(line)
    assert err.count("\n") == 1


def test_interrupt_is_130(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(app, "command", failing(KeyboardInterrupt()))
    assert status("check") == 130
    assert capsys.readouterr().err == "interrupted\n"


def test_bug_shows_its_traceback() -> None:
    done = python(
        "import sim.cli.app as app\nfrom sim.cli import main\n"
        "app.command = lambda: 1 / 0\nmain(['check'])"
    )
    assert done.returncode == 1
    assert "Traceback" in done.stderr
    assert "ZeroDivisionError" in done.stderr


def test_closed_pipe_is_quiet() -> None:
    done = subprocess.run(
        f'"{sys.executable}" -c "from sim.cli import main; main([\'describe\'])" | head -1',
        shell=True,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "# Parameters of a scenario\n"
    assert done.stderr == ""


def test_a_command_ends_without_a_search_for_garbage() -> None:
    last = "import atexit, gc; atexit.register(lambda: print(gc.get_freeze_count() > 1000))"
    told = python(f"{last}; from sim.cli import main; main()", "list", "strategies")
    assert told.returncode == 0
    assert told.stdout.splitlines()[-1] == "True"
    library = python(f"{last}; import sim; sim.load('scenarios/tiny.toml')")
    assert library.stdout.splitlines() == ["False"]


def test_the_first_month_waits_for_nothing_that_judges() -> None:
    code = "import sys, sim.api; print([m for m in sys.modules if m.startswith(PARTS)])"
    parts = "PARTS = 'sim.analysis', 'sim.plot', 'sim.report'"
    assert python(f"{parts}; {code}").stdout.strip() == "[]"
