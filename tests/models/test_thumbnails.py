"""Pictures of model files: which one is taken, and what of a file's header is one."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from pipeline.models.thumbnails import KEY, MOST_CHARACTERS, find_thumbnail, read_embedded_thumbnail

PICTURE = base64.b64encode(b"picture").decode()


def write_model(file: Path, thumbnail: str | None = None) -> Path:
    save_file({"weight": torch.zeros(2)}, file, None if thumbnail is None else {KEY: thumbnail})
    return file


@pytest.mark.parametrize("name", ["ink.png", "ink.preview.png", "ink.jpg", "ink.jpeg", "ink.webp", "ink.preview.webp"])
def test_each_name_beside_a_file_is_its_picture(tmp_path: Path, name: str) -> None:
    model = write_model(tmp_path / "ink.safetensors")
    assert find_thumbnail(model) is None
    (tmp_path / "inkwell.png").touch()
    (tmp_path / name).touch()
    assert find_thumbnail(model) == tmp_path / name
    (tmp_path / "ink.preview.png").touch()
    assert find_thumbnail(model) == tmp_path / "ink.preview.png"  # what was made for it goes before any picture


def test_a_folder_with_a_point_in_its_name_has_its_own(tmp_path: Path) -> None:
    (tmp_path / "dreamy-v1.5").mkdir()
    (tmp_path / "dreamy-v1.png").touch()
    assert find_thumbnail(tmp_path / "dreamy-v1.5") is None
    (tmp_path / "dreamy-v1.5.png").touch()
    assert find_thumbnail(tmp_path / "dreamy-v1.5") == tmp_path / "dreamy-v1.5.png"


@pytest.mark.parametrize("kind", ["png", "jpeg", "jpg", "webp"])
def test_the_header_s_picture_is_read(tmp_path: Path, kind: str) -> None:
    model = write_model(tmp_path / "ink.safetensors", f"data:image/{kind};base64,{PICTURE}")
    assert read_embedded_thumbnail(model) == b"picture"


@pytest.mark.parametrize(
    "thumbnail",
    [
        None,
        "",
        "https://example.org/ink.png",
        f"data:image/svg+xml;base64,{PICTURE}",
        f"data:text/html;base64,{PICTURE}",
        "data:image/png;base64,abcde",
        "data:image/png;base64,<script>",
        f"data:image/png;base64,{'A' * MOST_CHARACTERS}",
    ],
)
def test_anything_else_is_none(tmp_path: Path, thumbnail: str | None) -> None:
    assert read_embedded_thumbnail(write_model(tmp_path / "ink.safetensors", thumbnail)) is None


def test_other_files_and_broken_ones_have_none(tmp_path: Path) -> None:
    stored = io.BytesIO()
    Image.new("RGB", (8, 8)).save(stored, "png")
    (tmp_path / "picture.safetensors").write_bytes(stored.getvalue())
    (tmp_path / "model.ckpt").write_bytes(b"data:image/png")
    for name in ("picture.safetensors", "model.ckpt", "gone.safetensors", "."):
        assert read_embedded_thumbnail(tmp_path / name) is None
