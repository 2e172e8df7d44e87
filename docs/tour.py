"""Make the pictures of the page's tour again: `python docs/tour.py [FOLDER]`.

Serves the main scenario, opens it in headless Chromium (`.ci/browser` installs it) and takes a
picture of each view at 1280 and 390 pixels, light and dark, into docs/pictures.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.browser.audit import chromium, started  # noqa: E402

PICTURES = ROOT / "docs" / "pictures"
PATIENCE = 240_000  # milliseconds
COLOURS = 128
SIZES = {1280: 900, 390: 844}
VIEWS = {
    "market": "Market",
    "sweep": "Sweep",
    "stories": "Stories",
    "stored": "Stored results",
    "take-away": "Take away",
}


def view(page: Page, name: str) -> None:
    """Open a view."""
    page.locator("nav").get_by_role("button", name=VIEWS[name], exact=True).click()


def played(page: Page, link: str) -> None:
    """What the tour tells: a state is pinned, a lever moved, a sweep filled in, a story told."""
    page.goto(link)
    page.wait_for_function("document.getElementById('badge')?.textContent", timeout=PATIENCE)
    page.get_by_role("button", name="Pin as A").click()
    page.locator("#lever-open_source-part").evaluate(
        "e => { e.value = 0; e.dispatchEvent(new Event('input', {bubbles: true})); }"
    )
    page.wait_for_function(
        "/[1-9]/.test(document.getElementById('paired')?.textContent)", timeout=PATIENCE
    )
    view(page, "sweep")
    page.locator("#sweep-x").select_option("lever open_source")
    page.locator("#sweep-y").select_option("lever scale")
    page.locator("#sweep-go").click()
    page.wait_for_function(
        "/^([5-9]|\\d\\d) of/.test(document.getElementById('sweep-said').textContent)",
        timeout=4 * PATIENCE,
    )
    page.locator("#sweep-go").click()
    view(page, "stories")
    page.get_by_role("button", name="Volcano Engine").click()
    page.wait_for_function(
        "document.querySelector('pre.story').textContent.includes('profit')", timeout=PATIENCE
    )
    view(page, "stored")
    page.get_by_role("button", name="posterior").first.click()
    page.wait_for_selector("section[aria-label=Posterior] table")


def taken(page: Page, folder: Path) -> None:
    """A picture of each view in each size and theme."""
    for scheme in ("light", "dark"):
        if page.locator("html").get_attribute("data-theme") != scheme:
            page.get_by_role("button", name="Dark or light").click()
        for width, height in SIZES.items():
            page.set_viewport_size({"width": width, "height": height})
            for name in VIEWS:
                view(page, name)
                page.evaluate("scrollTo(0, 0)")
                page.wait_for_timeout(800)
                path = folder / f"page-{name}-{width}-{scheme}.png"
                page.screenshot(path=path)
                Image.open(path).convert("RGB").quantize(COLOURS).save(path, optimize=True)


def main() -> int:
    """Serve, play, take pictures."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else PICTURES
    folder.mkdir(parents=True, exist_ok=True)
    path = chromium()
    if path is None:
        print("no Chromium: run .ci/browser", file=sys.stderr)
        return 2
    code = "from sim.cli import main; main(['serve', '--demo', '--no-browser'])"
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    with tempfile.TemporaryDirectory() as place, started(path) as browser:
        process = subprocess.Popen(
            [sys.executable, "-c", code],
            cwd=place,
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert process.stdout is not None
            found = re.search(r"http://\S+", process.stdout.readline())
            assert found is not None
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            page.set_default_timeout(PATIENCE)
            played(page, found[0])
            taken(page, folder)
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(60)
    return 0


if __name__ == "__main__":
    sys.exit(main())
