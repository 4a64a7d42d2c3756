"""An error is put into words, and what the functions held that it came through is let go."""

from __future__ import annotations

import weakref
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from pipeline.errors import Cancelled, SketchError
from pipeline.sketch import intake
from pipeline.sketch.paper import Paper
from pipeline.studio.messages import UNEXPECTED_ERROR, explain_error
from tests.tools.image_files import encode_png


class Pixels(np.ndarray):
    """Pixels are an array that tells when it is gone."""


def hold_and_fail(error: Exception, held: list[weakref.ref[Pixels]]) -> None:
    pixels = np.zeros((8, 8), np.uint8).view(Pixels)
    held.append(weakref.ref(pixels))
    raise error


def wrap(error: Exception, held: list[weakref.ref[Pixels]], is_cause: bool) -> None:
    try:
        hold_and_fail(ValueError("of the decoder"), held)
    except ValueError as cause:
        raise error from cause if is_cause else None


@pytest.mark.parametrize("fail", [hold_and_fail, lambda *given: wrap(*given, True), lambda *given: wrap(*given, False)])
@pytest.mark.parametrize("error", [SketchError("It is blank."), Cancelled(), RuntimeError("ours")])
def test_an_error_that_was_told_holds_nothing(fail: Callable[..., None], error: Exception) -> None:
    held: list[weakref.ref[Pixels]] = []
    with pytest.raises(type(error)) as raised:
        fail(error, held)
    assert held[0]() is not None, "until then it does"
    words = {SketchError: "It is blank.", Cancelled: "Stopped.", RuntimeError: UNEXPECTED_ERROR}[type(error)]
    assert explain_error(raised.value) == words
    assert held[0]() is None


def test_a_drawing_that_was_refused_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    papers: list[weakref.ref[Paper]] = []

    class Watched(Paper):
        def __init__(self, *given: object) -> None:
            super().__init__(*given)  # type: ignore[arg-type]
            papers.append(weakref.ref(self))

    monkeypatch.setattr(intake, "Paper", Watched)
    with pytest.raises(SketchError) as raised:
        intake.read_image(encode_png(Image.new("L", (300, 300), "white")))
    assert any(each() is not None for each in papers)
    explain_error(raised.value)
    assert papers and all(each() is None for each in papers)
