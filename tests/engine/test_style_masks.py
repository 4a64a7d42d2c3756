"""A style on a part is worn where it was brushed: at every size, level, pass and window."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch

from pipeline.controls import HiresFix, Shortcuts
from pipeline.engine.few_steps import PICTURE_ALONE, list_lora_notices
from pipeline.engine.style_masks import select_mask, share_styles
from pipeline.machine import tiles
from pipeline.machine.tiles import Window
from pipeline.picture.png_file import read_picture, write_picture
from pipeline.taught import LOOK_NUMBERS, Look, Taught
from pipeline.values import EdgeMap, GenerationRequest, GenerationResult, Style, StyleMask, StyleMix
from tests.conftest import MakeStyle
from tests.tools.drawing_requests import make_request
from tests.tools.models import make_sd15_modules
from tests.tools.requests import change_request

if TYPE_CHECKING:
    from pipeline.engine.engine import Engine

LORA = "ab" * 32  # hash of what a style learnt
CPU = torch.device("cpu")
ODD = [(72, 120), (120, 72), (104, 88)]  # sizes of which diffusers guesses some layer's sides wrong


@pytest.fixture(scope="module")
def styles(make_style: MakeStyle) -> tuple[Style, Style]:
    return make_style("neon", 1), make_style("felt", 2)


def make_left(engine: Engine, styles: tuple[Style, Style], width: int = 64, height: int = 64, **changed: Any) -> Any:
    """Make a request of that size, without lines, whose left half wears the second style."""
    left = np.zeros((height, width), np.uint8)
    left[:, : width // 2] = 255
    sized = {"width": width, "height": height, "edges": EdgeMap(np.zeros_like(left), "lines")}
    part = StyleMask(left, StyleMix.of(styles[1]))
    return make_request(engine, styles[0], **sized, mask=part, **{"ip_adapter_scale": 1.5, **changed})


def draw(engine: Engine, request: GenerationRequest) -> np.ndarray:
    return np.asarray(engine.draw(request).images[0]).astype(int)


def measure_halves(engine: Engine, request: GenerationRequest) -> tuple[float, float]:
    """Return how far the outer quarters, left and right, are from the picture without the part."""
    apart = np.abs(draw(engine, request) - draw(engine, change_request(request, mask=None)))
    quarter = request.width // 4
    return float(apart[:, :quarter].mean()), float(apart[:, -quarter:].mean())


def test_a_part_s_picture_comes_back_from_its_file_with_equal_bytes(
    sd15_engine: Engine, styles: tuple[Style, Style]
) -> None:
    request = make_left(sd15_engine, styles)
    before = keep(sd15_engine, request)
    worn = {style.id: style for style in styles}
    restored = read_picture(before, worn.__getitem__).request
    assert restored == request
    assert keep(sd15_engine, restored) == before
    assert keep(sd15_engine, change_request(restored, mask=None)) != before


def keep(engine: Engine, request: GenerationRequest) -> bytes:
    """Draw a picture and return its file."""
    return write_picture(GenerationResult(engine.draw(request).images[0], request, (), (), {}, {}))


def test_a_taught_style_on_a_part_is_told_to_wear_its_picture_alone(
    sd15_engine: Engine, styles: tuple[Style, Style]
) -> None:
    learnt = replace(styles[1], name="Stripes", taught=Taught(Look((0.5,) * LOOK_NUMBERS, 60.0, 30.0, 0.25), 5, LORA))
    told = list_lora_notices(make_left(sd15_engine, (styles[0], learnt)))
    assert told == (PICTURE_ALONE.format(name="Stripes"),)
    worn = list_lora_notices(make_left(sd15_engine, (learnt, learnt)))
    assert len(worn) == 1 and "is not on this machine" in worn[0], "the whole picture wears it, too"
    assert list_lora_notices(make_left(sd15_engine, styles)) == ()


@pytest.mark.parametrize("size", [(128, 64), *ODD], ids=str)
def test_each_level_has_the_left_on_its_left(
    sd15_engine: Engine, styles: tuple[Style, Style], size: tuple[int, int]
) -> None:
    shares = share_styles(make_left(sd15_engine, styles, *size), 8, 3, CPU)
    assert shares is not None and len(shares.by_level) == 3
    width, height = size[0] // 8, size[1] // 8
    for _ in range(3):
        (given,) = select_mask(shares.by_level, torch.zeros(1, 5, height, width))["ip_adapter_masks"]
        whole, part = given.reshape(2, height, width)
        torch.testing.assert_close(whole + part, torch.ones(height, width))
        assert (part[:, : width // 2] > 0.9).all() and (part[:, (width + 1) // 2 :] < 0.1).all()
        width, height = (width + 1) // 2, (height + 1) // 2


def test_a_soft_edge_stays_soft_and_a_window_has_its_own_part(sd15_engine: Engine, styles: tuple[Style, Style]) -> None:
    request = make_left(sd15_engine, styles, 128, 64)
    ramp = np.broadcast_to(np.linspace(255, 0, 128), (64, 128)).astype(np.uint8)
    soft = share_styles(change_request(request, mask=StyleMask(ramp.copy(), request.mask.styles)), 8, 3, CPU)
    assert soft is not None
    part = soft.by_level[8 * 16][0, 1, 0].reshape(8, 16)
    assert len({round(float(share), 2) for share in part[0]}) == 16 and (part.diff(dim=1) < 0).all()
    cut = soft.cut(Window(2, 4, 4, 6))
    torch.testing.assert_close(cut.by_level[4 * 6][0, 1, 0].reshape(4, 6), part[2:6, 4:10], atol=0.02, rtol=0)


@torch.inference_mode()
def test_one_layer_gives_each_place_the_answer_of_its_own_style() -> None:
    """Where a style is worn alone, the attention says to the last bit what it says of that style everywhere."""
    from tests.tools.ip_adapter import list_ip_layers

    unet = make_sd15_modules().unet.eval()
    processor, width = list_ip_layers(unet)[0], unet.config.cross_attention_dim
    attention = next(each for name, each in unet.named_modules() if getattr(each, "processor", None) is processor)
    noise = torch.Generator().manual_seed(2)
    hidden = torch.randn(1, 6, processor.hidden_size, generator=noise)
    words, looks = torch.randn(1, 7, width, generator=noise), torch.randn(1, 2, 4, width, generator=noise)
    shares = torch.tensor([[1.0, 1, 1, 0, 0, 0], [0, 0, 0, 1, 1, 1]]).reshape(1, 2, 1, 6)
    both = attention(hidden, encoder_hidden_states=(words, [looks]), ip_adapter_masks=[shares])
    first, second = (attention(hidden, encoder_hidden_states=(words, [looks[:, n : n + 1]])) for n in (0, 1))
    torch.testing.assert_close(both, torch.cat([first[:, :3], second[:, 3:]], dim=1))
    assert (first - second).abs().max() > 1e-3


@pytest.mark.parametrize("size", [(128, 64), *ODD], ids=str)
def test_a_style_on_the_left_changes_the_left(
    sd15_engine: Engine, styles: tuple[Style, Style], size: tuple[int, int]
) -> None:
    left, right = measure_halves(sd15_engine, make_left(sd15_engine, styles, *size, guidance_scale=7.0))
    assert left > 1.7 * right


@pytest.mark.parametrize("shortcuts", [Shortcuts(cache_interval=2), Shortcuts(guidance_end=0.5)], ids=str)
def test_the_levers_keep_the_part(sd15_engine: Engine, styles: tuple[Style, Style], shortcuts: Shortcuts) -> None:
    request = make_left(sd15_engine, styles, 128, 64, guidance_scale=7.0)
    quick = change_request(request, shortcuts=shortcuts)
    left, right = measure_halves(sd15_engine, quick)
    assert left > 1.5 * right
    assert np.abs(draw(sd15_engine, quick) - draw(sd15_engine, request)).max() > 0


def test_two_passes_and_windows_keep_the_part(
    sd15_engine: Engine, styles: tuple[Style, Style], monkeypatch: pytest.MonkeyPatch
) -> None:
    request = make_left(sd15_engine, styles, 128, 64, guidance_scale=7.0)
    twice = replace(request, hires=HiresFix(scale=1.5, strength=0.6, num_inference_steps=5, upscaler="Lanczos"))
    left, right = measure_halves(sd15_engine, twice)
    assert left > 1.5 * right
    for name, px in (("WINDOWS_FROM", 64), ("WINDOW", 64), ("OVERLAP", 32)):
        monkeypatch.setattr(tiles, name, px)
    left, right = measure_halves(sd15_engine, request)
    assert left > 2 * right  # the last window sees nothing of the part at all
