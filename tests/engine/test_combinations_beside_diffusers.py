"""Everything at once draws what diffusers' pipelines draw: several ControlNets, LoRAs, a style and a textual inversion,
from words, from a picture and on a part of one, by a UNet of four channels and of nine."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import ControlNetModel, StableDiffusionControlNetPipeline
from PIL import Image
from safetensors.torch import save_file

from pipeline.engine.engine import Engine
from pipeline.engine.starting import lay_rest
from pipeline.own_weights import Embedding, Lora
from pipeline.request.presets import SD15_MENU
from pipeline.values import GenerationRequest, StartPicture
from tests.conftest import MakeStyle
from tests.tools.controlnets import make_hint, write_controlnets
from tests.tools.diffusers_reference import draw_by_diffusers, embed_style_by_diffusers, load_adapter
from tests.tools.drawing_requests import make_request
from tests.tools.models import make_tiny_sd15_profile, write_lora, write_shallow_sd15
from tests.tools.requests import change_request
from tests.tools.stock_starts import draw_from_picture_by_diffusers, write_inpainting_unet

Features = frozenset[str]
Pixels = np.ndarray
MORE = ("two ControlNets", "two LoRAs", "a style", "an inversion")
ALL = frozenset(MORE)
COMBINATIONS = [frozenset(each) for count in (0, 2) for each in itertools.combinations(MORE, count)] + [ALL]
STARTS = ("words", "picture", "part", "part by nine channels")
WEIGHTS = {"ink": 0.6, "glow": -0.4}  # of the two LoRAs
NETS: Any = {  # the two ControlNets, with what their hints are asked for
    "scribble": {"controlnet_conditioning_scale": 0.8, "control_guidance_end": 0.7},
    "depth": {"controlnet_conditioning_scale": 0.5},
}


class Models:
    """Models holds a small folder of SD 1.5's layout, with more ControlNets, LoRAs and a textual inversion."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.engine = Engine.load(make_tiny_sd15_profile(), folder=folder, device="cpu")
        self.own = folder / "own"
        unet = self.engine._pipeline.unet
        write_lora(self.own / "ink.safetensors", unet, "kohya")
        write_lora(self.own / "glow.safetensors", unet, "peft", rank=3, strength=0.1)
        width = self.engine._pipeline.text_encoder.config.hidden_size
        vectors = torch.randn(2, width, generator=torch.Generator().manual_seed(8))
        save_file({"emb_params": vectors}, self.own / "easyfox.safetensors")
        self._stock: dict[Features, Any] = {}

    def request(self, style: Any, start: str, features: Features) -> GenerationRequest:
        """Return the request for a picture with those features."""
        request = make_request(
            self.engine,
            style,
            prompt="a red easyfox in a city",
            guidance_scale=4.0,
            ip_adapter_scale=0.8 if "a style" in features else 0.0,
            num_inference_steps=4,
            strength=0.75,
        )
        hints = tuple(make_hint(name, 64, 64, **settings) for name, settings in NETS.items())
        loras = tuple(
            Lora(name, weight, name.ljust(64), self.own / f"{name}.safetensors") for name, weight in WEIGHTS.items()
        )
        words = (Embedding("easyfox", "easyfox".ljust(64), self.own / "easyfox.safetensors"),)
        return change_request(
            request,
            hints=hints if "two ControlNets" in features else (),
            loras=loras if "two LoRAs" in features else (),
            embeddings=words if "an inversion" in features else (),
            start=make_start(start),
        )

    def draw_stock(self, request: GenerationRequest, features: Features) -> Pixels:
        """Return diffusers' picture for the request."""
        stock = self._load_stock(features - {"a style"})
        encoder = self.folder / "ip_adapter" / "models" / "image_encoder"
        style = embed_style_by_diffusers(stock, encoder, request.styles.parts[0][0].image)
        if request.start is None:
            return draw_by_diffusers(stock, self.engine.profile, request, style)
        drawn = draw_from_picture_by_diffusers(stock, request, request.start.pixels, request.start.mask, style)
        return np.asarray(lay_rest(Image.fromarray(drawn), request))

    def _load_stock(self, features: Features) -> Any:
        """Load diffusers' pipeline with the features that it is loaded with."""
        if features not in self._stock:
            self._stock[features] = self._make_stock(features)
        return self._stock[features]

    def _make_stock(self, features: Features) -> Any:
        roles = [SD15_MENU.controlnets[name] for name in NETS] if "two ControlNets" in features else ["controlnet"]
        nets = [ControlNetModel.from_pretrained(self.folder / role, variant="fp16") for role in roles]
        stock = StableDiffusionControlNetPipeline.from_pretrained(
            self.folder / "base",
            controlnet=nets if len(nets) > 1 else nets[0],
            variant="fp16",
            safety_checker=None,
            requires_safety_checker=False,
        )
        assert (type(stock.controlnet).__name__ == "MultiControlNetModel") == ("two ControlNets" in features)
        load_adapter(stock, self.folder / "ip_adapter", "models", "ip-adapter_sd15.safetensors")
        if "two LoRAs" in features:
            for name in WEIGHTS:
                stock.load_lora_weights(str(self.own), weight_name=f"{name}.safetensors", adapter_name=name)
            stock.set_adapters(list(WEIGHTS), list(WEIGHTS.values()))
        if "an inversion" in features:
            stock.load_textual_inversion(str(self.own / "easyfox.safetensors"), token="easyfox")
        return stock


def make_start(start: str) -> StartPicture | None:
    """Return the picture to begin with, with a mask where a part is drawn."""
    if start == "words":
        return None
    patches = np.random.default_rng(3).integers(0, 256, (6, 6, 3), dtype=np.uint8)
    pixels = np.asarray(Image.fromarray(patches).resize((64, 64), Image.Resampling.BILINEAR))
    mask = np.zeros((64, 64), np.uint8)
    mask[16:40, 8:48] = 255
    return StartPicture(pixels, None if start == "picture" else mask)


@pytest.fixture(scope="module")
def four(tmp_path_factory: pytest.TempPathFactory) -> Models:
    folder = write_shallow_sd15(tmp_path_factory.mktemp("four") / "sd15")
    write_controlnets(folder)
    return Models(folder)


@pytest.fixture(scope="module")
def nine(four: Models, tmp_path_factory: pytest.TempPathFactory) -> Models:
    return Models(write_inpainting_unet(four.folder, tmp_path_factory.mktemp("nine") / "sd15"))


@pytest.fixture(scope="module")
def draw(make_style: MakeStyle) -> Callable[[Models, str, Features], Pixels]:
    """Return what draws our picture with some features, each once."""
    drawn: dict[tuple[str, Features], Pixels] = {}

    def draw(models: Models, start: str, features: Features) -> Pixels:
        if (start, features) not in drawn:
            request = models.request(make_style("neon", 1), start, features)
            drawn[start, features] = np.asarray(models.engine.draw(request).images[0])
        return drawn[start, features].astype(int)

    return draw


@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize("features", COMBINATIONS, ids=lambda features: " + ".join(sorted(features)) or "nothing more")
def test_all_together_equals_the_stock_pipelines(
    four: Models,
    nine: Models,
    make_style: MakeStyle,
    draw: Callable[[Models, str, Features], Pixels],
    start: str,
    features: Features,
) -> None:
    models = nine if "nine" in start else four
    ours = draw(models, start, features)
    expected = models.draw_stock(models.request(make_style("neon", 1), start, features), features).astype(int)
    assert expected.std() > 20 and np.abs(ours - expected).max() <= 1
    for each in ALL if features == ALL else ():  # none of them is without effect beside the others
        assert np.abs(ours - draw(models, start, features - {each})).max() > 2, each
