"""The thirty-six inputs of tests/data/cases/manifest.json, each with what it is expected to give."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage
from skimage.morphology import skeletonize

from pipeline.errors import SettingError, SketchError
from pipeline.models.catalog import POCKET, SD15
from pipeline.models.own_files import OwnFiles
from pipeline.page.restoring import restore_picture
from pipeline.request.order import Order, parse_order
from pipeline.settings import ROOT, Settings, read_settings
from pipeline.sketch.edges import read_edges
from pipeline.sketch.image_file import open_image
from pipeline.sketch.intake import EVENED_OUT, STRAIGHTENED, TURNED_ROUND, UNRULED, WHITE_ON_NOTHING, read_image
from pipeline.sketch.reading_faults import find_reading_fault
from pipeline.studio.own_weights import find_weights
from pipeline.studio.studio import Studio
from pipeline.studio.style_choice import NO_STYLE_NAMED, StyleChoice
from pipeline.styles.reference import crop_reference
from pipeline.values import Sketch

pytestmark = pytest.mark.slow
Mask = NDArray[np.bool_]
CASES = ROOT / "tests" / "data" / "cases"
SIDE, NEAR = 512, 4  # px
SHEET = Sketch(np.full((64, 64, 3), 255, np.uint8), is_drawing=True)


def test_each_case_has_its_test() -> None:
    tested = Path(__file__).read_text(encoding="utf-8")
    files = [case["file"] for case in json.loads((CASES / "manifest.json").read_text(encoding="utf-8"))]
    assert len(files) == 36 and [file for file in files if f'"{file}"' not in tested] == []


@cache
def read_case(name: str) -> tuple[Mask, tuple[str, ...], str | None]:
    """Lines of a drawing at SIDE, what was done to it, and what is wrong with its reading."""
    sketch = read_image(CASES / name)
    edges = read_edges(sketch, size=(SIDE, SIDE))
    return edges.pixels > 0, sketch.notices, find_reading_fault(sketch, edges)


def share_near(these: Mask, those: Mask) -> float:
    return float((ndimage.distance_transform_edt(~those)[these] <= NEAR).mean())


@cache
def find_house() -> Mask:
    """The house's centre lines, from the opacity of the file that has nothing else."""
    alpha = np.asarray(Image.open(CASES / "white_on_clear.png").convert("RGBA").getchannel("A").resize((SIDE, SIDE)))
    return np.asarray(skeletonize(alpha > 128))


@cache
def find_boat() -> tuple[Mask, Mask]:
    """The outlines of hull and sails, and what lies well inside of them, from the file that has nothing else."""
    picture = np.asarray(Image.open(CASES / "pale_fill.png").convert("RGB").resize((SIDE, SIDE)))
    filled = picture.min(axis=2) < 240
    inside = ndimage.binary_erosion(filled, iterations=9)
    return filled & ~ndimage.binary_erosion(filled, iterations=1), inside


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("black_on_red.png", EVENED_OUT),
        ("black_on_blue.png", EVENED_OUT),
        ("white_on_grey.png", TURNED_ROUND),
        ("white_on_pink.png", TURNED_ROUND),
        ("white_on_clear.png", WHITE_ON_NOTHING),
        ("sheet_on_desk.jpg", STRAIGHTENED),
    ],
)
def test_the_house_is_read(name: str, told: str) -> None:
    lines, notices, fault = read_case(name)
    assert told in notices and fault is None
    assert share_near(lines, find_house()) > 0.95 and share_near(find_house(), lines) > 0.95


@pytest.mark.parametrize("name", ["coloured_pencil_boat.jpg", "screentone_boat.png", "pale_fill.png"])
def test_the_boat_is_read_without_its_filling(name: str) -> None:
    lines, _, fault = read_case(name)
    outlines, inside = find_boat()
    assert fault is None
    assert share_near(outlines, lines) > 0.9
    assert lines[inside].sum() < 0.06 * lines.sum()


def test_the_cat_is_read_in_shadow_and_without_rulings() -> None:
    (faint, dimmed, _), (ruled, cleaned, _) = map(
        read_case, ("faint_pencil_phone_shadow.jpg", "pencil_on_lined_paper.jpg")
    )
    assert EVENED_OUT in dimmed and UNRULED in cleaned
    assert share_near(faint, ruled) > 0.9 and share_near(ruled, faint) > 0.9
    for lines in (faint, ruled):
        assert lines.any(axis=1).mean() > 0.6 and lines.any(axis=0).mean() > 0.8
        assert lines.mean(axis=1).max() < 0.3  # no ruling from side to side


def test_the_whole_figure_is_read() -> None:
    lines, *_ = read_case("figure_portrait_photo.jpg")
    rows = np.flatnonzero(lines.any(axis=1))
    assert rows[0] < 20 and rows[-1] > 485 and cv2.connectedComponents(lines.astype(np.uint8))[0] == 2


def test_the_ghost_has_its_outline_and_its_eyes() -> None:
    lines, *_ = read_case("ghost_on_clear.png")
    alpha = np.asarray(Image.open(CASES / "ghost_on_clear.png").convert("RGBA").getchannel("A").resize((SIDE, SIDE)))
    body = alpha > 128
    rim = body & ~ndimage.binary_erosion(body, iterations=1)
    assert share_near(rim, lines) > 0.95
    _, count = ndimage.label(lines & ndimage.binary_erosion(body, iterations=12), structure=np.ones((3, 3)))
    assert count == 2


def test_a_later_frame_of_the_animation_is_read() -> None:
    lines, *_ = read_case("animated_first_frame_blank.gif")
    assert lines.any()


def test_heic_is_named() -> None:
    with pytest.raises(SketchError, match="damaged: it is a HEIC"):
        read_image(CASES / "IMG_0001.HEIC")
    assert read_image(ROOT / "tests" / "data" / "house.heic").is_drawing


@pytest.mark.parametrize("name", ["style_p3.png", "style_prophoto.png"])
def test_a_styles_colours_are_kept(name: str) -> None:
    reference = np.asarray(crop_reference(open_image(CASES / name)))
    found = sorted(map(tuple, reference[128::256, 128::256].reshape(-1, 3).astype(int).tolist()))
    assert np.abs(np.array(found) - sorted([(220, 40, 40), (40, 150, 60), (30, 90, 210), (240, 160, 20)])).max() <= 5


@pytest.mark.parametrize("name", ["style_16bit_grey.png", "style_white_logo_clear.png"])
def test_a_style_picture_can_be_seen(name: str) -> None:
    assert np.ptp(np.asarray(crop_reference(open_image(CASES / name)))) > 100


def test_a_foreign_picture_comes_back() -> None:
    restored = restore_picture(SD15, (CASES / "a1111_made.png").read_bytes())
    assert restored.settings["prompt"] == "a yellow ball over the sea" and restored.settings["seed"] == 1234
    assert "Left out: " in restored.message


def order(name: str) -> Order:
    return parse_order(SD15, sketch=SHEET, prompt=(CASES / name).read_text(encoding="utf-8").strip("\n"))


@pytest.fixture(scope="module")
def choose(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], StyleChoice]:
    studio = Studio(Settings(profile="pocket", device="cpu", user_dir=tmp_path_factory.mktemp("user")))
    return lambda name: studio.choose_style(order(name))


def test_generation_data_is_taken_apart() -> None:
    found = order("prompt_infotext.txt")
    assert (found.prompt.text, found.negative_prompt.text) == ("a red house", "blurry, lowres")
    assert (found.sampling.seed, found.sampling.num_inference_steps, found.sampling.sampler) == (1234, 20, "Euler a")


@pytest.mark.parametrize(
    ("name", "syntax"),
    [
        ("prompt_lora.txt", "<lora"),
        ("prompt_lora_style.txt", "watercolor"),
        ("prompt_break.txt", "BREAK"),
        ("prompt_alternation.txt", "|"),
        ("prompt_editing.txt", "0.5"),
    ],
)
def test_foreign_syntax_is_told_and_not_drawn(name: str, syntax: str) -> None:
    found = order(name)
    own = find_weights(OwnFiles(()), found.engine, found.loras, (found.prompt,))  # a tag's LoRA may be a person's own
    assert (found.notices or own.notices) and syntax not in found.prompt.text and "house" in found.prompt.text


@pytest.mark.parametrize("name", ["prompt_fullwidth.txt", "prompt_decimal_comma.txt"])
def test_other_brackets_and_commas_weigh(name: str) -> None:
    assert [(part.text, part.weight) for part in order(name).prompt.parts] == [("red house", 1.3)]


@pytest.mark.parametrize(
    "name", ["prompt_infotext.txt", "prompt_lora_style.txt", "prompt_weight_0.txt", "prompt_not.txt"]
)
def test_what_names_no_style_gets_none_as_found(choose: Callable[[str], StyleChoice], name: str) -> None:
    assert NO_STYLE_NAMED in choose(name).notices
    assert choose(name).mix.parts[0][0].id not in ("watercolor", "cross-stitch")


@pytest.mark.parametrize("name", ["prompt_german.txt", "prompt_japanese.txt"])
def test_other_languages_find_their_style(choose: Callable[[str], StyleChoice], name: str) -> None:
    assert choose(name).mix.parts[0][0].id == "watercolor"


def test_a_limit_is_written_as_people_write_it() -> None:
    seed = int((CASES / "seed.txt").read_text(encoding="utf-8"))
    with pytest.raises(SettingError, match=r"from -1 to 4,294,967,295; 648312782957426 came"):
        parse_order(SD15, sketch=SHEET, seed=seed)


@pytest.mark.parametrize("name", ["model.ckpt", "model.gguf"])
def test_weights_of_another_kind_are_named(tmp_path: Path, name: str) -> None:
    """The case "ckpt.txt", with its path in quotes too."""
    (tmp_path / name).touch()
    for written in (f"{tmp_path / name}", f'"{tmp_path / name}"'):
        with pytest.raises(SettingError, match=r"is not read.*Convert it to \.safetensors"):
            read_settings([], {"CROQUIS_SD15": written})


def test_a_suffix_in_capitals_is_taken(tmp_path: Path) -> None:
    (file := tmp_path / (CASES / "uppercase_suffix.txt").read_text(encoding="utf-8").strip()).touch()
    assert read_settings([], {"CROQUIS_SD15": str(file)}).sd15 == file


def test_a_batch_has_the_bytes_that_each_picture_has_alone(tmp_path: Path) -> None:
    """The case "batch_vs_single.txt"."""
    studio = Studio(Settings(profile="pocket", device="cpu", user_dir=tmp_path))
    studio.start_loading()
    wish = parse_order(POCKET, sketch=read_image(CASES / "white_on_clear.png"), prompt="a house", seed=40)
    both = studio.draw_batch(wish, 2)
    alone = [studio.redraw(result.request) for result in both]
    assert [np.asarray(each.image).tobytes() for each in both] == [np.asarray(each.image).tobytes() for each in alone]
