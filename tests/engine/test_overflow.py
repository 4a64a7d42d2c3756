"""Numbers that overflow in a small format are computed again in float32, which later pictures keep."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from pipeline.engine.engine import Engine
from pipeline.errors import Overflow
from pipeline.values import NUMBER_FORMAT, GenerationRequest, StartPicture
from tests.conftest import MakeStyle
from tests.tools.drawing_requests import make_request
from tests.tools.models import make_tiny_sd15_profile
from tests.tools.overflows import OverflowsIn
from tests.tools.requests import change_request

STEPS = 2


@pytest.fixture(scope="module", autouse=True)
def _quick(one_thread: None) -> None:
    """Small models are quickest on one thread."""


@pytest.fixture
def engine(sd15_folder: Path) -> Engine:
    """bfloat16 stands for a GPU's float16: both are the smaller of two formats."""
    profile = make_tiny_sd15_profile(any_dtype=True)
    return Engine.load(profile, folder=sd15_folder, device="cpu", dtype="bfloat16")


@pytest.fixture
def request_(engine: Engine, make_style: MakeStyle) -> GenerationRequest:
    return make_request(engine, make_style("neon", 1), num_inference_steps=STEPS)


@pytest.fixture
def spoil(engine: Engine) -> Iterator[Callable[..., OverflowsIn]]:
    handles = []

    def spoil(module: nn.Module, *dtypes: torch.dtype) -> OverflowsIn:
        hook = OverflowsIn(*dtypes)
        handles.append(module.register_forward_hook(hook))
        return hook

    yield spoil
    for handle in handles:
        handle.remove()


def test_a_decoder_that_overflows_decodes_in_float32_and_goes_on_in_it(
    engine: Engine, request_: GenerationRequest, spoil: Callable[..., OverflowsIn]
) -> None:
    unet = spoil(engine._pipeline.unet)
    spoil(engine._pipeline.vae.decoder, torch.bfloat16)
    first = engine.draw(request_)
    passes = unet.calls
    assert "overflowed in bfloat16, so the autoencoder was computed in float32" in first.notices[-1]
    assert engine.dtype == torch.bfloat16  # the rest needs no more memory
    assert engine.present_revisions[NUMBER_FORMAT] == "bfloat16, decoded in float32"
    second = engine.draw(request_)
    assert second.notices == ()  # told once
    assert unet.calls == 2 * passes  # the steps were not taken again
    assert np.array_equal(first.images[0], second.images[0]) and np.asarray(first.images[0]).std() > 0


def test_what_is_planned_after_it_overflowed_is_in_32_bits(engine: Engine, request_: GenerationRequest) -> None:
    before = engine._controlnets._plan(request_, 1)
    engine._placement.widen_decoder()
    after = engine._controlnets._plan(request_, 1)
    assert after.decode > 1.5 * before.decode and after.steps == before.steps


def test_a_network_that_overflows_draws_in_float32_and_goes_on_in_it(
    engine: Engine, request_: GenerationRequest, spoil: Callable[..., OverflowsIn], sd15_folder: Path
) -> None:
    spoil(engine._pipeline.unet, torch.bfloat16)
    first, second = engine.draw(request_), engine.draw(request_)
    assert "overflowed in bfloat16, so the picture was computed in float32" in first.notices[-1]
    assert second.notices == () and engine.dtype == torch.float32
    assert NUMBER_FORMAT not in engine.present_revisions  # a processor's usual numbers
    assert np.array_equal(first.images[0], second.images[0]) and np.asarray(first.images[0]).std() > 0


def test_an_encoder_that_overflows_reads_the_picture_in_float32_and_goes_on_in_it(
    engine: Engine, request_: GenerationRequest, spoil: Callable[..., OverflowsIn]
) -> None:
    """The picture to start from is read again; UNet and the rest stay in the smaller format."""
    pixels = np.full((request_.height, request_.width, 3), (200, 80, 40), np.uint8)
    started = change_request(request_, start=StartPicture(pixels), strength=0.75, num_inference_steps=4)
    unet, encoder = spoil(engine._pipeline.unet), spoil(engine._pipeline.vae.encoder, torch.bfloat16)
    first = engine.draw(started)
    passes = unet.calls
    assert encoder.calls == 2 and engine.dtype == torch.bfloat16
    assert "overflowed in bfloat16, so the autoencoder was computed in float32" in first.notices[-1]
    assert engine.present_revisions[NUMBER_FORMAT] == "bfloat16, decoded in float32"
    second = engine.draw(started)
    assert (second.notices, encoder.calls, unet.calls) == ((), 3, 2 * passes), "told once, read once"
    assert np.array_equal(first.images[0], second.images[0]) and np.asarray(first.images[0]).std() > 0


def test_what_overflows_in_float32_too_is_told(
    engine: Engine, request_: GenerationRequest, spoil: Callable[..., OverflowsIn]
) -> None:
    spoil(engine._pipeline.vae.decoder, torch.bfloat16, torch.float32)
    with pytest.raises(Overflow, match="gave no picture: its numbers overflowed on cpu"):
        engine.draw(request_)
