"""What a file is said to be: the right ones by their kind, the wrong ones by a sentence of their own."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.models.file_kinds import identify_file
from tests.models.wrong_files import CLIP, INPUT, WRONG_FILES, WrongFile, hold, lora

CHECKPOINT = "model.diffusion_model.input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight"
RIGHT_FILES = {
    "checkpoint": hold(CLIP, **{CHECKPOINT: (4, 768), INPUT: (4, 4, 3, 3)}),
    "checkpoint-inpainting": hold(CLIP, **{CHECKPOINT: (4, 768), INPUT: (4, 9, 3, 3)}),
    "ip_adapter": hold("ip_adapter.1.to_k_ip.weight", "image_proj.proj.weight", "image_proj.norm.weight"),
    "ip_adapter-plus": hold("ip_adapter.1.to_k_ip.weight", "image_proj.proj_in.weight", "image_proj.latents"),
    "ip_adapter-full": hold(
        "ip_adapter.1.to_k_ip.weight",
        "image_proj.proj.0.weight",
        "image_proj.proj.3.weight",
        "image_proj.proj.2.weight",
    ),
    "lora": lora(),
    "lora-diffusers": lora("unet.down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k"),
    "embedding": hold(emb_params=(2, 768)),
    "embedding-comfy": hold(**{"<cat>": (768,)}),
    "vae": hold(**{"decoder.conv_in.weight": (4, 4, 3, 3), "encoder.conv_in.weight": (4, 3, 3, 3)}),
    "vae-ldm": hold(
        **{
            "first_stage_model.decoder.conv_in.weight": (4, 4, 3, 3),
            "first_stage_model.encoder.conv_in.weight": (4, 3, 3, 3),
        }
    ),
    "controlnet": hold(**{"controlnet_cond_embedding.conv_in.weight": (4, 3, 3, 3)}),
    "controlnet-ldm": hold("control_model.input_hint_block.0.weight", "control_model.zero_convs.0.0.weight"),
}


def test_there_are_thirty_wrong_files_and_more() -> None:
    assert len(WRONG_FILES) >= 30
    assert len({wrong.name for wrong in WRONG_FILES}) == len(WRONG_FILES)


@pytest.mark.parametrize("wrong", WRONG_FILES, ids=lambda wrong: wrong.name)
def test_a_wrong_file_is_named_for_what_it_is(tmp_path: Path, wrong: WrongFile) -> None:
    path = tmp_path / wrong.name
    wrong.write(path)
    found = identify_file(path)
    assert found.kind is None
    assert wrong.said in found.fault
    assert found.fault.startswith(f"{wrong.name} ")


@pytest.mark.parametrize("name", RIGHT_FILES)
def test_a_right_file_is_known_by_its_header(tmp_path: Path, name: str) -> None:
    path = tmp_path / f"{name}.safetensors"
    RIGHT_FILES[name](path)
    found = identify_file(path)
    assert (found.kind, found.fault) == (name.partition("-")[0], "")


def test_a_missing_file_and_a_folder_are_told(tmp_path: Path) -> None:
    assert "cannot be read" in identify_file(tmp_path / "gone.safetensors").fault
    (tmp_path / "folder.safetensors").mkdir()
    assert "is a folder" in identify_file(tmp_path / "folder.safetensors").fault


def test_a_header_that_looks_like_a_pickle_is_read(tmp_path: Path) -> None:
    path = tmp_path / "short.safetensors"
    lora()(path)
    data = path.read_bytes()
    length = int.from_bytes(data[:8], "little")
    padded = length + (-length % 0x10000 + 0x280) % 0x10000  # a length that begins with a pickle's mark
    path.write_bytes(padded.to_bytes(8, "little") + data[8 : 8 + length].ljust(padded) + data[8 + length :])
    assert path.read_bytes()[:2] == b"\x80\x02"
    assert identify_file(path).kind == "lora"
