"""Test styles as one file: what is written is read, and what is broken, foreign or too large is refused with words."""

from __future__ import annotations

import io
import json
import random
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from pipeline.errors import StyleError
from pipeline.styles.library import StyleLibrary
from pipeline.styles.style_file import is_style_file, read_style_file, write_style_file
from tests.tools.style_folders import reopen

DATA = {"format": "croquis-style", "version": 1, "name": "Zebra", "words": "stripes"}


def make_picture(seed: int = 1, side: int = 512) -> Image.Image:
    rng = np.random.default_rng(seed)
    return Image.fromarray(rng.integers(0, 255, (8, 8, 3), np.uint8)).resize((side, side))


def make_webp(side: int = 512) -> bytes:
    stored = io.BytesIO()
    make_picture(side=side).save(stored, "WEBP")
    return stored.getvalue()


def make_zip(method: int = zipfile.ZIP_STORED, **parts: bytes | str) -> bytes:
    """Make a zip of these parts; an underscore before the ending stands for a dot."""
    stored = io.BytesIO()
    with zipfile.ZipFile(stored, "w", method) as archive:
        for name, content in parts.items():
            archive.writestr(name.replace("_", "."), content)
    return stored.getvalue()


def write_data(**changes: Any) -> str:
    return json.dumps(DATA | changes)


def test_a_style_travels_to_another_library_as_it_is(library: StyleLibrary, tmp_path: Path) -> None:
    style = library.add(make_picture(), "Zebra haze", "foggy stripes, dawn")
    data = write_style_file(style)
    assert is_style_file(data) and data == write_style_file(style)
    other = StyleLibrary(tmp_path / "builtin", tmp_path / "elsewhere")
    read = read_style_file(data)
    kept = other.adopt(read.picture, read.name, read.words)
    assert (kept.name, kept.words, kept.sha256) == (style.name, style.words, style.sha256)
    assert reopen(other).get(kept.id) == kept


def test_a_style_that_is_here_already_is_not_kept_twice(library: StyleLibrary) -> None:
    style = library.add(make_picture(), "Zebra")
    assert library.adopt(style.image.read_bytes(), "Another name") == style
    assert len(library.all()) == 4


def test_a_name_that_is_taken_gets_a_number(library: StyleLibrary) -> None:
    library.add(make_picture(1), "Zebra")
    read = read_style_file(make_zip(style_json=write_data(), picture_webp=make_webp()))
    assert library.adopt(read.picture, "zebra").name == "zebra 2"
    assert library.find_free_name("ZEBRA") == "ZEBRA 3"
    assert len(library.find_free_name("x" * 60)) == 60


def test_an_added_style_gets_another_name_and_words(library: StyleLibrary) -> None:
    style = library.add(make_picture(), "IMG 2034")
    changed = library.rename(style.id, "  Evening   fog ", "fog, evening")
    assert (changed.id, changed.name, changed.words) == (style.id, "Evening fog", ("fog", "evening"))
    assert changed.sha256 == style.sha256 and "Evening fog" in changed.template
    assert reopen(library).get(style.id) == changed == library.get(style.id)
    assert library.rename(style.id, "evening FOG", "").name == "evening FOG"


@pytest.mark.parametrize(
    ("id", "name", "message"),
    [("clay", "Mud", "belongs to the program"), ("nothing", "Mud", "no style"), ("mine", "Clay", "already")],
)
def test_names_that_cannot_be_changed(library: StyleLibrary, id: str, name: str, message: str) -> None:
    library.add(make_picture(), "Mine")
    with pytest.raises(StyleError, match=message):
        library.rename(id, name, "")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "no style's file"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "no style's file"),
        (b"PK\x03\x04" + bytes(200), "no style's file"),
        (bytes(18_000_001), "at most 18 MB"),
        (make_zip(style_json=write_data()), "holds style.json and picture.webp"),
        (make_zip(style_json=write_data(), picture_webp=make_webp(), more_txt="x"), "holds style.json"),
        (make_zip(style_json=write_data(), picture_webp=b"GIF89a"), "not an image"),
        (make_zip(style_json=write_data(), picture_webp=make_webp(256)), "256 x 256"),
        (make_zip(style_json=write_data(name=""), picture_webp=make_webp()), "needs a name"),
        (make_zip(style_json=write_data(name="x" * 61), picture_webp=make_webp()), "name: .*60"),
        (make_zip(style_json=write_data(version=2), picture_webp=make_webp()), "version"),
        (make_zip(style_json=write_data(image="/etc/passwd"), picture_webp=make_webp()), "image"),
        (make_zip(style_json="[" * 3000, picture_webp=make_webp()), "cannot be read"),
    ],
)
def test_what_is_no_style_is_refused_with_words(data: bytes, message: str) -> None:
    with pytest.raises(StyleError, match=message) as refusal:
        read_style_file(data)
    assert len(str(refusal.value)) < 300


@pytest.mark.parametrize(
    ("words", "picture", "message"), [(10_000_000, 100, "8,000 bytes"), (100, 40_000_000, "1,500,000 bytes")]
)
def test_a_small_file_that_unpacks_to_much_is_refused(words: int, picture: int, message: str) -> None:
    data = make_zip(zipfile.ZIP_DEFLATED, style_json=write_data() + " " * words, picture_webp=bytes(picture))
    assert len(data) < 100_000
    with pytest.raises(StyleError, match=message):
        read_style_file(data)


def test_damaged_files_are_refused_or_read_whole() -> None:
    sound = make_zip(zipfile.ZIP_DEFLATED, style_json=write_data(), picture_webp=make_webp())
    whole = read_style_file(sound)
    rng = random.Random(5)
    for _ in range(60):
        damaged = bytearray(sound[: rng.randrange(1, len(sound)) if rng.random() < 0.3 else len(sound)])
        damaged[rng.randrange(len(damaged))] ^= 1 << rng.randrange(8)
        try:
            read = read_style_file(bytes(damaged))
        except StyleError:
            continue
        assert read == whole
