"""Near and far of a picture, by random weights under the published names."""

from __future__ import annotations

import weakref
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from pipeline.engine import depth
from pipeline.errors import ModelError
from tests.tools.sd15_tree import write_sd15_tree


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_sd15_tree(tmp_path_factory.mktemp("tree"), ["depth"], small=True) / "depth"


def test_every_published_tensor_finds_its_place(folder: Path) -> None:
    stored, state = load_file(folder / "model.safetensors"), depth.load_network(folder).state_dict()
    assert len(stored) == len(state)
    old = stored["backbone.encoder.layer.2.attention.attention.value.weight"]
    assert torch.equal(state["backbone.encoder.layer.2.attention.v_proj.weight"], old)


def test_depth_has_the_pictures_size_and_the_whole_range(folder: Path) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (90, 140, 3), dtype=np.uint8)
    near = depth.estimate_depth(folder, picture)
    assert near is not None and near.shape == (90, 140) and near.dtype == np.uint8
    assert near.min() == 0 and near.max() == 255
    assert np.array_equal(near, depth.estimate_depth(folder, picture))


def test_the_network_is_let_go_once_it_has_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    held, load = list[weakref.ref[Any]](), depth.load_network

    def load_and_note(place: Path) -> Any:
        network = load(place)
        held.append(weakref.ref(network))
        return network

    monkeypatch.setattr(depth, "load_network", load_and_note)
    depth.estimate_depth(folder, np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8))
    assert [each() for each in held] == [None]


class Slope:
    """Stands for a network to which the right is near, or everything is."""

    def __init__(self, slope: float) -> None:
        self.slope = slope

    def __call__(self, pixels: torch.Tensor) -> Slope:
        self.seen = pixels
        self.predicted_depth = 5 + self.slope * torch.linspace(0, 1, pixels.shape[3]).expand(1, *pixels.shape[2:])
        return self


def test_near_is_light_and_the_network_sees_what_it_was_trained_on(monkeypatch: pytest.MonkeyPatch) -> None:
    network = Slope(3.0)
    monkeypatch.setattr(depth, "load_network", lambda folder: network)
    near = depth.estimate_depth(Path(), np.full((100, 200, 3), 255, np.uint8))
    assert near is not None and (np.diff(near[50].astype(int)) >= 0).all() and near[0, 0] == 0
    assert network.seen.shape == (1, 3, 518, 1036)
    assert network.seen[0, :, 0, 0].tolist() == pytest.approx(
        [(1 - m) / s for m, s in zip(depth.MEAN, depth.STD, strict=True)]
    )


@pytest.mark.parametrize("slope", [0.0, 0.01, float("nan")])
def test_a_picture_that_is_equally_far_has_no_depth(monkeypatch: pytest.MonkeyPatch, slope: float) -> None:
    monkeypatch.setattr(depth, "load_network", lambda folder: Slope(slope))
    assert depth.estimate_depth(Path(), np.zeros((64, 64, 3), np.uint8)) is None


def test_another_kind_of_files_is_told(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="could not be loaded"):
        depth.estimate_depth(tmp_path, np.zeros((64, 64, 3), np.uint8))
