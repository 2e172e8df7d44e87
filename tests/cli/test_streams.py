"""What a caller may do to the output: close it, fill it, read a part of it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

COMMAND = [sys.executable, "-c", "from sim.cli import main; main()"]


def closed(descriptor: int, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments],
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: os.close(descriptor),
    )


@pytest.mark.parametrize("descriptor", [1, 2])
def test_a_closed_stream_is_no_bug(descriptor: int) -> None:
    found = closed(descriptor, "check", "no_such_file.toml")
    assert found.returncode == 2
    assert "Traceback" not in found.stderr
    assert found.stdout == ""
    assert ("no such file" in found.stderr) == (descriptor == 1)
    assert closed(descriptor, "--version").returncode == 0


def test_a_full_output_is_told() -> None:
    with open("/dev/full", "w") as full:
        found = subprocess.run(
            [*COMMAND, "schema"], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert (found.returncode, found.stderr) == (2, "No space left on device\n")


@pytest.mark.parametrize("verb", [["list", "measures"], ["describe"], ["schema"], ["--help"]])
def test_a_reader_that_has_seen_enough_is_no_error(verb: list[str]) -> None:
    writing = subprocess.Popen([*COMMAND, *verb], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert writing.stdout is not None
    writing.stdout.close()
    assert writing.wait(60) == 0
    assert writing.stderr is not None
    assert writing.stderr.read() == b""
