"""A page in headless Chromium: what axe finds, what it asks the network for, what sticks out."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

WIDE, PHONE = 1200, 390
HEIGHT = 844
GRAVE = ("serious", "critical")
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def chromium() -> str | None:
    """The browser of this machine; `.ci/browser` installs one."""
    found = (shutil.which(name) for name in BROWSERS)
    return os.environ.get("CHROMIUM") or next((path for path in found if path), None)


@contextmanager
def started(path: str) -> Iterator[Browser]:
    """A headless browser."""
    with sync_playwright() as play:
        # Containers seldom allow the sandbox, and hold little shared memory.
        browser = play.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield browser
        browser.close()


@contextmanager
def shown(browser: Browser, url: str, width: int = WIDE) -> Iterator[tuple[Page, list[str]]]:
    """A page at a width of the screen, and every request that it made, the first one its own."""
    page = browser.new_page(viewport={"width": width, "height": HEIGHT})
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(url, wait_until="load")
    yield page, asked
    page.close()


def grave_findings(page: Page) -> list[str]:
    """Serious and critical findings of axe: the rule, how often, the first element."""
    found = Axe().run(page).response["violations"]
    return [
        f"{one['impact']} {one['id']}: {one['help']} ({len(one['nodes'])} elements, first "
        f"{one['nodes'][0]['html'][:200]})"
        for one in found
        if one["impact"] in GRAVE
    ]


WIDER = """
() => {
  const wide = document.documentElement.clientWidth + 1;
  const scrolls = node => node && (/auto|scroll/.test(getComputedStyle(node).overflowX)
    || scrolls(node.parentElement));
  return [...document.querySelectorAll("body *")]
    .filter(node => node.getBoundingClientRect().right > wide && !scrolls(node.parentElement)
      && !node.closest("svg"))
    .map(node => node.outerHTML.slice(0, 120));
}
"""


def too_wide(page: Page) -> list[str]:
    """Elements that reach beyond the right edge of the screen and lie in no box that scrolls."""
    return page.evaluate(WIDER)


def screenshot(page: Page, path: Path) -> None:
    """The whole page as a picture."""
    page.screenshot(path=str(path), full_page=True)
