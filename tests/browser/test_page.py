"""The page as a user meets it: levers, answers, A and B, errors, two windows, keyboard, phone."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.audit import HEIGHT, PHONE, WIDE, grave_findings, too_wide

pytest.importorskip("nicegui", reason="the page needs the extra: pip install 'sim[web]'")
pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
PATIENCE = 240_000  # milliseconds: other tests may run at the same time
SMALL = "s=tiny&c=population.clients%3D100"  # for every window runs its market anew
LEVER = "#lever-full_stack-part"
VIEWS = ("Market", "Sweep", "Stories", "Stored results", "Take away")


class Served(NamedTuple):
    """The link that opens a page, and the process that serves it."""

    link: str
    process: subprocess.Popen[str]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    code = "from sim.cli import main; main(['serve', 'tiny', '--no-browser'])"
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    folder = tmp_path_factory.mktemp("page")
    command = [sys.executable, "-c", code]
    process = subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    found = re.search(r"http://\S+", process.stdout.readline())
    assert found is not None
    yield Served(found[0], process)
    process.send_signal(signal.SIGINT)
    process.wait(30)


@pytest.fixture(scope="module")
def link(served: Served) -> str:
    return served.link


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    made = browser.new_context(viewport={"width": WIDE, "height": HEIGHT})
    made.set_default_timeout(PATIENCE)
    expect.set_options(timeout=PATIENCE)
    yield made
    made.close()


def opened(context: BrowserContext, link: str) -> Page:
    """A window after its first answer."""
    page = context.new_page()
    page.goto(link)
    expect(page.locator("#badge")).to_contain_text("8 full runs")
    expect(page.locator("#verdict")).to_contain_text(re.compile("ontained|Not known"))
    return page


def slide(page: Page, selector: str, value: float) -> None:
    """Move a slider as a pointer does."""
    page.locator(selector).evaluate(
        "(e, v) => { e.value = v; e.dispatchEvent(new Event('input', {bubbles: true})); }", value
    )


def view(page: Page, name: str) -> None:
    page.locator("nav").get_by_role("button", name=name, exact=True).click()


def test_a_moved_lever_changes_curves_and_answer_and_b_is_held_against_a(
    context: BrowserContext, link: str
) -> None:
    link = f"{link}&{SMALL}"
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("websocket", lambda socket: asked.append(socket.url))
    page.goto(link)
    expect(page.locator("#badge")).to_contain_text("8 full runs")
    effect = page.locator("#effect").inner_text()
    curve = page.evaluate(MEDIAN)

    slide(page, LEVER, 0.0)
    expect(page.locator("#effect")).not_to_have_text(effect)
    assert page.evaluate(MEDIAN) != curve
    assert "levers.full_stack.intensity" in page.url
    assert "token" not in page.url

    page.get_by_role("button", name="Pin as A").click()
    expect(page.locator("#paired")).to_contain_text("just as much")
    page.locator("#strategy-volcano").select_option("nash")
    expect(page.locator("#paired")).not_to_contain_text("just as much")
    expect(page.get_by_role("heading", name="B less A")).to_be_visible()
    page.get_by_role("button", name="Let A go").click()
    expect(page.locator("#paired")).to_be_empty()

    # reload restores, undo takes back
    here, told = page.url, page.locator("#effect").inner_text()
    page.reload()
    expect(page.locator("#effect")).to_have_text(told)
    assert page.url == here
    expect(page.locator("#strategy-volcano")).to_have_value("nash")
    assert page.locator(LEVER).input_value() == "0"
    page.locator("#lever-open_source").uncheck()
    expect(page.get_by_role("button", name="Undo")).to_be_enabled()
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#lever-open_source")).to_be_checked()

    # nothing was asked of another machine
    hosts = {urlsplit(url).netloc for url in asked if not url.startswith(("data:", "blob:"))}
    assert hosts == {urlsplit(link).netloc}


MEDIAN = """() => {
  const chart = document.querySelector(".chart");
  const one = Object.values(mounted_app.$refs).find(ref => ref && ref.$el === chart);
  return JSON.stringify(one.chart.getOption().series.filter(s => !s.stack).map(s => s.data));
}"""


def test_wrong_values_are_explained_where_they_stand(context: BrowserContext, link: str) -> None:
    page = opened(context, f"{link}&{SMALL}")
    before = page.locator("#verdict").inner_text()
    page.locator("#path").fill("suply.rent = 1")
    page.locator("#path").press("Enter")
    expect(page.locator("#error-path")).to_contain_text("nearest: supply")
    page.locator("#replicates").fill("1000")
    page.locator("#replicates").press("Enter")
    expect(page.locator("#error-replicates")).to_contain_text("at most 100")
    page.locator("#replicates").fill("eight")
    page.locator("#replicates").press("Enter")
    expect(page.locator("#error-replicates")).to_contain_text("whole number")
    assert page.locator("#verdict").inner_text() == before


def test_two_windows_keyboard_alone_and_a_thousand_moves(
    context: BrowserContext, link: str
) -> None:
    one = opened(context, f"{link}&{SMALL}")
    two = opened(context, f"{link.split('?', 1)[0]}?{SMALL}")
    untouched = two.locator("#effect").inner_text()
    one.locator("#lever-full_stack-part").focus()
    for _ in range(4):
        one.keyboard.press("ArrowLeft")
    expect(one.locator("output[for='lever-full_stack']")).to_have_text("80 %")
    one.keyboard.press("Tab")
    one.keyboard.press("Enter")  # what it is
    expect(one.locator("details.about[open]")).to_have_count(1)
    assert two.locator("#effect").inner_text() == untouched
    assert "intensity" not in two.url

    one.evaluate(
        """s => { const e = document.querySelector(s);
        for (let k = 0; k < 1000; k++) {
          e.value = (k % 20) / 20; e.dispatchEvent(new Event("input", {bubbles: true})); }
        e.value = 0.5; e.dispatchEvent(new Event("input", {bubbles: true})); }""",
        LEVER,
    )
    expect(one.locator("output[for='lever-full_stack']")).to_have_text("50 %")
    one.wait_for_function("location.search.includes('intensity%3D0.5')")
    one.close()
    slide(two, LEVER, 0.0)
    expect(two.locator("#effect")).not_to_have_text(untouched)


def worked(process: subprocess.Popen[str]) -> float:
    """Seconds of computing of all workers of a server, those that ended left out."""
    parents: dict[int, tuple[int, int]] = {}
    for place in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = place.read_text().rpartition(")")[2].split()
        except OSError:  # it ended
            continue
        parents[int(place.parent.name)] = (int(fields[1]), int(fields[11]) + int(fields[12]))
    ours, ticks = {process.pid}, 0
    for _ in range(3):
        ours |= {pid for pid, (parent, _) in parents.items() if parent in ours}
    for pid in ours - {process.pid}:
        ticks += parents[pid][1] if pid in parents else 0
    return ticks / os.sysconf("SC_CLK_TCK")


def computes(process: subprocess.Popen[str], seconds: float = 2.0) -> bool:
    """Whether workers of a server compute now; they wait for work without using a processor."""
    before = worked(process)
    time.sleep(seconds)
    return worked(process) - before > 0.02 * seconds


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads /proc")
def test_a_closed_window_stops_its_work(context: BrowserContext, served: Served) -> None:
    other = opened(context, served.link)
    untouched = other.locator("#effect").inner_text()
    page = context.new_page()
    page.goto(f"{served.link.split('?', 1)[0]}?s=tiny&r=100&c=population.clients%3D2000")
    expect(page.locator("#badge")).to_contain_text("runs")
    assert computes(served.process)
    assert "100 full runs" not in page.locator("#badge").inner_text()
    page.close()
    deadline = time.monotonic() + 60.0
    while computes(served.process):
        assert time.monotonic() < deadline, "workers go on for a window that is closed"
    slide(other, LEVER, 0.0)
    expect(other.locator("#effect")).not_to_have_text(untouched)


def test_a_sweep_stops_and_goes_on_and_stories_are_told(context: BrowserContext, link: str) -> None:
    page = opened(context, link)
    view(page, "Sweep")
    page.locator("#sweep-go").click()
    expect(page.locator("#sweep-said")).to_contain_text(re.compile(r"[1-9]\d* of \d+ points"))
    page.locator("#sweep-go").click()
    expect(page.locator("#sweep-said")).to_contain_text("goes on from here")
    page.locator("#sweep-go").click()
    expect(page.locator("#sweep-said")).to_contain_text(re.compile(r"all \d+ points"))
    view(page, "Stories")
    page.get_by_role("button", name="Volcano Cloud").click()
    expect(page.locator("pre.story")).to_contain_text("of platform tokens, profit")
    view(page, "Take away")
    expect(page.locator("#command")).to_contain_text("sim run tiny --replicates 8")


def test_a_run_is_stored_and_opened(context: BrowserContext, link: str) -> None:
    page = context.new_page()
    page.goto(f"{link}&{SMALL}&r=1")
    expect(page.locator("#badge")).to_contain_text("1 full run")
    view(page, "Take away")
    page.locator("#store").click()
    expect(page.locator("#stored")).to_contain_text("open it under Stored results")
    with page.expect_download() as saved:
        page.get_by_role("button", name="Folder (zip)").click()
    assert saved.value.suggested_filename.startswith("tiny-")
    view(page, "Stored results")
    page.get_by_role("button", name=re.compile("^tiny-")).click()
    stored = page.get_by_role("region", name="Stored result", exact=True)
    expect(stored).to_contain_text("a single run decides nothing")
    picture = page.locator("figure img").first
    picture.evaluate("e => e.complete || new Promise(done => { e.onload = done; })")
    assert picture.evaluate("e => e.naturalWidth") > 100


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_view_is_accessible_and_fits_a_phone(
    context: BrowserContext, link: str, scheme: str
) -> None:
    page = opened(context, f"{link}&{SMALL}")
    page.emulate_media(color_scheme=scheme)
    page.reload()
    expect(page.locator("#badge")).to_contain_text("8 full runs")
    assert page.locator("html").get_attribute("data-theme") == scheme
    for width in (WIDE, PHONE) if scheme == "light" else (WIDE,):  # only colours differ
        page.set_viewport_size({"width": width, "height": HEIGHT})
        for name in VIEWS:
            view(page, name)
            assert grave_findings(page) == [], (width, name)
            assert too_wide(page) == [], (width, name)
