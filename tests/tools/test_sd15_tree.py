"""The tree of SD 1.5 by name, shape and size: against the pinned bytes, and drawn from by the engine."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.engine.engine import Engine
from pipeline.models.catalog import SD15
from pipeline.models.controlnets import CONTROLNETS
from pipeline.models.safetensors_header import read_shapes
from tests.tools.drawing_requests import make_request
from tests.tools.sd15_tensors import BARE, list_tensors
from tests.tools.sd15_tree import describe_tensors, hash_file, write_sd15_tree, write_weights

WEIGHTS = [(role, file) for role, part in SD15.parts.items() for file in part.files if "safetensors" in file.path]


@pytest.mark.parametrize(("role", "file"), WEIGHTS, ids=[f"{role}/{file.path}" for role, file in WEIGHTS])
def test_names_and_shapes_fill_the_published_bytes(role: str, file, tmp_path: Path) -> None:
    """safetensors pads its header to 8 bytes: a name or a shape that is wrong, missing or too many leaves more room."""
    tensors = list_tensors(role, file.path)
    write_weights(tmp_path / "f", tensors, file.bytes, signed=role not in BARE, empty=True)
    shapes = read_shapes(tmp_path / "f")
    assert shapes == {name: shape for name, (_, shape) in tensors.items()}
    if file.bytes is not None:
        head = int.from_bytes((tmp_path / "f").open("rb").read(8), "little")
        written = (tmp_path / "f").open("rb").read(8 + head)
        assert len(written) - len(written.rstrip(b" ")) < 8
        assert (tmp_path / "f").stat().st_size == file.bytes
    else:
        assert (tmp_path / "f").stat().st_size == pytest.approx(file.size, rel=0.001)


def test_a_name_too_many_does_not_fit(tmp_path: Path) -> None:
    tensors = dict(list_tensors("taesd", "diffusion_pytorch_model.safetensors"))
    tensors["one.more"] = next(iter(tensors.values()))
    assert b"one.more" in describe_tensors(tensors, True)
    with pytest.raises(ValueError, match="were published"):
        write_weights(tmp_path / "f", tensors, 9793292)


def test_no_two_files_are_alike(tmp_path: Path) -> None:
    """Else a picture by an exchanged network would be the same, and nobody would see whether it was taken."""
    folder = write_sd15_tree(tmp_path / "tree", list(CONTROLNETS), small=True)
    assert len({hash_file(file) for file in folder.rglob("*.safetensors")}) == len(CONTROLNETS)


def test_the_small_tree_is_drawn_from_as_the_app_draws(tmp_path: Path, make_style) -> None:
    """Every file has its published name, and the profile is the app's own: the manifest stands for sizes and hashes."""
    folder = write_sd15_tree(tmp_path / "sd15", small=True)
    engine = Engine.load(SD15, folder=folder, device="cpu", dtype="float32", safety=True)
    drawn = engine.draw(make_request(engine, make_style("a"), num_inference_steps=2))
    assert drawn.images[0].size == (512, 512) and len(drawn.verdicts) == 1
    assert np.asarray(drawn.images[0]).std() > 1
