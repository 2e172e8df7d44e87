"""Whether a stored verdict is the one that this code gives of these runs."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from sim.analysis.verdict.horizon import HORIZON
from sim.runs.files import sha256, write_atomically
from sim.runs.result import Result

NOTE = "judged.sha256"
ROOM = Path(__file__).resolve().parent


@cache
def code_of_verdicts() -> str:
    """SHA-256 over the source files that judge, by name and content."""
    digest = hashlib.sha256()
    for path in sorted(ROOM.rglob("*.py")):
        digest.update(f"{path.relative_to(ROOM).as_posix()}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def is_judged(result: Result) -> bool:
    """Whether the stored verdict was given by this code, of these runs and their horizon."""
    note = result.path / NOTE
    return note.is_file() and note.read_text(encoding="utf-8") == _sum(result)


def note_judged(result: Result) -> None:
    """Remember by which code and of what the stored verdict was given."""
    write_atomically(result.path / NOTE, _sum(result).encode())


def _sum(result: Result) -> str:
    """One sum of the code and of the files that a verdict is made of and written to."""
    files = [result.judgement_path, result.path / HORIZON, result.path / "manifest.json"]
    if result.is_sweep:
        from sim.analysis.sweep import FINDINGS

        files.append(result.path / FINDINGS)
    parts = [sha256(file.read_bytes()) if file.is_file() else "" for file in files]
    return sha256(" ".join([code_of_verdicts(), *parts]).encode())
