"""One run at a time in a result folder."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path
from types import TracebackType

from sim.errors import SimError
from sim.experiment.files import cannot_write

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
