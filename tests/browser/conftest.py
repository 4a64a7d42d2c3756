"""A Chromium, and pages of the running app that must neither fail in silence nor call another host."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.browser.lent_contexts import LentContexts
from tests.browser.page_actions import drag_mouse
from tests.tools.ip_adapter import write_plus_adapter
from tests.tools.serving import Server
from tests.tools.small_sd15 import copy_small_sd15, run_small_sd15, write_manifest

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
QUIET = (
    "--no-sandbox",
    "--disable-gpu",  # else OpenGL is reckoned on the processor, which takes a fifth of its time
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
DESK = {"viewport": {"width": 1440, "height": 900}}
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True, "device_scale_factor": 2}
PATIENCE = 60_000  # ms; a busy machine is slow
LOADING = 300_000  # ms; the first test waits for the models
HARMLESS = ("svelte-i18n",)  # Gradio's own, about a label that is also one of its message names
OF_LEAVING = ("was aborted", "Connection errored out")  # Gradio's own, of the answers that a page left behind

TOUR_SEEN = "if (location.protocol !== 'about:') localStorage.setItem('croquis-tour', '1')"
LIVE_OFF = """if (location.protocol !== 'about:' && localStorage.getItem('croquis-live') === null)
  localStorage.setItem('croquis-live', 'off')"""

OpenPage = Callable[..., Page]
OpenDrawn = Callable[[Server], Page]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "browser" in item.path.parts:
            item.add_marker(pytest.mark.browser)


def find_browser() -> str:
    """Return the path of the Chromium on this machine."""
    program = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    assert program, f"None of {', '.join(BROWSERS)} is installed; `python -m tests` installs it."
    return program


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=find_browser(), args=list(QUIET))
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def lent_contexts(browser: Browser) -> LentContexts:
    return LentContexts(browser)


@pytest.fixture
def open_page(lent_contexts: LentContexts, server: Server) -> Iterator[OpenPage]:
    """Return open_page(**context options), which opens the page as its host, models ready, and checks it at the end.

    The tour, which a new browser shows, comes with `with_tour` alone, and a picture with each stroke with `with_live`.
    `is_only_use` gives a context that no other test had or will have, for a test that changes more than its pages.
    """
    with open_pages(lent_contexts, server) as opens:
        yield opens


@pytest.fixture(scope="module")
def open_lasting_page(lent_contexts: LentContexts, server: Server) -> Iterator[OpenPage]:
    """Return what `open_page` does, for a page that a file's tests share and leave as it was: opening takes seconds."""
    with open_pages(lent_contexts, server) as opens:
        yield opens


@pytest.fixture(scope="session")
def sd15_server(sd15_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Run a Croquis that draws with small files of SD 1.5, the IP-Adapter Plus among them; starting takes long."""
    own = copy_small_sd15(sd15_folder, tmp_path_factory.mktemp("small"))
    adapters = own / "ip_adapter" / "models"
    write_plus_adapter(adapters / "ip-adapter-plus_sd15.safetensors", adapters / "ip-adapter_sd15.safetensors", 32)
    write_manifest(own)
    with run_small_sd15(own, CROQUIS_PROFILE="sd15") as running:
        yield running


@pytest.fixture
def open_drawn(browser: Browser) -> Iterator[OpenDrawn]:
    """Return open_drawn(server), which opens the page and draws on it; refused requests are what these tests are about,
    so nothing is watched."""
    with ExitStack() as contexts:

        def open_one(server: Server) -> Page:
            context = contexts.enter_context(browser.new_context(**DESK))
            context.set_default_timeout(PATIENCE)
            page = context.new_page()
            page.goto(server.url)
            page.wait_for_selector("#status [data-ready=true]", state="attached", timeout=LOADING)
            drag_mouse(page)
            page.fill("#prompt textarea", "a red ball")
            return page

        yield open_one


@contextmanager
def open_pages(lent_contexts: LentContexts, server: Server) -> Iterator[OpenPage]:
    borrowed, spoiled, faults = list[BrowserContext](), set[BrowserContext](), list[str]()

    def open_one(
        *, with_tour: bool = False, with_live: bool = False, is_only_use: bool = False, **options: Any
    ) -> Page:
        scripts = [*([] if with_tour else [TOUR_SEEN]), *([] if with_live else [LIVE_OFF])]
        context = lent_contexts.borrow(scripts, **{**DESK, **options}, is_new=is_only_use)
        context.set_default_timeout(PATIENCE)
        borrowed.append(context)
        if is_only_use:
            spoiled.add(context)
        page = context.new_page()
        page.on("crash", lambda _: spoiled.add(context))
        watch(page, server.url, faults)
        page.goto(server.host_url)
        page.wait_for_selector("#status [data-ready=true]", state="attached", timeout=LOADING)
        page.wait_for_selector("#chip .style-strip [data-style=ghibli]", state="attached")
        return page

    yield open_one
    found = faults.copy()  # before the pages close, which breaks off what they still wait for
    for context in borrowed:
        lent_contexts.drop(context) if context in spoiled else lent_contexts.give_back(context, [server.url])
    assert not found, found


def watch(page: Page, home: str, faults: list[str]) -> None:
    """Note every script error and every request that leaves `home`."""
    documents = list[str]()
    page.on("framenavigated", lambda frame: frame == page.main_frame and documents.append(frame.url))
    page.on("pageerror", lambda error: faults.append(f"script error: {error}"))
    page.on(
        "console",
        lambda message: (
            message.type == "error"
            and not any(h in message.text for h in HARMLESS)
            and not (was_left(documents) and any(h in message.text for h in OF_LEAVING))
            and faults.append(f"console: {message.text}")
        ),
    )
    page.on(
        "request",
        lambda request: (
            request.url.startswith(("data:", "blob:", home)) or faults.append(f"request to another host: {request.url}")
        ),
    )


def was_left(documents: list[str]) -> bool:
    """Tell whether a page showed another document, or the same anew, after the one that it was opened with."""
    return len(documents) > 1


@pytest.fixture
def page(open_page: OpenPage) -> Page:
    return open_page()
