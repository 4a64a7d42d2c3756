"""Make the networks that are measured on the processor, each with tensors alone as inputs and one tensor as output."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from diffusers import AutoencoderKL, ControlNetModel, UNet2DConditionModel
from torch import Tensor, nn
from transformers import CLIPTextConfig, CLIPTextModel

from pipeline.colours.region_features import FEATURES, WIDE
from pipeline.colours.region_network import CODES, GROUNDS, TOKEN, load_region_colours
from pipeline.engine.diffusers_pipeline import detach_hint_stack
from pipeline.engine.pocket_model import WEIGHTS
from pipeline.settings import ROOT
from tests.tools.full_size_modules import TOKENS, fill_with_random, read_configs
from tests.tools.ip_adapter import attach_ip_adapter

NETWORKS = ("unet", "outer", "controlnet", "decoder", "text encoder", "colourist")
OUTER = 2  # levels
COLOURIST_TOKENS, WORDS = 120, 24  # of a drawing with many parts and a long prompt


class Network(NamedTuple):
    """Network is a module and what it computes."""

    module: nn.Module
    inputs: tuple[Tensor, ...]


def make_network(name: str, side: int, rows: int, tiny: bool) -> Network:
    """Make one of NETWORKS for a picture of `side` px."""
    if name == "colourist":
        return make_colourist(rows)
    if name == "decoder":
        return make_decoder(side // 8, tiny)
    if name == "text encoder":
        return make_text_encoder(tiny)
    return make_step_network(name, side // 8, rows, tiny)


def draw_numbers(*shape: int) -> Tensor:
    """Draw normal numbers, the same at each start."""
    return torch.randn(*shape, generator=torch.Generator().manual_seed(sum(shape)))


def fill(module: Any) -> Any:
    """Give random weights to a module that was made on the "meta" device."""
    module.to_empty(device="cpu").eval().requires_grad_(False)
    for name, weight in module.named_parameters():
        fill_with_random(name, weight)
    return module


class StepUnet(nn.Module):
    """StepUnet is the UNet with style and ControlNet's residuals: latents, time, words, style, residuals -> output."""

    def __init__(self, unet: Any) -> None:
        super().__init__()
        self.unet = unet

    def forward(
        self, latents: Tensor, time: Tensor, words: Tensor, style: Tensor, middle: Tensor, *down: Tensor
    ) -> Any:
        return self.unet(
            latents,
            time,
            encoder_hidden_states=words,
            added_cond_kwargs={"image_embeds": [style]},
            down_block_additional_residuals=down,
            mid_block_additional_residual=middle,
            return_dict=False,
        )[0]


class StepControlNet(nn.Module):
    """StepControlNet is a ControlNet without its hint stack: latents, time, words, hint -> all residuals in a row."""

    def __init__(self, controlnet: Any) -> None:
        super().__init__()
        self.controlnet = controlnet

    def forward(self, latents: Tensor, time: Tensor, words: Tensor, hint: Tensor) -> Tensor:
        down, middle = self.controlnet(
            latents, time, encoder_hidden_states=words, controlnet_cond=hint, return_dict=False
        )
        return torch.cat([each.flatten() for each in (*down, middle)])


def make_step_network(name: str, cells: int, rows: int, tiny: bool) -> Network:
    """Make the UNet, its outer levels alone, or ControlNet, with inputs for latents of `cells` on each side."""
    configs = read_configs(tiny)
    config, width = configs["unet"], int(configs["image_embed_dim"])
    if name == "outer":
        config = config | take_outer_levels(config)
    with torch.device("meta"):
        unet = UNet2DConditionModel(**config)
        controlnet = ControlNetModel.from_unet(unet, load_weights_from_unet=False, **configs["controlnet"])
        attach_ip_adapter(unet, width)
    latents, time = draw_numbers(rows, config["in_channels"], cells, cells), torch.tensor(500)
    words = draw_numbers(rows, TOKENS, config["cross_attention_dim"])
    hint = draw_numbers(rows, config["block_out_channels"][0], cells, cells)
    detach_hint_stack(controlnet)
    if name == "controlnet":
        return Network(StepControlNet(fill(controlnet)).eval(), (latents, time, words, hint))
    meta = [each.to("meta") for each in (latents, time, words, hint)]
    down, middle = controlnet(
        meta[0], meta[1], encoder_hidden_states=meta[2], controlnet_cond=meta[3], return_dict=False
    )
    residuals = (0.1 * draw_numbers(*each.shape) for each in (middle, *down))
    return Network(StepUnet(fill(unet)).eval(), (latents, time, words, draw_numbers(rows, 1, width), *residuals))


def take_outer_levels(config: dict[str, Any]) -> dict[str, Any]:
    """Return what is different in a UNet that has the outer levels only."""
    return {
        "block_out_channels": config["block_out_channels"][:OUTER],
        "down_block_types": config["down_block_types"][:OUTER],
        "up_block_types": config["up_block_types"][-OUTER:],
    }


class Decoder(nn.Module):
    """Decoder is the VAE's half that makes pixels of latents."""

    def __init__(self, vae: Any) -> None:
        super().__init__()
        self.adapt, self.decoder = vae.post_quant_conv, vae.decoder

    def forward(self, latents: Tensor) -> Any:
        return self.decoder(self.adapt(latents))


def make_decoder(cells: int, tiny: bool) -> Network:
    with torch.device("meta"):
        vae = AutoencoderKL(**read_configs(tiny)["vae"])
    decoder = Decoder(fill(vae)).eval().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return Network(decoder, (draw_numbers(1, vae.config["latent_channels"], cells, cells),))


class TextEncoder(nn.Module):
    """TextEncoder is CLIP's: token numbers -> hidden states."""

    def __init__(self, encoder: Any) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, tokens: Tensor) -> Any:
        return self.encoder(tokens)[0]


def make_text_encoder(tiny: bool) -> Network:
    config = CLIPTextConfig(**read_configs(tiny)["text_encoder"])
    encoder = CLIPTextModel(config).eval().requires_grad_(False)
    for name, weight in encoder.named_parameters():
        fill_with_random(name, weight)
    return Network(TextEncoder(encoder), (torch.arange(TOKENS)[None] % config.vocab_size,))


class Colourist(nn.Module):
    """Colourist is the network that colours regions, with what it heard as separate tensors."""

    def __init__(self, network: Any) -> None:
        super().__init__()
        self.network = network

    def forward(
        self, features: Tensor, whole: Tensor, there: Tensor, known: Tensor, ground: Tensor, *heard: Tensor
    ) -> Any:
        pairs = list(zip(heard[::2], heard[1::2], strict=True))
        return self.network(features, whole, there, known, ground, pairs)[0]


def make_colourist(rows: int) -> Network:
    """Make the shipped colourist, with a drawing of COLOURIST_TOKENS regions and cells."""
    network = load_region_colours(ROOT / "assets" / "pocket" / "colourist" / WEIGHTS).requires_grad_(False)
    heard = [each for pair in network.hear(draw_numbers(rows, WORDS, TOKEN)) for each in pair]
    inputs = (
        draw_numbers(rows, COLOURIST_TOKENS, FEATURES),
        draw_numbers(rows, WIDE * WIDE),
        torch.ones(rows, COLOURIST_TOKENS, dtype=torch.bool),
        torch.full((rows, COLOURIST_TOKENS), CODES),
        torch.full((rows,), GROUNDS),
    )
    return Network(Colourist(network).eval(), (*inputs, *(each.contiguous() for each in heard)))
