"""Write whole model folders with small random weights, for tests that need an engine and not its taste."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import torch
from diffusers import AutoencoderKL, AutoencoderTiny, ControlNetModel, PNDMScheduler, UNet2DConditionModel
from safetensors.torch import save_file
from torch import nn
from transformers import (
    CLIPVisionConfig,
    CLIPVisionModelWithProjection,
)

from pipeline.models.catalog import SD15
from pipeline.models.profile import ModelProfile, WeightFile
from tests.tools.clip_folder import (
    CLIP_MEAN,
    CLIP_STD,
    make_image_processor,
    make_small_text_encoder,
    write_clip_tokenizer,
)
from tests.tools.ip_adapter import attach_ip_adapter, copy_in_half, read_ip_adapter_states, write_ip_adapter


class Modules(NamedTuple):
    vae: Any
    unet: Any  # with its adapter attached
    controlnet: Any
    image_encoder: Any


def make_sd15_modules(levels: int = 4, layers: int = 2) -> Modules:
    """Make SD 1.5's block types, with SD 1.5's VAE and hint depth, at a few channels; fewer levels and layers of the
    UNet and of ControlNet where each layer costs, as it does where they are compiled."""
    torch.manual_seed(1)
    vae = AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        block_out_channels=(8, 8, 16, 16),
        layers_per_block=2,
        norm_num_groups=4,
        sample_size=64,
    )
    down = ("CrossAttnDownBlock2D",) * (levels - 1) + ("DownBlock2D",)
    up = ("UpBlock2D",) + ("CrossAttnUpBlock2D",) * (levels - 1)
    channels = (16, *[32] * (levels - 1))
    unet = make_small_unet(channels, down, up, sample_size=8, latents=4, width=32, layers=layers)
    return Modules(raise_contrast(vae), *add_conditioning(unet, image_embed_dim=48), make_small_vision_model(32, 48))


@torch.no_grad()
def raise_contrast(vae: Any) -> Any:
    """Turn the decoder's last layer up until noise fills the range of a picture: small differences then show."""
    noise = torch.randn(1, vae.config.latent_channels, 8, 8, generator=torch.Generator().manual_seed(2))
    seen = vae.decode(noise / vae.config.scaling_factor).sample
    last = [layer for layer in vae.decoder.modules() if isinstance(layer, nn.Conv2d)][-1]
    last.weight *= 0.5 / seen.std()
    last.bias -= last.bias - (0.5 if isinstance(vae, AutoencoderTiny) else 0.0)  # mid grey
    return vae


def make_small_unet(
    channels: tuple[int, ...],
    down: tuple[str, ...],
    up: tuple[str, ...],
    *,
    sample_size: int,
    latents: int,
    width: int,
    layers: int = 1,
) -> UNet2DConditionModel:
    return UNet2DConditionModel(
        sample_size=sample_size,
        in_channels=latents,
        out_channels=latents,
        cross_attention_dim=width,
        block_out_channels=channels,
        layers_per_block=layers,
        down_block_types=down,
        up_block_types=up,
        attention_head_dim=4,
        norm_num_groups=8,
    )


def add_conditioning(unet: UNet2DConditionModel, image_embed_dim: int) -> tuple[Any, Any]:
    """Return the UNet with an adapter, and a ControlNet whose zero convolutions are filled so that it acts."""
    controlnet = ControlNetModel.from_unet(unet, conditioning_embedding_out_channels=(8, 16, 32, 64))
    zeroed = (controlnet.controlnet_down_blocks, controlnet.controlnet_mid_block, controlnet.controlnet_cond_embedding)
    for part in zeroed:
        for convolution in part.modules():
            if isinstance(convolution, nn.Conv2d):
                nn.init.normal_(convolution.weight, std=0.15)
    attach_ip_adapter(unet, image_embed_dim)
    return unet, controlnet


def make_small_vision_model(image_size: int, projection_dim: int) -> CLIPVisionModelWithProjection:
    return CLIPVisionModelWithProjection(
        CLIPVisionConfig(
            hidden_size=32,
            intermediate_size=64,
            num_hidden_layers=2,
            num_attention_heads=4,
            image_size=image_size,
            patch_size=image_size // 4,
            projection_dim=projection_dim,
        )
    )


class Sd15Parts(NamedTuple):
    """This holds what a folder of SD 1.5's layout is written from, each part made when it is its turn."""

    modules: Callable[[], Modules]
    text_encoder: Callable[[], Any]
    small_vae: Callable[[], Any]
    rank: int = 2  # of the few-step weights
    strength: float = 0.15  # standard deviation of their numbers
    halved: Callable[[Any], Any] = copy_in_half  # a module as it is saved: in 16 bits, without its adapter


def write_sd15(folder: Path, made: Sd15Parts | None = None) -> Path:
    """Write the trees of the Hub's repositories, one folder each, as `Engine.load(SD15, folder=...)` reads them; of a
    few channels unless told otherwise."""
    made = made or Sd15Parts(make_sd15_modules, make_small_text_encoder, make_small_taesd)
    modules = made.modules()
    base, adapter = folder / "base", folder / "ip_adapter" / "models"
    for part in ("vae", "unet"):
        made.halved(getattr(modules, part)).save_pretrained(base / part, variant="fp16")
    made.halved(made.text_encoder()).save_pretrained(base / "text_encoder", variant="fp16")
    write_clip_tokenizer(base / "tokenizer")
    PNDMScheduler(
        beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", steps_offset=1, skip_prk_steps=True
    ).save_pretrained(base / "scheduler")
    make_image_processor(32, CLIP_MEAN, CLIP_STD).save_pretrained(base / "feature_extractor")
    (base / "model_index.json").write_text(json.dumps(SD15_INDEX))
    made.halved(modules.controlnet).save_pretrained(folder / "controlnet", variant="fp16")
    made.halved(modules.image_encoder).save_pretrained(adapter / "image_encoder")
    write_ip_adapter(adapter / "ip-adapter_sd15.safetensors", *read_ip_adapter_states(modules.unet))
    for file in ("lcm_lora/pytorch_lora_weights.safetensors", "hyper_sd/Hyper-SD15-8steps-CFG-lora.safetensors"):
        write_lora(folder / file, modules.unet, "kohya", made.rank, made.strength)
    made.small_vae().save_pretrained(folder / "taesd")
    return folder


def write_shallow_sd15(folder: Path) -> Path:
    """Write SD 1.5's layout with a UNet and a ControlNet of two levels and a layer each, for what is compiled."""
    shallow = partial(make_sd15_modules, levels=2, layers=1)
    return write_sd15(folder, Sd15Parts(shallow, make_small_text_encoder, make_small_taesd))


def write_lora(file: Path, unet: Any, layout: str, rank: int = 2, strength: float = 0.15) -> Path:
    """Write random few-step weights for all of the UNet's projections and convolutions, under the keys that LCM-LoRA
    and Hyper-SD have ("kohya") or those of diffusers ("peft")."""
    noise, states = torch.Generator().manual_seed(5), {}
    for name, layer in unet.named_modules():
        if not isinstance(layer, nn.Linear | nn.Conv2d) or "processor" in name or not name.startswith(LORA_BLOCKS):
            continue
        across, up = ((rank, *layer.weight.shape[1:]), (layer.weight.shape[0], rank, *[1] * (layer.weight.ndim - 2)))
        down_weight, up_weight = (torch.randn(shape, generator=noise) * strength for shape in (across, up))
        if layout == "kohya":
            key = "lora_unet_" + name.replace(".", "_")
            states |= {
                f"{key}.lora_down.weight": down_weight,
                f"{key}.lora_up.weight": up_weight,
                f"{key}.alpha": torch.tensor(float(rank)),
            }
        else:
            states |= {f"unet.{name}.lora_A.weight": down_weight, f"unet.{name}.lora_B.weight": up_weight}
    file.parent.mkdir(parents=True, exist_ok=True)
    save_file(states, file)
    return file


LORA_BLOCKS = ("down_blocks", "mid_block", "up_blocks")


def make_small_taesd() -> AutoencoderTiny:
    """Make TAESD's shape for SD 1.5's latents, at a few channels."""
    torch.manual_seed(3)
    return raise_contrast(
        AutoencoderTiny(
            latent_channels=4,
            encoder_block_out_channels=(8,) * 4,
            decoder_block_out_channels=(8,) * 4,
            num_encoder_blocks=(1, 1, 1, 1),
            num_decoder_blocks=(1, 1, 1, 1),
            scaling_factor=1.0,
        )
    )


SD15_INDEX = {  # as in the repository, its safety checker left out
    "_class_name": "StableDiffusionPipeline",
    "_diffusers_version": "0.6.0",
    "feature_extractor": ["transformers", "CLIPImageProcessorPil"],
    "safety_checker": [None, None],
    "scheduler": ["diffusers", "PNDMScheduler"],
    "text_encoder": ["transformers", "CLIPTextModel"],
    "tokenizer": ["transformers", "CLIPTokenizer"],
    "unet": ["diffusers", "UNet2DConditionModel"],
    "vae": ["diffusers", "AutoencoderKL"],
}


def make_tiny_sd15_profile(any_dtype: bool = False) -> ModelProfile:
    """Return SD15 at 64 px, its files' sizes and hashes not those of the Hub; drawn in the same numbers on every
    processor, so that no test depends on the one it runs on, unless `any_dtype`."""
    return replace(make_unchecked_sd15_profile(), width=64, height=64, max_side=128, any_dtype=any_dtype)


def make_unchecked_sd15_profile() -> ModelProfile:
    """Return SD15 with files of any size and hash."""
    parts = {
        role: replace(part, files=tuple(WeightFile(file.path) for file in part.files))
        for role, part in SD15.parts.items()
    }
    return replace(SD15, parts=parts)
