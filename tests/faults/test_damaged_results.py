from __future__ import annotations

import errno
import json
import logging
import math
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sim.api import open_result
from sim.errors import SimError
from sim.runs import blocks, files
from sim.runs.result import Result
from tests.unit.runs.helpers import stored_bytes

Run = Callable[..., Result]

CHUNK = "curves.zarr/platform_token_share/c.0.2.0.0"
ROWS = "blocks/000002.arrow"
RECEIPT = "blocks/000002.json"


def truncated(content: bytes) -> bytes:
    return content[: len(content) // 2]


def flipped(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


@pytest.mark.parametrize("damage", [truncated, flipped, lambda content: b""])
@pytest.mark.parametrize("name", [CHUNK, ROWS, RECEIPT])
def test_a_damaged_file_is_kept_aside_and_its_replicate_runs_again(
    run_duel: Run,
    whole: Result,
    caplog: pytest.LogCaptureFixture,
    name: str,
    damage: Callable[[bytes], bytes],
) -> None:
    folder = run_duel().path
    bad = damage((folder / name).read_bytes())
    (folder / name).write_bytes(bad)
    calls: list[tuple[Any, ...]] = []
    with caplog.at_level(logging.WARNING):
        run_duel(progress=lambda *told: calls.append(told))
    assert [told[0] for told in calls] == [21, 28]
    assert stored_bytes(folder) == stored_bytes(whole.path)
    assert (folder / f"{name}.bad-1").read_bytes() == bad
    (line,) = [record.getMessage() for record in caplog.records]
    assert "replicate 2 runs again" in line


def test_a_second_damage_does_not_overwrite_the_first_bad_file(run_duel: Run) -> None:
    folder = run_duel().path
    for content in (b"one", b"two"):
        (folder / CHUNK).write_bytes(content)
        run_duel()
    assert (folder / f"{CHUNK}.bad-1").read_bytes() == b"one"
    assert (folder / f"{CHUNK}.bad-2").read_bytes() == b"two"


def test_a_missing_chunk_runs_again(run_duel: Run, whole: Result) -> None:
    folder = run_duel().path
    (folder / CHUNK).unlink()
    assert stored_bytes(run_duel().path) == stored_bytes(whole.path)


def test_a_damaged_table_of_runs_is_made_again(run_duel: Run, whole: Result) -> None:
    folder = run_duel().path
    (folder / "runs.parquet").write_bytes(b"scrap")
    run_duel()
    assert stored_bytes(folder) == stored_bytes(whole.path)
    assert (folder / "runs.parquet.old-1").read_bytes() == b"scrap"


def everything(folder: Path) -> dict[str, bytes]:
    return {str(p): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_a_folder_of_another_schema_version_is_not_touched(run_duel: Run) -> None:
    folder = run_duel().path
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(manifest | {"schema_version": 99}))
    before = everything(folder)
    with pytest.raises(SimError, match="schema version 99"):
        run_duel()
    with pytest.raises(SimError, match="schema version 99"):
        open_result(folder)
    assert everything(folder) == before


def test_a_folder_of_another_ensemble_is_not_touched(run_duel: Run) -> None:
    folder = run_duel().path
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(manifest | {"key": "0" * 64}))
    before = everything(folder)
    with pytest.raises(SimError, match="other inputs"):
        run_duel()
    assert everything(folder) == before


def test_a_folder_with_other_things_in_it_is_refused(run_duel: Run) -> None:
    folder = run_duel().path
    (folder / "manifest.json").rename(folder / "kept.json")
    with pytest.raises(SimError, match="no result folder"):
        run_duel()


def test_an_unreadable_manifest_is_an_expected_error(run_duel: Run) -> None:
    folder = run_duel().path
    (folder / "manifest.json").write_text("{")
    with pytest.raises(SimError, match="no valid JSON"):
        run_duel()
    with pytest.raises(SimError, match="no valid JSON"):
        open_result(folder)


def test_a_folder_in_use_is_refused(run_duel: Run) -> None:
    folder = run_duel().path
    lock = folder / "run.lock"
    lock.write_text(f"{os.getpid()}\n{socket.gethostname()}\n")
    with pytest.raises(SimError, match=f"in use by process {os.getpid()}"):
        run_duel()
    assert lock.exists()


def test_a_lock_of_another_host_is_respected(run_duel: Run) -> None:
    folder = run_duel().path
    (folder / "run.lock").write_text("1\nelsewhere.example\n")
    with pytest.raises(SimError, match=r"elsewhere\.example"):
        run_duel()


def test_a_lock_that_cannot_be_written_is_an_expected_error(
    run_duel: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(number: int, content: bytes) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        with pytest.raises(SimError, match="No space left"):
            run_duel()
    assert not list(tmp_path.rglob("blocks"))
    run_duel()


def test_a_lock_of_a_dead_process_is_taken_over(run_duel: Run) -> None:
    folder = run_duel().path
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    lock = folder / "run.lock"
    lock.write_text(f"{gone.pid}\n{socket.gethostname()}\n")
    run_duel()
    assert not lock.exists()


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS])
def test_a_full_disk_is_told_and_loses_nothing(
    run_duel: Run, whole: Result, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, number: int
) -> None:
    written: list[Path] = []

    def refuse(path: Path, target: Path) -> None:
        written.append(target)
        if len(written) > 20:
            raise OSError(number, os.strerror(number))
        os.replace(path, target)

    with monkeypatch.context() as patch:
        patch.setattr(files.Path, "replace", refuse)
        with pytest.raises(SimError, match=os.strerror(number)):
            run_duel()
    (folder,) = tmp_path.iterdir()
    assert (folder / "blocks/000000.json").exists()
    assert not list(folder.rglob("*.tmp"))
    with pytest.raises(SimError, match="not finished"):
        open_result(folder)
    calls: list[tuple[Any, ...]] = []
    run_duel(progress=lambda *told: calls.append(told))
    assert calls[0][0] > 0
    assert stored_bytes(folder) == stored_bytes(whole.path)


@pytest.mark.parametrize(("seconds", "blocks_waited_for"), [(0.0, 4), (math.inf, 0)])
def test_a_block_is_waited_for_where_it_is_worth_it(
    run_duel: Run, monkeypatch: pytest.MonkeyPatch, seconds: float, blocks_waited_for: int
) -> None:
    settled: list[str] = []
    write = blocks.write_atomically

    def noted(path: Path, content: bytes, settle: bool = True) -> None:
        if settle:
            settled.append(path.name)
        write(path, content, settle)

    monkeypatch.setattr(blocks, "WORTH_WAITING", seconds)
    monkeypatch.setattr(blocks, "write_atomically", noted)
    run_duel()
    assert settled == [f"{block:06d}.json" for block in range(blocks_waited_for)]


def test_an_out_that_is_a_file_is_an_expected_error(run_duel: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SimError, match="cannot write"):
        run_duel(out=tmp_path / "file")
