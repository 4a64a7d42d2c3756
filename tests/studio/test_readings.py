"""A drawing is read as asked, or as suits it, end to end; what cannot be read is told and never silently drawn."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from pipeline.errors import ModelError, SketchError
from pipeline.models.catalog import SD15
from pipeline.models.hub_cache import find_cached_revision
from pipeline.request.order import Order, parse_order
from pipeline.settings import read_settings
from pipeline.studio.studio import Studio
from pipeline.values import Sketch
from tests.tools.sd15_tree import write_sd15_tree

HAS_POSES = find_cached_revision(SD15.parts["poses"]) is not None


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_sd15_tree(tmp_path_factory.mktemp("tree") / "sd15", small=True)


def open_studio(folder: Path, room: Path, **more: str) -> Studio:
    given = {"CROQUIS_SD15": str(folder), "CROQUIS_PROFILE": "sd15", "CROQUIS_DEVICE": "cpu", "CROQUIS_SAFETY": "off"}
    return Studio(read_settings([], {**given, "CROQUIS_DTYPE": "float32", "CROQUIS_USER_DIR": str(room), **more}))


@pytest.fixture(scope="module")
def studio(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Studio:
    return open_studio(tree, tmp_path_factory.mktemp("room"))


def draw_circle() -> Sketch:
    pixels = np.full((256, 256, 3), 255, np.uint8)
    cv2.circle(pixels, (128, 128), 80, (0, 0, 0), 4, cv2.LINE_AA)
    return Sketch(pixels, is_drawing=True)


def make_order(sketch: Sketch | None = None, **given: object) -> Order:
    usual = {"width": 256, "height": 256, "num_inference_steps": 2, "seed": 3, "style": "comic"}
    return parse_order(SD15, sketch=sketch or draw_circle(), **{"prompt": "a moon", **usual, **given})


def test_a_loose_drawing_is_read_as_a_scribble_unless_something_else_is_asked(studio: Studio) -> None:
    result = studio.draw(make_order())
    assert [hint.controlnet for hint in result.request.hints] == ["scribble"]
    other = studio.draw(make_order(controlnets={"canny": 0.7}))
    assert [(each.controlnet, each.settings.controlnet_conditioning_scale) for each in other.request.hints] == [
        ("canny", 0.7)
    ]
    assert not np.array_equal(np.asarray(result.image), np.asarray(other.image))


def test_the_presets_own_interval_and_strength_hold_for_what_croquis_chooses(studio: Studio) -> None:
    (hint,) = studio.draw(make_order(preset="draft", controlnet_conditioning_scale=0.5)).request.hints
    assert (hint.settings.controlnet_conditioning_scale, hint.settings.control_guidance_end) == (0.5, 0.8)
    assert studio.draw(make_order(controlnet_conditioning_scale=0)).request.hints == ()


def test_its_file_draws_it_again_to_the_pixel(studio: Studio) -> None:
    order = make_order(controlnets={"lineart": 0.8, "softedge": {"control_guidance_end": 0.5}})
    result = studio.draw(order)
    reopened = studio.read_picture(studio.write_picture(result).read_bytes())
    assert reopened.request == result.request and studio.explain_difference(reopened) is None
    assert np.array_equal(np.asarray(studio.redraw(reopened.request).image), np.asarray(result.image))
    notes = json.loads(json.dumps(result.request.hints[1].settings.__dict__))
    assert notes["control_guidance_end"] == 0.5


def test_a_net_that_is_not_here_is_not_chosen_and_told_where_it_is_asked_for(
    tmp_path: Path, tree: Path, make_style
) -> None:
    own = write_sd15_tree(
        tmp_path / "sd15", ["base", "controlnet", "ip_adapter", "image_encoder", "lcm_lora", "taesd"], small=True
    )
    studio = open_studio(own, tmp_path / "room")
    assert studio.draw(make_order()).request.hints == ()
    with pytest.raises(ModelError, match="controlnet_depth"):
        studio.draw(make_order(controlnets={"depth": 1.0}))


def test_what_cannot_be_read_is_told(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    """A flat grey sheet has no depth; of two readings the other draws on."""
    monkeypatch.setattr("pipeline.engine.depth.estimate_depth", lambda folder, pixels: None)
    with pytest.raises(SketchError, match=r"equally far everywhere.* Choose another reading"):
        studio.draw(make_order(controlnets={"depth": 1.0}))
    result = studio.draw(make_order(controlnets={"depth": 1.0, "scribble": 1.0}))
    assert [hint.controlnet for hint in result.request.hints] == ["scribble"]
    assert any("equally far everywhere" in notice for notice in result.notices)


def test_poses_without_their_networks_are_told_before_anything_is_drawn(
    studio: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    with pytest.raises(ModelError, match='Download it in Settings, under "Follow in your drawing"'):
        studio.draw(make_order(controlnets={"openpose": 1.0}))


@pytest.mark.skipif(not HAS_POSES, reason="fetch them in Settings")
def test_nobody_in_the_drawing_is_told_and_a_person_is_drawn_as_a_skeleton(studio: Studio) -> None:
    import skimage.data

    with pytest.raises(SketchError, match="Nobody was found in your drawing"):
        studio.draw(make_order(controlnets={"openpose": 1.0}))
    photograph = Sketch(skimage.data.astronaut(), is_drawing=False)
    (hint,) = studio.draw(make_order(photograph, controlnets={"openpose": 0.9})).request.hints
    assert hint.controlnet == "openpose" and 0.005 < (hint.pixels.max(axis=2) > 0).mean() < 0.1
    columns = np.flatnonzero(hint.pixels.max(axis=(0, 2)))
    assert columns.min() > 20 and columns.max() < 236


def test_depth_is_read_by_its_network(studio: Studio) -> None:
    """Random weights of the network's names and shapes give some depth of a picture with something in it."""
    photograph = Sketch(np.random.default_rng(1).integers(0, 256, (192, 256, 3), dtype=np.uint8), is_drawing=False)
    (hint,) = studio.draw(make_order(photograph, controlnets={"depth": 0.9})).request.hints
    assert hint.controlnet == "depth" and hint.pixels.shape == (256, 256, 3)
    assert not hint.pixels[:32].any() and not hint.pixels[-32:].any(), "the paper around the picture is far"
    assert hint.pixels[32:-32].min() == 0 and hint.pixels.max() == 255
