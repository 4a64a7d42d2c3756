"""A visitor reports a picture from its dialog; on the host's own machine nobody is asked."""

from __future__ import annotations

from playwright.sync_api import Page, Route

from tests.browser.conftest import OpenPage
from tests.browser.page_actions import CIRCLE, drag_mouse, draw_and_wait

OPEN = """async () => {
  const loaded = performance.getEntriesByType("resource").map((each) => each.name);
  const script = loaded.find((name) => name.endsWith("/saving.js"));
  const { openReport } = await import(script.replace("saving.js", "report.js"));
  openReport(document.querySelector("#picture .frame > img").src);
}"""

CONTACT = {"contact": "mailto:host@school.example"}


def is_asked(route: Route) -> bool:
    return route.request.method == "GET"


def test_a_report_reaches_the_host(open_page: OpenPage) -> None:
    page: Page = open_page()
    drag_mouse(page, CIRCLE)
    draw_and_wait(page, "a red ball")
    page.click("#picture [data-action=share]")
    page.wait_for_selector("#saving .way-out")
    assert page.locator("#saving [data-way=report]").count() == 0, "the host is asked to report to themselves"
    page.keyboard.press("Escape")
    page.route("**/report", lambda route: route.fulfill(json=CONTACT) if is_asked(route) else route.continue_())
    page.evaluate(OPEN)
    assert page.locator("#report a").get_attribute("href") == CONTACT["contact"]
    page.select_option("#report select", "person")
    page.fill("#report textarea", "my neighbour – “Ü”")
    with page.expect_response("**/report") as answered:
        page.click("#report button[type=submit]")
    assert answered.value.status == 200, answered.value.text()
    page.wait_for_selector("#report", state="detached")
    page.wait_for_selector("text=The host has your report.")
