"""Numbers that overflow while a style is taught are computed again in float32, and none of them is kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from pipeline.engine.engine import Engine
from pipeline.errors import Overflow
from pipeline.teaching.checked_file import are_finite, read_tensors, write_tensors
from pipeline.teaching.course import CHECKPOINTS, Course, Stage, Watchers
from pipeline.teaching.lesson import Lesson
from pipeline.teaching.lora import is_lora_of_unet
from pipeline.teaching.networks import LentNetworks
from tests.tools.models import make_tiny_sd15_profile
from tests.tools.overflows import OverflowsIn
from tests.tools.taught_pictures import make_pictures

pytestmark = pytest.mark.usefixtures("one_thread")

LESSON = Lesson(3, 64, rank=4, learning_rate=3e-3, train_batch_size=2, crops=1)
BOTH = (torch.bfloat16, torch.float32)


@pytest.fixture
def engine(shallow_folder: Path) -> Engine:
    """bfloat16 stands for a GPU's float16: both are the smaller of two formats."""
    profile = make_tiny_sd15_profile(any_dtype=True)
    return Engine.load(profile, folder=shallow_folder, device="cpu", dtype="bfloat16")


def run(
    engine: Engine,
    folder: Path,
    on_stage: Callable[[Stage], None] = lambda stage: None,
    lend: Callable[..., Any] | None = None,
) -> Path:
    course = Course(folder, LESSON, lend or engine.lend, Watchers(on_stage=on_stage), checkpoint_seconds=0)
    return course.run(make_pictures(), ["stripes"] * 4)


def expect_learnt(lora: Path) -> None:
    """Expect finite numbers in the LoRA, and in all that is kept beside it."""
    assert is_lora_of_unet(load_file(lora))
    kept = [read_tensors(file) for file in lora.parent.glob("*.tensors")]
    assert len(kept) == 4 + 2 and None not in kept


def spoil_unet(monkeypatch: pytest.MonkeyPatch, unet: Any, spoil: Callable[[torch.Tensor], Any], *dtypes: Any) -> None:
    """Spoil what every UNet of this class says in `dtypes`, also one that shares another's weights."""
    forward = type(unet).forward

    def spoilt(module: Any, *given: Any, **named: Any) -> Any:
        output = forward(module, *given, **named)
        return (spoil(output[0]),) if module.conv_in.weight.dtype in dtypes else output

    monkeypatch.setattr(type(unet), "forward", spoilt)


def spoil_numbers(said: torch.Tensor) -> torch.Tensor:
    return said * float("nan")


def spoil_gradients(said: torch.Tensor) -> torch.Tensor:
    said.register_hook(lambda gradient: gradient * float("inf"))
    return said


def test_an_encoder_that_overflows_reads_the_pictures_in_float32(engine: Engine, tmp_path: Path) -> None:
    hook = OverflowsIn(torch.bfloat16)
    engine._pipeline.vae.encoder.register_forward_hook(hook)
    expect_learnt(run(engine, tmp_path))
    assert (hook.calls, engine.dtype) == (5, torch.bfloat16), "one square again, the UNet as it was"
    assert engine._placement.decoder_dtype == torch.float32


def test_words_that_overflow_are_read_in_float32(engine: Engine, tmp_path: Path) -> None:
    engine._pipeline.text_encoder.final_layer_norm.register_forward_hook(OverflowsIn(torch.bfloat16))
    expect_learnt(run(engine, tmp_path))
    assert engine.dtype == torch.float32


@pytest.mark.parametrize("part", ["vae.encoder", "text_encoder.final_layer_norm"])
def test_what_overflows_in_float32_too_is_not_learnt_from(engine: Engine, tmp_path: Path, part: str) -> None:
    name, _, path = part.partition(".")
    getattr(engine._pipeline, name).get_submodule(path).register_forward_hook(OverflowsIn(*BOTH))
    with pytest.raises(Overflow, match="could not be taught: numbers overflowed, in float32 too"):
        run(engine, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_stored_latents_that_are_not_finite_are_encoded_anew(engine: Engine, tmp_path: Path) -> None:
    whole = run(engine, tmp_path / "whole").read_bytes()
    stored = tmp_path / "again" / "picture-00.tensors"
    stored.parent.mkdir()
    tensors, facts = read_tensors(tmp_path / "whole" / stored.name) or ({}, {})
    write_tensors(stored, {**tensors, "means": tensors["means"] * float("nan")}, facts)
    assert run(engine, stored.parent).read_bytes() == whole


def test_a_checkpoint_that_is_not_finite_is_left_out(engine: Engine, tmp_path: Path) -> None:
    made = run(engine, tmp_path)
    whole, newest = made.read_bytes(), max(tmp_path.glob(CHECKPOINTS))
    tensors, facts = read_tensors(newest) or ({}, {})
    spoilt = {name: value * float("nan") if name[:5] == "lora." else value for name, value in tensors.items()}
    write_tensors(newest, spoilt, facts)
    assert run(engine, tmp_path).read_bytes() == whole


@pytest.mark.parametrize("spoil", [spoil_numbers, spoil_gradients])
def test_a_step_that_overflows_is_taken_again_in_float32(
    engine: Engine,
    shallow_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    spoil: Callable[[torch.Tensor], Any],
) -> None:
    """What is learnt is as if the engine had been widened before the first step."""
    other = Engine.load(engine.profile, folder=shallow_folder, device="cpu", dtype="bfloat16")

    def widen_and_lend(work: Callable[[LentNetworks], Any]) -> Any:
        if getattr(work, "__name__", "") == "run_step":
            other._placement.widen_numbers()
        return other.lend(work)

    expected = run(engine, tmp_path / "wide", lend=widen_and_lend).read_bytes()
    spoil_unet(monkeypatch, engine._pipeline.unet, spoil, torch.bfloat16)
    made = run(engine, tmp_path / "spoilt")
    expect_learnt(made)
    assert engine.dtype == torch.float32 and made.read_bytes() == expected


@pytest.mark.parametrize("spoil", [spoil_numbers, spoil_gradients])
def test_a_step_that_overflows_in_float32_too_ends_it_with_what_was_learnt(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spoil: Callable[[torch.Tensor], Any]
) -> None:
    def break_after(stage: Stage) -> None:
        if (stage.name, stage.step) == ("learning", 2):
            spoil_unet(monkeypatch, engine._pipeline.unet, spoil, *BOTH)

    with pytest.raises(Overflow, match="could not be taught: numbers overflowed, in float32 too"):
        run(engine, tmp_path, break_after)
    kept = read_tensors(max(tmp_path.glob(CHECKPOINTS)))
    assert kept is not None and len(kept[0]["losses"]) == 2 and are_finite(kept[0].values())


def test_gradients_that_overflow_scaled_are_scaled_less_before_anything_is_widened(engine: Engine) -> None:
    from pipeline.teaching.material import Material
    from pipeline.teaching.trainer import Trainer

    trainer = Trainer(replace(LESSON, max_train_steps=1), Material(*(torch.zeros(1) for _ in range(4))))
    for enabled, scale, expected in ((True, 65536.0, True), (True, 0.5, False), (False, 65536.0, False)):
        trainer._scaler = torch.amp.GradScaler("cpu", init_scale=scale, enabled=enabled)
        assert trainer._will_be_scaled_down() is expected
