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
from types import TracebackType
from typing import Any, BinaryIO

from sim.errors import SimError


def sha256(content: bytes) -> str:
    """Hexadecimal SHA-256 of some bytes."""
    return hashlib.sha256(content).hexdigest()


def json_bytes(document: Any) -> bytes:
    """JSON text in a fixed form, so that equal documents have equal bytes.

    Raises
    ------
    ValueError
        A number is not finite, which JSON has no word for.
    """
    text = json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False)
    return (text + "\n").encode()


def write_atomically(path: Path, content: bytes, settle: bool = True) -> None:
    """Write a file so that a crash at any moment leaves the old one or the new one.

    Parameters
    ----------
    path, content
        What is written where.
    settle
        Wait until the disk has it, so that this holds for a power cut too. Needless for a file
        whose hash stands in another that is written after it.

    Raises
    ------
    SimError
        The disk is full or may not be written; no half-written file stays behind.
    """
    with _whole(path) as (file, temporary):
        file.write(content)
        _settle(file) if settle else file.close()
        temporary.replace(path)


def stream_once(path: Path, write: Callable[[BinaryIO], object], word: str = "old") -> None:
    """As `write_once`, for content that is written piece by piece and never held as a whole.

    Raises
    ------
    SimError
        As `write_atomically`.
    """
    with _whole(path) as (file, temporary):
        write(file)
        _settle(file)
        if path.exists():
            if filecmp.cmp(path, temporary, shallow=False):
                return
            set_aside(path, word)
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
    """What to tell when the disk refuses: nothing that was finished is lost."""
    reason = error.strerror or str(error)
    return SimError(
        f"cannot write {path}: {reason}; nothing that is finished is lost, and the same command "
        "goes on from there once there is room and permission"
    )


def set_aside(path: Path, word: str) -> Path:
    """Rename a file to the first free `<name>.<word>-N`; nothing is deleted.

    Raises
    ------
    SimError
        The folder may not be written.
    """
    number = 1
    while (aside := path.with_name(f"{path.name}.{word}-{number}")).exists():
        number += 1
    try:
        path.rename(aside)
    except OSError as error:
        raise cannot_write(path, error) from error
    return aside


def write_once(path: Path, content: bytes, word: str = "old", settle: bool = True) -> None:
    """Write a file unless it is there already; one with other content is put aside first.

    `settle` as for `write_atomically`.

    Raises
    ------
    SimError
        As `write_atomically`.
    """
    if path.exists():
        if path.read_bytes() == content:
            return
        set_aside(path, word)
    write_atomically(path, content, settle)


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object from a file.

    Raises
    ------
    SimError
        There is no such file, or it holds no JSON object.
    """
    try:
        document = json.loads(path.read_bytes())
    except OSError as error:
        raise SimError(f"cannot read {path}: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        raise SimError(f"cannot read {path}: no valid JSON ({error})") from error
    if not isinstance(document, dict):
        raise SimError(f"cannot read {path}: no JSON object")
    return document


NAME = "run.lock"


class FolderLock:
    """A lock file made atomically, with the process and the host that hold it.

    A lock of a process that no longer lives on this host is taken over; one of another host is
    respected, for nobody here can tell whether it lives.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / NAME
        self._mine = json.dumps({"pid": os.getpid(), "host": socket.gethostname()}).encode()

    def __enter__(self) -> FolderLock:
        while not self._create(self._mine):
            held = self._read()
            if held is not None and not _is_stale(held):
                raise SimError(self._refusal(held))
            self._take_away(held)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._read() == self._mine:
            self.path.unlink(missing_ok=True)

    def _create(self, content: bytes) -> bool:
        made = False
        try:
            with self.path.open("xb") as file:
                made = True
                file.write(content)
        except FileExistsError:
            return False
        except OSError as error:
            if made:
                # An empty lock would look like that of somebody else.
                self.path.unlink(missing_ok=True)
            raise cannot_write(self.path, error) from error
        return True

    def _read(self) -> bytes | None:
        try:
            return self.path.read_bytes()
        except FileNotFoundError:
            return None

    def _take_away(self, held: bytes | None) -> None:
        """Remove a stale lock; give it back if another process was quicker."""
        if held is None:
            return
        taken = self.path.with_name(f"{NAME}.{os.getpid()}.stale")
        try:
            self.path.rename(taken)
        except FileNotFoundError:
            return
        found = taken.read_bytes()
        taken.unlink()
        if found != held:
            self._create(found)

    def _refusal(self, held: bytes) -> str:
        holder = _holder(held)
        return (
            f"{self.path.parent} is in use by process {holder.get('pid', '?')} on "
            f"{holder.get('host', '?')}; wait for it, or delete {self.path} if it is gone"
        )


def _holder(held: bytes) -> dict[str, object]:
    try:
        holder = json.loads(held)
    except ValueError:
        return {}
    return holder if isinstance(holder, dict) else {}


def _is_stale(held: bytes) -> bool:
    holder = _holder(held)
    pid = holder.get("pid")
    if holder.get("host") != socket.gethostname() or not isinstance(pid, int) or os.name == "nt":
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


def holder_of(folder: Path) -> str:
    """Who is at work in a folder, in words; empty if nobody is known to be."""
    try:
        held = (folder / NAME).read_bytes()
    except OSError:
        return ""
    if _is_stale(held):
        return ""
    holder = _holder(held)
    return f"process {holder.get('pid', '?')} on {holder.get('host', '?')}"
