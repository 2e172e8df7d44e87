"""Settings that hold for all tests."""

import gc
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.figures import without_layout

FIRST = (  # files that take longest, or need no compiled kernel while others compile them
    "tests/docs/test_docs.py",
    "tests/contract/test_typed_phases.py",
    "tests/unit/analysis/test_inference.py",
    "tests/theory/test_laws_matter.py",
    "tests/unit/plot/test_layout.py",
)
LOOKED_AT = ("tests/browser", "tests/unit/plot")  # where figures are
SELDOM = 100_000  # new objects between two searches for garbage; Python's own number is 700

# Tests start some hundred processes, and each would compile the package anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# first examples pay for lazy imports and compilation, so single examples have no time limit
settings.register_profile("sim", deadline=None)
settings.load_profile("sim")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Two processes take one file after the other: none is long where the other has no more."""

    def place(item: pytest.Item) -> int:
        name = Path(item.path).relative_to(config.rootpath).as_posix()
        return FIRST.index(name) if name in FIRST else len(FIRST)

    items.sort(key=place)


def pytest_collection_finish() -> None:
    """Modules and tests live to the end: later searches for garbage are few and leave them out."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(SELDOM)


@pytest.fixture(autouse=True, scope="module")
def figures_are_not_laid_out(request: pytest.FixtureRequest) -> Iterator[None]:
    """The layout takes half of the time of a figure, and nobody looks at it elsewhere."""
    name = request.path.relative_to(request.config.rootpath).as_posix()
    with pytest.MonkeyPatch.context() as patch:
        if not name.startswith(LOOKED_AT):
            without_layout(patch)
        yield
