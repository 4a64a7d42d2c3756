"""Styles that several pictures taught: kept, listed, exported, taken in again, and refused where they are broken."""

from __future__ import annotations

import hashlib
import io
import zipfile
from pathlib import Path

import pytest
import torch
from PIL import Image
from safetensors.torch import save

from pipeline.errors import StyleError
from pipeline.styles.library import StyleLibrary
from pipeline.styles.style_file import read_style_file, write_style_file
from pipeline.styles.taught_files import LOOK, LORA, check_lora, pack_taught
from pipeline.taught import LOOK_NUMBERS, Look, identify_style
from tests.tools.taught_pictures import make_pictures

LOOK_MADE = Look(tuple(float(n) for n in range(LOOK_NUMBERS)), 50.0, 20.0, 0.5)
LAYER = "unet.down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_out.0"


def make_lora(layer: str = LAYER, rank: int = 2) -> bytes:
    return save({f"{layer}.lora_A.weight": torch.ones(rank, 8), f"{layer}.lora_B.weight": torch.ones(8, rank)})


@pytest.fixture
def library(tmp_path: Path) -> StyleLibrary:
    return StyleLibrary(Path("styles"), tmp_path / "added")


def test_a_taught_style_survives_a_restart(library: StyleLibrary, tmp_path: Path) -> None:
    lora = make_lora()
    style = library.teach(make_pictures()[0], "Stripes", pack_taught(LOOK_MADE, 4, lora))
    assert style.taught is not None and style.taught.lora is not None and style.taught.look == LOOK_MADE
    (again,) = (each for each in StyleLibrary(Path("styles"), tmp_path / "added").all() if not each.builtin)
    assert again == style and again.taught.lora.read_bytes() == lora  # type: ignore[union-attr]
    assert library.find_lora(hashlib.sha256(lora).hexdigest()) == style.taught.lora
    renamed = library.rename(style.id, "Bars", "orange")
    assert renamed.taught == style.taught
    library.remove(style.id)
    assert not style.taught.lora.exists()


def test_what_it_learnt_tells_it_from_another_of_the_same_picture(library: StyleLibrary) -> None:
    plain = library.add(make_pictures()[0], "Plain one")
    taught = library.teach(make_pictures()[0], "Stripes", pack_taught(LOOK_MADE, 4, make_lora()))
    other = library.teach(make_pictures()[0], "Bars", pack_taught(LOOK_MADE, 4, make_lora(rank=4)))
    assert len({each.sha256 for each in (plain, taught, other)}) == 1
    assert len({identify_style(each.sha256, each.taught) for each in (plain, taught, other)}) == 3


def test_it_travels_as_one_file(library: StyleLibrary, tmp_path: Path) -> None:
    style = library.teach(make_pictures()[0], "Stripes", pack_taught(LOOK_MADE, 4, make_lora()))
    data = write_style_file(style)
    assert data == write_style_file(style)
    read = read_style_file(data)
    assert library.adopt(read.picture, read.name, read.words, read.beside) == style
    elsewhere = StyleLibrary(Path("styles"), tmp_path / "elsewhere").adopt(
        read.picture, read.name, read.words, read.beside
    )
    assert elsewhere.taught == style.taught and elsewhere.taught.lora.read_bytes() == make_lora()  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({LORA: make_lora(rank=4)}, "not those that it was made with"),
        ({LOOK: b"{}"}, "look in this style's file cannot be read"),
        ({LOOK: None}, "without the look"),
        ({"extra.txt": b"x"}, "holds style.json"),
    ],
)
def test_a_broken_file_is_refused(library: StyleLibrary, change: dict[str, bytes | None], said: str) -> None:
    style = library.teach(make_pictures()[0], "Stripes", pack_taught(LOOK_MADE, 4, make_lora()))
    with zipfile.ZipFile(io.BytesIO(write_style_file(style))) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()} | change
    stored = io.BytesIO()
    with zipfile.ZipFile(stored, "w") as archive:
        for name, content in parts.items():
            if content is not None:
                archive.writestr(name, content)
    with pytest.raises(StyleError, match=said):
        read_style_file(stored.getvalue())


@pytest.mark.parametrize(
    "content",
    [
        b"no weights at all",
        make_lora("unet.conv_in"),
        make_lora("text_encoder.layers.0.to_q"),
        make_lora()[:-1],
        save({f"{LAYER}.lora_A.weight": torch.ones(2, 8)}),
        save({f"{LAYER}.lora_A.weight": torch.ones(8), f"{LAYER}.lora_B.weight": torch.ones(8, 2)}),
    ],
)
def test_weights_of_another_kind_are_refused(content: bytes) -> None:
    check_lora(make_lora())
    with pytest.raises(StyleError, match="weights of a style"):
        check_lora(content)


def test_a_lora_that_is_gone_or_changed_is_left_out(library: StyleLibrary, tmp_path: Path) -> None:
    style = library.teach(make_pictures()[0], "Stripes", pack_taught(LOOK_MADE, 4, make_lora()))
    assert style.taught is not None and style.taught.lora is not None
    style.taught.lora.write_bytes(make_lora(rank=4))
    (again,) = (each for each in StyleLibrary(Path("styles"), tmp_path / "added").all() if not each.builtin)
    assert again.taught is not None and again.taught.lora is None and again == style


def test_a_name_is_checked_before_anything_is_learnt(library: StyleLibrary) -> None:
    library.add(Image.linear_gradient("L").convert("RGB"), "Fog")
    assert library.expect_free_name(" Mist ") == "Mist"
    for name, said in (("fog", "already"), ("  ", "needs a name")):
        with pytest.raises(StyleError, match=said):
            library.expect_free_name(name)
