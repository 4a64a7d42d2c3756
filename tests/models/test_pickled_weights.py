"""Models, ControlNets and VAEs as A1111's folder has them (.pth, .pt, .ckpt), read without running anything in them."""

from __future__ import annotations

import os
import sys
import types
from pathlib import Path
from typing import Any

import diffusers
import numpy as np
import pytest
import torch

from pipeline.engine.own_base import read_vae
from pipeline.errors import ModelError
from pipeline.models.architecture import CHECKPOINT_TEXT
from pipeline.models.file_kinds import identify_file
from pipeline.models.pickled_weights import read_pickled, read_pickled_shapes

CONTROLNET = {"control_model.input_hint_block.0.weight": torch.zeros(4, 3, 3, 3), "control_model.x": torch.zeros(2)}
KEY = "control_model.input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight"
VAE = {"encoder.conv_in.weight": torch.zeros(4, 3, 3, 3), "decoder.conv_in.weight": torch.zeros(4, 4, 3, 3)}

WHOLE = {
    CHECKPOINT_TEXT: torch.zeros(4, 768),
    "cond_stage_model.transformer.x": torch.zeros(2),
    "model_ema.decay": torch.zeros(1),
}


class Harmful:
    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.mark),)


@pytest.mark.parametrize(
    ("name", "held", "kind", "said"),
    [
        ("canny.pth", CONTROLNET, "controlnet", ""),
        ("wrapped.pth", {"state_dict": CONTROLNET, "epoch": 3}, "controlnet", ""),
        ("xl.pth", {**CONTROLNET, KEY: torch.zeros(4, 2048)}, None, "is a ControlNet for Stable Diffusion XL"),
        ("anything.vae.pt", VAE, "vae", ""),
        ("mse.ckpt", {"state_dict": {**VAE, "loss.x": torch.zeros(2)}}, "vae", ""),
        ("sdxl_vae.pt", VAE, None, "is a VAE for Stable Diffusion XL"),
        ("whole.ckpt", {"state_dict": WHOLE, "epoch": 3}, "checkpoint", ""),
        ("parts.ckpt", {**VAE, CHECKPOINT_TEXT: torch.zeros(4, 768)}, None, "is a UNet alone"),
        ("xl.ckpt", {**WHOLE, "conditioner.embedders.0.x": torch.zeros(2)}, None, "is Stable Diffusion XL"),
        ("sd2.ckpt", {**WHOLE, CHECKPOINT_TEXT: torch.zeros(4, 1024)}, None, "is Stable Diffusion 2"),
        ("fox.pt", {"string_to_param": {"*": torch.zeros(2, 768)}}, "embedding", ""),
        ("renamed.safetensors", CONTROLNET, None, "is a pickled file (.safetensors)"),
    ],
)
def test_a_pickled_file_is_named_by_its_tensors(
    tmp_path: Path, name: str, held: Any, kind: str | None, said: str
) -> None:
    torch.save(held, tmp_path / name)
    found = identify_file(tmp_path / name)
    assert found.kind == kind and said in found.fault and bool(said) == bool(found.fault)


def test_nothing_in_a_file_is_run(tmp_path: Path) -> None:
    file, mark = tmp_path / "bad.pth", tmp_path / "mark"
    torch.save({**CONTROLNET, "x": Harmful(mark)}, file)
    assert "is a pickled file (.pth)" in identify_file(file).fault and not mark.exists()
    with pytest.raises(ModelError, match="cannot be read safely"):
        read_pickled(file)
    assert not mark.exists()


def test_what_a_trainer_kept_beside_the_weights_is_not_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As published checkpoints have it: a class of the trainer's, which is not here, and numpy's numbers."""
    file = write_trainer_checkpoint(tmp_path / "model.ckpt", {"x": torch.ones(2)}, monkeypatch)
    read = read_pickled(file)
    assert read.keys() == {"x"} and torch.equal(read["x"], torch.ones(2))


def write_trainer_checkpoint(file: Path, tensors: Any, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Write tensors as PyTorch Lightning does, whose module is pretended while they are written."""
    home = "pytorch_lightning.callbacks.model_checkpoint"
    made = type("ModelCheckpoint", (), {"__module__": home})
    module = types.ModuleType(home)
    module.ModelCheckpoint = made  # type: ignore[attr-defined]
    kept = {"best_model_score": np.float64(0.3), "monitor": "val/loss"}
    whole = {"state_dict": tensors, "callbacks": {made: kept, "last": made()}, "global_step": 840_000, "lr": [1e-4]}
    with monkeypatch.context() as pretended:
        for name in ("pytorch_lightning", "pytorch_lightning.callbacks"):
            pretended.setitem(sys.modules, name, types.ModuleType(name))
        pretended.setitem(sys.modules, home, module)
        torch.save(whole, file)
    return file


def test_shapes_are_read_without_numbers(tmp_path: Path) -> None:
    torch.save({"state_dict": VAE}, tmp_path / "a.pt")
    assert read_pickled_shapes(tmp_path / "a.pt") == {name: tuple(value.shape) for name, value in VAE.items()}
    assert {value.device.type for value in read_pickled(tmp_path / "a.pt", "meta").values()} == {"meta"}


def test_a_pickled_vae_has_the_numbers_that_were_written(tmp_path: Path) -> None:
    like = diffusers.AutoencoderKL(block_out_channels=(8,), norm_num_groups=4, layers_per_block=1).eval()
    written = {name: value + 1 for name, value in like.state_dict().items()}
    more = {"loss.logvar": torch.zeros(1), "model_ema.decay": torch.ones(1)}
    torch.save({"state_dict": {**written, "decoder.up_blocks.0.x": torch.ones(1)}}, tmp_path / "odd.ckpt")
    torch.save({"state_dict": {**written, **more}}, tmp_path / "mse.ckpt")
    read = read_vae(tmp_path / "mse.ckpt", dict(like.config), torch.float32).state_dict()
    assert all(torch.equal(read[name], value) for name, value in written.items())
    with pytest.raises(ModelError, match="could not be loaded"):
        read_vae(tmp_path / "odd.ckpt", dict(like.config), torch.float32)
