"""Make the pocket model: Stable Diffusion 1.5's parts and file layout, small enough to train on two cores.

256 x 256 px; f16 latents (24, 16, 16); text tokens (n, 384) from all-MiniLM-L6-v2; v-prediction with zero terminal SNR
(Lin et al. 2024, "Common Diffusion Noise Schedules and Sample Steps are Flawed").
"""

from __future__ import annotations

import numpy as np
import torch
from diffusers import (
    AutoencoderTiny,
    ControlNetModel,
    DDPMScheduler,
    DPMSolverMultistepScheduler,
    UNet2DConditionModel,
)
from diffusers.models.autoencoders.vae import AutoencoderTinyBlock
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional
from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

SIDE = 256  # px
LATENT_CHANNELS = 24
AUTOENCODER_WIDTH = 48
LATENT_SIDE = SIDE // 16
UNET_WIDTHS = (64, 128, 224)  # channels at 16 x 16, 8 x 8 and 4 x 4 latents
TOWER_SIDE = 128  # px that the image tower sees
TEXT_WIDTH = 384  # all-MiniLM-L6-v2
TEXT_TOKENS = 32
IMAGE_WIDTH = 384  # the image tower's projection: MiniLM's space

NOISE = {
    "num_train_timesteps": 1000,
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "prediction_type": "v_prediction",
    "timestep_spacing": "trailing",
    "rescale_betas_zero_snr": True,
}


def to_pixels(pictures: NDArray[np.uint8], device: torch.device) -> Tensor:
    """Convert pictures (N, H, W, 3) in 0 to 255 to (N, 3, H, W) in [-1, 1], what autoencoder and image tower read."""
    return torch.from_numpy(np.ascontiguousarray(pictures)).to(device).permute(0, 3, 1, 2).float() / 127.5 - 1


def make_autoencoder() -> AutoencoderTiny:
    """Make the autoencoder: (B, 3, 256, 256) in [-1, 1] <-> latents (B, 24, 16, 16) within [-3, 3].

    TAESD's layout (no normalisation: flat grounds keep their colour), without its blocks at full resolution, which
    cost more than the rest together. Orthogonal convolutions and silent residual branches let it begin as a linear
    autoencoder: 17 dB after 300 steps, where the default start stands at 13.
    """
    model = AutoencoderTiny(
        latent_channels=LATENT_CHANNELS,
        encoder_block_out_channels=(AUTOENCODER_WIDTH,) * 5,
        decoder_block_out_channels=(AUTOENCODER_WIDTH,) * 5,
        num_encoder_blocks=(0, 0, 1, 2, 2),
        num_decoder_blocks=(6, 6, 3, 2, 0),
    )
    blocks = [block for block in model.modules() if isinstance(block, AutoencoderTinyBlock)]
    for layer in model.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.orthogonal_(layer.weight)
    for block in blocks:
        nn.init.zeros_(block.conv[-1].weight)
        nn.init.zeros_(block.conv[-1].bias)
    return model


def make_unet(widths: tuple[int, ...] = UNET_WIDTHS) -> UNet2DConditionModel:
    """Make the UNet on 16 x 16, 8 x 8 and 4 x 4 latents; text and style are attended to at every level."""
    return UNet2DConditionModel(
        sample_size=LATENT_SIDE,
        in_channels=LATENT_CHANNELS,
        out_channels=LATENT_CHANNELS,
        down_block_types=("CrossAttnDownBlock2D",) * 3,
        up_block_types=("CrossAttnUpBlock2D",) * 3,
        block_out_channels=widths,
        layers_per_block=1,
        attention_head_dim=4,  # heads, as diffusers misnames it
        norm_num_groups=16,
        cross_attention_dim=TEXT_WIDTH,
    )


def make_controlnet(unet: UNet2DConditionModel) -> ControlNetModel:
    """Make the ControlNet: white edges (B, 3, 256, 256) in [0, 1] -> residuals for the UNet; the hint stack is slim."""
    controlnet = ControlNetModel.from_unet(unet, conditioning_embedding_out_channels=(8, 8, 16, 32, 64))
    initialise_hint_stack(controlnet)
    return controlnet


@torch.no_grad()
def initialise_hint_stack(controlnet: ControlNetModel, level: float = 0.5) -> None:
    """Scale the hint stack so that lines reach its end, and let its zero layers start a little off zero.

    diffusers starts the stack's last layer and every residual at zero, for a UNet that is trained already; lines also
    fade threefold in each of its layers. From scratch that left the hint without any effect after 600 steps. Layer by
    layer, outputs are brought to unit deviation on line drawings (LSUV, Mishkin & Matas 2016).
    """
    generator = torch.Generator().manual_seed(0)
    lines = (torch.rand((8, 1, SIDE, 1), generator=generator) > 0.93).float()
    hint = torch.maximum(lines, lines.roll(1, 0).transpose(2, 3)).expand(-1, 3, -1, -1)
    stack = controlnet.controlnet_cond_embedding
    x = normalise_layer(stack.conv_in, hint)
    for layer in stack.blocks:
        x = normalise_layer(layer, functional.silu(x))
    nn.init.orthogonal_(stack.conv_out.weight)
    normalise_layer(stack.conv_out, functional.silu(x))
    stack.conv_out.weight *= level
    for residual in (*controlnet.controlnet_down_blocks, controlnet.controlnet_mid_block):
        nn.init.orthogonal_(residual.weight)
        residual.weight *= 0.1


def normalise_layer(layer: nn.Conv2d, x: Tensor) -> Tensor:
    """Bring the layer's output on `x` to mean 0 and deviation 1."""
    layer.weight /= layer(x).std()
    if layer.bias is not None:
        layer.bias -= layer(x).mean((0, 2, 3))
    made: Tensor = layer(x)
    return made


def make_image_tower() -> CLIPVisionModelWithProjection:
    """Make the image tower: (B, 3, 128, 128) normalised pixels -> (B, 384) in MiniLM's space."""
    return CLIPVisionModelWithProjection(
        CLIPVisionConfig(
            hidden_size=192,
            intermediate_size=576,
            num_hidden_layers=4,
            num_attention_heads=4,
            image_size=TOWER_SIDE,
            patch_size=16,
            projection_dim=IMAGE_WIDTH,
        )
    )


def make_training_noise() -> DDPMScheduler:
    """Make the scheduler that adds noise in training."""
    return DDPMScheduler(**NOISE)


def make_scheduler() -> DPMSolverMultistepScheduler:
    """Make the scheduler that draws: DPM-Solver++ of second order (Lu et al. 2022, arXiv:2211.01095)."""
    return DPMSolverMultistepScheduler(**NOISE, algorithm_type="dpmsolver++", solver_order=2)
