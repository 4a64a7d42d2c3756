"""A home that cannot be written: Croquis starts, says in one sentence what it does not keep, and draws."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from pipeline.store.faults import NOT_WRITABLE
from tests.tools.drawings import draw_house
from tests.tools.image_files import encode_png
from tests.tools.serving import Server, run_app

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform != "linux", reason="setpriv is Linux's")]
OVERRIDING = "-dac_override,-dac_read_search"  # Linux's capabilities by which root may write anywhere
PATIENCE = 60.0  # seconds


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Run Croquis on a home without the right to write; root is bound by rights once it lacks what overrides them."""
    folder = tmp_path_factory.mktemp("read-only")
    home = folder / "user"
    home.mkdir(mode=0o555)
    before = ["setpriv", f"--bounding-set={OVERRIDING}", f"--inh-caps={OVERRIDING}"] if os.geteuid() == 0 else []
    with run_app(folder, before=before, HOME=str(home), CROQUIS_HISTORY="on") as running:
        yield running
    home.chmod(0o755)


def test_it_starts_says_what_it_does_not_keep_and_draws(server: Server) -> None:
    deadline = time.monotonic() + PATIENCE
    while not (fault := httpx.get(f"{server.url}/history/state").json()["fault"]) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert fault == NOT_WRITABLE
    home = Path(server.settings["CROQUIS_USER_DIR"])
    assert list(home.iterdir()) == []
    for _ in range(2):
        answer = httpx.post(
            f"{server.url}/v1/draw",
            files={"sketch": ("fox.png", encode_png(draw_house()))},
            data={"prompt": "a red fox", "seed": "7", "width": "256", "height": "256"},
            headers={"Accept": "image/png"},
            timeout=PATIENCE * 5,
        )
        assert answer.status_code == 200 and answer.content.startswith(b"\x89PNG"), answer.text[:500]
    assert httpx.get(f"{server.url}/history/pictures").json()["error"] == NOT_WRITABLE
    log = server.log.read_text()
    assert log.count(NOT_WRITABLE) == 1 and "Traceback" not in log, log[-3000:]
    assert list(home.iterdir()) == []
