"""A finished result that was damaged later: readers say so in one line, `sim run` mends it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sim.api import open_result
from sim.errors import SimError
from sim.runs.result import Result
from tests.unit.runs.helpers import stored_bytes

Damage = Callable[[Path], None]
CHUNK = "curves.zarr/platform_token_share/c.0.2.0.0"


@pytest.fixture
def folder(whole: Result, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole.path, tmp_path / whole.path.name))


def cut(name: str) -> Damage:
    def damage(folder: Path) -> None:
        content = (folder / name).read_bytes()
        (folder / name).write_bytes(content[: len(content) // 2])

    return damage


def gone(name: str) -> Damage:
    def damage(folder: Path) -> None:
        path = folder / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()

    return damage


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (cut(CHUNK), f"{CHUNK} is damaged"),
        (gone(CHUNK), f"{CHUNK} is missing"),
        (cut("curves.zarr/zarr.json"), "curves.zarr is damaged"),
        (cut("curves.zarr/profit/zarr.json"), "curves.zarr is damaged"),
        (cut("curves.zarr/point/c.0"), "curves.zarr is damaged"),
        (gone("curves.zarr/vendor"), "no labels of vendor"),
        (cut("blocks/000001.json"), "000001.json is damaged"),
    ],
)
def test_damaged_curves_are_not_read(
    folder: Path, whole: Result, run_duel: Callable[..., Result], damage: Damage, told: str
) -> None:
    damage(folder)
    with pytest.raises(SimError, match=told.replace(".", r"\.")) as refused:
        _ = open_result(folder).curves
    assert "\n" not in str(refused.value)
    mended = run_duel()
    assert mended.path == folder
    assert mended.curves.equals(whole.curves)


@pytest.mark.parametrize("content", [b"", b"PAR1 scrap PAR1"])
def test_a_damaged_table_of_runs_is_not_read(folder: Path, content: bytes) -> None:
    (folder / "runs.parquet").write_bytes(content)
    with pytest.raises(SimError, match=r"runs\.parquet is damaged"):
        _ = open_result(folder).runs


def test_a_table_of_something_else_is_not_read(folder: Path, whole: Result) -> None:
    whole.runs[["seed"]].to_parquet(folder / "runs.parquet")
    with pytest.raises(SimError, match="no column point, replicate"):
        _ = open_result(folder).runs


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"seed": "abc"}, "no valid seed"),
        ({"points": 3, "replicates": None}, "no valid replicates, points"),
        ({"points": [{}]}, "no valid points"),
    ],
)
def test_a_manifest_of_wrong_types_is_refused(
    folder: Path, changes: dict[str, Any], told: str
) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(manifest | changes))
    with pytest.raises(SimError, match=told):
        open_result(folder)


def test_a_manifest_of_brackets_is_refused(folder: Path) -> None:
    (folder / "manifest.json").write_bytes(b"[" * 100_000)
    with pytest.raises(SimError, match="no valid JSON"):
        open_result(folder)


def test_reading_changes_nothing(folder: Path) -> None:
    cut(CHUNK)(folder)
    before = stored_bytes(folder)
    with pytest.raises(SimError):
        _ = open_result(folder).curves
    assert stored_bytes(folder) == before
    assert not list(folder.rglob("*.bad-*"))
