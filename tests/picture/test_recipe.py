import base64
import json
import math
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from pipeline.controls import Shortcuts
from pipeline.errors import CroquisError, PictureFileError, SettingError, StyleError
from pipeline.models.catalog import POCKET
from pipeline.picture.packed_pixels import pack_pixels, unpack_pixels
from pipeline.picture.recipe import Reopened, explain_difference, read_recipe, write_recipe
from pipeline.prompt_syntax import Prompt
from pipeline.request.samplers import MASKGIT
from pipeline.sketch.image_file import limit_pillow
from pipeline.values import Drawing, EdgeMap, StyleMask, StyleMix
from tests.tools.drawings import encode_image
from tests.tools.requests import make_flat_request


@pytest.fixture(scope="module")
def styles(make_style):
    return {style.id: style for style in (make_style("ink-wash", 1, "{prompt}, ink wash"), make_style("felt", 2))}


@pytest.fixture(scope="module")
def make_request(styles):
    def make(**changes):
        lines = np.zeros((64, 128), np.uint8)
        lines[20, 10:100] = 255
        given = {
            "engine": "pocket",
            "prompt": "a red fox, 狐",
            "negative_prompt": "",
            "edges": EdgeMap(lines, "lines"),
            "styles": StyleMix(((styles["ink-wash"], 0.75), (styles["felt"], 0.25))),
            "width": 128,
            "height": 64,
            "num_inference_steps": 20,
            "guidance_scale": 4.1,
            "ip_adapter_scale": 0.1 + 0.2,
            "controlnet_conditioning_scale": 1.0,
            "seed": 2**32 - 1,
        }
        given |= changes
        return make_flat_request(**given)

    return make


@pytest.fixture(scope="module")
def find_style(styles):
    def find_in_styles(identity):
        if identity not in styles:
            raise StyleError(f"There is no style {identity!r}.")
        return styles[identity]

    return find_in_styles


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"guidance_scale": 7, "num_inference_steps": 20.0},
        {"prompt": "", "negative_prompt": '\n\0"\\,{prompt} \u2028'},
        {"prompt": "x" * 1000, "seed": 0},
        {"engine": "sd15", "ip_adapter_scale": 0},
    ],
)
def test_what_is_written_is_read_back_equal(make_request, find_style, changes):
    request = make_request(**changes)
    text = write_recipe(request, {"unet": "abc"})
    assert text.isascii()
    again = read_recipe(text.encode(), find_style)
    assert again == Reopened(request, {"unet": "abc"})
    assert write_recipe(again.request, again.revisions) == text


def test_levers_sampler_and_focus_come_back(make_request, find_style):
    levers = Shortcuts(
        guidance_end=0.35,
        control_guidance_start=0.1,
        controlnet_half="shared",
        controlnet_every=3,
        few_steps="lcm",
        decoder="small",
    )
    request = make_request(sampler="Euler a", style_focus="style + layout", shortcuts=levers)
    assert read_recipe(write_recipe(request, {}).encode(), find_style).request == request


def test_a_recipe_of_version_1_draws_as_it_did(make_request, find_style):
    recipe = json.loads(write_recipe(make_request(engine="sd15"), {}))
    for newer in ("sampler", "style_focus", "levers", "lines", "colours", "mask"):
        del recipe[newer]
    again = read_recipe(json.dumps(recipe | {"version": 1}).encode(), find_style)
    assert again.request == make_request(engine="sd15")


@pytest.mark.parametrize("version", [1, 2])
def test_an_old_picture_of_the_pocket_engine_opens_and_is_told_to_come_out_otherwise(make_request, find_style, version):
    recipe = json.loads(write_recipe(make_request(sampler="Euler a", num_inference_steps=1), {"base": "old"}))
    for newer in ("lines", "colours", "mask"):
        del recipe[newer]
    recipe |= {"version": version, "style_focus": "style", "levers": recipe["levers"] | {"guidance_end": 0.5}}
    again = read_recipe(json.dumps(recipe).encode(), find_style)
    request, usual = again.request, POCKET.defaults
    assert (request.sampling.sampler, request.conditioning.style_focus) == (MASKGIT, "whole")
    assert (request.shortcuts, request.conditioning.lines) == (Shortcuts(), usual["lines"])
    assert request.sampling.num_inference_steps == usual["num_inference_steps"]
    assert (request.sampling.seed, request.prompt, request.edges) == (
        2**32 - 1,
        Prompt("a red fox, 狐"),
        make_request().edges,
    )
    assert "other weights than are here now (base, colourist)" in explain_difference(
        again, "pocket", {"colourist": "new"}
    )


def test_drawing_and_mask_come_back(make_request, styles, find_style):
    noise = np.random.default_rng(1)
    greys = noise.integers(0, 256, (64, 128), dtype=np.uint8)
    drawing = Drawing(noise.integers(0, 256, (64, 128, 3), dtype=np.uint8), greys)
    mask = StyleMask(noise.integers(0, 256, (64, 128), dtype=np.uint8), StyleMix.of(styles["felt"]))
    request = make_request(colours=drawing, mask=mask, lines=0.25)
    text = write_recipe(request, {})
    again = read_recipe(text.encode(), find_style).request
    assert again == request and hash(again) == hash(request)
    assert again != make_request(colours=drawing, lines=0.25)
    assert again != make_request(colours=Drawing(drawing.pixels), mask=mask, lines=0.25)
    assert write_recipe(again, {}) == text


def test_a_template_that_was_mended_since_comes_back_as_it_was(make_request, styles, find_style):
    request = make_request()
    text = write_recipe(request, {})
    mended = {key: replace(style, template="{prompt}, mended") for key, style in styles.items()}
    again = read_recipe(text.encode(), mended.__getitem__).request
    assert again.styled_prompt.written == request.styled_prompt.written == "a red fox, 狐, ink wash"


def test_another_reference_picture_is_named(make_request, styles):
    text = write_recipe(make_request(), {})
    changed = {key: replace(style, sha256="0" * 64) for key, style in styles.items()}
    with pytest.raises(StyleError, match="Ink-Wash.*ink-wash.*another reference picture"):
        read_recipe(text.encode(), changed.__getitem__)


def test_an_unknown_style_is_the_librarys_to_name(make_request, find_style):
    text = write_recipe(make_request(), {}).replace('"ink-wash"', '"long-gone"')
    with pytest.raises(StyleError, match="no style 'long-gone'"):
        read_recipe(text.encode(), find_style)


def test_what_could_not_be_read_back_is_not_written(make_request):
    with pytest.raises(SettingError, match="prompt"):
        write_recipe(make_request(prompt="half a letter \ud83e"), {})
    with pytest.raises(SettingError, match="engine"):
        write_recipe(make_request(engine="../pocket"), {})
    wide = EdgeMap(np.zeros((64, 4096), np.uint8), "lines")
    with pytest.raises(SettingError, match="width"):
        write_recipe(make_request(edges=wide, width=4096), {})


def encode_edge_png(image):
    return base64.b64encode(encode_image(image)).decode()


def edit_recipe(make_request, **changes):
    recipe = json.loads(write_recipe(make_request(), {}))
    for name, value in changes.items():
        place = recipe
        *path, last = name.split("__")
        for step in path:
            place = place[int(step) if step.isdigit() else step]
        place[last] = value
    return json.dumps(recipe).encode()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"version": 4}, "newer Croquis"),
        ({"lines": 1.5}, "lines"),
        ({"colours": "???"}, "drawing is damaged"),
        ({"colours": encode_edge_png(Image.new("RGB", (64, 128)))}, "128 x 64"),
        ({"colours": encode_edge_png(Image.new("L", (128, 64)))}, "colour"),
        ({"mask": {"png": "", "styles": []}}, "mask.styles"),
        ({"mask": {"png": 7}}, "mask.png"),
        ({"format": "other"}, "format"),
        ({"levers__guidance_end": 1.5}, "guidance_end"),
        ({"levers__guidance_end": math.nan}, "guidance_end"),
        ({"levers__controlnet_half": "left"}, "controlnet_half"),
        ({"levers__more": 1}, "more"),
        ({"sampler": "x" * 101}, "sampler"),
        ({"more": 1}, "more"),
        ({"seed": -1}, "seed"),
        ({"seed": 2**32}, "seed"),
        ({"seed": "7"}, "seed"),
        ({"seed": 1.5}, "seed"),
        ({"seed": True}, "seed"),
        ({"num_inference_steps": 0}, "num_inference_steps"),
        ({"num_inference_steps": 10**9}, "num_inference_steps"),
        ({"guidance_scale": math.nan}, "guidance_scale"),
        ({"guidance_scale": math.inf}, "guidance_scale"),
        ({"guidance_scale": 1e300}, "guidance_scale"),
        ({"guidance_scale": None}, "guidance_scale"),
        ({"prompt": "x" * 1001}, "prompt"),
        ({"prompt": ["a"]}, "prompt"),
        ({"engine": "../../etc"}, "engine"),
        ({"width": 10**9}, "width"),
        ({"width": 120}, "128 x 64"),
        ({"styles": []}, "styles"),
        ({"styles": [{}]}, "styles.0"),
        ({"styles__0__id": "../felt"}, "styles.0.id"),
        ({"styles__0__weight": 0.9}, "sum to 1"),
        ({"styles__0__weight": -1}, "weight"),
        ({"styles__0__template": "no place for words"}, "{prompt}"),
        ({"styles__0__sha256": "0"}, "another reference picture"),
        ({"edges__reading": "auto"}, "reading"),
        ({"edges__png": "???"}, "edge map"),
        ({"edges__png": ""}, "edge map"),
        ({"edges__png": base64.b64encode(b"\x89PNG\r\n\x1a\n").decode()}, "edge map"),
        ({"edges__png": encode_edge_png(Image.new("1", (64, 128)))}, "64 x 128"),
        ({"edges__png": encode_edge_png(Image.new("L", (128, 64)))}, "black and white"),
        ({"edges__png": encode_edge_png(Image.new("1", (128, 64)))[:40]}, "edge map"),
        ({"revisions": {"unet": 7}}, "revisions"),
        ({"revisions": {str(i): "" for i in range(51)}}, "revisions"),
    ],
)
def test_hostile_recipes_are_refused_by_name(make_request, find_style, changes, message):
    limit_pillow()
    with pytest.raises(CroquisError, match=message) as refused:
        read_recipe(edit_recipe(make_request, **changes), find_style)
    assert len(str(refused.value)) < 500


@pytest.mark.parametrize("text", [b"", b"null", b"[]", b"{}", b"{" * 10**6, b'{"seed": 1', b"\xff\xfe", b'"\\ud800"'])
def test_what_is_no_recipe_is_refused(find_style, text):
    with pytest.raises(PictureFileError, match="recipe cannot be read"):
        read_recipe(text, find_style)


def test_the_edge_map_is_kept_small():
    noise = np.random.default_rng(0).integers(0, 2, (512, 512)).astype(np.uint8) * 255
    assert len(pack_pixels(noise, "1")) < 512 * 512 / 8 * 4 / 3 * 1.05
    lines = np.zeros((512, 512), np.uint8)
    lines[::64] = 255
    assert len(pack_pixels(lines, "1")) < 1000


@pytest.mark.parametrize(("mode", "shape"), [("1", (5, 9)), ("L", (5, 9)), ("RGB", (5, 9, 3))])
def test_packed_pixels_come_back_equal(mode, shape):
    pixels = np.random.default_rng(2).integers(0, 256, shape).astype(np.uint8)
    pixels = np.where(pixels > 127, np.uint8(255), np.uint8(0)) if mode == "1" else pixels
    np.testing.assert_array_equal(unpack_pixels(pack_pixels(pixels, mode), "edge map", (9, 5), mode), pixels)


def test_a_palette_travels(make_request, find_style):
    request = make_request(palette=(("#d9452f", 0.75), ("#84c9ea", 0.25)))
    assert read_recipe(write_recipe(request, {}).encode(), find_style).request == request
    assert read_recipe(write_recipe(make_request(), {}).encode(), find_style).request.palette == ()
