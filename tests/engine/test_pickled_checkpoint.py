"""A whole model as .ckpt draws what the same numbers as .safetensors draw, and nothing that it holds is run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from pipeline.engine.engine import Engine
from pipeline.engine.own_base import BaseWish
from pipeline.errors import ModelError
from pipeline.models.file_kinds import identify_file
from tests.models.test_pickled_weights import Harmful, write_trainer_checkpoint
from tests.tools.drawing_requests import make_request
from tests.tools.models import make_tiny_sd15_profile
from tests.tools.own_files import write_other_model

EMA = {"model_ema.decay": torch.tensor(0.9999), "model_ema.diffusion_modelinput_blocks00weight": torch.ones(3)}


@pytest.fixture(scope="module", autouse=True)
def _quick(one_thread: None) -> None:
    """Small models are quickest on one thread."""


@pytest.fixture(scope="module")
def engine(shallow_folder: Path) -> Engine:
    return Engine.load(make_tiny_sd15_profile(any_dtype=True), folder=shallow_folder, device="cpu", dtype="float32")


def wish(file: Path) -> BaseWish:
    return BaseWish(file.stem, file, ("1" if file.suffix == ".ckpt" else "2") * 64)


def test_a_checkpoint_as_it_was_published_draws_as_its_safetensors(
    engine: Engine, shallow_folder: Path, tmp_path: Path, make_style: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    tensors = load_file(write_other_model(shallow_folder, tmp_path / "model.safetensors"))
    file = write_trainer_checkpoint(tmp_path / "model.ckpt", {**tensors, **EMA}, monkeypatch)
    assert identify_file(file).kind == "checkpoint"
    request = make_request(engine, make_style("ink", 1), num_inference_steps=2, ip_adapter_scale=0.0)

    def draw(wished: BaseWish) -> Any:
        engine.own_base.change(wished)
        return np.asarray(engine.draw(request).images[0], np.int16)

    first, safe, pickled = draw(BaseWish()), draw(wish(tmp_path / "model.safetensors")), draw(wish(file))
    assert np.array_equal(safe, pickled) and not np.array_equal(first, safe)
    assert engine.revisions["checkpoint"] == "model"
    assert np.array_equal(draw(BaseWish()), first)


def test_a_vae_of_ones_own_is_read_in_the_place_of_its_own(
    engine: Engine, shallow_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tensors = load_file(write_other_model(shallow_folder, tmp_path / "model.safetensors"))
    vae = load_file(shallow_folder / "base" / "vae" / "diffusion_pytorch_model.fp16.safetensors")
    save_file({name: value + 1 for name, value in vae.items()}, tmp_path / "vae.safetensors")
    file = write_trainer_checkpoint(tmp_path / "model.ckpt", tensors, monkeypatch)
    engine.own_base.change(BaseWish("model", file, "1" * 64, "vae", tmp_path / "vae.safetensors", "7" * 64))
    wanted = vae["decoder.conv_in.weight"].float() + 1
    assert torch.allclose(engine._pipeline.vae.decoder.conv_in.weight.float(), wanted, atol=1e-2)
    engine.own_base.change(BaseWish())


def test_one_that_would_run_something_is_refused_and_the_model_before_goes_on(
    engine: Engine, shallow_folder: Path, tmp_path: Path
) -> None:
    tensors = load_file(write_other_model(shallow_folder, tmp_path / "model.safetensors"))
    file, mark, before = tmp_path / "model.ckpt", tmp_path / "mark", engine._pipeline.unet
    torch.save({"state_dict": tensors, "hparams": Harmful(mark)}, file)
    assert "may run code" in identify_file(file).fault
    with pytest.raises(ModelError, match="cannot be read safely"):
        engine.own_base.change(wish(file))
    assert not mark.exists() and engine._pipeline.unet is before and engine.own_base.present == BaseWish()
