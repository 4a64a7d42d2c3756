from __future__ import annotations

import logging
from pathlib import Path

import pytest
from PIL import Image

from pipeline.errors import StyleError
from pipeline.styles.library import StyleLibrary
from pipeline.styles.style_folder import read_style
from tests.tools.style_folders import reopen, write_style

SHIPPED = Path(__file__).resolve().parents[2] / "styles"


def test_the_shipped_styles_are_sound() -> None:
    library = StyleLibrary(SHIPPED, Path("no-such-folder"))
    assert len(library.all()) >= 32
    assert {"cyberpunk", "ghibli", "industrial", "sketch"} <= {style.id for style in library.all()}
    assert all(style.builtin and style.licence == "CC0-1.0" and len(style.words) >= 4 for style in library.all())
    for every in ({style.name for style in library.all()}, {style.sha256 for style in library.all()}):
        assert len(every) == len(library.all())


def test_styles_come_in_order_with_their_facts(library: StyleLibrary) -> None:
    assert [style.id for style in library.all()] == ["clay", "film-noir", "watercolor"]
    style = library.get("film-noir")
    assert (style.name, style.words, style.template) == ("Film noir", ("words of film-noir",), "{prompt}, film-noir")
    assert style.builtin and style.image.is_file()
    assert library.all() is library.all()


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        ("water-color", "Did you mean watercolor"),
        ("Film Noir", "Did you mean film-noir"),
        ("zzzz", "See the list"),
        ("../clay", "Did you mean clay"),
        ("", "See the list"),
        ("c" * 10_000, r"\.\.\."),
    ],
)
def test_an_unknown_style_names_the_nearest(library: StyleLibrary, asked: str, answer: str) -> None:
    with pytest.raises(StyleError, match=answer) as raised:
        library.get(asked)
    assert len(str(raised.value)) < 250


@pytest.mark.parametrize("asked", [None, 7, ["clay"], {"id": "clay"}])
def test_an_id_of_another_kind(library: StyleLibrary, asked: object) -> None:
    with pytest.raises(StyleError, match="There is no style"):
        library.get(asked)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"color": "red", "colour": "red"}, "unknown key 'colour'"),
        ({"words": None}, "the key 'words' is missing"),
        ({"words": "dark, moody"}, "words is 'dark, moody', not a list"),
        ({"words": ["dark", 3]}, "not a list of texts"),
        ({"name": "  "}, "name is '  ', not a text"),
        ({"name": 5}, "name is 5, not a text"),
        ({"template": "no place"}, r"must hold \{prompt\} once"),
        ({"template": "{prompt} and {prompt}"}, r"must hold \{prompt\} once"),
        ({"side": 500}, "WEBP of 500 x 500, not WEBP of 512 x 512"),
    ],
)
def test_a_broken_style_says_what_and_where(tmp_path: Path, changes: dict[str, object], message: str) -> None:
    folder = write_style(tmp_path, "clay", **changes)  # type: ignore[arg-type]
    with pytest.raises(StyleError, match=message) as raised:
        read_style(folder, builtin=True)
    assert "clay" in str(raised.value)


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("style.json", b"{", "cannot be read"),
        ("style.json", b"[1]", "holds list"),
        ("style.json", b"\xff", "cannot be"),
        ("style.json", b"[" * 50_000, "cannot be read"),
        ("style.json", b" " * 70_000, "larger than"),
        ("style.json", None, "missing"),
        ("reference.webp", None, "missing"),
        ("reference.webp", b"text", "not an image"),
        ("reference.webp", "png", "is PNG of 512 x 512"),
        ("style.json", b'{"id": "../up"}', "missing"),
    ],
)
def test_broken_files(tmp_path: Path, file: str, content: bytes | str | None, message: str) -> None:
    folder = write_style(tmp_path, "clay")
    target = folder / file
    if content is None:
        target.unlink()
    elif content == "png":
        Image.new("RGB", (512, 512)).save(target, "PNG")
    else:
        assert isinstance(content, bytes)
        target.write_bytes(content)
    with pytest.raises(StyleError, match=message):
        read_style(folder, builtin=True)


@pytest.mark.parametrize("id", ["../up", "Clay", "a--b", "-a", "auto", "con", "a/b", ""])
def test_an_id_is_a_slug(tmp_path: Path, id: str) -> None:
    folder = write_style(tmp_path, "good")
    (folder / "style.json").write_text((folder / "style.json").read_text().replace('"good"', f'"{id}"', 1))
    with pytest.raises(StyleError, match=r"id is .*(a-z|the folder is|not a text)"):
        read_style(folder, builtin=True)


def test_a_broken_added_style_is_left_out_and_told(
    library: StyleLibrary, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write_style(tmp_path / "added", "good")
    write_style(tmp_path / "added", "bad", template="nothing")
    write_style(tmp_path / "added", "clay")  # an id that is built in
    (tmp_path / "added" / ".new-1234").mkdir()  # a crash while adding
    with caplog.at_level(logging.WARNING):
        restarted = reopen(library)
    assert [style.id for style in restarted.all() if not style.builtin] == ["good"]
    assert len(restarted.problems) == 2 and len(caplog.records) == 2
    assert "bad" in restarted.problems[0] and "clay" in restarted.problems[1]


def test_a_broken_built_in_style_is_an_error(library: StyleLibrary, tmp_path: Path) -> None:
    write_style(tmp_path / "builtin", "bad", template="nothing")
    with pytest.raises(StyleError, match="bad"):
        reopen(library)
    with pytest.raises(StyleError, match="There are no styles in"):
        StyleLibrary(tmp_path / "nothing", tmp_path / "added")
