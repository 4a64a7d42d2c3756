"""The small pictures beside the names of model files: painted anew, kept, and none where a file is hostile."""

from __future__ import annotations

import base64
import io
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from pipeline.models.own_files import OwnFile
from pipeline.models.thumbnails import find_thumbnail
from pipeline.page import model_pictures
from pipeline.page.model_pictures import MOST, SIDE, ModelPictures
from tests.tools.own_files import SCRIPT, embed_thumbnail


def write_file(folder: Path, name: str = "ink") -> OwnFile:
    """Write a model file, and return it as it is listed with what lies beside it."""
    path = folder / f"{name}.safetensors"
    if not path.exists():
        save_file({"weight": torch.zeros(2)}, path)
    return OwnFile("lora", name, path, thumbnail=find_thumbnail(path))


def read_picture(address: str) -> Image.Image:
    head, _, data = address.partition(",")
    assert head == "data:image/webp;base64"
    return Image.open(io.BytesIO(base64.b64decode(data)))


def test_a_picture_is_made_once_and_again_when_it_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[OwnFile] = []
    make = model_pictures.make_picture
    monkeypatch.setattr(model_pictures, "make_picture", lambda file: made.append(file) or make(file))
    Image.new("RGB", (300, 500), "#7a4fd0").save(tmp_path / "ink.png", pnginfo=None)
    pictures, file = ModelPictures(), write_file(tmp_path)
    assert pictures.find(file) == ""
    assert pictures.make([file]) and not pictures.make([file]) and len(made) == 1
    first = pictures.find(file)
    assert read_picture(first).size == (SIDE, SIDE) and len(first) < 2_000
    Image.new("RGB", (300, 501), "#e8b030").save(tmp_path / "ink.png")
    os.utime(tmp_path / "ink.png", (1, 1))
    assert pictures.find(file) == "" and pictures.make([file]) and pictures.find(file) not in ("", first)
    (tmp_path / "ink.png").unlink()
    assert pictures.find(file) == "" and not pictures.make([file])
    assert not pictures.make([write_file(tmp_path)]) and len(pictures._made) == 1  # forgets what is not listed


def test_the_picture_beside_goes_before_the_one_within(tmp_path: Path) -> None:
    file = write_file(tmp_path)
    embed_thumbnail(file.path, "#ff0000")
    pictures = ModelPictures()
    assert pictures.make([file])
    red, *_ = read_picture(pictures.find(file)).convert("RGB").getpixel((9, 9))  # type: ignore[misc]
    assert red > 200
    Image.new("RGB", (96, 96), "#0000ff").save(tmp_path / "ink.preview.png")
    beside = write_file(tmp_path)
    assert pictures.make([beside])
    *_, blue = read_picture(pictures.find(beside)).convert("RGB").getpixel((9, 9))  # type: ignore[misc]
    assert blue > 200


def write_bomb(file: Path) -> None:
    Image.new("1", (4_500, 4_500)).save(file, "png")


def write_cut(file: Path) -> None:
    Image.fromarray(np.random.default_rng(1).integers(0, 255, (96, 96, 3), np.uint8)).save(file, "png")
    file.write_bytes(file.read_bytes()[:2_000])


HOSTILE: dict[str, Callable[[Path], object]] = {
    "a script": lambda file: file.write_text(SCRIPT),
    "PostScript": lambda file: file.write_text("%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 99 99\n(x) print\n"),
    "a bomb": write_bomb,
    "a cut file": write_cut,
    "nothing": lambda file: file.touch(),
    "a page": lambda file: file.write_text("<html><script>alert(1)</script></html>"),
    "a tiny one": lambda file: Image.new("RGB", (1, 1)).save(file, "png"),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_picture_is_none(tmp_path: Path, what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    HOSTILE[what](tmp_path / "ink.png")
    pictures, file = ModelPictures(), write_file(tmp_path)
    assert file.thumbnail is not None
    assert not pictures.make([file]) and pictures.find(file) == ""


def test_what_else_a_picture_s_file_holds_is_not_sent(tmp_path: Path) -> None:
    Image.new("RGB", (96, 96), "#7a4fd0").save(tmp_path / "ink.png")
    with (tmp_path / "ink.png").open("ab") as file:
        file.write(b"<script>alert(1)</script>")
    pictures, listed = ModelPictures(), write_file(tmp_path)
    pictures.make([listed])
    assert b"script" not in base64.b64decode(pictures.find(listed).partition(",")[2])


def test_no_more_are_made_than_the_page_is_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_pictures, "make_picture", lambda file: "x")
    files = [write_file(tmp_path, f"ink-{number}") for number in range(MOST + 5)]
    pictures = ModelPictures()
    pictures.make(files)
    assert sum(bool(pictures.find(each)) for each in files) == MOST
