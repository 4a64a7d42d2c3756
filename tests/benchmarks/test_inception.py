"""The Inception score: values reckoned by hand, splits, and the network that a row names."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from tests.benchmarks.inception import OUR_NETWORK, classify, compute_inception_score
from tests.benchmarks.quality import measure_folder, read_options
from tests.tools.taught_pictures import write_pictures


class Brightness(torch.nn.Module):
    """This gives a picture's mean colour as the logits of three classes."""

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        return 100 * pixels.mean(dim=(2, 3))


def test_values_reckoned_by_hand() -> None:
    sure = np.eye(4)  # four pictures, each of a class of its own: as many as there are classes
    assert compute_inception_score(sure, 1) == pytest.approx((4, 0))
    alike = np.full((6, 5), 0.2)  # no picture tells anything
    assert compute_inception_score(alike, 1) == pytest.approx((1, 0))
    mixed = np.array([[0.9, 0.1], [0.5, 0.5]])  # all together: 0.7 and 0.3
    first = 0.9 * math.log(0.9 / 0.7) + 0.1 * math.log(0.1 / 0.3)
    second = 0.5 * math.log(0.5 / 0.7) + 0.5 * math.log(0.5 / 0.3)
    assert compute_inception_score(mixed, 1)[0] == pytest.approx(math.exp((first + second) / 2))
    assert compute_inception_score(mixed, 1)[0] == pytest.approx(1.10711, abs=1e-5)


def test_splits_are_taken_one_behind_the_other() -> None:
    parts = np.concatenate([np.eye(2), np.full((2, 2), 0.5)])  # of 2 and of 1
    assert compute_inception_score(parts, 2) == pytest.approx((1.5, 0.5))
    assert compute_inception_score(np.eye(7), 3)[0] == pytest.approx((2 + 2 + 3) / 3)


def test_the_network_at_hand_is_named_and_sees_classes(tmp_path: Path) -> None:
    write_pictures(tmp_path, 4)
    (row,) = measure_folder(read_options(["measure", str(tmp_path), "--inception", "--splits", "2"]))
    assert row["what"] == "Inception score" and row["by"] == OUR_NETWORK and row["pictures"] == 4
    assert row["value"] >= 1 and row["std"] >= 0 and row["splits"] == 2
    seen = classify([np.full((64, 64, 3), 255, np.uint8)])
    assert seen.shape == (1, 1000) and seen.sum() == pytest.approx(1)


def test_a_classifier_of_one_s_own_is_named(tmp_path: Path) -> None:
    (tmp_path / "pictures").mkdir()
    for colour in ("red", "lime", "blue"):
        Image.new("RGB", (32, 32), colour).save(tmp_path / "pictures" / f"{colour}.png")
    torch.jit.script(Brightness()).save(str(tmp_path / "bright.pt"))
    asked = ["measure", str(tmp_path / "pictures"), "--inception", "--splits", "1"]
    (row,) = measure_folder(read_options([*asked, "--classifier", str(tmp_path / "bright.pt")]))
    assert row["value"] == 3 and row["by"] == "bright.pt, 3 classes"
    with pytest.raises(SystemExit, match="no classifier"):
        list(measure_folder(read_options([*asked, "--classifier", str(tmp_path / "gone.pt")])))


def test_too_few_pictures_are_told(tmp_path: Path) -> None:
    write_pictures(tmp_path, 3)
    with pytest.raises(SystemExit, match="10 splits need as many pictures at least; 3 came"):
        list(measure_folder(read_options(["measure", str(tmp_path), "--inception"])))
