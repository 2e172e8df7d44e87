"""Machines that lack something: a run ends well or says what is short, and recovers."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-c", "from sim.cli import main; main()"]
RUN = ["run", "tiny", "--replicates", "2", "--workers", "1"]
KILOBYTE = 1 << 10


def sim(
    folder: Path, *arguments: str, memory: int = 0, **environment: str
) -> subprocess.CompletedProcess[str]:
    """The command in a folder, with other variables, in so many bytes of address space; 0 = all."""

    def scarce() -> None:
        if memory:
            resource.setrlimit(resource.RLIMIT_AS, (memory, memory))

    return subprocess.run(
        [*COMMAND, *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        preexec_fn=scarce,
    )


@pytest.mark.slow
def test_little_memory_ends_in_a_line_and_the_same_command_goes_on(tmp_path: Path) -> None:
    short = sim(tmp_path, *RUN, "--json", memory=1_200_000 * KILOBYTE)
    # 127: the C library itself ends a process that has no room for a thread.
    assert short.returncode in (0, 2, 127), short.stderr
    assert "Traceback" not in short.stderr
    assert (short.returncode == 2) == ("this machine is short of memory" in short.stderr)
    assert sim(tmp_path, *RUN, "--json").returncode == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    "environment",
    [
        {"NUMBA_CACHE_DIR": "/proc/no/such/folder", "HOME": "/nonexistent"},
        {"LC_ALL": "C", "LANG": "C", "COLUMNS": "40"},
        {"LC_ALL": "zh_CN.UTF-8", "PYTHONIOENCODING": "ascii"},
    ],
)
def test_homes_terminals_and_languages_decide_nothing(
    environment: dict[str, str], tmp_path: Path
) -> None:
    done = sim(tmp_path, *RUN, **environment)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert max(map(len, done.stdout.splitlines())) <= int(environment.get("COLUMNS", "80"))
