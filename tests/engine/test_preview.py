from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch.nn import functional

from pipeline.engine.preview import (
    LinearPreview,
    PreviewQueue,
    choose_zoom,
    convert_to_picture,
    count_fit_pictures,
    make_synthetic_pictures,
    shrink_pixels,
)


class PoolingVae:
    """An autoencoder that is exactly linear: each latent cell is the mean colour of its 8 x 8 px."""

    config = SimpleNamespace(block_out_channels=(1, 1, 1, 1), scaling_factor=0.5, latent_channels=3)
    device, dtype = torch.device("cpu"), torch.float32

    def __init__(self):
        self.encoded = 0

    def encode(self, pixels):
        self.encoded += len(pixels)
        return SimpleNamespace(latent_dist=SimpleNamespace(mean=functional.avg_pool2d(pixels, 8)))


def test_a_linear_autoencoder_is_seen_through():
    preview = LinearPreview.fit(PoolingVae(), zoom=1)
    pictures = torch.rand(1, 3, 128, 96, generator=torch.Generator().manual_seed(9))
    latents = functional.avg_pool2d(pictures * 2 - 1, 8) * 0.5
    shown = np.asarray(convert_to_picture(preview(latents))).astype(int)
    expected = np.asarray(convert_to_picture(functional.avg_pool2d(pictures, 8))).astype(int)
    assert shown.shape == (16, 12, 3)
    assert np.abs(shown - expected).max() <= 4


def test_the_first_preview_encodes_few_pictures():
    vae = PoolingVae()
    LinearPreview.fit(vae, zoom=2)
    assert vae.encoded == count_fit_pictures(3) <= 5 == count_fit_pictures(4)


@pytest.mark.parametrize("lags", [False, True])
def test_previews_come_in_order_and_one_step_behind_on_a_gpu(lags):
    seen, made = [], []

    def make_pixels(clean):
        made.append(float(clean.mean()))
        return clean[:, :3]

    queue = PreviewQueue(make_pixels, lambda step, of, image: seen.append((step, image.getpixel((0, 0))[0])), lags=lags)
    counts = []
    for step in range(1, 5):
        queue(step, 4, torch.full((1, 4, 2, 2), step / 10))
        counts.append(len(seen))
    assert counts == ([0, 1, 2, 4] if lags else [1, 2, 3, 4])
    assert seen == [(step, round(step / 10 * 255)) for step in range(1, 5)] and len(made) == 4


@pytest.mark.parametrize(("size", "expected"), [((512, 256), (128, 64)), ((64, 64), (64, 64)), ((1000, 3), (128, 1))])
def test_pixels_are_shrunk_to_the_previews_side(size, expected):
    assert tuple(shrink_pixels(torch.zeros(1, 3, *size)).shape[-2:]) == expected


def test_zoom_spreads_a_cell_over_pixels_that_follow_its_neighbours():
    preview = LinearPreview.fit(PoolingVae(), zoom=4)
    ramp = torch.linspace(-0.5, 0.5, 8).expand(1, 3, 8, 8)
    shown = np.asarray(convert_to_picture(preview(ramp))).astype(int)
    assert shown.shape == (32, 32, 3)
    assert shown[16, 6:-6:4, 0].tolist() == sorted(shown[16, 6:-6:4, 0])
    assert shown[16, 26, 0] - shown[16, 6, 0] > 100


@pytest.mark.parametrize(("side", "zoom"), [(8, 8), (16, 8), (32, 4), (64, 2), (128, 1), (96, 1), (512, 1)])
def test_zoom_keeps_previews_within_their_side(side, zoom):
    assert choose_zoom(side) == zoom


def test_synthetic_pictures_are_always_the_same_and_use_the_range():
    pictures = make_synthetic_pictures(6, 64)
    assert torch.equal(pictures, make_synthetic_pictures(6, 64))
    assert pictures.min() >= 0 and pictures.max() <= 1
    assert pictures.max() - pictures.min() > 0.9


def test_to_picture_rounds_and_cuts_off():
    values = torch.tensor([-1.0, 0.0, 0.5, 1.0, 2.0]).expand(1, 3, 1, 5)
    assert np.asarray(convert_to_picture(values))[0, :, 0].tolist() == [0, 0, 128, 255, 255]
