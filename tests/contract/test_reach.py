"""Every function of the package is reached by a product path, known-answer adapters aside."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests import reach


@pytest.mark.slow
def test_only_a_function_that_nobody_calls_is_unreached(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shutil.copy(reach.ROOT.parent / "pyproject.toml", tmp_path)
    package = tmp_path / "sim"
    shutil.copytree(reach.ROOT, package, ignore=shutil.ignore_patterns("__pycache__"))
    with (package / "months.py").open("a") as file:
        file.write("\n\ndef never_called() -> None:\n    pass\n")
    monkeypatch.setattr(reach, "ROOT", package)
    assert reach.unreached() == ["sim.months.never_called"]
