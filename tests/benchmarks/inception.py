"""Compute the Inception score of pictures (Salimans et al. 2016, arXiv:1606.03498) with a network that is at hand.

exp of the mean Kullback-Leibler divergence of each picture's classes from those of all: high where each picture shows
one thing and all together show many. Published scores are by Inception v3 with 1008 classes; by another network they
are other numbers, so that a row names its network.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tests.benchmarks.report import Row

if TYPE_CHECKING:
    from pipeline.pocket.evaluate.efficientnet import EfficientNetLite0

Float = NDArray[np.float64]
SPLITS = 10  # as the paper
OUR_NETWORK = "EfficientNet-Lite0, 1000 classes of ImageNet"
SIDE = 299  # px that a classifier of one's own is given, as Inception v3 is


def score_classes(pictures: Mapping[str, Image.Image], splits: int, classifier: Path | None = None) -> Row:
    """Return the Inception score of pictures in their folder's order, and by which network it is.

    `classifier`: a TorchScript file that gives logits (n, classes) for (n, 3, 299, 299) in [0, 1]; without one it is
    the judge's network. Ends with a message where there are fewer pictures than splits.
    """
    if len(pictures) < splits or splits < 1:
        raise SystemExit(f"{splits} splits need as many pictures at least; {len(pictures)} came. Set --splits.")
    shown = [np.asarray(image, np.uint8) for image in pictures.values()]
    seen = classify(shown) if classifier is None else classify_by_file(shown, classifier)
    value, spread = compute_inception_score(seen, splits)
    by = OUR_NETWORK if classifier is None else f"{classifier.name}, {seen.shape[1]} classes"
    return {"value": round(value, 3), "std": round(spread, 3), "splits": splits, "pictures": len(shown), "by": by}


def compute_inception_score(classes: Float, splits: int = SPLITS) -> tuple[float, float]:
    """Return mean and standard deviation over the splits of exp(E KL(p(y|x) || p(y))), of probabilities (n, classes).

    The splits are taken one behind the other, as the paper's code takes them.
    """
    count, scores = len(classes), []
    for number in range(splits):
        part = np.asarray(classes[number * count // splits : (number + 1) * count // splits], np.float64)
        whole = part.mean(axis=0, keepdims=True)
        apart = part * (take_log(part) - take_log(whole))
        scores.append(float(np.exp(apart.sum(axis=1).mean())))
    return float(np.mean(scores)), float(np.std(scores))


def take_log(values: Float) -> Float:
    """Return logarithms; that of nothing is 0, for it is multiplied by nothing."""
    return np.asarray(np.log(np.where(values > 0, values, 1.0)))


def classify(pictures: list[NDArray[np.uint8]]) -> Float:
    """Return the probabilities (n, 1000) of ImageNet's classes by the network of pipeline/pocket/evaluate/judge.py."""
    import torch

    from pipeline.pocket.evaluate.efficientnet import extract_features

    network = load_network()
    with torch.inference_mode():
        logits = network._fc(torch.from_numpy(extract_features(network, pictures)))
    return soften(logits)


def load_network() -> EfficientNetLite0:
    """Load the judge's network. Ends with a message where its package is not here."""
    from pipeline.errors import ModelError
    from pipeline.pocket.evaluate.efficientnet import load_efficientnet

    try:
        return load_efficientnet()
    except ModelError as error:
        raise SystemExit(str(error)) from error


def classify_by_file(pictures: list[NDArray[np.uint8]], file: Path) -> Float:
    """Return the probabilities (n, classes) by a TorchScript file. Ends with a message where it is not there."""
    import torch

    if not file.is_file():
        raise SystemExit(f"There is no classifier {file}.")
    network, rows = torch.jit.load(str(file), map_location="cpu").eval(), []
    with torch.inference_mode():
        for picture in pictures:
            small = Image.fromarray(picture).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
            pixels = torch.from_numpy(np.asarray(small, np.float32) / 255).permute(2, 0, 1)[None]
            rows.append(network(pixels).reshape(1, -1))
    return soften(torch.cat(rows))


def soften(logits: Any) -> Float:
    """Return the softmax of logits (n, classes)."""
    return np.asarray(logits.double().softmax(dim=1).numpy())
