from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch

from pipeline.controls import Shortcuts
from pipeline.engine.acceleration import Compiler
from pipeline.engine.engine import Engine
from pipeline.errors import Cancelled, SettingError, StyleError
from pipeline.machine import torch_threads
from pipeline.prompt_syntax import Prompt
from pipeline.request.presets import get_menu
from pipeline.values import StepPreview, StyleMix
from tests.conftest import MakeStyle
from tests.tools.diffusers_reference import embed_style_by_diffusers, load_diffusers_sd15
from tests.tools.drawing_requests import make_request
from tests.tools.models import make_tiny_sd15_profile
from tests.tools.requests import change_request

if TYPE_CHECKING:
    from pipeline.values import GenerationRequest


@pytest.fixture
def request_(sd15_engine: Engine, make_style: MakeStyle) -> GenerationRequest:
    return make_request(sd15_engine, make_style("neon", 1))


def pixels(engine: Engine, request: GenerationRequest) -> np.ndarray:
    return np.asarray(engine.draw(request).images[0]).astype(int)


def test_equal_requests_give_equal_pixels(sd15_engine: Engine, request_: GenerationRequest) -> None:
    first = pixels(sd15_engine, request_)
    pixels(sd15_engine, change_request(request_, seed=12, guidance_scale=1.0, ip_adapter_scale=0.2))
    assert np.array_equal(first, pixels(sd15_engine, request_))  # nothing leaked from the one between


@pytest.mark.parametrize(
    "changed",
    [
        {"seed": 12},
        {"prompt": Prompt("a blue boat")},
        {"negative_prompt": Prompt("grey")},
        {"num_inference_steps": 5},
        {"guidance_scale": 1.0},
        {"ip_adapter_scale": 0.0},
        {"controlnet_conditioning_scale": 0.0},
        {"sampler": "Euler a"},
        {"style_focus": "style"},
        {"style_focus": "style + layout"},
        {"shortcuts": Shortcuts(guidance_end=0.5)},
        {"shortcuts": Shortcuts(control_guidance_end=0.5)},
        {"shortcuts": Shortcuts(controlnet_half="shared")},
        {"shortcuts": Shortcuts(controlnet_half="conditional")},
        {"shortcuts": Shortcuts(controlnet_every=2)},
    ],
    ids=str,
)
def test_everything_in_a_request_changes_the_picture(
    sd15_engine: Engine, request_: GenerationRequest, changed: dict[str, Any]
) -> None:
    before, after = (pixels(sd15_engine, each) for each in (request_, change_request(request_, **changed)))
    assert np.abs(before - after).max() > (2 if {"shortcuts", "style_focus"} & changed.keys() else 8)


@pytest.mark.parametrize("sampler", ["DPM++ 2M", "Euler a", "LCM"])
def test_each_picture_of_a_batch_is_the_one_of_its_seed(
    sd15_engine: Engine, request_: GenerationRequest, sampler: str
) -> None:
    levers = Shortcuts(guidance_end=0.75, controlnet_half="shared", controlnet_every=2)
    request = change_request(request_, sampler=sampler, shortcuts=levers, seed=2**32 - 2)
    together = sd15_engine.draw(request, 3).images
    alone = [pixels(sd15_engine, each) for each in request.batch(3)]
    assert [each.sampling.seed for each in request.batch(3)] == [2**32 - 2, 2**32 - 1, 0]
    for one, other in zip(together, alone, strict=True):
        np.testing.assert_array_equal(np.asarray(one), other)
    assert np.abs(alone[0] - alone[1]).max() > 8


def test_what_an_engine_does_not_offer_is_refused(
    sd15_engine: Engine, request_: GenerationRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under a menu of one sampler and no files beside the model's own."""
    short = replace(get_menu("sd15"), samplers=("DPM++ 2M",), few_steps={}, small_decoder=None)
    monkeypatch.setattr(sd15_engine, "_menu", short)
    for wrong, message in (
        ({"sampler": "DPM++ 2M Karras"}, "sampler is one of"),
        ({"style_focus": "mood"}, "whole"),
        ({"shortcuts": Shortcuts(few_steps="lcm")}, "few_steps"),
        ({"shortcuts": Shortcuts(decoder="small")}, "one decoder"),
    ):
        with pytest.raises(SettingError, match=message):
            sd15_engine.draw(change_request(request_, **wrong))


def test_style_focus_touches_only_its_blocks(sd15_engine: Engine, make_style: MakeStyle) -> None:
    """A name that fits no block would switch the style off in silence."""
    request = make_request(sd15_engine, make_style("neon", 1), ip_adapter_scale=0.8)
    off = pixels(sd15_engine, change_request(request, ip_adapter_scale=0.0))
    worn = {}
    for focus in ("whole", "style", "style + layout"):
        drawn = pixels(sd15_engine, change_request(request, style_focus=focus))
        assert np.abs(drawn - off).max() > 2, focus
        worn[focus] = {
            name: processor.scale[0]
            for name, processor in sd15_engine._pipeline.unet.attn_processors.items()
            if hasattr(processor, "scale")
        }
    assert set(worn["whole"].values()) == {0.8} and len(worn["whole"]) == 16
    assert sum(scale == 0.8 for scale in worn["style"].values()) == 11
    layout = {name for name in worn["style"] if worn["style"][name] != worn["style + layout"][name]}
    assert {name.split(".attentions")[0] for name in layout} == {"down_blocks.2"}


def test_a_compiled_unet_draws_the_same_picture(sd15_folder: Path, make_style: MakeStyle) -> None:
    engine = Engine.load(make_tiny_sd15_profile(), folder=sd15_folder, device="cpu")
    engine.compile_ahead()  # goes through every shape that a picture needs
    request = make_request(engine, make_style("neon", 1), num_inference_steps=2, guidance_scale=1.0)
    plain = pixels(engine, request)
    engine._compiled = Compiler(True, backend="eager")
    assert np.abs(plain - pixels(engine, request)).max() <= 1


def test_previews_by_the_small_decoder(sd15_folder: Path, make_style: MakeStyle) -> None:
    engine = Engine.load(make_tiny_sd15_profile(), folder=sd15_folder, device="cpu", previews="small")
    seen: list[StepPreview] = []
    request = make_request(engine, make_style("neon", 1), shortcuts=Shortcuts(decoder="small"))
    image = engine.draw(request, on_step=seen.append).images[0]
    assert all(max(preview.image.size) <= 128 for preview in seen)
    last = np.asarray(seen[-1].image).astype(int)  # the last estimate is where the picture ends
    assert np.abs(last - np.asarray(image).astype(int)).mean() < 2


def test_the_small_decoder_paints_the_same_latents(sd15_engine: Engine, make_style: MakeStyle) -> None:
    request = make_request(sd15_engine, make_style("neon", 1))
    full, small = (
        pixels(sd15_engine, change_request(request, shortcuts=Shortcuts(decoder=name))) for name in ("full", "small")
    )
    assert full.shape == small.shape and np.abs(full - small).mean() > 2
    assert np.array_equal(full, pixels(sd15_engine, request))


def test_another_style_changes_the_picture_and_a_mix_lies_between(
    sd15_engine: Engine, request_: GenerationRequest, make_style: MakeStyle
) -> None:
    one, two = make_style("neon", 1), make_style("moss", 2)
    mixes = (StyleMix.of(one), StyleMix(((one, 0.5), (two, 0.5))), StyleMix.of(two))
    first, between, last = (pixels(sd15_engine, replace(request_, styles=mix)) for mix in mixes)
    assert np.abs(first - last).max() > 2
    assert np.abs(first - between).mean() < np.abs(first - last).mean()
    assert np.abs(last - between).mean() < np.abs(first - last).mean()


def test_a_style_embedding_is_the_stock_one(sd15_engine: Engine, sd15_folder: Path, make_style: MakeStyle) -> None:
    style = make_style("neon", 1)
    encoder_folder = sd15_folder / "ip_adapter" / "models" / "image_encoder"
    expected = embed_style_by_diffusers(load_diffusers_sd15(sd15_folder), encoder_folder, style.image)
    embedding = sd15_engine.embed_style(style)
    assert embedding.shape == (1, 48)
    assert embedding.dtype == torch.float32
    torch.testing.assert_close(embedding, expected, atol=1e-5, rtol=0)


def test_a_broken_style_image_is_named_and_not_needed_at_scale_zero(
    sd15_engine: Engine, request_: GenerationRequest, make_style: MakeStyle, tmp_path: Path
) -> None:
    path = tmp_path / "broken.png"
    path.write_bytes(b"not an image")
    style = replace(make_style("neon", 1), name="Broken", sha256="0" * 64, image=path)
    request = replace(request_, styles=StyleMix.of(style))
    with pytest.raises(StyleError, match="'Broken' cannot be read"):
        sd15_engine.draw(request)
    sd15_engine.draw(change_request(request, ip_adapter_scale=0.0))


def test_it_computes_on_all_threads_whatever_was_set(
    sd15_engine: Engine, request_: GenerationRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch_threads, "USUAL_COUNT", 2)
    seen: list[int] = []
    with torch_threads.use_threads(1):
        sd15_engine.draw(request_, on_step=lambda _: seen.append(torch.get_num_threads()))
    assert set(seen) == {2}


def test_previews_come_at_each_step_and_are_small(sd15_engine: Engine, request_: GenerationRequest) -> None:
    seen: list[StepPreview] = []
    image = sd15_engine.draw(request_, on_step=seen.append).images[0]
    assert [(preview.step, preview.of) for preview in seen] == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert all(preview.image.mode == "RGB" and max(preview.image.size) <= 128 for preview in seen)
    assert np.array_equal(
        np.asarray(image), np.asarray(sd15_engine.draw(request_).images[0])
    )  # looking changes nothing


@pytest.mark.parametrize("stop_after", [0, 2])
def test_cancel_stops_within_a_step_and_the_engine_goes_on(
    sd15_engine: Engine, request_: GenerationRequest, stop_after: int
) -> None:
    before = pixels(sd15_engine, request_)
    seen: list[StepPreview] = []
    with pytest.raises(Cancelled):
        sd15_engine.draw(request_, on_step=seen.append, is_cancelled=lambda: len(seen) >= stop_after)
    assert len(seen) == stop_after
    assert np.array_equal(before, pixels(sd15_engine, request_))


def test_an_error_in_a_listener_leaves_the_engine_usable(sd15_engine: Engine, request_: GenerationRequest) -> None:
    def fail(preview: StepPreview) -> None:
        raise RuntimeError("the page is gone")

    with pytest.raises(RuntimeError, match="the page is gone"):
        sd15_engine.draw(request_, on_step=fail)
    sd15_engine.draw(request_)


def test_requests_from_many_threads_do_not_mix(sd15_engine: Engine, request_: GenerationRequest) -> None:
    requests = [change_request(request_, seed=n, ip_adapter_scale=n / 4, guidance_scale=1.0 + n) for n in range(4)]
    expected = [pixels(sd15_engine, each) for each in requests]
    drawn: dict[int, np.ndarray] = {}

    def draw(number: int) -> None:
        drawn[number] = pixels(sd15_engine, requests[number])

    threads = [threading.Thread(target=draw, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(np.array_equal(drawn[number], expected[number]) for number in range(4))


def test_the_hint_is_embedded_once_and_words_once_for_all(sd15_folder: Path, request_: GenerationRequest) -> None:
    engine = Engine.load(make_tiny_sd15_profile(), folder=sd15_folder, device="cpu")
    hints, words = count_calls(engine._conditioning.hint_stack), count_calls(engine._pipeline.text_encoder)
    engine.draw(request_)
    assert (len(hints), len(words)) == (1, 2)  # the prompt and the negative prompt
    engine.draw(change_request(request_, seed=99))
    assert (len(hints), len(words)) == (2, 2)


def count_calls(module: torch.nn.Module) -> list[int]:
    calls: list[int] = []
    module.register_forward_hook(lambda *_: calls.append(1))
    return calls


def test_time_is_told_per_stage(sd15_engine: Engine, request_: GenerationRequest) -> None:
    milliseconds = sd15_engine.draw(request_).milliseconds
    assert list(milliseconds) == ["words", "style", "lines", "steps", "picture"]
    assert all(value >= 0 for value in milliseconds.values())
    assert milliseconds["steps"] > milliseconds["lines"]


def test_a_request_for_another_engine_or_size_is_refused(sd15_engine: Engine, request_: GenerationRequest) -> None:
    with pytest.raises(SettingError, match="'pocket'; 'sd15' is loaded"):
        sd15_engine.draw(replace(request_, engine="pocket"))
    edges = replace(request_.edges, pixels=np.zeros((1024, 1024), np.uint8))
    with pytest.raises(SettingError, match="1024 x 1024 was asked for"):
        sd15_engine.draw(replace(request_, edges=edges, width=1024, height=1024))


def test_a_long_prompt_is_told_about(packaged_engine: Engine, make_style: MakeStyle) -> None:
    request = make_request(packaged_engine, make_style("neon", 1), prompt=Prompt("a red fox in a neon city"))
    assert packaged_engine.draw(request).notices == ()
    (notice,) = packaged_engine.draw(replace(request, prompt=Prompt("fox " * 40))).notices
    assert "first 30 of these 40 words" in notice
