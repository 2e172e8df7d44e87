"""Files that appear as a whole or not at all, and the lock of a result folder."""

from __future__ import annotations

import filecmp
import hashlib
import json
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO

from filelock import SoftFileLock, Timeout

from sim.errors import SimError


def sha256(content: bytes) -> str:
    """Hexadecimal SHA-256 of some bytes."""
    return hashlib.sha256(content).hexdigest()


def json_bytes(document: Any) -> bytes:
    """JSON text in a fixed form, so that equal documents have equal bytes.

    ValueError if a number is not finite, which JSON cannot hold.
    """
    text = json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False)
    return (text + "\n").encode()


def write_atomically(path: Path, content: bytes, settle: bool = True) -> None:
    """Write a file so that a crash at any moment leaves the old one or the new one.

    `settle` waits until the disk has it, so that this holds for a power cut too; needless for a
    file whose hash stands in another that is written after it. SimError if the disk is full or may
    not be written; no half-written file stays behind.
    """
    with _whole(path) as (file, temporary):
        file.write(content)
        _settle(file) if settle else file.close()
        temporary.replace(path)


def stream_once(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """As `write_once`, for content that is written piece by piece and never held as a whole.

    SimError as `write_atomically`.
    """
    with _whole(path) as (file, temporary):
        write(file)
        _settle(file)
        if path.exists():
            if filecmp.cmp(path, temporary, shallow=False):
                return
            set_aside(path, "old")
        temporary.replace(path)


def _settle(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())
    file.close()


@cache
def _host() -> str:
    return socket.gethostname()


@contextmanager
def _whole(path: Path) -> Iterator[tuple[BinaryIO, Path]]:
    # On a shared disk two hosts may use the same process number.
    temporary = path.with_name(f".{path.name}.{_host()}.{os.getpid()}.tmp")
    try:
        try:
            with _opened(temporary) as file:
                yield file, temporary
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise cannot_write(path, error) from error


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("wb")
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("wb")


def cannot_write(path: Path, error: OSError) -> SimError:
    """The error of a disk that refuses: nothing that was finished is lost."""
    reason = error.strerror or str(error)
    return SimError(
        f"cannot write {path}: {reason}; nothing that is finished is lost, and the same command "
        "goes on from there once there is room and permission"
    )


def set_aside(path: Path, word: str) -> Path:
    """Rename a file to the first free `<name>.<word>-N`; nothing is deleted.

    SimError if the folder may not be written.
    """
    number = 1
    while (aside := path.with_name(f"{path.name}.{word}-{number}")).exists():
        number += 1
    try:
        path.rename(aside)
    except OSError as error:
        raise cannot_write(path, error) from error
    return aside


def write_once(path: Path, content: bytes, settle: bool = True) -> None:
    """Write a file unless it is there already; one with other content is put aside first.

    `settle` as for `write_atomically`. SimError as `write_atomically`.
    """
    if path.exists():
        if path.read_bytes() == content:
            return
        set_aside(path, "old")
    write_atomically(path, content, settle)


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object from a file. SimError if there is no such file, or it holds no JSON object."""
    try:
        document = json.loads(path.read_bytes())
    except OSError as error:
        raise SimError(f"cannot read {path}: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        raise SimError(f"cannot read {path}: no valid JSON ({error})") from error
    if not isinstance(document, dict):
        raise SimError(f"cannot read {path}: no JSON object")
    return document


LOCK = "run.lock"


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold a result folder for this process alone.

    `filelock.SoftFileLock` makes a file with process and host in it, which works on shared disks.
    The lock of a process that no longer lives on this host is taken over; one of another host is
    respected, since nobody here can tell whether it lives. SimError if another process holds it, or
    the folder cannot be written.
    """
    path = folder / LOCK
    lock = SoftFileLock(path, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        holder = _holder(path) or "an unknown process"
        raise SimError(
            f"{folder} is in use by {holder}; wait for it, or delete {path} if it is gone"
        ) from None
    except OSError as error:
        raise cannot_write(path, error) from error
    try:
        yield
    finally:
        lock.release()


def _holder(lock: Path) -> str:
    try:
        pid, host, *_ = lock.read_text().splitlines()
    except (OSError, ValueError):
        return ""
    return f"process {pid} on {host}"


def holder_of(folder: Path) -> str:
    """Who is at work in a folder, in words; empty if nobody is known to be."""
    holder = _holder(folder / LOCK)
    pid = SoftFileLock(folder / LOCK).pid
    if not holder.endswith(f" on {socket.gethostname()}") or pid is None or os.name == "nt":
        return holder
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return ""
    except PermissionError:
        pass
    return holder
