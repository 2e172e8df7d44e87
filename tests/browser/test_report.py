"""The report in a browser: no grave finding of axe, no request, nothing beyond a phone's edge."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import sim
from sim.report.page import page
from tests.unit.market.tiny import changed

if TYPE_CHECKING:
    from playwright.sync_api import Browser

LARGEST = 5_000_000


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    market = changed({"population.clients": 60}, months=12)
    result = sim.run(market, replicates=3, workers=1, out=folder)
    path = folder / "report.html"
    path.write_text(page(result), encoding="utf-8")
    return path


@pytest.mark.slow
def test_report_can_be_read_by_all_and_alone(report: Path, browser: Browser) -> None:
    from tests.browser.audit import HEIGHT, PHONE, WIDE, grave_findings, shown, too_wide

    assert report.stat().st_size < LARGEST
    with shown(browser, report.as_uri(), PHONE) as (view, asked):
        assert grave_findings(view) == []
        assert too_wide(view) == []
        view.set_viewport_size({"width": WIDE, "height": HEIGHT})
        assert too_wide(view) == []
        assert asked == [report.as_uri()]
        first = view.locator("figure").first
        first.get_by_role("link", name="Enlarge").click()
        assert first.locator("svg").bounding_box()["height"] > 600
        assert view.locator("svg[aria-label]").count() == view.locator("figure").count() > 5
