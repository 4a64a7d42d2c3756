"""The dialog that teaches a style fits its window, on small files of SD 1.5."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.conftest import PHONE, OpenPage
from tests.browser.test_engines_by_hand import write_manifest
from tests.tools.serving import Server, run_app

SIZES = [{}, PHONE]


@pytest.fixture(scope="module")
def server(sd15_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Run a Croquis on small files of SD 1.5."""
    room = tmp_path_factory.mktemp("teaching")
    own = shutil.copytree(sd15_folder, room / "sd15")
    write_manifest(own)
    settings = {"CROQUIS_SD15": str(own), "CROQUIS_SAFETY": "off", "CROQUIS_DEVICE": "cpu", "CROQUIS_PROFILE": "sd15"}
    with run_app(room, **settings) as running:
        yield running


@pytest.mark.parametrize("options", SIZES, ids=["1440", "390"])
def test_the_dialog_fits_its_window(open_page: OpenPage, options: dict[str, object]) -> None:
    page = open_page(**options)
    page.locator("#chip .door.teach").click()
    page.wait_for_selector("#teaching-name")
    box = page.locator("#teaching .dialog-frame").bounding_box()
    assert box is not None and page.viewport_size is not None
    assert box["x"] >= 0 and box["x"] + box["width"] <= page.viewport_size["width"]
    target = page.locator("#teaching .teaching-drop").bounding_box()
    assert target is not None and target["height"] >= 44
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
