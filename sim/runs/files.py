"""Files that appear as a whole or not at all, and the lock of a result folder."""

from __future__ import annotations

import errno
import filecmp
import hashlib
import json
import os
import platform
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, BinaryIO

from filelock import SoftFileLock, Timeout

from sim import files
from sim.errors import SimError
from sim.files import LARGEST_DOCUMENT


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
        if files.refuse_irregular(path):
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
    files.refuse_irregular(path)
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
        return open(path, "wb", opener=_opener)
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        return open(path, "wb", opener=_opener)


def _opener(path: str, flags: int) -> int:
    # A name that somebody made a link or a pipe is neither followed nor waited for.
    careful = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    return os.open(path, flags | careful, 0o666)


SCARCE = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO)


def cannot_write(path: Path, error: OSError) -> SimError:
    """The error of a disk that refuses: nothing that was finished is lost."""
    reason = f"cannot write {files.brief(path)}: {error.strerror or error}"
    if error.errno not in SCARCE:
        return SimError(reason)
    return SimError(
        f"{reason}; nothing that is finished is lost, and the same command goes on from there "
        "once there is room and permission"
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
    if files.refuse_irregular(path):
        if os.stat(path).st_size == len(content) and files.read_bytes(path) == content:
            return
        set_aside(path, "old")
    write_atomically(path, content, settle)
    if path.suffix == ".json" and (path.parent / "manifest.json").exists():
        _enter(path, content)


FINDINGS = "findings.sha256"
"""Hashes of the findings of a result folder, as `sha256sum -c` reads them."""


def _enter(path: Path, content: bytes) -> None:
    held = {**listed_findings(path.parent), path.name: sha256(content)}
    lines = [f"{held[name]}  {name}\n" for name in sorted(held)]
    write_atomically(path.parent / FINDINGS, "".join(lines).encode())


def listed_findings(folder: Path) -> dict[str, str]:
    """Hashes of the findings that were written into a result folder, by name."""
    try:
        text = files.read_text(folder / FINDINGS, LARGEST_DOCUMENT, folder)
    except files.FileError:
        return {}
    pairs = (line.partition("  ") for line in text.splitlines())
    return {name: digest for digest, _, name in pairs if name}


def write_own(
    path: Path, content: bytes, head: int = files.SAME_HEAD, keep_old: bool = False
) -> None:
    """Write a file at a path that the user names, over our own alone; `keep_old` puts it aside.

    Ours begins with the same `head` bytes. FileError for any other, and for what is no file.
    """
    path = path.resolve()
    files.refuse_foreign(path, content, head)
    (write_once if keep_old else write_atomically)(path, content)


def read_json(path: Path, root: Path | None = None) -> dict[str, Any]:
    """A JSON object from a file of a folder, `root` or its own.

    SimError if there is no such file, it leads out of the folder, or it holds no JSON object.
    """
    try:
        document = files.json_of(files.read_bytes(path, LARGEST_DOCUMENT, root or path.parent))
    except files.FileError as error:
        raise SimError(f"cannot read {path}: {error.rule}") from error
    except ValueError as error:
        raise SimError(f"cannot read {path}: no valid JSON ({error})") from None
    if not isinstance(document, dict):
        raise SimError(f"cannot read {path}: no JSON object")
    return document


LOCK = "run.lock"
LARGEST_LOCK = 4_096


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold a result folder for this process alone.

    `filelock.SoftFileLock` makes a file with process and host in it, which works on shared disks.
    The lock of a process that no longer lives on this host is taken over; one of another host is
    respected, since nobody here can tell whether it lives. SimError if another process holds it, or
    the folder cannot be written.
    """
    path = folder / LOCK
    files.refuse_irregular(path)
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
        _clear_halves(folder)
        yield
    finally:
        _clear_halves(folder)  # of workers that outlived their parent for a moment
        lock.release()


def _clear_halves(folder: Path) -> None:
    """Take away what processes of this host had half written when they were killed."""
    mine = f".{_host()}"
    for path in folder.rglob(".*.tmp"):
        head, _, pid = path.name.removesuffix(".tmp").rpartition(".")
        if head.endswith(mine) and pid.isdecimal() and not _lives(int(pid)):
            with suppress(OSError):
                path.unlink()


def _lives(pid: int) -> bool:
    """Whether a process of this host is there; True where that cannot be asked."""
    if os.name == "nt":
        return True
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        pass
    return True


def _holder(lock: Path) -> str:
    try:
        pid, host, *_ = files.read_text(lock, LARGEST_LOCK).splitlines()
        return f"process {int(pid)} on {host}"
    except (files.FileError, ValueError):
        return ""


def holder_of(folder: Path) -> str:
    """Who is at work in a folder, in words; empty if nobody is known to be."""
    holder = _holder(folder / LOCK)
    pid = SoftFileLock(folder / LOCK).pid
    if pid is None or not holder.endswith(f" on {_host()}") or _lives(pid):
        return holder
    return ""


PACKAGE = Path(__file__).resolve().parent.parent
# Code that decides which numbers come out; the rest only moves, judges or draws them.
DECIDES = (
    "*.py",
    "economics/**/*.py",
    "events/**/*.py",
    "market/**/*.py",
    "measures/**/*.py",
    "numeric/**/*.py",
    "scenario/**/*.py",
    "strategies/**/*.py",
    "runs/run.py",
    "runs/worlds.py",
)
LIBRARIES = ("mesa", "numba", "numpy", "pandas", "pyarrow", "pydantic", "scipy", "xarray", "zarr")
GIT_SECONDS = 5.0


@cache
def code_fingerprint() -> str:
    """SHA-256 over the source files that decide the numbers, by name and content."""
    digest = hashlib.sha256()
    for path in sorted({path for pattern in DECIDES for path in PACKAGE.glob(pattern)}):
        digest.update(f"{path.relative_to(PACKAGE).as_posix()}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


@cache
def package_version(name: str) -> str:
    """Version of an installed package, empty if it is not installed."""
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def _git(*arguments: str) -> str | None:
    try:
        answer = subprocess.run(
            ["git", "-C", str(PACKAGE), *arguments],
            capture_output=True,
            text=True,
            timeout=GIT_SECONDS,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.strip()


@cache
def git_commit() -> tuple[str | None, bool | None]:
    """Commit of the project's checkout and whether files differ from it; None if unknown."""
    # A package installed inside somebody else's checkout must not borrow that commit.
    top = _git("rev-parse", "--show-toplevel")
    if top is None or Path(top).resolve() != PACKAGE.parent:
        return None, None
    commit = _git("rev-parse", "HEAD")
    changes = _git("status", "--porcelain", "--", "sim") if commit else None
    return commit, None if changes is None else bool(changes)


def made_with() -> dict[str, Any]:
    """Versions of code, Python and packages, ready for JSON."""
    commit, changed = git_commit()
    return {
        "code": {
            "version": package_version("sim"),
            "fingerprint": code_fingerprint(),
            "commit": commit,
            "changed_since_commit": changed,
        },
        "python": platform.python_version(),
        "platform": platform.platform(),
        "packages": {name: package_version(name) for name in LIBRARIES},
        "command": list(sys.argv),
    }
