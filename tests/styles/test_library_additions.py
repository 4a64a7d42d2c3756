"""Styles that a person adds to the library: kept, named, removed, refused."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageOps

from pipeline.errors import StyleError
from pipeline.styles import library as styles
from pipeline.styles.library import StyleLibrary
from pipeline.styles.reference import crop_reference
from pipeline.styles.style_folder import ID
from pipeline.styles.style_words import RESERVED, clean_words, make_slug
from tests.tools.style_folders import reopen, write_style

pytestmark = pytest.mark.slow

PICTURE = ImageOps.expand(Image.new("RGB", (600, 440), "teal"), 20, "white")


def test_an_added_style_survives_a_restart(library: StyleLibrary) -> None:
    before = library.all()
    added = library.add(PICTURE, "  My  Crayons ", "wax, childish; bright ,wax")
    assert (added.id, added.name, added.words) == ("my-crayons", "My Crayons", ("wax", "childish", "bright"))
    assert not added.builtin and library.get("my-crayons") is added and library.all() is not before
    with Image.open(added.image) as reference:
        assert reference.size == (512, 512) and reference.format == "WEBP"
    assert reopen(library).all() == library.all()


def test_an_added_style_can_go(library: StyleLibrary, tmp_path: Path) -> None:
    added = library.add(PICTURE, "Mine")
    library.remove(added.id)
    with pytest.raises(StyleError, match="no style 'mine'"):
        library.get("mine")
    assert list((tmp_path / "added").iterdir()) == []
    assert reopen(library).all() == library.all()
    assert library.add(PICTURE, "Mine").id == "mine"


def test_a_built_in_style_stays(library: StyleLibrary) -> None:
    with pytest.raises(StyleError, match="Clay belongs to the program"):
        library.remove("clay")
    with pytest.raises(StyleError, match="no style"):
        library.remove("../builtin/clay")
    assert len(reopen(library).all()) == 3


@pytest.mark.parametrize(
    ("name", "id"),
    [
        ("Café au lait", "cafe-au-lait"),
        ("../../etc/passwd", "etc-passwd"),
        ("A_b.C", "a-b-c"),
        ("ÆØ Å", "a"),
        ("Auto", "style-auto"),
        ("CON", "style-con"),
        ("--x--", "x"),
        ("²ⁿᵈ", "2nd"),
    ],
)
def test_names_become_slugs(name: str, id: str) -> None:
    assert make_slug(name) == id


@given(st.text(max_size=80))
def test_any_name_becomes_a_folder_name(name: str) -> None:
    made = make_slug(name.encode("utf-8", "replace").decode())
    assert ID.fullmatch(made) and made not in RESERVED and len(made) <= 70


def test_names_without_a_latin_letter(library: StyleLibrary) -> None:
    ids = {library.add(PICTURE, name).id for name in ("水彩", "🎨🎨", "Живопись")}
    assert len(ids) == 3 and all(id.startswith("style-") for id in ids)
    assert {"水彩", "🎨🎨"} <= {style.name for style in reopen(library).all()}


def test_names_that_share_a_slug(library: StyleLibrary) -> None:
    assert [library.add(PICTURE, name).id for name in ("Café", "Cafe", "cafe!")] == ["cafe", "cafe-2", "cafe-3"]


def test_a_folder_that_could_not_be_read_is_not_written_over(library: StyleLibrary, tmp_path: Path) -> None:
    write_style(tmp_path / "added", "mine", template="broken")
    restarted = reopen(library)
    assert restarted.add(PICTURE, "Mine").id == "mine-2"
    assert "broken" in (tmp_path / "added" / "mine" / "style.json").read_text()


@pytest.mark.parametrize(
    ("name", "words", "message"),
    [
        ("", "", "needs a name"),
        ("   ", "", "needs a name"),
        ("\u200b\x00", "", "needs a name"),
        ("CLAY", "", "called 'CLAY' already"),
        ("n" * 61, "", "at most 60 characters; this one has 61"),
        ("ok", "w" * 501, "at most 500 characters"),
        (None, "", "expected text, NoneType came"),
        ("ok", 5, "expected text, int came"),
        ("n" * 10_000_000, "", "too many"),
    ],
)
def test_names_and_words_that_are_refused(library: StyleLibrary, name: object, words: object, message: str) -> None:
    with pytest.raises(StyleError, match=message):
        library.add(PICTURE, name, words)  # type: ignore[arg-type]
    assert len(library.all()) == 3


def test_braces_and_halves_of_characters_in_a_name(library: StyleLibrary) -> None:
    assert library.add(PICTURE, "My {prompt}").template == "{prompt}, My (prompt) style"
    assert library.add(PICTURE, "half \ud800").name == "half ?"
    assert len(reopen(library).all()) == 5
    assert clean_words(" ,;, a ,") == ("a",)


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (Image.new("RGB", (100, 100), "white"), "all of this one has one colour"),
        (Image.new("RGBA", (100, 100), (255, 255, 255, 0)), "all of this one has one colour"),
        (Image.new("RGB", (63, 300)), "at least 64 x 64 pixels; this one is 63 x 300"),
        ("a.png", "str came"),
        (None, "NoneType came"),
    ],
)
def test_pictures_that_are_refused(library: StyleLibrary, image: object, message: str) -> None:
    with pytest.raises(StyleError, match=message):
        library.add(image, "Mine")  # type: ignore[arg-type]


def test_a_picture_cut_short_is_refused(library: StyleLibrary, tmp_path: Path) -> None:
    Image.effect_noise((300, 300), 50).save(tmp_path / "noise.png")
    (tmp_path / "cut.png").write_bytes((tmp_path / "noise.png").read_bytes()[:5_000])
    with Image.open(tmp_path / "cut.png") as cut, pytest.raises(StyleError, match="broken"):
        library.add(cut, "Mine")


def test_a_reference_is_the_middle_square_upright_on_white() -> None:
    wide = Image.new("RGBA", (400, 200))
    wide.paste("red", (100, 0, 300, 100))  # upper half of the middle; the lower half is transparent
    reference = crop_reference(wide)
    assert reference.size == (512, 512) and reference.mode == "RGB"
    assert reference.getpixel((10, 10)) == (255, 0, 0) and reference.getpixel((10, 500)) == (255, 255, 255)
    turned = Image.new("RGB", (200, 200), "white")
    turned.paste("blue", (0, 0, 200, 100))
    turned.getexif()[0x0112] = 3  # upside down
    assert crop_reference(turned).getpixel((256, 500)) == (0, 0, 255)


def test_what_would_vanish_on_white_lies_on_black() -> None:
    logo = Image.new("RGBA", (200, 200), (255, 255, 255, 0))
    logo.paste("white", (60, 60, 140, 140))
    reference = crop_reference(logo)
    assert (reference.getpixel((256, 256)), reference.getpixel((10, 10))) == ((255, 255, 255), (0, 0, 0))


@pytest.mark.parametrize("mode", ["L", "P", "LA", "CMYK", "1", "RGBA", "I;16"])
def test_pictures_of_any_kind(library: StyleLibrary, mode: str) -> None:
    assert library.add(Image.linear_gradient("L").convert(mode), f"Mode {mode}").image.is_file()


def test_a_full_library(library: StyleLibrary, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(styles, "STYLE_LIMIT", 4)
    library.add(PICTURE, "Fourth")
    with pytest.raises(StyleError, match="at most 4 styles"):
        library.add(PICTURE, "Fifth")


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    write_style(tmp_path / "builtin", "clay")
    (tmp_path / "added").write_text("a file where the folder should be")
    library = StyleLibrary(tmp_path / "builtin", tmp_path / "added")
    with pytest.raises(StyleError, match="may not write where it keeps its files, .* CROQUIS_USER_DIR"):
        library.add(PICTURE, "Mine")


def test_threads_add_at_once(library: StyleLibrary) -> None:
    def add(n: int) -> None:
        library.add(PICTURE, f"Mine {'!' * n}")  # names differ, slugs do not

    threads = [threading.Thread(target=add, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(library.all()) == 9
    assert reopen(library).all() == library.all()
