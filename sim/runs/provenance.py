"""What a result was computed with: code, Python, packages."""

from __future__ import annotations

import hashlib
import platform
import subprocess
import sys
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

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
