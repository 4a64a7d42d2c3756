"""The image encoder: loaded for a new style, on the processor, and given back when it is large."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from PIL import Image
from transformers import CLIPImageProcessorPil

from pipeline.engine import image_encoder as vision
from pipeline.engine.image_encoder import ImageEncoder
from pipeline.engine.style_embeddings import StyleEmbeddings
from pipeline.errors import OutOfMemory
from pipeline.machine.memory import is_out_of_memory
from pipeline.models.ip_adapters import AdapterInput
from pipeline.values import StyleMix
from tests.conftest import MakeStyle
from tests.tools.models import make_tiny_sd15_profile


@pytest.fixture
def seeing(sd15_folder: Path) -> ImageEncoder:
    """In a pipeline that computes in 16 bits, as on a GPU."""
    processor = CLIPImageProcessorPil.from_pretrained(sd15_folder / "base" / "feature_extractor")
    pipeline = SimpleNamespace(feature_extractor=processor, dtype=torch.float16, device=torch.device("meta"))
    return ImageEncoder(make_tiny_sd15_profile(), sd15_folder, pipeline)


def encoder_of(seeing: ImageEncoder) -> Any:
    return seeing.__dict__.get("_encoder")


def test_it_reads_on_the_processor_in_32_bits_whatever_the_pipeline_does(seeing: ImageEncoder) -> None:
    embedding = seeing.encode(Image.new("RGB", (64, 64), "teal"))
    assert embedding.dtype == torch.float32 and embedding.device.type == "cpu"
    assert next(encoder_of(seeing).parameters()).device.type == "cpu"


def test_a_large_encoder_is_given_back(seeing: ImageEncoder, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[bool] = []
    monkeypatch.setattr(vision, "KEPT_LIMIT", 1)
    monkeypatch.setattr(vision, "give_memory_back", lambda: given.append(True))
    image = Image.new("RGB", (64, 64), "teal")
    first = seeing.encode(image)
    loaded = weakref.ref(encoder_of(seeing))
    seeing.release()
    assert encoder_of(seeing) is None and loaded() is None, "something still holds its 2.5 GB"
    assert given, "what it took goes back to the system"
    assert torch.equal(seeing.encode(image), first)


def test_a_small_one_stays(seeing: ImageEncoder) -> None:
    seeing.encode(Image.new("RGB", (64, 64), "teal"))
    seeing.release()
    assert encoder_of(seeing) is not None


def test_releasing_what_was_never_loaded_loads_nothing(seeing: ImageEncoder) -> None:
    seeing.release()
    assert encoder_of(seeing) is None


@pytest.mark.parametrize("fails", [False, True])
def test_styles_release_it_once_when_all_are_there(make_style: MakeStyle, fails: bool) -> None:
    events: list[str] = []

    def encode(image: Image.Image) -> torch.Tensor:
        events.append("read")
        if fails:
            raise MemoryError
        return torch.ones(1, 3)

    embed = StyleEmbeddings(encode, "r1", AdapterInput("image_embeds", 3), None, lambda: events.append("released"))
    mix = StyleMix(((make_style("one", 1), 0.5), (make_style("two", 2), 0.5)))
    calls: list[Callable[[], object]] = [lambda: embed.mix_styles(mix), lambda: embed(make_style("three", 3))]
    for call in calls:
        if fails:
            with pytest.raises(MemoryError):
                call()
        else:
            call()
    assert events == (["read", "released"] * 2 if fails else ["read", "read", "released", "read", "released"])


def test_where_memory_does_not_hold_it_that_is_told_before_it_is_read(
    seeing: ImageEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = Image.new("RGB", (64, 64), "teal")
    monkeypatch.setattr(vision, "measure_main_memory", lambda: seeing.count_bytes() - 1)
    with pytest.raises(OutOfMemory, match="not enough memory to look at a new style: that takes") as raised:
        seeing.encode(image)
    assert is_out_of_memory(raised.value), "a picture is tried once more in a lower mode"
    assert not seeing.is_loaded
    monkeypatch.setattr(vision, "measure_main_memory", seeing.count_bytes)
    seeing.encode(image)
    assert seeing.is_loaded
    assert seeing.count_bytes() == sum(weight.nbytes for weight in encoder_of(seeing).parameters())
