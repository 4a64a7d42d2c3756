"""Large convolutions packed once draw the same pictures, and are let go of where memory is short or weights move."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from pipeline.engine import packed_convolutions
from pipeline.engine.engine import Engine
from pipeline.engine.packed_convolutions import (
    REPLACED,
    PackedConvolutions,
    count_transient_bytes,
    has_packed_convolutions,
)
from pipeline.models.catalog import SD15
from pipeline.values import GenerationRequest
from tests.conftest import MakeStyle
from tests.tools.drawing_requests import make_request
from tests.tools.models import make_tiny_sd15_profile

pytestmark = pytest.mark.skipif(not has_packed_convolutions(), reason="this build of torch has no oneDNN")
LEAST = 1000  # numbers of a weight: most of the small layout's convolutions have more


@pytest.fixture(params=[torch.float32, torch.bfloat16])
def convolutions(request: pytest.FixtureRequest) -> nn.Sequential:
    """Two of 3 x 3, one with a stride, and one of 1 x 1 between them."""
    torch.manual_seed(7)
    layers = (nn.Conv2d(16, 64, 3, padding=1), nn.Conv2d(64, 64, 1), nn.Conv2d(64, 32, 3, stride=2, padding=1))
    return nn.Sequential(*layers).to(dtype=request.param, memory_format=torch.channels_last).requires_grad_(False)


def count_packed(network: nn.Module) -> int:
    return sum(REPLACED in vars(each) for each in network.modules())


@torch.inference_mode()
def test_packed_convolutions_give_the_same_numbers_at_each_size(convolutions: nn.Sequential) -> None:
    packed, dtype = PackedConvolutions(LEAST), convolutions[0].weight.dtype
    inputs = [torch.randn(rows, 16, side, side, dtype=dtype) for rows, side in ((2, 8), (1, 8), (2, 12), (2, 8))]
    plain = [convolutions(each) for each in inputs]
    packed.pack([convolutions, None], spare=0)
    assert count_packed(convolutions) == 2, "that of a point gains nothing"
    for before, each in zip(plain, inputs, strict=True):
        torch.testing.assert_close(convolutions(each), before, rtol=0, atol=2e-6 if dtype == torch.float32 else 1e-2)
    packed.unpack()
    assert count_packed(convolutions) == 0


@torch.inference_mode()
def test_other_weights_are_packed_anew(convolutions: nn.Sequential) -> None:
    packed, given = PackedConvolutions(LEAST), torch.randn(1, 16, 8, 8, dtype=convolutions[0].weight.dtype)
    packed.pack([convolutions], spare=0)
    before = convolutions(given)
    with torch.inference_mode(False):
        convolutions[0].weight = nn.Parameter(convolutions[0].weight * 2, requires_grad=False)
    after = convolutions(given)
    packed.unpack()
    torch.testing.assert_close(after, convolutions(given), rtol=0, atol=1e-2)
    assert not torch.equal(before, after)


def test_gradients_go_through_the_plain_convolution(convolutions: nn.Sequential) -> None:
    PackedConvolutions(LEAST).pack([convolutions], spare=0)
    given = torch.randn(1, 16, 8, 8, dtype=convolutions[0].weight.dtype, requires_grad=True)
    convolutions(given).sum().backward()
    assert given.grad is not None
    assert given.grad.abs().sum() > 0


def test_nothing_is_packed_without_room_and_all_unpacked_where_it_goes(
    convolutions: nn.Sequential, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed = PackedConvolutions(LEAST)
    needed = sum(each.weight.numel() * each.weight.element_size() for each in (convolutions[0], convolutions[2]))
    monkeypatch.setattr(packed_convolutions, "measure_main_memory", lambda: 1_000_000)
    packed.pack([convolutions], spare=1_000_001 - needed)
    assert count_packed(convolutions) == 0
    packed.pack([convolutions], spare=1_000_000 - needed)
    assert count_packed(convolutions) == 2
    packed.pack([convolutions], spare=1_000_000)
    assert count_packed(convolutions) == 2, "what is packed already takes no more"
    packed.pack([convolutions], spare=1_000_001)
    assert count_packed(convolutions) == 0


def test_a_processor_whose_library_refuses_draws_plainly(
    convolutions: nn.Sequential, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: object) -> None:
        raise RuntimeError("mkldnn_reorder_conv2d_weight: bf16 path needs the cpu support avx512bw")

    monkeypatch.setattr(torch._C._nn, "mkldnn_reorder_conv2d_weight", refuse)
    packed = PackedConvolutions(LEAST)
    packed.pack([convolutions], spare=0)
    assert count_packed(convolutions) == 0
    assert "are not packed" in caplog.text


@pytest.fixture
def engine(shallow_folder: Path) -> Iterator[Engine]:
    """Its own: these tests pack its convolutions."""
    loaded = Engine.load(make_tiny_sd15_profile(), folder=shallow_folder, device="cpu")
    loaded._placement.packed = PackedConvolutions(LEAST)
    yield loaded
    loaded._placement.packed.unpack()


@pytest.fixture
def request_(engine: Engine, make_style: MakeStyle) -> GenerationRequest:
    return make_request(engine, make_style("neon", 1), num_inference_steps=2)


def test_an_engine_packs_unet_and_controlnet_and_draws_the_same(engine: Engine, request_: GenerationRequest) -> None:
    packed = np.asarray(engine.draw(request_).images[0])
    networks = engine._pipeline.unet, engine._pipeline.controlnet
    assert all(count_packed(each) for each in networks)
    engine._placement.packed = PackedConvolutions(10**9)
    for each in networks:
        for layer in each.modules():
            vars(layer).pop(REPLACED, None)
    np.testing.assert_array_equal(packed, np.asarray(engine.draw(request_).images[0]))


def test_teaching_and_another_mode_let_go_of_the_blocks(engine: Engine, request_: GenerationRequest) -> None:
    engine.draw(request_)
    assert engine.lend(lambda networks: count_packed(networks.unet)) == 0
    engine.draw(request_)
    assert count_packed(engine._pipeline.unet)
    engine._placement.switch_mode("fp8")
    assert count_packed(engine._pipeline.unet) == 0


def test_what_a_picture_holds_grows_with_it_and_leaves_room_for_a_look_at_a_style() -> None:
    usual, larger = (count_transient_bytes(SD15, pixels, "bfloat16") for pixels in (512 * 512, 1024 * 1024))
    assert usual >= SD15.parts["image_encoder"].size
    assert larger == 4 * usual
