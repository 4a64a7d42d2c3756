"""The pack of things: who is held out, how pictures are cut, what names what, and that it comes back as written."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from pipeline.pocket.data.pack import (
    OPENCLIPART,
    SIDE,
    add_clipart,
    clean_name,
    describe_emoji,
    fit_cutout,
    is_held_out,
    load_pack,
    match_clipart,
    rasterise,
    read_iconify_pictures,
    strip_code,
    write_pack,
)


def disc(box: tuple[int, int, int, int], colour: str = "red", size: int = 200) -> Image.Image:
    picture = Image.new("RGBA", (size, size))
    ImageDraw.Draw(picture).ellipse(box, fill=colour)
    return picture


def box_of(picture: Image.Image) -> tuple[int, int, int, int] | None:
    return picture.getchannel("A").point(lambda a: 255 * (a > 24)).getbbox()


def test_about_a_tenth_is_held_out_by_the_name_alone() -> None:
    held = [is_held_out(f"thing {number}") for number in range(5000)]
    assert held == [is_held_out(f"thing {number}") for number in range(5000)]
    assert sum(held) / 5000 == pytest.approx(0.1, abs=0.015)


def test_who_is_held_out_never_changes() -> None:
    """Figures of held-out things compare from one model to the next only while these stay."""
    names = ("fox", "owl", "cat", "house", "red apple", "umbrella", "whale", "lion", "rocket", "cactus")
    assert [name for name in names if is_held_out(name)] == ["whale"]


@pytest.mark.parametrize(
    ("box", "width", "height"),
    [((50, 70, 149, 169), 126, 126), ((20, 90, 179, 129), 126, 32), ((90, 0, 109, 199), 13, 126)],
)
def test_a_picture_is_cut_to_what_is_drawn_and_centred(box, width: int, height: int) -> None:
    cut = fit_cutout(disc(box))
    assert cut is not None and cut.size == (SIDE, SIDE) and cut.mode == "RGBA"
    left, top, right, bottom = box_of(cut)
    assert right - left == pytest.approx(width, abs=2) and bottom - top == pytest.approx(height, abs=2)
    assert abs(left - (SIDE - right)) <= 2 and abs(top - (SIDE - bottom)) <= 2


def test_too_little_to_see_is_no_picture() -> None:
    assert fit_cutout(Image.new("RGBA", (200, 200))) is None
    assert fit_cutout(disc((10, 10, 190, 18))) is None  # a thin line
    faint = disc((20, 20, 180, 180))
    faint.putalpha(faint.getchannel("A").point(lambda a: min(a, 20)))
    assert fit_cutout(faint) is None


def test_an_icon_is_rasterised_with_its_box_and_nothing_around_it() -> None:
    picture = rasterise('<rect x="0" y="0" width="10" height="20" fill="#00f"/>', (20, 20)).convert("RGBA")
    assert picture.size == (256, 256)
    assert picture.getpixel((40, 128)) == (0, 0, 255, 255) and picture.getpixel((200, 128))[3] == 0


def test_icons_of_skin_tones_stay_out(tmp_path: Path) -> None:
    body = {"body": '<circle cx="8" cy="8" r="8" fill="#f00"/>'}
    icons = {"fox": body, "hand": body, "wide": {**body, "width": 32}}
    (tmp_path / "icons.json").write_text(json.dumps({"icons": icons}))
    (tmp_path / "chars.json").write_text(
        json.dumps({"1f98a": "fox", "1f44b-1f3fb": "hand", "1f4a5": "wide", "1f4a6": "missing"})
    )
    found = {code: (name, picture) for code, name, picture in read_iconify_pictures(tmp_path)}
    assert {code: name for code, (name, _) in found.items()} == {"1f98a": "fox", "1f4a5": "wide"}
    assert box_of(found["1f98a"][1].convert("RGBA")) == (0, 0, 256, 256)  # a box of 16 is usual


@pytest.mark.parametrize(
    ("code", "plain"),
    [
        ("1F98A", "1f98a"),
        ("2603-FE0F", "2603"),
        ("1F43B-200D-2744-FE0F", "1f43b-200d-2744"),
        ("2603-fe0f-200d", "2603"),
    ],
)
def test_codes_lose_their_variation_selectors(code: str, plain: str) -> None:
    assert strip_code(code) == plain


@pytest.mark.parametrize(
    ("name", "said"),
    [("Fox-Face", "fox"), ("jack_o_lantern", "jack o lantern"), ("dog_with_bone", "dog bone"), ("surface", "surface")],
)
def test_names_are_cleaned_of_what_is_not_the_thing(name: str, said: str) -> None:
    assert clean_name(name) == said


def test_only_emoji_that_are_things_are_wanted(tmp_path: Path) -> None:
    def emoji(name: str, category: str, subcategory: str, code: str) -> dict:
        return {
            "name": name,
            "category": category,
            "subcategory": subcategory,
            "unified": code,
            "short_names": [name.lower()],
        }

    (tmp_path / "emoji.json").write_text(
        json.dumps(
            [
                emoji("FOX", "Animals & Nature", "animal-mammal", "1F98A"),
                emoji("SNOWMAN", "Travel & Places", "sky & weather", "2603-FE0F"),
                emoji("CLOCK", "Travel & Places", "time", "1F550"),
                emoji("STOP SIGN", "Travel & Places", "transport-ground", "1F6D1"),
                emoji("GHOST", "Smileys & Emotion", "face-costume", "1F47B"),
                emoji("SAD FACE", "Smileys & Emotion", "face-concerned", "1F622"),
                emoji("FLAG", "Flags", "flag", "1F3F3"),
            ]
        )
    )
    assert describe_emoji(tmp_path) == {
        "1f98a": ("Animals & Nature", ["fox"]),
        "2603": ("Travel & Places", ["snowman"]),
        "1f47b": ("Smileys & Emotion", ["ghost"]),
    }


def test_clip_art_is_named_by_the_first_words_of_its_file() -> None:
    names = {"fox": "1f98a", "grapes": "1f347", "owl": "1f989"}
    found = {
        file: match_clipart(Path(f"animals/{file}.png"), names)
        for file in (
            "fox_01",
            "Red-Fox",
            "owls_night",
            "grapes",
            "architetto_francesco_rollandin_fox",
            "foxtrot",
            "123",
        )
    }
    assert found == {
        "fox_01": "1f98a",
        "Red-Fox": "1f98a",
        "owls_night": "1f989",
        "grapes": "1f347",
        "architetto_francesco_rollandin_fox": None,
        "foxtrot": None,
        "123": None,
    }


def drawn() -> dict[str, list[tuple[str, Image.Image]]]:
    one, other = fit_cutout(disc((20, 20, 180, 180))), fit_cutout(disc((20, 60, 180, 140), "blue"))
    return {"1f98a": [("noto", one), ("twemoji", one.copy()), ("fluent", other)], "1f989": [("noto", other)]}


WANTED = {"1f98a": ("Animals & Nature", ["fox", "vixen", "vixen"]), "1f989": ("Animals & Nature", ["night bird"])}
NAMES = {"1f98a": "fox", "1f989": "owl"}


def test_a_pack_comes_back_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "data" / "pack.zip"
    pack = write_pack(path, drawn(), NAMES, WANTED)
    owl, fox = pack.things
    assert (fox.name, fox.words, fox.category) == ("fox", ("vixen",), "Animals & Nature")
    assert fox.artists == ("noto", "fluent")  # twemoji's was the same drawing
    assert (owl.name, owl.words, owl.held_out) == ("owl", ("night bird",), is_held_out("owl"))
    blue = fox.pictures[1]
    assert blue.shape == (SIDE, SIDE, 4) and blue.dtype == np.uint8
    original = np.asarray(drawn()["1f98a"][2][1]).astype(int)
    np.testing.assert_array_equal(blue[..., 3], original[..., 3])  # the outline is kept without loss
    solid = original[..., 3] == 255
    assert np.abs(blue[solid].astype(int) - original[solid]).mean() < 6
    again = load_pack(path)
    assert [thing.name for thing in again.things] == ["owl", "fox"]
    assert np.array_equal(again.things[1].pictures[1], blue)


def test_training_and_held_out_share_nothing_and_leave_nothing(tmp_path: Path) -> None:
    codes = [f"{number:05x}" for number in range(60)]
    picture = fit_cutout(disc((20, 20, 180, 180)))
    pack = write_pack(
        tmp_path / "pack.zip",
        {code: [("noto", picture)] for code in codes},
        {code: f"thing {code}" for code in codes},
        {code: ("Objects", []) for code in codes},
    )
    assert all(is_held_out(thing.name) for thing in pack.held_out) and pack.held_out
    assert not any(is_held_out(thing.name) for thing in pack.training)
    assert len(pack.training) + len(pack.held_out) == 60


def test_a_missing_pack_says_how_to_make_it(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"nowhere.zip is missing: .*python -m pipeline\.pocket\.data\.pack"):
        load_pack(tmp_path / "nowhere.zip")


def test_the_archive_holds_every_picture_once(tmp_path: Path) -> None:
    write_pack(tmp_path / "pack.zip", drawn(), NAMES, WANTED)
    with zipfile.ZipFile(tmp_path / "pack.zip") as archive:
        assert sorted(archive.namelist()) == ["1f989-0.webp", "1f98a-0.webp", "1f98a-1.webp", "things.json"]


def test_clip_art_joins_the_thing_it_names_up_to_a_limit(tmp_path: Path) -> None:
    folder = tmp_path / "animals" / "deep"
    folder.mkdir(parents=True)
    for number in range(3):
        disc((20, 20, 180, 180 - 20 * number)).save(folder / f"fox_{number}.png")
    Image.new("RGBA", (200, 200), "red").save(folder / "owl_photo.png")  # a full square
    disc((20, 20, 180, 180)).convert("RGB").save(folder / "owl_sheet.png")  # no transparency
    disc((20, 20, 180, 180)).save(folder / "nobody.png")
    pictures = drawn()
    add_clipart(tmp_path, pictures, NAMES, WANTED, limit=2)
    assert [artist for artist, _ in pictures["1f98a"]] == ["noto", "twemoji", "fluent", OPENCLIPART, OPENCLIPART]
    assert [artist for artist, _ in pictures["1f989"]] == ["noto"]
