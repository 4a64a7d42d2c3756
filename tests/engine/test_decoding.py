"""Previews by a small decoder that is not here, broken, or too much for the memory."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from diffusers import AutoencoderTiny

from pipeline.engine.decoding import Decoders
from pipeline.engine.preview import LinearPreview
from pipeline.errors import Cancelled, ModelError, watch_cancel
from tests.tools.cancel_looks import CancelLooks
from tests.tools.packaged_folder import make_packaged_profile


@pytest.fixture(scope="module")
def vae(packaged_folder: Path) -> AutoencoderTiny:
    return AutoencoderTiny.from_pretrained(packaged_folder / "vae").eval()


class Files:
    """Where parts lie: nowhere, and why."""

    def __init__(self, cause: Exception | None = None) -> None:
        self._cause = cause

    def locate(self, role: str) -> Path:
        raise ModelError(f"{role} could not be had.") from self._cause


def decoding(vae: AutoencoderTiny, files: Any, previews: str = "small") -> Decoders:
    pipeline = SimpleNamespace(vae=vae, vae_scale_factor=8)
    placement: Any = SimpleNamespace(decoder_dtype=torch.float32, device=torch.device("cpu"))
    return Decoders(pipeline, make_packaged_profile(), placement, previews, "taesd", files)


def test_a_missing_small_decoder_leaves_linear_previews_and_is_told(
    vae: AutoencoderTiny, caplog: pytest.LogCaptureFixture
) -> None:
    assert isinstance(decoding(vae, Files()).make_preview, LinearPreview)
    assert "Previews are linear for now. taesd could not be had." in caplog.text
    with pytest.raises(ModelError, match="taesd"):
        decoding(vae, Files()).choose_vae("small")  # for the picture itself there is nothing in its place


def test_no_memory_for_it_goes_on_to_who_makes_room(vae: AutoencoderTiny) -> None:
    with pytest.raises(ModelError):
        _ = decoding(vae, Files(MemoryError())).make_preview


def test_where_it_is_not_wanted_nobody_looks_for_it(vae: AutoencoderTiny) -> None:
    assert isinstance(decoding(vae, None, "linear").make_preview, LinearPreview)


def test_a_cancel_ends_the_decoding_between_two_convolutions(vae: AutoencoderTiny) -> None:
    latents, decoders = torch.zeros(1, vae.config.latent_channels, 8, 8), decoding(vae, Files())
    with pytest.raises(Cancelled), watch_cancel(looks := CancelLooks(3)):
        decoders.decode_pictures(latents, "full")
    assert looks.count == 3
    [picture] = decoders.decode_pictures(latents, "full")
    assert picture.size == (64, 64) and looks.count == 3  # nothing looks on where nobody watches
