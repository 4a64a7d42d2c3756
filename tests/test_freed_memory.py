"""What threads freed goes back to the system, and does so after a large picture."""

from __future__ import annotations

import subprocess
import sys
import weakref
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from pipeline.engine import weight_modes
from pipeline.engine.engine import Engine
from pipeline.engine.own_base import BaseWish
from pipeline.settings import ROOT
from pipeline.sketch import intake
from pipeline.sketch.image_file import open_image
from tests.tools.image_files import draw_fox, encode_png
from tests.tools.models import make_tiny_sd15_profile

HOLD_AND_FREE = """
import threading
from pipeline.freed_memory import give_memory_back

def measure():
    return int(next(line for line in open("/proc/self/status") if line.startswith("VmRSS")).split()[1]) / 1024

kept, freed = [], threading.Event()

def work():
    parts = [b"x" * 60_000 for _ in range(1_500)]
    kept.append(parts[-1])  # the last lies at the top, so that glibc gives nothing back by itself

threads = [threading.Thread(target=work) for _ in range(2)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
before = measure()
give_memory_back()
print(before - measure())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="malloc_trim is glibc's")
def test_what_threads_freed_goes_back_to_the_system() -> None:
    run = subprocess.run([sys.executable, "-c", HOLD_AND_FREE], cwd=ROOT, capture_output=True, text=True, check=True)
    assert float(run.stdout) > 100, "of some 170 MB that were freed"


@pytest.mark.parametrize(("side", "times"), [(300, 0), (2_100, 1)])
def test_a_large_picture_gives_its_memory_back(side: int, times: int, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[bool] = []
    monkeypatch.setattr(intake, "give_memory_back", lambda: given.append(True))
    intake.read_image(encode_png(draw_fox().resize((side, side))))
    assert len(given) == times


def test_the_large_picture_is_gone_before_its_paper_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[weakref.ref[Image.Image]] = []
    alive: list[bool] = []

    def look(name: str) -> None:
        work: Callable[..., object] = getattr(intake, name)

        def watched(*given: object) -> object:
            alive.append(opened[0]() is not None)
            return work(*given)

        monkeypatch.setattr(intake, name, watched)

    def open_watched(data: bytes) -> Image.Image:
        image = open_image(data)
        opened.append(weakref.ref(image))
        return image

    monkeypatch.setattr(intake, "open_image", open_watched)
    look("convert_laid")
    look("give_memory_back")
    intake.read_image(encode_png(draw_fox().resize((2_100, 2_100))))
    assert alive == [False, False]


def test_what_a_model_was_read_into_goes_back_once_it_is_loaded(
    shallow_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[bool] = []
    monkeypatch.setattr(weight_modes, "give_memory_back", lambda: given.append(True))
    engine = Engine.load(make_tiny_sd15_profile(), folder=shallow_folder, device="cpu")
    assert given
    given.clear()
    engine.own_base.change(BaseWish(name="again"))
    assert given
