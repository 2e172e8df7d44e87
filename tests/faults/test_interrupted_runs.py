from __future__ import annotations

import json
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

from benchmarks import kills
from sim.runs.ensemble import run_ensemble
from sim.runs.result import Result
from sim.runs.settings import RunSettings
from tests.unit.runs.fake_market import DyingMarket, SlowMarket
from tests.unit.runs.helpers import stored_bytes

Run = Callable[..., Result]

SCRIPT = """
import sys
from sim.runs.ensemble import run_ensemble
from sim.runs.settings import RunSettings
from sim.scenario.reader import load
from tests.unit.runs.fake_market import DUEL, SlowMarket

run_ensemble(load(DUEL), RunSettings(sys.argv[1], workers=1), model=SlowMarket)
"""


PARENT = """
import os
import time
from sim.runs.executors import local_pool

if __name__ == "__main__":
    pool = local_pool(2)
    print(pool.submit(os.getpid).result(), flush=True)
    time.sleep(60)
"""


def interrupting(after: int) -> Callable[..., None]:
    def progress(done: int, total: int, failed: int, seconds_left: float | None) -> None:
        if done == after:
            os.kill(os.getpid(), signal.SIGINT)

    return progress


@pytest.mark.parametrize("workers", [1, 2])
def test_an_interrupt_keeps_what_is_done_and_the_same_call_goes_on(
    run_duel: Run, whole: Result, tmp_path: Path, workers: int
) -> None:
    handler = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        run_duel(workers=workers, replicates=8, progress=interrupting(after=7))
    assert signal.getsignal(signal.SIGINT) is handler
    (folder,) = tmp_path.iterdir()
    receipts = len(list((folder / "blocks").glob("*.json")))
    assert 1 <= receipts < 8
    assert json.loads((folder / "manifest.json").read_text())["status"] == "interrupted"
    assert not (folder / "runs.parquet").exists()
    calls: list[tuple[Any, ...]] = []
    run_duel(replicates=8, progress=lambda *told: calls.append(told))
    assert calls[0][:2] == (receipts * 7, 56)
    straight = run_duel(replicates=8, out=tmp_path / "straight")
    assert stored_bytes(folder) == stored_bytes(straight.path)
    assert len(json.loads((folder / "manifest.json").read_text())["sessions"]) == 2


def test_a_killed_run_goes_on_and_takes_its_lock_over(
    duel: Any, run_duel: Run, tmp_path: Path
) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(tmp_path / "killed")],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
    )
    deadline = time.monotonic() + 20.0
    while not list(tmp_path.rglob("000001.json")) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.kill()
    process.wait()
    assert list(tmp_path.rglob("000001.json"))
    (lock,) = tmp_path.rglob("run.lock")
    halves = [lock.with_name(f".c.{n}.{socket.gethostname()}.{n}.tmp") for n in (process.pid, 1)]
    for half in halves:
        half.write_bytes(b"half")
    again = run_ensemble(duel, RunSettings(workers=1, out=tmp_path / "killed"), model=SlowMarket)
    straight = run_ensemble(
        duel, RunSettings(workers=1, out=tmp_path / "straight"), model=SlowMarket
    )
    assert stored_bytes(again.path) == stored_bytes(straight.path)
    assert again.manifest["sessions"][-1]["reused"] >= 1
    assert [half.exists() for half in halves] == [False, True]  # process 1 lives


def test_workers_end_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(PARENT)
    parent = subprocess.Popen(
        [sys.executable, str(script)],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert parent.stdout is not None
    worker = int(parent.stdout.readline())
    os.kill(worker, 0)
    parent.kill()
    parent.wait()
    deadline = time.monotonic() + 10.0
    while is_running(worker) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not is_running(worker)


def is_running(process: int) -> bool:
    """Whether a process is there and no zombie that nobody has buried yet."""
    try:
        stat = Path(f"/proc/{process}/stat").read_text()
    except FileNotFoundError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def test_a_block_that_kills_its_worker_twice_is_failed_and_the_others_are_done(
    run_duel: Run,
) -> None:
    result = run_duel(workers=2, model=DyingMarket)
    assert set(result.failed["replicate"]) == {1}
    assert set(result.failed["stage"]) == {"worker"}
    assert len(result.failed) == 7
    assert result.sound_replicates("on") == [0, 2, 3]
    assert not (result.path / "blocks/000001.json").exists()


def test_a_script_without_a_guard_is_told_what_to_do(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT.replace("workers=1", "workers=2"))
    found = subprocess.run(
        [sys.executable, str(script), str(tmp_path / "out")],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
    )
    assert found.returncode != 0
    assert '__name__ == "__main__"' in found.stderr.splitlines()[-1]


@pytest.mark.slow
def test_a_verb_that_is_ended_by_signals_comes_to_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(
        kills.VERBS, "compare", "tiny.toml other.toml --replicates 16 --clients 2000 --point"
    )
    tally = kills.disturbed("compare", tmp_path, 2, np.random.default_rng(1))
    assert tally.wrong == []
    assert (sum(tally.sent.values()), tally.again) == (2, 0)
    assert all(0 < stood < tally.blocks for stood in tally.stood)
    assert tally.ends >= 1
