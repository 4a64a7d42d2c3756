from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch.nn import functional

from pipeline.engine.preview import LinearPreview, choose_zoom, convert_to_picture, make_synthetic_pictures


class PoolingVae:
    """An autoencoder that is exactly linear: each latent cell is the mean colour of its 8 x 8 px."""

    config = SimpleNamespace(block_out_channels=(1, 1, 1, 1), scaling_factor=0.5)
    device, dtype = torch.device("cpu"), torch.float32

    def encode(self, pixels):
        return SimpleNamespace(latent_dist=SimpleNamespace(mean=functional.avg_pool2d(pixels, 8)))


def test_a_linear_autoencoder_is_seen_through():
    preview = LinearPreview.fit(PoolingVae(), zoom=1)
    pictures = torch.rand(1, 3, 128, 96, generator=torch.Generator().manual_seed(9))
    latents = functional.avg_pool2d(pictures * 2 - 1, 8) * 0.5
    shown = np.asarray(preview(latents)).astype(int)
    expected = np.asarray(convert_to_picture(functional.avg_pool2d(pictures, 8))).astype(int)
    assert shown.shape == (16, 12, 3)
    assert np.abs(shown - expected).max() <= 4


def test_zoom_spreads_a_cell_over_pixels_that_follow_its_neighbours():
    preview = LinearPreview.fit(PoolingVae(), zoom=4)
    ramp = torch.linspace(-0.5, 0.5, 8).expand(1, 3, 8, 8)
    shown = np.asarray(preview(ramp)).astype(int)
    assert shown.shape == (32, 32, 3)
    assert shown[16, 6:-6:4, 0].tolist() == sorted(shown[16, 6:-6:4, 0])
    assert shown[16, 26, 0] - shown[16, 6, 0] > 100


@pytest.mark.parametrize(("side", "zoom"), [(8, 8), (16, 8), (32, 4), (64, 2), (128, 1), (96, 1), (512, 1)])
def test_zoom_keeps_previews_within_their_side(side, zoom):
    assert choose_zoom(side) == zoom


def test_synthetic_pictures_are_always_the_same_and_use_the_range():
    pictures = make_synthetic_pictures(64)
    assert torch.equal(pictures, make_synthetic_pictures(64))
    assert pictures.min() >= 0 and pictures.max() <= 1
    assert pictures.max() - pictures.min() > 0.9


def test_to_picture_rounds_and_cuts_off():
    values = torch.tensor([-1.0, 0.0, 0.5, 1.0, 2.0]).expand(1, 3, 1, 5)
    assert np.asarray(convert_to_picture(values))[0, :, 0].tolist() == [0, 0, 128, 255, 255]
