import io
import json
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from pipeline.controls import SEED_LIMIT, HiresFix
from pipeline.errors import Cancelled, CroquisError, PictureFileError, StyleError, watch_cancel
from pipeline.hints import ControlHint, HintSettings, OwnControlNet
from pipeline.picture.png_file import read_picture, write_parameters, write_picture
from pipeline.request.generation_data import read_generation_data
from pipeline.values import EdgeMap, GenerationResult, StartPicture, StyleMatch, StyleMix
from tests.tools.cancel_looks import CancelLooks
from tests.tools.drawings import draw_house, encode_image
from tests.tools.requests import change_request, make_flat_request

REVISIONS = MappingProxyType({"vae": "2" * 40, "unet": "1" * 40})


@pytest.fixture(scope="module")
def styles(make_style):
    made = [
        make_style("ink-wash", 1, "{prompt}, ink wash"),
        make_style("felt", 2, "felt {prompt}"),
        make_style("水墨", 3),
    ]
    return {style.id: style for style in made}


@pytest.fixture(scope="module")
def find_style(styles):
    def find_in_styles(identity):
        if identity not in styles:
            raise StyleError(f"There is no style {identity!r}.")
        return styles[identity]

    return find_in_styles


@pytest.fixture(scope="module")
def make_result(styles):
    """Return a function that makes a result, whose picture does not matter, of a request with `changes`."""

    def make(image=None, **changes):
        lines = np.zeros((64, 64), np.uint8)
        lines[20, 10:50] = 255
        values = {
            "engine": "pocket",
            "prompt": "a red fox in a neon city",
            "negative_prompt": "blurry",
            "edges": EdgeMap(lines, "lines"),
            "styles": StyleMix(((styles["ink-wash"], 0.75), (styles["felt"], 0.25))),
            "width": 64,
            "height": 64,
            "num_inference_steps": 20,
            "guidance_scale": 7.5,
            "ip_adapter_scale": 0.6,
            "controlnet_conditioning_scale": 1.0,
            "seed": 42,
        }
        values |= changes
        request = make_flat_request(**values)
        return GenerationResult(image or draw_house(64), request, (), (), {"denoise": 1.0}, REVISIONS)

    return make


def read_texts_by_pillow(data):
    image = Image.open(io.BytesIO(data))
    image.load()
    return image.text


def test_a_picture_carries_its_request(make_result, find_style):
    result = make_result()
    data = write_picture(result)
    assert read_picture(data, find_style).request == result.request
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(data))), np.asarray(result.image))


def test_equal_results_give_equal_bytes_whatever_the_hour_and_the_machine(make_result, styles):
    slow = replace(
        make_result(),
        milliseconds={"denoise": 99.0},
        notices=("told",),
        matches=(StyleMatch(styles["felt"], 0.5),),
        revisions={"unet": "1" * 40, "vae": "2" * 40},
    )
    assert write_picture(slow) == write_picture(make_result())
    carrying = draw_house(64)
    carrying.info["icc_profile"], carrying.info["dpi"] = b"profile", (300, 300)
    assert write_picture(make_result(carrying)) == write_picture(make_result())
    assert write_picture(make_result(seed=43)) != write_picture(make_result())


def test_a_cancel_ends_the_writing_of_a_large_picture(make_result):
    noise = np.random.default_rng(0).integers(0, 256, (256, 256, 3)).astype(np.uint8)
    looks = CancelLooks(4)
    with pytest.raises(Cancelled), watch_cancel(looks):
        write_picture(make_result(Image.fromarray(noise)))
    assert looks.count == 4


def test_the_parameters_text_is_what_a1111_programs_read(make_result):
    assert read_texts_by_pillow(write_picture(make_result()))["parameters"] == (
        "a red fox in a neon city, ink wash\n"
        "Negative prompt: blurry\n"
        "Steps: 20, Sampler: DPM++ 2M, CFG scale: 7.5, Seed: 42, Size: 64x64, Model: croquis-pocket, "
        "Style: ink-wash 0.75 + felt 0.25, IP-Adapter scale: 0.6, ControlNet scale: 1, Version: Croquis"
    )
    sly = make_result(prompt="fox\nNegative prompt: 狐", negative_prompt=" ")
    lines = read_texts_by_pillow(write_picture(sly))["parameters"].split("\n")
    assert lines[0] == "fox Negative prompt: 狐, ink wash"
    assert len(lines) == 2 and lines[1].startswith("Steps: 20, ")


def test_clip_skip_is_written_as_a1111_counts_it_and_read_back(make_result):
    plain = make_result()
    skipping = replace(plain, request=change_request(plain.request, engine="sd15", clip_skip=1))
    text = read_texts_by_pillow(write_picture(skipping))["parameters"]
    assert ", Clip skip: 2, " in text
    assert "Clip skip" not in read_texts_by_pillow(write_picture(plain))["parameters"]
    assert read_generation_data(text).settings["clip_skip"] == 1


def test_each_controlnet_is_written_as_its_extension_writes_it(make_result):
    pixels, plain = np.zeros((64, 64, 3), np.uint8), make_result()
    hints = (
        ControlHint("depth", pixels, HintSettings(0.5)),
        ControlHint("lineart", pixels, HintSettings(0.7, 0.1, 0.6)),
        ControlHint("canny", pixels, HintSettings(1.0, model='my "edges", v2'), OwnControlNet("1" * 64, Path("x"))),
    )
    steered = replace(plain, request=change_request(plain.request, engine="sd15", hints=hints))
    text = write_parameters(steered.request)
    assert (
        'ControlNet 0: "Module: depth, Model: control_v11f1p_sd15_depth, Weight: 0.5, Guidance Start: 0, '
        'Guidance End: 1", ControlNet 1: "Module: lineart, Model: control_v11p_sd15_lineart, Weight: 0.7, '
        'Guidance Start: 0.1, Guidance End: 0.6", ControlNet 2: "Module: canny, '
    ) in text
    assert "ControlNet scale" not in text
    read = read_generation_data(text)
    assert set(read.others) == {"Model", "Style", "IP-Adapter scale", "Version"}
    assert read.settings["controlnets"]["canny"]["model"] == 'my "edges", v2'
    assert read.settings["controlnets"]["lineart"]["control_guidance_end"] == 0.6


@pytest.mark.parametrize("strength", [0.75, 1.0])
def test_the_strength_of_a_picture_drawn_from_another_is_written(make_result, strength):
    pixels, plain = np.zeros((64, 64, 3), np.uint8), make_result(strength=strength)
    start = StartPicture(pixels, pixels[..., 0] + np.uint8(255))
    text = write_parameters(change_request(plain.request, engine="sd15", start=start))
    assert f", Denoising strength: {strength:g}, " in text
    assert "Denoising strength" not in write_parameters(plain.request)


prompts = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)
scales = st.floats(0, 1.5, allow_subnormal=True)


@st.composite
def draw_changes(draw, styles):
    """Draw the values of any request that GenerationRequest allows, on a small map."""
    width, height = draw(st.integers(8, 48)), draw(st.integers(8, 48))
    noise = np.random.default_rng(draw(st.integers(0, 99))).integers(0, 2, (height, width)).astype(np.uint8) * 255
    chosen = draw(st.lists(st.sampled_from(sorted(styles)), min_size=1, max_size=3, unique=True))
    heavy = [draw(st.floats(0.1, 1)) for _ in chosen]
    parts = tuple((styles[name], weight / sum(heavy)) for name, weight in zip(chosen, heavy, strict=True))
    return {
        "engine": draw(st.sampled_from(["pocket", "sd15"])),
        "prompt": draw(prompts),
        "negative_prompt": draw(prompts),
        "edges": EdgeMap(noise, draw(st.sampled_from(["lines", "canny"]))),
        "width": width,
        "height": height,
        "styles": StyleMix(parts),
        "num_inference_steps": draw(st.integers(1, 50)),
        "guidance_scale": draw(st.floats(1, 15)),
        "ip_adapter_scale": draw(scales),
        "controlnet_conditioning_scale": draw(scales),
        "seed": draw(st.integers(0, SEED_LIMIT)),
    }


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_any_request_comes_back_equal(make_result, styles, find_style, data):
    result = make_result(**data.draw(draw_changes(styles)))
    written = write_picture(result)
    assert read_picture(written, find_style).request == result.request
    assert write_picture(result) == written


@settings(max_examples=400, deadline=None)
@given(data=st.data())
def test_damaged_files_are_refused_or_read_as_they_were(make_result, find_style, data):
    result = make_result()
    damaged = bytearray(write_picture(result))
    for _ in range(data.draw(st.integers(0, 6))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    if data.draw(st.booleans()):
        start = data.draw(st.integers(0, len(damaged)))
        del damaged[start : start + data.draw(st.integers(0, 200))]
    try:
        assert read_picture(bytes(damaged), find_style).request == result.request
    except CroquisError as refused:
        assert 10 < len(str(refused)) < 500


@settings(max_examples=300, deadline=None)
@given(data=st.binary(max_size=400))
def test_any_text_in_our_chunk_is_refused(find_style, data):
    """A whole PNG, checksums right, with anything at all where our recipe stands."""
    chunks = PngImagePlugin.PngInfo()
    chunks.add(b"iTXt", b"croquis\0" + data)
    with pytest.raises(CroquisError):
        read_picture(encode_image(draw_house(64), pnginfo=chunks), find_style)


def write_png_with_text(key, text):
    chunks = PngImagePlugin.PngInfo()
    chunks.add_text(key, text)
    return encode_image(draw_house(64), pnginfo=chunks)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (encode_image(draw_house(64)), "carries no recipe of Croquis. It may come from another program"),
        (write_png_with_text("parameters", "a cat\nSteps: 20, Sampler: Euler a"), "AUTOMATIC1111"),
        (write_png_with_text("workflow", "{}"), "ComfyUI"),
        (write_png_with_text("croquis", "{}"), "recipe cannot be read"),
        (encode_image(draw_house(64), "JPEG"), "a JPEG"),
        (b"", "something else"),
        (None, "NoneType"),
        ("text", "str"),
    ],
)
def test_foreign_files_are_refused_by_what_they_are(find_style, data, message):
    with pytest.raises(PictureFileError, match=message):
        read_picture(data, find_style)


def test_a_file_of_one_pass_says_nothing_of_a_second(make_result, find_style):
    once = json.loads(read_texts_by_pillow(write_picture(make_result()))["croquis"])
    twice = make_result(engine="sd15", hires=HiresFix(scale=2.0, strength=0.6))
    data = write_picture(twice)
    assert "hires" not in once and json.loads(read_texts_by_pillow(data)["croquis"])["hires"]["strength"] == 0.6
    assert read_picture(data, find_style).request.hires == twice.request.hires


def test_saving_the_picture_again_elsewhere_loses_the_recipe_and_says_so(make_result, find_style):
    copy = Image.open(io.BytesIO(write_picture(make_result())))
    with pytest.raises(PictureFileError, match="saved it again"):
        read_picture(encode_image(copy.rotate(90)), find_style)


def test_a_packed_bomb_is_not_unpacked(find_style):
    chunks = PngImagePlugin.PngInfo()
    chunks.add_itxt("croquis", "0" * 60_000_000, zip=True)
    with pytest.raises(PictureFileError, match=r"over 50 MB"):
        read_picture(encode_image(draw_house(64), pnginfo=chunks), find_style)
