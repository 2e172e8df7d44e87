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
SMALL = [*RUN, "--clients", "60"]
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
def test_little_memory_is_enough_or_told_in_a_line(tmp_path: Path) -> None:
    short = sim(tmp_path, *RUN, memory=800_000 * KILOBYTE)
    assert (short.returncode, len(short.stderr.splitlines())) == (2, 1), short.stderr
    assert "address space (ulimit -v); sim run takes 900 MB or more" in short.stderr
    little = sim(tmp_path, *RUN, "--json", memory=1_200_000 * KILOBYTE)
    assert little.returncode == 0, little.stderr
    assert sim(tmp_path, "list", "measures", memory=800_000 * KILOBYTE).returncode == 0


def narrow(done: subprocess.CompletedProcess[str], columns: int) -> bool:
    """Whether a command ended well, and its lines fit."""
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    return max(map(len, done.stdout.splitlines())) <= columns


@pytest.mark.slow
def test_homes_terminals_and_languages_decide_nothing(tmp_path: Path) -> None:
    homeless = {"HOME": "/nonexistent", "LC_ALL": "C", "LANG": "C", "COLUMNS": "40"}
    assert narrow(sim(tmp_path, *SMALL, **homeless), 40)
    assert list(tmp_path.rglob("figures/*.png"))
    chinese = {"LC_ALL": "zh_CN.UTF-8", "PYTHONIOENCODING": "ascii"}  # told from what is stored
    assert narrow(sim(tmp_path, *SMALL, **chinese), 80)
