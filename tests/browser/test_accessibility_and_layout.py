"""Whether everyone can use the page: accessibility rules, themes, a phone's width, the order by thumb."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

from tests.browser.conftest import DESK, PHONE, OpenPage
from tests.browser.page_actions import open_panel
from tests.browser.page_states import visit_states

# all that a dark page changes of a light one
OF_COLOURS = {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}
ALL_RULES: Mapping[str, object] = {}
# what lies behind a dialog was looked at before it was opened
FIND = """async (options) =>
  (await axe.run(document.querySelector("dialog[open], :popover-open") ?? document, options)).violations"""
GROUND = "Number(getComputedStyle(document.body).backgroundColor.match(/\\d+/)[0])"
ORDER = "ids => ids.map((id) => document.getElementById(id).getBoundingClientRect().top)"


def serious_findings(page: Page, rules: Mapping[str, object] = ALL_RULES) -> list[str]:
    """Return what axe finds in the dialog or menu that is open, or on the whole page where none is."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    found = page.evaluate(FIND, {"resultTypes": ["violations"], **rules})
    return [
        f"{rule['id']}: {node['html'][:160]} {node['failureSummary'][:300]}"
        for rule in found
        if rule["impact"] in ("serious", "critical")
        for node in rule["nodes"]
    ]


@pytest.mark.parametrize(
    ("scheme", "options", "rules"),
    [("light", DESK, ALL_RULES), ("dark", DESK, OF_COLOURS), ("dark", PHONE, ALL_RULES)],
    ids=["light", "dark", "phone"],
)
def test_axe_finds_nothing_serious_in_any_state(
    open_page: OpenPage, scheme: str, options: dict[str, object], rules: Mapping[str, object]
) -> None:
    page = open_page(color_scheme=scheme, reduced_motion="reduce", **options)  # a colour half faded in is no finding
    found = {name: findings for name in visit_states(page) if (findings := serious_findings(page, rules))}
    assert not found, found


def test_dark_is_dark_and_light_is_light(open_page: OpenPage) -> None:
    assert open_page(color_scheme="light").evaluate(GROUND) > 200
    assert open_page(color_scheme="dark").evaluate(GROUND) < 60


def test_a_narrow_page_has_no_sideways_scroll(open_page: OpenPage) -> None:
    page = open_page(**PHONE)
    open_panel(page, "settings")
    for width in (320, 390, 768):
        page.set_viewport_size({"width": width, "height": 844})
        page.wait_for_timeout(300)
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_phone_shows_canvas_words_button_styles_in_that_order(open_page: OpenPage) -> None:
    page = open_page(**PHONE)  # the picture lies on the canvas: tests/browser/test_inset_on_a_phone.py
    tops = page.evaluate(ORDER, ["canvas", "prompt", "draw", "styles-row"])
    assert tops == sorted(tops)


def test_canvas_and_picture_are_the_same_size_side_by_side(page: Page) -> None:
    paper, frame = (page.locator(f"{part} .paper").bounding_box() for part in ("#canvas", "#picture"))
    assert paper and frame
    assert (paper["y"], paper["width"], paper["height"]) == pytest.approx((frame["y"], frame["width"], frame["height"]))
    assert frame["x"] > paper["x"] + paper["width"]
