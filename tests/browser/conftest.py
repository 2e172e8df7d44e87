"""One browser for all tests. Without one they fail; without the extra none is collected."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

if importlib.util.find_spec("axe_playwright_python") is None:
    collect_ignore_glob = ["test_*.py"]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    from tests.browser.audit import chromium, started

    path = chromium()
    if path is None:
        pytest.fail("no Chromium: run .ci/browser")
    with started(path) as one:
        yield one
