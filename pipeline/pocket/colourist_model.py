"""The colourist's networks: a UNet and a ControlNet in diffusers' layout, small enough to train on two cores.

Latents (12, 32, 32) are the packed pixels of a colour field; the hint is (14, 128, 128); tokens (n, 384) are the
prompt's, from all-MiniLM-L6-v2, followed by the palettes'.
"""

from __future__ import annotations

import torch
from diffusers import ControlNetModel, DDPMScheduler, UNet2DConditionModel
from torch import Tensor, nn
from torch.nn import functional

from pipeline.colours.field import LATENT_CHANNELS, LATENT_SIDE, NOISE
from pipeline.colours.hint import CHANNELS
from pipeline.colours.palette import WIDTH

WIDTHS = (64, 96, 128)  # channels at 32 x 32, 16 x 16 and 8 x 8
HINT_WIDTHS = (16, 16, 32)  # of the hint stack at 128, 64 and 32 px


def make_unet() -> UNet2DConditionModel:
    """Words are attended to on the way down from 16 x 16 and on the way up at 8 x 8."""
    return UNet2DConditionModel(
        sample_size=LATENT_SIDE,
        in_channels=LATENT_CHANNELS,
        out_channels=LATENT_CHANNELS,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D", "UpBlock2D"),
        block_out_channels=WIDTHS,
        layers_per_block=1,
        attention_head_dim=4,  # heads, as diffusers misnames it
        norm_num_groups=16,
        cross_attention_dim=WIDTH,
    )


def make_controlnet(unet: UNet2DConditionModel, hints: Tensor) -> ControlNetModel:
    """Hints (B, 14, 128, 128) -> residuals for the UNet; `hints` are examples, by which its layers are scaled.

    It reads no words: without its attention a step of training takes two thirds of the time.
    """
    controlnet = ControlNetModel(
        in_channels=LATENT_CHANNELS,
        conditioning_channels=CHANNELS,
        down_block_types=("DownBlock2D",) * len(WIDTHS),
        mid_block_type="UNetMidBlock2D",
        block_out_channels=WIDTHS,
        layers_per_block=1,
        norm_num_groups=16,
        cross_attention_dim=WIDTH,
        conditioning_embedding_out_channels=HINT_WIDTHS,
    )
    shared = controlnet.state_dict().keys() & unet.state_dict().keys()
    controlnet.load_state_dict({name: unet.state_dict()[name] for name in shared}, strict=False)
    wake_hint(controlnet, hints)
    return controlnet


@torch.no_grad()
def wake_hint(controlnet: ControlNetModel, hints: Tensor, level: float = 0.5) -> None:
    """Scale the hint stack to unit deviation (LSUV, Mishkin & Matas 2016) and start its zero layers off zero.

    diffusers starts them at zero for a UNet that is trained already; from scratch that leaves the hint unheard.
    """
    stack = controlnet.controlnet_cond_embedding
    x = scale_layer(stack.conv_in, hints)
    for layer in stack.blocks:
        x = scale_layer(layer, functional.silu(x))
    nn.init.orthogonal_(stack.conv_out.weight)
    scale_layer(stack.conv_out, functional.silu(x))
    stack.conv_out.weight *= level
    for residual in (*controlnet.controlnet_down_blocks, controlnet.controlnet_mid_block):
        nn.init.orthogonal_(residual.weight)
        residual.weight *= 0.2


def scale_layer(layer: nn.Conv2d, x: Tensor) -> Tensor:
    """Bring the layer's output on `x` to mean 0 and deviation 1."""
    layer.weight /= layer(x).std()
    if layer.bias is not None:
        layer.bias -= layer(x).mean((0, 2, 3))
    made: Tensor = layer(x)
    return made


def make_training_noise() -> DDPMScheduler:
    return DDPMScheduler(**NOISE)
