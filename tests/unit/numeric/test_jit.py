"""Kernels lie on disk in a folder that is named by all sources they are made from."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sim.numeric import jit

USE = """
import numpy as np
import loop
values = np.ones(2)
loop.double(values)
print(values.tolist(), sum(loop.double.stats.cache_hits.values()))
"""
LOOP = """
from part import twice
from sim.numeric.jit import kernel

@kernel
def double(values):
    for i in range(len(values)):
        values[i] = twice(values[i])
"""
PART = """
from sim.numeric.jit import inline

@inline
def twice(x):
    return {factor} * x
"""


@pytest.fixture(autouse=True)
def _fresh() -> None:
    jit.cache_folder.cache_clear()


def run(folder: Path, part: str, kept: str = "kept") -> str:
    """Run the loop in a fresh process; the folder counts among the sources."""
    for name, text in (("part.py", part), ("loop.py", LOOP)):
        if not (folder / name).exists() or (folder / name).read_text() != text:
            (folder / name).write_text(text)
    code = f"""
from pathlib import Path
from sim.numeric import jit
jit.PACKAGE, jit.COMPILED = Path({str(folder)!r}), ("",)
{USE}"""
    path = os.pathsep.join([str(folder), *sys.path])
    settings = os.environ | {"NUMBA_CACHE_DIR": str(folder / kept), "PYTHONPATH": path}
    command = [sys.executable, "-c", code]
    told = subprocess.run(command, env=settings, capture_output=True, text=True, check=True)
    return told.stdout.strip()


@pytest.mark.slow
def test_kernels_are_read_from_disk_until_an_inlined_file_changes(tmp_path: Path) -> None:
    part = PART.format(factor=2.0)
    assert run(tmp_path, part) == "[2.0, 2.0] 0"
    assert run(tmp_path, part) == "[2.0, 2.0] 1"
    assert run(tmp_path, PART.format(factor=3.25)) == "[3.25, 3.25] 0"
    assert run(tmp_path, part, "/proc/no/such/folder") == "[2.0, 2.0] 0"


def test_where_the_package_cannot_be_written_the_home_takes_kernels(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    sources = Path(jit.__file__).parent
    monkeypatch.setattr(jit, "_can_be_written", lambda place: sources not in place.parents)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert jit.cache_folder("").parent == tmp_path / ".cache" / "sim"


def test_where_nothing_can_be_written_a_private_folder_takes_kernels(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(jit, "_can_be_written", lambda place: False)
    folder = jit.cache_folder("")
    assert folder.is_dir()
    assert folder.stat().st_mode & 0o077 == 0  # nobody else may put code there
    folder.rmdir()


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert not jit._can_be_written(tmp_path / "file" / "below")
    assert jit._can_be_written(tmp_path / "below")


def test_compiling_is_announced_until_a_month_has_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(jit, "_mark", lambda: tmp_path / "compiled")
    assert not jit.is_compiled()
    jit.announce.__wrapped__()
    assert "compiling for this machine" in caplog.text
    jit.month_has_run.__wrapped__()
    assert jit.is_compiled()
