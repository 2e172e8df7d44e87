"""Sweeps that are killed, share a folder, find it damaged, full or of another version."""

from __future__ import annotations

import errno
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sim.api import open_result
from sim.errors import SimError
from sim.runs import files
from sim.runs.result import Result
from sim.runs.settings import RunSettings
from sim.runs.study.reader import LoadedStudy
from tests.unit.runs.helpers import stored_bytes
from tests.unit.study.conftest import PLAIN, loaded, run_sweep, study_file, whole_sweep

__all__ = ["loaded", "run_sweep", "study_file", "whole_sweep"]

Run = Callable[..., Result]
CHUNK = "curves.zarr/platform_token_share/c.1.0.0.0"
ROWS, RECEIPT = "blocks/000002.arrow", "blocks/000002.json"

SCRIPT = """
import sys
from sim.runs.ensemble import run_study
from sim.runs.settings import RunSettings
from tests.unit.study.markets import SlowMarket

if __name__ == "__main__":
    run_study(sys.argv[1], RunSettings(sys.argv[3], int(sys.argv[2])), model=SlowMarket)
"""


def begun(study: Path, out: Path, workers: int) -> subprocess.Popen[bytes]:
    script = study.with_name("script.py")
    script.write_text(SCRIPT)
    return subprocess.Popen(
        [sys.executable, str(script), str(study), str(workers), str(out)],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
        start_new_session=True,
        stderr=subprocess.DEVNULL,
    )


def test_a_sweep_that_is_killed_again_and_again_loses_nothing(tmp_path: Path) -> None:
    study = tmp_path / "appeal.toml"
    study.write_text(PLAIN.replace("runs_per_block = 4", "runs_per_block = 1"))
    rng = np.random.default_rng(2)
    receipts: dict[str, int] = {}
    for _ in range(3):
        process = begun(study, tmp_path / "killed", 1)
        target = len(receipts) + int(rng.integers(2, 6))
        deadline = time.monotonic() + 60.0
        while len(list(tmp_path.rglob("killed/*/blocks/*.json"))) < target:
            assert time.monotonic() < deadline
            time.sleep(0.005)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        found = {p.name: p.stat().st_mtime_ns for p in tmp_path.rglob("killed/*/blocks/*.json")}
        assert {name: found[name] for name in receipts} == receipts
        receipts = found
    from sim.runs.ensemble import run_study
    from tests.unit.study.markets import SlowMarket

    again = run_study(study, RunSettings(tmp_path / "killed", 1), model=SlowMarket)
    straight = run_study(study, RunSettings(tmp_path / "straight", 1), model=SlowMarket)
    assert stored_bytes(again.path) == stored_bytes(straight.path)
    assert again.manifest["sessions"][-1]["reused"] == len(receipts)
    last = {p.name: p.stat().st_mtime_ns for p in (again.path / "blocks").glob("*.json")}
    assert {name: last[name] for name in receipts} == receipts


def truncated(content: bytes) -> bytes:
    return content[: len(content) // 2]


def flipped(content: bytes) -> bytes:
    return content[:-9] + bytes([content[-9] ^ 1]) + content[-8:]


@pytest.mark.parametrize("damage", [truncated, flipped])
@pytest.mark.parametrize("name", [CHUNK, ROWS, RECEIPT])
def test_a_damaged_block_is_kept_aside_and_runs_again(
    run_sweep: Run,
    whole_sweep: Result,
    caplog: pytest.LogCaptureFixture,
    name: str,
    damage: Callable[[bytes], bytes],
) -> None:
    folder = run_sweep().path
    bad = damage((folder / name).read_bytes())
    (folder / name).write_bytes(bad)
    calls: list[tuple[Any, ...]] = []
    with caplog.at_level(logging.WARNING):
        run_sweep(progress=lambda *told: calls.append(told))
    assert calls[0][0] < calls[1][0] == 35
    assert stored_bytes(folder) == stored_bytes(whole_sweep.path)
    assert (folder / f"{name}.bad-1").read_bytes() == bad
    assert "run again" in caplog.text


def test_a_folder_of_another_schema_version_is_not_touched(run_sweep: Run) -> None:
    folder = run_sweep().path
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(manifest | {"schema_version": 99}))
    before = stored_bytes(folder)
    with pytest.raises(SimError, match="schema version 99"):
        run_sweep()
    assert stored_bytes(folder) == before


def test_a_second_sweep_on_the_same_folder_is_refused(run_sweep: Run) -> None:
    folder = run_sweep().path
    (folder / "run.lock").write_text(f"{os.getpid()}\n{socket.gethostname()}\n")
    with pytest.raises(SimError, match=f"in use by process {os.getpid()}"):
        run_sweep()


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS])
def test_a_disk_that_refuses_is_told_and_nothing_finished_is_lost(
    run_sweep: Run,
    whole_sweep: Result,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    number: int,
) -> None:
    written: list[Path] = []

    def refuse(path: Path, target: Path) -> None:
        written.append(target)
        if len(written) > 25:
            raise OSError(number, os.strerror(number))
        os.replace(path, target)

    with monkeypatch.context() as patch:
        patch.setattr(files.Path, "replace", refuse)
        with pytest.raises(SimError, match=os.strerror(number)):
            run_sweep()
    (folder,) = tmp_path.iterdir()
    kept = len(list((folder / "blocks").glob("*.json")))
    assert kept >= 1
    assert not list(folder.rglob("*.tmp"))
    with pytest.raises(SimError, match="not finished"):
        open_result(folder)
    again = run_sweep()
    assert again.manifest["sessions"][-1]["reused"] == kept
    assert stored_bytes(folder) == stored_bytes(whole_sweep.path)


def test_points_that_were_tampered_with_are_put_right(
    run_sweep: Run, loaded: LoadedStudy, whole_sweep: Result
) -> None:
    folder = run_sweep().path
    (folder / "points.parquet").write_bytes(b"scrap")
    with pytest.raises(SimError, match=r"points\.parquet is damaged"):
        _ = open_result(folder).points
    run_sweep()
    assert (folder / "points.parquet.old-1").read_bytes() == b"scrap"
    assert open_result(folder).points == whole_sweep.points
