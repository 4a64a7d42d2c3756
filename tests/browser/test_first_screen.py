"""The first screen at every size: what is on it, that it fits, and that nothing jumps."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import CDPSession, Locator, Page

from tests.browser.conftest import OpenPage
from tests.browser.page_actions import drag_mouse, draw_and_wait, open_panel

BY_MOUSE = ((1440, 900), (1366, 768), (1280, 720), (1280, 800), (1024, 768))
BY_FINGER = ((844, 390), (820, 1180), (390, 844))
PARTS = ("#canvas .paper", "#canvas .rail", "#picture .frame", "#prompt", "#draw", "#styles-row")
INSIDE = """(parts) => parts.filter((part) => {
  const box = document.querySelector(part).getBoundingClientRect();
  return box.left < 0 || box.top < 0 || box.right > innerWidth + 0.5 || box.bottom > innerHeight + 0.5 || !box.width;
})"""
BOXES = """(parts) => parts.map((part) => {
  const { x, y, width, height } = document.querySelector(part).getBoundingClientRect();
  return [x, y, width, height];
})"""
SHIFTS = """() => {
  window.shifts = [];
  new PerformanceObserver((list) => shifts.push(...list.getEntries().map((entry) => entry.value)))
    .observe({ type: "layout-shift", buffered: false });
}"""
UNWANTED = r"pocket model|sampler|what was read|similarity|ControlNet|seed"


def wait_for_rest(page: Page) -> list[list[float]]:
    """Wait until the parts have lain still for a second after the window changed, and return their boxes."""
    seen: list[list[list[float]]] = []
    while len(seen) < 5 or seen[-5:] != [seen[-1]] * 5:
        assert len(seen) < 60, "the parts go on moving"
        page.wait_for_timeout(250)
        seen.append(page.evaluate(BOXES, list(PARTS)))
    return seen[-1]


@pytest.mark.parametrize("sizes", [BY_MOUSE, BY_FINGER], ids=["mouse", "finger"])
def test_the_first_screen_fits_and_does_not_jump(open_page: OpenPage, sizes: tuple[tuple[int, int], ...]) -> None:
    touch = sizes is BY_FINGER
    page = open_page(has_touch=touch, is_mobile=touch)
    for number, (width, height) in enumerate(sizes):
        page.set_viewport_size({"width": width, "height": height})
        if number == 0:
            drag_mouse(page)
            draw_and_wait(page)
        page.fill("#prompt textarea", f"a red ball, {number}")  # its height follows the words when they are written
        before = wait_for_rest(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate("scrollY") == 0
        assert page.evaluate(INSIDE, list(PARTS)) == [], (width, height)
        page.evaluate(SHIFTS)
        draw_and_wait(page, f"a blue ball, {number}")
        page.wait_for_timeout(300)
        assert page.evaluate(BOXES, list(PARTS)) == before, (width, height)
        assert sum(page.evaluate("shifts")) < 0.01, (width, height)


def test_after_a_refusal_the_examples_are_still_there(page: Page) -> None:
    page.click("#draw")
    page.wait_for_selector("#messages .alert:has-text('nothing on the paper')")
    assert page.locator("#examples .welcome").is_visible()


def test_the_first_picture_moves_nothing(page: Page) -> None:
    drag_mouse(page)
    before = page.evaluate(BOXES, list(PARTS))
    draw_and_wait(page)
    assert page.evaluate(BOXES, list(PARTS)) == before


def test_a_large_screen_is_used(open_page: OpenPage) -> None:
    page = open_page(viewport={"width": 3840, "height": 2160})
    (_, _, width, height), (_, _, wide, tall) = page.evaluate(BOXES, ["#canvas .paper", "#picture .frame"])
    assert (width * height + wide * tall) / (3840 * 2160) > 0.6
    assert page.evaluate("parseFloat(getComputedStyle(document.querySelector('#prompt textarea')).fontSize)") > 20


def test_its_words_are_known_to_everyone(page: Page) -> None:
    assert page.inner_text("#draw") == "Make the picture"
    assert not re.findall(UNWANTED, page.inner_text("body"), re.IGNORECASE)
    titles = [title.inner_text() for title in page.locator(".fold-button").all()]
    assert titles[:3] == ["How it was made", "Settings", "A bigger model"]
    tops = {round(title.bounding_box()["y"]) for title in page.locator(".fold-button").all()}  # type: ignore[index]
    assert len(tops) == 1, "the folds stand in one line"


def test_the_memory_planner_lies_in_the_fold_of_the_bigger_model(page: Page) -> None:
    assert not page.locator("#planner-ask").is_visible()
    open_panel(page, "bigger")
    page.click("#planner-ask")
    page.wait_for_selector("#planner-answer table")


def test_wide_and_tall_pictures_are_shown_whole(page: Page) -> None:
    for width, height in ((1024, 384), (384, 1024)):
        source = f"""(() => {{ const c = document.createElement("canvas"); c.width = {width}; c.height = {height};
          return c.toDataURL(); }})()"""
        fit = page.evaluate(f"""() => {{ const image = document.querySelector("#picture .frame > img");
          image.src = {source}; image.hidden = false; return getComputedStyle(image).objectFit; }}""")
        assert fit == "contain"


def test_a_message_stands_beside_and_goes_by_itself(open_page: OpenPage) -> None:
    page = open_page(is_only_use=True)
    page.clock.install()  # of its whole context
    message = show_message(page)
    box = message.bounding_box()
    assert box is not None
    for _, y, _, height in page.evaluate(BOXES, ["#canvas .paper", "#picture .frame"]):
        assert box["y"] + box["height"] <= y + 4 or box["y"] >= y + height
    page.clock.fast_forward(8_000)
    assert message.count()
    page.clock.fast_forward(32_000)
    assert not message.count()


def test_who_goes_on_after_a_while_has_read_the_message(open_page: OpenPage) -> None:
    page = open_page(is_only_use=True)
    page.clock.install()  # of its whole context
    message = show_message(page)
    page.clock.fast_forward(2_000)
    page.mouse.click(5, 880)
    assert message.count(), "there was no time to read it"
    page.clock.fast_forward(6_000)
    message.locator("span").click()
    assert message.count(), "a press on the message itself is no going on"
    page.mouse.click(5, 880)
    assert not message.count()


def show_message(page: Page) -> Locator:
    """Ask for a picture of the empty sheet, and return the message that tells."""
    page.evaluate("document.querySelector('#draw').click()")
    message = page.locator("#messages .message")
    message.wait_for()
    return message


def test_the_keys_are_listed_and_escape_brings_the_focus_back(page: Page) -> None:
    page.focus("#canvas .live")
    page.keyboard.press("?")
    page.wait_for_selector("#keys dl")
    assert page.locator("#keys dt").count() >= 12
    page.keyboard.press("b")
    page.keyboard.press("Escape")
    page.wait_for_selector("#keys", state="detached")
    page.wait_for_function("document.activeElement.className === 'live'")


def test_the_left_handed_layout_is_chosen_in_the_menu_and_stays(page: Page) -> None:
    rail, paper, picture = (part[0] for part in page.evaluate(BOXES, [PARTS[1], PARTS[0], PARTS[2]]))
    assert rail < paper < picture
    page.click("[data-action=menu]")
    page.click("[data-item=hand]")
    page.reload()
    page.wait_for_selector("#canvas .paper")
    rail, paper, picture = (part[0] for part in page.evaluate(BOXES, [PARTS[1], PARTS[0], PARTS[2]]))
    assert picture < paper < rail
    page.click("[data-action=menu]")
    assert page.get_attribute("[data-item=hand]", "aria-checked") == "true"


def test_little_motion_is_honoured(open_page: OpenPage) -> None:
    page = open_page(reduced_motion="reduce")
    seconds = page.evaluate("""() => [...document.querySelectorAll("*")].map((node) => {
      const { animationDuration, transitionDuration } = getComputedStyle(node);
      return Math.max(...`${animationDuration}, ${transitionDuration}`.split(", ").map(parseFloat));
    })""")
    assert max(seconds) <= 0.01


def test_an_idle_page_asks_for_no_frames(page: Page) -> None:
    page.wait_for_timeout(3_000)  # what slides in has come
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")
    before = read_styles_reckoned(session)
    page.wait_for_timeout(2_000)
    assert read_styles_reckoned(session) - before < 20, "sixty a second are an animation that does not end"
    assert page.evaluate("document.getAnimations().length") == 0


def read_styles_reckoned(session: CDPSession) -> int:
    """Read how often the browser reckoned styles since the page was opened, once for each frame that was asked for."""
    metrics = session.send("Performance.getMetrics")["metrics"]
    return next(int(metric["value"]) for metric in metrics if metric["name"] == "RecalcStyleCount")
