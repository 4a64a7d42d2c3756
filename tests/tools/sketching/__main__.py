"""Draw the test set again, on the running page: `python -m tests.tools.sketching [ID ...]`.

A Chromium moves a pen or a mouse over the page's canvas along the plans of tests/data/sketches/plans.txt; kept is
what the page would send when its Draw is pressed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
import tempfile
from contextlib import ExitStack
from itertools import groupby
from pathlib import Path

from playwright.async_api import Browser, CDPSession, Page, async_playwright

from pipeline.pocket.evaluate.drawings import INDEX, SKETCHES
from tests.browser.conftest import BROWSERS, DESK, LOADING, QUIET
from tests.tools.serving import run_app
from tests.tools.sketching.gestures import Plan, read_plans
from tests.tools.sketching.hand import Points, draw_plan

PLANS = SKETCHES / "plans.txt"
SIDE = 512  # canvas px
PAPER = "#canvas .live"
KEEP = "() => { croquis.beginRun = (drawing) => new Promise(() => { window.kept = drawing; }); }"  # nothing is sent


async def main(wanted: list[str], address: str | None) -> None:
    plans = read_plans(PLANS)
    chosen = [plan for plan in plans if not wanted or plan.id in wanted]
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        await draw_all(chosen, address or stack.enter_context(run_app(Path(folder))).url)
    write_index([plan for plan in plans if (SKETCHES / f"{plan.id}.json").exists()])


async def draw_all(plans: list[Plan], address: str) -> None:
    async with async_playwright() as playwright:
        program = next(filter(None, map(shutil.which, BROWSERS)))
        browser = await playwright.chromium.launch(executable_path=program, args=list(QUIET))
        page = await open_page(browser, address)
        for plan in plans:
            text = await draw_on_page(page, plan)
            (SKETCHES / f"{plan.id}.json").write_text(text + "\n", encoding="utf-8")
            print(f"{plan.id}: {len(plan.gestures)} strokes, {len(text):,} bytes", flush=True)
        await browser.close()


def write_index(plans: list[Plan]) -> None:
    entries = [
        {"id": plan.id, "prompt": plan.prompt, "thing": plan.thing, "care": plan.care, "note": plan.note}
        for plan in plans
    ]
    lines = ",\n".join(" " + json.dumps(entry) for entry in entries)
    (SKETCHES / INDEX).write_text(f"[\n{lines}\n]\n", encoding="utf-8")


async def open_page(browser: Browser, address: str) -> Page:
    page = await browser.new_page(**DESK)
    page.set_default_timeout(LOADING)
    await page.goto(address)
    await page.wait_for_selector(PAPER)
    await page.evaluate(KEEP)
    return page


async def draw_on_page(page: Page, plan: Plan) -> str:
    """The canvas's value after the plan's strokes, as the page sends it."""
    await page.evaluate("window.kept = null")
    hand = await page.context.new_cdp_session(page)
    for (tool, size), group in groupby(zip(plan.gestures, draw_plan(plan), strict=True), key=lambda pair: pair[0].pen):
        await choose_tool(page, tool, size)
        await draw_strokes(page, hand, [points for _, points in group], plan.device)
    await page.click("#draw")
    text = str(await (await page.wait_for_function("window.kept")).json_value())
    strokes = len(json.loads(text)["strokes"])
    if strokes != len(plan.gestures):
        raise RuntimeError(f"{plan.id}: {len(plan.gestures)} strokes were drawn, the page kept {strokes}.")
    await page.click("#canvas .tool.clear")
    return text


async def choose_tool(page: Page, tool: str, size: int) -> None:
    await page.click(f"#canvas .tool.{tool}")
    await page.fill("#canvas .width input", str(size))


async def draw_strokes(page: Page, hand: CDPSession, strokes: list[Points], device: str) -> None:
    """Strokes with one pen. All events go out at once: Chromium keeps their order and hands every move to the page."""
    box = await page.locator(PAPER).bounding_box()
    assert box is not None
    await asyncio.gather(
        *(
            hand.send(
                "Input.dispatchMouseEvent",
                {
                    "type": kind,
                    "button": "left",
                    "buttons": int(kind != "mouseReleased"),
                    "clickCount": 1,
                    "pointerType": device,
                    "force": pressure,
                    "x": box["x"] + x / SIDE * box["width"],
                    "y": box["y"] + y / SIDE * box["height"],
                },
            )
            for points in strokes
            for kind, (x, y, pressure) in list_events(points)
        )
    )


def list_events(points: Points) -> list[tuple[str, tuple[float, float, float]]]:
    moves = [("mouseMoved", point) for point in points[1:]]
    return [("mousePressed", points[0]), *moves, ("mouseReleased", points[-1])]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("ids", nargs="*", help="which drawings; all of them without any")
    parser.add_argument("--at", help="address of a Croquis that runs already")
    chosen = parser.parse_args()
    asyncio.run(main(chosen.ids, chosen.at))
