"""The project's tasks: `nox` lists and runs them; `nox --no-venv` runs them where nox itself lives.

With the environment of the README's test line: `.venv/bin/nox --no-venv -s quick`.
"""

from __future__ import annotations

import sys
from pathlib import Path

import nox

nox.needs_version = ">=2024.10"
nox.options.sessions = ["quick", "lint", "types"]
nox.options.reuse_existing_virtualenvs = True

QUICK = ("tests/unit", "tests/contract", "tests/cli", "tests/inventory")
TWO_AT_A_TIME = ("-n", "2", "--dist", "loadfile")  # a file's tests share what they have run
BENCHMARKS = ("benchmarks/bench_kernels.py", "benchmarks/bench_runs.py")


def run(session: nox.Session, extra: str, command: str, *arguments: str) -> None:
    """Run a command of an environment with the extra; without one, that which lies beside nox."""
    if session.venv_backend == "none":
        command = str(Path(sys.executable).with_name(command))
    else:
        session.install("-q", "-c", "constraints.txt", "-e", f".[{extra}]")
    session.run(command, *arguments, external=True)


@nox.session
def test(session: nox.Session) -> None:
    """All tests, as in the second line of the README."""
    run(session, "test", "pytest", *TWO_AT_A_TIME, *session.posargs)


@nox.session
def quick(session: nox.Session) -> None:
    """Unit, contract and command line tests that are not slow."""
    run(session, "test", "pytest", *TWO_AT_A_TIME, "-m", "not slow", *(session.posargs or QUICK))


@nox.session
def web(session: nox.Session) -> None:
    """Pages in a headless browser, which `.ci/browser` installs."""
    run(session, "test,browser", "pytest", "tests/browser", *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Style, format and the direction of imports."""
    run(session, "test", "ruff", "check", ".")
    run(session, "test", "ruff", "format", "--check", ".")
    run(session, "test", "lint-imports")


@nox.session
def types(session: nox.Session) -> None:
    """Static types."""
    run(session, "test", "mypy")


@nox.session
def docs(session: nox.Session) -> None:
    """The pages of docs/ as a site in site/; a broken link fails."""
    session.env["NO_MKDOCS_2_WARNING"] = "1"
    run(session, "docs", "mkdocs", "build", "--strict", *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """Benchmarks of kernels and whole runs, with pytest-benchmark."""
    run(session, "test", "pytest", *(session.posargs or BENCHMARKS))
