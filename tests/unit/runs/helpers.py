"""What the tests of experiments share."""

from __future__ import annotations

import hashlib
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any


def stored_bytes(folder: Path) -> dict[str, str]:
    """Hash of every file that must not depend on how the ensemble was run."""
    files = [folder / "runs.parquet", *(folder / "curves.zarr").rglob("*")]
    kept = [path for path in files if path.is_file() and ".bad-" not in path.name]
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in kept
    }


class BackwardsExecutor(Executor):
    """Runs what it was given last first, once it has all of it."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.waiting: list[tuple[Future[Any], Any, tuple[Any, ...]]] = []

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        self.waiting.append((future, fn, args))
        if len(self.waiting) == self.count:
            for given, function, arguments in reversed(self.waiting):
                given.set_result(function(*arguments))
        return future
