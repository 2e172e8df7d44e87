"""Sweeps on a Dask cluster whose workers die and join while it runs."""

from __future__ import annotations

import importlib
import logging
import os
import signal
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest

from sim.errors import SimError
from sim.runs.curves import Grid
from sim.runs.executors import cluster_executor
from sim.runs.result import Result
from tests.unit.runs.helpers import stored_bytes
from tests.unit.study.conftest import loaded, run_sweep, whole_sweep
from tests.unit.study.markets import SlowMarket

distributed: Any = importlib.import_module("distributed")
__all__ = ["loaded", "run_sweep", "whole_sweep"]


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, dashboard_address=None, silence_logs=50
    ) as started:
        yield started


def test_bytes_are_the_same_when_one_worker_dies_and_another_joins_late(
    cluster: Any, run_sweep: Callable[..., Result], tmp_path: Any
) -> None:
    (first,) = [worker.pid for worker in cluster.workers.values()]
    seen: list[int] = []

    def disturb(done: int, total: int, failed: int, left: float | None) -> None:
        seen.append(done)
        if len(seen) == 5:
            cluster.scale(2)
            os.kill(first, signal.SIGKILL)

    with cluster_executor(cluster.scheduler_address) as executor:
        result = run_sweep(model=SlowMarket, executor=executor, progress=disturb)
    assert len(result.failed) == 0
    assert seen[-1] == 35
    straight = run_sweep(model=SlowMarket, workers=1, out=tmp_path / "straight")
    assert stored_bytes(result.path) == stored_bytes(straight.path)
    assert (
        len(list((result.path / "blocks").glob("*.json"))) == Grid(**result.manifest["grid"]).blocks
    )


def test_no_scheduler_is_an_expected_error(monkeypatch: pytest.MonkeyPatch) -> None:
    from sim.runs import executors as module

    monkeypatch.setattr(module, "PATIENCE_SECONDS", 0.5)
    with (
        pytest.raises(SimError, match=r"no scheduler answers at tcp://127\.0\.0\.1:9"),
        cluster_executor("tcp://127.0.0.1:9"),
    ):
        raise AssertionError


def of_the_web(peer: socket.socket) -> None:
    peer.recv(4_096)
    peer.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def at_random(peer: socket.socket) -> None:
    peer.sendall(os.urandom(4_096))


def of_zeros(peer: socket.socket) -> None:
    peer.sendall(bytes(4_096))


def silent(peer: socket.socket) -> None:
    peer.recv(4_096)


def greets_alone(peer: socket.socket) -> None:
    peer.sendall(struct.pack("QQ", 64, 2))
    with suppress(OSError):
        while peer.recv(65_536):  # waits with the client
            pass


def garbled(peer: socket.socket) -> None:
    peer.sendall(struct.pack("QQQ", 64, 1, 48) + b"\xc1" * 48)
    with suppress(OSError):  # hung up on
        peer.recv(65_536)


ANSWERS = (of_the_web, at_random, of_zeros, silent, socket.socket.close, greets_alone, garbled)


@pytest.mark.parametrize("answer", ANSWERS)
def test_a_peer_that_is_no_scheduler_is_an_expected_error(
    answer: Callable[[socket.socket], None],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    from sim.runs import executors as module

    monkeypatch.setattr(module, "PATIENCE_SECONDS", 0.5)
    for name in ("distributed.protocol.core", "distributed.core"):
        monkeypatch.setattr(logging.getLogger(name), "propagate", True)
        logging.getLogger(name).addHandler(caplog.handler)

    def serve() -> None:
        with suppress(OSError):  # the server is closed
            while True:
                threading.Thread(target=answer, args=server.accept()[:1], daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=serve, daemon=True).start()
        address = "tcp://{}:{}".format(*server.getsockname())
        began, said = time.monotonic(), "FormatError" if answer is garbled else "the peer"
        with (
            pytest.raises(SimError, match=f"no scheduler answers at {address}: {said}"),
            cluster_executor(address),
        ):
            raise AssertionError
    assert time.monotonic() - began < 15.0
    assert not caplog.records  # one line is said, by the error


def test_an_address_that_is_none_is_an_expected_error() -> None:
    with pytest.raises(SimError, match="no scheduler answers at here"), cluster_executor("here"):
        raise AssertionError


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(SimError, match="sim\\[cluster\\]"), cluster_executor("local-cluster"):
        raise AssertionError
