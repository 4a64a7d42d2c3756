"""Folders as diffusers lays out a model are one checkpoint each, and what is wrong with one is told."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from pipeline.errors import ModelError
from pipeline.models.model_folders import expect_folder_model, find_variant, hash_folder, identify_folder
from pipeline.models.own_files import OwnFiles
from tests.models.wrong_files import hold, lora


def write_folder(folder: Path, *, variant: str = "", kind: str = "StableDiffusionPipeline", inputs: int = 4) -> Path:
    configs = {"unet": {"in_channels": inputs, "cross_attention_dim": 768}, "vae": {}, "text_encoder": {}}
    for part, config in configs.items():
        (folder / part).mkdir(parents=True)
        (folder / part / "config.json").write_text(json.dumps(config))
        name = "model" if part == "text_encoder" else "diffusion_pytorch_model"
        hold("a")(folder / part / f"{name}{variant}.safetensors")
    (folder / "tokenizer").mkdir()
    (folder / "tokenizer" / "vocab.json").write_text("{}")
    (folder / "model_index.json").write_text(json.dumps({"_class_name": kind}))
    return folder


@pytest.mark.parametrize("inputs", [4, 9])
def test_a_folder_is_one_checkpoint_beside_single_files(tmp_path: Path, inputs: int) -> None:
    write_folder(tmp_path / "sd-1" / "main" / "dreamy 8.5", inputs=inputs)
    lora()(tmp_path / "inky.safetensors")
    files = OwnFiles([tmp_path])
    assert [(each.name, each.kind) for each in files.list_all()] == [("dreamy 8.5", "checkpoint"), ("inky", "lora")]
    assert files.find("checkpoint", "Dreamy 8.5").path == tmp_path / "sd-1" / "main" / "dreamy 8.5"


def test_two_folders_of_one_name_go_by_their_paths(tmp_path: Path) -> None:
    for place in ("a", "b"):
        write_folder(tmp_path / place / "dreamy")
    assert [each.name for each in OwnFiles([tmp_path]).list_kind("checkpoint")] == ["b/dreamy", "dreamy"]


def test_its_weights_are_those_of_one_variant(tmp_path: Path) -> None:
    plain, halves = write_folder(tmp_path / "plain"), write_folder(tmp_path / "halves", variant=".fp16")
    assert (find_variant(plain), find_variant(halves)) == (None, "fp16")
    before = hash_folder(plain)
    hold("b")(plain / "unet" / "diffusion_pytorch_model.safetensors")
    assert hash_folder(plain) != before
    assert OwnFiles([tmp_path], tmp_path / "cache").hash_file(halves) == hash_folder(halves)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (
            lambda folder: (folder / "unet" / "diffusion_pytorch_model.safetensors").unlink(),
            "no .safetensors file in unet",
        ),
        (lambda folder: shutil.rmtree(folder / "tokenizer"), "has no tokenizer/vocab.json. Download the whole"),
        (lambda folder: (folder / "model_index.json").write_text('{"_class_name": "KandinskyPipeline"}'), "Kandinsky"),
        (
            lambda folder: (folder / "model_index.json").write_text('{"_class_name": "StableDiffusionXLPipeline"}'),
            "is Stable Diffusion XL. Croquis draws with",
        ),
        (
            lambda folder: (folder / "unet" / "config.json").write_text('{"cross_attention_dim": 1024}'),
            "is Stable Diffusion 2.",
        ),
        (lambda folder: (folder / "model_index.json").write_text("<html>"), "is not JSON"),
    ],
)
def test_a_wrong_folder_is_named_for_what_it_is(tmp_path: Path, spoil: object, said: str) -> None:
    folder = write_folder(tmp_path / "models" / "odd")
    spoil(folder)  # type: ignore[operator]
    (found,) = OwnFiles([tmp_path]).list_all()
    assert found.kind is None and said in found.fault
    with pytest.raises(ModelError):
        expect_folder_model(folder)


def test_a_plain_folder_is_none(tmp_path: Path) -> None:
    assert "is a folder, where a file was expected" in identify_folder(tmp_path).fault
