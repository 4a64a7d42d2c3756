"""Draw one picture with bare modules of SD 1.5's size by the app's own functions: start, steps, decoding, enlarging.

There is no engine around them: request and pipeline are stand-ins that hold what those functions read.

Numbers do not matter, memory does.
"""

from __future__ import annotations

import gc
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from diffusers import AutoencoderTiny, EulerDiscreteScheduler
from PIL import Image
from safetensors.torch import load_file
from torch import Tensor, nn

from pipeline.controls import Shortcuts
from pipeline.engine.decoding import TiledDecoding
from pipeline.engine.deep_features import SplitUNet
from pipeline.engine.denoise import Conditions, denoise, make_generators
from pipeline.engine.preview import convert_to_picture
from pipeline.engine.starting import INPAINTING_CHANNELS, Starter
from pipeline.engine.style_masks import StyleShares
from pipeline.machine.tiles import plan_windows
from pipeline.models.catalog import SD15
from pipeline.studio.enlarging import enlarge_result
from pipeline.values import GenerationResult
from tests.tools.full_size_modules import TOKENS, PipelineModules, fill_with_constant
from tests.tools.ip_adapter import read_ip_adapter_states, write_ip_adapter, write_plus_adapter
from tests.tools.sd15_tensors import list_tensors

if TYPE_CHECKING:
    from tests.benchmarks.feature_memory import Feature
    from tests.benchmarks.places import Place

PATCHES = 257  # of a style's picture, as IP-Adapter Plus sees it


def draw_picture(made: PipelineModules, feature: Feature, side: int, place: Place) -> None:
    """Draw a picture of this feature, decode it and enlarge it; with two passes a smaller one before it."""
    if feature.fills:
        widen_unet(made.unet)
    with torch.inference_mode():
        if feature.two_passes:
            first = run_steps(made, feature, side // 2, place, starts=False)
            made.vae.decode(first, return_dict=False)
        latents = run_steps(made, feature, side, place, starts=feature.encodes)
        gc.collect()
        decoder = AutoencoderTiny().to(place.device, place.dtype).eval() if feature.small_decoder else made.vae
        with TiledDecoding(decoder, *feature.find_size(side)):
            (pixels,) = decoder.decode(latents, return_dict=False)
    if feature.enlargement > 1:
        enlarge(convert_to_picture(pixels), feature.enlargement)


def enlarge(picture: Image.Image, times: int) -> Image.Image:
    """Enlarge a picture as the studio does when it is finished."""
    request: Any = SimpleNamespace(width=picture.width, enlargement=times)
    return enlarge_result(GenerationResult(picture, request, (), (), {}, {})).image


def run_steps(made: PipelineModules, feature: Feature, side: int, place: Place, *, starts: bool) -> Tensor:
    """Run the feature's steps over what a picture starts from; return its latents."""
    width, height = feature.find_size(side)
    factor = 2 ** (len(made.vae.config.block_out_channels) - 1)
    here = SimpleNamespace(device=place.device, dtype=place.dtype, decoder_dtype=place.dtype)
    starter = Starter(SimpleNamespace(unet=made.unet, vae=made.vae, vae_scale_factor=factor), here)  # type: ignore[arg-type]
    request: Any = make_request(feature, width, height, starts)
    scheduler, generators = EulerDiscreteScheduler(), make_generators([0])
    scheduler.set_timesteps(request.sampling.num_inference_steps, device=place.device)
    beginning = starter.begin(request, starter.encode_start(request), scheduler, generators)
    conditions = make_conditions(made, feature, (width, height), factor, place)
    return denoise(
        SplitUNet(made.unet),
        made.controlnet,
        scheduler,
        beginning.latents,
        replace(conditions, more_channels=beginning.more_channels),
        shortcuts=Shortcuts(cache_interval=feature.cache_interval),
        generators=generators,
        first=beginning.first,
        kept=beginning.kept,
        windows=plan_windows(width, height, factor),
    )


def make_request(feature: Feature, width: int, height: int, starts: bool) -> SimpleNamespace:
    """Make what the engine reads of a request: its size, and the picture that it starts from."""
    free = np.zeros((height, width), np.uint8)
    free[:, width // 2 :] = 255
    picture = SimpleNamespace(pixels=np.full((height, width, 3), 90, np.uint8), mask=free if feature.masked else None)
    strength = feature.strength if starts else 1.0
    sampling = SimpleNamespace(
        num_inference_steps=round(feature.steps / strength), strength=strength, variation_seed=0, variation_strength=0.0
    )
    return SimpleNamespace(
        width=width, height=height, colours=None, start=picture if starts else None, sampling=sampling
    )


def make_conditions(
    made: PipelineModules, feature: Feature, size: tuple[int, int], factor: int, place: Place
) -> Conditions:
    """Make what steers each step: words, styles, lines, and where each style is worn."""
    rows, config, (width, height) = 2 if feature.guided else 1, made.unet.config, size
    projection = made.unet.encoder_hid_proj.image_projection_layers[0]
    zeros = partial(torch.zeros, device=place.device, dtype=place.dtype)
    if feature.plus:
        styles = zeros(rows, feature.mixes, PATCHES, projection.proj_in.in_features)
    else:
        styles = zeros(rows, feature.mixes, projection.image_embeds.in_features)
    shares = None
    if feature.mixes > 1:
        worn = torch.full((1, feature.mixes, height, width), 1 / feature.mixes, device=place.device)
        shares = StyleShares(worn, factor, len(config.block_out_channels))
    words = zeros(rows, TOKENS, config.cross_attention_dim)
    hint = zeros(1, config.block_out_channels[0], height // factor, width // factor)
    return Conditions(words, styles, hint, 7.5 if feature.guided else 1.0, 1.0, shares=shares)


def widen_unet(unet: Any) -> None:
    """Let a UNet take a mask and the latents of what stays beside its own."""
    narrow = unet.conv_in
    like = {"device": narrow.weight.device, "dtype": narrow.weight.dtype}
    unet.conv_in = nn.Conv2d(INPAINTING_CHANNELS, narrow.out_channels, 3, padding=1, **like).requires_grad_(False)
    unet.register_to_config(in_channels=INPAINTING_CHANNELS)


def put_on_plus(unet: Any, room: Path, tiny: bool) -> None:
    """Exchange the usual IP-Adapter for Plus: the published shapes, or some that fit a tiny UNet."""
    states: dict[str, dict[str, Tensor]] = {"image_proj": {}, "ip_adapter": {}}
    for name, tensor in (read_tiny_plus(unet, room) if tiny else make_published_plus()).items():
        group, _, rest = name.partition(".")
        states[group][rest] = tensor
    unet._load_ip_adapter_weights([states], low_cpu_mem_usage=False)


def make_published_plus() -> dict[str, Tensor]:
    """Make tensors of the published names and shapes, each number written."""
    (file,) = SD15.parts["ip_adapter_plus"].files
    made = {}
    for name, (dtype, shape) in list_tensors("ip_adapter_plus", file.path).items():
        made[name] = torch.empty(shape, dtype=dtype)
        fill_with_constant(name, made[name])
    return made


def read_tiny_plus(unet: Any, room: Path) -> dict[str, Tensor]:
    """Return an adapter of Plus's layout for a tiny UNet."""
    usual = room / "usual.safetensors"
    write_ip_adapter(usual, *read_ip_adapter_states(unet))
    return load_file(write_plus_adapter(room / "plus.safetensors", usual, 24))
