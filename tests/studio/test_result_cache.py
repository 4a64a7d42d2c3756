"""A picture that is asked for again comes from memory, exactly, and only where nothing differs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from pipeline.picture.png_file import write_picture
from pipeline.settings import Settings
from pipeline.studio.opening import Openers
from pipeline.studio.outcome import make_results
from pipeline.studio.result_cache import ResultCache, measure
from pipeline.studio.studio import Studio
from pipeline.values import Drawn, GenerationRequest, Verdict
from tests.conftest import MakeStyle
from tests.tools.small_results import make_small_result


class Numbers:
    """Numbers is an engine that draws in one number format now."""

    def __init__(self, numbers: str = "float16") -> None:
        self.present_revisions = {"base": "1", "numbers": numbers}


ENGINE = Numbers()
RequestOf = Callable[[int], GenerationRequest]


@pytest.fixture
def request_of(make_style: MakeStyle) -> RequestOf:
    style = make_style("felt", 1)
    return lambda seed: make_small_result(style, "a house", "rain", seed).request


class Pen:
    """Pen draws each request as noise of its seed, and counts."""

    def __init__(self, withheld: bool = False) -> None:
        self.drawn: list[int] = []
        self._withheld = withheld

    def draw(self, request: GenerationRequest) -> Drawn:
        self.drawn.append(request.sampling.seed)
        pixels = np.random.default_rng(request.sampling.seed).integers(0, 256, (64, 64, 3), dtype=np.uint8)
        return Drawn((Image.fromarray(pixels),), {"steps": 5.0}, ("a notice",), "", (Verdict(self._withheld, "no"),))


def write(request: GenerationRequest, drawn: Drawn) -> bytes:
    return write_picture(make_results(request, drawn, {"weights": "1"})[0])


def test_an_equal_request_gives_an_equal_file_without_being_drawn(request_of: RequestOf) -> None:
    cache, pen = ResultCache(1), Pen()
    first = cache.draw(request_of(1), pen.draw, ENGINE)
    again = cache.draw(request_of(1), pen.draw, ENGINE)
    assert pen.drawn == [1] and again.milliseconds == {} and again.notices == ("a notice",)
    assert write(request_of(1), first) == write(request_of(1), again)
    again.images[0].putpixel((0, 0), (1, 2, 3))
    first.images[0].putpixel((0, 0), (3, 2, 1))
    third = cache.draw(request_of(1), pen.draw, ENGINE)
    assert third.images[0].tobytes() == pen.draw(request_of(1)).images[0].tobytes(), "a caller changed what is kept"


def test_what_differs_is_drawn(request_of: RequestOf) -> None:
    cache, pen = ResultCache(1), Pen()
    one = request_of(1)
    pixels = one.edges.pixels.copy()
    pixels[0, 0] ^= 255
    for other in (one, request_of(2), replace(one, edges=replace(one.edges, pixels=pixels))):
        cache.draw(other, pen.draw, ENGINE)
    cache.draw(one, pen.draw, Numbers())
    assert pen.drawn == [1, 2, 1, 1], "another engine draws for itself"
    cache.draw(one, pen.draw, ENGINE)
    assert pen.drawn == [1, 2, 1, 1, 1], "what the engine before drew is gone"


def test_other_numbers_of_the_same_engine_are_another_picture(request_of: RequestOf) -> None:
    cache, pen, engine, one = ResultCache(1), Pen(), Numbers(), request_of(1)

    def draw_while_memory_runs_short(request: GenerationRequest) -> Drawn:
        engine.present_revisions["numbers"] = "float8"
        return pen.draw(request)

    cache.draw(one, draw_while_memory_runs_short, engine)
    for numbers, drawn in (("float16", 2), ("float8", 3), ("float16", 3), ("float8", 3)):
        engine.present_revisions["numbers"] = numbers
        cache.draw(one, pen.draw, engine)
        assert len(pen.drawn) == drawn


def test_what_was_withheld_and_what_has_no_room_is_not_kept(request_of: RequestOf) -> None:
    strict, withholding = Pen(withheld=True), ResultCache(1)
    for _ in range(2):
        withholding.draw(request_of(1), strict.draw, ENGINE)
    size = measure(Pen().draw(request_of(1)))
    cache, pen = ResultCache(2.5 * size / 10**6), Pen()
    for seed in (1, 2, 1, 3, 2, 1):  # room for two: 3 puts out 2, and 2 puts out 1
        cache.draw(request_of(seed), pen.draw, ENGINE)
    assert strict.drawn == [1, 1] and pen.drawn == [1, 2, 3, 2, 1]
    off = ResultCache(0)
    for _ in range(2):
        off.draw(request_of(1), pen.draw, ENGINE)
    assert pen.drawn[-2:] == [1, 1]


def test_the_studio_asks_it_and_live_pictures_pass_it_by(request_of: RequestOf, tmp_path: Path) -> None:
    pen = Pen()

    class Engine:
        profile = type("Profile", (), {"name": "pocket", "title": "Pocket"})
        revisions = present_revisions = MappingProxyType[str, str]({})

        def draw(self, request: GenerationRequest, **ways: object) -> Drawn:
            return pen.draw(request)

        def embed_styles(self, styles: object) -> int:
            return 0

    engine: Any = Engine()
    search: Any = SimpleNamespace()
    studio = Studio(Settings(user_dir=tmp_path, results=1.0), Openers(lambda *_: engine, lambda *_: search))
    assert studio.engine is engine and studio.loading.error is None
    request = replace(request_of(1), engine="pocket")
    one, two = (studio.redraw_batch(request, 1)[0] for _ in range(2))
    assert pen.drawn == [1] and write_picture(one) == write_picture(two)
    studio.redraw_batch(request, 1, gives_way=True)
    assert pen.drawn == [1, 1]
