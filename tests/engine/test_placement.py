"""Memory modes on real modules of SD 1.5's layout, and what is done when the memory does not suffice."""

from __future__ import annotations

import gc
import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
import torch
from diffusers import UNet2DConditionModel

from pipeline.engine.decoding import TiledDecoding
from pipeline.engine.engine import Engine
from pipeline.engine.placement import Placement, Size
from pipeline.errors import ModelError, OutOfMemory, SettingError
from pipeline.machine.plan import MODES
from pipeline.values import GenerationRequest
from tests.conftest import MakeStyle
from tests.tools.drawing_requests import make_request
from tests.tools.models import make_sd15_modules, make_tiny_sd15_profile

MB = 2**20
REQUESTS = 4


@pytest.fixture(scope="module", autouse=True)
def _quick(one_thread: None) -> None:
    """Small models are quickest on one thread."""


@pytest.fixture(scope="module")
def engine(shallow_folder: Path) -> Engine:
    """Its own: these tests move it about."""
    return Engine.load(make_tiny_sd15_profile(), folder=shallow_folder, device="cpu")


@pytest.fixture
def request_(engine: Engine, make_style: MakeStyle) -> GenerationRequest:
    return make_request(engine, make_style("neon", 1), num_inference_steps=2)


def pixels(engine: Engine, request: GenerationRequest) -> np.ndarray:
    return np.asarray(engine.draw(request).images[0]).astype(int)


def bytes_of(engine: Engine) -> int:
    networks = (engine._pipeline.unet, engine._pipeline.controlnet)
    return sum(each.numel() * each.element_size() for network in networks for each in network.parameters())


@pytest.fixture
def drawn_in(engine: Engine, request_: GenerationRequest) -> Iterator[Callable[[str], np.ndarray]]:
    """drawn_in(mode): the same request in another mode; the usual one comes back afterwards."""
    usual = engine._placement.choice

    def draw(mode: Any) -> np.ndarray:
        engine._placement.choice = replace(usual, mode=mode)
        return pixels(engine, request_)

    yield draw
    engine._placement.choice = usual
    engine._placement.switch_mode(usual.mode)


def test_8_bits_draw_nearly_the_same_picture_with_a_third_of_the_weights(
    engine: Engine, drawn_in: Callable[[str], np.ndarray]
) -> None:
    """Random weights at a few channels: a trained model's pictures are nearer. Distances in levels of 255."""
    full, size = drawn_in("cpu"), bytes_of(engine)
    small = drawn_in("fp8")
    assert bytes_of(engine) < size / 3  # of 32 bits; norms and the style's projection stay as they are
    stored = {each.dtype for each in engine._pipeline.unet.parameters()}
    assert torch.float8_e4m3fn in stored
    assert engine._pipeline.unet.encoder_hid_proj.image_projection_layers[0].image_embeds.weight.dtype == torch.float32
    difference = np.abs(full - small)
    assert 0 < difference.mean() < 12 and np.corrcoef(full.ravel(), small.ravel())[0, 1] > 0.95
    assert np.array_equal(small, drawn_in("fp8"))


def test_weights_in_8_bits_are_told_in_the_recipe(
    engine: Engine, drawn_in: Callable[[str], np.ndarray], shallow_folder: Path, request_: GenerationRequest
) -> None:
    drawn_in("fp8")
    assert engine.present_revisions["numbers"] == engine.draw(request_).numbers == "float32, weights in 8 bits"
    drawn_in("cpu")
    assert "numbers" not in engine.present_revisions and engine.draw(request_).numbers == ""
    halves = Engine.load(
        make_tiny_sd15_profile(any_dtype=True), folder=shallow_folder, device="cpu", dtype="bfloat16", memory="fp8"
    )
    drawn = halves.draw(request_)
    assert np.asarray(drawn.images[0]).std() > 20 and drawn.numbers == "bfloat16, weights in 8 bits"


def test_streamed_weights_draw_the_very_same_picture(drawn_in: Callable[[str], np.ndarray]) -> None:
    """The hooks, without a GPU to stream to: what they do to the weights must not show."""
    assert np.array_equal(drawn_in("cpu"), drawn_in("streamed"))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="streams need a CUDA GPU; none is here")
@pytest.mark.parametrize("mode", MODES)
def test_modes_on_a_gpu(shallow_folder: Path, make_style: MakeStyle, mode: str) -> None:
    gpu = Engine.load(make_tiny_sd15_profile(), folder=shallow_folder, device="cuda", memory=mode)
    request = make_request(gpu, make_style("neon", 1), num_inference_steps=2)
    processor = Engine.load(make_tiny_sd15_profile(), folder=shallow_folder, device="cpu")
    assert np.abs(pixels(gpu, request) - pixels(processor, request)).mean() < 12


def test_a_mode_left_leaves_no_trace(drawn_in: Callable[[str], np.ndarray]) -> None:
    first = drawn_in("cpu")
    for mode in ("fp8", "streamed", "fp8"):
        drawn_in(mode)
    assert np.array_equal(first, drawn_in("cpu"))


def test_a_mode_that_this_device_lacks_is_told(shallow_folder: Path) -> None:
    with pytest.raises(SettingError, match="fp4"):
        Engine.load(make_tiny_sd15_profile(), folder=shallow_folder, device="cpu", memory="fp4")


def test_the_mode_and_why_are_told(engine: Engine, shallow_folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert engine.memory.mode == "cpu" and "free" in engine.memory.why
    with caplog.at_level(logging.INFO, "pipeline.engine.loaded_model"):
        asked = Engine.load(make_tiny_sd15_profile(), folder=shallow_folder, device="cpu", memory="fp8")
    assert asked.memory.mode == "fp8" and "Memory mode fp8: asked for" in caplog.text


class Fault:
    """A UNet that runs out of memory at its end, for `times` times: in each of the `ways`, one after the other."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *ways: Callable[[], None]) -> None:
        self.times, self.raised, self._ways = 0, 0, cycle(ways)
        forward = UNet2DConditionModel.forward

        def faulty(network: Any, sample: torch.Tensor, *args: Any, **kwargs: Any) -> Any:
            result = forward(network, sample, *args, **kwargs)
            if self.times > 0:
                self.times -= 1
                self.raised += 1
                held = [torch.ones(MB, dtype=torch.float32) for _ in range(8)]  # 32 MB that only this frame holds
                assert len(held) == 8
                next(self._ways)()
            return result

        monkeypatch.setattr(UNet2DConditionModel, "forward", faulty)


def cuda_has_none() -> None:
    raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of ...")


def the_processor_has_none() -> None:
    torch.empty(2**50, dtype=torch.uint8)  # a petabyte: the allocator's own words


@pytest.fixture
def fault(monkeypatch: pytest.MonkeyPatch, engine: Engine) -> Iterator[Fault]:
    yield Fault(monkeypatch, the_processor_has_none, cuda_has_none)
    engine._placement._too_large.clear()
    engine._placement.switch_mode(engine.memory.mode)


def resident() -> int:
    gc.collect()
    return int(psutil.Process().memory_info().rss)


def allocated() -> int:
    return torch.cuda.memory_allocated() if torch.cuda.is_available() else 0


def test_out_of_memory_is_tried_once_more_a_mode_lower(
    engine: Engine, request_: GenerationRequest, fault: Fault, drawn_in: Callable[[str], np.ndarray]
) -> None:
    expected = drawn_in("fp8")
    drawn_in("cpu")
    fault.times = 1
    drawn = engine.draw(request_)
    assert np.array_equal(drawn.images[0], expected) and fault.raised == 1
    assert "8 bits" in drawn.notices[0] and drawn.numbers == "float32, weights in 8 bits"
    assert engine._placement.mode == "fp8"
    again = engine.draw(request_)  # as large as what failed: not tried in the usual mode again
    assert engine._placement.mode == "fp8" and again.notices == (), "told once"
    assert engine._placement._choose_mode(Size(8, 8)) == "cpu"


def test_four_requests_out_of_memory_and_the_next_one_works(
    engine: Engine, request_: GenerationRequest, fault: Fault
) -> None:
    expected = pixels(engine, request_)
    before, before_gpu = resident(), allocated()
    for _ in range(REQUESTS):
        fault.times = 2  # the usual mode and the one below
        with pytest.raises(OutOfMemory, match=r"not enough memory .*64 x 64 px.*CROQUIS_MEMORY"):
            engine.draw(request_)
    assert fault.raised == 2 * REQUESTS
    assert np.array_equal(pixels(engine, request_), expected)
    assert engine._placement.mode == engine.memory.mode
    assert resident() - before < 40 * MB, "each failure held 64 MB"
    assert allocated() == before_gpu


def test_out_of_memory_says_what_would_fit(engine: Engine, request_: GenerationRequest, fault: Fault) -> None:
    fault.times = 2
    with pytest.raises(OutOfMemory, match=r"What would fit by our reckoning: \d+ x \d+ px with cpu"):
        engine.draw(request_)


def test_another_error_is_not_tried_again(
    engine: Engine, request_: GenerationRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> None:
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")

    fault = Fault(monkeypatch, broken)
    fault.times = 2
    with pytest.raises(RuntimeError, match="mat1"):
        engine.draw(request_)
    assert fault.raised == 1


@pytest.fixture
def small_placement() -> Placement:
    """Modules that cannot be read again."""
    modules = make_sd15_modules()

    class Pipeline:
        unet, controlnet, vae, text_encoder = modules.unet, modules.controlnet, modules.vae, torch.nn.Linear(2, 2)

    def gone() -> Any:
        raise ModelError("the files are gone")

    return Placement(
        Pipeline(), torch.nn.Linear(2, 2), make_tiny_sd15_profile(), torch.device("cpu"), torch.float32, gone
    )


def test_files_that_went_away_are_told_at_each_request(small_placement: Placement) -> None:
    small_placement.switch_mode("fp8")
    for _ in range(2):  # the second time too: half a pipeline is not taken for a whole one
        with pytest.raises(ModelError, match="gone"):
            small_placement.run(Size(64, 64), lambda: None)


def test_memory_that_runs_out_while_loading_means_a_lower_mode(
    small_placement: Placement, monkeypatch: pytest.MonkeyPatch
) -> None:
    enter = Placement._enter_mode

    def tight(placement: Placement, mode: Any) -> None:
        if mode == "cpu":
            raise MemoryError
        enter(placement, mode)

    monkeypatch.setattr(Placement, "_enter_mode", tight)
    small_placement.set_usual_mode(replace(small_placement.choice, why="asked for"))
    assert small_placement.choice.mode == "fp8" == small_placement.mode
    assert "did not fit" in small_placement.choice.why


def test_tiles_are_for_large_pictures_alone() -> None:
    vae = make_sd15_modules().vae
    for side, tiles in ((768, False), (832, True)):
        with TiledDecoding(vae, side, 64):
            assert vae.use_tiling is tiles
        assert vae.use_tiling is False


def test_a_picture_in_tiles_is_like_one_in_a_piece() -> None:
    """Each tile is normed by itself, which random weights and noise show at its worst."""
    vae = make_sd15_modules().vae.eval()
    latents = torch.randn(1, 4, 12, 12, generator=torch.Generator().manual_seed(3))
    with torch.inference_mode():
        whole = vae.decode(latents).sample
        with TiledDecoding(vae, 832, 832):
            tiled = vae.decode(latents).sample
    assert tiled.shape == whole.shape and not torch.equal(tiled, whole)  # the tiny VAE's tiles are 64 px
    assert np.corrcoef(tiled.numpy().ravel(), whole.numpy().ravel())[0, 1] > 0.6
