"""The pocket model's parts: shapes, how they begin, and the noise they are trained and drawn with."""

from __future__ import annotations

import pytest
import torch
from diffusers.models.autoencoders.vae import AutoencoderTinyBlock
from torch import nn

from pipeline.pocket.model import (
    IMAGE_WIDTH,
    LATENT_CHANNELS,
    LATENT_SIDE,
    SIDE,
    TOWER_SIDE,
    make_autoencoder,
    make_controlnet,
    make_image_tower,
    make_scheduler,
    make_training_noise,
    make_unet,
    normalise_layer,
)

pytestmark = pytest.mark.usefixtures("one_thread")


def parameters(module: nn.Module) -> int:
    return sum(value.numel() for value in module.parameters())


@torch.inference_mode()
def test_the_autoencoder_makes_latents_of_an_eighth_and_pictures_again() -> None:
    model, pictures = make_autoencoder(), torch.rand(1, 3, SIDE, SIDE) * 2 - 1
    latents = model.encode(pictures).latents
    assert latents.shape == (1, LATENT_CHANNELS, LATENT_SIDE, LATENT_SIDE)
    assert model.decode(latents).sample.shape == pictures.shape


@torch.inference_mode()
def test_the_autoencoders_blocks_begin_silent_and_its_convolutions_orthogonal() -> None:
    model = make_autoencoder()
    x = torch.rand(1, 48, 4, 4)
    blocks = [block for block in model.modules() if isinstance(block, AutoencoderTinyBlock)]
    assert len(blocks) == 22
    assert all(torch.equal(block(x), x) for block in blocks)  # x is not below 0, as behind a ReLU
    weight = model.encoder.layers[-1].weight.flatten(1)
    torch.testing.assert_close(weight @ weight.T, torch.eye(LATENT_CHANNELS), atol=1e-5, rtol=0)


@pytest.fixture(scope="module")
def denoisers() -> tuple[nn.Module, nn.Module]:
    torch.manual_seed(0)
    unet = make_unet()
    return unet, make_controlnet(unet)


@torch.inference_mode()
def test_unet_and_controlnet_fit_together(denoisers) -> None:
    unet, controlnet = denoisers
    noisy = torch.randn(1, LATENT_CHANNELS, LATENT_SIDE, LATENT_SIDE)
    times, words = torch.tensor([999]), torch.randn(1, 32, 384)
    down, middle = controlnet(
        noisy, times, encoder_hidden_states=words, controlnet_cond=torch.rand(1, 3, SIDE, SIDE), return_dict=False
    )
    made = unet(
        noisy,
        times,
        encoder_hidden_states=words,
        down_block_additional_residuals=down,
        mid_block_additional_residual=middle,
    ).sample
    assert made.shape == noisy.shape and made.isfinite().all()


def test_all_parts_together_are_small_enough_to_ship(denoisers) -> None:
    """fp16 weights: two bytes a parameter, the adapter's 2 million left aside."""
    parts = (*denoisers, make_autoencoder(), make_image_tower())
    assert sum(map(parameters, parts)) * 2 < 60e6


@torch.inference_mode()
def test_the_hint_stack_is_awake(denoisers) -> None:
    """Lines leave a mark as large as the noisy latents'; as diffusers starts it, the stack gives zeros."""
    embed = denoisers[1].controlnet_cond_embedding
    lines = torch.zeros(1, 3, SIDE, SIDE)
    lines[:, :, 40:42, 10:200] = lines[:, :, 10:200, 90:92] = 1
    mark = embed(lines) - embed(torch.zeros_like(lines))
    at, away = mark[:, :, 2, 6].std(), mark[:, :, 14:, 1:3].abs().max()
    assert at > 0.1
    assert away < at / 10  # blank paper looks the same with lines elsewhere
    assert all(layer.weight.abs().max() > 0 for layer in denoisers[1].controlnet_down_blocks)


@torch.inference_mode()
def test_unit_brings_a_layer_to_mean_0_and_deviation_1() -> None:
    torch.manual_seed(0)
    layer, x = nn.Conv2d(3, 5, 3), torch.rand(4, 3, 20, 20) * 7
    made = normalise_layer(layer, x)
    assert torch.equal(made, layer(x))
    torch.testing.assert_close(made.mean((0, 2, 3)), torch.zeros(5), atol=1e-4, rtol=0)
    assert made.std().item() == pytest.approx(1, abs=0.5)


@torch.inference_mode()
def test_the_image_tower_gives_points_of_minilms_space() -> None:
    tower = make_image_tower()
    assert tower(pixel_values=torch.rand(2, 3, TOWER_SIDE, TOWER_SIDE)).image_embeds.shape == (2, IMAGE_WIDTH)


def test_drawing_and_training_share_one_noise_that_ends_in_nothing_but_noise() -> None:
    drawn, trained = make_scheduler(), make_training_noise()
    assert trained.config.prediction_type == drawn.config.prediction_type == "v_prediction"
    assert trained.alphas_cumprod[-1] < 1e-6
    torch.testing.assert_close(drawn.alphas_cumprod[:-1], trained.alphas_cumprod[:-1])
    picture, noise, last = torch.rand(1, 8, 4, 4), torch.randn(1, 8, 4, 4), torch.tensor([999])
    torch.testing.assert_close(trained.add_noise(picture, noise, last), noise, atol=1e-3, rtol=0)
    torch.testing.assert_close(trained.get_velocity(picture, noise, last), -picture, atol=1e-3, rtol=0)


@pytest.mark.parametrize("steps", [4, 8, 12])
def test_drawing_starts_at_the_last_timestep(steps: int) -> None:
    scheduler = make_scheduler()
    scheduler.set_timesteps(steps)
    assert scheduler.timesteps[0] == 999 and len(scheduler.timesteps) == steps
