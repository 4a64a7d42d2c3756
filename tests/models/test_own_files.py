"""Folders as A1111, ComfyUI and InvokeAI lay them out: what is listed, by which name, and what is said of the rest."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from PIL import Image

from pipeline.errors import SettingError
from pipeline.models import own_files
from pipeline.models.own_files import OwnFiles
from tests.models.test_file_kinds import RIGHT_FILES
from tests.models.wrong_files import WRONG_FILES, hold, lora

LAYOUTS = {
    "A1111": {
        "models/Stable-diffusion/dreamy.safetensors": "checkpoint",
        "models/Lora/ink/inky.safetensors": "lora",
        "embeddings/easynegative.safetensors": "embedding",
        "models/VAE/bright.safetensors": "vae",
        "extensions/sd-webui-controlnet/models/control_canny.safetensors": "controlnet",
        "models/ControlNet/ip-adapter_sd15.safetensors": "ip_adapter",
    },
    "ComfyUI": {
        "models/checkpoints/dreamy.safetensors": "checkpoint",
        "models/loras/inky.safetensors": "lora",
        "models/embeddings/easynegative.safetensors": "embedding",
        "models/vae/bright.safetensors": "vae",
        "models/controlnet/control_canny.safetensors": "controlnet",
        "models/ipadapter/ip-adapter-plus_sd15.safetensors": "ip_adapter",
    },
    "InvokeAI": {
        "models/sd-1/main/dreamy.safetensors": "checkpoint",
        "models/sd-1/lora/inky.safetensors": "lora",
        "models/0c1d5e5a-77c2/easynegative.safetensors": "embedding",
        "models/sd-1/vae/bright.safetensors": "vae",
        "models/sd-1/controlnet/control_canny.safetensors": "controlnet",
    },
}


def lay_out(folder: Path, layout: dict[str, str]) -> Path:
    for name, kind in layout.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        RIGHT_FILES[kind](folder / name)
    return folder


@pytest.mark.parametrize("layout", LAYOUTS)
def test_each_program_s_folders_are_read(tmp_path: Path, layout: str) -> None:
    files = OwnFiles([lay_out(tmp_path, LAYOUTS[layout])])
    assert {(each.name, each.kind) for each in files.list_all()} == {
        (Path(name).stem, kind) for name, kind in LAYOUTS[layout].items()
    }
    assert files.find("lora", "Inky.safetensors").path.name == "inky.safetensors"


def test_a_picture_beside_a_file_is_its_thumbnail(tmp_path: Path) -> None:
    lay_out(tmp_path, LAYOUTS["A1111"])
    for name in ("models/Lora/ink/inky.preview.png", "models/Stable-diffusion/dreamy.jpg"):
        Image.new("RGB", (8, 8)).save(tmp_path / name)
    found = {each.name: each.thumbnail and each.thumbnail.name for each in OwnFiles([tmp_path]).list_all()}
    assert found["inky"] == "inky.preview.png"
    assert found["dreamy"] == "dreamy.jpg"
    assert found["bright"] is None


def test_two_of_one_name_are_told_apart_by_their_paths(tmp_path: Path) -> None:
    for place in ("a", "b"):
        (tmp_path / place).mkdir()
        lora()(tmp_path / place / "inky.safetensors")
    files = OwnFiles([tmp_path])
    assert [each.name for each in files.list_kind("lora")] == ["b/inky", "inky"]
    assert files.find("lora", "b/inky").path.parent.name == "b"


def test_a_wrong_name_is_answered_with_what_there_is(tmp_path: Path) -> None:
    files = OwnFiles([tmp_path])
    with pytest.raises(SettingError, match="There is no LoRA “nowhere” here, nor any other: CROQUIS_MODELS"):
        files.find("lora", "nowhere")
    lay_out(tmp_path, LAYOUTS["ComfyUI"])
    with pytest.raises(SettingError, match="There is no LoRA “nowhere” here; there are inky"):
        files.find("lora", "nowhere")
    lora(width=2048)(tmp_path / "large.safetensors")
    with pytest.raises(SettingError, match="is a LoRA for Stable Diffusion XL"):
        files.find("lora", "large")


def test_every_wrong_file_is_listed_with_its_sentence(tmp_path: Path) -> None:
    for wrong in WRONG_FILES:
        wrong.write(tmp_path / wrong.name)
    found = {each.path.name: each.fault for each in OwnFiles([tmp_path]).list_all()}
    assert all(wrong.said in found[wrong.name] for wrong in WRONG_FILES)


def test_a_file_is_looked_at_again_when_it_changes_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, looked = tmp_path / "inky.safetensors", []
    lora()(path)
    look = own_files.identify_file
    monkeypatch.setattr(own_files, "identify_file", lambda path: looked.append(path) or look(path))
    files = OwnFiles([tmp_path])
    files.list_all()
    files.list_all()
    assert len(looked) == 1
    lora(width=2048)(path)
    assert "Stable Diffusion XL" in files.list_all()[0].fault


def test_a_hash_is_that_of_the_tensors_and_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = tmp_path / "a.safetensors", tmp_path / "b.safetensors"
    lora()(first)
    lora(ss_training_comment="another header")(second)
    files = OwnFiles([tmp_path], tmp_path / "cache")
    digest = files.hash_file(first)
    assert digest == files.hash_file(second)
    assert len(digest) == 64
    assert (found := files.find_by_hash("lora", digest[:12])) is not None
    assert found.name == "a"
    assert files.find_by_hash("lora", digest[:4]) is None
    monkeypatch.setattr(own_files, "hash_tensors", lambda path: pytest.fail("read again"))
    assert OwnFiles([tmp_path], tmp_path / "cache").hash_file(first) == digest
    (tmp_path / "cache" / "own-files.json").write_text("[1, 2")  # damaged: the hashes are computed anew
    monkeypatch.undo()
    assert OwnFiles([tmp_path], tmp_path / "cache").hash_file(first) == digest


def test_a_link_to_nowhere_and_hidden_folders_stop_nothing(tmp_path: Path) -> None:
    os.symlink(tmp_path / "gone", tmp_path / "link.safetensors")
    (tmp_path / ".cache").mkdir()
    hold("a")(tmp_path / ".cache" / "hidden.safetensors")
    (found,) = OwnFiles([tmp_path, tmp_path / "missing"]).list_all()
    assert "cannot be read" in found.fault
