"""What is kept on disk of compiled kernels is used only by the code it was made from."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest

from sim.numeric import compiled


def _nothing(x: Any) -> None:
    x[0] = 0.0


def test_kernels_are_made_anew_when_an_inlined_file_changes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    inlined = tmp_path / "numeric" / "elementary.py"
    for path in (tmp_path / "market" / "choice.py", inlined):
        path.parent.mkdir()
        path.write_text("x = 1\n")
    monkeypatch.setattr(compiled, "__file__", str(tmp_path / "numeric" / "compiled.py"))

    def stamp() -> Any:
        compiled.source_stamp.cache_clear()
        return compiled.kernel(_nothing).compiled._cache._cache_file._source_stamp

    before = stamp()
    assert stamp() == before == compiled.source_stamp()
    inlined.write_text("x = 1  # longer\n")
    assert stamp() != before
    compiled.source_stamp.cache_clear()


def test_an_index_that_names_types_that_have_moved_is_not_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    index = tmp_path / "kernel.nbi"
    moved = b"cno.such.module\nType\n."
    with pytest.raises(ModuleNotFoundError):
        pickle.loads(moved)
    file = compiled.kernel(_nothing).compiled._cache._cache_file
    monkeypatch.setattr(file, "_index_path", str(index))
    index.write_bytes(pickle.dumps(f"{file._version} of other files") + moved)
    assert file._load_index() == {}


def test_the_stamp_covers_all_folders_that_hold_compiled_code() -> None:
    package = Path(compiled.__file__).parents[1]
    files = [path for name in compiled.COMPILED for path in (package / name).rglob("*.py")]
    assert compiled.source_stamp()[1] == sum(path.stat().st_size for path in files)
    holding = {
        path.relative_to(package).parts[0]
        for path in package.rglob("*.py")
        if "sim.numeric.compiled import" in path.read_text()
    }
    assert holding == set(compiled.COMPILED)
