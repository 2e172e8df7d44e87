"""The notebooks of docs/ run, and show what they show."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.docs.scripts import ROOT, script

nbformat = pytest.importorskip("nbformat", reason="the extra docs runs notebooks")
pytest.importorskip("nbclient")
pytest.importorskip("ipykernel")
HASH = re.compile("-[0-9a-f]{8}")  # of a folder: it depends on the code
NAMES = ("first-market", "own-strategy")


def shown(notebook: Any) -> list[list[str]]:
    """Text of every output of every cell."""
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    return [
        [
            HASH.sub("-", "".join(out.get("text", out.get("data", {}).get("text/plain", ""))))
            for out in cell.outputs
        ]
        for cell in cells
    ]


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_runs_anew_and_shows_the_same(name: str) -> None:
    build = script("build")
    path = ROOT / "docs" / "notebooks" / f"{name}.ipynb"
    kept = nbformat.read(path, as_version=4)
    assert any(out for cell in shown(kept) for out in cell)
    assert shown(build.executed(path)) == shown(kept)
    pictures = [
        out
        for cell in kept.cells
        if cell.cell_type == "code"
        for out in cell.outputs
        if "image/png" in out.get("data", {})
    ]
    assert pictures, "a notebook shows a picture"
    assert path.stat().st_size < 300_000
