"""A finger's quick taps, a pen with the palm beside it, and a line of very many points."""

from __future__ import annotations

import json
import math
from itertools import pairwise

from playwright.sync_api import Page

from tests.browser.canvas_actions import TABLET, list_strokes, move_pen, touch
from tests.browser.conftest import PHONE, OpenPage
from tests.browser.page_actions import LINE, count_ink, drag_mouse, draw_and_wait, locate_points

DRAW_SPIRAL = """async ([x, y, count]) => {
  const sheet = document.querySelector("#canvas .live");
  const side = sheet.getBoundingClientRect().width;
  const send = (kind, n) => {
    const turn = n / 30, reach = side * (0.1 + 0.3 * n / count);
    sheet.dispatchEvent(new PointerEvent(kind, { pointerId: 1, pointerType: "mouse", bubbles: true, cancelable: true,
      buttons: kind === "pointerup" ? 0 : 1,
      clientX: x + reach * Math.cos(turn), clientY: y + reach * Math.sin(turn) }));
  };
  sheet.setPointerCapture = () => {};
  send("pointerdown", 0);
  for (let n = 1; n < count; n += 1) {
    send("pointermove", n);
    if (n % 25 === 0) await new Promise((next) => requestAnimationFrame(next));
  }
  send("pointerup", count - 1);
}"""


def test_each_of_ten_taps_after_a_quick_stroke_leaves_a_dot(open_page: OpenPage) -> None:
    page = open_page(**PHONE)
    fingers = page.context.new_cdp_session(page)
    for turn in range(10):
        y = 0.45 + 0.03 * turn  # beneath the inset, above the palette
        first, last, tap = locate_points(page, [(0.1, y), (0.4, y), (0.6, y)])
        touch(fingers, "touchStart", first)
        touch(fingers, "touchMove", last)
        touch(fingers, "touchEnd")
        touch(fingers, "touchStart", tap)
        touch(fingers, "touchEnd")
    assert len(list_strokes(page)) == 20


def test_the_browser_makes_no_gesture_of_a_touch_on_the_sheet(open_page: OpenPage) -> None:
    page = open_page(**PHONE)
    page.evaluate("""() => {
      window.kept = [];
      for (const kind of ["touchstart", "touchmove"])
        document.addEventListener(kind, (event) => window.kept.push(event.defaultPrevented));
    }""")
    fingers = page.context.new_cdp_session(page)
    first, last = locate_points(page, [(0.1, 0.5), (0.6, 0.5)])
    touch(fingers, "touchStart", first)
    touch(fingers, "touchMove", last)
    touch(fingers, "touchEnd")
    assert page.evaluate("window.kept") == [True, True]


def test_the_pen_draws_while_the_palm_rests_on_the_sheet(open_page: OpenPage) -> None:
    page = open_page(**TABLET)
    hand = page.context.new_cdp_session(page)
    palm, *line = locate_points(page, [(0.8, 0.9), *LINE])
    touch(hand, "touchStart", palm)
    touch(hand, "touchMove", (palm[0] + 9, palm[1] + 9))
    move_pen(hand, "mousePressed", line[0])
    for at in line[1:]:
        move_pen(hand, "mouseMoved", at)
    touch(hand, "touchMove", (palm[0] - 20, palm[1]))
    move_pen(hand, "mouseReleased", line[-1], down=False)
    touch(hand, "touchEnd")
    (stroke,) = list_strokes(page)
    xs = [x for x, _, _ in stroke["points"]]
    assert (min(xs), max(xs)) == (min(xs[0], xs[-1]), max(xs[0], xs[-1])) and max(xs) - min(xs) > 250
    assert all(y < 320 for _, y, _ in stroke["points"])  # nothing of the palm's


def test_a_palm_that_comes_after_the_pen_draws_nothing(open_page: OpenPage) -> None:
    page = open_page(**TABLET)
    hand = page.context.new_cdp_session(page)
    palm, *line = locate_points(page, [(0.8, 0.75), *LINE])
    move_pen(hand, "mousePressed", line[0])
    touch(hand, "touchStart", palm)
    for at in line[1:]:
        move_pen(hand, "mouseMoved", at)
    move_pen(hand, "mouseReleased", line[-1], down=False)
    touch(hand, "touchEnd")
    touch(hand, "touchStart", palm)
    touch(hand, "touchEnd")
    assert len(list_strokes(page)) == 1
    page.wait_for_timeout(600)  # the pen is gone: fingers draw again
    touch(hand, "touchStart", palm)
    touch(hand, "touchEnd")
    assert len(list_strokes(page)) == 2


def test_a_single_dot_is_drawn(page: Page) -> None:
    drag_mouse(page, ((0.5, 0.5),))
    assert count_ink(page) > 10
    draw_and_wait(page, "a ladybird")


def test_a_line_of_five_thousand_points_keeps_each_of_them(page: Page) -> None:
    (middle,) = locate_points(page, [(0.5, 0.5)])
    page.evaluate(DRAW_SPIRAL, [*middle, 5_000])
    strokes = list_strokes(page)
    points = [point for n, stroke in enumerate(strokes) for point in stroke["points"][1 if n else 0 :]]
    assert len(points) == 5_000 and len(strokes) > 1
    assert all(before["points"][-1] == after["points"][0] for before, after in pairwise(strokes))
    assert max(math.dist(a[:2], b[:2]) for a, b in pairwise(points)) < 8
    page.keyboard.press("Control+z")
    assert list_strokes(page) == []  # one gesture, one step back


def write_many_strokes(count: int) -> str:
    strokes = [
        {
            "tool": "pen",
            "size": 4,
            "color": "#1c1a19",
            "points": [[(n * 7) % 460 + 5 * i, (n * 13) % 500 + (i % 3), 0.5] for i in range(10)],
        }
        for n in range(count)
    ]
    return json.dumps({"version": 1, "width": 512, "height": 512, "picture": None, "strokes": strokes})
