"""Every state of the page that a person can bring about, and how: to test accessibility and to look at them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from playwright.sync_api import Page

from tests.browser.page_actions import drag_mouse, draw_and_wait, open_panel, swipe_finger

Act = Callable[[Page], object]
SETTLED = 400  # ms until what slides in has come
ACROSS_MASK = ((0.3, 0.4), (0.7, 0.6))  # shares of the picture in a dialog that asks for a part
FORGET = "fetch('history/forget', {method: 'POST', headers: {'Content-Type': 'application/json'}, body: '{}'})"
CLOSE_MESSAGE = "() => document.querySelector('#messages .action')?.click()"
IS_OPEN = "() => Boolean(document.querySelector('dialog[open], :popover-open'))"


@dataclass(frozen=True)
class PageState:
    """This is one state of the page: acts bring it about, and Escape or an act ends it."""

    name: str
    acts: tuple[Act, ...]
    end: Act | None = None  # None: Escape


def click(selector: str) -> Act:
    return lambda page: page.locator(selector).first.click()


def go_on(way: str) -> tuple[Act, ...]:
    """Return the acts that choose a way to go on from the picture."""
    return enlarge_inset, click("[data-action=go-on]"), click(f".go-on [data-way={way}]")


def enlarge_inset(page: Page) -> None:
    """Show the picture large where a phone lays it into the sheet's corner."""
    inset = page.locator("#picture .enlarge-inset")
    if inset.is_visible():
        inset.click()


def brush_part(dialog: str) -> Act:
    """Brush across the picture of a dialog by the mouse."""

    def brush(page: Page) -> None:
        page.wait_for_selector(f"{dialog} canvas")
        box = page.locator(f"{dialog} canvas").last.bounding_box()
        assert box
        (x, y), (to_x, to_y) = [(box["x"] + a * box["width"], box["y"] + b * box["height"]) for a, b in ACROSS_MASK]
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(to_x, to_y, steps=6)
        page.mouse.up()

    return brush


def draw_circle(page: Page) -> None:
    touch = page.evaluate("matchMedia('(pointer: coarse)').matches")
    (swipe_finger if touch else drag_mouse)(page)


def close_fold(panel: str) -> Act:
    return lambda page: open_panel(page, panel)  # the same button


def scroll_to(selector: str) -> Act:
    return lambda page: page.locator(selector).first.evaluate("(node) => node.scrollIntoView()")


def wait_for(selector: str) -> Act:
    return lambda page: page.wait_for_selector(selector)


BLANK = (
    PageState("start", ()),
    PageState("keys", (click("[data-action=menu]"), click("[data-item=keys]"))),
    PageState("nothing-to-draw", (click("#draw"),)),
    PageState("no-history", (click("[data-action=history]"),)),
    PageState("more-tools", (click("#canvas .tool.more"),)),
    PageState("no-picture-yet", (click("#making .fold-button"), scroll_to("#strip")), close_fold("making")),
)
DRAWN = (
    PageState("drawn", (wait_for("#picture .frame > img"),)),
    PageState("menu", (click("[data-action=menu]"),)),
    PageState("history", (click("[data-action=history]"), wait_for(".kept-card img"))),
    PageState("all-styles", (click("#chip .door.all"), wait_for("#all-styles .style img"))),
    PageState("teaching", (click("#chip .door.teach"), wait_for("#teaching-name"))),
    PageState("compare", (enlarge_inset, click("[data-action=compare]")), click("[data-action=compare]")),
    PageState("go-on", (enlarge_inset, click("[data-action=go-on]"), wait_for(".go-on"))),
    PageState("repaint", (*go_on("repaint"), brush_part("#repaint"))),
    PageState("start-from", (*go_on("start"), wait_for(".under-chip .under-choice")), click("[data-action=undo]")),
    PageState("film", (*go_on("film"), wait_for("#film-dialog img, #film-dialog video"))),
    PageState("style-part", (enlarge_inset, click("[data-action=style-part]"), brush_part("#styled-part"))),
    PageState("large", (enlarge_inset, click("[data-action=view]"))),
    PageState("save", (enlarge_inset, click("[data-action=share]"), wait_for("#saving .way-out"))),
    PageState("two-styles", (click("#chip [data-style=ghibli]"), click("#chip [data-style=ghibli]"))),
    PageState("many-styles", (click("#chip .door.many"), wait_for("#style-sheet-dialog img"))),
    PageState("making", (click("#making .fold-button"), scroll_to("#strip")), close_fold("making")),
    PageState("bigger", (click("#bigger .fold-button"), scroll_to("#bigger")), close_fold("bigger")),
    PageState("settings", (click("#settings .fold-button"), scroll_to("#settings")), close_fold("settings")),
)


def visit_states(page: Page) -> Iterator[str]:
    """Bring about each state in turn on a page just opened, and yield its name while it is shown."""
    page.evaluate(FORGET)
    for state in BLANK:
        yield from visit_state(page, state)
    draw_circle(page)
    draw_and_wait(page)
    for state in DRAWN:
        yield from visit_state(page, state)


def visit_state(page: Page, state: PageState) -> Iterator[str]:
    for act in state.acts:
        act(page)
    page.wait_for_timeout(SETTLED)
    yield state.name
    page.evaluate(CLOSE_MESSAGE)  # on a phone it covers the header, for up to half a minute
    if state.end:
        state.end(page)
    page.keyboard.press("Escape")
    if page.evaluate(IS_OPEN):
        page.keyboard.press("Escape")
    page.wait_for_timeout(SETTLED)
